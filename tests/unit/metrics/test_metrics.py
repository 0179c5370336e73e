"""What each metric counts, and that increments and recomputation agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
import pytest
from sqlalchemy import select, update

from hub.core.clock import to_micros
from hub.metrics import orders
from hub.store import bulk, schema

TODAY = datetime(2026, 1, 1, tzinfo=UTC)


def days_ago(days: float) -> datetime:
    return TODAY - timedelta(days=days)


def test_nps_counts_the_last_answer_of_a_person_in_a_wave(business):
    """Who changes their mind within a wave is one respondent; another wave is another answer."""
    business.customer(1)
    business.answer(1, "nps", 3, wave="may", at=days_ago(9))
    business.answer(1, "nps", 10, wave="may", at=days_ago(8))
    business.answer(1, "nps", 0, wave="june", at=days_ago(2))

    business.measure()

    assert business.current()["nps", "0-10"] == (0.0, 2, "ok")
    assert business.profile_values()["g1", "nps"][0] == 0


@pytest.mark.parametrize(
    "answer",
    [{"score": 4, "scale_min": 1, "scale_max": 5}, {"score": 11}, {"score": 7.5}],
    ids=["other-scale", "out-of-range", "no-whole-number"],
)
def test_an_answer_off_its_scale_is_left_out(business, answer):
    """Nothing is mapped silently to 0-10; one good answer remains."""
    business.answer(None, "nps", 9)
    business.answer(None, "nps", **answer)

    business.measure()

    assert business.current()["nps", "0-10"] == (100.0, 1, "ok")


def test_csat_of_two_scales_are_two_series(business):
    """Five boxes and good/bad are never added up."""
    business.answer(None, "csat", 4)
    business.answer(None, "csat", 2)
    business.answer(None, "csat", 1, scale_min=0, scale_max=1)

    business.measure()

    current = business.current()
    assert current["csat", "1-5"][:2] == (50.0, 2)
    assert current["csat", "0-1"][:2] == (100.0, 1)


@pytest.mark.parametrize(("summary", "value"), [("mean", 4.5), ("top_box", 50.0), ("net", 0.0)])
def test_ces_reports_the_summary_that_was_chosen(business, summary, value):
    """Answers 7 and 2 under the three published summaries."""
    business.answer(None, "ces", 7)
    business.answer(None, "ces", 2)

    business.measure(ces_summary=summary)

    assert business.current()["ces", f"{summary} 1-7"][0] == pytest.approx(value)


def test_below_the_minimum_there_is_no_number(business):
    """Three answers are told as three; the value says insufficient data."""
    for score in (9, 10, 3):
        business.answer(None, "nps", score)

    business.measure(min_n=4)

    assert business.current()["nps", "0-10"] == (None, 3, "insufficient")


def test_the_order_filter_belongs_to_the_metric(business):
    """Cancelled, unidentified and free lines are stored but not counted; refunds reduce."""
    business.customer(1)
    business.order(1, "a", 1000, days_ago(10))
    business.order(1, "a", 500, days_ago(10))
    business.order(1, "b", 700, days_ago(5))
    business.order(1, "b", -200, days_ago(4), kind="refund")
    business.order(1, "c", 900, days_ago(3), cancelled=True)
    business.order(1, "d", 0, days_ago(3))
    business.order(None, "e", 9900, days_ago(3))

    business.measure()

    assert business.current()["aov", "GBP"][0] == pytest.approx(1000.0)
    values = business.profile_values()
    assert values["g1", "orders"][0] == 2
    assert values["g1", "net_spend"][0] == 2000


def test_an_order_without_a_paid_line_is_no_order(business):
    """Shipping of a free sample is an adjustment of nothing; a refund alone buys nothing."""
    business.customer(1)
    business.order(1, "a", 1000, days_ago(10))
    business.order(1, "sample", 0, days_ago(5))
    business.order(1, "sample", 500, days_ago(5), kind="adjustment", positive=False)
    business.order(1, "gone", -300, days_ago(5), kind="refund")

    business.measure()

    assert business.profile_values()["g1", "orders"][0] == 1
    assert business.current()["aov", "GBP"][0] == 1000


def test_a_series_that_nobody_measures_any_more_ends(business):
    """The only order in euros is cancelled: its averages must not stand for ever."""
    business.customer(1)
    business.order(1, "a", 100, days_ago(2))
    business.order(1, "b", 300, days_ago(1), currency="EUR")
    business.measure()

    with business.store.write() as connection:
        cancelled = update(schema.order_entries).values(cancelled=True)
        connection.execute(cancelled.where(schema.order_entries.c.currency == "EUR"))
    business.mark("facts", 1)
    business.measure()

    assert {series for _, series in business.current()} == {"GBP"}
    assert business.measure().snapshots == 0


def test_repeat_rate_counts_people_not_records(business):
    """Two records of one person with one order each are one returning customer."""
    business.customer(1, "same")
    business.customer(2, "same")
    business.customer(3)
    for rid in (1, 2, 3):
        business.order(rid, f"o{rid}", 100, days_ago(rid))

    business.measure()

    assert business.current()["repeat_rate", "GBP"][:2] == (50.0, 2)


def test_currencies_are_never_added(business):
    """One series per currency."""
    business.customer(1)
    business.order(1, "a", 100, days_ago(1))
    business.order(1, "b", 300, days_ago(1), currency="AUD")

    business.measure()

    current = business.current()
    assert (current["aov", "GBP"][0], current["aov", "AUD"][0]) == (100, 300)


@pytest.mark.parametrize(("age", "label"), [(179, "active"), (182, "churned")])
def test_churn_waits_for_the_horizon(business, age, label):
    """An active customer is provisional: they may yet stay away; a churned one is final."""
    business.customer(1)
    business.customer(2)
    business.order(1, "a", 100, days_ago(age))
    business.order(2, "b", 100, days_ago(1))

    business.measure(churn_horizon=180)

    value, shown, status = business.profile_values()["g1", "churn"]
    assert (value, shown) == (None, label)
    assert status == ("provisional" if label == "active" else "ok")


def test_rfm_quintiles_are_filled_even_when_everyone_is_alike(business):
    """Ten one-time buyers on one day: two in each quintile, the same ones on every run."""
    for rid in range(10):
        business.customer(rid)
        business.order(rid, f"o{rid}", 100, days_ago(3))

    business.measure()

    labels = [
        v[1] for (_, metric), v in sorted(business.profile_values().items()) if metric == "rfm"
    ]
    assert labels == [f"{q}-{q}-{q}" for q in (1, 1, 2, 2, 3, 3, 4, 4, 5, 5)]


def test_rfm_does_not_depend_on_golden_ids(business):
    """They are random: another hub on the same orders gives every customer the same label."""
    for place, golden_id in enumerate(("g-last", "g-first", "g-middle")):
        business.customer(place, golden_id)
        business.order(place, f"o{place}", 100, days_ago(3))

    business.measure()

    values = business.profile_values()
    labels = [values[golden_id, "rfm"][1] for golden_id in ("g-last", "g-first", "g-middle")]
    assert labels == ["1-1-1", "2-2-2", "4-4-4"]


def test_an_unchanged_second_measurement_writes_nothing(business):
    """No snapshot, no value, no leaf; and nobody's profile is looked at again."""
    business.customer(1)
    business.order(1, "a", 100, days_ago(3))
    business.measure()

    report = business.measure()

    assert (report.customers, report.changed, report.snapshots) == (0, 0, 0)


