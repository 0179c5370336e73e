"""Cost to serve: the business's own costs, nothing assumed, contacts counted once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from hub.core.clock import to_micros
from hub.core.settings import MetricsSection
from hub.metrics.cost_to_serve import UNCOSTED, Touch, overall, touches

COSTS = {"currency": "AUD", "per_contact": {"Phone": 7.5, "email": 0.333}}
UNTIL = to_micros(datetime(2026, 3, 2, tzinfo=UTC))


def given(**settings) -> MetricsSection:
    return MetricsSection.model_validate({"min_n": 1, "cost_to_serve": COSTS, **settings})


def contact(person: str, channel: str, month: int = 1, day: int = 5) -> Touch:
    return Touch(person, to_micros(datetime(2026, month, day, tzinfo=UTC)), channel, True)


def order(person: str, month: int = 1) -> Touch:
    return Touch(person, to_micros(datetime(2026, month, 3, tzinfo=UTC)), "", False)


def test_the_sum_is_divided_by_all_customers_of_the_month():
    """Two calls and a mail of one; of four customers three asked for nothing or only bought."""
    rows = [contact("a", "phone"), contact("a", "phone"), contact("a", "email"), order("a"),
            order("b"), order("c"), order("d")]  # fmt: skip

    (found,) = overall(rows, UNTIL, UTC, given())

    assert found.estimate is not None
    assert found.series == "AUD 2026-01"
    assert found.estimate.value == pytest.approx((750 + 750 + 33) / 4)
    assert (found.detail["customers"], found.detail["customers_with_contacts"]) == (4, 1)
    assert found.worst is not None
    assert found.worst.share.value == 0.0


def test_a_channel_without_a_cost_is_told_and_not_guessed():
    """Chats cost what nobody has said: they are counted apart."""
    rows = [contact("a", "phone"), contact("b", "chat"), contact("b", "")]

    (found,) = overall(rows, UNTIL, UTC, given())

    assert found.estimate is not None
    assert found.estimate.value == 375.0
    assert found.detail["contacts_without_a_cost"] == {"chat": 1, "unknown": 1}


def test_without_configured_costs_there_is_no_number():
    """Absent, with the key that is missing; with nobody asking anything there is nothing to say."""
    (found,) = overall([contact("a", "phone")], UNTIL, UTC, given(cost_to_serve=None))

    assert (found.estimate, found.status, found.detail["why"]) == (None, "absent", UNCOSTED)
    assert list(overall([order("a")], UNTIL, UTC, given())) == []


def test_the_running_month_is_not_told_and_each_complete_one_is():
    """March has begun."""
    rows = [contact("a", "phone", month) for month in (1, 2)] + [contact("a", "phone", 3, 1)]

    assert [m.series for m in overall(rows, UNTIL, UTC, given())] == ["AUD 2026-01", "AUD 2026-02"]


@pytest.mark.parametrize("costs", [{}, {"phone": -1.0}])
def test_costs_that_are_none_are_refused(costs):
    """At least one channel, and nothing that pays to be called."""
    with pytest.raises(ValidationError):
        given(cost_to_serve={"currency": "AUD", "per_contact": costs})


def test_what_is_written_of_one_matter_on_one_day_is_one_contact(desk):
    """A ticket with two messages in a minute is one, a message of the next day another.

    Calls by agents and spam are none.
    """
    desk.ticket("t1", 0, channel="email")
    desk.into("t1", 5, channel="email")
    desk.into("t1", 6, channel="email")
    desk.into("t1", 24 * 60, channel="email")
    desk.call(60)
    desk.call(70, attributes={"direction": "outbound"})
    desk.ticket("t2", 80, who="bob", status="deleted", channel="email")

    found = touches([], desk.service())

    assert sorted(each.channel for each in found) == ["email", "email", "phone"]
    assert {each.person for each in found} == {"ada"}
