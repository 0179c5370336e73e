"""What goes wrong, when and how often: faults by scenario and seed.

A scenario is a TOML file (or the same shape as a dict):

    name = "storm"
    seed = 7

    [[faults]]
    kind = "rate_limited"
    path = "*/search"
    at = [3, 4]              # the third and fourth request that match
    retry_after = "date"

    [[faults]]
    kind = "server_error"
    probability = 0.02
    status = 503
    times = 10               # at most ten times in all

Which request a fault hits depends only on the scenario, its seed and the order in which matching
requests arrive: the same run meets the same faults.
"""

from __future__ import annotations

import random
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

TransportKind = Literal["slow", "cut", "reset", "timeout_after_effect"]
VendorKind = Literal[
    "rate_limited",
    "server_error",
    "expired_token",
    "partial_failure",
    "late_commit",
    "plateau",
    "schema_drift",
]
STAGED: tuple[VendorKind, ...] = ("late_commit", "plateau", "schema_drift")
"""Trouble in the data, which is brought about before the request that struck it is answered."""
TRANSPORT_KINDS: frozenset[str] = frozenset(TransportKind.__args__)  # type: ignore[attr-defined]


class Fault(BaseModel):
    """One kind of trouble and the requests it strikes.

    With neither ``at``, ``every`` nor ``probability``, it strikes every matching request until
    ``times`` is used up.

    Attributes:
        kind: ``slow`` waits ``seconds`` before answering; ``cut`` sends half the body and closes;
            ``reset`` drops the connection before anything happens; ``timeout_after_effect`` lets
            the effect happen, waits ``seconds`` and drops the connection unanswered. The others
            are answered or staged by the vendor's emulator in that vendor's own way.
        method: HTTP method, or ``*``.
        path: Shell-style pattern over the request path.
        at: Ordinals of matching requests, from 1.
        every: Every n-th matching request.
        probability: Share of matching requests, drawn from the scenario's seed.
        times: How often at most.
        retry_after: ``rate_limited`` only: ``absent``, ``zero``, ``date`` (HTTP date ``seconds``
            from now) or ``seconds``.
        seconds: Length of the wait, or how far in the past a ``late_commit`` is stamped.
        status: HTTP status of a ``server_error``.
        policy: ``rate_limited``: the limit that is claimed to be exceeded; that and
            ``server_error``: the code in which a vendor says so, where it has several ways.
        object_type: ``late_commit``, ``plateau``, ``schema_drift``: the kind of record concerned.
        count: ``partial_failure``: how many items of the batch fail; ``late_commit`` and
            ``plateau``: how many records.
        change: ``schema_drift`` only: what happens to ``field``.
        field: ``schema_drift`` only: the field's name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: TransportKind | VendorKind
    method: str = "*"
    path: str = "*"
    at: tuple[int, ...] = ()
    every: int | None = Field(default=None, ge=1)
    probability: float | None = Field(default=None, ge=0, le=1)
    times: int | None = Field(default=None, ge=1)
    retry_after: Literal["absent", "zero", "seconds", "date"] = "absent"
    seconds: float = Field(default=0, ge=0)
    status: int = Field(default=500, ge=400, le=599)
    policy: str = ""
    object_type: str = ""
    count: int = Field(default=1, ge=1)
    change: Literal["add", "remove", "retype"] = "add"
    field: str = ""

    def matches(self, method: str, path: str) -> bool:
        """Whether the request is one that this fault may strike."""
        return self.method in ("*", method) and fnmatchcase(path, self.path)


class Scenario(BaseModel):
    """A named set of faults with the seed that makes chance repeatable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "calm"
    seed: int = 0
    faults: tuple[Fault, ...] = ()

    @classmethod
    def load(cls, file: Path) -> Scenario:
        """The scenario that a TOML file describes.

        Raises:
            pydantic.ValidationError: If the file names a fault or an option that does not exist.
        """
        return cls.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))


class FaultPlan:
    """Decides, request by request, which faults of a scenario strike now."""

    def __init__(self, scenario: Scenario | None = None) -> None:
        self.scenario = scenario or Scenario()
        self._matched: Counter[int] = Counter()
        self._struck: Counter[int] = Counter()

    def replace(self, scenario: Scenario) -> None:
        """Start over with another scenario."""
        self.scenario = scenario
        self._matched.clear()
        self._struck.clear()

    def strike(self, method: str, path: str) -> tuple[Fault, ...]:
        """The faults that this request meets; asking counts as one request."""
        return tuple(self._strike(method, path))

    def _strike(self, method: str, path: str) -> Iterable[Fault]:
        for index, fault in enumerate(self.scenario.faults):
            if not fault.matches(method, path):
                continue
            self._matched[index] += 1
            if self._is_due(index, fault):
                self._struck[index] += 1
                yield fault

    def _is_due(self, index: int, fault: Fault) -> bool:
        ordinal = self._matched[index]
        if fault.times is not None and self._struck[index] >= fault.times:
            return False
        if fault.at:
            return ordinal in fault.at
        if fault.every is not None:
            return ordinal % fault.every == 0
        if fault.probability is not None:
            return self._draw(index, ordinal) < fault.probability
        return True

    def _draw(self, index: int, ordinal: int) -> float:
        # One generator per decision: what one fault draws never shifts what another draws.
        return random.Random(f"{self.scenario.seed}:{index}:{ordinal}").random()  # noqa: S311 - repeatable chance, no secret


def retry_after_header(fault: Fault, now: datetime) -> Mapping[str, str]:
    """The ``Retry-After`` header in the form that a ``rate_limited`` fault asks for, or none."""
    match fault.retry_after:
        case "absent":
            return {}
        case "zero":
            return {"Retry-After": "0"}
        case "seconds":
            return {"Retry-After": str(round(fault.seconds))}
        case "date":
            # HTTP dates are whole seconds: rounded up, else the client would be asked for less.
            moment = now + timedelta(seconds=fault.seconds, microseconds=999_999)
            return {"Retry-After": format_datetime(moment, usegmt=True)}
