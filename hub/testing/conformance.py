"""The conformance suite: every promise of the contract, tested on a connector, and a grade.

report = examine(Subject.of(load_connector("acme"), "hub_acme"))
report.grade, report.reasons
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from hub.testing.check import Check, Finding, Grade, conduct
from hub.testing.engine_checks import ENGINE
from hub.testing.handing_checks import HANDING
from hub.testing.package_checks import PACKAGE
from hub.testing.reading_checks import READING
from hub.testing.rig import Subject
from hub.testing.trouble_checks import TROUBLE
from hub.testing.writing_checks import WRITING

CHECKS: tuple[Check, ...] = tuple(
    check
    for module in (PACKAGE, READING, TROUBLE, WRITING, HANDING, ENGINE)
    for check in module.declared
)
"""Every check, in the order of a report."""

_SIDE_BY_SIDE = 8
"""Checks at once: each has an emulator of its own and mostly waits for it to start and stop."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the suite found about one connector."""

    connector: str
    findings: tuple[Finding, ...]
    has_emulator: bool = True

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The findings that cost a grade."""
        return tuple(finding for finding in self.findings if finding.outcome == "failed")

    @property
    def grade(self) -> Grade:
        """The highest grade none of whose checks failed, nor any of a lower one.

        Without an emulator only the package was examined, which is worth bronze.
        """
        lost = [int(finding.check.grade) for finding in self.failed]
        lost.append(int(Grade.GOLD) + 1 if self.has_emulator else int(Grade.SILVER))
        return Grade(min(lost) - 1)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the grade is not a higher one, worst first."""
        by_weight = sorted(self.failed, key=lambda finding: finding.check.grade)
        told = [
            f"{found.check.grade.label}: {found.check.id}: {found.detail}" for found in by_weight
        ]
        if not self.has_emulator:
            told.append("silver: without an emulator, reading and writing were not examined")
        return tuple(told)


def examine(subject: Subject, only: Collection[str] = ()) -> Report:
    """The report on ``subject``.

    Args:
        subject: The connector.
        only: Ids of the checks to run; all of them when empty.
    """
    found = tuple(findings(subject, only))
    return Report(subject.connector.name, found, bool(subject.connector.emulator))


def findings(subject: Subject, only: Collection[str] = ()) -> Iterator[Finding]:
    """One finding after the other, in the order of the checks, for progress."""
    with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="conformance") as pool:
        yield from pool.map(lambda check: conduct(check, subject), chosen(only))


def chosen(only: Collection[str]) -> Sequence[Check]:
    """The checks of these ids, or all."""
    return [check for check in CHECKS if not only or check.id in only]
