"""Resolution in the store: clusters, golden ids through merge, split and undo, audit, marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from hub.audit.log import AuditEvent
from hub.core import boundary
from hub.core.errors import NotFound, StopRun
from hub.core.ids import GoldenId
from hub.core.records import Organisation, Person
from hub.core.settings import IdentitySection
from hub.identity import golden_ids, stewardship
from hub.store import dirty, leases
from hub.store.schema import (
    audit_leaves,
    identity_events,
    identity_keys,
    source_records,
)
from hub.store.schema import (
    golden_ids as golden_table,
)

if TYPE_CHECKING:
    from tests.unit.identity.conftest import Bench, PersonMaker


def _find(bench: Bench, golden_id: GoldenId) -> golden_ids.Whereabouts:
    with bench.store.read() as connection:
        return golden_ids.find(connection, golden_id)


def _undo(bench: Bench, loser: GoldenId) -> stewardship.Decided:
    bench.clock.sleep(1)
    return stewardship.undo_merge(
        bench.store, loser, reason="test", actor="test", clock=bench.clock, ids=bench.ids
    )


@pytest.fixture
def merged(bench: Bench, person: PersonMaker) -> tuple[Bench, GoldenId, GoldenId]:
    """Anna with two records and Ann with one, brought together by a bridge: bench, kept, lost."""
    bench.put(
        a1=person("Anna", "Bell", email="anna@example.com"),
        a2=person("Anna", "Bell", email="anna@example.com"),
        b=person("Anna", "Bell", phone="0412 000 001"),
    )
    bench.resolve()
    ids = bench.golden_ids()
    bench.put(c=person("Anna", "Bell", email="anna@example.com", phone="0412 000 001"))
    bench.resolve()
    return bench, ids["a1"], ids["b"]


def test_records_of_one_person_get_one_id(bench: Bench, person: PersonMaker) -> None:
    """Linked records share a golden id, others do not."""
    bench.put(
        a=person("Anna", "Bell", email="anna@example.com"),
        b=person("A", "Bell", email="anna@example.com"),
        c=person("Carl", "Dorn", email="carl@example.com"),
    )

    bench.resolve()

    assert bench.clusters() == {frozenset("ab"), frozenset("c")}


def test_resolving_again_changes_nothing(bench: Bench, person: PersonMaker) -> None:
    """A second run finds no work, mints no id and logs nothing."""
    bench.put(a=person("Anna", "Bell", email="anna@example.com"))
    bench.resolve()
    ids, leaves = bench.golden_ids(), _leaves(bench)

    again = bench.resolve()

    assert (again.records, again.transactions) == (0, 0)
    assert (bench.golden_ids(), _leaves(bench)) == (ids, leaves)


def test_a_merge_keeps_the_id_with_more_records(
    merged: tuple[Bench, GoldenId, GoldenId],
) -> None:
    """The larger side survives; the other id resolves to it for ever."""
    bench, kept, lost = merged

    assert set(bench.golden_ids().values()) == {kept}
    assert _find(bench, lost) == golden_ids.Whereabouts(lost, "merged", kept)


def test_redirects_are_path_compressed(
    merged: tuple[Bench, GoldenId, GoldenId], person: PersonMaker
) -> None:
    """An id that was merged twice is one step away from the living one."""
    bench, kept, lost = merged
    bench.put(**{f"d{n}": person("Anna", "Bell", card="L1") for n in range(6)})
    bench.resolve()
    larger = bench.golden_ids()["d1"]
    bench.put(e=person("Anna", "Bell", card="L1", email="anna@example.com"))

    bench.resolve()

    assert larger != kept
    assert [_find(bench, g).golden_id for g in (lost, kept)] == [larger, larger]
    with bench.store.read() as connection:
        query = select(golden_table.c.redirect_to).where(golden_table.c.golden_id == lost)
        assert connection.execute(query).scalar_one() == larger


def test_undo_gives_the_id_its_records_back(merged: tuple[Bench, GoldenId, GoldenId]) -> None:
    """After an undo the tombstone lives again, with the records it had."""
    bench, kept, lost = merged

    _undo(bench, lost)
    bench.resolve()

    assert bench.golden_ids()["b"] == lost
    assert bench.golden_ids()["a1"] == bench.golden_ids()["a2"] == kept
    assert _find(bench, lost).status == "live"


def test_after_an_undo_the_merge_does_not_come_back(
    merged: tuple[Bench, GoldenId, GoldenId],
) -> None:
    """The decision outlives every later resolution, a new epoch included."""
    bench, _, lost = merged
    _undo(bench, lost)
    bench.resolve()
    before = bench.golden_ids()

    bench.resolve(new_epoch=True)

    assert bench.golden_ids() == before


def test_undo_equals_resolving_under_the_decision(
    merged: tuple[Bench, GoldenId, GoldenId], person: PersonMaker
) -> None:
    """Invariant 8: the partition after an undo is that of the same records and decisions."""
    bench, _, lost = merged
    _undo(bench, lost)
    bench.resolve()
    undone = bench.clusters()

    bench.put(
        a1=person("Anna", "Bell", email="anna@example.com"),
        a2=person("Anna", "Bell", email="anna@example.com"),
        b=person("Anna", "Bell", phone="0412 000 001"),
        c=person("Anna", "Bell", email="anna@example.com", phone="0412 000 001"),
    )
    bench.resolve()

    assert bench.clusters() == undone


def test_only_a_merged_id_can_be_undone(bench: Bench, person: PersonMaker) -> None:
    """Undoing something that never happened says so."""
    bench.put(a=person("Anna", "Bell"))
    bench.resolve()

    with pytest.raises(NotFound, match="never merged"):
        _undo(bench, bench.golden_ids()["a"])


def test_a_split_leaves_the_id_on_the_larger_part(bench: Bench, person: PersonMaker) -> None:
    """When a bridge changes, the part with more records keeps the id, the other gets a new one."""
    bench.put(
        a=person("Anna", "Bell", email="anna@example.com"),
        b=person("Anna", "Bell", email="anna@example.com"),
        c=person("Anna", "Bell", email="anna@example.com"),
    )
    bench.resolve()
    whole = bench.golden_ids()["a"]

    bench.put(c=person("Carl", "Dorn", email="carl@example.com"))
    report = bench.resolve()

    ids = bench.golden_ids()
    assert (ids["a"], ids["b"]) == (whole, whole)
    assert ids["c"] != whole
    assert report.events == {"split": 1}
    with bench.store.read() as connection:
        query = select(golden_table.c.split_from).where(golden_table.c.golden_id == ids["c"])
        assert connection.execute(query).scalar_one() == whole


def test_a_deleted_record_leaves_its_cluster(bench: Bench, person: PersonMaker) -> None:
    """A record deleted at its source leaves; the last to go retires the id, which stays known."""
    bench.put(
        a=person("Anna", "Bell", email="anna@example.com"),
        b=person("Anna", "Bell", email="anna@example.com"),
    )
    bench.resolve()
    golden_id = bench.golden_ids()["a"]

    bench.put(a=None)
    bench.resolve()
    after_one = bench.clusters()
    bench.put(b=None)
    bench.resolve()

    assert after_one == {frozenset("b")}
    assert bench.golden_ids() == {}
    assert _find(bench, golden_id) == golden_ids.Whereabouts(golden_id, "retired", None)


def test_a_record_merged_by_its_vendor_follows_the_winner(
    bench: Bench, person: PersonMaker
) -> None:
    """Its facts stay with the customer although the record itself is gone."""
    bench.put(winner=person("Anna", "Bell"))
    bench.resolve()
    bench.clock.sleep(1)
    bench.put(loser=person("Ann", "Rowe"))
    bench.resolve()
    kept = bench.golden_ids()["winner"]

    bench.put(loser=None)
    with bench.store.write() as connection:
        columns = source_records.c
        winner = select(columns.rid).where(columns.source_id == "winner").scalar_subquery()
        change = source_records.update().where(columns.source_id == "loser")
        connection.execute(change.values(merged_into=winner))
    bench.resolve()

    assert bench.golden_ids() == {"winner": kept, "loser": kept}


def test_aliases_of_a_vendor_bind_records(bench: Bench, person: PersonMaker) -> None:
    """A record that names another as merged into it is the same customer, whichever came first."""
    bench.put(old=person("Ann", "Rowe"), new=person("Anna", "Bell", aliases=["old"]))
    bench.resolve()
    bench.put(old=person("Ann", "Rowe", email="ann@example.com"))
    bench.resolve()

    assert bench.clusters() == {frozenset({"old", "new"})}


def test_decisions_outrank_scores(bench: Bench, person: PersonMaker) -> None:
    """A steward joins what nothing links and parts what everything links."""
    bench.put(
        a=person("Anna", "Bell", email="anna@example.com"),
        b=person("Anna", "Bell", email="anna@example.com"),
        c=person("Carl", "Dorn"),
    )
    bench.resolve()

    bench.decide("cannot_link", "a", "b")
    bench.decide("must_link", "a", "c")
    bench.resolve()

    assert bench.clusters() == {frozenset("ac"), frozenset("b")}


def test_the_newest_decision_wins_and_says_so(bench: Bench, person: PersonMaker) -> None:
    """A decision that contradicts an earlier one is told which."""
    bench.put(a=person("Anna", "Bell"), b=person("Carl", "Dorn"))
    first = bench.decide("must_link", "a", "b")
    second = bench.decide("cannot_link", "a", "b")

    report = bench.resolve()

    assert second.contradicts == first.decisions
    assert report.overruled == set(first.decisions)
    assert bench.clusters() == {frozenset("a"), frozenset("b")}


def test_a_revoked_decision_binds_nobody(bench: Bench, person: PersonMaker) -> None:
    """Taking a decision back restores what the records say."""
    bench.put(a=person("Anna", "Bell"), b=person("Carl", "Dorn"))
    decided = bench.decide("must_link", "a", "b")
    bench.resolve()

    stewardship.revoke(bench.store, decided.decisions[0], actor="test", clock=bench.clock)
    bench.resolve()

    assert bench.clusters() == {frozenset("a"), frozenset("b")}


def test_a_decision_on_an_unknown_record_is_refused(bench: Bench) -> None:
    """Nothing is decided about a record that the store has never seen."""
    with pytest.raises(NotFound, match="crm/contacts/x"):
        bench.decide("must_link", "x", "y")


def test_a_household_stays_apart_when_a_nameless_record_bridges_it(
    bench: Bench, person: PersonMaker
) -> None:
    """A receipt with only the shared phone must not pull two people together."""
    bench.put(
        anna=person("Anna", "Bell", phone="0412 000 001", email="anna@example.com"),
        mark=person("Mark", "Bell", phone="0412 000 001", email="mark@example.com"),
        till=person(phone="0412 000 001"),
    )

    bench.resolve()

    assert {frozenset({"anna"}), frozenset({"mark"})} <= bench.clusters()


def test_namesakes_with_contact_points_of_their_own_stay_apart(
    bench: Bench, person: PersonMaker
) -> None:
    """Father and son of one name at one address, each with e-mail and phone, are two people."""
    home = {"street": "1 Ann St", "postcode": "4000"}
    bench.put(
        f1=person("John", "Bell", email="j1@example.com", phone="0412 000 001"),
        f2=person("John", "Bell", email="j1@example.com", **home),
        s1=person("John", "Bell", email="johnny@example.org", phone="0412 777 888"),
        s2=person("John", "Bell", email="johnny@example.org", **home),
    )

    report = bench.resolve()

    assert bench.clusters() == {frozenset({"f1", "f2"}), frozenset({"s1", "s2"})}
    assert report.vetoed["namesakes"] == 1


def test_a_swapped_record_does_not_turn_its_cluster_against_others(
    bench: Bench, person: PersonMaker
) -> None:
    """A record with its names crossed joins, and the vote of first names counts it as agreeing."""
    bench.put(
        a=person("Anna", "Bell", email="anna@example.com"),
        b=person("Bell", "Anna", email="anna@example.com"),
        c=person("Bell", "Anna", email="anna@example.com"),
    )

    bench.resolve()

    assert bench.clusters() == {frozenset("abc")}


def test_a_crowded_value_is_no_key_for_anyone(bench: Bench, person: PersonMaker) -> None:
    """When one record too many carries a value, the links by it go, for the early ones too."""
    bench.settings = IdentitySection(max_shared_by=3)
    bench.put(**{f"r{n}": person(phone="02 5550 1234") for n in range(3)})
    bench.resolve()
    together = bench.clusters()

    bench.put(r3=person(phone="02 5550 1234"))
    report = bench.resolve()

    assert together == {frozenset({"r0", "r1", "r2"})}
    assert bench.clusters() == {frozenset({f"r{n}"}) for n in range(4)}
    assert report.capped == {"phone": 1}


def test_a_customer_does_not_grow_without_limit(bench: Bench, person: PersonMaker) -> None:
    """Beyond the size cap a join is vetoed and counted."""
    bench.settings = IdentitySection(max_cluster_size=3)
    bench.put(**{f"r{n}": person("Anna", "Bell", email="anna@example.com") for n in range(5)})

    report = bench.resolve()

    assert max(map(len, bench.clusters())) == 3
    assert report.vetoed["size"] > 0


def test_persons_are_never_linked_with_organisations(bench: Bench) -> None:
    """A sole trader's own record and the record of the business stay two."""
    bench.put(
        person=Person(given_name="Anna", family_name="Bell", emails=["anna@example.com"]),
        business=Organisation(name="Anna Bell", emails=["anna@example.com"]),
    )

    bench.resolve()

    assert len(bench.clusters()) == 2