def test_late_data_supersede_a_snapshot(business):
    """The old value stays, marked with the time it stopped being the latest."""
    business.customer(1)
    business.order(1, "a", 100, days_ago(3))
    business.measure()
    business.clock.sleep(60)
    business.order(1, "b", 300, days_ago(9))

    business.measure()

    table = schema.metric_snapshots
    with business.store.read() as connection:
        query = select(table).where(table.c.metric == "aov").order_by(table.c.computed_at)
        old, new = connection.execute(query).all()
    assert (old.value, new.value) == (100, 200)
    assert old.superseded_at == to_micros(business.clock.now())
    assert new.superseded_at is None


def test_a_new_day_moves_recency_without_new_facts(business):
    """Time alone makes a customer churned."""
    business.customer(1)
    business.order(1, "a", 100, days_ago(10))
    business.measure(churn_horizon=20)

    business.clock.sleep(15 * 86_400)
    business.measure(churn_horizon=20)

    assert business.profile_values()["g1", "churn"][1] == "churned"


def test_a_day_begins_on_the_clocks_of_the_business(business):
    """At 22:30 UTC it is tomorrow in Brisbane, and recency counts from there."""
    now = datetime(2026, 1, 1, 22, 30, tzinfo=UTC)
    with business.store.read() as connection:
        here = orders.reference_date(connection, to_micros(now))
        brisbane = orders.reference_date(connection, to_micros(now), ZoneInfo("Australia/Brisbane"))

    assert here == to_micros(datetime(2026, 1, 2, tzinfo=UTC))
    assert brisbane == to_micros(datetime(2026, 1, 2, 14, tzinfo=UTC))


def test_a_snapshot_tells_how_fresh_its_inputs_were(business):
    """Each input with the time it was read to its end; newer reads alone are no new snapshot."""
    business.answer(None, "nps", 9)
    with business.store.write() as connection:
        stream = (1, "surveys", "responses", "feedback")
        columns = ("stream_id", "connection", "stream", "entity")
        bulk.insert(connection, schema.streams, columns, [stream])
    business.read("surveys", "responses")
    business.measure()
    business.clock.sleep(60)
    business.read("surveys", "responses")
    business.mark("facts", 1)

    report = business.measure()

    with business.store.read() as connection:
        body = orjson.loads(connection.execute(select(schema.metric_snapshots.c.body)).scalar_one())
    assert body["freshness"] == {"feedback": {"surveys/responses": "2026-01-01T00:00:00+00:00"}}
    assert report.snapshots == 0
