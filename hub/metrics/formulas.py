"""Every overall value from plain rows, without a database: what a run keeps and a file proves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from hub.core.settings import MetricsSection
from hub.metrics import (
    backlog,
    cohort,
    contract,
    cost_to_serve,
    effort,
    fcr,
    first_reply,
    handling,
    orders,
    resolution,
    service_recovery,
    survey,
    touchpoint_csat,
    trial,
)
from hub.metrics.clv import predicted
from hub.metrics.clv.history import histories, month_begin
from hub.metrics.clv.predicted import Prediction, Terms
from hub.metrics.contract import Contract
from hub.metrics.cost_to_serve import Touch
from hub.metrics.issues import Issue
from hub.metrics.orders import Customer, Order
from hub.metrics.profile_value import ProfileValue
from hub.metrics.service_recovery import History
from hub.metrics.snapshot import Measured
from hub.metrics.survey import Asked
from hub.metrics.tickets import Handled
from hub.metrics.touchpoint_csat import Rated


@dataclass(frozen=True, slots=True)
class Basis:
    """What the formulas need beside rows.

    Args:
        reference: The instant that recency and months count from, microseconds; the end of a day.
        zone: On whose clocks a day begins.
        settings: The business's own definitions.
    """

    reference: int
    zone: tzinfo
    settings: MetricsSection

    @property
    def today(self) -> int:
        """The last instant of the day that is measured."""
        return self.reference - 1


def by_customer(rows: Sequence[Customer], basis: Basis) -> Iterator[Measured]:
    """AOV, repeat rate, churn without a contract, historic value."""
    given = basis.settings
    return orders.overall(rows, basis.reference, given.margin, given.confidence)


def by_order(rows: Sequence[Order], basis: Basis) -> Iterator[Measured]:
    """Median order value, retention and value by cohort."""
    confidence = basis.settings.confidence
    yield from orders.medians(rows, confidence)
    yield from cohort.overall(rows, basis.today, basis.zone, confidence)


def predictions(rows: Sequence[Order], basis: Basis) -> list[Prediction]:
    """Predicted value of every customer, by currency."""
    given, zone = basis.settings, basis.zone
    known = histories(rows, month_begin(basis.reference, zone), zone)
    return predicted.predict(known, Terms(given.clv_horizon, given.clv_discount, given.margin))


def by_prediction(found: Sequence[Prediction], basis: Basis) -> Iterator[Measured]:
    """Mean predicted value."""
    return predicted.overall(found, basis.settings.confidence)


def by_answer(asked: Asked, basis: Basis) -> Iterator[Measured]:
    """NPS, CSAT and CES."""
    given = basis.settings
    return survey.overall(asked, given.ces_summary, given.confidence, basis.zone)


def by_contract(rows: Sequence[Contract], basis: Basis) -> Iterator[Measured]:
    """Churn of contracts in people and in revenue, trials that became paying."""
    given = basis.settings
    window, confidence = given.trial_window, given.confidence
    yield from contract.overall(rows, basis.today, basis.zone, confidence)
    yield from trial.overall(rows, basis.today, basis.zone, window, confidence)


def by_ticket(rows: Sequence[Handled], basis: Basis) -> Iterator[Measured]:
    """First reply and full resolution time, backlog.

    Orders may end long before service does: then what is known ends with the last ticket's news.
    """
    until = max([basis.today, *(at for row in rows for at in row.instants)])
    yield from first_reply.overall(rows, until, basis.zone, basis.settings)
    yield from resolution.overall(rows, until, basis.zone, basis.settings)
    yield from backlog.overall(rows, until, basis.zone)


def by_issue(rows: Sequence[Issue], basis: Basis) -> Iterator[Measured]:
    """First contact resolution, handling time, effort."""
    until, given = _last_news(rows, basis), basis.settings
    yield from fcr.overall(rows, until, given)
    yield from handling.overall(rows, until, basis.zone, given)
    yield from effort.overall(rows, until, basis.zone, given)


def by_history(rows: Sequence[History], basis: Basis) -> Iterator[Measured]:
    """Service recovery."""
    return service_recovery.overall(rows, basis.today, basis.settings)


def by_touch(rows: Sequence[Touch], basis: Basis) -> Iterator[Measured]:
    """Cost to serve."""
    until = max([basis.today, *(row.at for row in rows)])
    return cost_to_serve.overall(rows, until, basis.zone, basis.settings)


def by_rating(rows: Sequence[Rated], basis: Basis) -> Iterator[Measured]:
    """CSAT by touchpoint."""
    until = max([basis.today, *(row.at for row in rows)])
    return touchpoint_csat.overall(rows, until, basis.zone, basis.settings)


def efforts(rows: Sequence[Issue], basis: Basis) -> list[ProfileValue]:
    """Effort index of every customer, with its parts."""
    until = _last_news(rows, basis)
    return list(effort.per_profile(rows, until, basis.zone, basis.settings.min_n))


def _last_news(rows: Sequence[Issue], basis: Basis) -> int:
    return max([basis.today, *(max(row.started_at, row.settled_at) for row in rows)])
