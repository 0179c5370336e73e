"""Every source record stands on the timeline, once, and the order rests on what happened."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.records import (
    ENTITIES,
    Cart,
    ConsentSignal,
    Deal,
    Feedback,
    Interaction,
    LoyaltyEntry,
    Membership,
    Message,
    Order,
    OrderItem,
    OrderLine,
    Organisation,
    PartyRef,
    Person,
    Product,
    Refund,
    Subscription,
    Task,
    Ticket,
)
from hub.journeys import kinds
from hub.journeys.timeline import Event, events_of, in_order, load, together, unplaced

START = datetime(2026, 1, 1, tzinfo=UTC)
ADA = PartyRef(id="ada")


def day(days: float) -> datetime:
    return START + timedelta(days=days)


def line(ref: str = "r1", **other: Any) -> OrderLine:
    fields: dict[str, Any] = {"at": day(1), "currency": "AUD", "amount_minor": 500} | other
    return OrderLine(order_ref=ref, **fields)


def order(**other: Any) -> Order:
    fields: dict[str, Any] = {
        "order_ref": "o1",
        "at": day(1),
        "currency": "AUD",
        "total_minor": 900,
    } | other
    return Order(**fields)


SAID = [
    pytest.param(order(channel="web"), [("order", 1, "o1")], id="order"),
    pytest.param(
        order(refunds=[Refund(at=day(3), amount_minor=100)]),
        [("order", 1, "o1"), ("refund", 3, "o1")],
        id="refunded-order",
    ),
    pytest.param(line(), [("order", 1, "r1")], id="order-line"),
    pytest.param(line(quantity=-1), [("return", 1, "r1")], id="returned-line"),
    pytest.param(Ticket(at=day(2)), [("ticket_opened", 2, "7")], id="open-ticket"),
    pytest.param(
        Ticket(at=day(2), status="solved", solved_at=day(4)),
        [("ticket_opened", 2, "7"), ("ticket_solved", 4, "7")],
        id="solved-ticket",
    ),
    pytest.param(Message(at=day(1), ticket="7"), [("message_in", 1, "7")], id="message-in"),
    pytest.param(
        Message(at=day(1), ticket="7", direction="out"), [("message_out", 1, "7")], id="message-out"
    ),
    pytest.param(
        Message(at=day(1), ticket="7", direction="out", public=False),
        [("note", 1, "7")],
        id="internal-note",
    ),
    pytest.param(Interaction(at=day(1), kind="login"), [("log_in", 1, None)], id="log-in"),
    pytest.param(Interaction(at=day(1), kind="Page view"), [("page_view", 1, None)], id="view"),
    pytest.param(Interaction(at=day(1), kind="search"), [("usage", 1, None)], id="usage"),
    pytest.param(Interaction(at=day(1), kind="unsubscribed"), [("campaign", 1, None)], id="mail"),
    pytest.param(Interaction(at=day(1), kind="meeting"), [("visit", 1, None)], id="meeting"),
    pytest.param(Interaction(at=day(1), kind="fax"), [("other", 1, None)], id="unknown-word"),
    pytest.param(
        Interaction(at=day(1), kind="call", attributes={"ticket": "7"}),
        [("call", 1, "7")],
        id="call-about-a-ticket",
    ),
    *(
        pytest.param(
            Feedback(at=day(1), instrument="csat", kind=kind, ticket="7"), [(kind, 1, "7")], id=kind
        )
        for kind in ("survey", "review", "transcript", "staff_observation", "usability_finding")
    ),
    pytest.param(Deal(created_at=day(1)), [("deal_opened", 1, "7")], id="open-deal"),
    pytest.param(Deal(created_at=day(1), closed_at=day(9)), [("deal_opened", 1, "7")], id="hoped"),
    pytest.param(
        Deal(created_at=day(1), closed_at=day(9), status="won"),
        [("deal_opened", 1, "7"), ("deal_won", 9, "7")],
        id="won-deal",
    ),
    pytest.param(Deal(closed_at=day(9), status="lost"), [("deal_lost", 9, "7")], id="lost-deal"),
    pytest.param(Deal(), [], id="deal-without-dates"),
    pytest.param(
        Subscription(party=ADA, started_at=day(1), ended_at=day(8), end_reason="cancelled"),
        [("subscription_started", 1, "7"), ("subscription_ended", 8, "7")],
        id="cancelled-subscription",
    ),
    pytest.param(
        Subscription(party=ADA, started_at=day(1), ended_at=day(8), end_reason="payment_failed"),
        [
            ("subscription_started", 1, "7"),
            ("payment_failed", 8, "7"),
            ("subscription_ended", 8, "7"),
        ],
        id="unpaid-subscription",
    ),
    pytest.param(LoyaltyEntry(party=ADA, at=day(1), points=5), [("loyalty", 1, None)], id="points"),
    pytest.param(Cart(at=day(1), completed_at=day(2)), [("cart", 1, "7")], id="cart"),
    pytest.param(
        Task(at=day(1), done_at=day(2)),
        [("task_opened", 1, "7"), ("task_done", 2, "7")],
        id="done-task",
    ),
    pytest.param(Person(created_at=day(1)), [], id="person"),
    pytest.param(Organisation(created_at=day(1)), [], id="organisation"),
    pytest.param(Membership(party=ADA, organisation=ADA, since=day(1)), [], id="membership"),
    pytest.param(Product(), [], id="product"),
    pytest.param(ConsentSignal(party=ADA, claims=[]), [], id="consent"),
]


@pytest.mark.parametrize(("record", "said"), SAID)
def test_each_record_says_what_happened(record, said):
    """Kind, day and what it is about; nothing for what did not happen to the customer."""
    events = events_of("desk/things/7", record)

    assert [(e.kind, (e.at - START).days, e.ref) for e in events] == said
    assert all(e.source == "desk/things/7" and e.record is record for e in events)


def test_every_entity_is_spoken_for():
    """A new canonical entity fails here until somebody says what it means on a timeline."""
    spoken_for = {type(case.values[0]) for case in SAID}

    assert spoken_for == set(ENTITIES.values())


def test_a_call_without_a_channel_came_by_phone():
    """A kind that is a channel names it; the source's own word wins."""
    plain, named = Interaction(at=START, kind="call"), Interaction(at=START, kind="chat")
    toll_free = Interaction(at=START, kind="call", channel="toll-free")

    channels = [events_of("c/s/1", record)[0].channel for record in (plain, named, toll_free)]

    assert channels == ["phone", "chat", "toll-free"]


