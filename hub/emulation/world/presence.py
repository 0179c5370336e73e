"""What each system believes about a person: gaps, nicknames, typos, stale values, duplicates.

Each record of a person is made in five steps.

1. Decide how old its knowledge is: a stale record holds a former surname, phone or address.
2. Pick the e-mail that the person gave there; where e-mails are unique, another one or none.
3. Leave out the fields that this system rarely has.
4. Write the values as clerks and forms do: nicknames, typos, formats, placeholders.
5. Keep at least two independent identifiers where the person has them, so that the truth can be
   found by evidence and not only by luck.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from random import Random

from hub.emulation.world.accidents import as_typed, given_as_known, phone_as_written
from hub.emulation.world.dice import chance, dice, moment_between, pick
from hub.emulation.world.model import Presence, TruePerson
from hub.emulation.world.population import Population
from hub.emulation.world.systems import SYSTEMS, SystemProfile

FIRST_ID = 10_001


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where records of one system are made: its habits, its chance, its calendar."""

    system: str
    profile: SystemProfile
    rng: Random
    end: datetime
    cards: Mapping[str, str]


def all_presences(
    seed: int, population: Population, end: datetime, systems: Sequence[str]
) -> tuple[Presence, ...]:
    """The person records of every system, system by system, in order of local id."""
    cards = _cards_within_reach(population)
    return tuple(
        record
        for system in systems
        for record in _records(
            _Desk(system, SYSTEMS[system], dice(seed, "presence", system), end, cards),
            population.people,
        )
    )


def _cards_within_reach(population: Population) -> dict[str, str]:
    """By person, the loyalty card of another member of the household."""
    by_id = {person.person_id: person for person in population.people}
    return {
        member: by_id[other].loyalty_no
        for home in population.households
        for member in home.members
        for other in home.members
        if other != member and by_id[other].loyalty_no
    }


def _records(desk: _Desk, people: Sequence[TruePerson]) -> Iterator[Presence]:
    """One system's records: numbered as they were made, each e-mail once where that is the rule."""
    number, used = FIRST_ID, set[str]()
    for person in people:
        first = ""
        for _ in range(_copies(desk, person)):
            local_id = desk.profile.local_id.format(number)
            record = _record(desk, person, local_id, first)
            if desk.profile.unique_email:
                record = _with_unused_email(record, person, used)
            yield record
            first, number = first or local_id, number + 1


def _copies(desk: _Desk, person: TruePerson) -> int:
    """How many records this system has of that person."""
    outsider = desk.profile.kind == "loyalty" and not person.loyalty_no
    if outsider or not chance(desk.rng, desk.profile.coverage):
        return 0
    if not chance(desk.rng, desk.profile.duplicates):
        return 1
    return 3 if chance(desk.rng, 0.12) else 2


def _with_unused_email(record: Presence, person: TruePerson, used: set[str]) -> Presence:
    """The record with an e-mail that no other record of the system has, or with none."""
    candidates = (record.email, *reversed(person.emails), person.work_email)
    free = (mail for mail in candidates if record.email and mail and mail.lower() not in used)
    email = next(free, "")
    used.add(email.lower())
    return replace(record, email=email)


def _record(desk: _Desk, person: TruePerson, local_id: str, first: str) -> Presence:
    """One record, from the person's life to what a clerk typed."""
    rng = desk.rng
    stale = chance(rng, 0.18)
    fills = _fields(desk, person)
    address = person.addresses[0 if stale else -1]
    number = person.phones[0 if stale or chance(rng, 0.08) else -1]
    created = _created(desk, person, bool(first))
    record = Presence(
        system=desk.system,
        local_id=local_id,
        person_id=person.person_id,
        given_name=given_as_known(rng, person),
        family_name=person.former_family_name if stale else person.family_name,
        email=_mailbox(desk, person) if "email" in fills else "",
        phone=phone_as_written(rng, number) if "phone" in fills else "",
        born=person.born.isoformat() if "born" in fills else "",
        street=address.street if "address" in fills else "",
        city=address.city if "address" in fills else "",
        state=address.state if "address" in fills else "",
        postcode=address.postcode if "address" in fills else "",
        country=address.country if "address" in fills else "",
        loyalty_no=_card(desk, person, bool(first)) if "loyalty_no" in fills else "",
        organisation_id=person.organisation_id if desk.profile.kind == "crm" else "",
        job_title=person.job_title if desk.profile.kind == "crm" else "",
        language=person.language if chance(rng, 0.7) else "",
        created_at=created,
        updated_at=moment_between(rng, created, desk.end),
        duplicate_of=first,
    )
    if not record.family_name:
        record = replace(record, family_name=person.family_name)
    return as_typed(rng, desk.profile.kind, record)


def _fields(desk: _Desk, person: TruePerson) -> set[str]:
    """The fields that this record carries: by habit of the system, but two identifiers at least."""
    fills = {name for name, share in desk.profile.fills.items() if chance(desk.rng, share)}
    identifiers = [name for name in ("phone", "email", "loyalty_no", "born") if name in fills]
    if len(identifiers) < 2:
        fills.update(("phone", "born") if "email" in fills else ("email", "phone"))
    if not person.loyalty_no:
        fills.discard("loyalty_no")
    return fills


def _created(desk: _Desk, person: TruePerson, again: bool) -> datetime:
    """When the record was made: near the first purchase, a duplicate later."""
    joined = datetime.combine(person.joined, time(1), UTC)
    latest = min(desk.end, joined + timedelta(days=400 if again else 30))
    return moment_between(desk.rng, joined, latest)


def _mailbox(desk: _Desk, person: TruePerson) -> str:
    """The address that the person gave to this system."""
    which = pick(desk.rng, desk.profile.mailboxes)
    if which == "work" and person.work_email:
        return person.work_email
    return person.emails[0 if which == "former" else -1]


def _card(desk: _Desk, person: TruePerson, again: bool) -> str:
    """The loyalty number on the record; now and then the card of somebody in the household."""
    if desk.profile.kind == "loyalty":
        return person.loyalty_no if not again else f"L{int(person.loyalty_no[1:]) + 61}"
    other = desk.cards.get(person.person_id, "")
    return other if other and chance(desk.rng, 0.025) else person.loyalty_no
