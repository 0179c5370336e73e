"""The report for those who answer customers: whom to get in touch with. Agents are not ranked."""

from __future__ import annotations

from hub.exports.report.executive import waiting_blocks
from hub.exports.report.followup import follow_ups, shown
from hub.exports.report.ground import Ground
from hub.exports.report.model import Report, Section, Words
from hub.exports.report.overdue import overdue
from hub.exports.report.waiting import waiting
from hub.metrics import orders

_MOST = 50


def agent(ground: Ground) -> Report:
    """The follow-up report, as things stand."""
    basis, queue = ground.basis, waiting(ground.connection)
    late = overdue(orders.each_order(ground.connection), basis.reference, basis.zone)
    people = follow_ups(ground.connection, queue, late)
    about = Words(
        "Whose risk of leaving is high comes first, then who waits for an answer, then a medium"
        " risk, then regular customers who have fallen silent; within each, those first who have"
        " spent most. This list is about customers. It tells nothing about any agent."
    )
    sections = (
        Section("Who is waiting", tuple(waiting_blocks(queue))),
        Section("Whom to get in touch with", (about, shown(people, _MOST))),
    )
    return ground.report("agent", "Customers to get in touch with", sections)
