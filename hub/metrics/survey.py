"""NPS, CSAT and CES: what customers answered when they were asked.

A response counts on the scale it was asked on. A 1-5 answer is never read as 0-10; whatever does
not fit its instrument is left out and counted as such.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from hub.core.records import Feedback
from hub.metrics.facts import facts_of
from hub.metrics.interval import Estimate, mean, net_promoter, wilson
from hub.metrics.profile_value import ProfileValue
from hub.metrics.snapshot import Measured

INSTRUMENTS = ("nps", "csat", "ces")
_SCALES: dict[str, set[tuple[float | None, float | None]]] = {
    "nps": {(0, 10)},
    "csat": {(1, 5), (0, 1), (1, 2)},
    "ces": {(1, 7)},
}
CesSummary = Literal["mean", "top_box", "net"]


@dataclass(frozen=True, slots=True)
class Response:
    """One survey answer that fits its instrument.

    Args:
        rid: Source record; breaks ties of time.
        person: Golden id, or a place of its own for somebody unknown.
        known: Whether the person is known.
        at: Microseconds.
        instrument: ``nps``, ``csat`` or ``ces``.
        score: The answer.
        scale: ``0-10``, ``1-5``, …
        wave: Survey wave, if the source has one.
    """

    rid: int
    person: str
    known: bool
    at: int
    instrument: str
    score: float
    scale: str
    wave: str


def responses(
    connection: Connection, golden_ids: Sequence[str] | None = None
) -> tuple[list[Response], dict[str, int]]:
    """All responses, or those of some customers; and per instrument how many did not fit."""
    found: list[Response] = []
    misfits: dict[str, int] = defaultdict(int)
    for rid, golden_id, at, feedback in facts_of(connection, Feedback, golden_ids):
        if feedback.instrument not in INSTRUMENTS:
            continue
        if feedback.score is None:
            continue  # offered, not answered
        scale = (feedback.scale_min, feedback.scale_max)
        if scale not in _SCALES[feedback.instrument] or not _on(feedback.score, scale):
            misfits[feedback.instrument] += 1
            continue
        found.append(
            Response(
                rid, golden_id or f"unknown:{rid}", golden_id is not None, at,
                feedback.instrument, feedback.score, f"{scale[0]:g}-{scale[1]:g}",
                feedback.wave or "",
            )
        )  # fmt: skip
    return _last_per_wave(found), dict(misfits)


def overall(
    answers: Iterable[Response], misfits: Mapping[str, int], ces: CesSummary, confidence: float
) -> Iterator[Measured]:
    """One value per instrument and scale, over everybody who answered."""
    series: dict[tuple[str, str], list[float]] = defaultdict(list)
    span: dict[tuple[str, str], list[int]] = defaultdict(list)
    for answer in answers:
        series[answer.instrument, answer.scale].append(answer.score)
        span[answer.instrument, answer.scale].append(answer.at)
    for (instrument, scale), scores in sorted(series.items()):
        when = span[instrument, scale]
        name = f"{ces} {scale}" if instrument == "ces" else scale
        yield Measured(
            instrument,
            name,
            _estimate(instrument, scale, scores, ces, confidence),
            period=(min(when), max(when)),
            detail={"answers": _histogram(scores), "not_on_scale": misfits.get(instrument, 0)},
        )


def per_profile(answers: Iterable[Response]) -> Iterator[ProfileValue]:
    """Each customer's last answer per instrument and scale."""
    groups: dict[tuple[str, str, str], list[Response]] = defaultdict(list)
    for answer in answers:
        if answer.known:
            groups[answer.person, answer.instrument, answer.scale].append(answer)
    for (person, instrument, scale), group in groups.items():
        last = max(group, key=lambda answer: (answer.at, answer.rid))
        yield ProfileValue(person, instrument, scale, last.score, len(group))


def _estimate(
    instrument: str, scale: str, scores: Sequence[float], ces: CesSummary, confidence: float
) -> Estimate:
    def count(low: float, high: float) -> int:
        return sum(low <= score <= high for score in scores)

    if instrument == "nps":
        return net_promoter(count(9, 10), count(7, 8), count(0, 6), confidence)
    if instrument == "csat":
        low, high = {"1-5": (4, 5), "0-1": (1, 1), "1-2": (2, 2)}[scale]
        return wilson(count(low, high), len(scores), confidence)
    if ces == "top_box":
        return wilson(count(5, 7), len(scores), confidence)
    if ces == "net":
        return net_promoter(count(6, 7), count(4, 5), count(1, 3), confidence)
    return mean(scores, confidence)


def _on(score: float, scale: tuple[float | None, float | None]) -> bool:
    low, high = scale
    return low is not None and high is not None and low <= score <= high and score == int(score)


def _histogram(scores: Iterable[float]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for score in scores:
        counts[f"{score:g}"] += 1
    return dict(sorted(counts.items(), key=lambda item: float(item[0])))


def _last_per_wave(answers: Iterable[Response]) -> list[Response]:
    """A person who answers twice in a wave changed their mind: the last answer counts."""
    last: dict[tuple[str, ...], Response] = {}
    for answer in answers:
        wave = answer.wave or f"response {answer.rid}"
        key = (answer.person, answer.instrument, answer.scale, wave)
        held = last.get(key)
        if held is None or (answer.at, answer.rid) > (held.at, held.rid):
            last[key] = answer
    return sorted(last.values(), key=lambda answer: (answer.at, answer.rid))
