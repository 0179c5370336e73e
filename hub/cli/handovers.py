"""How tasks and notes on their way into systems are told: by status, plan, push, run and cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.cli.layout import counted, tally

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.push.handover_look import Look
    from hub.push.handover_send import HandoverReport
    from hub.store.handovers import Handover

_STATES: Mapping[str, str] = {
    "nowhere": "has nowhere to go",
    "withheld": "withheld",
    "wanted": "not there yet",
    "sending": "sent, and whether it arrived is not known yet",
    "done": "there",
    "refused": "refused",
    "moot": "never needed",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What one connection is to be handed, and how far it is.

    Args:
        place: Connection and kind: ``crm/tasks``.
        counts: State to number.
        reasons: State, reason and number of those that are not there.
    """

    place: str
    counts: Mapping[str, int]
    reasons: Sequence[tuple[str, str, int]]


def standing(connection: Connection) -> tuple[Standing, ...]:
    """Every connection that is to be handed something."""
    from hub.store import handovers

    return tuple(
        Standing(f"{name}/{kind}s", counts, handovers.reasons(connection, name, kind))
        for (name, kind), counts in handovers.standing(connection).items()
    )


def standing_lines(found: Iterable[Standing]) -> Iterator[str]:
    """For people."""
    for each in found:
        yield f"{each.place}: {tally(each.counts)}"
        yield from (f"  {number:,} {state}: {why}" for state, why, number in each.reasons)


def standing_document(found: Iterable[Standing]) -> list[dict[str, object]]:
    """For programs."""
    return [
        {
            "destination": each.place,
            **each.counts,
            "reasons": [
                {"status": state, "reason": why, "count": number}
                for state, why, number in each.reasons
            ],
        }
        for each in found
    ]


# --- plan ------------------------------------------------------------------------------------


def plan_words(look: Look, shown: int | None) -> str:
    """What would be handed over, for people."""
    lines = [
        f"{look.connection}/{look.kind}s: {counted(len(look.proposed), look.kind)} to hand over"
    ]
    for each in look.proposed[:shown]:
        what = "is over" if each.over else "new or changed"
        lines.append(f"  {each.key} at record {each.native_id}: {what}")
    if shown is not None and len(look.proposed) > shown:
        lines.append(f"  and {len(look.proposed) - shown:,} more: --all")
    lines += [f"  {number:,} withheld: {why}" for why, number in look.withheld.items()]
    if look.counts.get("nowhere"):
        lines.append(f"  {look.counts['nowhere']:,} without a record there")
    if look.proposed:
        lines.append(
            'the next run does it if the connection has mode = "sync" and a plan of it was approved'
        )
    return "\n".join(lines)


def plan_document(look: Look) -> dict[str, object]:
    """What would be handed over, for programs."""
    return {
        "destination": f"{look.connection}/{look.kind}s",
        "handovers": [
            {
                "key": each.key,
                "about": each.about,
                "golden_id": each.golden_id,
                "record": each.native_id,
                "over": each.over,
            }
            for each in look.proposed
        ],
        "withheld": dict(look.withheld),
        "nowhere": look.counts.get("nowhere", 0),
    }


# --- push, run -------------------------------------------------------------------------------


def report_document(report: HandoverReport) -> dict[str, object]:
    """What was handed over, for programs."""
    return {
        "destination": f"{report.connection}/{report.kind}s",
        "errors": dict(report.errors),
        "stopped": None if report.stopped is None else str(report.stopped),
        **report.counts,
    }


def report_lines(report: HandoverReport) -> Iterator[str]:
    """What was handed over, for people."""
    yield f"{report.connection}/{report.kind}s: {tally(report.counts) or 'none handed over'}"
    if report.provisioned:
        yield f"  created there: {', '.join(report.provisioned)}"
    yield from (f"  {number:,} times: {error}" for error, number in report.errors.most_common(5))
    if report.stopped is not None:
        yield f"  stopped {report.stopped.code}: {report.stopped}"


# --- what one case has -----------------------------------------------------------------------


def handover_line(row: Handover) -> str:
    """How far one is: ``task in crm: there, 5012 (case-3f…)``."""
    state = "there, and over" if row.over and row.status == "done" else _STATES[row.status]
    reference = f", {row.reference}" if row.reference else ""
    why = f" ({row.error})" if row.error else ""
    return f"{row.kind} in {row.connection}: {state}{reference}{why}"


def handover_document(row: Handover) -> dict[str, object]:
    """How far one is, for programs."""
    return {
        "kind": row.kind,
        "connection": row.connection,
        "key": row.key,
        "status": row.status,
        "over": row.over,
        "reference": row.reference,
        "reason": row.error,
    }
