"""From ledger events to a permission: a fold over a set.

Any arrival order and any duplication of the events give the same answer, and no order of merges
lets a customer be contacted who asked not to be. The six rules (CONSENT_AUDIT.md, section 1; the
ones about dating an event are applied when it is appended, in ``hub.store.ledger``):

1. Echoes of the hub's own writes are never evidence.
2. A withdrawal without a date counts from when it was seen, a grant from when it can be proven.
3. Without a withdrawal, a grant of strength single or confirmed suffices. After one, a grant counts
   only if it is later and a human act with evidence; anything else is a conflict for the
   compliance officer.
4. A tie goes to the restrictive side. A denial for the whole person beats a grant for one address,
   and a grant for one address never authorises another. Unknown is not permitted. A refusal can be
   of every purpose ("*"); a grant names its purpose, or it is none.
5. Among grants, the strongest and longest-lived counts; that never overrules a withdrawal.
6. A grant under a notice older than the purpose's ``min_notice_version`` is pending.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

State = Literal[
    "unknown", "pending", "granted", "denied", "withdrawn", "objected", "expired", "restricted"
]
PERMITTING: frozenset[State] = frozenset({"granted"})

_REFUSALS: dict[str, State] = {"withdraw": "withdrawn", "deny": "denied", "object": "objected"}
_SUFFICIENT = frozenset({"single", "confirmed"})
_STRENGTH = {"confirmed": 4, "single": 3, "imported": 2, "inferred": 1, "unknown": 0}
_NEVER = -(2**62)


@dataclass(frozen=True, slots=True)
class Event:
    """One ledger event, as the fold needs it. Instants are microseconds of UTC."""

    event_id: str
    rid: int
    point: bytes | None
    purpose: str
    channel: str
    decision: str
    strength: str
    notice: str | None
    evidence: str | None
    asserted_at: int | None
    observed_at: int
    valid_until: int | None
    origin: str
    brand: str = ""

    @property
    def effective_at(self) -> int:
        """When the customer decided; unknown is before everything."""
        return _NEVER if self.asserted_at is None else self.asserted_at


@dataclass(frozen=True, slots=True)
class Permission:
    """The answer for one (point or person, purpose, channel).

    Args:
        state: Where the permission stands.
        since: When that was decided, or None if it is unknown.
        because: Id of the event that decides it, or None.
        conflict: Id of a later grant that does not count and waits for the compliance officer.
    """

    state: State
    since: int | None = None
    because: str | None = None
    conflict: str | None = None


def fold(
    events: Iterable[Event],
    *,
    purpose: str,
    channel: str,
    point: bytes | None,
    now: int,
    min_notice_version: int = 0,
) -> Permission:
    """The permission that the events add up to.

    Args:
        events: The ledgers of all source records of one person, in any order.
        purpose: Purpose id.
        channel: Channel.
        point: Keyed hash of the e-mail or phone in question; None asks for the whole person.
        now: Instant of the question, for grants that expire.
        min_notice_version: Rule 6.
    """
    about = {
        event.event_id: event
        for event in events
        if event.origin != "echo" and event.purpose in (purpose, "*")  # 1
        if event.channel in (channel, "*")
    }
    relevant = sorted(about.values(), key=lambda event: (event.effective_at, event.event_id))
    # 4: a refusal for the whole person covers every address; a grant covers only what it names.
    refusals = [e for e in relevant if e.decision in _REFUSALS and e.point in (None, point)]
    if point is None:
        refusals = [e for e in relevant if e.decision in _REFUSALS and e.point is None]
    grants = [
        e for e in relevant if e.decision == "grant" and e.point == point and e.purpose == purpose
    ]
    expiries = [e for e in relevant if e.decision == "expire" and e.point in (None, point)]
    restriction = _restriction(relevant)
    if restriction is not None:
        return Permission("restricted", restriction.asserted_at, restriction.event_id)
    if refusals:
        return _after_refusal(refusals[-1], grants, expiries, now, min_notice_version)
    return _granted(grants, expiries, now, min_notice_version)


def _restriction(events: list[Event]) -> Event | None:
    """The latest restriction in force.

    Lifting it at the very same instant does not (rule 4), nor does lifting one of an address lift
    one of the whole person.
    """
    lifted = [event for event in events if event.decision == "unrestrict"]
    standing = [
        event
        for event in events
        if event.decision == "restrict"
        and not any(
            act.effective_at > event.effective_at and act.point in (None, event.point)
            for act in lifted
        )
    ]
    return standing[-1] if standing else None


def _after_refusal(
    refusal: Event, grants: list[Event], expiries: list[Event], now: int, min_notice: int
) -> Permission:
    later = [grant for grant in grants if grant.effective_at > refusal.effective_at]  # 3, 4
    proven = [grant for grant in later if grant.origin == "human_act" and grant.evidence]
    if proven:
        return _granted(proven, expiries, now, min_notice)
    return Permission(
        _REFUSALS[refusal.decision],
        refusal.asserted_at,
        refusal.event_id,
        conflict=later[-1].event_id if later else None,
    )


def _granted(grants: list[Event], expiries: list[Event], now: int, min_notice: int) -> Permission:
    if not grants:
        return Permission("unknown")
    best = max(grants, key=lambda grant: _rank(grant, expiries, now, min_notice))  # 5
    state = _state(best, expiries, now, min_notice)
    return Permission(state, best.asserted_at, best.event_id)


def _rank(grant: Event, expiries: list[Event], now: int, min_notice: int) -> tuple[object, ...]:
    state = _state(grant, expiries, now, min_notice)
    lasts = 2**62 if grant.valid_until is None else grant.valid_until
    return (
        state == "granted", state == "pending", _STRENGTH[grant.strength], lasts,
        grant.effective_at, grant.event_id,
    )  # fmt: skip


def _state(grant: Event, expiries: list[Event], now: int, min_notice: int) -> State:
    ended = any(expiry.effective_at >= grant.effective_at for expiry in expiries)
    if ended or (grant.valid_until is not None and grant.valid_until <= now):
        return "expired"
    if grant.strength not in _SUFFICIENT and grant.origin != "human_act":
        return "pending"
    if notice_version(grant.notice) < min_notice:  # 6
        return "pending"
    return "granted"


def notice_version(notice: str | None) -> int:
    """Version of a notice id such as ``privacy-v3`` or ``terms@12``; 0 if it names none.

    >>> notice_version("privacy-v3")
    3
    """
    match = re.search(r"(\d+)$", notice or "")
    return int(match.group(1)) if match else 0
