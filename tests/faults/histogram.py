"""Where the kills of a session landed, told at its end."""

from __future__ import annotations

from collections import Counter

import pytest

KILL = "kill"
"""Property of a test's report: database, way, stage, boundary, lost, doubled, seconds to go on."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A histogram: in which stage, and after which boundary, each kill found the hub."""
    kills = [
        str(value).split("|")
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call"
        for name, value in report.user_properties
        if name == KILL
    ]
    for way in ("at a boundary", "at a random time"):
        chosen = [kill for kill in kills if kill[1] == way]
        if chosen:
            _tell(terminalreporter, way, chosen)


def _tell(terminal: pytest.TerminalReporter, way: str, kills: list[list[str]]) -> None:
    terminal.section(f"kills {way}")
    for database in sorted({kill[0] for kill in kills}):
        here = [kill for kill in kills if kill[0] == database]
        lost, doubled = (sum(int(kill[place]) for kill in here) for place in (4, 5))
        slowest = max(float(kill[6]) for kill in here)
        terminal.line(
            f"{database}: {len(here)} kills, {lost} lost, {doubled} doubled,"
            f" gone on after {slowest:.1f} s at most"
        )
        for (stage, after), count in sorted(Counter((k[2], k[3]) for k in here).items()):
            terminal.line(f"  {stage:<14} {after:<20} {count:>3} {'#' * count}")
