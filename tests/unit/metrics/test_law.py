"""The law of the metrics stage: after every event, what it keeps is what a recomputation gives.

The recomputation knows no database: a ledger in plain Python, aggregated anew after each event by
code of its own, then the registered formulas. Events come late, twice, are taken back, and people
turn out to be one, or two.
"""

from __future__ import annotations

import os
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, timedelta

import pytest
from sqlalchemy import delete, update

from hub.core.clock import to_micros
from hub.core.records import AnyRecord, Feedback, Subscription, Ticket
from hub.core.settings import MetricsSection
from hub.journeys.timeline import events_of
from hub.metrics import formulas, orders, survey
from hub.metrics.clv import predicted
from hub.metrics.contract import Contract, contract
from hub.metrics.cost_to_serve import touches
from hub.metrics.formulas import Basis
from hub.metrics.issues import issues
from hub.metrics.orders import Customer, Order
from hub.metrics.profile_value import ProfileValue
from hub.metrics.service import Service, by_person
from hub.metrics.service_recovery import histories
from hub.metrics.survey import Asked, Response
from hub.metrics.tickets import handled
from hub.metrics.touchpoint_csat import rated
from hub.store import schema

EVENTS = int(os.environ.get("CXHUB_LAW_EVENTS", "500"))
"""Events of the slow run; 10,000 take some minutes."""

PEOPLE, MOST = 9, 100
DAY = 86_400_000_000
SETTINGS = MetricsSection(min_n=3)


