"""Whether a change helped: a theme's share of the customers who wrote, before and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from hub.metrics.compare import Difference, compare
from hub.metrics.interval import Estimate, wilson
from hub.voc.theme_rise import Week

Verdict = Literal["better", "worse", "no difference shown", "insufficient data"]


@dataclass(frozen=True, slots=True)
class Again:
    """A theme, measured again; shares in percent of the customers who wrote, each once per week.

    Args:
        usual: In the weeks before it rose.
        before: From the week in which it rose until something was changed.
        after: In the whole weeks since.
        difference: ``after`` less ``before``.
        usual_again: Whether ``after`` is not shown to be above ``usual``. A theme is found where
            it stands high, and would fall back by itself: better alone does not say that the
            change did it.
        verdict: ``better`` if the share fell by more than chance explains, ``worse`` if it rose.
    """

    usual: Estimate
    before: Estimate
    after: Estimate
    difference: Difference | None
    usual_again: bool | None
    verdict: Verdict


def remeasured(
    weeks: Sequence[Week], theme: str, rise: int, changed: int, confidence: float
) -> Again:
    """The theme in ``weeks``, which follow each other without a gap.

    Args:
        weeks: From half a year before the rise; the last one is not over.
        theme: Which.
        rise: Begin of the week in which it rose.
        changed: When something was changed, microseconds. The week in which that happened tells
            nothing, unless the theme rose in it.
        confidence: Coverage of the intervals.
    """
    whole = [(week, later.begin) for week, later in pairwise(weeks)]
    usual = _share([week for week in weeks if week.begin < rise], theme, confidence)
    before = _share(
        [week for week in weeks if week.begin == rise]
        + [week for week, end in whole if week.begin > rise and end <= changed],
        theme,
        confidence,
    )
    since = max(changed, rise + 1)
    after = _share([week for week, _ in whole if week.begin >= since], theme, confidence)
    fell, above = compare(before, after), compare(usual, after)
    return Again(
        usual, before, after, fell, None if above is None else above.low <= 0, _verdict(fell)
    )


def _share(weeks: Sequence[Week], theme: str, confidence: float) -> Estimate:
    wrote = sum(week.wrote for week in weeks)
    spoke = sum(week.customers.get(theme, 0) for week in weeks)
    return wilson(spoke, wrote, confidence) if wrote else Estimate(0.0, None, None, 0)


def _verdict(fell: Difference | None) -> Verdict:
    if fell is None:
        return "insufficient data"
    if not fell.significant:
        return "no difference shown"
    return "better" if fell.value < 0 else "worse"
