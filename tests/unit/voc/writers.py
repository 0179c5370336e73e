"""A business whose customers write, put straight into a store, and what is found in their words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, update

from hub.core.clock import ManualClock, to_micros
from hub.core.records import Feedback, encode
from hub.core.settings import TextSection, ThemesSection
from hub.store import bulk, dirty, themes
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.schema import cluster_members, facts, golden_records, source_records, streams
from hub.store.themes import Improvement
from hub.voc import theme_run
from hub.voc.theme_run import Terms

KEYS = Keys(b"k" * 32)
LABEL, OTHER = "The return label was missing.", "Where is my parcel?"


class Writers:
    """Record n belongs to customer ``g<n>`` until it is moved; texts are named by number."""

    def __init__(self, store: Store, clock: ManualClock, *, look_back: int = 30) -> None:
        self.store, self.clock = store, clock
        self.terms = Terms(ThemesSection(), look_back * 86_400, ZoneInfo("UTC"))
        self._rids = count(100_000)
        with store.write() as connection:
            columns = ("stream_id", "connection", "stream", "entity")
            bulk.insert(connection, streams, columns, [(1, "desk", "answers", "feedback")])

    def customer(self, rid: int, golden_id: str = "") -> str:
        """Record ``rid`` is a record of ``golden_id`` from now on."""
        who = golden_id or f"g{rid}"
        with self.store.write() as connection:
            _join(connection, [(rid, who)])
        self._mark(who)
        return who

    def write(self, rid: int, text: str, at: datetime | None = None) -> int:
        """The customer of record ``rid`` answers in words; returns the number of the text."""
        return self.write_all([rid], text, at)[0]

    def write_all(self, rids: Sequence[int], text: str, at: datetime | None = None) -> list[int]:
        """The customers of all these records answer in the same words."""
        now, at = to_micros(self.clock.now()), at or self.clock.now()
        numbers = [next(self._rids) for _ in rids]
        columns = ("rid", "stream_id", "source_id", "entity", "version", "fingerprint", "mapping",
                   "canonical", "created_at", "changed_at")  # fmt: skip
        rows = [(n, 1, str(n), "feedback", 1, b"", b"", _body(text, at), now, now) for n in numbers]
        said = [(n, rid, "feedback", to_micros(at)) for n, rid in zip(numbers, rids, strict=True)]
        with self.store.write() as connection:
            bulk.insert(connection, source_records, columns, rows)
            bulk.insert(connection, facts, ("rid", "party_rid", "entity", "at"), said)
            known = _known(connection, rids)
            new = [(rid, f"g{rid}") for rid in rids if rid not in known]
            _join(connection, new)
        self._mark(*known.values(), *(who for _, who in new))
        return numbers

    def take_back(self, fact: int) -> None:
        """The source deleted the text."""
        with self.store.write() as connection:
            connection.execute(delete(facts).where(facts.c.rid == fact))
        self._mark("g0")

    def says_now(self, fact: int, text: str, at: datetime) -> None:
        """The source has other words for a text, or another time."""
        with self.store.write() as connection:
            changed = update(source_records).where(source_records.c.rid == fact)
            connection.execute(changed.values(canonical=_body(text, at)))
            connection.execute(update(facts).where(facts.c.rid == fact).values(at=to_micros(at)))
            query = facts.select().where(facts.c.rid == fact)
            giver = connection.execute(query).one().party_rid
            known = _known(connection, [giver])
        self._mark(*known.values())

    def run(self) -> dict[str, int]:
        """The stage; returns what happened to improvements."""
        report = theme_run.run(self.store, TextSection(), self.terms, KEYS, actor="os:test")
        return dict(report.steps)

    def improvements(self, *states: str) -> list[Improvement]:
        with self.store.read() as connection:
            return themes.listed(connection, states)

    def open_themes(self) -> list[str]:
        """Themes that rose and that nobody has taken, by name."""
        return sorted(each.theme for each in self.improvements("found"))

    def _mark(self, *golden_ids: str) -> None:
        seq = dirty.sequence(self.store)
        with self.store.write() as connection:
            dirty.mark(connection, "themes", golden_ids, cause="test", seq=seq)


def usual(desk: Writers, weeks: int = 12) -> Writers:
    """Ten customers write about parcels every week; in every fourth, one about the label."""
    for week in range(1, weeks + 1):
        at = desk.clock.now() - timedelta(weeks=week)
        desk.write_all(range(10), OTHER, at)
        if week % 4 == 0:
            desk.write(100 + week, LABEL, at)
    return desk


def _known(connection: Connection, rids: Sequence[int]) -> dict[int, str]:
    query = cluster_members.select().where(cluster_members.c.rid.in_(rids))
    return {row.rid: row.golden_id for row in connection.execute(query)}


def _join(connection: Connection, members: Sequence[tuple[int, str]]) -> None:
    columns = ("rid", "golden_id", "since")
    rows = [(rid, who, 0) for rid, who in members]
    bulk.upsert(connection, cluster_members, columns, rows, key=("rid",))
    named = ("golden_id", "entity", "version", "body", "digest", "updated_at")
    people = [(who, "person", 1, b'{"fields":{}}', b"", 0) for _, who in members]
    bulk.insert_new(connection, golden_records, named, people)


def _body(text: str, at: datetime) -> bytes:
    return encode(Feedback(at=at, instrument="nps", score=5, scale_min=0, scale_max=10,
                           comment=text))  # fmt: skip
