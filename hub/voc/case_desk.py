"""The desk where cases are worked on: one is found, looked at, and taken a step further."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from hub.core.clock import from_micros
from hub.core.errors import NotFound
from hub.core.records import Feedback, Ticket, decode
from hub.journeys import timeline
from hub.journeys.event import Event
from hub.store import cases, dirty, rises
from hub.store.cases import Case, Step
from hub.store.engine import Store
from hub.store.records import source_keys
from hub.store.rises import Rise
from hub.store.schema import source_records
from hub.voc.case_run import keep
from hub.voc.rise import why


@dataclass(frozen=True, slots=True)
class Opened:
    """A case with what staff need to answer it; it holds the customer's words.

    Args:
        case: The case.
        golden_id: Whose it is today; None if nobody answers for it.
        answers: Source key and content of each answer and ticket in it.
        rises: Risks in it that became high.
        episode: What happened to the customer from the first of all this on, in every system.
        events: What happened to it, in order.
    """

    case: Case
    golden_id: str | None
    answers: tuple[tuple[str, Feedback | Ticket], ...]
    rises: tuple[Rise, ...]
    episode: tuple[Event, ...]
    events: tuple[dict[str, Any], ...]


def act(
    store: Store,
    case_ids: Sequence[str],
    step: Callable[[Case], Step],
    *,
    dry_run: bool = False,
) -> list[Step]:
    """The steps that were taken, all or none, written with their audit leaves.

    Args:
        store: The database.
        case_ids: Which cases; one named twice is taken once.
        step: Takes one of them further.
        dry_run: Whether the steps are only tried: nothing is written.

    Raises:
        NotFound: If there is no such case.
        HubError: If a case cannot take the step; nothing is written.
    """
    if dry_run:
        with store.read() as connection:
            return [step(_get(connection, case_id)) for case_id in dict.fromkeys(case_ids)]
    seq = dirty.sequence(store)
    with store.write() as connection:
        taken = [step(_get(connection, case_id)) for case_id in dict.fromkeys(case_ids)]
        keep(connection, taken, seq)
        for each in taken:  # a word of last week ends what was complained of before it
            customer = cases.customer_of(connection, each.case.case_id)
            if customer is not None:
                dirty.mark(connection, "cases", [customer], cause=each.kind, seq=seq)
    return taken


def show(connection: Connection, case_id: str, now: datetime) -> Opened:
    """A case, opened, with what has happened until ``now``.

    Raises:
        NotFound: If there is no such case.
    """
    case, golden_id = _get(connection, case_id), cases.customer_of(connection, case_id)
    answers = tuple(_answers(connection, case_id))
    risen = tuple(rises.latest(connection, cases.answers(connection, case_id)).values())
    told = timeline.load(connection, [golden_id])[golden_id] if golden_id else []
    rests_on = {key for key, _ in answers}
    rests_on |= {key for each in risen for reason in why(each) for key in reason.records}
    began = [event.at for event in told if not rests_on.isdisjoint(event.sources)]
    since = min([from_micros(case.at), *began])
    return Opened(
        case,
        golden_id,
        answers,
        risen,
        tuple(event for event in told if since <= event.at <= now),
        tuple(cases.events(connection, case_id)),
    )


def _get(connection: Connection, case_id: str) -> Case:
    case = cases.get(connection, case_id)
    if case is None:
        raise NotFound(f'there is no case "{case_id}". See: hub cases list --all')
    return case


def _answers(connection: Connection, case_id: str) -> list[tuple[str, Feedback | Ticket]]:
    rids = cases.answers(connection, case_id)
    keys = source_keys(connection, rids)
    query = select(source_records.c.rid, source_records.c.canonical)
    found = []
    for rid, body in connection.execute(query.where(source_records.c.rid.in_(rids))):
        record = decode(body) if body else None
        if isinstance(record, Feedback | Ticket):
            found.append((str(keys[rid]), record))
    return sorted(found, key=lambda each: (each[1].at, each[0]))


def document(case: Case, golden_id: str | None) -> dict[str, object]:
    """A case for a program: instants in ISO 8601, no word of the customer's."""
    instants = ("at", "opened_at", "due_at", "informed_at", "settled_at", "escalated_at")
    told = {name: getattr(case, name) for name in instants}
    return {
        "case": case.case_id,
        "customer": golden_id,
        "state": case.state,
        "reason": case.reason,
        "joined_to": case.joined_to,
        "rule": case.rule,
        "team": case.team,
        "owner": case.owner,
        "message": case.message,
        **{name: None if at is None else from_micros(at).isoformat() for name, at in told.items()},
    }
