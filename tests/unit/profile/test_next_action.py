"""The next action: rules in order, each with reason and evidence; none where nothing may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.core.clock import to_micros
from hub.core.records import Cart, PartyRef, Subscription, Ticket
from hub.privacy.resolution import Event
from hub.profile.paths import value_at
from hub.profile.sources import Fact, Sources
from hub.profile.unified import compose
from hub.text.reading import Models
from hub.voc.method import shipped
from hub.voc.risk import kinds_read
from hub.voc.scoring import Scorer, weighing
from tests.unit.profile.test_unified import NOW, answer, sources, ticket, with_timeline
from tests.unit.voc.test_detractor import CASE


def said(decision: Any, purpose: str, channel: str = "email") -> Event:
    return Event(
        decision, 1, None, purpose, channel, decision, "confirmed", None, None, 5, 5, None,
        "human_act",
    )  # fmt: skip


WANTS_NEWS = said("grant", "marketing")


def cart(days: float) -> Fact:
    at = NOW - timedelta(days=days)
    return Fact("shop/carts/1", at, Cart(at=at, currency="AUD", total_minor=4_200))


def ending(days: float) -> Fact:
    began = NOW - timedelta(days=300)
    record = Subscription(
        party=PartyRef(id="1"), started_at=began, ended_at=NOW + timedelta(days=days)
    )
    return Fact("billing/contracts/1", began, record)


HEARD = dict.fromkeys(kinds_read(shipped().patterns), NOW)
SCORER = Scorer(weighing(shipped(), HEARD, models=Models()))
"""Of a hub that hears of everything: nobody's risk is unknown."""


def composed(found: Sources) -> dict[str, Any]:
    return compose(with_timeline(found, scorer=SCORER), NOW)


def next_of(found: Sources) -> tuple[str, str, Sequence[str]]:
    leaf: Any = composed(found)["risk"]
    told = leaf["next_action"]
    return told["value"], told["reason"], told["evidence"]


def test_who_waits_for_a_word_comes_first() -> None:
    """Before the ticket that is open, too; the case that is due first is named."""
    found = sources(facts=[answer(2, 3), ticket("open", 40)])
    due = to_micros(NOW - timedelta(days=1))
    found.cases = [replace(CASE, at=to_micros(NOW - timedelta(days=3)), due_at=due)]

    assert next_of(found) == (
        "tell the customer what came of their answer",
        "they answered on 2025-12-29; the word was due by 2025-12-31",
        ["case:c1"],
    )


def test_who_was_passed_around_is_told_of_their_ticket() -> None:
    """They answered nothing: they asked."""
    found = sources(facts=[ticket("open", 40)])
    found.cases = [replace(CASE, rule="passed_around")]

    text, why, _ = next_of(found)

    assert text == "tell the customer what came of their ticket"
    assert why.startswith("they asked on ")


def test_a_high_risk_is_met_with_what_lowers_it_most() -> None:
    """A real counterfactual: the text names the matter, the reason the points."""
    at = NOW - timedelta(days=20)
    stuck = Ticket(at=at, subject="Invoice twice", assignee_stations=3, reopens=1)
    found = sources(facts=[Fact("desk/tickets/812", at, stuck), answer(1, 2)])

    text, reason, evidence = next_of(found)
    points = value_at(composed(found), "risk.points")

    assert text == 'close ticket 812 "Invoice twice"'
    assert reason.startswith(f"lowers the risk of leaving from {points} to ")
    assert evidence == ["desk/tickets/812"]


def test_a_high_risk_that_nothing_would_lower_asks_for_a_word() -> None:
    """They asked nothing, so nobody is told what came of it."""
    silent = sources()
    silent.cases = [replace(CASE, rule="high_risk", at=to_micros(NOW - timedelta(days=3)))]

    assert next_of(silent) == (
        "ask the customer how they are doing",
        "their risk of leaving is high since 2025-12-29",
        ["case:c1"],
    )


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ([], "none"),
        ([ticket("open", 1)], 'close ticket 1 "Broken lid"'),
        ([ticket("solved", 1)], "none"),
        ([ending(30)], "talk about what comes after the contract"),
        ([ending(90)], "none"),
        ([cart(2)], "remind of the open cart"),
        ([cart(31)], "none"),
        ([cart(2), ticket("open", 1)], 'close ticket 1 "Broken lid"'),
    ],
    ids=[
        "nothing", "open", "solved", "contract-ends", "contract-runs", "cart", "old-cart",
        "cart-and-ticket",
    ],
)  # fmt: skip
def test_the_first_rule_that_finds_something_decides(facts: list[Fact], text: str) -> None:
    """Help before offers; nothing is made up where there is nothing to do."""
    assert next_of(sources(facts=facts, events=[WANTS_NEWS]))[0] == text


@pytest.mark.parametrize(
    "events",
    [[], [said("withdraw", "marketing")]],
    ids=["never-asked", "refused"],
)
def test_nothing_is_offered_without_permission(events: list[Event]) -> None:
    """A cart is open, but no channel of marketing reaches them."""
    assert next_of(sources(facts=[cart(2)], events=events))[0] == "none"


def test_nothing_is_offered_while_marketing_is_held() -> None:
    """The cart of an unhappy customer waits; helping them does not."""
    assert next_of(sources(facts=[cart(2), answer(3, 5)], events=[WANTS_NEWS]))[0] == "none"


def test_nothing_is_done_for_who_has_restricted_it() -> None:
    """Restricted processing (GDPR Art. 18) leaves the data where they are."""
    found = sources(facts=[ticket("open", 1)], events=[said("restrict", "*", "*")])

    assert next_of(found)[0] == "none"


def test_the_text_stays_while_the_matter_stands() -> None:
    """Days that pass change no word that a system is told."""
    texts, reasons = set(), set()
    for days in (10, 11, 12):
        at = NOW - timedelta(days=days)
        stuck = Ticket(at=at, subject="Invoice twice", assignee_stations=3, reopens=1)
        found = sources(facts=[Fact("desk/tickets/812", at, stuck)])
        profile = composed(found)
        texts.add((value_at(profile, "risk.next_action"), value_at(profile, "risk.top_reason")))
        reasons.add(str(value_at(profile, "risk.reasons")))

    assert len(texts) == 1
    assert len(reasons) == 3


def test_a_long_subject_fits_the_line_that_systems_keep() -> None:
    """A ticket called by a whole letter is cut, and has no line breaks."""
    found = sources(facts=[ticket("open", 1, subject="Dear all,\nwhere is it? " * 200)])

    text = next_of(found)[0]

    assert len(text) == 200
    assert "\n" not in text
