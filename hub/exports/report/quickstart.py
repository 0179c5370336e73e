"""The report of ``hub quickstart``: a small business's own files, and what to do in thirty days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.exports.report.executive import executive
from hub.exports.report.followup import FollowUp, follow_ups, shown
from hub.exports.report.ground import Ground
from hub.exports.report.model import Block, Report, Section, Table, Words
from hub.exports.report.overdue import overdue
from hub.exports.report.pains import MOST, Found, Pain, find
from hub.exports.report.waiting import waiting
from hub.exports.report.words import amounts
from hub.metrics import orders


def quickstart(ground: Ground, files: Table) -> tuple[Report, Sequence[FollowUp]]:
    """The report, and everybody to get in touch with.

    Args:
        ground: What it is made from.
        files: What was read, and how.
    """
    basis, connection = ground.basis, ground.connection
    bought, queue = orders.each_order(connection), waiting(connection)
    late = overdue(bought, basis.reference, basis.zone)
    found = find(connection, bought, queue, late, basis)
    people = follow_ups(connection, queue, late)
    sections = (
        Section("What hurts most", tuple(_pains(found))),
        Section("The next thirty days", tuple(_plan(found.pains))),
        Section("Whom to get in touch with", (shown(people),)),
        *executive(ground).sections,
        Section("What was read", (files,)),
    )
    return ground.report("quickstart", "Your customers, and the next thirty days", sections), people


def _pains(found: Found) -> Iterator[Block]:
    rows = tuple(
        (str(place), pain.title, pain.evidence, amounts(pain.at_stake))
        for place, pain in enumerate(found.pains, 1)
    )
    if rows:
        yield Table(
            "By who waits now, then by what is at stake",
            ("", "pain", "what the data show", "at stake"), rows,
            "At stake: what the customers concerned have spent so far, or what came back.",
        )  # fmt: skip
    if len(rows) < MOST:
        yield Words(f"Not enough data for {MOST} pains: these files show {len(rows)}.")
    if found.silent:
        yield Words(f"Not enough data about {'; '.join(found.silent)}.")


def _plan(pains: Sequence[Pain]) -> Iterator[Block]:
    if not pains:
        yield Words("Not enough data for a plan. Add a file of orders, tickets or answers.")
        return
    worst, *others = pains
    rows = [
        ("1\u00a0to\u00a07", "Look at the pain itself", f"{worst.title}: {worst.evidence}"),
        ("8\u00a0to\u00a014", "Fix one thing", worst.step),
        (
            "15\u00a0to\u00a021",
            "Tell the customers concerned what was changed",
            "The list below has them.",
        ),
        *(("22\u00a0to\u00a027", "Prepare the next one", pain.step) for pain in others[:1]),
        (
            "28\u00a0to\u00a030",
            "Check",
            "Export the files again and run the same command: has it moved?",
        ),
    ]
    yield Table("One journey, one pain at a time", ("days", "do", "how"), tuple(rows))
