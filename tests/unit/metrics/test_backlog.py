"""The backlog balances, whatever happens to tickets."""

from __future__ import annotations

from datetime import UTC, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.clock import to_micros
from hub.core.settings import MetricsSection
from hub.metrics import backlog
from hub.metrics.backlog import Balance, Movement, balance, unsolved
from hub.metrics.tickets import Handled, handled

MOVEMENTS = st.lists(
    st.builds(
        Movement,
        st.integers(0, 5),
        st.integers(0, 30),
        st.sampled_from(("created", "reopened", "solved", "removed")),
    ),
    max_size=40,
)
INSTANTS = st.tuples(st.integers(-1, 31), st.integers(-1, 31)).map(sorted)


@settings(max_examples=50)
@given(MOVEMENTS, INSTANTS)
def test_the_balance_comes_out_to_the_ticket(movements, instants):
    """B(t2) = B(t1) + created + reopened - solved, for doubles, deletions and any order of news."""
    start, end = instants

    found = balance(movements, start, end)

    assert found.after == found.before + found.created + found.reopened - found.solved
    assert found.before == unsolved(movements, start)
    assert found.after == unsolved(movements, end)


@settings(max_examples=50)
@given(MOVEMENTS, INSTANTS, st.integers(-1, 31))
def test_two_periods_after_one_another_are_one(movements, instants, middle):
    """What moved in a quarter is what moved in its months."""
    start, end = instants
    middle = min(max(middle, start), end)

    whole = balance(movements, start, end)
    first, second = balance(movements, start, middle), balance(movements, middle, end)

    assert whole == Balance(
        first.before, first.created + second.created, first.reopened + second.reopened,
        first.solved + second.solved, second.after,
    )  # fmt: skip


def test_a_movement_counts_once():
    """Solved twice is solved once; opened again only after it was solved."""
    moved = [
        Movement(1, 0, "created"), Movement(1, 1, "reopened"), Movement(1, 2, "solved"),
        Movement(1, 3, "solved"), Movement(1, 4, "reopened"), Movement(1, 5, "solved"),
    ]  # fmt: skip

    assert balance(moved, -1, 9) == Balance(0, 1, 1, 2, 0)


def test_a_removed_ticket_never_was():
    """Spam that is deleted today leaves yesterday's backlog too: both sides of the balance."""
    moved = [Movement(1, 0, "created"), Movement(2, 0, "created"), Movement(1, 9, "removed")]

    assert unsolved(moved, 5) == 1


HANDLED = st.builds(
    Handled,
    st.just("ada"),
    st.integers(0, 20),
    st.just(0),
    unsolved=st.booleans(),
    solved_at=st.none() | st.integers(0, 30),
    reopened_at=st.none(),
)


@settings(max_examples=50)
@given(st.lists(HANDLED, max_size=12), INSTANTS)
def test_what_a_store_tells_balances_too(rows, instants):
    """Also where clocks disagree and a solve has no instant."""
    found = balance(backlog.movements(rows), *instants)

    assert found.after == found.before + found.created + found.reopened - found.solved


def test_each_month_begins_with_what_the_one_before_left(desk):
    """Months of a desk: opened, solved, opened again, deleted and merged ones."""
    day = 24 * 60
    desk.ticket("1", 0, solved=3 * day)
    desk.ticket("2", 10 * day, solved=40 * day)
    desk.ticket("3", 20 * day, status="open", solved=30 * day)
    desk.into("3", 60 * day)
    desk.ticket("4", 0, status="deleted")
    desk.ticket("5", 0, attributes={"merged_into": "1"})
    rows = handled(desk.service(), MetricsSection())

    until = to_micros(desk.start + timedelta(days=70))
    told = {each.series: each for each in backlog.overall(rows, until, UTC)}

    values = {series: each.estimate and each.estimate.value for series, each in told.items()}
    assert values == {"2026-01": 2, "2026-02": 0, "now": 1}
    assert told["now"].detail["reopened"] == 1
    begins = [told[series].detail["before"] for series in ("2026-02", "now")]
    assert begins == [values["2026-01"], values["2026-02"]]
