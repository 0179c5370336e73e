"""Risk: each signal alone, at its boundary and in pairs; coverage, decay, bands, reasons."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Literal

import pytest

from hub.core.records import AnyRecord, Feedback, Interaction, Message, Order, Refund
from hub.journeys.kinds import KINDS
from hub.text.phrases import Phrases
from hub.voc.past import Reading
from hub.voc.risk import SIGNALS, Risk, assess, band, changes
from tests.unit.voc.stories import contract, day, days, story, ticket

EVERYTHING = dict.fromkeys(KINDS, day(10_000))
"""A hub that hears of everything."""
STEADY = f"log_in {days(range(0, 140, 2))}"
READING = Reading(competitors=Phrases([("Globex", "Globex")]))


def points(events, now: float, **options) -> dict[str, int]:
    risk = assess(events, day(now), known=EVERYTHING, patterns=(), reading=READING, **options)
    return {reason.signal: reason.points for reason in risk.reasons}


def refunded(number: int, at: float) -> Order:
    refund = Refund(at=day(at), amount_minor=100)
    return Order(
        order_ref=f"R{number}", at=day(at - 60), currency="AUD", total_minor=100, refunds=[refund]
    )


def wrote(text: str, direction: Literal["in", "out"] = "in") -> Message:
    return Message(at=day(0), text=text, direction=direction)


def viewed(page: str, at: float) -> Interaction:
    return Interaction(at=day(at), kind="page_view", subject=page)


def asked(comment: str) -> Feedback:
    return Feedback(
        at=day(0), instrument="csat", score=3, scale_min=1, scale_max=5, comment=comment
    )


GRIND, BREW = (0, 10, 20, 30, 40), (1, 11, 21, 31, 41, 51)


def used(*, after: int = 0, since: int = 0, **features: Iterable[float]) -> list[Interaction]:
    """Uses of features on days, and ``after`` more of the last one in the four weeks to day 80."""
    at = [(name, each) for name, days in features.items() for each in days]
    at += [(at[-1][0], 55 + 24 * each / after) for each in range(after)]
    return [Interaction(at=day(since + each), kind="usage", subject=name) for name, each in at]


DAILY, WEEKLY = f"log_in {days(range(1, 85))}", f"log_in {days(range(0, 140, 7))}"
EVERY_TEN = "order 0 10 20 30 40 50"

SEEN = [
    ("usage-drop", story(f"log_in {days(range(0, 84, 3))} 90"), 112, 20),
    ("usage-drop", story(f"{DAILY} {days(range(86, 113, 2))}"), 112, 8),
    ("usage-drop", story(f"{DAILY} {days(range(86, 113, 2))} 111"), 112, 0),
    ("usage-drop", story(f"{DAILY} {days(range(87, 113, 5))}"), 112, 17),
    ("usage-drop", story("log_in 1 5 9 30 35 40 60 65 70 90"), 100, 0),
    ("usage-drop", story(WEEKLY), 147, 0),
    ("usage-drop", story(WEEKLY), 148, 20),
    ("usage-drop", story(DAILY), 93, 0),
    ("usage-drop", story(DAILY), 94, 20),
    ("feature-dropped", story("", *used(report=GRIND, brew=BREW, after=9)), 80, 3),
    ("feature-dropped", story("", *used(report=GRIND, brew=BREW, after=8)), 80, 0),
    ("feature-dropped", story("", *used(report=(*GRIND, 70), brew=BREW, after=10)), 80, 0),
    ("feature-dropped", story("report 1 20 40"), 80, 0),
    ("never-settled", story("log_in 1 3 6 8", contract(0)), 27, 0),
    ("never-settled", story("log_in 1 3 6 8", contract(0)), 28, 16),
    ("never-settled", story("log_in 1 3 6 8; report 1 3", contract(0)), 30, 17),
    ("never-settled", story("log_in 1 3 6 8", contract(0), *used(report=(1,), brew=(3,))), 30, 0),
    ("never-settled", story("log_in 1 3 6 8; log_in 29", contract(0)), 30, 0),
    ("never-settled", story("log_in 101 103 106 108", contract(0)), 120, 12),
    ("never-settled", story("log_in 101 103 106 108", contract(0)), 121, 0),
    ("never-settled", story(f"log_in {days(range(0, 50, 2))}", contract(0)), 90, 0),
    ("overdue-purchase", story(EVERY_TEN), 70, 0),
    ("overdue-purchase", story(EVERY_TEN), 71, 5),
    ("overdue-purchase", story(EVERY_TEN), 110, 20),
    ("overdue-purchase", story("order 0 4 29 38 52 55 85"), 85 + 30, 0),
    ("overdue-purchase", story("order 0 4 29 38 52 55 85"), 85 + 40, 2),
    ("overdue-purchase", story("order 0 10"), 60, 0),
    ("returns-spike", story("", refunded(1, 10), refunded(2, 20)), 20, 5),
    ("returns-spike", story("", refunded(1, 10), refunded(2, 45)), 45, 0),
    ("contract-ends", story("", contract(0, 100)), 41, 15),
    ("contract-ends", story("", contract(0, 100)), 40, 0),
    ("contract-ends", story("", contract(0, 100), contract(70)), 80, 0),
    ("contract-ends", story("", contract(0, 100, "cancelled")), 80, 0),
    ("looked-around", story("", contract(0, 100), viewed("/Pricing?from=app", 40)), 41, 15),
    ("looked-around", story("", contract(0, 100), viewed("plans", 39.9)), 41, 0),
    ("looked-around", story("", contract(0, 100), viewed("planting", 41)), 41, 0),
    ("looked-around", story("", contract(0), viewed("plans", 41)), 41, 0),
    ("looked-around", story("", contract(0, 100), viewed("plans", 45), contract(70)), 80, 0),
    ("failed-payment", story("failed 10"), 10, 20),
    ("failed-payment", story("failed 10 13 17"), 17, 51),
    ("failed-payment", story("failed 10 11 12 13"), 13, 60),
    ("failed-payment", story("failed 10; order 11"), 12, 0),
    ("failed-payment", story("failed 10; paid 13"), 13, 0),
    ("failed-payment", story("failed 10; paid 13; failed 41"), 41, 20),
    ("open-issue", story("", ticket(0)), 14, 7),
    ("open-issue", story("", ticket(0)), 3, 2),
    ("open-issue", story("", ticket(0)), 2, 0),
    ("open-issue", story("", ticket(0, solved=5)), 14, 0),
    ("repeat-contact", story("", ticket(0, subject="Late"), ticket(7, subject="Late")), 7, 10),
    ("repeat-contact", story("", ticket(0, subject="L"), ticket(7, solved=7, subject="L")), 8, 0),
    ("repeat-contact", story("", ticket(0, subject="Late"), ticket(7.1, subject="Late")), 8, 0),
    ("reopened", story("", ticket(0, solved=2, reopens=1)), 2, 5),
    ("reopened", story("", ticket(0, solved=2)), 2, 0),
    ("low-score", story("nps3 0"), 1, 15),
    ("low-score", story("csat2 0"), 1, 15),
    ("low-score", story("nps7 0; csat3 0"), 1, 0),
    ("low-score", story("nps3 0; sent 1"), 2, 0),
    ("low-score", story("sent 0; nps3 1"), 2, 15),
    ("complaint", story("bad 0"), 0, 15),
    ("complaint", story("bad 0; sent 1; nps7 2"), 28, 8),
    ("complaint", story("bad 0; nps9 1"), 1, 0),
    ("complaint", story("nps9 0; bad 1"), 1, 15),
    ("complaint", story("", wrote("The app refuses my password again, it is broken.")), 0, 0),
    ("complaint", story("", wrote("I am not angry, only curious.")), 0, 0),
    ("complaint", story("", wrote("We are staff, and the customer was angry.", "out")), 0, 0),
    ("complaint", story("", wrote("Das war gestern leider nichts, wir sind so sad.")), 0, 0),
    ("complaint", story("", asked("I am so angry")), 0, 0),
    ("negative-tone", story("good 0 1 2; bad 3 4 5"), 5, 10),
    ("negative-tone", story("good 0 1; bad 3 4 5"), 5, 0),
    ("negative-tone", story("good 0 1 2 3 4 5"), 5, 0),
    ("competitor-named", story("rival 0"), 0, 5),
    ("recent-purchase", story("order 0"), 0, -10),
    ("recent-purchase", story("order 0"), 31, 0),
    ("promoter", story("nps9 0"), 0, -10),
    ("promoter", story("nps9 0; nps7 1"), 1, 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("signal", "events", "now", "expected"),
    SEEN,
    ids=[f"{each[0]}-{at}" for at, each in enumerate(SEEN)],
)
def test_each_signal_alone_and_at_its_boundary(signal, events, now, expected):
    """It weighs what the table says on one side of its boundary, and nothing on the other."""
    found = points(events, now)

    assert found.get(signal, 0) == expected


IN_TROUBLE: dict[str, tuple[str, tuple[AnyRecord, ...]]] = {
    "usage-drop": (f"log_in {days(range(-110, -28, 4))}", ()),
    "feature-dropped": ("", tuple(used(report=GRIND, brew=BREW, after=9, since=-80))),
    "overdue-purchase": ("order -90 -80 -70", ()),
    "returns-spike": ("", (refunded(1, -5), refunded(2, -3))),
    "contract-ends": ("", (contract(-300, 20),)),
    "failed-payment": ("failed -2", ()),
    "open-issue": ("", (ticket(-20),)),
    "low-score": ("nps3 -2", ()),
    "negative-tone": ("good -9 -8 -7; bad -6 -5 -4", ()),
    "competitor-named": ("rival -3", ()),
}
APART = {
    ("feature-dropped", "usage-drop"),
    ("competitor-named", "negative-tone"),
    ("overdue-purchase", "returns-spike"),
}
"""Pairs that are about the same events: use, texts, and orders."""


@pytest.mark.parametrize(
    "pair",
    [pair for pair in combinations(sorted(IN_TROUBLE), 2) if pair not in APART],
    ids="+".join,
)
def test_two_signals_together_weigh_what_each_weighs_alone(pair):
    """Points add up: no signal hides another or feeds on it, and the sum is the points."""
    (one, ones), (two, twos) = (IN_TROUBLE[name] for name in pair)

    alone = points(story(one, *ones), 0) | points(story(two, *twos), 0)
    risk = assess(
        story(f"{one}; {two}", *ones, *twos), day(0), known=EVERYTHING, patterns=(), reading=READING
    )

    assert {reason.signal: reason.points for reason in risk.reasons} == alone
    assert risk.points == min(100, sum(alone.values()))
    assert set(pair) <= set(alone)


def test_points_fall_with_age():
    """A failed payment weighs 20, and half of that after its half-life of 14 days."""
    events = story("failed 0")

    assert [points(events, now)["failed-payment"] for now in (0, 14, 28)] == [20, 10, 5]


def test_findings_of_one_signal_stop_at_its_cap():
    """Three issues of two weeks weigh no more than one signal may."""
    events = story("", *(ticket(at, subject=str(at)) for at in range(3)))

    assert points(events, 20)["open-issue"] == 10


def test_every_reason_names_its_records_and_its_cause_in_words():
    """A reason without evidence is a rumour."""
    events = story("nps3 0; failed 1; rival 1", ticket(-20, subject="Invoice"))

    risk = assess(events, day(2), known=EVERYTHING, reading=READING)

    sources = {event.source for event in events}
    assert len(risk.reasons) >= 4
    for reason in risk.reasons:
        assert reason.text
        assert reason.evidence
        assert set(reason.evidence) <= sources
    assert 'ticket 0 "Invoice" is unresolved after 22 days' in {r.text for r in risk.reasons}


def test_what_failed_without_the_customers_will_is_marked():
    """A failed payment is no decision; an angry answer is."""
    assert assess(story("failed 0"), day(0), known=EVERYTHING).involuntary
    assert not assess(story("failed 0; nps3 0", ticket(-14)), day(0), known=EVERYTHING).involuntary


def test_without_sources_the_risk_is_unknown_and_not_low():
    """A hub that hears only of orders can see a fraction of what is at stake, and says so."""
    events = story("order 0 10 20")

    risk = assess(events, day(60), known={"order": day(60)})

    assert risk.points is None
    assert band(risk.points) == "unknown"
    assert 0 < risk.coverage < 30
    assert "usage-drop" in risk.unseen
    assert [reason.signal for reason in risk.reasons] == ["overdue-purchase"]


def test_coverage_grows_with_the_sources():
    """Whoever hears of everything sees all; each source that is left out costs some."""
    events = story("nps3 0")

    everything = assess(events, day(1), known=EVERYTHING)
    without_use = {kind: at for kind, at in EVERYTHING.items() if kind not in ("log_in", "usage")}

    assert everything.coverage == 100
    assert 30 < assess(events, day(1), known=without_use).coverage < 100


def test_a_source_that_has_stopped_is_not_a_customer_who_has():
    """No log-ins of anybody for 31 days: the feed is broken, and nobody is called inactive."""
    events = story(STEADY)
    now = day(138 + 31)

    flowing = assess(events, now, known=EVERYTHING)
    stopped = assess(events, now, known=EVERYTHING | {"log_in": day(138), "usage": day(100)})

    assert "usage-drop" in {reason.signal for reason in flowing.reasons}
    assert "usage-drop" not in {reason.signal for reason in stopped.reasons}
    assert "usage-drop" in stopped.unseen
    assert stopped.coverage < flowing.coverage


def test_what_comes_later_is_not_known_yet():
    """Looking at a day of the past, nothing after it counts."""
    before = story("nps9 0")
    after = story("nps9 0; nps3 9; failed 9; bad 9")

    assert assess(after, day(5), known=EVERYTHING) == assess(before, day(5), known=EVERYTHING)


def test_a_band_is_left_by_a_margin_only():
    """A score that moves around a border stays in its band; a real move leaves it."""
    told: list[str] = []
    for score in (30, 41, 39, 41, 36, 34, 39, 24, 19, 21, 25):
        told.append(band(score, told[-1] if told else None))  # type: ignore[arg-type]

    assert told == ["medium", "high", "high", "high", "high", *["medium"] * 3, "low", "low",
                    "medium"]  # fmt: skip


def test_the_change_between_two_assessments_is_told_signal_by_signal():
    """What was added, what went, and nothing of what stayed."""
    events = story("failed 0; nps3 13; sent 20")

    before, after = (assess(events, day(at), known=EVERYTHING, patterns=()) for at in (14, 21))

    moved = changes(before, after)
    assert moved["low-score"] == -15
    assert moved["failed-payment"] == 5 - 8
    assert changes(after, after) == {}


def test_an_instant_without_a_zone_is_refused():
    """A day has no meaning without the clocks that it is counted on."""
    with pytest.raises(ValueError, match="time zone"):
        assess([], datetime(2026, 1, 1))  # noqa: DTZ001


def test_nobody_has_no_risk_that_is_known():
    """An empty timeline is unknown, not safe."""
    risk = assess([], datetime(2026, 1, 1, tzinfo=UTC))

    assert risk == Risk(None, (), 0, risk.unseen, datetime(2026, 1, 1, tzinfo=UTC))
    assert {signal.id for signal in SIGNALS if signal.points > 0} <= set(risk.unseen)


def test_the_same_instant_in_another_zone_is_the_same_risk():
    """The offset in which "now" is written changes nothing."""
    events = story("nps3 0; failed 1")
    elsewhere = day(2).astimezone(tz=None) + timedelta(0)

    assert assess(events, elsewhere, known=EVERYTHING) == assess(events, day(2), known=EVERYTHING)
