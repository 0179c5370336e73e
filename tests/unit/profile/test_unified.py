"""unified_profile_v1: every field says what it knows, from where, or that it knows nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest

from hub.core.records import Feedback, Ticket
from hub.core.settings import DEFAULT_PURPOSES
from hub.journeys import timeline
from hub.journeys.timeline import events_of, in_order
from hub.privacy.permissions import Permissions
from hub.privacy.resolution import Event
from hub.profile.card import LIMIT, card
from hub.profile.paths import value_at
from hub.profile.shape import SHAPE
from hub.profile.sources import Fact, Number, Sources
from hub.profile.unified import compose
from hub.voc.assessment import assessment
from hub.voc.scoring import Scorer

AS_SHIPPED = Scorer()
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LAST = NOW - timedelta(days=12)


def sources(*, numbers=(), facts=(), events=(), golden=None) -> Sources:
    golden = golden or {
        "members": ["crm/contacts/1", "pos/customers/9"],
        "fields": {
            "given_name": {
                "value": "Ada",
                "source": "crm/contacts/1",
                "at": None,
                "rule": "most_recent",
                "agreement": 0.5,
                "contested": True,
                "losers": [{"value": "Adah", "source": "pos/customers/9", "at": None}],
            },
            "family_name": {
                "value": "Nguyen",
                "source": "crm/contacts/1",
                "at": None,
                "agreement": 1.0,
                "contested": False,
            },
            "birth_date": {"value": "1981-01-02", "source": "pos/customers/9", "at": None},
        },
        "emails": [{"value": "ada@example.org", "source": "crm/contacts/1"}],
    }
    permissions = Permissions(tuple(events), DEFAULT_PURPOSES, 10**15)
    return with_timeline(Sources("g1", golden, permissions, list(numbers), list(facts)))


def with_timeline(
    found: Sources, also: Sequence[timeline.Event] = (), scorer: Scorer = AS_SHIPPED
) -> Sources:
    """The same customer, their timeline read: their facts, and what else happened."""
    facts = [event for each in found.facts for event in events_of(each.source, each.record)]
    return replace(found, told=assessment(in_order([*facts, *also]), NOW, scorer))


def number(metric: str, value: float | None, label: str | None = None, series: str = "AUD"):
    return Number(metric, series, value, label, "ok", f"{metric}@1", NOW)


def bought(orders: int, days: float, label: str = "active", nps: float | None = None):
    at = (NOW - timedelta(days=days)).timestamp() * 1e6
    found = [
        number("orders", orders),
        number("last_order", at),
        number("net_spend", 12_345),
        number("churn", None, label),
    ]
    return found if nps is None else [*found, number("nps", nps, series="0-10")]


def ticket(status: Literal["open", "solved"], days: float, subject: str = "Broken lid") -> Fact:
    at = NOW - timedelta(days=days)
    return Fact("desk/tickets/1", at, Ticket(at=at, status=status, subject=subject))


def answer(score: float, days: float) -> Fact:
    at = NOW - timedelta(days=days)
    record = Feedback(at=at, instrument="nps", score=score, scale_min=0, scale_max=10)
    return Fact("surveys/responses/1", at, record)


def leaves(profile: dict):
    for group, fields in profile.items():
        if isinstance(fields, dict):
            for name, leaf in fields.items():
                yield f"{group}.{name}", leaf


@pytest.mark.parametrize("rich", [False, True], ids=["nothing-known", "much-known"])
def test_every_field_is_there_and_says_what_it_knows(rich):
    """The shape does not depend on the data: a leaf has a source and purpose, or a status."""
    full = sources(numbers=bought(3, 12, nps=9), facts=[answer(9, 3), ticket("open", 2)])
    empty = sources(golden={"members": [], "fields": {}})

    profile = compose(full if rich else empty, NOW)

    paths = {path for path, _ in leaves(profile)}
    assert paths == {path for path, _ in leaves(compose(empty, NOW))}
    for path, leaf in leaves(profile):
        assert leaf.get("status") or (leaf["source"] and leaf["purpose"]), path


def test_the_documented_shape_is_the_composed_one():
    """Every field stands in the table of meanings, and nothing else does."""
    profile = compose(sources(), NOW)
    profile["card"] = {"text": card(profile)}
    states = {f"permission.{p}_{c}" for p, s in DEFAULT_PURPOSES.items() for c in s.channels}

    assert {path for path, _ in leaves(profile)} - states == set(SHAPE)


@pytest.mark.parametrize(
    ("numbers", "stage"),
    [
        ([], "lead"),
        (bought(1, 12), "new"),
        (bought(2, 12), "active"),
        (bought(2, 90), "active"),
        (bought(2, 91), "dormant"),
        (bought(2, 200, "churned"), "churned"),
    ],
)
def test_the_lifecycle_stage_at_its_boundaries(numbers, stage):
    """Lead, new, active, dormant after 90 days, churned after the horizon."""
    profile = compose(sources(numbers=numbers), NOW)

    assert value_at(profile, "relationship.lifecycle") == stage


@pytest.mark.parametrize(
    ("numbers", "state"),
    [
        (bought(1, 12), "retained"),
        (bought(2, 12), "repeat"),
        (bought(2, 12, nps=8), "repeat"),
        (bought(2, 12, nps=9), "advocate"),
    ],
)
def test_retained_is_not_loyal(numbers, state):
    """Loyalty needs a second order, advocacy a promoter's answer too (S0-05, S0-06)."""
    assert value_at(compose(sources(numbers=numbers), NOW), "relationship.loyalty") == state