@dataclass
class Ledger:
    """Everything that happened, as the sources would tell it today."""

    members: dict[int, str] = field(default_factory=dict)
    entries: dict[int, dict] = field(default_factory=dict)
    facts: dict[int, tuple[int | None, int, AnyRecord]] = field(default_factory=dict)

    def orders(self) -> list[Order]:
        grouped: dict[tuple, list[dict]] = defaultdict(list)
        for entry in self.entries.values():
            counts = entry["positive"] or entry["kind"] == "refund"
            if counts and not entry["cancelled"] and entry["party_rid"] in self.members:
                who = self.members[entry["party_rid"]]
                grouped[who, entry["currency"], entry["order_ref"]].append(entry)
        return [
            Order(who, currency, min(e["at"] for e in found), sum(e["amount_minor"] for e in found))
            for (who, currency, _), found in grouped.items()
            if any(e["positive"] for e in found)
        ]

    def customers(self, reference: int, horizon: int) -> list[Customer]:
        refs: dict[tuple[str, str], set[str]] = defaultdict(set)
        by: dict[tuple[str, str], list[Order]] = defaultdict(list)
        for order in self.orders():
            by[order.golden_id, order.currency].append(order)
        for entry in self.entries.values():
            if entry["positive"] and not entry["cancelled"]:
                who = self.members.get(entry["party_rid"], "")
                refs[who, entry["currency"]].add(entry["order_ref"])
        cut, span = reference - horizon * DAY, horizon * DAY
        return [
            Customer(
                *key, min(refs[key]), len(own), sum(o.net for o in own), min(o.at for o in own),
                max(o.at for o in own), sum(cut - span <= o.at < cut for o in own),
                sum(cut <= o.at <= reference for o in own),
            )
            for key, own in sorted(by.items())
        ]  # fmt: skip

    def asked(self) -> Asked:
        found = [
            Response(
                rid, self.members.get(who, f"unknown:{rid}") if who else f"unknown:{rid}",
                who in self.members, at, fact.instrument, fact.score,
                f"{fact.scale_min:g}-{fact.scale_max:g}", fact.wave or "",
            )
            for rid, (who, at, fact) in self.facts.items()
            if isinstance(fact, Feedback) and fact.score is not None
        ]  # fmt: skip
        return Asked(survey.last_per_wave(found, SETTINGS.nps_window), {}, {}, {})

    def contracts(self) -> list[Contract]:
        return [
            contract(self.members[who], fact)
            for who, _, fact in self.facts.values()
            if isinstance(fact, Subscription) and who in self.members
        ]

    def service(self) -> Service:
        said = [
            (self.members.get(who or 0), event)
            for rid, (who, _, fact) in self.facts.items()
            for event in events_of(f"desk/all/{rid}", fact)
        ]
        return by_person(said)

    def reference(self, now: int) -> int:
        latest = max((entry["at"] for entry in self.entries.values()), default=None)
        today = now if latest is None or now - latest <= 30 * DAY else latest
        return (today // DAY + 1) * DAY


def recomputed(ledger: Ledger, now: int) -> tuple[dict, dict]:
    """Overall and per profile: what the store should hold, from the ledger alone."""
    basis = Basis(ledger.reference(now), UTC, SETTINGS)
    everyone, each = ledger.customers(basis.reference, SETTINGS.churn_horizon), ledger.orders()
    asked, future = ledger.asked(), formulas.predictions(each, basis)
    asked_for = issues(ledger.service(), SETTINGS)
    measured = [
        *formulas.by_customer(everyone, basis), *formulas.by_order(each, basis),
        *formulas.by_prediction(future, basis), *formulas.by_answer(asked, basis),
        *formulas.by_contract(ledger.contracts(), basis),
        *formulas.by_ticket(handled(ledger.service(), SETTINGS), basis),
        *formulas.by_issue(asked_for, basis),
        *formulas.by_history(histories(each, asked_for, SETTINGS.fcr_window), basis),
        *formulas.by_touch(touches(each, ledger.service()), basis),
        *formulas.by_rating(rated(ledger.service(), each), basis),
    ]  # fmt: skip
    own: list[ProfileValue] = [
        *orders.per_profile(everyone, basis.reference, SETTINGS.churn_horizon, SETTINGS.margin),
        *survey.per_profile(asked.answers),
        *predicted.per_profile(future),
        *formulas.efforts(asked_for, basis),
    ]
    for currency in {customer.currency for customer in everyone}:
        own += orders.rfm(everyone, currency)
    overall = {}
    for item in measured:
        n = item.estimate.n if item.estimate else 0
        kept = item.estimate is not None and n >= SETTINGS.min_n
        kept = kept and (item.pair is None or item.pair.share.n >= SETTINGS.min_n)
        value = item.estimate.value if item.estimate and kept else None
        status = item.status if kept or item.status == "absent" else "insufficient"
        overall[item.metric, item.series] = (value, n, status)
    return overall, {(v.golden_id, v.metric, v.series): (v.value, v.label, v.status) for v in own}


class World:
    """Throws events at a business and writes them into the ledger too."""

    def __init__(self, business, seed: int) -> None:
        self.business, self.ledger, self.dice = business, Ledger(), random.Random(seed)
        self.counts: dict[str, int] = defaultdict(int)
        for rid in range(1, PEOPLE + 1):
            self.ledger.members[rid] = business.customer(rid)

    def step(self) -> None:
        kinds = {
            self.order: 30, self.more_of_an_order: 10, self.cancel: 5, self.take_back: 6,
            self.answer: 25, self.take_back_fact: 6, self.subscribe: 6, self.join: 5, self.part: 5,
            self.sleep: 2, self.ask: 10, self.reply: 12, self.rate: 8,
        }  # fmt: skip
        event = self.dice.choices(list(kinds), weights=list(kinds.values()))[0]
        if event == self.order and len(self.ledger.entries) > MOST:
            event = self.take_back
        if event == self.answer and len(self.ledger.facts) > MOST:
            event = self.take_back_fact
        self.counts[event.__name__] += 1
        event()

    def _late(self):
        return self.business.clock.now() - timedelta(days=self.dice.expovariate(1 / 60))

    def order(self, ref: str = "", rid: int | None = None) -> None:
        rid = rid or self.dice.randrange(PEOPLE + 1) or None
        ref, amount = ref or f"o{self.dice.randrange(10**9)}", self.dice.randrange(-3, 60) * 10
        kind = self.dice.choice(("sale", "sale", "sale", "refund"))
        currency = self.dice.choice(("GBP", "GBP", "GBP", "AUD"))
        other = {"kind": kind, "currency": currency}
        positive = kind == "sale" and amount > 0
        fact = self.business.order(rid, ref, amount, self._late(), positive=positive, **other)
        self.ledger.entries[fact["rid"]] = fact

    def more_of_an_order(self) -> None:
        """A duplicate line, a second line, a refund of an order that is there."""
        if self.ledger.entries:
            entry = self.dice.choice(list(self.ledger.entries.values()))
            self.order(entry["order_ref"], entry["party_rid"])

    def cancel(self) -> None:
        self._change({"cancelled": True})

    def take_back(self) -> None:
        self._change(None)

    def _change(self, values: dict | None) -> None:
        if not self.ledger.entries:
            return
        rid = self.dice.choice(list(self.ledger.entries))
        table = schema.order_entries
        change = delete(table) if values is None else update(table).values(values)
        with self.business.store.write() as connection:
            connection.execute(change.where(table.c.rid == rid))
        entry = self.ledger.entries[rid]
        entry |= values or {}
        if values is None:
            del self.ledger.entries[rid]
        self.business.mark("facts", entry["party_rid"])

    def answer(self) -> None:
        rid = self.dice.randrange(PEOPLE + 1) or None
        instrument, top = self.dice.choice((("nps", 10), ("csat", 5), ("ces", 7)))
        wave = self.dice.choice((None, None, "spring", "autumn"))
        low = 0 if instrument == "nps" else 1
        self._fact(
            self.business.answer(
                rid, instrument, self.dice.randint(low, top), at=self._late(), wave=wave
            )
        )

    def subscribe(self) -> None:
        begin = self._late()
        ended = (
            begin + timedelta(days=self.dice.randrange(90)) if self.dice.random() < 0.5 else None
        )
        self._fact(
            self.business.subscribe(
                self.dice.randrange(1, PEOPLE + 1), begin, ended_at=ended, amount_minor=900,
                currency="GBP", period="month",
                trial_until=begin + timedelta(days=14) if self.dice.random() < 0.4 else None,
            )
        )  # fmt: skip

    def ask(self) -> None:
        at, status = self._late(), self.dice.choice(("open", "pending", "solved", "deleted"))
        solved_at = (
            at + timedelta(hours=self.dice.randrange(1, 90)) if status != "pending" else None
        )
        merged = self._a_ticket() if self.dice.random() < 0.1 else None
        attributes = {"merged_into": merged} if merged else {}
        rid = self.dice.randrange(PEOPLE + 1) or None
        self._fact(
            self.business.ticket(
                rid,
                None,
                at,
                status=status,
                solved_at=solved_at,
                attributes=attributes,
                category=self.dice.choice(("refund", "parcel", None)),
                channel="email",
            )
        )

    def reply(self) -> None:
        """Words that may come before their ticket, long after it, or belong to none."""
        rid = self.dice.randrange(PEOPLE + 1) or None
        direction = self.dice.choice(("in", "out", "out"))
        self._fact(self.business.message(rid, self._a_ticket(), self._late(), direction))

    def rate(self) -> None:
        rid = self.dice.randrange(PEOPLE + 1) or None
        score, at = self.dice.randint(1, 5), self._late()
        self._fact(self.business.answer(rid, "csat", score, at=at, ticket=self._a_ticket()))

    def _a_ticket(self) -> str:
        facts = self.ledger.facts.items()
        known = [rid for rid, (_, _, fact) in facts if isinstance(fact, Ticket)]
        return str(self.dice.choice(known or [0]))

    def _fact(self, told) -> None:
        fact, rid, at, record = told
        self.ledger.facts[fact] = (rid, to_micros(at), record)

    def take_back_fact(self) -> None:
        if not self.ledger.facts:
            return
        fact = self.dice.choice(list(self.ledger.facts))
        rid, _, _ = self.ledger.facts.pop(fact)
        with self.business.store.write() as connection:
            for table in (schema.facts, schema.source_records):
                connection.execute(delete(table).where(table.c.rid == fact))
        # A fact of somebody unknown has no customer to mark: the stage hears of it as of any other.
        self.business.mark("facts", rid or fact)

    def join(self) -> None:
        """Two records turn out to be one person."""
        a, b = self.dice.sample(range(1, PEOPLE + 1), 2)
        self._move(a, self.ledger.members[b])

    def part(self) -> None:
        """A record turns out to be somebody else."""
        rid = self.dice.randrange(1, PEOPLE + 1)
        self._move(rid, f"g{rid}")

    def _move(self, rid: int, golden_id: str) -> None:
        before = self.ledger.members[rid]
        self.ledger.members[rid] = self.business.customer(rid, golden_id)
        self.business.mark("metrics", before)

    def sleep(self) -> None:
        self.business.clock.sleep(self.dice.randrange(1, 4) * 43_200)


def check(business, events: int, seed: int) -> dict[str, int]:
    """Throw ``events``, measuring and recomputing after each; returns how many of each kind."""
    world = World(business, seed)
    for number in range(events):
        world.step()
        business.measure(min_n=SETTINGS.min_n)
        overall, own = recomputed(world.ledger, to_micros(business.clock.now()))
        assert business.current() == overall, f"after event {number}"
        assert business.own_values() == own, f"after event {number}"
    return dict(world.counts)


def test_after_every_event_the_stage_holds_what_a_recomputation_gives(business):
    """Thirty events: late, twice, cancelled, taken back, joined and parted."""
    counts = check(business, 30, seed=20)

    assert len(counts) >= 8


@pytest.mark.slow
def test_after_each_of_many_events_the_stage_holds_it_too(business, capsys):
    """CXHUB_LAW_EVENTS of them on the first database, each compared whole; the count is printed."""
    if not business.store.is_sqlite:
        pytest.skip("one database for the long run; the short one is on both")

    counts = check(business, EVENTS, seed=1)

    with capsys.disabled():
        print(f"\n{sum(counts.values()):,} events, each equal to a recomputation: {counts}")
    assert sum(counts.values()) == EVENTS
