"""The whole world in one value, and how it comes about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from hub.emulation.world.changes import later_changes, records_after
from hub.emulation.world.commerce import all_deals, all_loyalty_entries, all_orders, catalogue
from hub.emulation.world.companies import all_companies
from hub.emulation.world.consent import all_consents
from hub.emulation.world.contents import Contents
from hub.emulation.world.directory import Directory
from hub.emulation.world.engagement import all_campaign_events, all_usage
from hub.emulation.world.files import render, write_file
from hub.emulation.world.mistakes import planned_mistakes
from hub.emulation.world.population import populate
from hub.emulation.world.presence import all_presences
from hub.emulation.world.service import all_tickets
from hub.emulation.world.systems import DEFAULT_SYSTEMS, SYSTEMS
from hub.emulation.world.truth import write_truth
from hub.emulation.world.voice import all_reviews, all_surveys


@dataclass(frozen=True, slots=True, repr=False)
class World(Contents):
    """A world that can be built from a seed, changed, and written down."""

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
        town = populate(seed, people, start, days)
        records = all_presences(seed, town, end, systems)
        directory = Directory.of(seed, start, end, systems, town.people, records)
        products = catalogue()
        orders = all_orders(directory, products)
        tickets = all_tickets(directory)
        consents = all_consents(directory)
        companies = all_companies(seed, town, end, systems)
        return cls(
            seed=seed,
            start=start,
            end=end,
            systems=tuple(systems),
            people=town.people,
            households=town.households,
            organisations=town.organisations,
            products=products,
            records=records,
            company_records=companies,
            orders=orders,
            deals=all_deals(directory, companies),
            tickets=tickets,
            surveys=all_surveys(directory, products, orders, tickets),
            reviews=all_reviews(directory, products, orders),
            usage=all_usage(directory),
            campaign_events=all_campaign_events(directory, consents),
            loyalty_entries=all_loyalty_entries(directory, orders),
            consents=consents,
            mistakes=planned_mistakes(seed, systems),
            later_changes=later_changes(directory, orders, consents),
        )

    def after_changes(self) -> World:
        """The world with all later edits applied.

        A vendor's emulator moves the facts of a merged record to the survivor by itself.
        """
        orders = (change.order for change in self.later_changes if change.order)
        consents = (change.consent for change in self.later_changes if change.consent)
        return replace(
            self,
            records=records_after(self.records, self.later_changes),
            orders=self.orders + tuple(orders),
            consents=self.consents + tuple(consents),
            later_changes=(),
        )

    def write_files(self, folder: Path) -> list[Path]:
        """The paths of the exports written to ``folder``, one per stream of a file-based system."""
        folder.mkdir(parents=True, exist_ok=True)
        return [write_file(folder, file) for file in render(self)]

    def write_truth(self, path: Path) -> None:
        """Writes what a perfect hub would find; ``truth.write_truth`` says what stands in it."""
        write_truth(self, path)