def test_the_birth_date_leaves_only_as_an_age_band():
    """Ten-year bands; the birthday itself is nowhere in the profile."""
    profile = compose(sources(), NOW)

    assert value_at(profile, "who.age_band") == "40-49"
    assert "1981" not in str(profile)


def test_confidence_tells_how_many_sources_agree():
    """Two sources, two spellings: one of two voices."""
    fields = dict(leaves(compose(sources(), NOW)))

    assert fields["who.given_name"]["confidence"] == 0.5
    assert fields["who.family_name"]["confidence"] == 1.0
    assert (fields["who.name"]["confidence"], fields["who.name"]["contested"]) == (0.5, True)


def test_money_is_in_major_units_of_its_own_currency():
    """12,345 minor units are 123.45 dollars, but 12,345 yen."""
    yen = [number("net_spend", 12_345, series="JPY"), number("orders", 1, series="JPY")]

    assert value_at(compose(sources(numbers=bought(1, 1)), NOW), "value.net_spend") == 123.45
    assert value_at(compose(sources(numbers=yen), NOW), "value.net_spend") == 12_345


def test_one_currency_is_never_mixed_with_another():
    """Money is in the currency of the highest spend; orders and churn look at every currency."""
    yen = {"net_spend": 9_000, "aov": 9_000, "orders": 1, "last_order": 10**15}
    pounds = {"net_spend": 20_000, "aov": 5_000, "orders": 4, "last_order": 10**15 + 1}
    numbers = [number(m, v, series="JPY") for m, v in yen.items()]
    numbers += [number(m, v, series="GBP") for m, v in pounds.items()]
    numbers += [number("rfm", None, "1-1-1", "JPY"), number("rfm", None, "5-5-5", "GBP")]
    numbers += [number("churn", None, "churned", "JPY"), number("churn", None, "active", "GBP")]

    profile = compose(sources(numbers=numbers), NOW)

    names = ("currency", "net_spend", "aov", "orders", "rfm")
    assert [value_at(profile, f"value.{n}") for n in names] == ["JPY", 9_000, 9_000, 5, "1-1-1"]
    assert value_at(profile, "risk.churn") == "active"


def test_a_detractor_stays_flagged_for_sixty_days():
    """The last answer counts, and only while it is fresh."""
    fresh = compose(sources(facts=[answer(10, 70), answer(2, 59)]), NOW)
    stale = compose(sources(facts=[answer(2, 61)]), NOW)

    assert value_at(fresh, "risk.unresolved_detractor") is True
    assert value_at(stale, "risk.unresolved_detractor") is False


def test_the_card_tells_the_five_things_an_agent_needs():
    """Who, value, last, open, and what not to do; a withdrawal is named in words."""
    withdrawal = Event(
        "w",
        1,
        None,
        "marketing",
        "email",
        "withdraw",
        "single",
        None,
        None,
        5,
        5,
        None,
        "human_act",
    )
    profile = compose(
        sources(
            numbers=bought(3, 12, nps=2),
            facts=[answer(2, 3), ticket("open", 2)],
            events=[withdrawal],
        ),
        NOW,
    )

    lines = str(card(profile)["value"]).splitlines()

    assert lines[0].startswith("Who: Ada Nguyen (sources disagree), active")
    assert lines[1] == (
        "Value: 3 orders, 123.45 AUD, last 2025-12-20; risk of leaving unknown: gave a low score,"
        " and nobody has answered"
    )
    assert lines[2] == "Last: support ticket 2025-12-30, NPS 2 2025-12-29, order 2025-12-20"
    assert lines[3] == "Open: 1 ticket: Broken lid"
    assert lines[4] == (
        'Next: close ticket 1 "Broken lid". Do not: no marketing by email; unhappy at the last'
        " survey: listen first"
    )


def test_the_cards_days_are_those_of_the_business():
    """What was bought in Sydney on Monday morning was not bought on Sunday."""
    monday_morning = datetime(2025, 12, 21, 22, 30, tzinfo=UTC)
    profile: Any = compose(sources(numbers=bought(3, 12)), NOW)
    profile["value"]["last_order_at"]["value"] = monday_morning.isoformat()

    text = str(card(profile, ZoneInfo("Australia/Sydney"))["value"])

    assert "last 2025-12-22" in text


def test_the_card_fits_its_limit():
    """A very long subject does not push the other lines out."""
    profile = compose(sources(facts=[ticket("open", 2, subject="x" * 5_000)]), NOW)

    text = str(card(profile)["value"])

    assert len(text) <= LIMIT
    assert text.splitlines()[4].startswith('Next: close ticket 1 "xxx')
    assert text.endswith("Do not: nothing special")
