"""What customers say, gathered: once per text, by customer, and not of too few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from hub.core.records import AnyRecord, Feedback, Message, Ticket
from hub.journeys.timeline import Event, events_of
from hub.metrics.voice import Voice, gather, hear
from hub.text.annotation import Annotation, annotate
from hub.text.entities import catalogue
from hub.text.reading import Models

AT = datetime(2026, 3, 1, 20, tzinfo=UTC)
SYDNEY = ZoneInfo("Australia/Sydney")
RIVALS = catalogue([], ["Globex"])


def read(words: str, day: date, answer: bool) -> Annotation:
    return annotate(words, Models(), RIVALS, day, answer=answer)


def comment(words: str, **other) -> Feedback:
    return Feedback(at=AT, instrument="csat", comment=words, **other)


def timelines(records: Mapping[str, Sequence[AnyRecord]]) -> dict[str, list[Event]]:
    return {
        customer: [
            event
            for at, record in enumerate(each)
            for event in events_of(f"desk/all/{customer}-{at}", record)
        ]
        for customer, each in records.items()
    }


def voice(records: Mapping[str, Sequence[AnyRecord]], min_customers: int = 1) -> Voice:
    return gather(hear(timelines(records), read, SYDNEY), min_customers=min_customers)


def test_only_the_customers_own_words_are_heard():
    """Agents' replies, internal notes, transcripts and staff's findings are others' words."""
    told = voice(
        {
            "ada": [
                Ticket(at=AT, subject="Late", body="Still no parcel"),
                Message(at=AT, direction="in", text="Where is it?"),
                Message(at=AT, direction="out", text="We are terribly sorry"),
                Message(at=AT, direction="in", public=False, text="awful customer"),
                comment("It was rude", kind="transcript"),
                comment("The till is slow", kind="staff_observation"),
                comment("Great in the end"),
                comment(""),
            ]
        }
    )

    assert (told.texts, told.customers) == (3, 1)


def test_a_ticket_is_heard_once_although_it_is_opened_and_solved():
    """One record makes two events; its words were written once."""
    told = voice({"ada": [Ticket(at=AT, subject="Broken", status="solved", solved_at=AT)]})

    assert told.texts == 1


def test_tone_by_touchpoint_aspect_and_competitor():
    """One reading answers three questions."""
    told = voice(
        {
            "ada": [comment("Rude staff, I am off to Globex", channel="web")],
            "bob": [comment("The staff was lovely", channel="web")],
            "cleo": [Ticket(at=AT, subject="The website is useless", channel="email")],
        }
    )

    shares = {
        tone.group: (tone.negative.value, tone.positive.value)
        for tone in (*told.touchpoints, *told.aspects, *told.competitors)
        if tone.negative and tone.positive
    }
    assert shares == {
        "survey, web": (50, 50),
        "ticket_opened, email": (100, 0),
        "staff": (50, 50),
        "website": (100, 0),
        "Globex": (100, 0),
    }


def test_a_theme_is_what_enough_customers_say():
    """One customer who repeats themselves makes no theme; two customers do."""
    told = voice(
        {
            "ada": [comment("cold coffee again"), comment("cold coffee"), comment("wobbly chair")],
            "bob": [comment("cold coffee")],
        },
        min_customers=2,
    )

    assert [(theme.phrase, theme.customers) for theme in told.themes] == [("cold coffee", 2)]


def test_a_group_of_too_few_is_withheld():
    """The count is told, the share is not."""
    told = voice({"ada": [comment("Rude staff")]}, min_customers=5)

    (staff,) = told.aspects
    assert (staff.customers, staff.negative) == (1, None)


@pytest.mark.parametrize(("days", "heard"), [(0, 2), (1, 1), (3, 0)])
def test_since_is_an_instant(days: int, heard: int):
    """What is older is not read."""
    events = timelines({"ada": [comment("old"), Feedback(
        at=AT + timedelta(days=2), instrument="csat", comment="new")]})  # fmt: skip

    found = list(hear(events, read, SYDNEY, AT + timedelta(days=days)))

    assert len(found) == heard


def test_a_text_was_written_on_the_business_day():
    """At 20:00 UTC it is the next day in Sydney, so *yesterday* is the day of the instant."""
    (heard,) = hear(timelines({"ada": [comment("It broke yesterday")]}), read, SYDNEY)

    assert [entity.value for entity in heard.told.entities] == ["2026-03-01"]


def test_the_order_of_customers_does_not_matter():
    """The same texts give the same voice."""
    records = {f"c{n}": [comment(f"slow reply {n % 3}, nice staff")] for n in range(9)}
    backwards = dict(reversed(records.items()))

    assert partial(voice, min_customers=3)(backwards) == voice(records, min_customers=3)
