"""The score that a customer gave, on one scale from -1 (bad) to 1 (good)."""

from __future__ import annotations

from hub.core.records import Feedback
from hub.journeys.event import Event


def survey_score(event: Event) -> float | None:
    """The score of an answer or review between the ends of its own scale; None without a score.

    A CES of five boxes asks for effort, so that low is good; that of seven asks for ease.
    Source: Dixon, Freeman, Toman 2010 (CES 1.0) and CEB 2013 (CES 2.0).
    """
    record = event.record
    if not isinstance(record, Feedback) or record.score is None:
        return None
    low, high = record.scale_min, record.scale_max
    if low is None or high is None or high <= low or not low <= record.score <= high:
        return None
    felt = 2 * (record.score - low) / (high - low) - 1
    return -felt if record.instrument == "ces" and (low, high) == (1, 5) else felt
