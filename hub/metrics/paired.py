"""Times of service, which are never told without the satisfaction of the same customers.

A team that is measured by speed alone gets quick at its customers' cost. So a time comes with its
declared pair (:data:`hub.metrics.definition.REGISTRY`), is withheld where nobody said how satisfied
they were, and raises an alert when it improves while satisfaction falls.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import tzinfo

from hub.core.settings import MetricsSection
from hub.metrics.compare import Difference, compare
from hub.metrics.interval import wilson
from hub.metrics.months import label, month_of
from hub.metrics.skewed import quantile
from hub.metrics.snapshot import Measured, Pair

QUANTILES = {"median": 0.5, "p90": 0.9}

FASTER = 10.0
"""Percent that a median must fall by to be an improvement that satisfaction is held against."""

UNPAIRED = "nobody answered about these how satisfied they were: a time is not told without that"


@dataclass(frozen=True, slots=True)
class Span:
    """How long something took.

    Args:
        person: Whose it was; the unit of the interval.
        at: When it began, microseconds.
        seconds: How long it took.
        satisfied: What they said of it; None when nobody answered.
        scale: On which scale.
    """

    person: str
    at: int
    seconds: float
    satisfied: bool | None = None
    scale: str = ""


@dataclass(frozen=True, slots=True)
class Divergence:
    """One month beside the one before it.

    Args:
        months: Both, the older first.
        change_percent: How much the median rose, in percent of the older.
        satisfaction_change: How much the share of satisfied answers rose, in percentage points.
        alert: Whether the time fell by :data:`FASTER` percent or more and satisfaction fell too, by
            more than chance explains.
    """

    months: tuple[str, str]
    change_percent: float
    satisfaction_change: Difference
    alert: bool


def times(
    metric: str,
    name: str,
    spans: Sequence[Span],
    until: int,
    zone: tzinfo,
    given: MetricsSection,
    detail: Mapping[str, object],
) -> Iterator[Measured]:
    """Median and 90th percentile of what took time, with satisfaction, or why they are absent.

    Args:
        metric: Metric id.
        name: Of the series: ``NAME median`` and ``NAME p90``.
        spans: What took time.
        until: The end of what is known, microseconds.
        zone: On whose clocks a month begins.
        given: The business's own definitions.
        detail: Counts to tell with the median.
    """
    pair = satisfaction(spans, given.confidence)
    if pair is None:
        why = UNPAIRED if spans else "nothing has taken that time yet"
        yield absent(metric, name, why, {**detail, "told_of": len(spans)})
        return
    groups: dict[str, list[float]] = defaultdict(list)
    for span in spans:
        groups[span.person].append(span.seconds)
    period = (min(span.at for span in spans), max(span.at for span in spans))
    found = divergence(spans, until, zone, given)
    told = {**detail, "told_of": len(spans), **(asdict(found) if found else {})}
    for each, share in QUANTILES.items():
        estimate = quantile(list(groups.values()), share, given.confidence)
        more = told if each == "median" else {"told_of": len(spans)}
        yield Measured(metric, f"{name} {each}", estimate, period, detail=more, pair=pair)


def absent(
    metric: str, series: str, why: str, detail: Mapping[str, object] | None = None
) -> Measured:
    """A series that cannot be had from these data, with the reason."""
    return Measured(metric, series, None, status="absent", detail={**(detail or {}), "why": why})


def satisfaction(spans: Sequence[Span], confidence: float) -> Pair | None:
    """CSAT of those who said something, on the scale that most of them were asked on."""
    scales = Counter(span.scale for span in spans if span.satisfied is not None)
    if not scales:
        return None
    scale = max(sorted(scales), key=scales.__getitem__)
    happy = sum(span.satisfied is True for span in spans if span.scale == scale)
    return Pair("csat", scale, wilson(happy, scales[scale], confidence))


def divergence(
    spans: Sequence[Span], until: int, zone: tzinfo, given: MetricsSection
) -> Divergence | None:
    """The newest complete month beside the one before it; None when one of them is too small."""
    newest = month_of(until, zone) - 1
    pairs, medians = [], []
    for month in (newest - 1, newest):
        own = [span for span in spans if month_of(span.at, zone) == month]
        pair = satisfaction(own, given.confidence)
        if pair is None or min(len(own), pair.share.n) < given.min_n:
            return None
        pairs.append(pair)
        medians.append(quantile([[span.seconds] for span in own], 0.5, given.confidence).value)
    change = compare(pairs[0].share, pairs[1].share)
    if change is None or pairs[0].scale != pairs[1].scale or not medians[0]:
        return None
    percent = 100 * (medians[1] - medians[0]) / medians[0]
    alert = percent <= -FASTER and change.value < 0 and change.significant
    return Divergence((label(newest - 1), label(newest)), round(percent, 1), change, alert)
