"""A customer's own buying rhythm: how long they usually stay away, and whether they do so longer.

The one definition of it, for every list, signal and score:

- Orders of one day are one purchase; days are those of the business's clocks.
- The usual gap is the median of the days between purchases. Two gaps are the fewest that have one.
- A customer is **late** when silent for more than twice the usual gap and longer than ever before.
- How **strange** the silence is counts spreads of their gaps, on a scale on which 1.3 is a gap that
  one in ten of theirs would outlast, and 3.1 one in a thousand. Few gaps say little of the
  next one, so the same silence is less strange of somebody of whom less is known.

Source: the predictive Student's t of log-normal gaps (Gelman et al., Bayesian Data Analysis, 3.2),
with :data:`PRIOR_GAPS` gaps' worth of belief in :data:`PRIOR_SPREAD`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median
from typing import Final

from hub.metrics.baseline import as_normal

FEWEST: Final = 3
"""Days with an order from which a rhythm can be told."""
TIMES: Final = 2
"""Usual gaps of silence after which somebody may be late."""
PRIOR_SPREAD: Final = 0.5
"""Spread of the logarithm of gaps that is believed of who has shown none: a factor of 1.65."""
PRIOR_GAPS: Final = 3
"""How many gaps that belief is worth."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often one customer buys.

    Args:
        gaps: Days between purchases, in order; at least two, each at least one.
        last: Ordinal of the day of the last purchase.
    """

    gaps: Sequence[int]
    last: int

    @property
    def usual(self) -> float:
        """The median gap, in days."""
        return median(self.gaps)

    @property
    def purchases(self) -> int:
        """Days with an order."""
        return len(self.gaps) + 1

    def is_late(self, silent: int) -> bool:
        """Whether ``silent`` days are more than twice the usual gap, and more than ever.

        >>> Rhythm([10, 10, 12], 0).is_late(20), Rhythm([10, 10, 12], 0).is_late(21)
        (False, True)
        """
        return silent > self.late_after

    @property
    def late_after(self) -> float:
        """Days of silence that are still ordinary."""
        return max(TIMES * self.usual, max(self.gaps))

    def strangeness(self, silent: int) -> float:
        """How far ``silent`` days lie beyond this customer's gaps, as a standard normal score.

        >>> regular, irregular = Rhythm([10] * 12, 0), Rhythm([4, 25, 9, 14, 3, 30], 0)
        >>> round(regular.strangeness(30), 1), round(irregular.strangeness(30), 1)
        (3.5, 1.1)
        """
        if silent <= 0:
            return -math.inf
        logs = [math.log(gap) for gap in self.gaps]
        degrees = PRIOR_GAPS + len(logs) - 1
        middle = fmean(logs)
        squares = PRIOR_GAPS * PRIOR_SPREAD**2 + sum((each - middle) ** 2 for each in logs)
        spread = math.sqrt(squares / degrees * (1 + 1 / len(logs)))
        return as_normal((math.log(silent) - middle) / spread, degrees)


def rhythm(days: Iterable[int]) -> Rhythm | None:
    """The rhythm of purchases on ``days``, ordinals in any order; None if there are too few."""
    bought = sorted(set(days))
    if len(bought) < FEWEST:
        return None
    return Rhythm([after - before for before, after in pairwise(bought)], bought[-1])
