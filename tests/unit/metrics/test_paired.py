"""Times of service are never told alone, and never praised while satisfaction falls."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.core.clock import to_micros
from hub.core.settings import MetricsSection
from hub.metrics import handling, resolution
from hub.metrics.definition import METRICS, REGISTRY
from hub.metrics.issues import issues
from hub.metrics.paired import Span, divergence, satisfaction
from hub.metrics.tickets import handled

UNTIL = to_micros(datetime(2026, 3, 10, tzinfo=UTC))
SETTINGS = MetricsSection(min_n=10)
DAY = 24 * 60


def month(number: int, minutes: float, happy: int, of: int = 50) -> list[Span]:
    """Issues of a month that took about ``minutes``, of which ``happy`` were satisfied."""
    at = to_micros(datetime(2026, number, 5, tzinfo=UTC))
    return [
        Span(f"{number}-{n}", at, 60 * minutes + n, n < happy, "1-5") for n in range(of)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("after", "alert"),
    [
        ((70, 25), True),
        ((70, 48), False),
        ((70, 42), False),
        ((98, 25), False),
        ((130, 25), False),
    ],
    ids=["quicker-and-worse", "both-better", "chance", "hardly-quicker", "slower-and-worse"],
)
def test_handling_time_that_falls_while_satisfaction_falls_is_an_alert(after, alert):
    """A hundred minutes and 45 of 50 satisfied, then 30 % less: good news only if they agree."""
    spans = [*month(1, 100, 45), *month(2, *after)]

    found = divergence(spans, UNTIL, UTC, SETTINGS)

    assert found is not None
    assert found.months == ("2026-01", "2026-02")
    assert found.alert is alert


@pytest.mark.parametrize("few", [month(2, 70, 5, of=9), []], ids=["few", "none"])
def test_too_few_in_a_month_are_no_reason_for_an_alert(few):
    """Nine issues are no month to hold against another."""
    assert divergence([*month(1, 100, 45), *few], UNTIL, UTC, SETTINGS) is None


def test_satisfaction_is_that_of_the_scale_most_were_asked_on():
    """Good or bad and one to five are two series: they are not added up."""
    spans = [*month(1, 9, 30), Span("x", 0, 1.0, satisfied=True, scale="0-1"), Span("y", 0, 1.0)]

    pair = satisfaction(spans, 0.95)

    assert pair is not None
    assert (pair.scale, pair.share.n, pair.share.value) == ("1-5", 50, 60.0)


def test_every_time_of_service_is_declared_with_its_pair():
    """Who adds one has to say what it is held against."""
    times = {metric.id: metric.pair for metric in METRICS if metric.unit == "duration"}

    assert times == dict.fromkeys(
        ("first_reply_time", "full_resolution_time", "handling_time"), "csat"
    )
    assert {REGISTRY[pair].unit for pair in times.values() if pair} == {"percent"}


def worked(desk, **settings):
    given = MetricsSection(**settings)
    found = issues(desk.service(), given)
    return {each.series: each for each in handling.overall(found, UNTIL, UTC, given)}


def test_handling_time_is_what_agents_clocks_say(desk):
    """Talk on the phone plus the time that the ticket's own field holds."""
    desk.ticket("1", 0, subject="Parcel", attributes={"time spent": "300"})
    desk.call(60, subject="parcel", seconds=120)
    desk.rated("1", 1)

    told = worked(desk, agent_time="time spent")["per issue median"]

    assert told.estimate.value == 420
    assert told.pair.share.value == 100.0


def test_an_issue_that_tells_half_of_its_time_is_left_out(desk):
    """A call of two minutes is not the handling of a ticket that took a week."""
    desk.ticket("1", 0, subject="Parcel")
    desk.call(60, subject="parcel", seconds=120)
    desk.rated("1", 1)

    told = worked(desk)["per issue"]

    assert told.status == "absent"
    assert "not time that was worked" in str(told.detail["why"])


@pytest.mark.parametrize("value", ["", "soon", "-5", None], ids=repr)
def test_what_is_no_number_of_seconds_is_no_handling_time(desk, value):
    """A field that somebody wrote words into is not read as nought."""
    desk.ticket("1", 0, attributes={"time spent": value})

    assert worked(desk, agent_time="time spent")["per issue"].status == "absent"


def test_resolution_runs_from_creation_to_the_last_solve(desk):
    """Two days in all, of which the customer waited for the company for one; open ones apart."""
    desk.ticket("1", 0, solved=2 * DAY, reopens=1, requester_wait_seconds=86_400)
    desk.ticket("2", 0, status="pending")
    desk.ticket("3", 0, status="closed")
    desk.rated("1", 1)
    rows = handled(desk.service(), SETTINGS)

    told: dict[str, Any] = {
        each.series: each for each in resolution.overall(rows, UNTIL, UTC, SETTINGS)
    }

    assert told["calendar median"].estimate.value == 2 * 86_400
    assert told["waiting for us median"].estimate.value == 86_400
    assert told["on hold"].status == "absent"
    counts = {"unsolved": 1, "opened_again": 1, "solved_at_unknown": 1, "told_of": 1}
    assert counts.items() <= told["calendar median"].detail.items()
