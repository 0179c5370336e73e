"""``hub plan`` and ``hub push``: look first, approve, write, and take back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from hub.cli.handovers import plan_document, plan_words, report_document, report_lines
from hub.cli.layout import WIDTH, counted, tally
from hub.cli.progress import watch
from hub.cli.run import actor, left_out
from hub.cli.session import Session, Verbs, pass_session
from hub.core.errors import EXIT_FAILED, EXIT_OK, EXIT_PARTIAL, NotFound

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.pipeline import Lane
    from hub.push.destination import Destination
    from hub.push.handover_send import HandoverReport
    from hub.push.plan import Plan
    from hub.push.report import PushReport
    from hub.push.undo import UndoReport
    from hub.push.withdrawals import WithdrawalReport

LATEST = 3
"""Pushes that are named to somebody who asked for one that does not exist."""
SHOWN = 20
"""Field changes that a plan prints for people; ``--all`` and ``--json`` show every one."""

_NOWHERE = """\
no connection can be written to: a csv connection needs the setting output, other
systems a connector that writes. What each can do: hub connectors list"""


@click.command()
@click.argument("names", nargs=-1, metavar="[CONNECTION]...")
@click.option("--all", "everything", is_flag=True, help="Print every field change.")
@pass_session
def plan(session: Session, names: tuple[str, ...], everything: bool) -> int:
    """Show what a push would change, field by field, and what is withheld."""
    app = session.app()
    with (
        watch(session, app.clock) as watched,
        app.open_hub(actor()) as hub,
        app.lanes(names, wait=watched.wait) as lanes,
    ):
        pusher = hub.pusher(actor())
        plans = [pusher.plan(place) for place in _places(lanes).values()]
        waiting = [
            pusher.waiting_withdrawals(lane.source) for lane in lanes if _keeps_consent(lane)
        ]
        looks = [look for lane in lanes for look in hub.handovers(actor()).look(lane.source)]
    shown = None if everything else SHOWN
    due = {each.connection: each.counts for each in waiting}
    session.show(
        [*(_document(item, due) for item in plans), *(plan_document(look) for look in looks)],
        "\n\n".join(
            [
                *(_words(item, shown) for item in plans),
                *_due(due),
                *(plan_words(look, shown) for look in looks),
            ]
        )
        or _NOWHERE,
    )
    return EXIT_OK if names else left_out(session)


@click.group(cls=Verbs, invoke_without_command=True)
@click.option("--approve", "plan_id", metavar="PLAN", help="Approve this plan and send it.")
@click.pass_context
def push(ctx: click.Context, plan_id: str | None) -> int:
    """Write to systems: what is due, or one approved plan."""
    session = ctx.ensure_object(Session)
    if ctx.invoked_subcommand is not None:
        return EXIT_OK
    app = session.app()
    with (
        watch(session, app.clock) as watched,
        app.open_hub(actor()) as hub,
        app.lanes(wait=watched.wait) as lanes,
    ):
        pusher, places = hub.pusher(actor()), _places(lanes)
        if plan_id is not None:
            reports = [pusher.approve(plan_id, places)]
        else:
            kept_up = [pusher.keep_up(place) for place in places.values()]
            reports = [report for report in kept_up if report is not None]
        refusals = [pusher.withdraw(lane.source, lane.destinations) for lane in lanes]
        handed = [*hub.hand_over(lanes, actor())]
        hub.notary.settle()
    withdrawn = [each for each in refusals if each is not None and (each.counts or each.stopped)]
    session.show(
        [
            *(_report(each) for each in reports),
            *(_withdrawal(each) for each in withdrawn),
            *(report_document(each) for each in handed),
        ],
        "\n".join(
            [
                *_withdrawn(withdrawn),
                *(line for each in handed for line in report_lines(each)),
                *_sent(reports, places.values()),
            ]
        ),
    )
    return _exit_code(reports, [*withdrawn, *handed]) or left_out(session)


@push.command()
@click.argument("plan_id", metavar="RUN")
@pass_session
def undo(session: Session, plan_id: str) -> int:
    """Put back what stood there before the push RUN; hub runs lists them."""
    app = session.app()
    with (
        watch(session, app.clock) as watched,
        app.open_hub(actor()) as hub,
        app.lanes(wait=watched.wait) as lanes,
    ):
        with hub.store.read() as reading:
            _require_push(reading, plan_id)
        report = hub.pusher(actor()).undo(plan_id, _places(lanes))
        hub.notary.settle()
    session.show({"plan": plan_id, **report.counts}, _undone(report))
    return EXIT_PARTIAL if report.counts["failed"] else EXIT_OK


def _require_push(reading: Connection, plan_id: str) -> None:
    from hub.cli.runs import pushes

    known = pushes(reading)
    if plan_id in {run.run_id for run in known}:
        return
    latest = "; ".join(f"{run.run_id} ({run.connection}/{run.stream})" for run in known[:LATEST])
    raise NotFound(
        f"there is no push {plan_id}. The latest: {latest}. All of them: hub runs"
        if known
        else f"there is no push {plan_id}: nothing was pushed yet. Start with: hub plan"
    )


def _places(lanes: Iterable[Lane]) -> dict[str, Destination]:
    return {place.key: place for lane in lanes for place in lane.destinations}


def _keeps_consent(lane: Lane) -> bool:
    return bool(lane.destinations) and callable(lane.source.connector.write_consent)


def _due(counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    for name, number in counts.items():
        if number["waiting"]:
            yield (
                f"{name}: {counted(number['waiting'], 'withdrawal')} from other systems to be"
                ' written there;\n  the next run does it once a plan was approved and mode = "sync"'
            )
        if number["not_held"]:
            yield (
                f"{name}: {counted(number['not_held'], 'withdrawal')} not held by this system;\n"
                "  the reasons: hub status"
            )


def _withdrawal(report: WithdrawalReport) -> dict[str, object]:
    return {
        "destination": f"{report.connection}/withdrawals",
        "errors": dict(report.errors),
        "stopped": None if report.stopped is None else str(report.stopped),
        **report.counts,
    }


def _withdrawn(reports: Iterable[WithdrawalReport]) -> Iterator[str]:
    for report in reports:
        yield f"{report.connection}/withdrawals: {tally(report.counts) or 'none written'}"
        yield from (f"  {n:,} times: {error}" for error, n in report.errors.most_common(5))
        if report.stopped is not None:
            yield f"  stopped: {report.stopped}. Run the same command again to go on"


def _document(item: Plan, due: Mapping[str, Mapping[str, int]]) -> dict[str, object]:
    withdrawals = due.get(item.destination.partition("/")[0], {})
    return {
        "plan": item.plan_id,
        "destination": item.destination,
        "looked_at": item.looked_at,
        "rows": item.rows,
        "missing": item.missing,
        "withheld": dict(item.withheld),
        "refused": dict(item.refused),
        "withdrawals": withdrawals.get("waiting", 0),
        "withdrawals_not_held": withdrawals.get("not_held", 0),
        "changes": [
            {
                "record": diff.native_id,
                "golden_id": diff.golden_id,
                "field": diff.field,
                "purpose": diff.purpose,
                "before": diff.before,
                "after": diff.after,
            }
            for diff in item.diffs
        ],
    }


def _words(item: Plan, shown: int | None) -> str:
    records, fields = counted(item.rows, "record"), counted(item.fields, "field")
    lines = [f"{item.destination}: {fields} of {records} would change", *_changes(item, shown)]
    if shown is not None and len(item.diffs) > shown:
        lines.append(f"  ... and {len(item.diffs) - shown:,} more: hub plan --all")
    for reason, count in sorted(item.withheld.items()):
        lines.append(f"  withheld: {counted(count, 'field')}, {reason}")
    for reason, count in sorted(item.refused.items()):
        lines.append(f"  refused for good, tried again when it changes: {count:,} times: {reason}")
    if item.missing:
        lines.append(f"  {counted(item.missing, 'record')} no longer there")
    if item.rows:
        lines.append(f"to write this: hub push --approve {item.plan_id}")
    return "\n".join(lines)


def _changes(item: Plan, shown: int | None) -> Iterator[str]:
    """The field changes, a heading for each record."""
    record = None
    for diff in item.diffs[:shown]:
        if diff.native_id != record:
            record = diff.native_id
            yield f"  {record}"
        before = "(empty)" if diff.before in (None, "") else diff.before
        yield _short(f"    {diff.field}: {before} -> {diff.after}")


def _short(line: str) -> str:
    line = line.replace("\n", " / ")
    return line if len(line) <= WIDTH else line[: WIDTH - 3] + "..."


def _report(report: PushReport) -> dict[str, object]:
    return {
        "plan": report.plan_id,
        "destination": report.destination,
        "calls": report.calls,
        "provisioned": list(report.provisioned),
        "errors": dict(report.errors),
        "stopped": None if report.stopped is None else str(report.stopped),
        **report.counts,
    }


def _sent(reports: list[PushReport], places: Iterable[Destination]) -> list[str]:
    lines = []
    for report in reports:
        counts = ", ".join(f"{n:,} {outcome}" for outcome, n in sorted(report.counts.items()))
        done = counts or "nothing to write"
        lines.append(f"{report.destination}: {done} in {counted(report.calls, 'call')}")
        if report.provisioned:
            lines.append(f"  created fields: {', '.join(report.provisioned)}")
        lines += [f"  {n:,} times: {error}" for error, n in report.errors.most_common(5)]
        if report.stopped is not None:
            lines.append(f"  stopped: {report.stopped}. Run the same command again to go on")
        if report.counts["written"]:
            lines.append(f"  to take it back: hub push undo {report.plan_id}")
    asking = [place for place in places if not place.sync]
    lines += [
        f'{place.key}: observing; to keep it up to date, set mode = "sync"\n'
        f"  in [connections.{place.connection}]"
        for place in asking
    ]
    return lines


def _undone(report: UndoReport) -> str:
    counts = ", ".join(f"{n:,} {outcome}" for outcome, n in sorted(report.counts.items()))
    return f"{counts or 'nothing to undo'}. This destination asks for approval again: hub plan"


def _exit_code(
    reports: list[PushReport], others: Sequence[WithdrawalReport | HandoverReport]
) -> int:
    ended = [each.stopped for each in reports] + [each.stopped for each in others]
    stopped = [err for err in ended if err is not None]
    if stopped:
        return stopped[0].exit_code
    failed, written = (
        sum(report.counts[outcome] for report in reports) for outcome in ("failed", "written")
    )
    if failed:
        return EXIT_PARTIAL if written else EXIT_FAILED
    return EXIT_OK
