"""Effort index: how hard customers had to work to be helped, part by part.

1. Each part of an issue that is known is held against the issues of complete months: how many
   standard deviations it lies above their mean.
2. The index of an issue is the weighted mean of its parts. A part that nobody tells is left out; it
   is not nought. A part that never varies tells nothing and is left out too.
3. A customer's index is the mean of their issues'.

Standardised on complete months, so that a new issue does not move everybody's index every day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from math import fsum
from statistics import fmean, pstdev

from hub.core.settings import MetricsSection
from hub.metrics.interval import wilson
from hub.metrics.issues import Issue
from hub.metrics.months import begin, label, month_of
from hub.metrics.profile_value import ProfileValue
from hub.metrics.skewed import ratio
from hub.metrics.snapshot import Measured, Worst

METRIC = "effort_index"

MONTHS = 12
"""How many complete months are told."""


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of effort: its weight, and how much of it an issue took; None if nobody tells."""

    weight: float
    of: Callable[[Issue], float | None]


PARTS: Mapping[str, Part] = {
    "repeats": Part(1.0, lambda issue: issue.repeats if issue.known else None),
    "reopens": Part(1.0, lambda issue: issue.reopens),
    "handoffs": Part(1.0, lambda issue: issue.stations and issue.stations - 1),
    "switches": Part(1.0, lambda issue: issue.switches),
    "wait": Part(1.0, lambda issue: issue.wait_seconds),
}
"""Version 1 of the weights: equal, since nothing has been measured that would justify others.

Whether a customer was asked for the same again is told by no source and is no part.
"""

PER_PROFILE = (METRIC, *(f"{METRIC}.{name}" for name in PARTS))


@dataclass(frozen=True, slots=True)
class Scored:
    """An issue with its index and, for each part that is known and varies, its standard score."""

    issue: Issue
    index: float
    parts: Mapping[str, float]


def scored(rows: Sequence[Issue], until: int, zone: tzinfo, min_n: int) -> list[Scored]:
    """Every issue of which some part is known; none as long as complete months hold too few.

    Args:
        rows: Every issue.
        until: The end of what is known, microseconds; the month that it lies in is not complete.
        zone: On whose clocks a month begins.
        min_n: How many issues are enough to hold others against.
    """
    running = begin(month_of(until, zone), zone)
    base = [row for row in rows if row.started_at < running]
    if len(base) < min_n:
        return []
    scales = {name: scale for name, part in PARTS.items() if (scale := _scale(part, base))}
    found = ((row, _scores(row, scales)) for row in rows)
    return [Scored(row, _mean(parts), parts) for row, parts in found if parts]


def _scale(part: Part, base: Iterable[Issue]) -> tuple[float, float] | None:
    """Mean and standard deviation of a part; None where it is not known to vary."""
    values = [float(value) for row in base if (value := part.of(row)) is not None]
    spread = pstdev(values) if values else 0.0
    return (fmean(values), spread) if spread > 0 else None


def _scores(issue: Issue, scales: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    return {
        name: (value - middle) / spread
        for name, (middle, spread) in scales.items()
        if (value := PARTS[name].of(issue)) is not None
    }


def _mean(parts: Mapping[str, float]) -> float:
    weights = sum(PARTS[name].weight for name in parts)
    return sum(PARTS[name].weight * score for name, score in parts.items()) / weights


def overall(
    rows: Sequence[Issue], until: int, zone: tzinfo, given: MetricsSection
) -> Iterator[Measured]:
    """The mean index of each month's issues, with each part as it was counted."""
    months: dict[int, list[Scored]] = defaultdict(list)
    known = scored(rows, until, zone, given.min_n)
    if rows and not known:
        yield Measured(METRIC, "", None)
    for each in known:
        months[month_of(each.issue.started_at, zone)].append(each)
    running = month_of(until, zone)
    for month, found in sorted(months.items()):
        if not running - MONTHS <= month <= running:
            continue
        own: dict[str, list[float]] = defaultdict(list)
        for each in found:
            own[each.issue.person].append(each.index)
        # Sorted and summed exactly: two hubs name customers otherwise and say the same to the bit.
        pairs = sorted((fsum(indices), float(len(indices))) for indices in own.values())
        heavy = wilson(sum(each.index > 1 for each in found), len(found), given.confidence)
        yield Measured(
            METRIC, label(month), ratio(pairs, given.confidence),
            (begin(month, zone), min(begin(month + 1, zone) - 1, until)),
            status="provisional" if month == running else "ok",
            detail={"issues": len(found), **_counted(each.issue for each in found)},
            worst=Worst("issues with an index above 1", heavy),
        )  # fmt: skip


def _counted(issues: Iterable[Issue]) -> dict[str, object]:
    """Each part's mean per issue, and of how many issues it is known."""
    told: dict[str, object] = {}
    rows = list(issues)
    for name, part in PARTS.items():
        values = [float(value) for row in rows if (value := part.of(row)) is not None]
        told[f"{name}_known_of"] = len(values)
        if values:
            unit = "_mean_seconds" if name == "wait" else "_mean"
            told[f"{name}{unit}"] = round(fmean(values), 2)
    return told


def per_profile(
    rows: Sequence[Issue], until: int, zone: tzinfo, min_n: int
) -> Iterator[ProfileValue]:
    """Each customer's index, and how much of each part an issue of theirs took."""
    own: dict[str, list[Scored]] = defaultdict(list)
    for each in scored(rows, until, zone, min_n):
        if each.issue.known:
            own[each.issue.person].append(each)
    for person, found in sorted(own.items()):
        index = fmean(each.index for each in found)
        yield ProfileValue(person, METRIC, "", round(index, 2), len(found))
        for name, part in PARTS.items():
            values = [float(v) for each in found if (v := part.of(each.issue)) is not None]
            if values:
                value = round(fmean(values), 2)
                yield ProfileValue(person, f"{METRIC}.{name}", "", value, len(values))
