"""A source made of lists: what a test writes is what the stream reads."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from pydantic import BaseModel

from hub.core.clock import ManualClock
from hub.core.connector import (
    ById,
    Connector,
    Context,
    Deletes,
    Feed,
    Page,
    Row,
    RowMap,
    State,
    Stream,
)
from hub.core.ids import IdSource
from hub.core.records import ConsentClaim, OrderLine, PartyRef, Person, Record
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.sync.pull import Source
from hub.sync.run import SyncReport, sync


class NoSettings(BaseModel):
    """The list source has nothing to configure."""


def map_person(row: Row) -> Record:
    claims = [
        ConsentClaim(purpose="marketing", channel="email", decision=row["consent"])
        for _ in range("consent" in row)
    ]
    return Person(given_name=row["name"], emails=row.get("emails", []), consents=claims)


def map_line(row: Row) -> Record:
    return OrderLine(
        order_ref=row["order"],
        at=row["at"],
        currency="GBP",
        amount_minor=row["amount"],
        party=PartyRef(id=row["customer"], stream="people"),
    )


@dataclass
class ListSource:
    """Pages in memory, read from the position in the checkpoint."""

    store: Store
    ids: IdSource
    clock: ManualClock
    people: list[Page] = field(default_factory=list)
    lines: list[Page] = field(default_factory=list)
    deletes: Deletes = field(default_factory=Feed)
    map_person: RowMap = map_person
    by_id: ById | None = None
    mapping_version: int = 1
    keys: Keys = field(default_factory=lambda: Keys(b"k" * 32))

    def read_people(self, ctx: Context, state: State) -> Iterator[Page]:
        yield from self._from(self.people, state)

    def read_lines(self, ctx: Context, state: State) -> Iterator[Page]:
        yield from self._from(self.lines, state)

    def sync(self, *streams: str, full: bool = False) -> SyncReport:
        declared = (
            Stream(
                "people",
                Person,
                self.map_person,
                "id",
                self.read_people,
                deletes=self.deletes,
                by_id=self.by_id,
                mapping_version=self.mapping_version,
            ),
            Stream("lines", OrderLine, map_line, "id", self.read_lines),
        )
        chosen = tuple(s for s in declared if s.name in (streams or ("people", "lines")))
        connector = Connector("list", "lists", NoSettings, declared, check=lambda _ctx: [])
        ctx = Context(
            "crm", NoSettings(), None, self.clock, logging.getLogger("test"), lambda _s, _r: None
        )
        source = Source(ctx, connector, chosen, region="AU")
        return sync(self.store, self.keys, [source], ids=self.ids, actor="os:test", full=full)

    @staticmethod
    def _from(pages: Sequence[Page], state: State) -> Iterator[Page]:
        start = state.get("next", 0)
        for number, page in enumerate(pages[start:], start + 1):
            yield Page(
                rows=page.rows,
                next_state={"next": number},
                deletes=page.deletes,
                merges=page.merges,
                rejects=page.rejects,
                complete=page.complete,
                begins=page.begins,
                alive=page.alive,
            )


@pytest.fixture
def source(store: Store, ids: IdSource, clock: ManualClock) -> ListSource:
    """An empty list source on a migrated store."""
    return ListSource(store, ids, clock)


@pytest.fixture
def source_on(ids: IdSource, clock: ManualClock) -> Callable[[str], ListSource]:
    """Makes a list source on the database under a URL."""
    return lambda url: ListSource(Store.open(url, clock), ids, clock)
