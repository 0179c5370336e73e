"""The report of ``hub quickstart``: a small business's own files, and what to do in thirty days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from hub.exports.report.customer_experience import who_goes_on
from hub.exports.report.executive import executive
from hub.exports.report.followup import FollowUp, follow_ups, shown
from hub.exports.report.ground import Ground
from hub.exports.report.model import Block, Report, Section, Table, Words
from hub.exports.report.overdue import overdue
from hub.exports.report.pains import MOST, Found, find
from hub.exports.report.waiting import waiting
from hub.exports.report.way import met, where_they_meet, who_comes_back
from hub.exports.report.words import amounts, customers
from hub.metrics import orders
from hub.metrics.orders import Order
from hub.store.schema import cluster_members, source_records

_SHOWN = 20
"""Lines that could not be used on the page; the list has all."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A line that could not be used: where it stands, and why, without what it says."""

    place: str
    why: str


def quickstart(
    ground: Ground, files: Table, lost: Sequence[Lost]
) -> tuple[Report, Sequence[FollowUp]]:
    """The report, and everybody to get in touch with.

    Args:
        ground: What it is made from.
        files: What was read, and how.
        lost: Every line that could not be used.
    """
    basis, connection = ground.basis, ground.connection
    bought, queue = orders.each_order(connection), waiting(connection)
    late = overdue(bought, basis.reference, basis.zone)
    found = find(connection, bought, queue, late, basis)
    people = follow_ups(connection, queue, late)
    sections = (
        Section("What hurts most", tuple(_pains(found))),
        Section("The next thirty days", tuple(_plan(found))),
        Section("Whom to get in touch with", (shown(people),)),
        Section("Their way with you", tuple(_way(ground, bought))),
        *executive(ground).sections,
        Section("What was read", (*_strangers(connection, bought), *_read(files, lost))),
    )
    return ground.report("quickstart", "Your customers, and the next thirty days", sections), people


def _way(ground: Ground, bought: Sequence[Order]) -> Iterator[Block]:
    """Who comes back, the map, and who goes on from stage to stage where two stages are seen."""
    if bought:
        yield from who_comes_back(bought, ground.basis)
    for journey in ground.journeys.current:
        found = met(ground, journey, bought)
        if found:
            yield where_they_meet(journey, found)
            seen = tuple(stage for at, stage in enumerate(journey.stages) if at in found)
            shown = journey.model_copy(update={"stages": seen})
            if len(shown.required) > 1:
                yield from who_goes_on(ground, shown)


def _strangers(connection: Connection, bought: Sequence[Order]) -> Iterator[Block]:
    """Said where sales and the list of customers hardly name the same people."""
    member, record = cluster_members.c, source_records.c
    query = (
        select(member.golden_id)
        .select_from(cluster_members)
        .join(source_records, record.rid == member.rid)
        .where(record.entity == "person", record.version > 0)  # 0: only named by a sale
    )
    listed = set(connection.execute(query).scalars())
    buyers = {order.golden_id for order in bought}
    known = len(buyers & listed)
    if listed and 2 * known < len(buyers):
        yield Words(
            f"Only {known:,} of {customers(len(buyers))} of the sales are in the list of customers."
            " Let both files name them in the same way: by number, by e-mail, or in a column of the"
            " same name."
        )


def _read(files: Table, lost: Sequence[Lost]) -> Iterator[Block]:
    yield files
    if lost:
        more = f", the first {_SHOWN} of them; all are in the list" if len(lost) > _SHOWN else ""
        yield Table(
            f"Lines that could not be used: {len(lost):,}{more}",
            ("file:line", "why"),
            tuple((each.place, each.why) for each in lost[:_SHOWN]),
            "None of them is in any number above. Correct them in the file and run again.",
        )


def _pains(found: Found) -> Iterator[Block]:
    rows = tuple(
        (f"{place}. {pain.title}", pain.evidence, amounts(pain.at_stake))
        for place, pain in enumerate(found.pains, 1)
    )
    if rows:
        yield Table(
            "By who waits now, then by what is at stake",
            ("pain", "what the data show", "at stake"), rows,
            "At stake: what the customers concerned have spent so far, or what came back.",
        )  # fmt: skip
    if len(rows) < MOST:
        yield Words(f"Not enough data for {MOST} pains: these files show {len(rows)}.")
    if found.silent:
        yield Words(f"Not enough data about {'; '.join(each.about for each in found.silent)}.")


_LISTED = "The list below has them."
_NOT_LISTED = (
    "They are not in the list below: say it where they look, such as on the receipt, the page of"
    " the product, or under the question."
)


def _plan(found: Found) -> Iterator[Block]:
    if not found.pains:
        helps = "; ".join(each.helps for each in found.silent) or "more months of the same files"
        yield Words(f"Not enough data for a plan. What would help: {helps}.")
        return
    worst, *others = found.pains
    rows = [
        ("1\u00a0to\u00a07", "Look at the pain itself", f"{worst.title}: {worst.evidence}"),
        ("8\u00a0to\u00a014", "Fix one thing", worst.step),
        (
            "15\u00a0to\u00a021",
            "Tell the customers concerned what was changed",
            _LISTED if worst.listed else _NOT_LISTED,
        ),
        *(("22\u00a0to\u00a027", "Prepare the next one", pain.step) for pain in others[:1]),
        (
            "28\u00a0to\u00a030",
            "Check",
            "Export the files again and run the same command: has it moved?",
        ),
    ]
    yield Table("One journey, one pain at a time", ("days", "do", "how"), tuple(rows))
