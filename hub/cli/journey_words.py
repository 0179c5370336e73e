"""How figures of journeys are told: as lines for people, and as documents for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from hub.cli.layout import counted, moment, table
from hub.core.clock import to_micros
from hub.core.durations import duration_text

if TYPE_CHECKING:
    from hub.journeys.curve import Point
    from hub.journeys.drift import Drift
    from hub.journeys.funnel import Funnel
    from hub.journeys.inventory import Row
    from hub.metrics.compare import Difference
    from hub.metrics.interval import Estimate
    from hub.metrics.journeys import Precision


def inventory_table(rows: Sequence[Row]) -> list[str]:
    """One line per touchpoint, what is amiss in capitals."""
    head = ("touchpoint", "channel", "stage", "events", "customers", "last seen", "asked by")
    return table(
        head,
        [
            (
                row.kind if row.word is None else f"{row.kind} ({row.word})",
                row.channel,
                row.stage or "NOT ON THE MAP",
                row.volume,
                row.people,
                moment(to_micros(row.last_seen))[:10],
                ", ".join(f"{name} {n:,}" for name, n in row.feedback.items()) or "NOBODY",
            )
            for row in rows
        ],
    )


def touchpoint_document(row: Row) -> dict[str, object]:
    """A touchpoint for programs."""
    return {name: _plain(value) for name, value in asdict(row).items()} | {"unheard": row.unheard}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime | date) else value


def drift_lines(found: Drift) -> list[str]:
    """What is urgent first, in capitals; then what the map misses."""
    due = f"review due {found.review_due}"
    lines = [f"OVERDUE: {due}, {counted(found.overdue, 'day')} ago" if found.overdue else due]
    for gap in found.gaps:
        last = "never" if gap.since is None else f"not since {gap.since.date()}"
        every = duration_text(gap.touchpoint.ask_every or 0)
        lines.append(f"GAP: heard {last}, wanted every {every}: {gap.touchpoint} ({gap.stage})")
    if found.unmapped:
        lines += ["customers meet, and the map does not know:", *inventory_table(found.unmapped)]
    lines += [f"no customer meets: {touchpoint} ({stage})" for stage, touchpoint in found.unseen]
    return lines


def drift_document(found: Drift) -> dict[str, object]:
    """How map and data differ, for programs."""
    return {
        "journey": found.journey,
        "review_due": found.review_due.isoformat(),
        "days_overdue": found.overdue,
        "unmapped": [touchpoint_document(row) for row in found.unmapped],
        "unseen": [{"stage": stage, "touchpoint": str(t)} for stage, t in found.unseen],
        "gaps": [
            {
                "stage": gap.stage,
                "touchpoint": str(gap.touchpoint),
                "heard": None if gap.since is None else gap.since.isoformat(),
            }
            for gap in found.gaps
        ],
    }


def funnel_lines(found: Funnel, precision: Precision) -> list[str]:
    """A funnel stage by stage, and its sum."""
    from hub.metrics.journeys import completion, conversion

    head = ("stage", "entered", "went on", "open", "rate", "median wait", "lost here", "why")
    rows = [
        (
            row.stage,
            row.entered,
            row.converted,
            row.open,
            rate_text(conversion(row, precision)) if row.to else None,
            span_text(row.wait),
            f"{row.lost_here:,} ({percent_text(found.share_of_loss(row))})",
            ", ".join(f"{why} {n:,}" for why, n in row.losses.items()),
        )
        for row in found.stages
    ]
    rate = rate_text(completion(found, precision))
    closing = (
        f"{found.journey}: {found.started:,} started, {found.completed:,} completed ({rate}),"
        f" {found.lost:,} lost, {found.open:,} open"
    )
    return [*table(head, rows), closing]


def funnel_document(found: Funnel, precision: Precision) -> dict[str, Any]:
    """A funnel for programs."""
    from hub.metrics.journeys import completion, conversion

    return {
        "journey": found.journey,
        "started": found.started,
        "completed": found.completed,
        "open": found.open,
        "lost": found.lost,
        "completion": rate_document(completion(found, precision)),
        "stages": [
            {
                **asdict(row),
                "losses": dict(row.losses),
                "rate": rate_document(conversion(row, precision)),
                "share_of_loss": found.share_of_loss(row),
            }
            for row in found.stages
        ],
    }


def segment_table(field: str, found: Mapping[str, Funnel], precision: Precision) -> list[str]:
    """One line per value of a field: completion, and where most were lost."""
    from hub.metrics.journeys import completion

    rows = []
    for value, each in found.items():
        worst = max(each.stages, key=lambda row: row.lost_here)
        where = f"{worst.stage} {worst.lost_here:,}" if worst.lost_here else None
        rate = rate_text(completion(each, precision))
        rows.append((value, each.started, each.completed, rate, where))
    return ["", *table((field, "started", "completed", "rate", "most lost at"), rows)]


def curve_table(points: Sequence[Point]) -> list[str]:
    """One line per stage: expected and real feeling, what they rest on, and effort."""
    head = ("stage", "expected", "felt (-1..1)", "n", "customers", "effort", "contacts", "named")
    rows = [
        (
            point.stage,
            point.expected,
            felt_text(point.felt) + (" (!)" if point.worse_than_expected else ""),
            point.n,
            point.people,
            f"{point.effort:.2f}",
            f"{point.contacts:.2f}",
            ", ".join(f"{name} {n:,}" for name, n in point.feelings.items()),
        )
        for point in points
    ]
    return table(head, rows)


def change_lines(before: Funnel, after: Funnel, precision: Precision) -> list[str]:
    """Completion of those who started before and since, and whether it changed."""
    from hub.metrics.journeys import change_of_completion, completion

    rates = [rate_text(completion(each, precision)) for each in (before, after)]
    return [
        f"started before: {rates[0]}; since: {rates[1]}",
        f"change: {_difference(change_of_completion(before, after, precision))}",
    ]


def change_document(before: Funnel, after: Funnel, precision: Precision) -> Mapping[str, object]:
    """The two funnels and their difference, for programs."""
    from hub.metrics.journeys import change_of_completion

    found = change_of_completion(before, after, precision)
    return {
        "before": funnel_document(before, precision),
        "after": funnel_document(after, precision),
        "difference": None if found is None else asdict(found),
    }


def _difference(found: Difference | None) -> str:
    if found is None:
        return "insufficient data"
    sure = "" if found.significant else ", which may be chance"
    return f"{found.value:+.1f} points [{found.low:+.1f}, {found.high:+.1f}]{sure}"


def rate_text(found: Estimate | None) -> str:
    """A share in percent with interval and n."""
    if found is None:
        return "insufficient data"
    return f"{found.value:.1f} % [{found.low:.1f}, {found.high:.1f}] (n = {found.n:,})"


def rate_document(found: Estimate | None) -> dict[str, object] | None:
    """An estimate for programs; None below the minimum of customers."""
    return None if found is None else asdict(found)


def felt_text(value: float | None) -> str:
    """A mean feeling, -1 to 1."""
    return "insufficient data" if value is None else f"{value:+.2f}"


def mean_text(value: float | None) -> str:
    """A mean, or a dash."""
    return "-" if value is None else f"{value:.2f}"


def percent_text(share: float | None) -> str:
    """A share in whole percent, or a dash."""
    return "-" if share is None else f"{100 * share:.0f} %"


def span_text(seconds: float | None) -> str:
    """A time span as people say it, in its largest unit."""
    if seconds is None:
        return "-"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
