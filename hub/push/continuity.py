"""Hand-over continuity: whether the card stood there when a customer changed channel or agent.

One ticket counts once per series. Only tickets that could have had a card count: new ones of known
customers, in connections that take notes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from hub.audit import log
from hub.core.clock import to_micros
from hub.core.ids import IdSource
from hub.core.settings import Settings
from hub.journeys import timeline
from hub.journeys.event import Event
from hub.metrics.definition import HANDED
from hub.metrics.interval import wilson
from hub.metrics.run import snapshot_event
from hub.metrics.snapshot import Measured, keep
from hub.push.handover_cards import contacts_before, key_of
from hub.push.handover_tickets import Asked, asked_of, first_heard, fresh, owners, takers
from hub.store import handovers
from hub.store.engine import Store

Series = Literal["channel", "team"]


@dataclass(frozen=True, slots=True)
class Passed:
    """A ticket in which a customer met somebody new.

    Args:
        series: Whether they came from another channel or system, or were passed on.
        at: When they opened it, microseconds.
        state: Of its card: done, withheld, nowhere, …; none if none was wanted yet.
        found: Whether the card stood there.
    """

    series: Series
    at: int
    state: str
    found: bool


def measure(store: Store, settings: Settings, *, ids: IdSource, actor: str) -> int:
    """Bring the number up to date; returns how many snapshots are new."""
    now = to_micros(store.clock.now())
    with store.write() as connection:
        passed = [
            each
            for name in sorted(takers(settings))
            for each in passed_on(connection, name, fresh(connection, name, store.clock))
        ]
        measured = [*rates(passed, settings.metrics.confidence)]
        kept = keep(
            connection, measured, min_n=settings.metrics.min_n, ids=ids, now=now, among=HANDED
        )
        if kept:
            log.record(connection, snapshot_event(measured, kept, actor, now))
    return kept


def rates(passed: Sequence[Passed], confidence: float) -> Iterator[Measured]:
    """The share of tickets in which the card was found, per series."""
    for series in ("channel", "team"):
        found = [each for each in passed if each.series == series]
        if found:
            share = wilson(sum(each.found for each in found), len(found), confidence)
            period = (min(each.at for each in found), max(each.at for each in found))
            states = Counter(each.state for each in found)
            detail = {f"card_{state}": number for state, number in sorted(states.items())}
            yield Measured("handover_continuity", series, share, period, detail=detail)


def passed_on(connection: Connection, name: str, rids: set[int]) -> Iterator[Passed]:
    """The tickets among ``rids`` in which somebody new met a known customer of ``name``."""
    asked = asked_of(connection, rids)
    whose = owners(connection, {each.party_rid for each in asked if each.party_rid is not None})
    heard = first_heard(connection, set(whose.values()))
    told = timeline.load(connection, set(whose.values()))
    cards = handovers.get(connection, [key_of(each.key) for each in asked])
    for each in asked:
        golden_id, at = whose.get(each.party_rid or 0, ""), to_micros(each.ticket.at)
        if not each.alive or heard.get(golden_id, at) >= at:
            continue
        card = cards.get(key_of(each.key))
        state, found = (card.status, card.digest is not None) if card else ("none", False)
        for series in _series(each, told[golden_id]):
            yield Passed(series, at, state, found)


def _series(asked: Asked, events: Sequence[Event]) -> Iterator[Series]:
    """How the customer came to somebody new, if they did."""
    before = contacts_before(events, asked)
    here = (asked.key.connection, asked.ticket.channel)
    if before and (before[-1].connection, before[-1].channel) != here:
        yield "channel"
    if (asked.ticket.assignee_stations or 0) > 1:
        yield "team"
