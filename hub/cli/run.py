"""``hub run`` and ``hub sync``: bring records in, and everything that follows."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hub.cli.handovers import report_lines
from hub.cli.layout import counted, tally
from hub.cli.progress import watch_leaving_off
from hub.cli.session import Session, pass_session
from hub.core.errors import EXIT_OK, EXIT_PARTIAL, ConfigError

if TYPE_CHECKING:
    from hub.pipeline import PipelineReport
    from hub.sync.counts import Counts
    from hub.sync.run import SyncReport


def actor() -> str:
    """Who runs this command, for the audit log."""
    return f"os:{getpass.getuser()}"


@click.command()
@click.option("--full", is_flag=True, help="Read from the beginning, not from the checkpoints.")
@pass_session
def run(session: Session, full: bool) -> int:
    """Read every connection, resolve, measure, and push what changed."""
    from hub import pipeline

    app = session.app()
    _require_connections(app.settings.connections)
    with (
        watch_leaving_off(session, app.clock) as watched,
        app.open_hub(actor()) as hub,
        app.lanes(wait=watched.wait) as lanes,
    ):
        report = pipeline.run(hub, lanes, actor=actor(), full=full, progress=watched.progress)
    session.show(document(report), _words(report))
    return report.exit_code or left_out(session)


@click.command()
@click.argument("names", nargs=-1, metavar="[CONNECTION]...")
@click.option("--full", is_flag=True, help="Read from the beginning, not from the checkpoints.")
@click.option("--stream", "streams", multiple=True, help="Only this stream; may be repeated.")
@pass_session
def sync(session: Session, names: tuple[str, ...], full: bool, streams: tuple[str, ...]) -> int:
    """Read connections into the store, and nothing else."""
    from hub.sync.run import sync as pull

    app = session.app()
    _require_connections(app.settings.connections)
    with (
        watch_leaving_off(session, app.clock) as watched,
        app.open_hub(actor()) as hub,
        app.lanes(names, wait=watched.wait) as lanes,
    ):
        sources = [lane.source.only(streams) for lane in lanes]
        report = pull(
            hub.store, hub.keys, sources, ids=hub.ids, actor=actor(), full=full,
            on_page=watched.progress.page,
        )  # fmt: skip
        hub.notary.settle()
    lines = [*sync_lines(report), f"next: {next_step(report, 'hub run')}"]
    session.show(sync_document(report), "\n".join(lines))
    return report.exit_code or (EXIT_OK if names else left_out(session))


def left_out(session: Session) -> int:
    """Partial if a connection cannot start, which is told on stderr with the reason; else ok."""
    missing = session.app().left_out()
    for err in missing.values():
        session.note(f"left out {err.code}: {err}")
    return EXIT_PARTIAL if missing else EXIT_OK


def document(report: PipelineReport) -> dict[str, object]:
    """A pipeline report for ``--json``."""
    return {
        **sync_document(report.pulled),
        "people": {
            **report.resolved.events,
            "golden_changed": report.golden.written,
        },
        "snapshots": report.measured.snapshots,
        "risk": {"changed": report.assessed.changed, "rose": report.assessed.rose},
        "cases": dict(report.cased.steps),
        "themes": dict(report.rose.steps),
        "profiles_changed": report.profiled.written,
        "withdrawn": {
            each.connection: dict(each.counts) for each in report.withdrawn if each.counts
        },
        "pushed": {
            push.destination: {**push.counts, "calls": push.calls} for push in report.pushed
        },
        "handed": {f"{each.connection}/{each.kind}s": dict(each.counts) for each in report.handed},
        "alerts": {
            each.route: {
                "sent": each.sent,
                "waiting": each.waiting,
                "error": None if each.error is None else str(each.error),
            }
            for each in report.alerted
        },
        "audit": None if report.head is None else {"size": report.head.size},
    }


def sync_document(report: SyncReport) -> dict[str, object]:
    """A sync report for ``--json``."""
    return {
        "run": report.run,
        "status": report.status,
        "counts": report.counts.as_dict(),
        "streams": [
            {
                "connection": stream.connection,
                "stream": stream.stream,
                "status": stream.status,
                **stream.counts.as_dict(),
                "error": None if stream.error is None else str(stream.error),
                "code": None if stream.error is None else stream.error.code,
                "held_back": None if stream.fuse is None else stream.fuse.reason,
            }
            for stream in report.streams
        ],
    }


def sync_lines(report: SyncReport) -> list[str]:
    """A sync report for people: a line per stream, then the sum and what to do next."""
    lines: list[str] = []
    told = ""
    for stream in report.streams:
        lines.append(f"{stream.connection}/{stream.stream}: {_account(stream.counts)}")
        if stream.fuse is not None:
            fuse = stream.fuse
            missing = f"{fuse.absent:,} of {fuse.live:,} records were missing, and {fuse.reason}"
            lines.append(f"  nothing was deleted: {missing}")
        if stream.error is not None:
            said = str(stream.error)
            again = "as above" if said == told else said  # one refused token fails every stream
            lines.append(f"  {stream.status} {stream.error.code}: {again}")
            told = said
    total = report.counts
    lines.append(f"{report.status}: {total.read:,} read, {total.stored:,} stored")
    if total.quarantined:
        lines.append(f"{counted(total.quarantined, 'row')} went into quarantine")
    return lines


def _account(counts: Counts) -> str:
    """What became of the rows that were read; what hardly happens is told if it did."""
    rare = {"suppressed": counts.suppressed, "skipped": counts.skipped}
    parts = [
        f"{counts.stored:,} stored",
        f"{counts.unchanged:,} unchanged",
        f"{counts.quarantined:,} quarantined",
        *(f"{number:,} {what}" for what, number in rare.items() if number),
    ]
    deleted = f"; {counts.deleted:,} deleted" if counts.deleted else ""
    return f"{counts.read:,} read = {' + '.join(parts)}{deleted}"


def next_step(report: SyncReport, following: str) -> str:
    """The most useful command after ``report``; ``following`` if there is nothing to mend."""
    failed = [stream for stream in report.streams if stream.error is not None]
    if failed:
        return f"hub check --connect {failed[0].connection}"
    return "hub quarantine list" if report.counts.quarantined else following


def _words(report: PipelineReport) -> str:
    resolved, measured = report.resolved, report.measured
    changes = ", ".join(f"{n:,} {what}" for what, n in sorted(resolved.events.items()))
    lines = [
        *sync_lines(report.pulled),
        f"people: {changes or 'nobody changed'};"
        f" {counted(report.golden.written, 'golden record')} written",
        f"metrics: {counted(measured.changed, 'customer')} changed,"
        f" {counted(measured.snapshots, 'new snapshot')}",
        f"risk: {counted(report.assessed.changed, 'customer')} changed,"
        f" {report.assessed.rose:,} became high",
        f"cases: {tally(report.cased.steps) or 'nothing happened'}",
        f"themes: {tally(report.rose.steps) or 'nothing rose'}",
        f"profiles: {report.profiled.written:,} changed",
    ]
    for each in report.withdrawn:
        if each.counts or each.stopped:
            lines.append(f"withdrawals {each.connection}: {tally(each.counts) or 'none written'}")
        if each.stopped is not None:
            lines.append(f"  stopped {each.stopped.code}: {each.stopped}")
    for push in report.pushed:
        counts = ", ".join(f"{n:,} {outcome}" for outcome, n in sorted(push.counts.items()))
        lines.append(f"push {push.destination}: {counts or 'nothing to write'}")
        if push.stopped is not None:
            lines.append(f"  stopped {push.stopped.code}: {push.stopped}")
    lines += [line for each in report.handed for line in report_lines(each)]
    if not report.pushed:
        what = "no profile" if any(each.counts["handed"] for each in report.handed) else "nothing"
        lines.append(f"push: observing only, {what} was written to a system")
    for told in report.alerted:
        if told.sent or told.waiting:
            lines.append(f"alerts {told.route}: {told.sent:,} sent, {told.waiting:,} on their way")
        if told.error is not None:
            lines.append(f"  {told.error.code}: {told.error}. The next run tries again")
    if report.head is not None:
        lines.append(f"audit: {report.head.size:,} entries, root {report.head.root.hex()[:16]}")
    lines.append(f"next: {next_step(report.pulled, 'hub status' if report.pushed else 'hub plan')}")
    return "\n".join(lines)


def _require_connections(connections: Sequence[str] | object) -> None:
    if not connections:
        raise ConfigError(
            "hub.toml has no connection yet. Add one under [connections.NAME], see: hub connectors"
            " list",
            code="HUB-225",
        )
