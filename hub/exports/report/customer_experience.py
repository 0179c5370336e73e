"""The report for those who look after customer experience: surveys, tone, journeys, their maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.core.clock import from_micros
from hub.exports.report.executive import SURVEYS, charts
from hub.exports.report.ground import Ground
from hub.exports.report.measured import Trend, load, standing, trend
from hub.exports.report.model import Bars, Block, Report, Section, Share, Table, Words
from hub.exports.report.month import span
from hub.exports.report.risen import risen
from hub.exports.report.waiting import waiting
from hub.journeys.definition import Journey
from hub.journeys.drift import Drift, drift
from hub.journeys.funnel import Conversion, funnel
from hub.journeys.timeline import everybody
from hub.metrics.hearing import heard
from hub.metrics.journeys import Precision, completion, conversion
from hub.metrics.tone import Tone
from hub.metrics.voice import Voice, gather

_THEMES = 10
_DRAWN, _LISTED = 12, 40
"""Touchpoints of a chart and of a table: the worst; a program gets all."""


def customer_experience(ground: Ground) -> Report:
    """The CX report of one month."""
    months = trend(load(ground.connection, ground.basis), ground.month)
    beside = waiting(ground.connection).beside
    surveys = [
        *(months.block(key, beside) for key in months.keys(*SURVEYS)),
        *charts(months, *SURVEYS),
        *_asked(ground, months),
    ]
    sections = (
        Section("What customers answer", tuple(surveys)),
        Section("How customers sound", tuple(_tones(_voice(ground)))),
        Section("What customers speak of more than usual", tuple(risen(ground))),
        *(
            Section(f"Journey: {journey.title}", tuple(_journey(ground, journey)))
            for journey in ground.journeys.current
        ),
    )
    return ground.report("cx", "Customer experience", sections)


# --- surveys ---------------------------------------------------------------------------------


def _asked(ground: Ground, months: Trend) -> Iterator[Block]:
    """How many were asked, over all data, from the snapshots."""
    rows = []
    for each in standing(ground.connection, *SURVEYS):
        asked, rate = each.detail["asked"], each.detail["response_rate_percent"]
        refused = sum(
            count
            for name, count in each.detail.items()
            if name.startswith("refused_") and isinstance(count, int)
        )
        rows.append((each.number.title, int(str(asked)), f"{rate} %", refused))
    if rows:
        yield Table(
            "Who was asked, over all data", ("what", "asked", "answered", "refused answers"),
            tuple(rows), "Refused: answers outside their scale, or on a scale of another survey.",
        )  # fmt: skip
    if not months.keys(*SURVEYS):
        yield Words("Insufficient data: nobody was asked in these thirteen months.")


# --- tone ------------------------------------------------------------------------------------


def _voice(ground: Ground) -> Voice:
    """What customers wrote in the month."""
    begin, end = (from_micros(at) for at in span(ground.month, ground.zone))
    metrics = ground.settings.metrics
    texts = (t for t in heard(ground.connection, ground.settings, begin) if t.event.at < end)
    return gather(texts, min_customers=metrics.min_n, confidence=metrics.confidence)


def _tones(voice: Voice) -> Iterator[Block]:
    if not voice.texts:
        yield Words("Insufficient data: no customer wrote anything in this month.")
        return
    if bars := tuple(
        (tone.group.replace("_", " "), Share(tone.negative, tone.customers))
        for tone in sorted(voice.touchpoints, key=_worst_first)
        if tone.negative is not None
    ):
        yield Bars("Customers who sound negative, by touchpoint", bars[:_DRAWN])
    yield _tone_table("By touchpoint", voice.touchpoints)
    yield _tone_table("By what they speak of", voice.aspects)
    themes = tuple((theme.phrase, theme.customers) for theme in voice.themes[:_THEMES])
    yield Table("Phrases that most customers use", ("phrase", "customers"), themes)


def _tone_table(title: str, tones: Sequence[Tone]) -> Table:
    rows = tuple(
        (
            tone.group.replace("_", " "), tone.customers, Share(tone.negative, tone.customers),
            Share(tone.positive, tone.customers), tone.unread,
        )
        for tone in sorted(tones, key=_worst_first)
    )  # fmt: skip
    head = ("where", "customers", "sound negative", "sound positive", "texts not read")
    by_lexicon = any(tone.low_confidence for tone in tones)
    says = "A customer counts once in each row."
    if by_lexicon:
        says += " Read by a word list in part: low confidence. See: hub text train."
    if len(rows) > _LISTED:
        says += f" The worst {_LISTED} of {len(rows)}; all: hub text report."
    return Table(title, head, rows[:_LISTED], says)


def _worst_first(tone: Tone) -> tuple[float, str]:
    return -(tone.negative.value if tone.negative else -1.0), tone.group


# --- journeys --------------------------------------------------------------------------------


def _journey(ground: Ground, journey: Journey) -> Iterator[Block]:
    yield from who_goes_on(ground, journey)
    parted = drift(journey, everybody(ground.connection), ground.now, ground.zone)
    yield Table("Where map and reality have parted", ("what", "number", "which"), _parted(parted))


def who_goes_on(ground: Ground, journey: Journey) -> Iterator[Block]:
    """Conversion of every stage, as bars and as a table."""
    metrics = ground.settings.metrics
    precision = Precision(metrics.min_n, metrics.confidence)
    found = funnel(journey, everybody(ground.connection), ground.now)
    whole = Share(completion(found, precision), found.started - found.open)
    rows = [_stage(stage, journey, precision) for stage in found.stages]
    yield Bars(
        "Who goes on from each stage, of those of whom it is known",
        tuple((row[0], row[3]) for row in rows if row[3] is not None),
    )
    yield Table(
        "Who goes on from each stage, over all data",
        ("stage", "entered", "went on", "share", "still may", "lost here", "main reason"),
        (*rows, ("the whole journey", found.started, found.completed, whole, found.open, None, "")),
    )


def _stage(
    stage: Conversion, journey: Journey, precision: Precision
) -> tuple[str, int, int | None, Share | None, int | None, int, str]:
    title = next(each.title for each in journey.stages if each.id == stage.stage)
    reason = max(stage.losses, key=lambda name: (stage.losses[name], name), default="")
    lost = (stage.lost_here, reason.replace("_", " "))
    if stage.to is None:
        return title, stage.entered, None, None, None, *lost
    share = Share(conversion(stage, precision), stage.decided)
    return title, stage.entered, stage.converted, share, stage.open, *lost


def _parted(found: Drift) -> tuple[tuple[str, int, str], ...]:
    unmapped = ", ".join(row.kind for row in found.unmapped[:5])
    unseen = ", ".join(str(touchpoint) for _, touchpoint in found.unseen[:5])
    gaps = ", ".join(str(gap.touchpoint) for gap in found.gaps[:5])
    return (
        (
            "touchpoints that customers meet and the map does not know",
            len(found.unmapped),
            unmapped,
        ),
        ("touchpoints of the map that nobody meets", len(found.unseen), unseen),
        ("touchpoints about which nobody is asked any more", len(found.gaps), gaps),
        ("days that the review of the map is overdue", found.overdue, f"due {found.review_due}"),
    )
