"""Cases in the store: reading them, writing a step of one, and what is due."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, Select, func, select

from hub.store import bulk
from hub.store.records import chunks
from hub.store.schema import case_answers, case_events, cases, cluster_members, facts

State = Literal["open", "assigned", "informed", "closed", "suppressed"]
WAITING: tuple[State, ...] = ("open", "assigned")
"""States in which the customer has not been told anything yet."""


@dataclass(frozen=True, slots=True)
class Case:
    """A customer who waits for a word. Instants are microseconds of UTC.

    Args:
        case_id: Keyed hash of the answer that opened it.
        rid: Row id of that answer.
        party_rid: Record of the customer; whose it is today is its membership.
        rule: Which rule opened it.
        team: Who it went to.
        state: Where it stands.
        reason: Why it is suppressed, or how it was closed.
        joined_to: The case that goes on in its place.
        owner: Who has it.
        at: The customer's first answer in it.
        opened_at: When the hub heard of it.
        due_at: When the customer is to be told at the latest.
        informed_at: When the customer was told.
        message: Reference of what they were told.
        settled_at: When it was closed or suppressed.
        escalated_at: When it was found overdue.
        steps: Number of its last event.
    """

    case_id: str
    rid: int
    party_rid: int
    rule: str
    team: str
    state: State
    reason: str | None
    joined_to: str | None
    owner: str | None
    at: int
    opened_at: int
    due_at: int
    informed_at: int | None
    message: str | None
    settled_at: int | None
    escalated_at: int | None
    steps: int


@dataclass(frozen=True, slots=True)
class Step:
    """What happened to a case, and the case after it.

    Args:
        case: As it stands now; its ``steps`` is the number of this event.
        kind: ``opened``, ``assigned``, ``informed``, …
        at: When, microseconds.
        actor: Who did it.
        said: Details, without a word of the customer's.
        answers: Row ids of the answers that belong to it from now on.
        noted: For those whose record does not say when they asked: the instant, and how often.
    """

    case: Case
    kind: str
    at: int
    actor: str
    said: Mapping[str, str | int | None] = field(default_factory=dict)
    answers: Sequence[int] = ()
    noted: Mapping[int, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Noted:
    """When something was noted to ask for a reply whose record does not say when.

    Args:
        at: The instant, microseconds.
        times: How often it had asked by then.
        told: Whether the customer was told something since.
    """

    at: int
    times: int
    told: bool


_COLUMNS = tuple(each.name for each in fields(Case))
_EVENT = ("case_id", "number", "at", "kind", "actor", "body", "alerted")
_SELECT = select(*(cases.c[name] for name in _COLUMNS))


def write(connection: Connection, steps: Sequence[Step]) -> None:
    """Keep the steps; a second process that takes the same step of a case fails and tries again."""
    events = [
        (step.case.case_id, step.case.steps, step.at, step.kind, step.actor,
         orjson.dumps(dict(step.said), option=orjson.OPT_SORT_KEYS), False)
        for step in steps
    ]  # fmt: skip
    bulk.insert(connection, case_events, _EVENT, events)
    rows = [astuple(step.case) for step in steps]
    bulk.upsert(connection, cases, _COLUMNS, rows, key=("case_id",))
    told = [(rid, step.case.case_id) for step in steps for rid in step.answers]
    bulk.upsert(connection, case_answers, ("rid", "case_id"), told, key=("rid",))
    noted = [(rid, step.case.case_id, *when) for step in steps for rid, when in step.noted.items()]
    bulk.upsert(connection, case_answers, ("rid", "case_id", "at", "times"), noted, key=("rid",))


def get(connection: Connection, case_id: str) -> Case | None:
    """The case of that id."""
    row = connection.execute(_SELECT.where(cases.c.case_id == case_id)).one_or_none()
    return None if row is None else Case(*row)


def customers(
    connection: Connection, states: Collection[str] = ()
) -> list[tuple[str | None, Case]]:
    """Cases in some states, or all, the one that is due first at the top.

    Each with the golden id of its customer; None where nobody answers for it today.
    """
    query = _whose().order_by(cases.c.due_at, cases.c.case_id)
    if states:
        query = query.where(cases.c.state.in_(states))
    return [(row[0], Case(*row[1:])) for row in connection.execute(query)]


def waiting(connection: Connection) -> set[str]:
    """Ids of the cases whose customers were not told anything yet."""
    query = select(cases.c.case_id).where(cases.c.state.in_(WAITING))
    return set(connection.execute(query).scalars())


def some(connection: Connection, case_ids: Collection[str]) -> list[tuple[str | None, Case]]:
    """The cases of those ids, by id, each with the golden id of its customer."""
    found: list[tuple[str | None, Case]] = []
    for chunk in chunks(sorted(case_ids)):
        query = _whose().where(cases.c.case_id.in_(chunk)).order_by(cases.c.case_id)
        found += [(row[0], Case(*row[1:])) for row in connection.execute(query)]
    return found


def answers_of(connection: Connection, case_ids: Collection[str]) -> dict[str, list[int]]:
    """Row ids of the answers of each case, in order."""
    found: dict[str, list[int]] = {case_id: [] for case_id in case_ids}
    for chunk in chunks(sorted(found)):
        query = select(case_answers.c.case_id, case_answers.c.rid)
        chosen = query.where(case_answers.c.case_id.in_(chunk)).order_by(case_answers.c.rid)
        for case_id, rid in connection.execute(chosen):
            found[case_id].append(rid)
    return found


def overdue(connection: Connection, now: int) -> list[Case]:
    """Cases that passed their due time with nobody told and nobody alarmed."""
    late = (cases.c.state.in_(WAITING), cases.c.due_at < now, cases.c.escalated_at.is_(None))
    query = _SELECT.where(*late).order_by(cases.c.due_at, cases.c.case_id)
    return [Case(*row) for row in connection.execute(query)]


def events(connection: Connection, case_id: str) -> list[dict[str, Any]]:
    """Everything that happened to a case, in order."""
    query = select(case_events).where(case_events.c.case_id == case_id)
    return [
        {"at": row.at, "kind": row.kind, "actor": row.actor, **orjson.loads(row.body)}
        for row in connection.execute(query.order_by(case_events.c.number))
    ]


def of_answers(connection: Connection, rids: Sequence[int]) -> dict[int, str]:
    """The case of each answer that is in one."""
    found: dict[int, str] = {}
    for chunk in chunks(rids):
        query = select(case_answers.c.rid, case_answers.c.case_id)
        chosen = query.where(case_answers.c.rid.in_(chunk))
        found.update((rid, case_id) for rid, case_id in connection.execute(chosen))
    return found


def noted(connection: Connection, rids: Sequence[int]) -> dict[int, Noted]:
    """What was noted of each of these that is in a case."""
    found: dict[int, Noted] = {}
    for chunk in chunks(rids):
        query = (
            select(case_answers.c.rid, case_answers.c.at, case_answers.c.times, cases.c.informed_at)
            .join(cases, cases.c.case_id == case_answers.c.case_id)
            .where(case_answers.c.rid.in_(chunk), case_answers.c.at.is_not(None))
        )
        for rid, at, times, informed_at in connection.execute(query):
            found[rid] = Noted(at, times, informed_at is not None)
    return found


def answers(connection: Connection, case_id: str) -> list[int]:
    """Row ids of the answers of a case, those that their source deleted included."""
    query = select(case_answers.c.rid).where(case_answers.c.case_id == case_id)
    return list(connection.execute(query.order_by(case_answers.c.rid)).scalars())


def of_customers(connection: Connection, golden_ids: Sequence[str]) -> dict[str, list[Case]]:
    """The cases of each customer: of whom the answer that opened it is today.

    Where that answer is gone, the record of the customer that gave it decides.
    """
    found: dict[str, list[Case]] = {golden_id: [] for golden_id in golden_ids}
    for chunk in chunks(golden_ids):
        members = select(cluster_members.c.rid).where(cluster_members.c.golden_id.in_(chunk))
        theirs = select(facts.c.rid).where(facts.c.party_rid.in_(members))
        near = select(cases.c.case_id).where(
            cases.c.party_rid.in_(members) | cases.c.rid.in_(theirs)
        )
        whose = _whose().where(cases.c.case_id.in_(near)).order_by(cases.c.at, cases.c.case_id)
        for row in connection.execute(whose):
            if row[0] in found:
                found[row[0]].append(Case(*row[1:]))
    return found


def whose(connection: Connection, case_ids: Iterable[str]) -> set[str]:
    """Golden ids of the customers of cases, those left out for whom nobody answers today."""
    found: set[str] = set()
    for chunk in chunks(sorted(set(case_ids))):
        for row in connection.execute(_whose().where(cases.c.case_id.in_(chunk))):
            if row[0] is not None:
                found.add(row[0])
    return found


def customer_of(connection: Connection, case_id: str) -> str | None:
    """Golden id of the customer of a case; None if nobody answers for it today."""
    row = connection.execute(_whose().where(cases.c.case_id == case_id)).one()
    return None if row[0] is None else str(row[0])


def answered_at(connection: Connection) -> list[tuple[State, int]]:
    """State of the case, and instant, of every answer that is in a case which is not suppressed."""
    query = (
        select(cases.c.state, facts.c.at)
        .select_from(case_answers)
        .join(cases, cases.c.case_id == case_answers.c.case_id)
        .join(facts, facts.c.rid == case_answers.c.rid)
        .where(cases.c.state != "suppressed")
    )
    return [(row.state, row.at) for row in connection.execute(query)]


def nobodys(connection: Connection) -> list[Case]:
    """Cases that wait, or would but for a reason of the customer's, who left the hub."""
    theirs = cases.c.state.in_(WAITING) | cases.c.reason.in_(("no_contact", "history"))
    query = _whose().where(theirs).order_by(cases.c.case_id)
    return [Case(*row[1:]) for row in connection.execute(query) if row[0] is None]


