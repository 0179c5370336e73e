"""What speaks for the customer leaving, and against writing to them."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.core.records import Ticket
from hub.profile.figures import metric_leaf
from hub.profile.happened import last_answer
from hub.profile.leaf import LATER, Field, Group, field, no_data
from hub.profile.service import OPEN_STATES
from hub.profile.sources import Sources

RECENT_RETURN_DAYS = 14
FEEDBACK_DAYS = 60


def risk(sources: Sources, now: datetime) -> Group:
    """Churn, and what forbids an offer at ``now``."""
    churn = metric_leaf(sources, "churn", purpose="analytics")
    returned = sources.last_return_at
    recent = returned is not None and now - returned <= timedelta(days=RECENT_RETURN_DAYS)
    complaint = next(
        (
            f
            for f in sources.facts
            if isinstance(f.record, Ticket) and f.record.status in OPEN_STATES
        ),
        None,
    )
    return {
        "churn": churn,
        "health": no_data(LATER),
        "reasons": no_data(LATER),
        "recent_return": field(recent, "hub", returned),
        "open_complaint": field(
            complaint is not None,
            *((complaint.source, complaint.at) if complaint else ("hub", None)),
        ),
        "unresolved_detractor": _detractor(sources, now),
        "in_dispute": no_data(LATER),
        "next_action": no_data(LATER),
    }


def _detractor(sources: Sources, now: datetime) -> Field:
    answer = last_answer(sources, "nps")
    if answer is None:
        return no_data()
    (source, at), feedback = answer
    low = (feedback.score or 0) <= 6 and feedback.scale_max == 10
    return field(low and now - at <= timedelta(days=FEEDBACK_DAYS), source, at, purpose="analytics")
