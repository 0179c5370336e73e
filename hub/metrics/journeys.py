"""Rates of a journey with their intervals: the counting itself is the journeys' own."""

from __future__ import annotations

from dataclasses import dataclass

from hub.journeys.funnel import Conversion, Funnel
from hub.metrics.compare import Difference, compare
from hub.metrics.interval import Estimate, wilson


@dataclass(frozen=True, slots=True)
class Precision:
    """When a rate may be shown, and how sure its interval is to hold the truth.

    Args:
        min_n: Below this many customers there is no number.
        confidence: Coverage of the interval.
    """

    min_n: int
    confidence: float

    def share(self, hits: int, n: int) -> Estimate | None:
        """A share in percent with its Wilson interval; None when ``n`` is too small."""
        return wilson(hits, n, self.confidence) if n >= max(1, self.min_n) else None


def conversion(stage: Conversion, precision: Precision) -> Estimate | None:
    """Customers who went on from a stage, of those of whom it is known, in percent."""
    return precision.share(stage.converted, stage.decided) if stage.to is not None else None


def completion(found: Funnel, precision: Precision) -> Estimate | None:
    """Customers who came to the end of a journey, of those of whom it is known, in percent."""
    return precision.share(found.completed, found.started - found.open)


def change_of_completion(before: Funnel, after: Funnel, precision: Precision) -> Difference | None:
    """How much the completion of a journey has risen, in percentage points with interval.

    None when one of the two groups is too small.
    """
    rates = completion(before, precision), completion(after, precision)
    return None if rates[0] is None or rates[1] is None else compare(rates[0], rates[1])
