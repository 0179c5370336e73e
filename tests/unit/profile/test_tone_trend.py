"""The trend of a customer's tone: by whom it is told, and when there is none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from hub.core.records import AnyRecord, Feedback, Message
from hub.profile.sources import Fact
from hub.profile.tone import Trend, trend
from hub.text.reading import Models
from hub.text.sentiment import LEXICON

AT = datetime(2026, 1, 1, tzinfo=UTC)
GOOD, BAD, PLAIN = "Great service, thank you", "Rude staff and a broken lid", "table 42"


def said(text: str, days: int = 0, **other) -> Fact:
    at = AT + timedelta(days=days)
    return Fact("surveys/responses/1", at, Feedback(at=at, instrument="nps", comment=text, **other))


def facts(texts: Sequence[str]) -> list[Fact]:
    return [said(text, day) for day, text in enumerate(texts)]


def moved(found: list[Fact]) -> Trend:
    told = trend(found, Models())
    assert told is not None
    return told


@pytest.mark.parametrize(
    ("texts", "sign"),
    [([GOOD] * 3 + [BAD] * 3, -1), ([BAD] * 3 + [GOOD] * 3, 1), ([GOOD] * 6, 0)],
    ids=["sours", "mends", "stays"],
)
def test_the_latest_three_are_held_against_those_before(texts, sign):
    """Down when it sours, up when it mends, zero when nothing moves."""
    change = moved(facts(texts)).change

    assert (change > 0.5) - (change < -0.5) == sign
    assert abs(change) <= 2


def test_the_trend_names_what_read_the_texts_and_the_latest_of_them():
    """A field that is derived from text carries the method with its version, and a time."""
    found = moved(facts([GOOD] * 6))

    assert (found.method, found.at) == (LEXICON, AT + timedelta(days=5))


def test_fewer_than_six_texts_are_no_trend():
    """Three against two would be chance."""
    assert trend(facts([GOOD] * 5), Models()) is None


@pytest.mark.parametrize(
    "record",
    [
        Message(at=AT, direction="out", text=BAD),
        Feedback(at=AT, instrument="call", comment=BAD, kind="transcript"),
        Feedback(at=AT, instrument="nps", score=0),
        Feedback(at=AT, instrument="nps", comment="Das Paket ist nicht da und keiner hilft mir"),
    ],
    ids=["an agent's", "two voices", "no words", "no lexicon for it"],
)
def test_words_of_others_and_words_that_cannot_be_read_do_not_count(record: AnyRecord):
    """They neither move the trend nor make up its number."""
    own = facts([GOOD] * 5)

    assert (
        trend([*own, *[Fact("desk/all/1", AT + timedelta(days=9), record)] * 5], Models()) is None
    )


def test_old_texts_are_history():
    """What was written thirteen texts ago no longer weighs."""
    recent = [PLAIN] * 12

    assert moved(facts([BAD, *recent])).change == 0
    assert moved(facts([BAD, *recent[1:]])).change > 0
