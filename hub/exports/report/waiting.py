"""Who is waiting for the business: open tickets, open detractors, and what they have spent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from hub.exports.report.model import Beside, Money
from hub.store.records import chunks
from hub.store.schema import profile_metrics

DETRACTOR = "Customers whose last NPS answer was 0-6, at most 60 days ago."
"""As ``risk.unresolved_detractor`` of the profile has it."""

_WAITING = text(
    "SELECT golden_id, name, email, phone, open_tickets, unresolved, open_complaint,"
    " unresolved_detractor, nps, csat, verbatim, churn, permissions, do_not_contact"
    " FROM v1_profiles WHERE open_complaint OR unresolved_detractor"
)


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer who waits, as their profile has them."""

    golden_id: str
    name: str | None
    email: str | None
    phone: str | None
    open_tickets: int
    unresolved: str | None
    complaint: bool
    detractor: bool
    nps: float | None
    csat: float | None
    verbatim: str | None
    churn: str | None
    permissions: str | None
    do_not_contact: bool
    spent: tuple[Money, ...]

    @property
    def worth(self) -> int:
        """For an order among them: the highest amount in one currency, minor units."""
        return max((money.minor for money in self.spent), default=0)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Everybody who waits, those first who have spent most.

    Args:
        customers: With an open ticket, or with a detractor's answer that nobody has seen to.
        asked: Whether anybody ever answered an NPS question.
    """

    customers: Sequence[Customer]
    asked: bool

    @property
    def beside(self) -> Beside:
        """What stands beside every average; the share at the bottom is the average's own."""
        detractors = sum(each.detractor for each in self.customers) if self.asked else None
        return Beside(None, detractors, self.at_risk)

    @property
    def at_risk(self) -> tuple[Money, ...]:
        """What they have spent so far, by currency."""
        sums: Counter[str] = Counter()
        for each in self.customers:
            sums.update({money.currency: money.minor for money in each.spent})
        return tuple(Money(minor, currency) for currency, minor in sorted(sums.items()))

    @property
    def open_tickets(self) -> int:
        """Tickets of theirs that are not solved."""
        return sum(each.open_tickets for each in self.customers)


def waiting(connection: Connection) -> Waiting:
    """Who waits by the profiles as they stand."""
    rows = connection.execute(_WAITING).mappings().all()
    spent = _spent(connection, [row["golden_id"] for row in rows])
    found = [
        Customer(
            row["golden_id"], row["name"], row["email"], row["phone"], row["open_tickets"] or 0,
            row["unresolved"], bool(row["open_complaint"]), bool(row["unresolved_detractor"]),
            row["nps"], row["csat"], row["verbatim"], row["churn"], row["permissions"],
            bool(row["do_not_contact"]), tuple(spent.get(row["golden_id"], ())),
        )
        for row in rows
    ]  # fmt: skip
    found.sort(key=lambda each: (-each.worth, each.golden_id))
    return Waiting(found, _anybody_asked(connection))


def _spent(connection: Connection, golden_ids: Sequence[str]) -> dict[str, list[Money]]:
    column, found = profile_metrics.c, dict[str, list[Money]]()
    for chunk in chunks(golden_ids):
        query = (
            select(column.golden_id, column.series, column.value)
            .where(column.metric == "net_spend", column.golden_id.in_(chunk))
            .order_by(column.golden_id, column.series)
        )
        for golden_id, currency, minor in connection.execute(query):
            found.setdefault(golden_id, []).append(Money(round(minor), currency))
    return found


def _anybody_asked(connection: Connection) -> bool:
    answers = select(func.count()).where(profile_metrics.c.metric == "nps")
    return bool(connection.execute(answers).scalar())
