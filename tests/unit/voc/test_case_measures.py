"""The numbers of the loop: who counts, in which part, and what is told of the others."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select

from hub.core.clock import ManualClock, to_micros
from hub.core.ids import IdSource
from hub.core.settings import MetricsSection
from hub.metrics.definition import LOOP, REGISTRY
from hub.metrics.interval import wilson
from hub.store import bulk
from hub.store.engine import Store
from hub.store.schema import metric_snapshots, order_entries
from hub.voc import case_measures, case_steps
from hub.voc.case_measures import came_back
from hub.voc.case_steps import Doer
from tests.conftest import Databases
from tests.unit.voc.complaints import Complaints

HOUR = 3_600


class Numbers(Complaints):
    """Complaints whose numbers are asked for."""

    def value(self, metric: str, series: str) -> tuple[float | None, int, str]:
        ids = IdSource.seeded(self.clock, seed=1)
        self.run()
        case_measures.measure(
            self.store, self.settings, MetricsSection(min_n=1), ids=ids, actor="os:test"
        )
        table = metric_snapshots.c
        query = select(metric_snapshots).where(table.metric == metric, table.series == series)
        with self.store.read() as connection:
            row = connection.execute(query.where(table.superseded_at.is_(None))).one_or_none()
        assert row is not None, f"{metric} {series} is not measured"
        return row.value, row.n, row.status

    def tell(self, golden_id: str, verb: str = "inform") -> None:
        """The waiting case of a customer: they are told now."""
        self.run()
        now = to_micros(self.clock.now())
        (case,) = [
            each for each in self.cases("open", "assigned") if each.rid in self.of[golden_id]
        ]
        self.take(getattr(case_steps, verb)(case, "mail-1", now, Doer("os:kim", now)))

    def unhappy(self, *numbers: int) -> None:
        """Customers who are detractors now."""
        self.of = getattr(self, "of", {})
        for number in numbers:
            who = self.customer(number)
            self.of.setdefault(who, []).append(self.answer(number, 2))

    def buys(self, number: int, *, in_days: float) -> None:
        row = (9_000 + number * 100 + int(in_days), 0, 1, f"o{number}{in_days}", number,
               to_micros(self.clock.now() + timedelta(days=in_days)), "AUD", "sale", 1, 100, True,
               False)  # fmt: skip
        columns = ("rid", "line", "stream_id", "order_ref", "party_rid", "at", "currency", "kind",
                   "quantity", "amount_minor", "positive", "cancelled")  # fmt: skip
        with self.store.write() as connection:
            bulk.insert(connection, order_entries, columns, [row])


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One database: the stage's own tests run on both."""
    return sqlite_databases


@pytest.fixture
def desk(store: Store, clock: ManualClock) -> Numbers:
    return Numbers(store, clock)


def test_the_rate_counts_customers_who_were_told(desk):
    """Of four detractors one is told, one is told no; one refused contact and is not counted."""
    desk.unhappy(1, 2, 3, 4)
    desk.refuses(4)
    desk.clock.sleep(HOUR)
    desk.tell("g1")
    desk.tell("g2", "decline")

    value, n, status = desk.value("closed_loop", "detractor")

    assert (value, n, status) == (wilson(2, 3, 0.95).value, 3, "provisional")


def test_late_is_not_on_time_and_what_is_not_due_is_neither(desk):
    """Told after two hours, after fifty, never; and two of today, of whom one is told at once."""
    desk.unhappy(1, 2, 3)
    desk.clock.sleep(2 * HOUR)
    desk.tell("g1")
    desk.clock.sleep(48 * HOUR)
    desk.tell("g2")
    desk.unhappy(4, 5)
    desk.tell("g5")

    assert desk.value("closed_loop_on_time", "detractor")[:2] == (pytest.approx(100 / 3), 3)
    assert desk.value("closed_loop", "detractor")[:2] == (60.0, 5)


def test_recovery_is_the_next_answer_to_the_same_question(desk):
    """One is content, one is not, one answers another question, one says nothing more."""
    desk.unhappy(1, 2, 3, 4)
    desk.clock.sleep(HOUR)
    for who in ("g1", "g2", "g3", "g4"):
        desk.tell(who)
    desk.clock.sleep(HOUR)
    desk.answer(1, 9)
    desk.answer(2, 5)
    desk.answer(3, 5, "csat")
    desk.clock.sleep(HOUR)
    desk.answer(1, 0)

    assert desk.value("recovery", "score")[:2] == (50.0, 2)


def test_recovery_is_also_coming_back(desk):
    """Bought again; did not, and the window is over; never bought before: in no part."""
    desk.unhappy(1, 2, 3)
    desk.buys(1, in_days=-9)
    desk.buys(2, in_days=-9)
    desk.clock.sleep(HOUR)
    for who in ("g1", "g2", "g3"):
        desk.tell(who)
    desk.buys(1, in_days=30)
    desk.buys(3, in_days=30)
    desk.clock.sleep(91 * 24 * HOUR)

    assert desk.value("recovery", "purchase")[:2] == (50.0, 2)


def test_recovery_is_what_a_count_by_hand_gives(desk):
    """Thirty customers who answer, are told, answer again and buy as dice fall: both series.

    By hand: no table, no code of the hub's, one customer after the other.
    """
    dice, better, back = Random(4), [], []
    desk.unhappy(*range(30))
    bought = {number: dice.random() < 0.6 for number in range(30)}
    for number in range(30):
        if bought[number]:
            desk.buys(number, in_days=-dice.randrange(1, 50))
    desk.clock.sleep(HOUR)
    told = [number for number in range(30) if dice.random() < 0.7]
    for number in told:
        desk.tell(f"g{number}")
    for number in range(30):
        scores = [dice.choice([0, 5, 6, 7, 9]) for _ in range(dice.randrange(3))]
        later = dice.choice([None, 5, 80, 120])
        desk.clock.sleep(60)
        for score in scores:
            desk.clock.sleep(60)
            desk.answer(number, score)
        if later is not None:
            desk.buys(number, in_days=later)
        if number in told:
            better += [scores[0] > 6] if scores else []
            back += [later in (5, 80)] if bought[number] else []
    desk.clock.sleep(95 * 24 * HOUR)

    for series, found in (("score", better), ("purchase", back)):
        assert 0 < sum(found) < len(found)
        expected = (pytest.approx(100 * sum(found) / len(found)), len(found))
        assert desk.value("recovery", series)[:2] == expected


def test_whether_somebody_comes_back_is_open_until_the_window_is_over():
    """On its last instant a purchase still counts, and its lack does not yet."""
    assert came_back(10, [5, 14], window=4, now=14) is True
    assert came_back(10, [5], window=4, now=14) is None
    assert came_back(10, [5, 15], window=4, now=20) is False
    assert came_back(10, [11], window=4, now=20) is None


def test_the_debt_is_what_nobody_answered(desk):
    """Three answers of two customers; one customer is told: one answer is owed, three days old."""
    desk.unhappy(1, 1, 2)
    desk.clock.sleep(72 * HOUR)
    desk.tell("g1")

    assert desk.value("feedback_debt", "")[:2] == (1.0, 3)
    assert desk.value("feedback_debt", "")[:2] == (1.0, 3)


def test_the_numbers_are_defined_where_all_are():
    """So that ``hub metrics describe`` says what they mean."""
    assert set(REGISTRY) >= LOOP
