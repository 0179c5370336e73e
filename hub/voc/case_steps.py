"""What staff do with a case: assign it, tell the customer, close it.

    open → assigned → informed → closed
       └──────────┴───────┘ ↘ declined: closed too, but only with a message that explains it

No case is closed without the instant and the reference of what the customer was told. The stage
suppresses and revives cases (:mod:`hub.voc.case_episode`); staff never do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hub.core.clock import from_micros
from hub.core.errors import HubError
from hub.store.cases import WAITING, Case, Step


@dataclass(frozen=True, slots=True)
class Doer:
    """Who does something to a case, and when (microseconds)."""

    actor: str
    now: int


def assign(case: Case, owner: str, doer: Doer) -> Step:
    """The case in the hands of ``owner``; a new owner may take it over.

    Raises:
        HubError: If the customer was already told, or the case is suppressed.
    """
    _require(case, WAITING, "be assigned")
    after = replace(case, state="assigned", owner=_named(owner, "an owner"))
    return _step(after, "assigned", doer, {"owner": after.owner})


def inform(case: Case, message: str, at: int, doer: Doer) -> Step:
    """The case of a customer who was told something.

    Args:
        case: The case.
        message: Reference of the message: what anybody can find it by in the system that sent it.
        at: When it was sent, microseconds.
        doer: Who says so.

    Raises:
        HubError: Without a reference, if the instant cannot be, or if the customer was told before.
    """
    _require(case, WAITING, "be told again")
    after = _told(case, message, at, doer.now)
    return _step(replace(after, state="informed"), "informed", doer, {"message": after.message})


def close(case: Case, doer: Doer) -> Step:
    """The case closed: the customer knows what came of their answer.

    Raises:
        HubError: If the customer was not told, or the case is not open any more.
    """
    if case.state in WAITING:
        raise HubError(
            f"case {case.case_id} is {case.state} and the customer was not told anything: it cannot"
            " be closed. Tell them, then run: hub cases inform"
            f" {case.case_id} --message REFERENCE",
            code="HUB-160",
        )
    _require(case, ("informed",), "be closed")
    return _step(_closed(case, "resolved", doer), "closed", doer, {"reason": "resolved"})


def decline(case: Case, message: str, at: int, doer: Doer) -> Step:
    """The case closed with an explanation why nothing will change.

    Raises:
        HubError: As :func:`inform`: an explanation that nobody sent is none.
    """
    _require(case, WAITING, "be declined")
    told = _told(case, message, at, doer.now)
    said = {"message": told.message, "reason": "declined"}
    return _step(_closed(told, "declined", doer), "closed", doer, said)


def _told(case: Case, message: str, at: int, now: int) -> Case:
    if not case.at <= at <= now:
        raise HubError(
            f"case {case.case_id}: it began at {from_micros(case.at).isoformat()} and"
            f" it is {from_micros(now).isoformat()}; they cannot have been told at"
            f" {from_micros(at).isoformat()}. Give the time with --at",
            code="HUB-160",
        )
    return replace(case, informed_at=at, message=_named(message, "the reference of a message"))


def _closed(case: Case, reason: str, doer: Doer) -> Case:
    return replace(case, state="closed", reason=reason, settled_at=doer.now)


def _named(text: str, what: str) -> str:
    if not text.strip():
        raise HubError(f"{what} is needed, and it is empty", code="HUB-160")
    return text.strip()


def _require(case: Case, states: tuple[str, ...], what: str) -> None:
    if case.state in states:
        return
    because = f" ({case.reason})" if case.reason else ""
    goes_on = f"; {case.joined_to} goes on in its place" if case.joined_to else ""
    raise HubError(
        f"case {case.case_id} is {case.state}{because} and cannot {what}{goes_on}. See: hub cases"
        f" show {case.case_id}",
        code="HUB-160",
    )


def _step(after: Case, kind: str, doer: Doer, said: Mapping[str, str | int | None]) -> Step:
    return Step(replace(after, steps=after.steps + 1), kind, doer.now, doer.actor, said)