def _whose() -> Select[Any]:
    """Golden id of the customer, then the columns of the case."""
    by_answer, by_record = cluster_members.alias(), cluster_members.alias()
    golden_id = func.coalesce(by_answer.c.golden_id, by_record.c.golden_id)
    return (
        select(golden_id, *(cases.c[name] for name in _COLUMNS))
        .select_from(cases)
        .outerjoin(facts, facts.c.rid == cases.c.rid)
        .outerjoin(by_answer, by_answer.c.rid == facts.c.party_rid)
        .outerjoin(by_record, by_record.c.rid == cases.c.party_rid)
    )


def unheard(connection: Connection) -> list[tuple[Case, dict[str, object]]]:
    """Events that no route of alerts was handed yet, oldest first, with their case as it is now."""
    query = (
        select(
            *(cases.c[name] for name in _COLUMNS), *(case_events.c[name] for name in _EVENT[1:6])
        )
        .join(cases, cases.c.case_id == case_events.c.case_id)
        .where(~case_events.c.alerted)
        .order_by(case_events.c.at, case_events.c.case_id, case_events.c.number)
    )
    found = []
    for row in connection.execute(query):
        number, at, kind, actor, body = row[len(_COLUMNS) :]
        said = {"number": number, "at": at, "kind": kind, "actor": actor, **orjson.loads(body)}
        found.append((Case(*row[: len(_COLUMNS)]), said))
    return found


def heard(connection: Connection, told: Iterable[tuple[str, int]]) -> None:
    """Note that the events, by case and number, were handed to the routes."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    rows = [(True, *each) for each in told]
    if rows:
        connection.exec_driver_sql(
            f"UPDATE case_events SET alerted = {mark}"  # noqa: S608 - a placeholder, no value
            f" WHERE case_id = {mark} AND number = {mark}",
            rows,
        )
