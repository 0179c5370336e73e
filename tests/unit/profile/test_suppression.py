"""Suppression flags: each with a reason and an end, and marketing held by any of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.core.records import Interaction, Order, Ticket
from hub.journeys.timeline import events_of
from hub.profile.paths import value_at
from hub.profile.sources import Fact, Sources
from hub.profile.unified import compose
from tests.unit.profile.test_unified import NOW, answer, sources, ticket, with_timeline

FLAGS = ("recent_return", "open_complaint", "in_dispute", "unresolved_detractor")


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def with_events(found: Sources, *records: Order | Interaction) -> Sources:
    told = [
        event
        for number, record in enumerate(records)
        for event in events_of(f"shop/events/{number}", record)
    ]
    return with_timeline(found, told)


def returned(days: float) -> Interaction:
    return Interaction(at=ago(days), kind="return")


def disputed(status: str) -> Order:
    return Order(
        order_ref="7", at=ago(5), currency="AUD", total_minor=100,
        attributes={"payment": status},
    )  # fmt: skip


def held(profile: dict[str, Any]) -> set[str]:
    return {name for name in FLAGS if value_at(profile, f"risk.{name}")}


@pytest.mark.parametrize(
    ("found", "flags", "until"),
    [
        (sources(), set(), None),
        (with_events(sources(), returned(13.9)), {"recent_return"}, ago(-0.1)),
        (with_events(sources(), returned(14.1)), set(), None),
        (sources(facts=[ticket("open", 3)]), {"open_complaint"}, None),
        (sources(facts=[ticket("solved", 3)]), set(), None),
        (sources(facts=[answer(2, 59)]), {"unresolved_detractor"}, ago(-1)),
        (sources(facts=[answer(2, 61)]), set(), None),
        (sources(facts=[answer(8, 1)]), set(), None),
    ],
    ids=["nothing", "returned", "long-ago", "open", "solved", "unhappy", "stale", "content"],
)
def test_each_flag_alone_holds_marketing(
    found: Sources, flags: set[str], until: datetime | None
) -> None:
    """With its reason, and until when where that is known; without one nothing is held."""
    profile = compose(found, NOW)

    assert held(profile) == flags
    assert value_at(profile, "suppress.marketing") is bool(flags)
    assert value_at(profile, "suppress.until") == (until.isoformat() if until else None)
    assert (value_at(profile, "suppress.reason") == "none") is not bool(flags)


def test_two_reasons_are_both_told_and_the_longer_end_counts() -> None:
    """A return and a bad answer: marketing is held until the sixty days are over."""
    found = with_events(sources(facts=[answer(2, 5)]), returned(4))

    profile = compose(found, NOW)

    assert value_at(profile, "suppress.reason") == (
        "something came back on 2025-12-28; NPS 2 on 2025-12-27: no case was opened for it"
    )
    assert value_at(profile, "suppress.until") == ago(-55).isoformat()


def test_what_nobody_can_end_by_waiting_has_no_end() -> None:
    """An open ticket beside a return: until it is resolved."""
    profile: Any = compose(with_events(sources(facts=[ticket("open", 3)]), returned(4)), NOW)

    assert profile["suppress"]["until"] == {"value": None, "status": "until it is resolved"}
    assert profile["risk"]["open_complaint"]["until"] is None
    assert profile["risk"]["recent_return"]["until"] == ago(-10).isoformat()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("disputed", True), ("Chargeback received", True), ("charge-back", True),
        ("dispute_won", False), ("paid", False), ("undisputed", False),
    ],
)  # fmt: skip
def test_an_order_is_in_dispute_by_its_own_words(said: str, expected: bool) -> None:
    """By any attribute that its source keeps, unless it says that the dispute is over."""
    profile = compose(with_events(sources(), disputed(said)), NOW)

    assert value_at(profile, "risk.in_dispute") is expected


@pytest.mark.parametrize(("status", "expected"), [("open", True), ("solved", False)])
def test_a_ticket_about_a_dispute_counts_while_it_is_open(status: Any, expected: bool) -> None:
    """By subject, category or attribute, tags among them."""
    record = Ticket(at=ago(3), status=status, attributes={"tags": "vip, chargeback"})

    profile = compose(sources(facts=[Fact("desk/tickets/1", record.at, record)]), NOW)

    assert value_at(profile, "risk.in_dispute") is expected


def test_days_are_those_of_the_business() -> None:
    """What came back on Monday morning in Sydney did not come back on Sunday."""
    sydney = NOW.astimezone(ZoneInfo("Australia/Sydney"))
    found = with_events(sources(), Interaction(at=NOW - timedelta(hours=3), kind="return"))

    assert value_at(compose(found, sydney), "suppress.reason") == (
        "something came back on 2026-01-01"
    )
