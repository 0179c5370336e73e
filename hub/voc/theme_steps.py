"""What becomes of a theme that rose: found, owned, acted on, told to customers, measured again.

    found → owned → acted → told → remeasured
       └───────┴──────┘ ↘ declined: an end too, but only with a message that explains it

The stage finds improvements, and withdraws those that nobody has taken and late data disprove
(:mod:`hub.voc.theme_run`); staff take every other step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import orjson

from hub.core.clock import from_micros
from hub.core.errors import HubError
from hub.store.themes import Improvement, Step
from hub.voc.case_steps import Doer
from hub.voc.theme_rise import Rise

_CODE: Final = "HUB-165"


def own(held: Improvement, owner: str, due_at: int, doer: Doer) -> Step:
    """The improvement in the hands of ``owner``; a new owner may take it over.

    Raises:
        HubError: If something was done about it already, or the due time is over.
    """
    _require(held, ("found", "owned"), "be given to somebody")
    if due_at <= doer.now:
        raise _refused(held, f"it cannot be due at {_at(due_at)}, which is over")
    after = replace(
        held, state="owned", owner=_named(owner, "an owner"), owned_at=doer.now, due_at=due_at
    )
    return _step(after, doer, {"owner": after.owner, "due_at": due_at})


def act(held: Improvement, action: str, at: int, doer: Doer) -> Step:
    """The improvement for which something was changed.

    Args:
        held: The improvement.
        action: What was changed.
        at: When, microseconds.
        doer: Who says so.

    Raises:
        HubError: If nobody owns it, or the instant cannot be.
    """
    _require(held, ("owned",), "be acted on: give it to somebody first")
    _require_time(held, held.week, at, doer.now)
    after = replace(held, state="acted", action=_named(action, "what was changed"), acted_at=at)
    return _step(after, doer, {"action": after.action})


def tell(held: Improvement, message: str, customers: int, at: int, doer: Doer) -> Step:
    """The improvement of which customers who spoke of the theme were told.

    Args:
        held: The improvement.
        message: Reference of the message: what anybody can find it by in the system that sent it.
        customers: How many of them were told.
        at: When, microseconds.
        doer: Who says so.

    Raises:
        HubError: If nothing was changed yet, nobody was told, or the instant cannot be.
    """
    _require(held, ("acted",), "be told: say first what was changed")
    _require_time(held, held.acted_at or held.week, at, doer.now)
    after = replace(_told(held, message, customers, at), state="told")
    return _step(after, doer, {"customers": customers, "message": after.message})


def decline(held: Improvement, message: str, customers: int, at: int, doer: Doer) -> Step:
    """The improvement ended with an explanation to customers why nothing will change.

    Raises:
        HubError: As :func:`tell`: an explanation that nobody got is none.
    """
    _require(held, ("found", "owned"), "be declined")
    _require_time(held, held.week, at, doer.now)
    after = replace(_told(held, message, customers, at), state="declined", settled_at=doer.now)
    return _step(after, doer, {"customers": customers, "message": after.message})


def remeasure(held: Improvement, result: Mapping[str, object], doer: Doer) -> Step:
    """The improvement with what was measured after it; it may be measured again later.

    Raises:
        HubError: If customers have not been told yet.
    """
    _require(held, ("told", "remeasured"), "be measured again: tell the customers first")
    said = orjson.dumps(result, option=orjson.OPT_SORT_KEYS)
    after = replace(held, state="remeasured", result=said, settled_at=doer.now)
    return _step(after, doer, {"verdict": str(result["verdict"])})


# --- the stage's own steps -----------------------------------------------------------------------


def reconcile(
    rises: Sequence[Rise],
    held: Sequence[Improvement],
    name: Callable[[str], str],
    doer: Doer,
    since: int,
) -> Iterator[Step]:
    """The steps after which the improvements say what the texts say.

    One improvement stands for all weeks in which its theme rises until it is settled; the first
    of them names it. What somebody has taken stays; what nobody has taken is withdrawn when late
    data disprove it, and found again when they prove it after all.

    Args:
        rises: Of the weeks that were looked at.
        held: All improvements.
        name: Gives the id of an improvement.
        doer: In whose name.
        since: Begin of the first week that was looked at; earlier ones stay as they are.
    """  # fmt: skip
    free = {each.improvement_id: each for each in held if _is_free(each, since)}
    fixed = [each for each in held if each.improvement_id not in free]
    wanted: dict[str, Rise] = {}
    begun: set[str] = set()
    for rise in sorted(rises, key=lambda rise: (rise.week, rise.theme)):
        if rise.theme not in begun and not any(_covers(each, rise) for each in fixed):
            begun.add(rise.theme)
            wanted[name(f"{rise.theme} in {rise.week}")] = rise
    for improvement_id, rise in wanted.items():
        before = free.get(improvement_id)
        if before is None or before.state == "withdrawn":
            steps = before.steps if before else 0
            yield _step(_found(improvement_id, rise, steps, doer), doer, {})
    for improvement_id, before in free.items():
        if improvement_id not in wanted and before.state == "found":
            yield _step(replace(before, state="withdrawn", settled_at=doer.now), doer, {})


def _is_free(held: Improvement, since: int) -> bool:
    """Whether nobody has taken it, and the weeks that were looked at decide about it."""
    return held.state == "withdrawn" or (held.state == "found" and held.week >= since)


def _covers(held: Improvement, rise: Rise) -> bool:
    if held.theme != rise.theme:
        return False
    return held.settled_at is None or rise.week < held.settled_at


def _found(improvement_id: str, rise: Rise, steps: int, doer: Doer) -> Improvement:
    evidence = {
        "customers": rise.customers, "wrote": rise.wrote, "usual_customers": rise.usual_customers,
        "usual_wrote": rise.usual_wrote, "usual_weeks": rise.weeks, "chance": rise.chance,
    }  # fmt: skip
    said = orjson.dumps(evidence, option=orjson.OPT_SORT_KEYS)
    return Improvement(improvement_id, rise.theme, rise.week, "found", doer.now, said, steps=steps)


# --- what every step has in common ---------------------------------------------------------------


def _told(held: Improvement, message: str, customers: int, at: int) -> Improvement:
    if customers < 1:
        raise _refused(held, "nobody was told, and an improvement that nobody hears of is none")
    reference = _named(message, "the reference of a message")
    return replace(held, message=reference, told=customers, told_at=at)


def _require(held: Improvement, states: Sequence[str], what: str) -> None:
    if held.state not in states:
        raise _refused(held, f"it is {held.state} and cannot {what}")


def _require_time(held: Improvement, first: int, at: int, now: int) -> None:
    if not first <= at <= now:
        raise _refused(
            held, f"that cannot have been at {_at(at)}: it is {_at(now)}, and nothing could be"
            f" done before {_at(first)}. Give the time with --at",
        )  # fmt: skip


def _refused(held: Improvement, why: str) -> HubError:
    name = held.improvement_id
    return HubError(f"improvement {name}: {why}. See: hub themes show {name}", code=_CODE)


def _named(text: str, what: str) -> str:
    if not text.strip():
        raise HubError(f"{what} is needed, and it is empty", code=_CODE)
    return text.strip()


def _at(micros: int) -> str:
    return from_micros(micros).isoformat()


def _step(after: Improvement, doer: Doer, said: Mapping[str, str | int | None]) -> Step:
    moved = replace(after, steps=after.steps + 1)
    return Step(moved, moved.state, doer.now, doer.actor, said)
