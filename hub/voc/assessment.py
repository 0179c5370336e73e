"""What a customer's timeline says today, in one piece, so that it is read once for all who ask.

The stage of risk keeps it; cases are opened by it, and the profile tells it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import msgspec

from hub.core.conversion import from_json
from hub.core.records import Order, OrderLine, Ticket
from hub.journeys import kinds
from hub.journeys.event import Event
from hub.text.tokens import tokenise
from hub.voc.health import Health
from hub.voc.issue import issues
from hub.voc.remedy import remedies
from hub.voc.risk import Risk
from hub.voc.scoring import Scorer, Standing

VERSION: Final = "assessment@1"
"""Raised whenever something else is read from the same timeline, or kept in another shape."""

_DISPUTED: Final = frozenset({"dispute", "disputed", "chargeback", "chargebacks"})
_SETTLED: Final = frozenset(
    {"won", "lost", "closed", "resolved", "settled", "withdrawn", "accepted"}
)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that one record tells.

    Args:
        source: Its source key.
        at: When.
        what: In words.
    """

    source: str
    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Advice:
    """What would lower the risk most (:mod:`hub.voc.remedy`).

    Args:
        action: In words.
        points: What the risk would be, 0..100.
        evidence: Source keys of the records that it is about.
    """

    action: str
    points: int
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the timeline of one customer says.

    Args:
        standing: Their risk.
        health: How they fare.
        advice: What would lower a risk that is medium or high; None if nothing does.
        unsolved: The first ticket that waits; ``what`` is its subject.
        dispute: A ticket or an order whose words speak of one.
        returned: What came back last.
        ordered_at: Instant of the last order.
    """

    standing: Standing
    health: Health
    advice: Advice | None = None
    unsolved: Happening | None = None
    dispute: Happening | None = None
    returned: Happening | None = None
    ordered_at: datetime | None = None


_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
UNREAD: Final = Assessment(
    Standing(Risk(None, (), 0, (), _NEVER), "unknown", None, None),
    Health(None, "unknown", (), 0, (), _NEVER),
)
"""Of a customer whose timeline nobody has read."""


def assessment(events: Sequence[Event], now: datetime, scorer: Scorer) -> Assessment:
    """What a timeline in order says at ``now``; it may go beyond."""
    standing = scorer.standing(events, now)
    past = [event for event in events if event.at <= now]
    return Assessment(
        standing,
        scorer.health(events, now),
        _advice(events, now, scorer, standing),
        next(_unsolved(past, now), None),
        next(_disputes(events), None),
        next(_returns(reversed(past)), None),
        next((event.at for event in reversed(events) if event.kind == kinds.ORDER), None),
    )


def body(found: Assessment) -> bytes:
    """An assessment as JSON without the day of the look: one that moves nothing writes nothing."""
    standing, fares = found.standing, found.health
    undated = replace(standing, risk=replace(standing.risk, at=_NEVER))
    return msgspec.json.encode(replace(found, standing=undated, health=replace(fares, at=_NEVER)))


def read(data: bytes) -> Assessment:
    """The assessment that :func:`body` was made of, without the day."""
    return from_json(data, Assessment)


def _advice(
    events: Sequence[Event], now: datetime, scorer: Scorer, standing: Standing
) -> Advice | None:
    if standing.risk.points is None or standing.band not in ("medium", "high"):
        return None
    best = next(iter(remedies(events, now, scorer.weigh)), None)
    if best is None or best.points is None:
        return None
    return Advice(best.action, best.points, best.evidence)


def _unsolved(past: Sequence[Event], now: datetime) -> Iterator[Happening]:
    for issue in issues(past, now):
        if issue.unresolved:
            yield Happening(issue.opening.source, issue.opening.at, issue.subject)


def _returns(latest_first: Iterable[Event]) -> Iterator[Happening]:
    for event in latest_first:
        if event.kind in (kinds.RETURN, kinds.REFUND):
            yield Happening(event.source, event.at, event.kind)


def _disputes(events: Iterable[Event]) -> Iterator[Happening]:
    """As far as sources tell: no connected system hands over the disputes of its payments."""
    for event in events:
        record = event.record
        if isinstance(record, Ticket):
            said = (record.subject, record.category, *record.attributes.values())
            if record.is_unsolved and _says_disputed(said):
                yield Happening(event.source, event.at, "a ticket")
        elif isinstance(record, Order | OrderLine) and any(
            _says_disputed((value,)) for value in record.attributes.values()
        ):
            yield Happening(event.source, event.at, "an order")


def _says_disputed(said: Iterable[object]) -> bool:
    words = {word for each in said if isinstance(each, str) for word in _words(each)}
    return bool(words & _DISPUTED) and not words & _SETTLED


def _words(text: str) -> list[str]:
    plain = text.lower().replace("charge-back", "chargeback").replace("_", " ")
    return [token.form for token in tokenise(plain)]
