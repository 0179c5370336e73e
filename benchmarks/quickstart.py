"""``hub quickstart``: what a small business waits for, from files to report."""

from __future__ import annotations

from pathlib import Path

from benchmarks.process import HUB, run
from benchmarks.results import Finding
from benchmarks.retail import SHARED, unpack, write_lines

GENERATED = 500_000


def measure(folder: Path, divisor: int) -> Finding:
    """One whole command on the lines of a till; the report is looked into, not only timed."""
    lines, out = folder / "lines.csv", folder / "out"
    _prepare(lines, divisor)
    command = [HUB, "quickstart", str(lines), "--out", str(out), "--currency", "GBP"]
    ran = run(command, folder)
    page = (out / "report.html").read_text(encoding="utf-8")
    if "The next thirty days" not in page:
        raise RuntimeError("the report has no plan")
    listed = len((out / "follow-up.csv").read_text(encoding="utf-8-sig").splitlines()) - 1
    rows = sum(1 for _ in lines.open("rb")) - 1
    return Finding(
        what=f"hub quickstart on {rows:,} lines of a till, from the file to report and list.",
        columns=("seconds", "CPU seconds", "peak MB", "report", "follow-ups"),
        rows=[
            (
                f"{ran.seconds:.1f}", f"{ran.cpu_seconds:.1f}", f"{ran.peak_mb:.0f}",
                f"{len(page) / 1024:.0f} KB", f"{listed:,}",
            )
        ],
        notes=("Checked: the report has a plan, and the list was written.",),
    )  # fmt: skip


def _prepare(path: Path, divisor: int) -> None:
    """The retail file where it is at hand, else lines like it."""
    if not SHARED.exists():
        write_lines(path, GENERATED // divisor)
        return
    unpack(path, divisor)