def test_instants_are_utc_whatever_the_source_wrote():
    """One clock for all systems."""
    at = datetime(2026, 1, 1, 10, tzinfo=timezone(timedelta(hours=10)))

    (event,) = events_of("c/s/1", Ticket(at=at))

    assert event.at == START
    assert event.at.tzinfo is UTC


def test_the_lines_of_a_receipt_are_one_order():
    """Three lines, one order: its money is their sum, and each line remains named."""
    lines = [
        *events_of("pos/lines/r1-2", line(at=day(1.1), sku="b", amount_minor=300)),
        *events_of("pos/lines/r1-1", line(sku="a", amount_minor=200)),
        *events_of("pos/lines/r1-3", line(sku="c", amount_minor=400)),
        *events_of("pos/lines/r2-1", line("r2")),
    ]

    first, second = sorted(together(lines), key=lambda event: event.ref or "")

    assert first.at == day(1)
    assert isinstance(first.record, Order)
    assert first.record.total_minor == 900
    assert first.record.items == [
        OrderItem(sku=sku, amount_minor=amount)
        for sku, amount in (("a", 200), ("c", 400), ("b", 300))
    ]
    assert first.sources == ("pos/lines/r1-1", "pos/lines/r1-3", "pos/lines/r1-2")
    assert second.sources == ("pos/lines/r2-1",)


def test_receipts_of_two_tills_are_never_one():
    """The same receipt number in another connection, currency or direction is another event."""
    events = [
        *events_of("pos/lines/1", line()),
        *events_of("kiosk/lines/1", line()),
        *events_of("pos/lines/2", line(currency="NZD")),
        *events_of("pos/lines/3", line(quantity=-1)),
    ]

    assert len(together(events)) == 4


