"""Incremental resolution equals batch resolution, whatever the order (invariant 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.records import Identifier, Person
from hub.core.settings import IdentitySection
from hub.identity import blocking, golden_ids

if TYPE_CHECKING:
    from hub.core.ids import GoldenId
    from hub.identity.stewardship import Decision
    from tests.unit.identity.conftest import Bench, BenchMaker

NAMES = [f"r{number}" for number in range(9)]


@dataclass(frozen=True)
class Put:
    """A record appears or changes."""

    name: str
    party: Person


@dataclass(frozen=True)
class Delete:
    """A record vanishes at its source."""

    name: str


@dataclass(frozen=True)
class Decide:
    """A steward decides about two records."""

    kind: Decision
    a: str
    b: str


@dataclass(frozen=True)
class Resolve:
    """The hub resolves what waits."""


Step = Put | Delete | Decide | Resolve


# Few values, so that records collide in every way: households, slips, swapped names, shared and
# crowded contact points, bridges between people.
PARTIES = st.builds(
    lambda names, email, phone, card: Person(
        given_name=names[0],
        family_name=names[1],
        emails=[email] if email else [],
        phones=[phone] if phone else [],
        identifiers=[Identifier(kind="loyalty", value=card)] if card else [],
    ),
    st.sampled_from(
        [
            ("Anna", "Smith"),
            ("Ann", "Smith"),
            ("Smith", "Anna"),
            ("Carol", "Smith"),
            ("Robert", "Smyth"),
            ("Bob", "Smith"),
            ("B", "Jones"),
            ("Anna", "Jones"),
            (None, None),
        ]
    ),
    st.sampled_from(["anna@example.com", "smiths@example.com", "bob@example.com", None]),
    st.sampled_from(["0412 000 001", "02 5550 1234", None]),
    st.sampled_from(["L-1001", None, None]),
)
LATER: st.SearchStrategy[Step] = st.one_of(
    st.builds(Put, st.sampled_from(NAMES), PARTIES),
    st.builds(Delete, st.sampled_from(NAMES)),
    st.builds(
        Decide,
        st.sampled_from(["must_link", "cannot_link"]),
        st.sampled_from(NAMES[:4]),
        st.sampled_from(NAMES[4:]),
    ),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    """Nine records in any order, then edits, deletions and decisions, resolved now and then."""
    parties = draw(st.lists(PARTIES, min_size=len(NAMES), max_size=len(NAMES)))
    arrivals = draw(st.permutations(NAMES))
    steps: list[Step] = [Put(*pair) for pair in zip(arrivals, parties, strict=True)]
    steps += draw(st.lists(LATER, max_size=6))
    runs = draw(st.sets(st.integers(1, len(steps))))
    return [
        step for i, done in enumerate(steps, 1) for step in (done, Resolve())[: 1 + (i in runs)]
    ]


def _play(bench: Bench, steps: Sequence[Step]) -> set[GoldenId]:
    """Every golden id that was given out on the way."""
    known: set[str] = set()
    given_out: set[GoldenId] = set()
    for step in steps:
        match step:
            case Put(name, party):
                known.add(name)
                bench.put(**{name: party})
            case Delete(name):
                known.add(name)
                bench.put(**{name: None})
            case Decide(kind, a, b) if {a, b} <= known:
                bench.decide(kind, a, b)
            case Resolve():
                bench.resolve()
                given_out |= set(bench.golden_ids().values())
    bench.resolve()
    return given_out


def _at_once(steps: Sequence[Step]) -> list[Step]:
    """The same end without the way there: last state of each record, decisions, one resolution."""
    last: dict[str, Step] = {}
    decided: list[Step] = []
    for step in steps:
        match step:
            case Put(name, _):
                last[name] = step
            case Delete(name):
                last[name] = step
            case Decide(_, a, b) if {a, b} <= last.keys():
                decided.append(step)
    return [last[name] for name in sorted(last, reverse=True)] + decided


@pytest.fixture(autouse=True, scope="module")
def _small_caps() -> Iterator[None]:
    """Blocking caps that a handful of records reaches."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocking, "_CAPS", dict.fromkeys(blocking._CAPS, 3))
        yield


@pytest.fixture(scope="module")
def frozen_bench(new_bench: BenchMaker) -> Callable[[], Bench]:
    """Makes benches whose model epoch is already frozen, the same for all."""

    def make() -> Bench:
        bench = new_bench()
        bench.settings = IdentitySection(max_shared_by=4, max_cluster_size=5)
        bench.resolve()
        return bench

    return make


@settings(max_examples=15)
@given(steps=histories())
def test_step_by_step_ends_where_all_at_once_ends(
    frozen_bench: Callable[[], Bench], steps: list[Step]
) -> None:
    """Any order and any split into runs, with changes, deletions and decisions, ends the same."""
    _assert_the_way_does_not_matter(frozen_bench, steps)


@pytest.mark.slow
@settings(max_examples=250)
@given(steps=histories())
def test_ten_times_as_many_ways_end_the_same(
    frozen_bench: Callable[[], Bench], steps: list[Step]
) -> None:
    """The rarer meetings of changes, deletions and decisions too."""
    _assert_the_way_does_not_matter(frozen_bench, steps)


def _assert_the_way_does_not_matter(frozen_bench: Callable[[], Bench], steps: list[Step]) -> None:
    stepwise, at_once = frozen_bench(), frozen_bench()

    given_out = _play(stepwise, steps)
    _play(at_once, _at_once(steps))

    assert stepwise.clusters() == at_once.clusters()
    _assert_all_resolve(stepwise, given_out)


def _assert_all_resolve(bench: Bench, given_out: set[GoldenId]) -> None:
    """Every id leads in one step to a customer of today, or says that it is retired (6)."""
    living = set(bench.golden_ids().values())
    with bench.store.read() as connection:
        for golden_id in given_out | living:
            where = golden_ids.find(connection, golden_id)
            assert where.golden_id in living or where.status in ("retired", "merged")
            assert (where.status == "live") == (golden_id in living)
