"""``python -m benchmarks``: run benchmarks, print what they found, write it down."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from benchmarks import (
    churn_detection,
    clv,
    csv_load,
    interval_coverage,
    pipeline,
    quickstart,
    rerun,
    rest_pull,
    results,
    segments,
    shared_limits,
    size,
    startup,
    text_sentiment,
    write_calls,
)
from benchmarks.results import Finding

BENCHMARKS: dict[str, Callable[[Path, int], Finding]] = {
    "csv_load": csv_load.measure,
    "rerun": rerun.measure,
    "rest_pull": rest_pull.measure,
    "pipeline": pipeline.measure,
    "shared_limits": shared_limits.measure,
    "write_calls": write_calls.measure,
    "text_sentiment": text_sentiment.measure,
    "startup": startup.measure,
    "size": size.measure,
    "clv": clv.measure,
    "interval_coverage": interval_coverage.measure,
    "churn_detection": churn_detection.measure,
    "quickstart": quickstart.measure,
    "segments": segments.measure,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(sorted(BENCHMARKS)), metavar="[NAME]...")
@click.option("--quick", is_flag=True, help="A twentieth of the size; printed, not written down.")
def main(names: tuple[str, ...], quick: bool) -> None:
    """Run the benchmarks of these NAMEs, or all, and write benchmarks/RESULTS.md."""
    for name in names or BENCHMARKS:
        load = os.getloadavg()[0]
        with tempfile.TemporaryDirectory(prefix="cxhub-bench-") as folder:
            finding = BENCHMARKS[name](Path(folder), 20 if quick else 1)
        section = finding.as_markdown(name, load)
        click.echo(section)
        if not quick:
            results.write(name, section, tuple(BENCHMARKS))


if __name__ == "__main__":
    main()
