"""What a customer makes of what they pay for, for whoever is to show them more of it.

Features that they used and do not use any more, the plan, and the last time that they got something
out of it. Nothing is told of who neither uses nor
subscribes to anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.core.records import Interaction, Subscription
from hub.journeys import kinds
from hub.journeys.event import Event
from hub.voc.past import Past
from hub.voc.signal import MONTH, QUARTER
from hub.voc.use_signals import uses

VALUE: Final = frozenset({kinds.USAGE, kinds.ORDER, kinds.DEAL_WON, kinds.VISIT})
"""Kinds of events in which a customer gets what they came for."""
_AGAIN: Final = 3
"""Times in a quarter from which a feature counts as used again and again."""
_CONTRACTS: Final = frozenset({kinds.SUBSCRIPTION_STARTED})


@dataclass(frozen=True, slots=True)
class LastValue:
    """The last time that a customer got something out of it.

    Args:
        at: When, UTC.
        kind: Which of :data:`VALUE`.
        what: The feature or reference, if the source names it.
        source: Source key of the record that tells it.
    """

    at: datetime
    kind: str
    what: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Use:
    """How a customer uses what they have.

    Args:
        unused: Features that they used again and again, and not once in four weeks; by name.
        plans: Plans of the contracts that run, the oldest first.
        last_value: None if there was none.
    """

    unused: tuple[str, ...]
    plans: tuple[str, ...]
    last_value: LastValue | None


def use_of(past: Past) -> Use | None:
    """How the customer uses what they have; None of who neither uses nor subscribes to anything."""
    contracts = [*_contracts(past)]
    if not (contracts or past.of({kinds.USAGE})):
        return None
    plans = dict.fromkeys(contract.plan for contract in contracts if contract.plan)
    latest = past.of(VALUE)[-1:]
    last_value = _last_value(latest[0]) if latest else None
    return Use(tuple(_unused(past)), tuple(plans), last_value)


def lines(use: Use | None) -> list[str]:
    """The same in words, one line each."""
    return [] if use is None else [*_lines(use)]


def _lines(use: Use) -> Iterator[str]:
    if use.plans:
        yield f"Plan: {', '.join(use.plans)}."
    if use.unused:
        yield f"Used before, and not for four weeks: {', '.join(use.unused)}."
    last = use.last_value
    if last is not None:
        what = f" ({last.what})" if last.what else ""
        yield f"Last value: {last.kind.replace('_', ' ')}{what} on {last.at:%Y-%m-%d}."


def _contracts(past: Past) -> Iterator[Subscription]:
    """The contracts that run, the oldest first."""
    for event in past.of(_CONTRACTS):
        record = event.record
        if isinstance(record, Subscription) and not _is_over(record, past.now):
            yield record


def _is_over(contract: Subscription, now: datetime) -> bool:
    return contract.ended_at is not None and contract.ended_at <= now


def _unused(past: Past) -> Iterator[str]:
    """What was used again and again in a quarter, and not in the four weeks after it; by name.

    An offer to show something needs no proof that it was dropped, as the signal does.
    """
    used = [(past.age(event.at), name) for event, name in uses(past)]
    recent = {name for age, name in used if age < MONTH}
    before = Counter(name for age, name in used if MONTH <= age < MONTH + QUARTER)
    yield from sorted(name for name, n in before.items() if n >= _AGAIN and name not in recent)


def _last_value(event: Event) -> LastValue:
    record = event.record
    what = record.subject if isinstance(record, Interaction) else event.ref
    return LastValue(event.at, event.kind, what, event.source)
