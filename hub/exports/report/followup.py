"""Whom to get in touch with, why, and what the data show: by customer, never by agent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from hub.exports.delivery import Content
from hub.exports.profiles import table
from hub.exports.report.model import Table
from hub.exports.report.overdue import Overdue
from hub.exports.report.waiting import Customer, Waiting, leaving, named
from hub.exports.report.words import amounts, customers, money

COLUMNS = (
    "why", "customer", "name", "email", "phone", "spent", "what_the_data_show", "comment",
    "permissions", "do_not_contact", "golden_id",
)  # fmt: skip
"""Columns of the file."""

_REASONS = 2
"""Of a risk, the heaviest first; the profile has all."""

SHOWN = 15
"""Customers on the page; the file has all."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One customer to get in touch with."""

    customer: Customer
    why: str
    evidence: str


def follow_ups(
    connection: Connection, queue: Waiting, late: Sequence[Overdue]
) -> Sequence[FollowUp]:
    """Everybody, each once; within a group those first who have spent most.

    A high risk of leaving, who waits for an answer, a medium risk, regulars gone silent.
    """
    known = {each.golden_id: each for each in (*queue.customers, *leaving(connection))}
    urgent = sorted(known.values(), key=lambda each: (_group(each), -each.worth, each.golden_id))
    rhythm = {each.golden_id: each for each in late if each.golden_id not in known}
    silent = [
        FollowUp(each, "gone silent", _silence(rhythm[each.golden_id]))
        for each in named(connection, list(rhythm))
    ]
    return [*(FollowUp(each, _why(each), _evidence(each)) for each in urgent), *silent]


def _group(customer: Customer) -> int:
    if customer.risk_band == "high":
        return 0
    return 1 if customer.complaint or customer.detractor else 2


def _why(customer: Customer) -> str:
    reasons = (
        ("may leave", customer.may_leave),
        ("open ticket", customer.complaint),
        ("unhappy answer", customer.detractor),
    )
    return ", ".join(reason for reason, holds in reasons if holds)


def _evidence(customer: Customer) -> str:
    parts = []
    if customer.may_leave:
        why = ", ".join(customer.risk_reasons[:_REASONS])
        parts.append(f"risk {customer.risk_points} of 100: {why}")
    if customer.complaint:
        parts.append(f"{customer.open_tickets} open: {customer.unresolved or 'no subject'}")
    if customer.detractor and customer.nps is not None:
        parts.append(f"last NPS answer {customer.nps:g}")
    return "; ".join(parts)


def _silence(late: Overdue) -> str:
    return f"bought on {late.days} days, usually every {late.usual}; silent for {late.silent}"


def shown(found: Sequence[FollowUp], most: int = SHOWN) -> Table:
    """The first of them, for the page."""
    rows = tuple(
        (
            each.customer.name or each.customer.known_as,
            each.why,
            each.evidence,
            amounts(each.customer.spent),
        )
        for each in found[:most]
    )
    more = customers(len(found)) + (f", {most} shown" if len(found) > most else "")
    more = (
        more if found else "Customers who may leave or wait for an answer, and regulars gone silent"
    )
    head = ("customer", "why", "what the data show", "spent so far")
    return Table(more, head, rows)


def as_file(found: Sequence[FollowUp]) -> Content:
    """All of them as CSV for a spreadsheet."""
    return table(COLUMNS, _cells(found), "spreadsheet")


def _cells(found: Sequence[FollowUp]) -> Iterator[Sequence[str | bool | None]]:
    for each in found:
        who = each.customer
        yield (
            each.why, who.known_as, who.name, who.email, who.phone,
            ", ".join(map(money, who.spent)), each.evidence, who.verbatim, who.permissions,
            who.do_not_contact, who.golden_id,
        )  # fmt: skip
