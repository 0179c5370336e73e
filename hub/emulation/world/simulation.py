"""The whole world in one value, and how it comes about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol, TypeVar

from hub.emulation.world.companies import all_companies
from hub.emulation.world.model import (
    CampaignEvent,
    Change,
    ConsentEvent,
    Deal,
    Household,
    LoyaltyEntry,
    Mistake,
    Order,
    Organisation,
    OrganisationPresence,
    Presence,
    Product,
    Review,
    SurveyResponse,
    Ticket,
    TruePerson,
    UsageEvent,
)
from hub.emulation.world.population import populate
from hub.emulation.world.presence import all_presences
from hub.emulation.world.systems import DEFAULT_SYSTEMS, SYSTEMS


class Recorded(Protocol):
    """Anything that one system recorded."""

    @property
    def system(self) -> str:
        """The system that recorded it."""


R = TypeVar("R", bound=Recorded)


@dataclass(frozen=True, slots=True)
class World:
    """Everybody, everything that happened to them, and what each system recorded of it.

    Attributes:
        start: First day of the simulated period.
        end: First instant after it; everything but ``later_changes`` is before.
        records: The person records of all systems.
        company_records: The organisation records of all CRMs.
        mistakes: Corrupt lines that the files carry on purpose.
        later_changes: Edits after the first sync.
    """

    seed: int
    start: date
    end: datetime
    systems: tuple[str, ...]
    people: tuple[TruePerson, ...]
    households: tuple[Household, ...]
    organisations: tuple[Organisation, ...]
    products: tuple[Product, ...]
    records: tuple[Presence, ...]
    company_records: tuple[OrganisationPresence, ...]
    orders: tuple[Order, ...]
    deals: tuple[Deal, ...]
    tickets: tuple[Ticket, ...]
    surveys: tuple[SurveyResponse, ...]
    reviews: tuple[Review, ...]
    usage: tuple[UsageEvent, ...]
    campaign_events: tuple[CampaignEvent, ...]
    loyalty_entries: tuple[LoyaltyEntry, ...]
    consents: tuple[ConsentEvent, ...]
    mistakes: tuple[Mistake, ...]
    later_changes: tuple[Change, ...]

    @classmethod
    def build(
        cls,
        seed: int,
        people: int = 1500,
        start: date = date(2025, 11, 1),
        days: int = 365,
        systems: Sequence[str] = DEFAULT_SYSTEMS,
    ) -> World:
        """The world of that seed.

        Raises:
            ValueError: If a system is unknown or the number of people is out of range.
        """
        unknown = [system for system in systems if system not in SYSTEMS]
        if unknown:
            raise ValueError(
                f"unknown system {unknown[0]!r}; a world can have: {', '.join(SYSTEMS)}"
            )
        end = datetime.combine(start, time(), UTC) + timedelta(days=days)
        population = populate(seed, people, start, days)
        records = all_presences(seed, population, end, systems)
        return cls(
            seed=seed,
            start=start,
            end=end,
            systems=tuple(systems),
            people=population.people,
            households=population.households,
            organisations=population.organisations,
            products=(),
            records=records,
            company_records=all_companies(seed, population, end, systems),
            orders=(),
            deals=(),
            tickets=(),
            surveys=(),
            reviews=(),
            usage=(),
            campaign_events=(),
            loyalty_entries=(),
            consents=(),
            mistakes=(),
            later_changes=(),
        )

    def of(self, system: str, facts: Iterable[R]) -> tuple[R, ...]:
        """Those facts that this system recorded, in their order."""
        return tuple(fact for fact in facts if fact.system == system)

    def presences(self, system: str) -> tuple[Presence, ...]:
        """The person records of one system, in order of local id."""
        return self.of(system, self.records)

    def companies(self, system: str) -> tuple[OrganisationPresence, ...]:
        """The company records of one system, in order of local id."""
        return self.of(system, self.company_records)

    def changes(self, kind: str) -> tuple[Change, ...]:
        """The later edits of one kind, in order of time."""
        return tuple(change for change in self.later_changes if change.kind == kind)

    def truth(self) -> dict[str, str]:
        """Record key (``system/local id``) to true person."""
        return {record.key: record.person_id for record in self.records}
