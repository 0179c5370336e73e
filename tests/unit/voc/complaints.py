"""A business whose customers answer surveys, put straight into a store, and its cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

import orjson
from sqlalchemy import delete, select, update

from hub.core.clock import ManualClock, to_micros
from hub.core.records import Feedback, encode
from hub.core.settings import DEFAULT_PURPOSES, LoopSection
from hub.store import bulk, cases, dirty, rises
from hub.store.cases import Case, Step
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.rises import Rise
from hub.store.schema import (
    case_events,
    cluster_members,
    consent_events,
    facts,
    golden_records,
    source_records,
    streams,
)
from hub.voc import case_desk, case_run

KEYS = Keys(b"k" * 32)
RECORD = ("rid", "stream_id", "source_id", "entity", "version", "fingerprint", "mapping",
          "canonical", "created_at", "changed_at")  # fmt: skip
SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}


class Complaints:
    """Record n belongs to customer ``g<n>`` until it is moved; answers are named by number."""

    def __init__(self, store: Store, clock: ManualClock, **settings: object) -> None:
        self.store, self.clock = store, clock
        self.settings = LoopSection.model_validate(settings)
        self._rids = count(1_000)
        named = ("stream_id", "connection", "stream", "entity")
        read: list[tuple[object, ...]] = [
            (1, "desk", "answers", "feedback"),
            (9, "desk", "customers", "person"),
        ]
        self._insert(streams, named, read)

    def ago(self, **much: float) -> datetime:
        return self.clock.now() - timedelta(**much)

    def customer(self, rid: int, golden_id: str = "") -> str:
        """Record ``rid`` is a record of ``golden_id`` from now on."""
        who = golden_id or f"g{rid}"
        before = self._customers(rid)
        with self.store.write() as connection:
            columns = ("rid", "golden_id", "since")
            bulk.upsert(connection, cluster_members, columns, [(rid, who, 0)], key=("rid",))
            named = ("golden_id", "entity", "version", "body", "digest", "updated_at")
            name = {"value": f"Customer {rid}", "source": f"desk/customers/{rid}"}
            body = orjson.dumps({"fields": {"full_name": name}})
            row = (who, "person", 1, body, b"", 0)
            bulk.insert_new(connection, golden_records, named, [row])
            record = (rid, 9, str(rid), "person", 1, b"", b"", b"", 0, 0)
            bulk.insert_new(connection, source_records, RECORD, [record])
        self.mark(who, *before)
        return who

    def leaves(self, rid: int) -> None:
        """The record was deleted at its source."""
        before = self._customers(rid)
        with self.store.write() as connection:
            connection.execute(delete(cluster_members).where(cluster_members.c.rid == rid))
        self.mark(*before)

    def answer(
        self,
        rid: int | None,
        score: float | None,
        instrument: str = "nps",
        at: datetime | None = None,
    ) -> int:
        """A new answer of the customer of record ``rid``; returns its number."""
        fact = next(self._rids)
        now, at = to_micros(self.clock.now()), at or self.clock.now()
        body = encode(self._said(score, instrument, at))
        row = (fact, 1, str(fact), "feedback", 1, b"", b"", body, now, now)
        self._insert(source_records, RECORD, [row])
        self._insert(
            facts, ("rid", "party_rid", "entity", "at"), [(fact, rid, "feedback", to_micros(at))]
        )
        self._mark_giver(rid)
        return fact

    def says_now(self, fact: int, score: float, at: datetime | None = None) -> None:
        """The source has another score for an answer, or another time."""
        at = at or self.clock.now()
        with self.store.write() as connection:
            change = {"canonical": encode(self._said(score, "nps", at)),
                      "changed_at": to_micros(self.clock.now())}  # fmt: skip
            connection.execute(
                update(source_records).where(source_records.c.rid == fact).values(change)
            )
            moved = update(facts).where(facts.c.rid == fact).values(at=to_micros(at))
            connection.execute(moved)
        self._mark_giver(self._giver(fact))

    def take_back(self, fact: int) -> tuple[object, ...]:
        """The source deleted the answer; returns what :meth:`bring_back` needs."""
        giver = self._giver(fact)
        with self.store.write() as connection:
            row = connection.execute(select(facts).where(facts.c.rid == fact)).one()
            connection.execute(delete(facts).where(facts.c.rid == fact))
        self._mark_giver(giver)
        return tuple(row)

    def bring_back(self, row: tuple[object, ...]) -> None:
        self._insert(facts, ("rid", "party_rid", "entity", "at"), [row])
        self._mark_giver(int(str(row[1])))

    def risk_rises(self, rid: int, days: float = 0) -> None:
        """The risk of the customer of record ``rid`` became high, and had been for ``days``."""
        now = to_micros(self.clock.now())
        since = now - int(days * 86_400_000_000)
        with self.store.write() as connection:
            rises.begin(connection, [Rise(rid, now, since, 60, b"[]")])
        self._mark_giver(rid)

    def risk_falls(self, rid: int) -> None:
        """It is high no more."""
        with self.store.write() as connection:
            high = [each for each in rises.latest(connection, [rid]).values() if not each.ended_at]
            rises.end(connection, high, to_micros(self.clock.now()))
        self._mark_giver(rid)

    def refuses(self, rid: int, decision: str = "withdraw") -> None:
        """The customer says what they think of being contacted, about every purpose and channel."""
        now = to_micros(self.clock.now())
        row = (f"e{next(self._rids)}", rid, "*", "*", "", decision, "confirmed", "self", now,
               "source", now, "human_act")  # fmt: skip
        columns = ("event_id", "rid", "purpose", "channel", "brand", "decision", "strength",
                   "given_by", "asserted_at", "asserted_as", "observed_at", "origin")  # fmt: skip
        self._insert(consent_events, columns, [row])
        self._mark_giver(rid)

    def forgets_refusals(self, rid: int) -> None:
        with self.store.write() as connection:
            connection.execute(delete(consent_events).where(consent_events.c.rid == rid))
        self._mark_giver(rid)

    def run(self) -> Mapping[str, int]:
        return case_run.run(
            self.store, self.settings, DEFAULT_PURPOSES, KEYS, actor="os:test"
        ).steps

    def take(self, step: Step) -> None:
        """Staff take a step of a case."""
        case_desk.act(self.store, [step.case.case_id], lambda _case: step)

    def cases(self, *states: str) -> list[Case]:
        with self.store.read() as connection:
            return [case for _, case in cases.customers(connection, states)]

    def only(self) -> Case:
        (case,) = self.cases()
        return case

    def answers_of(self, case: Case) -> list[int]:
        with self.store.read() as connection:
            return cases.answers(connection, case.case_id)

    def kinds(self, case: Case) -> list[str]:
        """What happened to a case, in order."""
        with self.store.read() as connection:
            query = select(case_events.c.kind).where(case_events.c.case_id == case.case_id)
            return list(connection.execute(query.order_by(case_events.c.number)).scalars())

    def mark(self, *golden_ids: str) -> None:
        seq = dirty.sequence(self.store)
        with self.store.write() as connection:
            dirty.mark(connection, "cases", golden_ids, cause="test", seq=seq)

    def _said(self, score: float | None, instrument: str, at: datetime) -> Feedback:
        low, high = SCALES[instrument]
        return Feedback(
            at=at.astimezone(UTC), instrument=instrument, score=score, scale_min=low,
            scale_max=high,
        )  # fmt: skip

    def _giver(self, fact: int) -> int | None:
        with self.store.read() as connection:
            query = select(facts.c.party_rid).where(facts.c.rid == fact)
            return connection.execute(query).scalar()

    def _mark_giver(self, rid: int | None) -> None:
        self.mark(*self._customers(rid))

    def _customers(self, rid: int | None) -> list[str]:
        with self.store.read() as connection:
            query = select(cluster_members.c.golden_id).where(cluster_members.c.rid == rid)
            return list(connection.execute(query).scalars())

    def _insert(self, table, columns: Sequence[str], rows: list[tuple[object, ...]]) -> None:
        with self.store.write() as connection:
            bulk.insert(connection, table, columns, rows)
