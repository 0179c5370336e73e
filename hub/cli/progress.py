"""Progress on stderr: bars with rate and the reason of a wait for people, plain lines for logs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from hub.cli.session import Session
from hub.cli.stopping import leaving_off
from hub.core.clock import Clock
from hub.core.connector import Wait

if TYPE_CHECKING:
    from rich.progress import TaskID

    from hub.pipeline import Progress
    from hub.sync.pull import StreamReport

LINE_EVERY = 5.0
"""Seconds between two plain lines of one stream."""
ASK_EVERY = 0.5
"""Seconds of a wait after which the admin may have thought better of it."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What a command hands to the pipeline and to its connections."""

    progress: Progress
    wait: Wait


class Waiter:
    """Waits for a connection and says why.

    Args:
        clock: Does the waiting.
        say: Shows the reason.
        leave: Asked now and then; raises if the admin wants to stop.
    """

    def __init__(self, clock: Clock, say: Say, leave: Callable[[], None]) -> None:
        self._clock = clock
        self._say = say
        self._leave = leave

    def __call__(self, seconds: float, reason: str) -> None:
        """Wait ``seconds`` because of ``reason``."""
        self._say.waiting(seconds, reason)
        self._leave()
        while seconds > 0:
            part = min(seconds, ASK_EVERY)
            self._clock.sleep(part)
            seconds -= part
            self._leave()


class Say:
    """Plain lines: one per stage, and one per stream every few seconds."""

    def __init__(self) -> None:
        self._started: dict[str, float] = {}
        self._last: dict[str, float] = {}

    def stage(self, name: str) -> None:
        """A stage begins."""
        click.echo(f"{name} ...", err=True)

    def page(self, report: StreamReport) -> None:
        """A page was committed."""
        name, now = f"{report.connection}/{report.stream}", time.monotonic()
        started = self._started.setdefault(name, now)
        if now - self._last.setdefault(name, now) >= LINE_EVERY:
            self._last[name] = now
            rate = report.counts.read / max(now - started, 0.001)
            click.echo(f"  {name}: {report.counts.read:,} read, {rate:,.0f}/s", err=True)

    def waiting(self, seconds: float, reason: str) -> None:
        """A connection has to wait."""
        if seconds >= 1:
            click.echo(f"  waiting {seconds:.0f} s: {reason}", err=True)

    def close(self) -> None:
        """Nothing to put away."""


class Bars(Say):
    """Bars in a terminal: rows read, rate, and why nothing moves."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<28}"),
            TextColumn("{task.completed:>9,.0f} rows"),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[why]}"),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}
        self._bars.start()

    def stage(self, name: str) -> None:
        """A stage begins; a bar without a length shows that it works."""
        for task in self._tasks.values():
            self._bars.stop_task(task)
        if name != "sync":
            self._add(name)

    def page(self, report: StreamReport) -> None:
        """A page was committed."""
        name = f"{report.connection}/{report.stream}"
        task = self._tasks[name] if name in self._tasks else self._add(name)
        speed = self._bars.tasks[task].speed
        rate = f"{speed:,.0f}/s" if speed else ""
        self._bars.update(task, completed=report.counts.read, rate=rate, why="")

    def waiting(self, seconds: float, reason: str) -> None:
        """A connection has to wait."""
        for task in self._bars.tasks:
            if not task.finished:
                self._bars.update(task.id, why=f"waiting {seconds:.0f} s: {reason}")

    def close(self) -> None:
        """Leave the last picture standing."""
        self._bars.stop()

    def _add(self, name: str) -> TaskID:
        self._tasks[name] = self._bars.add_task(name, total=None, rate="", why="")
        return self._tasks[name]


@contextmanager
def watch(
    session: Session, clock: Clock, leave: Callable[[], None] = lambda: None
) -> Iterator[Watch]:
    """Progress for one command: bars if a person looks at stderr, lines if not.

    Args:
        session: Of the command.
        clock: Does the waiting.
        leave: Asked during a wait; raises if the admin wants to stop.
    """
    from hub.pipeline import Progress

    say = Bars() if sys.stderr.isatty() and not session.json else Say()
    try:
        yield Watch(Progress(page=say.page, stage=say.stage), Waiter(clock, say, leave))
    finally:
        say.close()


@contextmanager
def watch_leaving_off(session: Session, clock: Clock) -> Iterator[Watch]:
    """Like :func:`watch`; after a first Ctrl-C the work ends at its next page, wait or stage.

    Raises:
        KeyboardInterrupt: At the end of a block that was left off.
    """
    from hub.pipeline import Progress

    with leaving_off() as leave, watch(session, clock, leave) as watched:

        def page(report: StreamReport) -> None:
            watched.progress.page(report)
            leave()

        def stage(name: str) -> None:
            leave()
            watched.progress.stage(name)

        yield Watch(Progress(page, stage, leave), watched.wait)
