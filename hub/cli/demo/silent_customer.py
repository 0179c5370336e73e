"""The customer who says nothing: three people have a ticket in hand, nobody solves it, they fade.

It is played on the demo's stage in simulated days: agents work in the help desk's own screens, the
app writes its export, and the hub reads both as it reads everything else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import Connection, func, select

from hub import pipeline
from hub.cli.demo.stage import Stage
from hub.core.clock import iso_z
from hub.identity import customers
from hub.pipeline import Hub, Lane
from hub.store import cases, handovers
from hub.store.records import source_keys
from hub.store.schema import cluster_members, facts, order_entries, profiles, source_records
from hub.voc.follow_up import key_of

CRM, DESK, APP = "crm", "desk", "loyalty"

HANDS: Final = (
    (0.05, "Kim", "Hello, we will look into it."),
    (0.15, "Lee", "Could you explain once more what happened?"),
    (0.25, "Sam", "Which of the two orders do you mean?"),
)
"""When on the first day which agent takes the ticket over, in days, and what they say."""

LOG_INS: Final = (*range(-56, 3, 2), 6)
"""Days on which the customer logs in: every other day, once more, and then not."""

LOOKS: Final = (0, 18)
"""Days on which the hub runs; on day 0 of the same date, so that only one profile has moved."""

EVENING: Final = 0.3
"""When it runs, in days."""


def play(hub: Hub, stage: Stage, lanes: Sequence[Lane], actor: str) -> dict[str, Any] | None:
    """Whom it happens to, and what the hub knows and has done about it on each of ``LOOKS``.

    None in a world so small that nobody is known in CRM, help desk and app.
    """
    with hub.store.read() as connection:
        found = _somebody(connection)
        if found is None:
            return None
        golden_id, ids = found
        name = customers.names(connection, [golden_id])[golden_id]
    concerned = [lane for lane in lanes if lane.source.name in (CRM, DESK, APP)]
    scene = _Scene(stage, ids, stage.clock.now())
    scene.passes_on(scene.opens_ticket())
    days = {}
    for day in LOOKS:
        scene.wait(day + EVENING)
        scene.exports_log_ins(day)
        pipeline.run(hub, concerned, actor=actor)
        with hub.store.read() as connection:
            days[day] = _known(connection, golden_id)
    return {"golden_id": golden_id, "name": name, "days": days}


def _somebody(connection: Connection) -> tuple[str, dict[str, str]] | None:
    """Of the customers of CRM, help desk and app who never asked for help: who bought last."""
    tickets = select(facts.c.party_rid).where(facts.c.entity == "ticket")
    asked = set(connection.execute(tickets).scalars())
    entry = order_entries.c
    orders = select(entry.party_rid, func.max(entry.at)).group_by(entry.party_rid)
    bought: dict[int, int] = dict(map(tuple, connection.execute(orders)))
    fitting = [
        (max(bought.get(rid, 0) for rid in rids), ids[APP], golden_id, ids)
        for golden_id, (rids, ids) in _people(connection).items()
        if {CRM, DESK, APP} <= ids.keys() and asked.isdisjoint(rids)
    ]
    return max(fitting, key=lambda each: each[:2])[2:] if fitting else None


def _people(connection: Connection) -> dict[str, tuple[list[int], dict[str, str]]]:
    """Row ids of every customer's records, and their id by connection."""
    query = (
        select(cluster_members.c.golden_id, cluster_members.c.rid)
        .join(source_records, source_records.c.rid == cluster_members.c.rid)
        .where(source_records.c.entity == "person")
    )
    members = connection.execute(query).all()
    keys = source_keys(connection, (member.rid for member in members))
    found: dict[str, tuple[list[int], dict[str, str]]] = defaultdict(lambda: ([], {}))
    for golden_id, rid in members:
        rids, ids = found[golden_id]
        rids.append(rid)
        ids[keys[rid].connection] = keys[rid].source_id
    return found


@dataclass(frozen=True, slots=True)
class _Scene:
    """Help desk and app of one customer, from the day on which they ask.

    Args:
        stage: The demo's.
        ids: The customer's id by connection.
        began: Day 0.
    """

    stage: Stage
    ids: Mapping[str, str]
    began: datetime

    def wait(self, day: float) -> None:
        """Until that day."""
        passed = (self.stage.clock.now() - self.began) / timedelta(days=1)
        self.stage.clock.sleep(max(0.0, day - passed) * 86_400)

    def opens_ticket(self) -> str:
        """The id of the ticket in which the customer asks, once."""
        text = "I was charged twice for one order. Could you look into it?"
        asked = {"requester_id": int(self.ids[DESK]), "subject": "Charged twice", "text": text}
        return self._done("create", "tickets", properties=asked)

    def passes_on(self, ticket: str) -> None:
        """One agent after the other takes it over, asks, and solves nothing."""
        for at, agent, says in HANDS:
            self.wait(at)
            address = f"{agent.lower()}@support.example.com"
            hired = {"name": agent, "email": address, "role": "agent"}
            number = int(self._done("create", "users", properties=hired))
            work = {"assignee_id": number, "status": "pending"}
            self._done("update", "tickets", id=ticket, properties=work)
            reply = {"ticket_id": int(ticket), "author_id": number, "text": says}
            self._done("create", "comments", properties=reply)

    def exports_log_ins(self, day: int) -> None:
        """The app's export as of that day: the days on which the customer came."""
        seen = [self.began + timedelta(days=at) for at in LOG_INS if at < day]
        rows = [f"S{n:06d},{self.ids[APP]},{iso_z(at)},login,app" for n, at in enumerate(seen)]
        lines = ["event_id,member_id,happened_at,kind,detail", *rows]
        path = self.stage.app.folder / "files" / "usage_events-now.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _done(self, op: str, kind: str, **what: Any) -> str:
        answer = self.stage.emulators[DESK].mutate({"op": op, "object": kind, **what})
        return str(answer.get("id", ""))


def _known(connection: Connection, golden_id: str) -> dict[str, Any]:
    """Their profile's risk, and the case with its task, if there is one."""
    query = select(profiles.c.body).where(profiles.c.golden_id == golden_id)
    risk = orjson.loads(connection.execute(query).scalar_one())["risk"]
    told = {name: risk[name]["value"] for name in ("points", "band", "reasons", "next_action")}
    for case in cases.of_customers(connection, [golden_id])[golden_id]:
        task = handovers.get(connection, [key_of(case)])[key_of(case)]
        told["case"] = {"id": case.case_id, "state": case.state, "team": case.team}
        told["task"] = {"connection": task.connection, "id": task.reference, "state": task.status}
    return told