def test_an_order_is_cancelled_when_all_of_its_lines_are():
    """One cancelled line leaves the order standing."""
    some = [
        *events_of("pos/lines/1", line()),
        *events_of("pos/lines/2", line(cancelled=True)),
    ]
    every = events_of("pos/lines/3", line("r2", cancelled=True))

    cancelled = {
        event.ref: event.record.cancelled
        for event in together([*some, *every])
        if isinstance(event.record, Order)
    }

    assert cancelled == {"r1": False, "r2": True}


def test_a_refund_that_a_shop_tells_twice_happened_once():
    """The refund inside the order gives way to the shop's own refund record of that instant."""
    refunds = [Refund(at=day(3), amount_minor=100), Refund(at=day(5), amount_minor=50)]
    own = Interaction(at=day(3), kind="refund", attributes={"order": "o1"})
    events = [
        *events_of("shop/orders/o1", order(refunds=refunds)),
        *events_of("shop/refunds/f1", own),
    ]

    told = in_order(together(events))

    assert [(e.kind, e.source) for e in told] == [
        ("order", "shop/orders/o1"),
        ("refund", "shop/refunds/f1"),
        ("refund", "shop/orders/o1"),
    ]


DESK = Ticket(at=day(1), subject="Late", body="Where is it?\n")
FIRST = Message(at=day(1), ticket="7", text="Where  is it?")


def test_the_message_that_opened_a_ticket_is_its_opening():
    """A help desk keeps the first words in both: one contact, told by two records."""
    events = [
        *events_of("desk/tickets/7", DESK),
        *events_of("desk/comments/1", FIRST),
        *events_of("desk/comments/2", Message(at=day(2), ticket="7", text="Where is it?")),
    ]

    told = in_order(together(events))

    assert [(e.kind, e.sources) for e in told] == [
        ("ticket_opened", ("desk/tickets/7", "desk/comments/1")),
        ("message_in", ("desk/comments/2",)),
    ]


@pytest.mark.parametrize(
    "message",
    [
        Message(at=day(1), ticket="7", text="Another thing"),
        Message(at=day(1), ticket="8", text="Where is it?"),
        Message(at=day(1), ticket="7", text="Where is it?", direction="out"),
        Message(at=day(1.1), ticket="7", text="Where is it?"),
    ],
    ids=["other-words", "other-ticket", "from-staff", "later"],
)
def test_any_other_message_is_one_of_its_own(message):
    """Only the customer's same words at the same instant are the same thing."""
    events = [*events_of("desk/tickets/7", DESK), *events_of("desk/comments/1", message)]

    assert len(together(events)) == 2


RECORDS = st.sampled_from(
    [
        order(),
        order(order_ref="o2", refunds=[Refund(at=day(1), amount_minor=1)]),
        line(sku="a"),
        line(sku="b", at=day(0.5)),
        line("r2", quantity=-1),
        Interaction(at=day(1), kind="login", channel="web"),
        Interaction(at=day(1), kind="login", channel="app"),
        Interaction(at=day(1), kind="login"),
        Interaction(at=day(1), kind="refund", attributes={"order": "o2"}),
        Feedback(at=day(1), instrument="nps", score=3.0),
        Feedback(at=day(1), instrument="nps", score=9.0),
        LoyaltyEntry(party=ADA, at=day(0.5), points=1),
    ]
)
WITH_TICKETS = RECORDS | st.sampled_from(  # whose own ids are what their messages refer to
    [
        Ticket(at=day(1), body="Where is it?"),
        *(Message(at=day(1), ticket=str(n), text="Where is it?") for n in range(3)),
    ]
)


def story(events: list[Event]) -> list[tuple[object, ...]]:
    """What happened, without the names of the rows that tell it."""
    return [(e.at, e.kind, e.channel, e.ref, e.record, len(e.also)) for e in events]


