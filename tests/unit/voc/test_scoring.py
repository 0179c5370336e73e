"""A standing: the band that holds steady, who has left, and the two entries of the register."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.core.errors import ConfigError
from hub.core.records import Order
from hub.core.settings import RiskSection
from hub.journeys.timeline import Event, events_of
from hub.text.reading import Models
from hub.voc.health import Health, colour
from hub.voc.method import method, shipped
from hub.voc.register import SHIPPED
from hub.voc.risk import Risk, assess
from hub.voc.scoring import Scorer, steady_band, weighing

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def risk(points: int | None) -> Risk:
    return Risk(points, (), 100, (), NOW)


@pytest.mark.parametrize(
    ("today", "before", "band"),
    [
        (42, 10, "high"), (37, 60, "high"), (37, 37, "medium"), (34, 60, "medium"),
        (22, 30, "medium"), (22, 22, "low"), (0, 90, "low"), (None, 90, "unknown"),
    ],
)  # fmt: skip
def test_a_band_is_left_downwards_by_a_margin(
    today: int | None, before: int | None, band: str
) -> None:
    """The points of a week ago hold it, as far as they stood in it."""
    assert steady_band(risk(today), lambda: risk(before)) == band


@pytest.mark.parametrize("points", [None, 0, 19, 25, 44, 50, 100])
def test_the_past_is_not_asked_where_it_cannot_matter(points: int | None) -> None:
    """A second assessment of everybody would double the cost of a day."""

    def never() -> Risk:
        raise AssertionError("asked")

    steady_band(risk(points), never)


@pytest.mark.parametrize(
    ("today", "before", "seen"),
    [
        (72, 60, "amber"), (76, 60, "green"), (72, 80, "green"), (69, 80, "amber"),
        (42, 20, "red"), (30, 90, "red"), (None, 90, "unknown"),
    ],
)  # fmt: skip
def test_health_gets_better_by_a_margin_and_worse_at_once(
    today: int | None, before: int, seen: str
) -> None:
    """The colour of a week ago, of the same timeline, holds it."""

    def fares(_events: Sequence[Event], at: datetime) -> Health:
        points = today if at == NOW else before
        return Health(points, colour(points), (), 100, (), at)

    found = Scorer(fares=fares).health([], NOW)

    assert (found.points, found.colour) == (today, seen)


def orders(*days_ago: float) -> list[Event]:
    found = [
        Order(order_ref=str(days), at=NOW - timedelta(days=days), currency="AUD", total_minor=100)
        for days in days_ago
    ]
    return [event for order in found for event in events_of("shop/orders/1", order)]


def test_who_has_left_is_no_risk_any_more() -> None:
    """Low points of somebody who went a year ago would be good news that is none."""
    standing = Scorer(horizon_days=180).standing(orders(181), NOW)

    assert standing.band == "left"
    assert standing.left == (NOW - timedelta(days=181), "no order since")
    assert Scorer(horizon_days=180).standing(orders(179), NOW).band != "left"


def test_what_it_rests_on_is_the_newest_event_that_has_happened() -> None:
    """An order of tomorrow is not seen today."""
    assert Scorer().standing(orders(3, -1), NOW).newest == NOW - timedelta(days=3)


def test_a_next_action_without_an_entry_in_the_register_is_refused(tmp_path: Path) -> None:
    """A register of the scores alone says nothing about what is done with them."""
    entries = SHIPPED.read_text(encoding="utf-8").split("[[decisions]]")
    others = [each for each in entries if "next_action" not in each]
    (tmp_path / "own.toml").write_text("[[decisions]]".join(others), encoding="utf-8")

    with pytest.raises(ConfigError, match="next_action@2 has no entry") as refused:
        method(tmp_path, RiskSection(decisions="own.toml"))

    assert refused.value.code == "HUB-235"


def test_another_method_has_another_basis() -> None:
    """A floor that moved judges the same past otherwise, so everybody is composed again."""
    own = method(Path("/nowhere"), RiskSection(floor=60))

    assert method(Path("/nowhere"), RiskSection()).basis == shipped().basis
    assert own.basis != shipped().basis


def test_the_hub_weighs_as_an_assessment_alone_does() -> None:
    """What it sees is found out once for all customers, which changes nothing for any of them."""
    order = Order(order_ref="7", at=NOW - timedelta(days=3), currency="EUR", total_minor=900)
    known = {"order": NOW, "ticket_opened": NOW}
    weigh = weighing(shipped(), known, models=Models())

    for at in (NOW, NOW - timedelta(days=2), NOW + timedelta(days=90)):
        told = events_of("shop/orders/7", order)
        assert weigh(told, at) == assess(told, at, known=known)
