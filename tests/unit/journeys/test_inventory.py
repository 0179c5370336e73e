"""Touchpoints as the data show them, what the map misses, and how customers feel at each stage."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.core.records import (
    AnyRecord,
    Feedback,
    Interaction,
    LoyaltyEntry,
    Message,
    Order,
    PartyRef,
    Task,
    Ticket,
)
from hub.journeys import kinds
from hub.journeys.curve import curve, lowest
from hub.journeys.drift import drift
from hub.journeys.feeling import named_feelings, score_or_words
from hub.journeys.files import SHIPPED, read
from hub.journeys.inventory import Row, inventory
from hub.journeys.timeline import Event, events_of, in_order
from hub.text.reading import Models
from tests.unit.journeys.traces import ALWAYS, day, journey, trace

MAP = read(SHIPPED)
ADA = PartyRef(id="ada")


def told(*records: AnyRecord, connection: str = "c") -> list[Event]:
    """The timeline of these records; the third is ``c/s/3``."""
    return in_order(
        event
        for number, record in enumerate(records, 1)
        for event in events_of(f"{connection}/s/{number}", record)
    )


def order(at: float, channel: str | None = "web") -> Order:
    return Order(order_ref=f"o{at}", at=day(at), currency="AUD", total_minor=1, channel=channel)


def answer(at: float, score: float, **other: Any) -> Feedback:
    scale: dict[str, Any] = {"instrument": "csat", "scale_min": 1, "scale_max": 5} | other
    return Feedback(at=day(at), score=score, **scale)


ONE = told(
    order(1),
    order(2),
    order(3, "store"),
    Interaction(at=day(4), kind="fax", channel="office"),
    Ticket(at=day(5), channel="email"),
    answer(6, 2, ticket="5"),
    Task(at=day(5), subject="call back"),
    Message(at=day(5), ticket="5", public=False, direction="out"),
)
TWO = told(order(9), LoyaltyEntry(party=ADA, at=day(10)), answer(30, 5, instrument="nps"))


def by_place(rows: list[Row]) -> dict[tuple[str, str | None], Row]:
    return {(row.kind, row.channel): row for row in rows}


def test_the_inventory_is_what_the_data_show():
    """One row per kind and channel in use, busiest first; what only staff see is no touchpoint."""
    rows = inventory(MAP, [ONE, TWO], ALWAYS)

    types = {(e.kind, e.channel) for e in [*ONE, *TWO] if e.kind not in kinds.INTERNAL}
    assert set(by_place(rows)) == types
    assert (rows[0].kind, rows[0].channel) == ("order", "web")
    assert (rows[0].volume, rows[0].people, rows[0].stage) == (3, 2, "purchase")
    assert (rows[0].first_seen, rows[0].last_seen) == (day(1), day(9))


def test_touchpoints_that_nobody_is_asked_about_are_flagged():
    """The ticket got an answer by its number; orders, faxes and points got none."""
    rows = by_place(inventory(MAP, [ONE, TWO], ALWAYS))

    assert rows["ticket_opened", "email"].feedback == {"csat": 1}
    assert {place for place, row in rows.items() if row.unheard} == {
        ("order", "web"), ("order", "store"), ("other", "office"), ("loyalty", None),
    }  # fmt: skip


@pytest.mark.parametrize(("days", "heard"), [(3, {"csat": 1}), (3.01, {})])
def test_an_answer_soon_after_a_meeting_is_about_it(days, heard):
    """Three days; later it is about the relationship."""
    rows = by_place(inventory(MAP, [told(order(1), answer(1 + days, 4))], ALWAYS))

    assert rows["order", "web"].feedback == heard


def test_drift_names_what_the_map_does_not_know():
    """An event type that nobody drew appears with the source's own word and its volume."""
    found = drift(MAP, [ONE, TWO], ALWAYS, UTC)

    assert [(row.kind, row.word, row.volume) for row in found.unmapped] == [("other", "fax", 1)]


def test_drift_names_what_no_customer_meets():
    """A touchpoint of the map without a single event is a wish, or a lost feed."""
    found = drift(journey("abc"), [trace("a0 c1")], ALWAYS, UTC)

    assert [(stage, str(touchpoint)) for stage, touchpoint in found.unseen] == [
        ("b", "usage about b")
    ]


@pytest.mark.parametrize(
    ("now", "overdue"),
    [
        (datetime(2026, 4, 1, 13, 59, tzinfo=UTC), 0),
        (datetime(2026, 4, 1, 14, 1, tzinfo=UTC), 1),
        (datetime(2026, 5, 1, 0, 0, tzinfo=UTC), 30),
    ],
)
def test_a_review_is_overdue_from_the_day_after(now, overdue):
    """Ninety days after 1 January, on the business's own clocks: Brisbane is ten hours ahead."""
    found = drift(journey("ab"), [trace("a0 b1")], now, ZoneInfo("Australia/Brisbane"))

    assert found.review_due == datetime(2026, 4, 1, tzinfo=UTC).date()
    assert found.overdue == overdue
    assert found.needs_somebody is (overdue > 0)


