"""Who allowed what, and who took it back: decisions as each system recorded them.

The systems contradict each other on purpose: people withdraw in one system and stay granted in
another, some withdrawals have no date, some grants after a withdrawal are mere imports and some are
a new human act. ``never_contact`` says what must follow from all of that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from hub.emulation.world.dice import chance, dice, moment_between
from hub.emulation.world.directory import Directory
from hub.emulation.world.model import ConsentEvent, Presence
from hub.emulation.world.systems import SYSTEMS

MARKETING, ANALYTICS = "marketing", "analytics"
NOTICE = "privacy-2025-07"


@dataclass(frozen=True, slots=True)
class _Habit:
    """How the records of one kind of system decide about one purpose on one channel."""

    grants: float
    denies: float
    withdraws: float
    evidence: str


_CRM = {(MARKETING, "email"): _Habit(0.58, 0.07, 0.16, "form")}
_CLUB = {
    (MARKETING, "email"): _Habit(0.68, 0.06, 0.12, "double-opt-in"),
    (MARKETING, "sms"): _Habit(0.4, 0.06, 0.12, "form"),
    (ANALYTICS, "any"): _Habit(0.45, 0.07, 0.06, "form"),
}
_SHOP = {
    (MARKETING, "email"): _Habit(0.5, 0.1, 0.15, "form"),
    (MARKETING, "sms"): _Habit(0.15, 0.05, 0.1, "form"),
}
_HABITS: Mapping[str, Mapping[tuple[str, str], _Habit]] = {
    "crm": _CRM,
    "loyalty": _CLUB,
    "shop": _SHOP,
}


def all_consents(directory: Directory) -> tuple[ConsentEvent, ...]:
    """Every decision of every system that records them, system by system."""
    events: list[ConsentEvent] = []
    for system in directory.holding("consents"):
        rng = dice(directory.seed, "consents", system)
        for (owner, _), records in directory.records.items():
            for record in records if owner == system else ():
                events.extend(_decisions(directory.end, rng, record))
    return tuple(replace(event, event_id=f"K{n:06d}") for n, event in enumerate(events, start=1))


def _decisions(end: datetime, rng: Random, record: Presence) -> Iterator[ConsentEvent]:
    """What one record says about every purpose and channel of its system."""
    for (purpose, channel), habit in _HABITS[SYSTEMS[record.system].kind].items():
        first = ConsentEvent(
            system=record.system,
            event_id="",
            local_id=record.local_id,
            person_id=record.person_id,
            purpose=purpose,
            channel=channel,
            decision="grant",
            point={"email": record.email, "sms": record.phone}.get(channel, ""),
            decided_at=record.created_at,
            evidence=habit.evidence,
            notice=NOTICE,
        )
        reachable = channel == "any" or first.point
        roll = rng.random()
        if reachable and roll < habit.grants:
            yield first
            yield from _afterwards(end, rng, first, habit)
        elif reachable and roll < habit.grants + habit.denies:
            yield replace(first, decision="deny")


def _afterwards(
    end: datetime, rng: Random, grant: ConsentEvent, habit: _Habit
) -> Iterator[ConsentEvent]:
    """The withdrawal that follows some grants, and the grant that follows some withdrawals."""
    assert grant.decided_at is not None
    if not chance(rng, habit.withdraws):
        return
    at = moment_between(rng, grant.decided_at, end)
    undated = chance(rng, 0.25)
    yield replace(grant, decision="withdraw", decided_at=None if undated else at, evidence="")
    again = at + timedelta(days=rng.randrange(5, 40))
    if not undated and again < end and chance(rng, 0.2):
        human = chance(rng, 0.5)
        yield replace(grant, decided_at=again, evidence=habit.evidence if human else "")


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A purpose and channel on which a person must not be contacted any more.

    Attributes:
        since: Time of the decisive withdrawal or denial; None when no system dates it.
        records: Keys of the records that carry a withdrawal or denial.
    """

    person_id: str
    purpose: str
    channel: str
    since: datetime | None
    records: tuple[str, ...]


def never_contact(events: Iterable[ConsentEvent]) -> tuple[Forbidden, ...]:
    """Every person, purpose and channel that a withdrawal or denial closes, over all systems.

    A withdrawal without a date counts as the latest word. A later grant re-opens only with
    evidence of a human act.
    """
    by_subject: defaultdict[tuple[str, str, str], list[ConsentEvent]] = defaultdict(list)
    for event in events:
        by_subject[event.person_id, event.purpose, event.channel].append(event)
    closed = (_closed(*subject, decisions) for subject, decisions in sorted(by_subject.items()))
    return tuple(forbidden for forbidden in closed if forbidden)


def _closed(
    person_id: str, purpose: str, channel: str, decisions: list[ConsentEvent]
) -> Forbidden | None:
    """The prohibition that these decisions amount to, or None when contact is not forbidden."""
    refusals = [event for event in decisions if event.decision != "grant"]
    if not refusals:
        return None
    dates = [event.decided_at for event in refusals if event.decided_at]
    since = max(dates) if len(dates) == len(refusals) else None
    if since and any(_reopens(event, since) for event in decisions):
        return None
    records = tuple(dict.fromkeys(f"{event.system}/{event.local_id}" for event in refusals))
    return Forbidden(person_id, purpose, channel, since, records)


def _reopens(event: ConsentEvent, since: datetime) -> bool:
    """Whether this is a human grant, with evidence, after the last refusal."""
    later = event.decided_at is not None and event.decided_at > since
    return event.decision == "grant" and bool(event.evidence) and later
