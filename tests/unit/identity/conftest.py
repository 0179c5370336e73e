"""A bench that holds party records and resolves them, for tests of who is who."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from hub.core.clock import ManualClock
from hub.core.ids import GoldenId, IdSource, SourceKey
from hub.core.records import Address, Identifier, Party, Person, encode
from hub.core.settings import IdentitySection, SurvivorshipSection
from hub.identity import golden, resolve, stewardship
from hub.identity.golden import GoldenReport
from hub.identity.resolve import ResolveReport
from hub.store import bulk, dirty
from hub.store.engine import Store
from hub.store.schema import cluster_members, source_records, streams

if TYPE_CHECKING:
    from tests.conftest import Databases

CONNECTION, STREAM = "crm", "contacts"


def make_person(
    given: str = "",
    family: str = "",
    *,
    email: str = "",
    phone: str = "",
    born: str = "",
    street: str = "",
    postcode: str = "",
    card: str = "",
    aliases: Iterable[str] = (),
) -> Person:
    """A person as a source might hold them; what is left out, the source does not know."""
    return Person(
        given_name=given or None,
        family_name=family or None,
        emails=[email] if email else [],
        phones=[phone] if phone else [],
        birth_date=date.fromisoformat(born) if born else None,
        addresses=[Address(line1=street, postcode=postcode)] if street or postcode else [],
        identifiers=[Identifier(kind="loyalty", value=card)] if card else [],
        aliases=list(aliases),
    )


def key(source_id: str) -> SourceKey:
    """The key of one of the bench's records."""
    return SourceKey(CONNECTION, STREAM, source_id)


@dataclass
class Bench:
    """A store with one stream of party records, filled and resolved by hand."""

    store: Store
    clock: ManualClock
    ids: IdSource
    settings: IdentitySection = field(default_factory=IdentitySection)
    _rids: dict[str, int] = field(default_factory=dict)

    def put(self, **parties: Party | None) -> None:
        """Store each party under its source id; None deletes it. Then they wait for resolution."""
        seq = dirty.sequence(self.store)
        with self.store.write() as connection:
            columns = ("stream_id", "connection", "stream", "entity")
            bulk.insert_new(connection, streams, columns, [(1, CONNECTION, STREAM, "person")])
            for source_id, party in parties.items():
                rid = self._rids.setdefault(source_id, len(self._rids) + 1)
                deleted = None if party is not None else 1
                canonical = encode(party) if party is not None else None
                entity = party.entity_name if party is not None else "person"
                row = (rid, 1, source_id, entity, 1, b"", b"", canonical, 0, 0, deleted)
                bulk.upsert(connection, source_records, _COLUMNS, [row], key=("rid",))
            marks = [str(self._rids[source_id]) for source_id in parties]
            dirty.mark(connection, "identity", marks, cause="test", seq=seq)

    def resolve(self, *, new_epoch: bool = False) -> ResolveReport:
        """Resolve what waits."""
        return resolve.run(
            self.store,
            self.settings,
            clock=self.clock,
            ids=self.ids,
            actor="test",
            new_epoch=new_epoch,
        )

    def build(self, settings: SurvivorshipSection | None = None) -> GoldenReport:
        """Build the golden records that wait."""
        chosen = settings or SurvivorshipSection()
        return golden.run(self.store, chosen, clock=self.clock, actor="test")

    def decide(self, kind: stewardship.Decision, a: str, b: str) -> stewardship.Decided:
        """A steward's decision on two records, a second after the one before."""
        self.clock.sleep(1)
        return stewardship.decide(
            self.store,
            kind,
            [(key(a), key(b))],
            reason="test",
            actor="test",
            clock=self.clock,
            ids=self.ids,
        )

    def golden_ids(self) -> dict[str, GoldenId]:
        """Source id to golden id."""
        query = select(source_records.c.source_id, cluster_members.c.golden_id).join(
            cluster_members, cluster_members.c.rid == source_records.c.rid
        )
        with self.store.read() as connection:
            return {source_id: GoldenId(g) for source_id, g in connection.execute(query)}

    def clusters(self) -> set[frozenset[str]]:
        """The partition, by source ids."""
        ids = self.golden_ids()
        return {frozenset(s for s in ids if ids[s] == g) for g in ids.values()}


_COLUMNS = (
    "rid",
    "stream_id",
    "source_id",
    "entity",
    "version",
    "fingerprint",
    "mapping",
    "canonical",
    "created_at",
    "changed_at",
    "deleted_at",
)


PersonMaker = Callable[..., Person]


@pytest.fixture
def person() -> PersonMaker:
    """Makes a person as a source might hold them."""
    return make_person


BenchMaker = Callable[[], Bench]


@pytest.fixture(scope="session")
def new_bench(sqlite_databases: Databases) -> BenchMaker:
    """Makes empty benches on SQLite, several in one test; each keeps a clock and ids of its own."""

    def make() -> Bench:
        clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        store = Store.open(sqlite_databases.migrated(), clock)
        return Bench(store, clock, IdSource.seeded(clock, seed=1))

    return make


BenchOn = Callable[[Store], Bench]


@pytest.fixture
def bench_on(clock: ManualClock, ids: IdSource) -> BenchOn:
    """Puts a bench on a store that is already open."""
    return lambda store: Bench(store, clock, ids)


@pytest.fixture
def bench(store: Store, clock: ManualClock, ids: IdSource) -> Bench:
    """An empty bench on either database."""
    return Bench(store, clock, ids)
