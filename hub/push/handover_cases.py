"""Cases as an origin of tasks: whoever waits for a word has one, in the system that staff work in.

A task stays in the system that was handed it first, and is told there when its case is over, even
if ``[loop] tasks`` names another system by then.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from sqlalchemy import Connection, select

from hub.core.clock import from_micros
from hub.core.connector import OutField, Task
from hub.core.records import Feedback, Ticket, decode
from hub.core.settings import DEFAULT_PURPOSES, LoopSection
from hub.journeys import timeline
from hub.push.handover import TASKS, Origin, Wanted
from hub.store import cases, handovers, rises
from hub.store.cases import WAITING, Case
from hub.store.records import chunks
from hub.store.schema import source_records
from hub.voc import follow_up, use_payload
from hub.voc.follow_up import FollowUp
from hub.voc.past import Past
from hub.voc.rise import PURPOSE, lines
from hub.voc.use_payload import use_of


def origin(
    settings: LoopSection, purposes: Collection[str] = DEFAULT_PURPOSES.keys()
) -> Origin[Task]:
    """The tasks that cases ask for, under those of the purposes that ``hub.toml`` has."""
    of_risk = PURPOSE if PURPOSE in purposes else settings.purpose
    parts = (
        OutField(follow_up.CASE, "case", settings.purpose),
        OutField(follow_up.WORDS, "case.words", settings.words or settings.purpose),
        OutField(follow_up.USE, "case.use", settings.use or settings.purpose),
        OutField(follow_up.RISK, "case.risk", settings.use or of_risk),
    )

    def due(
        connection: Connection, name: str, about: Collection[str] | None = None
    ) -> Sequence[Wanted[Task]]:
        ids = concerned(connection, name)
        chosen = ids if about is None else ids & set(about)
        return _wanted(connection, cases.some(connection, chosen))

    def concerned(connection: Connection, name: str) -> set[str]:
        held = handovers.not_over(connection, "task", name)
        if name == settings.tasks:
            return cases.waiting(connection) | {row.about for row in held}
        return {row.about for row in held if row.digest is not None or row.status == "sending"}

    return Origin(TASKS, parts, due, lambda connection, name: bool(concerned(connection, name)))


def _wanted(connection: Connection, found: Sequence[tuple[str | None, Case]]) -> list[Wanted[Task]]:
    inside = cases.answers_of(connection, [case.case_id for _, case in found])
    said = _said(connection, inside)
    risen = rises.latest(connection, (rid for rids in inside.values() for rid in rids))
    told = timeline.load(connection, {golden_id for golden_id, _ in found if golden_id})
    wanted = []
    for golden_id, case in found:
        opened_at = from_micros(case.opened_at)  # the task tells what was so then
        use = use_payload.lines(use_of(Past.at(opened_at, told.get(golden_id or "", []))))
        risk = [line for rid in inside[case.case_id] if rid in risen for line in lines(risen[rid])]
        build = partial(follow_up.task, FollowUp(case, said[case.case_id], use, risk))
        over = case.state not in WAITING
        wanted.append(Wanted(follow_up.key_of(case), case.case_id, golden_id, build, over=over))
    return wanted


def _said(
    connection: Connection, inside: Mapping[str, Sequence[int]]
) -> Mapping[str, Sequence[Feedback | Ticket]]:
    """What each case is made of, oldest first."""
    records: dict[int, Feedback | Ticket] = {}
    for chunk in chunks([rid for rids in inside.values() for rid in rids]):
        query = select(source_records.c.rid, source_records.c.canonical)
        for rid, body in connection.execute(query.where(source_records.c.rid.in_(chunk))):
            record = decode(body) if body else None
            if isinstance(record, Feedback | Ticket):
                records[rid] = record
    return {
        case_id: sorted((records[rid] for rid in rids if rid in records), key=lambda each: each.at)
        for case_id, rids in inside.items()
    }