def test_changed_settings_begin_a_new_epoch(bench: Bench, person: PersonMaker) -> None:
    """Records that did not change are resolved again when the thresholds do."""
    bench.put(a=person(phone="0412 000 001"), b=person(phone="0412 000 001"))
    first = bench.resolve()
    bench.settings = IdentitySection(auto=30.0)

    second = bench.resolve()

    assert (first.epoch_began, second.epoch_began) == ("first", "settings changed")
    assert len(bench.clusters()) == 2


def test_every_change_of_a_person_leaves_an_event_and_a_leaf(
    merged: tuple[Bench, GoldenId, GoldenId],
) -> None:
    """Created, merged and joined: one event and one audit leaf each, without a personal value."""
    bench, kept, lost = merged

    with bench.store.read() as connection:
        query = select(identity_events.c.kind, identity_events.c.golden_id)
        events = [(kind, g) for kind, g in connection.execute(query)]
        bodies = connection.execute(select(audit_leaves.c.body)).scalars().all()

    leaves = [AuditEvent.parse(bytes(body)) for body in bodies]
    expected = {("created", kept), ("created", lost), ("merged", lost), ("joined", kept)}
    assert len(events) == len(expected)
    assert set(events) == expected
    assert {(e.kind.removeprefix("identity."), e.subject) for e in leaves} >= expected
    assert not any(b"anna" in bytes(body).lower() for body in bodies)


