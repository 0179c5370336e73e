"""The metrics stage: customers whose facts changed, then everybody together.

1. Who: customers with changed facts or membership; everybody when a new day has begun, since
   recency and churn move with the calendar.
2. Their own values, rewritten only where they differ.
3. RFM, predicted value, effort and the overall values, from the aggregates of all customers.
4. Profiles whose numbers moved are marked for the next stage; customers whose facts changed, for
   the stages of risk, of cases and of themes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from sqlalchemy import Connection, select

from hub.audit import log
from hub.audit.log import AuditEvent
from hub.core.batches import in_batches
from hub.core.boundary import reached
from hub.core.clock import from_micros, to_micros
from hub.core.ids import IdSource
from hub.core.settings import MetricsSection
from hub.metrics import effort, formulas, issues, orders, profile_value, service, survey, tickets
from hub.metrics.clv import predicted
from hub.metrics.contract import contracts
from hub.metrics.cost_to_serve import touches
from hub.metrics.definition import HANDED, LOOP, REGISTRY, registry_hash
from hub.metrics.formulas import Basis
from hub.metrics.profile_value import ProfileValue
from hub.metrics.service_recovery import histories
from hub.metrics.snapshot import Measured, keep
from hub.metrics.touchpoint_csat import rated
from hub.store import bulk, dirty
from hub.store.dirty import Mark
from hub.store.engine import Store
from hub.store.records import chunks
from hub.store.schema import cluster_members, golden_records, meta, profile_metrics

BATCH = 1_000
"""Customers rewritten in one transaction."""

_LAST = "metrics.measured"
_MEASURED_HERE = REGISTRY.keys() - LOOP - HANDED


@dataclass(frozen=True, slots=True)
class MetricsReport:
    """What the stage did.

    Args:
        customers: Customers looked at.
        changed: Customers of whom some value moved.
        snapshots: New overall snapshots.
    """

    customers: int
    changed: int
    snapshots: int


def run(
    store: Store, settings: MetricsSection, *, ids: IdSource, actor: str, zone: tzinfo = UTC
) -> MetricsReport:
    """Bring every metric up to date with the store; returns what moved.

    Args:
        store: The database.
        settings: When a number may be shown, and the business's own definitions.
        ids: Names the snapshots.
        actor: Who asked, for the audit log.
        zone: On whose clocks a day begins.
    """
    now = to_micros(store.clock.now())
    with store.read() as connection:
        facts = dirty.waiting(connection, "facts", limit=2**31)
        membership = dirty.waiting(connection, "metrics", limit=2**31)
        reference = orders.reference_date(connection, now, zone)
        basis = f"{reference} {registry_hash()} {settings.model_dump_json()}"
        new_basis = _last_basis(connection) != basis
        touched = _affected(connection, facts, membership)
        who = _everybody(connection) if new_basis else touched
    if not (who or facts or membership or new_basis):
        return MetricsReport(0, 0, 0)
    changed: set[str] = set()
    for chunk in in_batches(sorted(who), BATCH):
        changed |= _measure(store, settings, chunk, reference, now)
        reached("metrics committed")
    moved, snapshots = _measure_all(store, Basis(reference, zone, settings), ids, actor, now)
    _finish(store, facts, membership, touched, basis)
    return MetricsReport(len(who), len(changed | moved), snapshots)


# 2 -------------------------------------------------------------------------------------------


def _measure(
    store: Store, settings: MetricsSection, golden_ids: Sequence[str], reference: int, now: int
) -> set[str]:
    seq = dirty.sequence(store)
    with store.write() as connection:
        bought = orders.customers(connection, reference, settings.churn_horizon, golden_ids)
        asked = survey.responses(connection, settings.nps_window, golden_ids)
        values = [
            *orders.per_profile(bought, reference, settings.churn_horizon, settings.margin),
            *survey.per_profile(asked.answers),
        ]
        changed = profile_value.replace(
            connection,
            values,
            metrics=(*orders.PER_PROFILE, *survey.INSTRUMENTS),
            golden_ids=golden_ids,
            now=now,
        )
        # Facts that no metric counts (a ticket, a consent) still belong to the profile.
        dirty.mark(connection, "profile", golden_ids, cause="metrics", seq=seq)
    return changed


# 3 -------------------------------------------------------------------------------------------


def _measure_all(
    store: Store, basis: Basis, ids: IdSource, actor: str, now: int
) -> tuple[set[str], int]:
    seq, settings = dirty.sequence(store), basis.settings
    with store.write() as connection:
        everyone = orders.customers(connection, basis.reference, settings.churn_horizon)
        each_order = orders.each_order(connection)
        future = formulas.predictions(each_order, basis)
        asked = survey.responses(connection, settings.nps_window)
        served = service.load(connection)
        asked_for = issues.issues(served, settings)
        measured = [
            *formulas.by_customer(everyone, basis),
            *formulas.by_order(each_order, basis),
            *formulas.by_prediction(future, basis),
            *formulas.by_answer(asked, basis),
            *formulas.by_contract(contracts(connection), basis),
            *formulas.by_ticket(tickets.handled(served, settings), basis),
            *formulas.by_issue(asked_for, basis),
            *formulas.by_history(histories(each_order, asked_for, settings.fcr_window), basis),
            *formulas.by_touch(touches(each_order, served), basis),
            *formulas.by_rating(rated(served, each_order), basis),
        ]
        snapshots = keep(
            connection, measured, min_n=settings.min_n, ids=ids, now=now, among=_MEASURED_HERE
        )
        ranks = [
            value
            for currency in sorted({c.currency for c in everyone})
            for value in orders.rfm(everyone, currency)
        ]
        moved = _replace(connection, ("rfm",), ranks, now)
        moved |= _replace(
            connection, predicted.PER_PROFILE, list(predicted.per_profile(future)), now
        )
        moved |= _replace(connection, effort.PER_PROFILE, formulas.efforts(asked_for, basis), now)
        dirty.mark(connection, "profile", moved, cause="metrics", seq=seq)
        if snapshots:
            log.record(connection, snapshot_event(measured, snapshots, actor, now))
    return moved, snapshots


def _replace(
    connection: Connection, metrics: Sequence[str], values: Sequence[ProfileValue], now: int
) -> set[str]:
    """Values that hang on everybody's data; also takes them from those who have none any more."""
    table = profile_metrics.c
    held = select(table.golden_id).where(table.metric.in_(metrics)).distinct()
    before = set(connection.execute(held).scalars())
    who = sorted(before | {value.golden_id for value in values})
    return profile_value.replace(connection, values, metrics=metrics, golden_ids=who, now=now)


