"""NPS, CSAT and CES: what customers answered when they were asked.

A response counts on the scale it was asked on. A 1-5 answer is never read as 0-10; whatever does
not fit its instrument is left out and counted as such.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import partial
from typing import Literal

from sqlalchemy import Connection

from hub.core.records import Feedback
from hub.metrics.facts import facts_of
from hub.metrics.interval import Estimate, mean, net_promoter, wilson
from hub.metrics.months import DAY
from hub.metrics.profile_value import ProfileValue
from hub.metrics.snapshot import Measured, Worst
from hub.metrics.survey_trend import trend

INSTRUMENTS = ("nps", "csat", "ces")
_SCALES: dict[str, set[tuple[float | None, float | None]]] = {
    "nps": {(0, 10)},
    "csat": {(1, 5), (0, 1), (1, 2)},
    "ces": {(1, 7)},
}
_TOP = {"1-5": (4, 5), "0-1": (1, 1), "1-2": (2, 2)}
WORST = {"0-10": (0, 6), "1-5": (1, 2), "0-1": (0, 0), "1-2": (1, 1), "1-7": (1, 3)}
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


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of everybody who was asked.

    Args:
        answers: Responses that count, oldest first.
        refused: Per instrument and reason, answers that do not fit the instrument.
        unanswered: Per instrument, people who were asked and said nothing.
        replaced: Per instrument, answers that a later one of the same person and wave replaced.
    """

    answers: Sequence[Response]
    refused: Mapping[str, Mapping[str, int]]
    unanswered: Mapping[str, int]
    replaced: Mapping[str, int]


def responses(
    connection: Connection, window_days: int, golden_ids: Sequence[str] | None = None
) -> Asked:
    """All responses, or those of some customers.

    Args:
        connection: To read from.
        window_days: NPS answers of one person that name no wave and are closer than this are one.
        golden_ids: Whose; None for everybody, people unknown included.
    """
    found: list[Response] = []
    refused: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    unanswered: dict[str, int] = defaultdict(int)
    for rid, golden_id, at, feedback in facts_of(connection, Feedback, golden_ids):
        instrument, score = feedback.instrument, feedback.score
        if instrument not in INSTRUMENTS:
            continue
        scale = (feedback.scale_min, feedback.scale_max)
        if score is None:
            unanswered[instrument] += 1
        elif reason := _misfit(instrument, score, scale):
            refused[instrument][reason] += 1
        else:
            person = golden_id or f"unknown:{rid}"
            found.append(
                Response(
                    rid, person, golden_id is not None, at, instrument, score,
                    f"{scale[0]:g}-{scale[1]:g}", feedback.wave or "",
                )
            )  # fmt: skip
    kept = last_per_wave(found, window_days)
    replaced = Counter(answer.instrument for answer in found)
    replaced.subtract(answer.instrument for answer in kept)
    return Asked(kept, refused, unanswered, replaced)


def overall(
    asked: Asked, ces: CesSummary, confidence: float, zone: tzinfo = UTC
) -> Iterator[Measured]:
    """One value per instrument and scale, over everybody who answered, with its worst boxes."""
    series: dict[tuple[str, str], list[Response]] = defaultdict(list)
    for answer in asked.answers:
        series[answer.instrument, answer.scale].append(answer)
    for (instrument, scale), answers in sorted(series.items()):
        scores = [answer.score for answer in answers]
        name = f"{ces} {scale}" if instrument == "ces" else scale
        low, high = WORST[scale]
        worst = sum(low <= score <= high for score in scores)
        yield Measured(
            instrument,
            name,
            _estimate(instrument, scale, ces, confidence, scores),
            period=(answers[0].at, answers[-1].at),
            detail={
                "answers": _histogram(scores),
                **_coverage(asked, instrument),
                **trend(answers, partial(_estimate, instrument, scale, ces, confidence), zone),
            },
            worst=Worst(f"answers {low}-{high}", wilson(worst, len(scores), confidence)),
        )


def satisfied(feedback: Feedback) -> tuple[bool, str] | None:
    """Whether a CSAT answer is in its top boxes, and its scale; None for any other answer."""
    if feedback.instrument != "csat" or feedback.score is None:
        return None
    scale = (feedback.scale_min, feedback.scale_max)
    if _misfit("csat", feedback.score, scale):
        return None
    name = f"{scale[0]:g}-{scale[1]:g}"
    low, high = _TOP[name]
    return low <= feedback.score <= high, name


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
    instrument: str, scale: str, ces: CesSummary, confidence: float, scores: Sequence[float]
) -> Estimate:
    def count(low: float, high: float) -> int:
        return sum(low <= score <= high for score in scores)

    if instrument == "nps":
        return net_promoter(count(9, 10), count(7, 8), count(0, 6), confidence)
    if instrument == "csat":
        low, high = _TOP[scale]
        return wilson(count(low, high), len(scores), confidence)
    if ces == "top_box":
        return wilson(count(5, 7), len(scores), confidence)
    if ces == "net":
        return net_promoter(count(6, 7), count(4, 5), count(1, 3), confidence)
    return mean(scores, confidence)


def _misfit(instrument: str, score: float, scale: tuple[float | None, float | None]) -> str | None:
    """Why an answer does not count; None when it does. Nothing is mapped to another scale."""
    low, high = scale
    if scale not in _SCALES[instrument] or low is None or high is None:
        return "other_scale"
    if not low <= score <= high:
        return "out_of_range"
    return None if score == int(score) else "no_whole_number"


def _coverage(asked: Asked, instrument: str) -> dict[str, object]:
    """How many were asked and how many of them count; over all scales of the instrument."""
    answered = sum(answer.instrument == instrument for answer in asked.answers)
    unanswered = asked.unanswered.get(instrument, 0)
    refused = dict(sorted(asked.refused.get(instrument, {}).items()))
    replaced = asked.replaced.get(instrument, 0)
    everybody = answered + unanswered + replaced + sum(refused.values())
    return {
        "asked": everybody,
        "response_rate_percent": round(100 * (everybody - unanswered) / everybody, 1),
        "replaced_by_a_later_answer": replaced,
        **{f"refused_{reason}": count for reason, count in refused.items()},
    }


def _histogram(scores: Iterable[float]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for score in scores:
        counts[f"{score:g}"] += 1
    return dict(sorted(counts.items(), key=lambda item: float(item[0])))


def last_per_wave(answers: Iterable[Response], window_days: int) -> list[Response]:
    """A person who answers twice in a wave changed their mind: the last answer counts.

    NPS answers that name no wave are one wave as long as they come within the window after its
    first; of other instruments each is of its own interaction.
    """
    last: dict[tuple[str, ...], Response] = {}
    begun: dict[tuple[str, ...], int] = {}
    for answer in sorted(answers, key=lambda answer: (answer.at, answer.rid)):
        who = (answer.person, answer.instrument, answer.scale)
        wave = f"wave {answer.wave}"
        if not answer.wave and answer.instrument == "nps":
            if answer.at - begun.get(who, answer.at - window_days * DAY) >= window_days * DAY:
                begun[who] = answer.at
            wave = f"from {begun[who]}"
        elif not answer.wave:
            wave = f"response {answer.rid}"
        last[*who, wave] = answer
    return sorted(last.values(), key=lambda answer: (answer.at, answer.rid))
