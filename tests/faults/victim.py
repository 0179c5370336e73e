"""The process that gets killed: a whole hub, from reading to pushing, that says where it is.

    python -m tests.faults.victim ORDER.json

It does what an admin does with a new hub: run, plan, approve, run again. Started anew after a kill
it goes on. Every step is noted in a file that outlives it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partialmethod
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from connectors.hubspot.api import Api
from hub import pipeline
from hub.app import load
from hub.core import boundary
from hub.core.clock import ManualClock
from hub.core.connector import Context, Creator, Page, State, Stream, Task, Unsupported
from hub.core.errors import EXIT_OK, EXIT_PARTIAL
from hub.core.ids import IdSource
from hub.pipeline import Hub, Lane, Progress
from hub.sync.pull import StreamReport

ACTOR = "os:faults"
READY = "ready"

SMALL = {
    # So that a small world has many pages and batches, and a kill can land between any two.
    "connectors.csv.reader": {"_ENOUGH": 20},
    "connectors.csv.tables": {"_ROWS": 25, "_LEAST": 1 << 10},
    "hub.identity.golden": {"_BATCH": 25},
    "hub.identity.resolve": {"_BATCH": 25},
    "hub.metrics.run": {"BATCH": 20},
    "hub.voc.risk_run": {"BATCH": 20},
    "hub.profile.run": {"BATCH": 20},
    "hub.push.plan": {"PAGE": 25},
}
SEARCH_PAGE = 15
WRITE_BATCH = 10
TASK_BATCH = 3


@dataclass(frozen=True, slots=True)
class Order:
    """What one life of the victim is to do.

    Args:
        toml: Its hub.toml.
        now: Its time, ISO 8601; the same in every life, so that only the kill differs.
        trace: Where it notes its steps.
        die_at: Boundary to die at; empty to live.
        occurrence: The how manieth time it is reached, from 1.
        plant: Name of the bug to plant, or empty.
    """

    toml: str
    now: str
    trace: str
    die_at: str = ""
    occurrence: int = 1
    plant: str = ""

    def write(self, path: Path) -> None:
        """As a file that the victim is started with."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


class Trace:
    """Notes steps in a file, one JSON line each; a line that was written survives SIGKILL."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(self, kind: str, **what: object) -> None:
        """Write one line with the time, in one call."""
        os.write(self._file, orjson.dumps({"kind": kind, "time": time.time(), **what}) + b"\n")


def main(path: Path) -> None:
    """One life."""
    order = Order(**json.loads(path.read_text(encoding="utf-8")))
    for module, constants in SMALL.items():
        for name, value in constants.items():
            _set(module, name, value)
    Api.search = partialmethod(Api.search, limit=SEARCH_PAGE)  # type: ignore[assignment,method-assign]
    trace = Trace(Path(order.trace))
    boundary.listen(_listener(order, trace))
    if order.plant:
        from tests.faults.planted import PLANTS

        for pool in ("FILES_AT_ONCE", "WIRES_AT_ONCE"):
            _set("hub.sync.run", pool, 1)  # the same page is the first one in every run
        PLANTS[order.plant]()
    print(READY, flush=True)
    _live(order, trace)
    trace.note("finished")


def _set(module: str, name: str, value: int) -> None:
    loaded = import_module(module)
    assert hasattr(loaded, name), f"{module} has no {name} any more"
    setattr(loaded, name, value)


def _listener(order: Order, trace: Trace) -> Callable[[boundary.Boundary], None]:
    met: Counter[str] = Counter()

    def listen(name: boundary.Boundary) -> None:
        trace.note("boundary", name=name)
        met[name] += 1
        if name == order.die_at and met[name] >= order.occurrence:
            os.kill(os.getpid(), signal.SIGKILL)

    return listen


def _live(order: Order, trace: Trace) -> None:
    clock = ManualClock(datetime.fromisoformat(order.now))
    app = load(Path(order.toml), clock=clock, ids=IdSource(clock))
    trace.note("stage", name="opening")
    with app.open_hub(ACTOR) as hub, app.lanes() as opened:
        lanes = [_small_and_seen(lane, trace) for lane in opened]
        _run(hub, lanes, trace)
        _approve(hub, lanes, trace)
        _run(hub, lanes, trace)


def _run(hub: Hub, lanes: list[Lane], trace: Trace) -> None:
    progress = Progress(
        page=lambda report: _note_page(report, trace),
        stage=lambda name: trace.note("stage", name=name),
    )
    report = pipeline.run(hub, lanes, actor=ACTOR, progress=progress)
    for stream in report.pulled.streams:
        if stream.error is not None:
            raise stream.error
    assert report.exit_code in (EXIT_OK, EXIT_PARTIAL), report  # a few rows are bad
    trace.note("ran", read=report.pulled.counts.read, stored=report.pulled.counts.stored)


def _note_page(report: StreamReport, trace: Trace) -> None:
    name = f"{report.connection}/{report.stream}"
    trace.note("page", stream=name, balanced=report.counts.balanced)


def _approve(hub: Hub, lanes: list[Lane], trace: Trace) -> None:
    pusher = hub.pusher(ACTOR)
    places = {place.key: place for lane in lanes for place in lane.destinations}
    for place in places.values():
        if not pusher.is_approved(place):
            trace.note("stage", name="plan")
            plan = pusher.plan(place)
            trace.note("stage", name="approved push")
            pusher.approve(plan.plan_id, places)


def _small_and_seen(lane: Lane, trace: Trace) -> Lane:
    streams = tuple(_seen(lane.source.name, stream, trace) for stream in lane.source.streams)
    places = tuple(
        replace(place, writer=replace(place.writer, batch=WRITE_BATCH))
        for place in lane.destinations
    )
    connector = replace(lane.source.connector, tasks=_smaller(lane))
    return replace(
        lane,
        source=replace(lane.source, streams=streams, connector=connector),
        destinations=places,
    )


def _smaller(lane: Lane) -> Creator[Task] | Unsupported:
    """How the connection takes tasks, a few at a time."""
    offer = lane.source.connector.tasks_for(lane.source.ctx.config)
    return replace(offer, batch=TASK_BATCH) if isinstance(offer, Creator) else offer


def _seen(connection: str, stream: Stream, trace: Trace) -> Stream:
    """The stream, whose reader notes what it fetches."""
    name = f"{connection}/{stream.name}"

    def read(ctx: Context, state: State) -> Iterator[Page]:
        for page in stream.reader(ctx, state):
            rows = [*map(_digest, page.rows), *(_digest(each.raw) for each in page.rejects)]
            trace.note("fetched", stream=name, rows=rows, complete=page.complete)
            yield page
        trace.note("exhausted", stream=name)

    return replace(stream, reader=read)


def _digest(row: Mapping[str, Any] | object) -> str:
    return blake2b(repr(row).encode(), digest_size=8).hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
