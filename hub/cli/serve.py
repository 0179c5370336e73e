"""``hub serve``: connections are read, and pushed to, until the hub is told to stop."""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Never

import click

from hub.cli.crash import report as crash_report
from hub.cli.run import actor
from hub.cli.session import Session, pass_session
from hub.cli.stopping import first_signal
from hub.core.errors import EXIT_OK, EXIT_PARTIAL, HubError, NeedsReauth, Stopping

if TYPE_CHECKING:
    from hub.app import App
    from hub.cli.receiving import Turns
    from hub.pipeline import Hub, PipelineReport
    from hub.scheduler import Job, Scheduler
    from hub.store.slots import Slot

_log = logging.getLogger("hub.serve")


@click.command()
@click.option(
    "--for", "seconds", type=click.IntRange(min=1), metavar="SECONDS", help="Stop after this long."
)
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="Instead of [serve].port; 0 takes a free one."
)
@pass_session
def serve(session: Session, seconds: int | None, port: int | None) -> int:
    """Read connections on their schedules; take webhooks; answer /livez and /readyz.

    Vendors push to /hooks/CONNECTION. Several may serve one database: each run falls to one of
    them. On SIGTERM or Ctrl-C, runs leave off at their next checkpoint, at the latest after
    [schedules].stop_grace.
    """
    from hub.api import health
    from hub.api.server import serving
    from hub.cli.receiving import LOOK_AGAIN, receiving

    app = session.app()
    here = app.settings.serve
    stopping = threading.Event()
    wait = _Patience(stopping)
    turns = {name: threading.Lock() for name in app.settings.connections}
    with (
        _told_to_stop() as told,
        _lines_on_stderr(app),
        app.open_hub(actor()) as hub,
        receiving(app, hub, turns, wait) as receiver,
    ):
        scheduler = _scheduler(app, hub, _job(session, hub, turns, wait))
        if receiver.names:
            scheduler.every(LOOK_AGAIN, receiver.look)
        probes = health.routes(lambda: health.reasons(hub.store, list(app.settings.connections)))
        routes = [*probes, *receiver.routes]
        with serving(routes, here.host, here.port if port is None else port) as url:
            scheduler.start()
            receiver.look()
            session.note(
                f"serving on {url}; {_scheduled(app)}{_pushed(receiver.names)}; stop with Ctrl-C"
            )
            _wait(told, seconds)
            stopping.set()
            session.note("stopping: runs leave off at their next checkpoint")
            grace = app.settings.schedules.stop_grace
            ended = all([scheduler.stop(grace), receiver.stop(grace)])
        hub.notary.settle()
        if not ended:
            _exit_now(session)
    session.note("stopped")
    return EXIT_OK


def summary(report: PipelineReport) -> str:
    """One line about a scheduled run."""
    counts = report.pulled.counts
    pushed = sum(push.counts["written"] for push in report.pushed)
    deaf = "".join(f"; alerts {each.route}: {each.error}" for each in report.alerted if each.error)
    return (
        f"{report.pulled.status}: {counts.read:,} read, {counts.stored:,} stored,"
        f" {counts.quarantined:,} quarantined; {report.profiled.written:,} profiles changed,"
        f" {pushed:,} pushed{deaf}"
    )


def _scheduler(app: App, hub: Hub, job: Job) -> Scheduler:
    from hub.scheduler import Scheduler, timetables

    section = app.settings.schedules
    scheduler = Scheduler(hub.store, timetables(app.settings), job, section.workers, section.lease)
    scheduler.every(app.settings.audit.checkpoint_every_seconds, hub.notary.tick)
    return scheduler


class _Patience:
    """Waits for vendors, but not once the hub is stopping."""

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping

    def __call__(self, seconds: float, reason: str) -> None:
        if seconds >= 1:
            _log.info("waiting %.0f s: %s", seconds, reason)
        self._stopping.wait(seconds)
        self.leave()

    def leave(self) -> None:
        """Raise ``Stopping`` if the hub is."""
        if self._stopping.is_set():
            raise Stopping("the hub is stopping; the next run goes on from the checkpoint")


