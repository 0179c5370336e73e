"""Reproducible chance: one independent stream of random numbers per topic.

A stream depends on the seed and its topic only, so that adding a system or a new kind of fact
leaves everything else as it was. Only draws that are exact on every machine are used (no logarithm,
no normal distribution): the same seed makes the same bytes everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import TypeVar

T = TypeVar("T")


def dice(seed: int, *topic: str) -> Random:
    """The stream of random numbers for one topic of one world."""
    return Random("/".join((str(seed), *topic)))  # noqa: S311 - reproducible by intent


def chance(rng: Random, probability: float) -> bool:
    """True with the given probability."""
    return rng.random() < probability


def pick(rng: Random, weights: Mapping[T, float]) -> T:
    """One key, drawn by its weight."""
    return rng.choices(list(weights), list(weights.values()))[0]


def opening_hours(rng: Random, day: date) -> datetime:
    """A moment between 10:00 and 20:00 in the shop (UTC+10), as UTC."""
    midnight = datetime.combine(day, time(), UTC)
    return midnight + timedelta(seconds=rng.randrange(10 * 3600))


def moment_between(rng: Random, first: datetime, last: datetime) -> datetime:
    """A whole second between two instants; ``first`` when they are in the wrong order."""
    seconds = int((last - first).total_seconds())
    return first + timedelta(seconds=rng.randrange(max(1, seconds)))
