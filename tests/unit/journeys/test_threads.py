"""What makes two contacts one matter, and what does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.records import Interaction, Message, Order, Ticket
from hub.journeys.threads import CONVERSATION, Thread, threads
from hub.journeys.timeline import Event, events_of, in_order

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(days: float) -> datetime:
    return START + timedelta(days=days)


def chat(at: float, subject: str | None, source: str = "widget/chats/1") -> list[Event]:
    return events_of(source, Interaction(at=day(at), kind="chat", subject=subject))


def call(at: float, subject: str | None, source: str = "phone/calls/1") -> list[Event]:
    return events_of(source, Interaction(at=day(at), kind="call", subject=subject))


def kinds_of(found: list[Thread]) -> list[list[str]]:
    return [[event.kind for event in thread.events] for thread in found]


def test_a_chat_and_the_call_after_it_are_one_thread():
    """Two systems, two channels, one matter: the topic in whatever spelling."""
    (thread,) = threads([*chat(1, "Late  parcel"), *call(2, "RE: late parcel!")])

    assert thread.topic == "late parcel"
    assert thread.channels == ("chat", "phone")
    assert thread.channel_switches == 1


@pytest.mark.parametrize(("pause", "number"), [(7, 1), (7.01, 2)])
def test_a_thread_ends_with_the_window(pause, number):
    """Seven days of silence are a pause; a moment more, and it is about something new."""
    assert len(threads([*chat(1, "refund"), *call(1 + pause, "refund")])) == number


@pytest.mark.parametrize(
    ("first", "second"),
    [("Late parcel", "Invoice"), (None, None), (None, "Invoice"), ("?!", "...")],
    ids=["other-topic", "no-topic", "half-known", "no-words"],
)
def test_nothing_is_guessed_together(first, second):
    """Without a common topic the same person's two contacts remain two threads."""
    assert len(threads([*chat(1, first), *call(1.1, second)])) == 2


def test_a_ticket_gathers_its_own_events_however_late():
    """The same reference in the same connection is one matter, whatever the window."""
    told = in_order(
        [
            *events_of("desk/tickets/7", Ticket(at=day(1), solved_at=day(40), category="Billing")),
            *events_of("desk/comments/1", Message(at=day(30), ticket="7")),
            *events_of("desk2/comments/1", Message(at=day(30), ticket="7")),
        ]
    )

    found = threads(told)

    assert kinds_of(found) == [["ticket_opened", "message_in", "ticket_solved"], ["message_in"]]
    assert found[0].topic == "billing"


def test_a_thread_goes_on_from_its_last_event():
    """A call five days after the last comment of a long ticket belongs to it."""
    told = in_order(
        [
            *events_of("desk/tickets/7", Ticket(at=day(1), category="billing")),
            *events_of("desk/comments/1", Message(at=day(20), ticket="7")),
            *call(25, "Billing"),
        ]
    )

    assert kinds_of(threads(told)) == [["ticket_opened", "message_in", "call"]]


def test_a_ticket_type_is_no_topic():
    """Every Zendesk ticket may be a "question": that makes no thread of them."""
    told = [
        *events_of("desk/tickets/1", Ticket(at=day(1), category="question", subject="Parcel")),
        *events_of("desk/tickets/2", Ticket(at=day(2), category="question", subject="Invoice")),
    ]

    assert [thread.topic for thread in threads(told)] == ["parcel", "invoice"]


def test_a_better_judge_of_topics_may_be_given():
    """Whoever reads texts can say that two subjects mean the same."""
    told = [*chat(1, "where is my box"), *call(2, "delivery status")]

    (thread,) = threads(told, topic_of=lambda event: "delivery")

    assert thread.topic == "delivery"


def test_what_is_no_conversation_is_in_no_thread():
    """An order between two calls is no part of them."""
    order = Order(order_ref="o", at=day(1.5), currency="AUD", total_minor=1)

    found = threads([*call(1, "x"), *events_of("shop/orders/o", order)])

    assert kinds_of(found) == [["call"]]


TALK = st.builds(
    lambda at, subject, n: events_of(
        f"c{n % 2}/s/{n}", Interaction(at=day(at), kind="call", subject=subject)
    ),
    st.integers(0, 40),
    st.sampled_from(["a", "b", None]),
    st.integers(0, 99),
)


@settings(max_examples=50)
@given(st.lists(TALK, max_size=15, unique_by=lambda events: events[0].source))
def test_every_conversation_event_is_in_exactly_one_thread(talks):
    """None is lost and none told twice; a thread has no silence beyond the window."""
    told = in_order(event for events in talks for event in events)

    found = threads(told)

    placed = [event.source for thread in found for event in thread.events]
    assert sorted(placed) == sorted(e.source for e in told if e.kind in CONVERSATION)
    for thread in found:
        gaps = zip(thread.events, thread.events[1:], strict=False)
        assert all(after.at - before.at <= timedelta(days=7) for before, after in gaps)
