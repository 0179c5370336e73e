"""Themes that rose, beside the surveys: what the numbers do not say."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from hub.core.clock import from_micros
from hub.exports.report.ground import Ground
from hub.exports.report.model import Block, Share, Table
from hub.exports.report.month import span
from hub.metrics.interval import wilson
from hub.store import themes
from hub.store.themes import Improvement

_Row = tuple[str, str, int, Share, Share, str, str]


def risen(ground: Ground) -> Iterator[Block]:
    """The themes that rose in or before the month and were not settled before it."""
    begin, end = span(ground.month, ground.zone)
    found = [
        held
        for held in themes.listed(ground.connection)
        if held.state != "withdrawn"
        and held.week < end
        and (held.settled_at is None or held.settled_at >= begin)
    ]
    if found:
        yield Table(
            "Themes that rose",
            ("theme", "week of", "customers", "of who wrote", "usually", "state", "afterwards"),
            tuple(_row(held, ground) for held in found),
            "A customer counts once a week. Afterwards: against the weeks of the rise.",
        )


def _row(held: Improvement, ground: Ground) -> _Row:
    said, confidence = orjson.loads(held.evidence), ground.settings.metrics.confidence
    day = from_micros(held.week).astimezone(ground.zone).date().isoformat()
    now = wilson(said["customers"], said["wrote"], confidence)
    usual = wilson(said["usual_customers"], said["usual_wrote"], confidence)
    verdict = "" if held.result is None else str(orjson.loads(held.result)["verdict"])
    return (
        held.theme, day, said["customers"], Share(now, now.n), Share(usual, usual.n), held.state,
        verdict,
    )  # fmt: skip
