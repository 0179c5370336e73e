"""Everything that a world holds, with the look-ups that emulators and writers share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar

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


class Recorded(Protocol):
    """Anything that one system recorded."""

    @property
    def system(self) -> str:
        """The system that recorded it."""


R = TypeVar("R", bound=Recorded)


@dataclass(frozen=True, slots=True, repr=False)
class Contents:
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

    def __repr__(self) -> str:
        return f"<{type(self).__name__} seed={self.seed} people={len(self.people)}>"

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
