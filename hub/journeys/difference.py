"""What changed from one version of a journey to another, for whoever has to agree to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.journeys.definition import Journey, Stage

_OWN = ("id", "touchpoints")
"""Fields of a stage that are told apart from the rest: by name, and one by one."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Args:
        where: ``journey``, or the id of the stage.
        what: ``added``, ``removed``, ``moved`` or the name of the field that changed.
        before: What stood there; None if nothing.
        after: What stands there; None if nothing.
    """

    where: str
    what: str
    before: Any
    after: Any


def difference(old: Journey, new: Journey) -> list[Change]:
    """Every change from ``old`` to ``new``: the journey's own first, then stage by stage."""
    before = {stage.id: stage for stage in old.stages}
    after = {stage.id: stage for stage in new.stages}
    return [
        *_fields("journey", _plain(old, ("stages",)), _plain(new, ("stages",))),
        *(
            Change(name, "removed", before[name].title, None)
            for name in before
            if name not in after
        ),
        *(Change(name, "added", None, after[name].title) for name in after if name not in before),
        *_moved([name for name in before if name in after], [n for n in after if n in before]),
        *(
            change
            for name, stage in after.items()
            if name in before
            for change in _stage(before[name], stage)
        ),
    ]


def _stage(old: Stage, new: Stage) -> Iterator[Change]:
    yield from _fields(new.id, _plain(old, _OWN), _plain(new, _OWN))
    for touchpoint in old.touchpoints:
        if touchpoint not in new.touchpoints:
            yield Change(new.id, "touchpoint removed", str(touchpoint), None)
    for touchpoint in new.touchpoints:
        if touchpoint not in old.touchpoints:
            yield Change(new.id, "touchpoint added", None, str(touchpoint))


def _moved(before: Sequence[str], after: Sequence[str]) -> Iterator[Change]:
    """Stages that stand after another one than before; one that others passed has not moved."""
    for name in _without(after, _longest_common(before, after)):
        yield Change(name, "moved", _behind(before, name), _behind(after, name))


def _longest_common(before: Sequence[str], after: Sequence[str]) -> Sequence[str]:
    """The longest series of names that stand in the same order in both."""
    best: dict[str, list[str]] = {}
    for at, name in enumerate(after):
        rank = before.index(name)
        earlier = [best[each] for each in after[:at] if before.index(each) < rank]
        best[name] = [*max(earlier, key=len, default=[]), name]
    return max(best.values(), key=len, default=[])


def _without(names: Sequence[str], stayed: Sequence[str]) -> list[str]:
    return [name for name in names if name not in stayed]


def _behind(names: Sequence[str], name: str) -> str:
    at = names.index(name)
    return f"after {names[at - 1]}" if at else "first"


def _plain(of: Journey | Stage, left_out: Sequence[str]) -> dict[str, Any]:
    return of.model_dump(mode="json", exclude=set(left_out))


def _fields(where: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in new:
        if old[name] != new[name]:
            yield Change(where, name, old[name], new[name])