def test_every_touched_customer_is_marked_for_the_golden_record(
    merged: tuple[Bench, GoldenId, GoldenId],
) -> None:
    """The id that lost its records is built again too, so that its record goes."""
    bench, kept, lost = merged

    with bench.store.read() as connection:
        marks = {mark.key for mark in dirty.waiting(connection, "golden", 10)}

    assert marks == {kept, lost}


def test_a_run_that_died_after_a_commit_is_resumed(bench: Bench, person: PersonMaker) -> None:
    """What was committed stays, what waits is resolved by the next run."""
    bench.put(a=person("Anna", "Bell"), b=person("Carl", "Dorn"))

    class Killed(Exception):
        pass

    def kill(_: object) -> None:
        raise Killed

    boundary.listen(kill)
    try:
        with pytest.raises(Killed):
            bench.resolve()
    finally:
        boundary.listen(None)
    committed = bench.golden_ids()
    bench.put(c=person("Eva", "Funk"))
    bench.resolve()

    assert committed.items() <= bench.golden_ids().items()
    assert len(bench.golden_ids()) == 3


def test_two_resolutions_at_once_are_refused(bench: Bench) -> None:
    """A live process that resolves keeps others out."""
    leases.acquire(bench.store, "identity", holder="elsewhere:1")

    with pytest.raises(StopRun, match="elsewhere"):
        bench.resolve()


def test_a_gone_record_keeps_no_keys(bench: Bench, person: PersonMaker) -> None:
    """Blocking keys hold personal values; they go with the record."""
    bench.put(a=person("Anna", "Bell", email="anna@example.com", card="L1"))
    bench.resolve()

    bench.put(a=None)
    bench.resolve()

    with bench.store.read() as connection:
        assert connection.execute(select(func.count()).select_from(identity_keys)).scalar() == 0


def _leaves(bench: Bench) -> int:
    with bench.store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(audit_leaves)).scalar_one())
