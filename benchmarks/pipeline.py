"""The whole pipeline, stage by stage, on the files of the simulated world."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.results import Finding
from hub import pipeline
from hub.app import load
from hub.cli.demo.stage import EVERY_EXPORT, demo_toml
from hub.emulation.world import World

PEOPLE = 6_000
ACTOR = "os:bench"


@dataclass(slots=True)
class Watch:
    """Wall and processor seconds of each stage."""

    stages: dict[str, tuple[float, float]] = field(default_factory=dict)
    _name: str = ""
    _began: tuple[float, float] = (0.0, 0.0)

    def begin(self, name: str) -> None:
        """``name`` begins; what ran until now has ended."""
        now = (time.perf_counter(), time.process_time())
        if self._name:
            self.stages[self._name] = (now[0] - self._began[0], now[1] - self._began[1])
        self._name, self._began = name, now


def measure(folder: Path, divisor: int) -> Finding:
    """A first run of everything but the push; nothing is configured to be written to."""
    people = PEOPLE // divisor
    watch = Watch()
    with load(_settings(folder, people)).open_hub(ACTOR) as hub:
        app = load(folder / "hub.toml")
        with app.lanes() as lanes:
            report = pipeline.run(
                hub, lanes, actor=ACTOR, progress=pipeline.Progress(stage=watch.begin)
            )
            watch.begin("")
    counts = report.pulled.counts
    failed = any(stream.error for stream in report.pulled.streams)
    if failed or not counts.balanced or report.head is None:
        raise RuntimeError(f"the run is not whole: {counts}")
    return _finding(people, counts.read, counts.stored, report, watch)


def _settings(folder: Path, people: int) -> Path:
    exports = folder / "files"
    exports.mkdir()
    World.build(1, people=people).write_files(exports)
    path = folder / "hub.toml"
    path.write_text(demo_toml(folder, {}, EVERY_EXPORT), encoding="utf-8")
    return path


def _finding(
    people: int, read: int, stored: int, report: pipeline.PipelineReport, watch: Watch
) -> Finding:
    seconds, cpu = (sum(stage[at] for stage in watch.stages.values()) for at in (0, 1))
    rows = [
        (name, f"{wall:.1f}", f"{used:.1f}", f"{used / read * 1e6:.0f}", f"{read / used:,.0f}")
        for name, (wall, used) in {**watch.stages, "**all**": (seconds, cpu)}.items()
        if used >= 0.05
    ]
    return Finding(
        what=f"The simulated world with {people:,} people: {read:,} records of four file systems,"
        " 15 streams, into an empty SQLite database, resolved, measured and made into profiles.",
        columns=("stage", "seconds", "CPU seconds", "µs of CPU per record", "records/s/core"),
        rows=rows,
        notes=(
            f"Stored {stored:,}, quarantined {report.pulled.counts.quarantined}; golden records"
            f" {report.golden.written:,}; the log has {report.head.size if report.head else 0:,}"
            " entries, signed.",
        ),
    )
