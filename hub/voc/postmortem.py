"""Post-mortem: why a customer left, as far as their last 90 days tell.

1. When and how they left: the last contract ended, or without one, no order for the horizon.
2. What was open on that day: unresolved tickets first, then what they said, then what failed.
3. Since when the risk stood out, and with which reasons.

It names what was on record. That one thing led to the other is for somebody to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from hub.core.records import Subscription
from hub.journeys import kinds
from hub.journeys.event import Event
from hub.voc.contract_signals import failed_payment
from hub.voc.past import Past, sources
from hub.voc.remedy import Weigh
from hub.voc.risk import Risk, assess, band
from hub.voc.service_signals import low_score, repeat_contact
from hub.voc.signal import Finding
from hub.voc.use_signals import features_dropped, usage_drop

SPAN: Final = timedelta(days=90)
"""What is looked at before the end."""
HORIZON_DAYS: Final = 180
"""Days without an order after which a customer without a contract has left."""

How = Literal["contract ended", "no order since"]


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that was on record and not put right.

    Args:
        text: What, in words.
        evidence: Source keys of the records that tell it.
        unresolved: Whether it waited for the business when the customer left.
    """

    text: str
    evidence: tuple[str, ...]
    unresolved: bool


@dataclass(frozen=True, slots=True)
class PostMortem:
    """What is known of a departure.

    Args:
        left_at: The end of the contract; without one, the last order.
        how: Which of the two.
        events: The last 90 days, in order.
        matters: What was open, the weightiest first; empty if nothing is on record.
        flagged_at: Since when the risk was medium or high without a break; None if it was not.
        eve: The risk just before the end.
    """

    left_at: datetime
    how: How
    events: tuple[Event, ...]
    matters: tuple[Matter, ...]
    flagged_at: datetime | None
    eve: Risk

    @property
    def warning_days(self) -> int | None:
        """Whole days between the flag and the end; None without a flag."""
        return None if self.flagged_at is None else (self.left_at - self.flagged_at).days


def post_mortem(
    events: Sequence[Event],
    now: datetime,
    *,
    horizon_days: int = HORIZON_DAYS,
    weigh: Weigh = assess,
) -> PostMortem | None:
    """The post-mortem of a customer who has left by ``now``; None for one who has not.

    Args:
        events: The customer's timeline, in order.
        now: The instant.
        horizon_days: Days without an order after which one without a contract has left.
        weigh: How risk is assessed.
    """
    gone = departure(events, now, horizon_days)
    if gone is None:
        return None
    left_at, how = gone
    eve = Past.at(left_at - timedelta(microseconds=1), events)
    return PostMortem(
        left_at,
        how,
        tuple(event for event in events if left_at - SPAN <= event.at <= left_at),
        tuple(_matters(eve)),
        _flagged_at(events, eve.now, weigh),
        weigh(events, eve.now),
    )


def departure(
    events: Sequence[Event], now: datetime, horizon_days: int = HORIZON_DAYS
) -> tuple[datetime, How] | None:
    """When and how a customer left; None while a contract runs, or an order is not long ago.

    A paused contract has not ended, and who never bought cannot leave.
    """
    contracts = {
        event.source: event.record
        for event in events
        if isinstance(event.record, Subscription) and event.at <= now
    }
    if contracts:
        ends = [c.ended_at for c in contracts.values() if c.end_reason != "paused"]
        over = [end for end in ends if end is not None and end <= now]
        return (max(over), "contract ended") if len(over) == len(contracts) else None
    bought = [event.at for event in events if event.kind == kinds.ORDER and event.at <= now]
    if not bought or now - bought[-1] <= timedelta(days=horizon_days):
        return None
    return bought[-1], "no order since"


def _matters(eve: Past) -> Iterator[Matter]:
    """What was open on the eve, tickets that most people had dealt with first."""
    waiting = [issue for issue in eve.issues if issue.unresolved]
    for issue in sorted(waiting, key=lambda issue: (-issue.agents, issue.opening.at)):
        days = f"unresolved after {eve.age(issue.opening.at):.0f} days"
        agents = f", {issue.agents} people had dealt with it" if issue.agents > 1 else ""
        again = ", opened again" if issue.reopened else ""
        text = f"{issue.subject}: {days}{agents}{again}"
        yield Matter(text, sources(issue.events), unresolved=True)
    for find, unresolved in _OTHERS:
        for finding in find(eve):
            if eve.now - finding.at <= SPAN:
                yield Matter(finding.text, sources(finding.events), unresolved)


_OTHERS: Final[Sequence[tuple[Callable[[Past], Sequence[Finding]], bool]]] = (
    (low_score, True),
    (failed_payment, True),
    (repeat_contact, False),
    (usage_drop, False),
    (features_dropped, False),
)


def _flagged_at(events: Sequence[Event], eve: datetime, weigh: Weigh) -> datetime | None:
    """The first of the days up to the eve on all of which the risk was medium or high."""
    flagged, day = None, eve
    while day >= eve - SPAN and band(weigh(events, day).points) in ("medium", "high"):
        flagged, day = day, day - timedelta(days=1)
    return flagged
