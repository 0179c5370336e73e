"""Small journeys and timelines in a few letters, for tests that are tables.

A journey ``"abc"`` has the stages a, b and c; a lower-case letter is required, an upper-case one
may be left out. A trace ``"a0 b1.5"`` is what a customer did: in stage a on day 0, in b on day 1.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.core.records import AnyRecord, Interaction
from hub.journeys.definition import Journey
from hub.journeys.timeline import Event, events_of, in_order

START = datetime(2026, 1, 1, tzinfo=UTC)
ALWAYS = datetime(2030, 1, 1, tzinfo=UTC)
"""A "now" at which every window has passed."""


def day(days: float) -> datetime:
    return START + timedelta(days=days)


def journey(
    letters: str,
    *,
    window: str = "30d",
    within: Mapping[str, str] | None = None,
    repeats: str = "",
    anytime: str = "",
    **other: Any,
) -> Journey:
    """A journey of one-letter stages, each entered by a usage of that name."""
    stages = [
        {
            "id": letter.lower(),
            "title": letter.upper(),
            "goal": "I want to get on.",
            "optional": letter.isupper(),
            "repeats": letter.lower() in repeats,
            "anytime": letter in anytime,
            "within": (within or {}).get(letter.lower()),
            "touchpoints": [{"kind": "usage", "about": letter.lower()}],
        }
        for letter in letters
    ]
    fields: dict[str, Any] = {
        "id": "test", "version": 1, "title": "Test", "goal": "Get on.", "owner": "Kim",
        "last_reviewed": START.date(), "window": window, "stages": stages,
    }  # fmt: skip
    return Journey.model_validate(fields | other)


def trace(text: str, *others: AnyRecord, who: str = "p") -> list[Event]:
    """A timeline: the letters of ``text`` on their days, and other records."""
    told = [
        event
        for number, step in enumerate(text.split())
        for event in events_of(
            f"app/{who}/{number}",
            Interaction(at=day(float(step[1:])), kind="usage", subject=step[0]),
        )
    ]
    for number, record in enumerate(others):
        told += events_of(f"more/{who}/{number}", record)
    return in_order(told)


def people(*texts: str) -> Iterable[list[Event]]:
    """One timeline per text."""
    return [trace(text, who=f"p{number}") for number, text in enumerate(texts)]
