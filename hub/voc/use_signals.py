"""Signals of use and purchase: what customers do less of, beside their own ups and downs.

What somebody does less of is a symptom, and chance brings it, too: holidays, seasons, weekly users
with an empty week. So each is weighed by how seldom this customer's own past would bring it
(:func:`~hub.voc.signal.share_of`), and by what everybody did in the same weeks (``Past.tide``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from hub.core.records import Interaction
from hub.journeys import kinds
from hub.journeys.event import Event
from hub.metrics.rhythm import rhythm
from hub.voc.contract_signals import running
from hub.voc.decline import BASELINE_SPANS, decline, strangeness
from hub.voc.past import IN_USE, Past
from hub.voc.signal import MONTH, QUARTER, Finding, Signal, share_of

_SPAN: Final = timedelta(days=MONTH)
_WEEKS: Final = 4
"""Weeks of :data:`_SPAN`."""
_BASELINE_WEEKS: Final = 26
_FEWEST_WEEKS: Final = 3
_QUIET: Final = 10
"""Days without use that even a daily user may take off."""
_CHANCE: Final = 0.01
"""Chance, over all features together, at which one that stays out is no chance."""
_NEW: Final = timedelta(days=120)
"""How long somebody is new."""
_SETTLING: Final = timedelta(days=28)
"""How long they may take to begin."""


def usage_drop(past: Past) -> Sequence[Finding]:
    """Half or less of the use of before over four weeks, or a silence longer than ever."""
    events = past.of(IN_USE)
    return [*_less(past, events), *_silent(past, events)]


def _less(past: Past, events: Sequence[Event]) -> Iterator[Finding]:
    usual = past.tide
    by = 1 - 0.5 * usual
    fall = decline([e.at for e in events], past.now, by=by, span=_SPAN, at_least=4)
    *before, latest = _weeks(past, events)
    if fall is None or len(before) < _FEWEST_WEEKS:
        return
    share = share_of(strangeness([usual * each for each in before], latest, _WEEKS))
    if share:
        text = f"use fell from {fall.usual:.0f} times in four weeks to {fall.latest}"
        compared = past.now - (1 + BASELINE_SPANS) * _SPAN
        yield Finding(fall.since, text, tuple(e for e in events if e.at > compared), share)


def _weeks(past: Past, events: Sequence[Event]) -> list[int]:
    """Days of use in each whole week since the first, then in the latest four weeks together.

    Days and not uses: who comes once clicks as often as they like.
    """
    days = {int(past.age(event.at)) for event in events}
    whole = min(_BASELINE_WEEKS, int((max(days, default=0) - MONTH) // 7))
    counts = Counter(int((day - MONTH) // 7) for day in days if day >= MONTH)
    return [*(counts[week] for week in range(whole)), sum(day < MONTH for day in days)]


def _silent(past: Past, events: Sequence[Event]) -> Iterator[Finding]:
    own = rhythm(event.at.astimezone(past.zone).toordinal() for event in events)
    if own is None:
        return
    silent = past.now.astimezone(past.zone).toordinal() - own.last
    expected = round(silent * past.tide)
    share = share_of(own.strangeness(expected))
    if share and own.is_late(expected) and expected >= _QUIET:
        text = f"not used for {silent} days, usually every {own.usual:.0f}, never away so long"
        due = events[-1].at + timedelta(days=max(_QUIET, own.late_after))
        yield Finding(due, text, tuple(events[-3:]), share)


def uses(past: Past) -> list[tuple[Event, str]]:
    """Every use of a feature that is named."""
    return [
        (event, event.record.subject)
        for event in past.of({kinds.USAGE})
        if isinstance(event.record, Interaction) and event.record.subject is not None
    ]


def features_dropped(past: Past) -> Sequence[Finding]:
    """Features that are left out of use that goes on, by more than chance.

    Who uses everything less has no feature in particular that they dropped: see usage-drop.
    """
    used = uses(past)
    recent = [name for event, name in used if past.age(event.at) < MONTH]
    before = Counter(name for event, name in used if MONTH <= past.age(event.at) < MONTH + QUARTER)
    total = before.total()
    return [
        Finding(last.at, f'"{name}" is not used any more', (last,))
        for name, times in sorted(before.items())
        if name not in recent and len(before) * (1 - times / total) ** len(recent) <= _CHANCE
        for last in [next(event for event, each in reversed(used) if each == name)]
    ]


def never_settled(past: Past) -> Sequence[Finding]:
    """A newcomer who tried one thing at most, in few of their weeks, and has stopped since."""
    begun = [e for e in running(past) if _SETTLING <= past.now - e.at <= _NEW]
    used = past.of(IN_USE)
    tried = {e.record.subject for e in used if isinstance(e.record, Interaction)} - {None}
    if not begun or len(tried) > 1:
        return []
    weeks = past.age(begun[-1].at) / 7
    if 2 * len({int(past.age(event.at) / 7) for event in used}) > weeks:
        return []
    new = f"new since {weeks:.0f} weeks, tried one thing, and has stopped"
    return [
        Finding(each.at, f"{new}: {each.text}", (begun[-1], *each.events), each.share)
        for each in _silent(past, used)
    ]


def overdue_purchase(past: Past) -> Sequence[Finding]:
    """A pause after the last order that is longer than ever, and strange beside the own gaps."""
    orders = past.of({kinds.ORDER})
    own = rhythm(order.at.astimezone(past.zone).toordinal() for order in orders)
    if own is None:
        return []
    silent = past.now.astimezone(past.zone).toordinal() - own.last
    share = share_of(own.strangeness(silent))
    if not share or not own.is_late(silent):
        return []
    text = f"last order {silent} days ago, usually every {own.usual:.0f}"
    due = orders[-1].at + timedelta(days=own.late_after)
    return [Finding(due, text, tuple(orders[-3:]), share)]


def returns_spike(past: Past) -> Sequence[Finding]:
    """Two or more orders brought back within a month."""
    back = past.of({kinds.RETURN, kinds.REFUND}, days=30)
    orders = {event.ref or event.source for event in back}
    if len(orders) < 2:
        return []
    return [Finding(back[-1].at, f"{len(orders)} orders brought back in 30 days", tuple(back))]


def recent_purchase(past: Past) -> Sequence[Finding]:
    """An order within the last month, unless that is long for this customer."""
    latest = [] if overdue_purchase(past) else past.of({kinds.ORDER}, days=30)[-1:]
    return [Finding(order.at, "ordered within the last 30 days", (order,)) for order in latest]


_USE, _ORDERS = frozenset(IN_USE), frozenset({kinds.ORDER})
_RETURNS = frozenset({kinds.ORDER, kinds.RETURN, kinds.REFUND})
_FEATURES = frozenset({kinds.USAGE})
_CONTRACTS = frozenset({kinds.SUBSCRIPTION_STARTED})

SIGNALS: Final = (
    Signal("usage-drop", 20, 20, None, (_USE,), usage_drop, silent=_USE),
    Signal("feature-dropped", 5, 15, 60, (_FEATURES,), features_dropped, silent=_FEATURES),
    Signal("never-settled", 20, 20, None, (_CONTRACTS, _USE), never_settled, silent=_USE),
    Signal("overdue-purchase", 20, 20, None, (_ORDERS,), overdue_purchase, silent=_ORDERS),
    Signal("returns-spike", 5, 5, 30, (_RETURNS,), returns_spike),
    Signal("recent-purchase", -10, -10, 30, (_ORDERS,), recent_purchase),
)
