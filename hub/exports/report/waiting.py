"""Who is waiting for the business, who may leave it, and what they have spent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, Select, bindparam, select, text

from hub.exports.report.model import Beside, Money
from hub.store.records import chunks
from hub.store.schema import facts, profile_metrics
from hub.voc.detractor import DAYS

DETRACTOR = (
    "Customers whose last NPS answer was 0-6 and whom nobody told what came of it; where nobody is"
    f" asked to, for {DAYS} days."
)
"""As ``risk.unresolved_detractor`` of the profile has it: :mod:`hub.voc.detractor`."""

_PROFILES = (
    "SELECT golden_id, name, email, phone, source_records, open_tickets, unresolved,"
    " open_complaint, unresolved_detractor, nps, csat, verbatim, permissions, do_not_contact,"
    " risk_points, risk_band, risk_reasons"
    " FROM v1_profiles WHERE "
)
_WAITING = text(_PROFILES + "open_complaint OR unresolved_detractor")
_LEAVING = text(_PROFILES + "risk_band IN ('medium', 'high')")
_BANDS = text("SELECT risk_band, count(*) FROM v1_profiles GROUP BY risk_band")
_NAMED = text(_PROFILES + "golden_id IN :golden_ids").bindparams(
    bindparam("golden_ids", expanding=True)
)


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer, as their profile has them; ``known_as`` is the id in a source."""

    golden_id: str
    name: str | None
    email: str | None
    phone: str | None
    known_as: str
    open_tickets: int
    unresolved: str | None
    complaint: bool
    detractor: bool
    nps: float | None
    csat: float | None
    verbatim: str | None
    permissions: str | None
    do_not_contact: bool
    risk_points: int | None
    risk_band: str | None
    risk_reasons: tuple[str, ...]
    spent: tuple[Money, ...]

    @property
    def may_leave(self) -> bool:
        """Whether the risk of leaving is medium or high."""
        return self.risk_band in ("medium", "high")

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
        tickets: Whether any source has tickets.
    """

    customers: Sequence[Customer]
    asked: bool
    tickets: bool

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
    def open_tickets(self) -> int | None:
        """Tickets of theirs that are not solved; None where no source has tickets."""
        return sum(each.open_tickets for each in self.customers) if self.tickets else None


def waiting(connection: Connection) -> Waiting:
    """Who waits by the profiles as they stand."""
    found = _customers(connection, connection.execute(_WAITING).mappings().all())
    answers = select(profile_metrics.c.golden_id).where(profile_metrics.c.metric == "nps")
    tickets = select(facts.c.rid).where(facts.c.entity == "ticket")
    return Waiting(found, *(_any(connection, each) for each in (answers, tickets)))


def leaving(connection: Connection) -> list[Customer]:
    """Who may leave, those first who have spent most."""
    return _customers(connection, connection.execute(_LEAVING).mappings().all())


def bands(connection: Connection) -> Counter[str]:
    """How many customers are in each band of risk."""
    rows = connection.execute(_BANDS).all()
    return Counter({band: number for band, number in rows if band is not None})


def named(connection: Connection, golden_ids: Sequence[str]) -> list[Customer]:
    """These customers, those first who have spent most."""
    rows: list[RowMapping] = []
    for chunk in chunks(golden_ids):
        rows += connection.execute(_NAMED, {"golden_ids": chunk}).mappings()
    return _customers(connection, rows)


def _customers(connection: Connection, rows: Sequence[RowMapping]) -> list[Customer]:
    spent = _spent(connection, [row["golden_id"] for row in rows])
    found = [
        Customer(
            row["golden_id"], row["name"], row["email"], row["phone"],
            _first_id(row["source_records"]), row["open_tickets"] or 0, row["unresolved"],
            bool(row["open_complaint"]), bool(row["unresolved_detractor"]), row["nps"],
            row["csat"], row["verbatim"], row["permissions"], bool(row["do_not_contact"]),
            row["risk_points"], row["risk_band"],
            tuple(orjson.loads(row["risk_reasons"] or "[]")),
            tuple(spent.get(row["golden_id"], ())),
        )
        for row in rows
    ]  # fmt: skip
    return sorted(found, key=lambda each: (-each.worth, each.golden_id))


def _first_id(source_records: str | None) -> str:
    """``17850`` of ``["shop/customers/17850"]``."""
    keys = orjson.loads(source_records or "[]")
    return str(keys[0]).split("/", 2)[-1] if keys else ""


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


def _any(connection: Connection, query: Select[Any]) -> bool:
    return connection.execute(query.limit(1)).first() is not None
