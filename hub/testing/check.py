"""What a conformance check is, and how one is declared.

A check is a function over the subject: it returns if the connector keeps the promise, raises
``Violation`` if not and ``NotApplicable`` if the connector declares that it makes no such promise.
Its docstring's first line is the promise, as a report prints it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

from hub.core.errors import HubError
from hub.testing.rig import NotApplicable, Subject, Violation

Examine = Callable[[Subject], None]


class Grade(IntEnum):
    """How far a connector may be trusted; each grade includes the ones below.

    ``bronze``: it loses nothing, invents nothing and leaks nothing. ``silver``: it also behaves
    when vendors and data do not. ``gold``: it also saves calls and declares all that it leaves out.
    """

    NONE = 0
    BRONZE = 1
    SILVER = 2
    GOLD = 3

    @property
    def label(self) -> str:
        """As a report prints it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Check:
    """One promise and how it is tested.

    Args:
        id: Stable name, as in ``hub connectors check acme --only key-stable``.
        promise: What holds for a conforming connector.
        grade: Grade that a connector loses by breaking it.
        examine: Tests it.
    """

    id: str
    promise: str
    grade: Grade
    examine: Examine


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: ``detail`` is the violation, or why it does not apply."""

    check: Check
    outcome: Literal["passed", "failed", "not applicable"]
    detail: str = ""


@dataclass
class Checks:
    """The checks of one module, in order of declaration."""

    declared: list[Check] = field(default_factory=list)

    def check(self, grade: Grade) -> Callable[[Examine], Examine]:
        """Declares the decorated function as a check named after it."""

        def declare(examine: Examine) -> Examine:
            promise = (examine.__doc__ or "").strip().splitlines()[0]
            name = examine.__name__.replace("_", "-")
            self.declared.append(Check(name, promise, grade, examine))
            return examine

        return declare


def conduct(check: Check, subject: Subject) -> Finding:
    """The finding of one check; whatever the connector raises is a finding too."""
    try:
        check.examine(subject)
    except NotApplicable as err:
        return Finding(check, "not applicable", str(err))
    except Violation as err:
        return Finding(check, "failed", str(err))
    except HubError as err:
        return Finding(check, "failed", f"{type(err).__name__}: {err}")
    except Exception as err:  # noqa: BLE001 - the plugin boundary: it may raise anything
        return Finding(check, "failed", f"it raised {type(err).__name__}: {err}")
    return Finding(check, "passed")