ASKED = journey(
    "ab",
    stages=[
        {
            "id": "buy", "title": "Buy", "goal": "g",
            "touchpoints": [{"kind": "order", "ask_every": "30d"}],
        },
        {"id": "log", "title": "L", "goal": "g", "touchpoints": [{"kind": "log_in"}]},
    ],
)  # fmt: skip


@pytest.mark.parametrize(
    ("now", "orders", "gap"),
    [(32, (1, 31), False), (32.1, (1, 31), True), (70, (1, 31), False), (40, (1, 35), True)],
    ids=["in-time", "survey-removed", "nothing-sold", "still-sold"],
)  # fmt: skip
def test_a_survey_that_stops_is_a_gap_within_its_cadence(now, orders, gap):
    """Wanted every 30 days, last heard on day 2; where nobody buys, nobody need be asked."""
    events = told(*(order(at) for at in orders), answer(2, 4))

    found = drift(ASKED, [events], day(now), UTC)

    assert [(each.stage, each.since) for each in found.gaps] == ([("buy", day(2))] if gap else [])


def test_what_was_never_asked_is_a_gap():
    """A touchpoint in use that the map wants heard, and no answer ever."""
    (found,) = drift(ASKED, [told(order(1))], day(3), UTC).gaps

    assert (str(found.touchpoint), found.since) == ("order", None)


def test_the_curve_is_lowest_at_the_planted_stage():
    """Bad answers after help, good ones after purchases: the minimum lands on help."""
    events = told(
        order(1),
        answer(2, 5, survey="purchase"),
        Ticket(at=day(10), channel="email", reopens=1),
        Interaction(at=day(11), kind="call"),
        answer(12, 1, survey="support"),
        answer(13, 2, ticket="3"),
        answer(40, 8, instrument="nps", scale_min=0, scale_max=10),
    )

    points = {point.stage: point for point in curve(MAP, [events], ALWAYS)}

    assert lowest(list(points.values())) is points["help"]
    assert (points["help"].n, points["help"].felt) == (2, -0.75)
    assert points["purchase"].felt == 1.0
    assert points["stay"].felt == pytest.approx(0.6)
    assert not points["help"].worse_than_expected


def test_effort_is_counted_per_customer_of_the_stage():
    """Two contacts, one change of channel and one reopening on one of two customers."""
    hard = told(Ticket(at=day(1), channel="email", reopens=1), Interaction(at=day(2), kind="call"))
    easy = told(Ticket(at=day(1), channel="email"))

    points = {point.stage: point for point in curve(MAP, [hard, easy], ALWAYS)}

    got = points["help"]
    assert (got.people, got.contacts, got.switches, got.reopens) == (2, 1.5, 0.5, 0.5)
    assert got.effort == 2.5


def test_a_stage_with_too_few_answers_has_no_value():
    """Below the minimum there is a count and no mean, and it cannot be the minimum."""
    events = told(order(1), answer(2, 1, survey="purchase"))

    points = curve(MAP, [events], ALWAYS, min_n=2)

    assert [(p.n, p.felt) for p in points if p.stage == "purchase"] == [(1, None)]
    assert lowest(points) is None


def test_feelings_may_come_from_texts():
    """Whoever reads messages tells how they felt; the stage is where they were written."""
    events = told(order(1), Message(at=day(2), text="This is hopeless"))

    points = curve(
        MAP, [events], ALWAYS,
        sentiment_of=lambda e: -1.0 if isinstance(e.record, Message) else None,
    )  # fmt: skip

    assert [(p.stage, p.felt) for p in points if p.n] == [("help", -1.0)]


def test_words_are_read_where_there_is_no_score():
    """A ticket sounds bad and names a feeling; a score wins over its comment; staff say nothing."""
    events = told(
        order(1),
        Ticket(at=day(2), body="Terrible service, I am so frustrated!", solved_at=day(3)),
        Message(at=day(2), ticket="2", direction="out", text="I hate this terrible parcel"),
        answer(4, 5, survey="purchase", comment="awful"),
    )
    models = Models()

    points = {
        point.stage: point
        for point in curve(
            MAP, [events], ALWAYS,
            sentiment_of=score_or_words(models), feelings_of=named_feelings(models),
        )
    }  # fmt: skip

    assert points["help"].n == 1
    assert (points["help"].felt or 0) < -0.3
    assert points["help"].feelings == {"frustrated": 1}
    assert points["purchase"].felt == 1.0


def test_feeling_bad_where_nobody_expects_it_is_told():
    """Anxious customers of a help desk are expected; unhappy ones at the till are not."""
    events = told(order(1), answer(1 + 1 / 24, 1, survey="purchase"))

    points = {p.stage: p for p in curve(MAP, [events], ALWAYS)}

    assert points["purchase"].worse_than_expected
