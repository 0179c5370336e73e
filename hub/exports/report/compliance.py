"""The report for compliance: consent as it stands, withdrawals, the log's head, unusable rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import orjson
from sqlalchemy import func, select

from hub.audit.checkpoint import newest
from hub.audit.sequencer import count_waiting, frontier
from hub.core.clock import from_micros
from hub.exports.report.ground import Ground
from hub.exports.report.model import Block, Cell, Count, Report, Section, Table, Words
from hub.exports.report.month import span
from hub.store import quarantine
from hub.store.quarantine import Filter
from hub.store.schema import audit_leaves, consent_events, profiles, withdrawals

STATES = (
    "granted", "withdrawn", "denied", "objected", "restricted", "expired", "pending", "unknown",
)  # fmt: skip
"""States of a permission, in the order of the columns."""

_WITHDRAWALS = ("done", "pending", "claimed", "unconfirmed", "failed", "not_held", "moot")


def compliance(ground: Ground) -> Report:
    """The compliance report of one month."""
    sections = (
        Section("Consent", (*_consent(ground), _said(ground))),
        Section("Withdrawals on their way into other systems", tuple(_withdrawn(ground))),
        Section("The audit log", tuple(_log(ground))),
        Section("Rows that could not be used", (_unusable(ground),)),
    )
    return ground.report("compliance", "Consent, log and data quality", sections)


def _consent(ground: Ground) -> Iterator[Block]:
    """Customers by purpose, channel and state; of what nobody ever spoke is told in words."""
    counts = _states(ground)
    told = {place: states for place, states in counts.items() if set(states) - {"unknown"}}
    held = [state for state in STATES if any(states[state] for states in told.values())]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (*place, *(states[state] for state in held)) for place, states in told.items()
    )
    yield Table(
        "Customers by purpose, channel and state, as it stands", ("purpose", "channel", *held),
        rows, "Each customer once in each row: the most permissive answer that holds for them."
        f" Nobody: {', '.join(state for state in STATES if state not in held)}.",
    )  # fmt: skip
    silent: dict[str, list[str]] = {}
    for purpose, channel in sorted(counts.keys() - told):
        silent.setdefault(purpose, []).append(channel.replace("_", " "))
    if silent:
        places = "; ".join(f"{purpose} by {', '.join(each)}" for purpose, each in silent.items())
        yield Words(f"Nobody ever said anything about: {places}.")


def _states(ground: Ground) -> dict[tuple[str, str], Counter[str]]:
    """State to customers, for every purpose and channel of the settings."""
    purposes = ground.settings.purposes
    counts: dict[tuple[str, str], Counter[str]] = {
        (name, channel): Counter()
        for name in sorted(purposes)
        for channel in purposes[name].channels
    }
    for body in ground.connection.execute(select(profiles.c.body)).scalars():
        permission = orjson.loads(body)["permission"]
        for (purpose, channel), states in counts.items():
            told = permission.get(f"{purpose}_{channel}", {}).get("value")
            states[told or "unknown"] += 1
    return counts


def _said(ground: Ground) -> Table:
    event = consent_events.c
    begin, end = span(ground.month, ground.zone)
    query = (
        select(event.purpose, event.decision, func.count())
        .where(event.observed_at >= begin, event.observed_at < end)
        .group_by(event.purpose, event.decision)
        .order_by(event.purpose, event.decision)
    )
    rows = tuple((p, d, n) for p, d, n in ground.connection.execute(query))
    head = ("purpose", "what was said", "events")
    return Table("Events that came into the ledger in the month", head, rows, "* is every purpose.")


def _withdrawn(ground: Ground) -> Iterator[Block]:
    column, counts = withdrawals.c, dict[str, Counter[str]]()
    query = select(column.connection, column.status, func.count()).group_by(
        column.connection, column.status
    )
    for name, status, number in ground.connection.execute(query):
        counts.setdefault(name, Counter())[status] = number
    names = [status.replace("_", " ") for status in _WITHDRAWALS]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, *(counts[name][s] for s in _WITHDRAWALS)) for name in sorted(counts)
    )
    yield Table(
        "By system, since the beginning", ("system", *names), rows,
        "Done: read back from the system. Not held: it has no place for this; tell it by hand."
        " Moot: nothing had to be written.",
    )  # fmt: skip


def _log(ground: Ground) -> Iterator[Block]:
    log, last = frontier(ground.connection), newest(ground.connection)
    waiting = count_waiting(ground.connection)
    yield Count("Entries", log.size, f"{waiting:,} wait for their place.")
    if last is None:
        yield Words(f"Root {log.root().hex()}; no checkpoint was signed yet.")
    else:
        yield Count(
            "Signed up to entry", last.size, f"On {from_micros(last.at):%Y-%m-%d %H:%M} UTC."
        )
        yield Words(f"Signed root {last.root.hex()} of {last.origin}. Verify: hub audit verify.")
    begin, end = span(ground.month, ground.zone)
    leaf = audit_leaves.c
    query = (
        select(leaf.kind, func.count())
        .where(leaf.at >= begin, leaf.at < end)
        .group_by(leaf.kind)
        .order_by(func.count().desc(), leaf.kind)
    )
    rows = tuple((kind, number) for kind, number in ground.connection.execute(query))
    yield Table("What was recorded in the month", ("kind", "entries"), rows)


def _unusable(ground: Ground) -> Table:
    rows = tuple(quarantine.reasons(ground.connection, Filter()))
    head = ("connection", "stream", "reason", "rows")
    return Table("Open, now", head, rows, "See: hub quarantine list.")
