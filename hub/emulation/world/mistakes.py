"""The corrupt lines that files carry on purpose, planned before any file is written.

A planted line is a copy of a good one under a key of its own with one fault in it, so a hub that
quarantines exactly the planted lines has lost nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hub.emulation.world.dice import dice
from hub.emulation.world.model import Mistake

BAD_DATE = "bad-date"
TOO_FEW = "too-few-columns"
TOO_MANY = "too-many-columns"
NUL = "nul"
TOO_LONG = "field-too-long"
BAD_ENCODING = "unreadable-encoding"

PLANTED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "pos": {
        "pos_customers.csv": (TOO_MANY, BAD_ENCODING),
        "pos_lines.csv": (
            *(BAD_DATE, BAD_DATE, TOO_FEW, TOO_MANY),
            *(NUL, TOO_LONG, BAD_ENCODING),
        ),
    },
    "loyalty": {
        "loyalty_members.csv": (TOO_FEW, NUL, BAD_ENCODING),
        "consents.csv": (BAD_DATE, TOO_MANY),
        "reviews.csv": (BAD_DATE, NUL),
        "campaign_events.csv": (BAD_DATE,),
    },
    "surveys": {
        "survey_contacts.csv": (TOO_MANY, NUL),
        "surveys.csv": (BAD_DATE, NUL, TOO_LONG, BAD_ENCODING),
    },
    "support": {
        "support_customers.csv": (TOO_FEW,),
        "support_tickets.csv": (BAD_DATE, TOO_FEW, BAD_ENCODING),
    },
}
"""By system and file, the faults, one line each."""

WITHIN_FIRST = 250
"""Planted lines stand among the first rows, so that a file that grows keeps them in place."""


def planned_mistakes(seed: int, systems: Iterable[str]) -> tuple[Mistake, ...]:
    """Where each fault goes, file by file, in order of lines."""
    files = ((file, faults) for s in systems for file, faults in PLANTED.get(s, {}).items())
    return tuple(mistake for file, faults in files for mistake in _placed(seed, file, faults))


def _placed(seed: int, file: str, faults: Sequence[str]) -> Iterator[Mistake]:
    """The faults of one file, shuffled over its first rows."""
    rng = dice(seed, "mistakes", file)
    places = sorted(rng.sample(range(1, WITHIN_FIRST), len(faults)))
    for place, fault in zip(places, rng.sample(faults, len(faults)), strict=True):
        yield Mistake(file, place, fault)
