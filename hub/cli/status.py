"""``hub status``: how every stream is doing, what waits, and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import click
import orjson

from hub.cli.handovers import Standing, standing, standing_document, standing_lines
from hub.cli.instants import to_the_second
from hub.cli.layout import counted, tally
from hub.cli.session import Session, pass_session
from hub.core.clock import to_micros

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.core.settings import ConnectionSection


DELIVERIES = ("taken", "duplicates", "refused", "unusable")
"""What becomes of a delivery."""
_REASONS = {"failed": "times", "not_held": "not held by this system"}


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """How one stream is doing. Instants are microseconds of UTC.

    Args:
        connection: Connection name.
        stream: Stream name; empty if the connection was never read.
        status: Of its last run; ``never read`` if there is none.
        ended_at: End of that run.
        fresh_at: End of the last run that brought everything.
        counts: Row counts of the last run.
        error: Why it stopped early.
        quarantined: Rows that wait in quarantine.
    """

    connection: str
    stream: str
    status: str
    ended_at: int | None
    fresh_at: int | None
    counts: Mapping[str, int]
    error: str | None
    quarantined: int


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was pushed to one connection, as the process that took it last has counted.

    Args:
        connection: Connection name.
        since: When that process began, microseconds of UTC.
        counts: Deliveries taken, duplicates, refused, unusable.
        waiting: Deliveries that are not in the store yet, whoever took them.
        quarantined: Deliveries in quarantine.
    """

    connection: str
    since: int | None
    counts: Mapping[str, int]
    waiting: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Withdrawals that one connection's system does not show yet, or cannot hold.

    Args:
        connection: Connection name.
        counts: Withdrawals by state: pending, claimed, unconfirmed, failed, not_held.
        reasons: State (failed or not_held), why, and how many.
    """

    connection: str
    counts: Mapping[str, int]
    reasons: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Status:
    """How the hub is doing.

    Args:
        now: Instant of the look.
        streams: Every stream that was read, and every connection that never was.
        pushed: Every connection that something was pushed to.
        refused: Every connection that withdrawals are on their way to.
        handed: What connections are to be handed, and how far it is.
        unwritten: By destination, why it refused records for good, and how many.
        alerts: By route, events on their way to it, and why the last attempt failed.
        waiting: Stage to number of keys that it has not looked at yet.
        plans: Plan id and destination of what waits for approval.
        audit_size: Entries of the log that have an index.
        audit_waiting: Entries that wait for one.
        signed: Size at the last signed checkpoint.
    """

    now: int
    streams: tuple[StreamStatus, ...]
    pushed: tuple[Pushed, ...]
    refused: tuple[Refused, ...]
    handed: tuple[Standing, ...]
    unwritten: Mapping[str, list[tuple[str, int]]]
    alerts: Mapping[str, tuple[int, str | None]]
    waiting: Mapping[str, int]
    plans: tuple[tuple[str, str], ...]
    audit_size: int
    audit_waiting: int
    signed: int

    @property
    def next_step(self) -> str:
        """The most useful command now."""
        if not self.streams:
            return "add a connection to hub.toml; for a file: hub connectors read FILE --guess"
        from hub.store.runs import INTERRUPTED

        failed = [each for each in self.streams if each.status in ("failed", "partial")]
        if failed:
            return f"hub runs --connection {failed[0].connection}"
        unread = [each for each in self.streams if each.status in ("never read", INTERRUPTED)]
        if self.waiting or unread:
            return "hub run"
        bad = [each.quarantined for each in self.streams]
        if any(bad + [each.quarantined for each in self.pushed]):
            return "hub quarantine list"
        if self.plans:
            return f"hub push --approve {self.plans[0][0]}"
        return "hub plan"


@click.command()
@pass_session
def status(session: Session) -> None:
    """Show how every stream is doing, what waits, and the next useful command."""
    app = session.app()
    with closing(app.open_store()) as store, store.read() as connection:
        now = to_micros(store.clock.now())
        found = look(connection, app.settings.connections, now)
    session.show(_document(found), "\n".join(_lines(found)))


def look(connection: Connection, sections: Mapping[str, ConnectionSection], now: int) -> Status:
    """How the hub is doing at ``now``."""
    from hub.audit.checkpoint import newest
    from hub.audit.sequencer import count_waiting, frontier
    from hub.push.refused import standing as unwritten
    from hub.store import alerts

    last = newest(connection)
    return Status(
        now,
        tuple(_streams(connection, sections, now)),
        tuple(_pushed(connection)),
        tuple(_refused(connection)),
        standing(connection),
        unwritten(connection),
        alerts.waiting(connection),
        _waiting(connection),
        _plans(connection),
        frontier(connection).size,
        count_waiting(connection),
        last.size if last else 0,
    )


def _streams(
    connection: Connection, sections: Mapping[str, ConnectionSection], now: int
) -> Iterator[StreamStatus]:
    from sqlalchemy import func, select, tuple_

    from hub.store import quarantine
    from hub.store.quarantine import Filter
    from hub.store.runs import INTERRUPTED, WITHOUT_A_WORD, silent
    from hub.store.schema import runs

    key, pulls = (runs.c.connection, runs.c.stream), runs.c.kind == "sync"
    last = select(*key, func.max(runs.c.started_at)).where(pulls).group_by(*key)
    latest = connection.execute(
        select(runs).where(pulls, tuple_(*key, runs.c.started_at).in_(last)).order_by(*key)
    ).all()
    complete = select(*key, func.max(runs.c.ended_at)).where(pulls, runs.c.status == "succeeded")
    fresh = {(name, of): at for name, of, at in connection.execute(complete.group_by(*key))}
    bad = Counter[tuple[str, str]]()
    for name, of, _, number in quarantine.reasons(connection, Filter()):
        bad[name, of] += number
    killed = silent(connection, now)
    for name in sorted(sections.keys() - {row.connection for row in latest}):
        yield StreamStatus(name, "", "never read", None, None, {}, None, 0)
    for row in latest:
        where = (row.connection, row.stream)
        counts = orjson.loads(row.counts)
        status, error = row.status, row.error
        if row.run_id in killed:
            status, error = INTERRUPTED, WITHOUT_A_WORD
        yield StreamStatus(
            *where, status, row.ended_at, fresh.get(where), counts, error, bad[where]
        )


def _pushed(connection: Connection) -> Iterator[Pushed]:
    from sqlalchemy import func, select, tuple_

    from hub.store.inbox import depths
    from hub.store.quarantine import Filter, reasons
    from hub.store.schema import runs
    from hub.sync.unusable import PREFIX

    ours = runs.c.kind == "webhooks"
    last = select(runs.c.connection, func.max(runs.c.started_at)).where(ours)
    latest = tuple_(runs.c.connection, runs.c.started_at).in_(last.group_by(runs.c.connection))
    counted = {
        row.connection: (row.started_at, orjson.loads(row.counts))
        for row in connection.execute(select(runs).where(ours, latest))
    }
    waiting, bad = depths(connection), Counter[str]()
    for name, of, _, number in reasons(connection, Filter()):
        bad[name] += number if of.startswith(PREFIX) else 0
    for name in sorted(counted.keys() | waiting.keys() | (+bad).keys()):
        since, counts = counted.get(name, (None, {}))
        told = {what: counts[what] for what in DELIVERIES if counts.get(what)}
        yield Pushed(name, since, told, waiting.get(name, 0), bad[name])


def _refused(connection: Connection) -> Iterator[Refused]:
    from hub.store.withdrawals import reasons, standing

    for name, counts in standing(connection).items():
        yield Refused(name, counts, tuple(reasons(connection, name)))


def _waiting(connection: Connection) -> dict[str, int]:
    from sqlalchemy import func, select

    from hub.store.schema import dirty

    query = select(dirty.c.stage, func.count()).group_by(dirty.c.stage).order_by(dirty.c.stage)
    return {stage: number for stage, number in connection.execute(query)}  # noqa: C416


def _plans(connection: Connection) -> tuple[tuple[str, str], ...]:
    """Plans that would write something and that nobody has approved."""
    from sqlalchemy import select

    from hub.store.schema import outbox, plans

    query = (
        select(plans.c.plan_id, plans.c.writer)
        .where(plans.c.status == "planned")
        .where(select(outbox.c.outbox_id).where(outbox.c.plan_id == plans.c.plan_id).exists())
        .order_by(plans.c.created_at, plans.c.plan_id)
    )
    return tuple((plan_id, writer) for plan_id, writer in connection.execute(query))


def _lines(found: Status) -> Iterator[str]:
    for each in found.streams:
        name = f"{each.connection}/{each.stream}" if each.stream else each.connection
        counts = tally(each.counts)
        said = f"{name}: {each.status}"
        if each.ended_at is not None:
            said += f" {_ago(found.now - each.ended_at)}"
        if each.status not in ("succeeded", "never read"):
            said += f", complete {_age(found.now, each.fresh_at)}"
        yield f"{said}; {counts}" if counts else said
        if each.error:
            yield f"  {each.error}"
        if each.quarantined:
            yield f"  {counted(each.quarantined, 'row')} in quarantine"
    for pushed in found.pushed:
        waiting = f"; {counted(pushed.waiting, 'delivery', 'deliveries')} waiting"
        began = "" if pushed.since is None else f" since {_ago(found.now - pushed.since)}"
        said = f"{pushed.connection}/webhooks: {tally(pushed.counts) or 'nothing taken'}{began}"
        yield said + (waiting if pushed.waiting else "")
        if pushed.quarantined:
            yield f"  {counted(pushed.quarantined, 'delivery', 'deliveries')} in quarantine"
    for refused in found.refused:
        yield f"{refused.connection}/withdrawals: {tally(refused.counts)}"
        for state, reason, number in refused.reasons:
            yield f"  {number:,} {_REASONS[state]}: {reason}"
    yield from standing_lines(found.handed)
    for place, reasons in found.unwritten.items():
        number = sum(count for _, count in reasons)
        yield f"{place}: {counted(number, 'record')} refused for good"
        yield from (f"  {count:,} times: {reason}" for reason, count in reasons)
    for route, (number, error) in found.alerts.items():
        yield f"alerts {route}: {counted(number, 'event')} on their way"
        if error:
            yield f"  {error}"
    if found.waiting:
        yield "waiting: " + ", ".join(f"{n:,} for {stage}" for stage, n in found.waiting.items())
    for plan_id, destination in found.plans:
        yield f"plan {plan_id} for {destination} waits for approval"
    unsigned = found.audit_size - found.signed + found.audit_waiting
    yield f"audit: {found.audit_size:,} entries, {unsigned:,} not signed yet"
    yield f"next: {found.next_step}"


def _document(found: Status) -> dict[str, object]:
    return {
        "streams": [
            {
                "connection": each.connection,
                "stream": each.stream or None,
                "status": each.status,
                "ended_at": to_the_second(each.ended_at),
                "fresh_at": to_the_second(each.fresh_at),
                "counts": dict(each.counts),
                "error": each.error,
                "quarantined": each.quarantined,
            }
            for each in found.streams
        ],
        "webhooks": [
            {
                "connection": each.connection,
                "since": to_the_second(each.since),
                "waiting": each.waiting,
                "quarantined": each.quarantined,
                **dict.fromkeys(DELIVERIES, 0),
                **each.counts,
            }
            for each in found.pushed
        ],
        "withdrawals": [
            {
                "connection": each.connection,
                **each.counts,
                "reasons": [
                    {"status": state, "reason": why, "count": number}
                    for state, why, number in each.reasons
                ],
            }
            for each in found.refused
        ],
        "handed": standing_document(found.handed),
        "refused": [
            {
                "destination": place,
                "reasons": [{"reason": why, "count": number} for why, number in reasons],
            }
            for place, reasons in found.unwritten.items()
        ],
        "alerts": [
            {"route": route, "waiting": number, "error": error}
            for route, (number, error) in found.alerts.items()
        ],
        "waiting": dict(found.waiting),
        "plans": [{"plan": plan_id, "destination": place} for plan_id, place in found.plans],
        "audit": {
            "size": found.audit_size,
            "waiting": found.audit_waiting,
            "signed": found.signed,
        },
        "next": found.next_step,
    }


def _age(now: int, at: int | None) -> str:
    return "never" if at is None else _ago(now - at)


def _ago(micros: int) -> str:
    """A duration in the largest unit that fits.

    >>> _ago(90 * 60 * 1_000_000), _ago(5_000_000)
    ('1 h ago', '5 s ago')
    """
    passed = timedelta(microseconds=micros)
    units = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1)))
    for unit, length in units:
        if passed >= length:
            return f"{passed // length} {unit} ago"
    return f"{max(0, int(passed.total_seconds()))} s ago"
