"""How a survey's value moves: month against month, and the weeks in which its level changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, timedelta, tzinfo
from typing import Protocol

from hub.core.clock import from_micros
from hub.metrics.baseline import baseline, changes
from hub.metrics.compare import compare
from hub.metrics.interval import Estimate
from hub.metrics.months import label, month_of

WEEKLY = 5
"""Answers without which a week is no point of the trend."""

MONTHS = 13
"""Newest months that are told: a year, and the same month of the year before."""


class Answer(Protocol):
    """A score and when it was given, microseconds."""

    @property
    def at(self) -> int:
        """When it was given."""

    @property
    def score(self) -> float:
        """On the scale it was asked on."""


def trend(
    answers: Sequence[Answer], measure: Callable[[Sequence[float]], Estimate], zone: tzinfo
) -> dict[str, object]:
    """What stands in a snapshot's detail beside the value over all answers.

    ``months``: value, limits and n by month. ``month_on_month`` and ``year_on_year``: the newest
    month less the one before it, and less the same of last year, with interval and significance.
    ``weekly_limits``: what a week usually is; ``weekly_changes``: since when it is another.
    """
    return _months(answers, measure, zone) | _weeks(answers, measure, zone)


def _months(
    answers: Sequence[Answer], measure: Callable[[Sequence[float]], Estimate], zone: tzinfo
) -> dict[str, object]:
    scores: dict[int, list[float]] = defaultdict(list)
    for answer in answers:
        scores[month_of(answer.at, zone)].append(answer.score)
    newest = max(scores)
    told = {
        month: measure(found) for month, found in sorted(scores.items()) if month > newest - MONTHS
    }
    document: dict[str, object] = {
        "months": {label(month): asdict(estimate) for month, estimate in told.items()}
    }
    for name, back in (("month_on_month", 1), ("year_on_year", 12)):
        if newest - back in told:
            difference = compare(told[newest - back], told[newest])
            document |= {name: asdict(difference)} if difference else {}
    return document


def _weeks(
    answers: Sequence[Answer], measure: Callable[[Sequence[float]], Estimate], zone: tzinfo
) -> dict[str, object]:
    weeks: dict[date, list[float]] = defaultdict(list)
    for answer in answers:
        day = from_micros(answer.at).astimezone(zone).date()
        weeks[day - timedelta(days=day.weekday())].append(answer.score)
    told = {week: scores for week, scores in sorted(weeks.items()) if len(scores) >= WEEKLY}
    values = [measure(scores).value for scores in told.values()]
    changed = [
        f"{list(told)[change.since]} {change.kind} {change.before:.1f} to {change.after:.1f}"
        for change in changes(values)
    ]
    document: dict[str, object] = {"weekly_changes": changed} if changed else {}
    if usual := baseline(values):
        limits = (usual.low, usual.value, usual.high)
        document["weekly_limits"] = [round(each, 1) for each in limits]
    return document