def _job(session: Session, hub: Hub, turns: Turns, wait: _Patience) -> Job:
    """What a slot runs: the whole pipeline for one connection, left off early when stopping."""
    from hub.cli.receiving import tell_others
    from hub.pipeline import Progress, run
    from hub.scheduler import SNAPSHOT

    app = session.app()
    progress = Progress(
        page=lambda _report: wait.leave(), stage=lambda _name: wait.leave(), leave=wait.leave
    )

    def job(slot: Slot) -> None:
        try:
            with ExitStack() as opened:
                lanes = []
                if slot.connection != SNAPSHOT:
                    opened.enter_context(turns[slot.connection])
                    lanes = opened.enter_context(app.lanes([slot.connection], wait))
                report = run(hub, lanes, actor=f"schedule:{slot.connection}", progress=progress)
        except HubError:
            raise
        except Exception as err:  # a bug in one run becomes a report; the others go on
            raise HubError(crash_report(err, session), code="HUB-900") from err
        _log.info("%s: %s", slot.connection, summary(report))
        if slot.connection != SNAPSHOT:
            tell_others(app, hub, slot.connection, turns, wait)
        _raise_failure(report)

    return job


def _raise_failure(report: PipelineReport) -> None:
    """Raise what failed the run, if it did; one stream that failed beside others is only told."""
    errors = [stream.error for stream in report.pulled.streams if stream.error is not None]
    errors += [each.stopped for each in report.withdrawn if each.stopped is not None]
    errors += [push.stopped for push in report.pushed if push.stopped is not None]
    errors += [each.stopped for each in report.handed if each.stopped is not None]
    refused = [err for err in errors if isinstance(err, NeedsReauth)]
    failed = [] if report.exit_code in (EXIT_OK, EXIT_PARTIAL) else errors
    fatal = next(iter([*refused, *failed]), None)
    for err in errors:
        if err is not fatal:
            _log.error("error %s: %s", err.code, err)
    if fatal is not None:
        raise fatal


def _scheduled(app: App) -> str:
    from hub.scheduler import SNAPSHOT, timetables

    names = sorted(timetables(app.settings).keys() - {SNAPSHOT})
    if not names:
        return 'no connection has a schedule: add schedule = { every = "15m" } to one'
    return f"on schedule: {', '.join(names)}"


def _pushed(names: Sequence[str]) -> str:
    return f"; webhooks: {', '.join(f'/hooks/{name}' for name in names)}" if names else ""


@contextmanager
def _told_to_stop() -> Iterator[queue.SimpleQueue[int]]:
    """A queue that a first SIGTERM or SIGINT is put in."""
    told: queue.SimpleQueue[int] = queue.SimpleQueue()  # its put may be called in a signal handler
    with first_signal(told.put):
        yield told


def _wait(told: queue.SimpleQueue[int], seconds: int | None) -> None:
    """Returns when told to stop, or after ``seconds``.

    It looks up every second: a signal that the system gave to another thread, or that came just
    before this one began to wait, is handled only when this thread runs again.
    """
    waited = 0
    while seconds is None or waited < seconds:
        try:
            told.get(timeout=1)
            return
        except queue.Empty:
            waited += 1


@contextmanager
def _lines_on_stderr(app: App) -> Iterator[None]:
    """What the hub's rooms log, as plain lines with the time, without secrets."""
    handler, rooms = logging.StreamHandler(), logging.getLogger("hub")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    handler.addFilter(app.redactor)
    level = rooms.level
    rooms.addHandler(handler)
    rooms.setLevel(logging.INFO)
    try:
        yield
    finally:
        rooms.removeHandler(handler)
        rooms.setLevel(level)


def _exit_now(session: Session) -> Never:
    """End although threads are at work: the interpreter would wait for them without limit."""
    session.note("stopped; runs that reached no checkpoint in time lose the page in hand")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_OK)