def snapshot_event(
    measured: Sequence[Measured], snapshots: int, actor: str, now: int
) -> AuditEvent:
    """The audit event of new snapshots: which metrics, by which definitions."""
    return AuditEvent(
        kind="metrics.snapshot",
        actor=actor,
        at=from_micros(now),
        what={
            "registry": registry_hash(),
            "snapshots": snapshots,
            "metrics": ",".join(sorted({item.metric for item in measured})),
        },
    )


# 1, 4 ----------------------------------------------------------------------------------------


def _affected(
    connection: Connection, facts: Iterable[Mark], membership: Iterable[Mark]
) -> set[str]:
    who = {mark.key for mark in membership}
    for chunk in chunks([int(mark.key) for mark in facts]):
        query = select(cluster_members.c.golden_id).where(cluster_members.c.rid.in_(chunk))
        who.update(connection.execute(query).scalars())
    return who


def _everybody(connection: Connection) -> set[str]:
    return set(connection.execute(select(golden_records.c.golden_id)).scalars())


def _last_basis(connection: Connection) -> str | None:
    return connection.execute(select(meta.c.value).where(meta.c.key == _LAST)).scalar()


def last_reference(connection: Connection) -> int | None:
    """What the standing snapshots count recency and months from; None before the first run."""
    last = _last_basis(connection)
    return None if last is None else int(last.partition(" ")[0])


def _finish(
    store: Store,
    facts: Iterable[Mark],
    membership: Iterable[Mark],
    touched: Iterable[str],
    basis: str,
) -> None:
    seq = dirty.sequence(store)
    with store.write() as connection:
        dirty.mark(connection, "risk", touched, cause="metrics", seq=seq)
        dirty.mark(connection, "cases", touched, cause="metrics", seq=seq)
        dirty.mark(connection, "themes", touched, cause="metrics", seq=seq)
        dirty.done(connection, "facts", facts)
        dirty.done(connection, "metrics", membership)
        bulk.upsert(connection, meta, ("key", "value"), [(_LAST, basis)], key=("key",))
