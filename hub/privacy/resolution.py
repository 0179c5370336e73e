"""From ledger events to a permission: a fold over a set.

Any arrival order and any duplication of the events give the same answer, and no order of merges
lets a customer be contacted who asked not to be. The seven rules (CONSENT_AUDIT.md, section 1; the
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
7. Of one record only its latest word on a permission counts. A later version that grants in other
   terms, refuses or is silent (an ``expire`` of origin ``silence``) ends that record's own earlier
   grants, never those of another record, and never a refusal. Versions decide which word is later,
   not instants: nobody dates what is no longer said. An echo is no refusal of the customer's, but
   it shows that its record grants no longer. An ``expire`` that a source reports itself is the
   source's knowledge of the person: it ends every grant up to its date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from hub.store.ledger import SILENCE

State = Literal[
    "unknown", "pending", "granted", "denied", "withdrawn", "objected", "expired", "restricted"
]
PERMITTING: frozenset[State] = frozenset({"granted"})

_REFUSALS: dict[str, State] = {"withdraw": "withdrawn", "deny": "denied", "object": "objected"}
_SUFFICIENT = frozenset({"single", "confirmed"})
_STRENGTH = {"confirmed": 4, "single": 3, "imported": 2, "inferred": 1, "unknown": 0}
_NEVER = -(2**62)
_LAST_WORDS = frozenset({*_REFUSALS, "expire"})


@dataclass(frozen=True, slots=True)
class Event:
    """One ledger event, as the fold needs it. Instants are microseconds of UTC.

    ``rid`` is the record that it is about, ``said_by`` the one that said so; None: not known.
    """

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
    said_by: int | None = None
    version: int | None = None

    @property
    def effective_at(self) -> int:
        """When the customer decided; unknown is before everything."""
        return _NEVER if self.asserted_at is None else self.asserted_at

    def is_about(self, purpose: str, channel: str) -> bool:
        """Whether it says something of this permission, for it names it or all of them."""
        return self.purpose in (purpose, "*") and self.channel in (channel, "*")


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


UNKNOWN = Permission("unknown")
"""Where a permission stands of which nobody said a word."""


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
    about = {event.event_id: event for event in events if event.is_about(purpose, channel)}
    if not about:
        return UNKNOWN
    relevant = sorted(
        (event for event in about.values() if event.origin != "echo"),  # 1
        key=lambda event: (event.effective_at, event.event_id),
    )
    # 4: a refusal for the whole person covers every address; a grant covers only what it names.
    refusals = [e for e in relevant if e.decision in _REFUSALS and e.point in (None, point)]
    if point is None:
        refusals = [e for e in relevant if e.decision in _REFUSALS and e.point is None]
    given = [
        e for e in relevant if e.decision == "grant" and e.point == point and e.purpose == purpose
    ]
    ends = {grant.event_id: _end(grant, about.values()) for grant in given}  # 7
    grants = [grant for grant in given if ends[grant.event_id] is None]
    expiries = [
        e
        for e in relevant
        if e.decision == "expire" and e.origin != SILENCE and e.point in (None, point)
    ]
    restriction = _restriction(relevant)
    if restriction is not None:
        return Permission("restricted", restriction.asserted_at, restriction.event_id)
    if refusals:
        return _after_refusal(refusals[-1], grants, expiries, now, min_notice_version)
    if given and not grants:
        last = max((end for end in ends.values() if end), key=_lateness)
        return Permission("expired", last.asserted_at, last.event_id)
    return _granted(grants, expiries, now, min_notice_version)


def _end(grant: Event, events: Iterable[Event]) -> Event | None:
    """The latest event that took the place of a grant, or None while it stands (7)."""
    later = (e for e in events if _speaks_of(e, grant) and _is_later_word(e, grant))
    return max(later, key=_lateness, default=None)


def _speaks_of(event: Event, grant: Event) -> bool:
    if event.decision == "grant" or event.origin == SILENCE:  # both name it exactly
        named = (event.purpose, event.channel, event.point)
        return named == (grant.purpose, grant.channel, grant.point)
    return event.decision in _LAST_WORDS and event.point in (None, grant.point)


def _is_later_word(event: Event, grant: Event) -> bool:
    if grant.version is None:
        # Which record granted is not known: on the restrictive side, the one that fell silent.
        of_party = event.origin == SILENCE and event.rid == grant.rid
        return of_party and event.observed_at >= grant.observed_at
    return event.said_by == grant.said_by and (event.version or 0) > grant.version


def _lateness(event: Event) -> tuple[int, int, str]:
    return event.version or 0, event.observed_at, event.event_id


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
    later = [
        grant
        for grant in grants
        if grant.effective_at > refusal.effective_at  # 3, 4
        and _state(grant, expiries, now, min_notice) != "expired"  # then the refusal decides again
    ]
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
        return UNKNOWN
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
