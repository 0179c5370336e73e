"""Unused features, plan and last value event, against a definition that reads the records alone."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from hub.core.records import Interaction, Order, PartyRef, Subscription, Ticket
from hub.journeys.timeline import Event, events_of, in_order
from hub.voc.past import Past
from hub.voc.use_payload import LastValue, Use, lines, use_of

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ADA = PartyRef(id="1")
FEATURES = ("export", "reports", "alerts", "search")
PLANS = ("basic", "pro", None)
Known = dict[str, Interaction | Subscription | Order]


def days(number: float) -> datetime:
    """So many days ago."""
    return NOW - timedelta(days=number)


def used(feature: str, ago: float) -> Interaction:
    """One use of a feature."""
    return Interaction(party=ADA, at=days(ago), kind="usage", subject=feature)


def timeline(known: Known) -> list[Event]:
    """What the records say happened."""
    return in_order(
        event for name, record in known.items() for event in events_of(f"app/x/{name}", record)
    )


def payload(known: Known) -> Use | None:
    """What a task would tell at NOW."""
    return use_of(Past.at(NOW, timeline(known)))


def test_the_payload_names_what_is_unused_the_plan_and_the_last_value() -> None:
    """A feature in use and one that was hardly tried are not among the unused."""
    known: Known = {f"e{n}": used("export", 40 + n) for n in range(3)}
    known |= {f"r{n}": used("reports", 3 + 20 * n) for n in range(4)}
    known |= {f"s{n}": used("search", 50 + n) for n in range(2)}
    known["old"] = Subscription(party=ADA, started_at=days(400), ended_at=days(90), plan="basic")
    known["new"] = Subscription(party=ADA, started_at=days(90), plan="pro")

    use = payload(known)

    last = LastValue(days(3), "usage", "reports", "app/x/r0")
    assert use == Use(("export",), ("pro",), last)
    assert lines(use) == [
        "Plan: pro.",
        "Used before, and not for four weeks: export.",
        "Last value: usage (reports) on 2026-05-29.",
    ]


def test_an_order_is_value_too() -> None:
    """A subscriber who only buys has a last value event; it is named by its reference."""
    known: Known = {
        "s": Subscription(party=ADA, started_at=days(90), plan="box"),
        "o": Order(party=ADA, at=days(2), order_ref="1042", total_minor=100, currency="AUD"),
    }

    use = payload(known)

    assert use is not None and use.last_value is not None
    assert (use.last_value.kind, use.last_value.what) == ("order", "1042")


def test_nothing_is_told_of_who_neither_uses_nor_subscribes() -> None:
    """A shopper's task has no such lines."""
    ticket = Ticket(party=ADA, at=days(2))

    use = use_of(Past.at(NOW, events_of("desk/tickets/1", ticket)))

    assert use is None and lines(use) == []


@pytest.mark.parametrize("seed", range(40))
def test_the_payload_equals_the_oracle(seed: int) -> None:
    """Random customers, against a definition that knows no timeline and no signal."""
    dice = random.Random(seed)
    known: Known = {}
    for number in range(dice.randint(0, 60)):
        known[f"u{number}"] = used(dice.choice(FEATURES), dice.uniform(-5, 150))
    for number in range(dice.randint(0, 3)):
        start = dice.uniform(1, 300)
        end = dice.choice((None, days(start - dice.uniform(1, 300))))
        known[f"s{number}"] = Subscription(
            party=ADA, started_at=days(start), ended_at=end, plan=dice.choice(PLANS)
        )

    assert payload(known) == oracle(known)


def oracle(known: Known) -> Use | None:
    """The payload by counting."""
    uses = [
        (r.at, r.subject or "", name) for name, r in known.items() if isinstance(r, Interaction)
    ]
    uses = sorted(each for each in uses if each[0] <= NOW)
    recent = {what for at, what, _ in uses if at > days(28)}
    before = Counter(what for at, what, _ in uses if days(118) < at <= days(28))
    unused = sorted(what for what, times in before.items() if times >= 3 and what not in recent)
    running = sorted(
        (
            record
            for record in known.values()
            if isinstance(record, Subscription)
            and record.started_at <= NOW
            and (record.ended_at is None or record.ended_at > NOW)
        ),
        key=lambda each: each.started_at,
    )
    if not uses and not running:
        return None
    last = LastValue(uses[-1][0], "usage", uses[-1][1], f"app/x/{uses[-1][2]}") if uses else None
    plans = dict.fromkeys(each.plan for each in running if each.plan)
    return Use(tuple(unused), tuple(plans), last)
