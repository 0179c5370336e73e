"""Who is known where: finds the record on which a fact hangs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from random import Random

from hub.emulation.world.dice import moment_between
from hub.emulation.world.model import Presence, TruePerson
from hub.emulation.world.systems import SYSTEMS


@dataclass(frozen=True, slots=True)
class Directory:
    """The calendar and the records of a world, by person and system."""

    seed: int
    start: datetime
    end: datetime
    systems: tuple[str, ...]
    people: Sequence[TruePerson]
    records: Mapping[tuple[str, str], Sequence[Presence]]

    @classmethod
    def of(
        cls,
        seed: int,
        start: date,
        end: datetime,
        systems: Sequence[str],
        people: Sequence[TruePerson],
        records: Iterable[Presence],
    ) -> Directory:
        """The directory over all those records."""
        by_person: defaultdict[tuple[str, str], list[Presence]] = defaultdict(list)
        for record in records:
            by_person[record.system, record.person_id].append(record)
        midnight = datetime.combine(start, time(), UTC)
        return cls(seed, midnight, end, tuple(systems), people, dict(by_person))

    def holding(self, fact: str) -> list[str]:
        """The systems that record that kind of fact."""
        return [system for system in self.systems if fact in SYSTEMS[system].holds]

    def of_kind(self, kind: str) -> list[str]:
        """The systems of that kind."""
        return [system for system in self.systems if SYSTEMS[system].kind == kind]

    def known(self, system: str, person_id: str) -> Sequence[Presence]:
        """The person's records in that system, oldest first; empty when unknown there."""
        return self.records.get((system, person_id), ())

    def record(self, rng: Random, fact: str, person_id: str) -> Presence | None:
        """A record of the person in some system that holds that fact; None when there is none."""
        candidates = [
            record for system in self.holding(fact) for record in self.known(system, person_id)
        ]
        return rng.choice(candidates) if candidates else None

    def active(self, person: TruePerson) -> tuple[datetime, datetime]:
        """First and last instant of the person as a customer inside the simulated period."""
        first = max(self.start, datetime.combine(person.joined, time(), UTC))
        left = datetime.combine(person.left, time(), UTC) if person.left else self.end
        return first, min(left, self.end)

    def sometime(self, rng: Random, person: TruePerson) -> datetime:
        """An instant of the person's active time."""
        return moment_between(rng, *self.active(person))