@settings(max_examples=50)
@given(st.lists(WITH_TICKETS, max_size=12), st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_how_records_came(records, chance):
    """Import order, batches and a second reading change nothing, not even among ties."""
    told = [e for n, record in enumerate(records) for e in events_of(f"c/s/{n}", record)]
    shuffled = list(told)
    chance.shuffle(shuffled)

    assert in_order(together(shuffled)) == in_order(together(told))


@settings(max_examples=50)
@given(st.lists(RECORDS, max_size=12), st.permutations(range(12)))
def test_renamed_rows_tell_the_same_story(records, names):
    """An export whose rows got other ids is the same past, event for event."""
    before = [e for n, record in enumerate(records) for e in events_of(f"c/s/{n}", record)]
    after = [
        e for n, record in zip(names, records, strict=False) for e in events_of(f"c/s/{n}", record)
    ]

    assert story(in_order(together(after))) == story(in_order(together(before)))


@settings(max_examples=50)
@given(st.lists(WITH_TICKETS, max_size=12))
def test_every_dated_record_is_represented(records):
    """The records that the events name are the records that were read: none lost, none added."""
    keys = {f"c/s/{n}" for n, _ in enumerate(records)}
    told = [e for n, record in enumerate(records) for e in events_of(f"c/s/{n}", record)]

    named = {source for event in together(told) for source in event.sources}

    assert named == keys


def test_a_cause_comes_before_its_answer_in_the_same_instant():
    """A ticket opened and solved by one import, and its survey, in the order that makes sense."""
    events = [
        *events_of("desk/ratings/1", Feedback(at=START, instrument="csat")),
        *events_of("desk/tickets/1", Ticket(at=START, solved_at=START)),
        *events_of("desk/comments/1", Message(at=START, ticket="1")),
    ]
    random.Random(3).shuffle(events)

    assert [e.kind for e in in_order(events)] == [
        "ticket_opened", "message_in", "ticket_solved", "survey",
    ]  # fmt: skip


def test_load_gathers_every_system_of_a_customer(history):
    """Two records of three systems under one golden id; another customer's stay theirs."""
    history.add("g1", "desk/tickets/7", Ticket(at=day(2), solved_at=day(4), status="solved"))
    history.add("g1", "pos/lines/2", line(sku="b"))
    history.add("g1", "pos/lines/1", line(sku="a"))
    history.add("g1", "shop/orders/o1", order(at=day(3)))
    history.add("g2", "shop/orders/o2", order(order_ref="o2"))
    history.person("g3")

    with history.store.read() as connection:
        told = load(connection, ["g1", "g2", "g3"])

    assert [(e.kind, e.sources) for e in told["g1"]] == [
        ("order", ("pos/lines/1", "pos/lines/2")),
        ("ticket_opened", ("desk/tickets/7",)),
        ("order", ("shop/orders/o1",)),
        ("ticket_solved", ("desk/tickets/7",)),
    ]
    assert [e.ref for e in told["g2"]] == ["o2"]
    assert told["g3"] == []


def test_records_of_nobody_known_are_counted_apart(history):
    """An anonymous receipt of two lines and a log-in are three records on no timeline."""
    history.add("g1", "pos/lines/1", line())
    history.add(None, "pos/lines/2", line("r2"))
    history.add(None, "pos/lines/3", line("r2"))
    history.add(None, "app/in/1", Interaction(at=day(1), kind="login"))

    with history.store.read() as connection:
        assert unplaced(connection) == 3


def test_load_is_the_same_in_whatever_order_rows_were_stored(history):
    """Row ids follow the import, the timeline does not."""
    records = [
        ("app/usage/1", Interaction(at=day(1), kind="login", channel="app")),
        ("app/usage/2", Interaction(at=day(1), kind="login", channel="web")),
        ("app/usage/3", Interaction(at=day(1), kind="login")),
    ]
    for source, record in records:
        history.add("forward", source, record)
    for source, record in reversed(records):
        history.add("backward", source.replace("app", "app2"), record)

    with history.store.read() as connection:
        told = load(connection, ["forward", "backward"])

    channels = [[e.channel for e in events] for events in told.values()]
    assert channels[0] == channels[1] == [None, "app", "web"]


def test_the_vocabulary_is_closed():
    """Every kind is listed once and ranked; words of sources lead nowhere else."""
    assert len(set(kinds.KINDS)) == len(kinds.KINDS)
    assert {kinds.of_interaction(word) for word in kinds._KIND_OF} <= set(kinds.KINDS)
    assert set(kinds.KINDS) >= kinds.CONTACTS | kinds.FEEDBACK
