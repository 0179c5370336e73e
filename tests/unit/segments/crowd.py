"""A crowd of customers whose segments are found as a run finds them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, delete, select, update

from hub.core.clock import to_micros
from hub.core.records import Feedback
from hub.profile.run import Rules
from hub.segments import files, membership
from hub.segments.defined import Segments
from hub.segments.membership import Spell
from hub.store import bulk
from hub.store.schema import (
    cluster_members,
    golden_ids,
    golden_records,
    identity_events,
    segment_members,
)
from tests.unit.metrics.conftest import Business, days_ago
from tests.unit.profile.stages import look


class Crowd(Business):
    """Record n belongs to customer ``g<n>`` until it is moved."""

    def person(self, rid: int) -> str:
        """A customer who is known by their golden id, too."""
        golden_id = self.customer(rid)
        columns = ("golden_id", "status", "created_at", "changed_at")
        with self.store.write() as connection:
            bulk.insert_new(connection, golden_ids, columns, [(golden_id, "live", 0, 0)])
        return golden_id

    def buys(self, rid: int, orders: int, amount: int = 1_000, ago: float = 1) -> None:
        for number in range(orders):
            self.order(rid, f"o{rid}-{number}", amount, days_ago(ago + number))

    def reviews(self, rid: int, ago: float) -> None:
        at = days_ago(ago)
        self.fact(rid, at, Feedback(at=at, kind="review", instrument="rating", score=5))

    def look(self, segments: Segments | None = None) -> None:
        """Measure, and find everybody's segments."""
        self.measure()
        look(self.store, Rules(segments=segments or files.shipped()))

    def members(self, segment: str, when: int | None = None) -> list[str]:
        with self.store.read() as connection:
            return membership.members(connection, segment, when)

    def spells(self, golden_id: str) -> list[Spell]:
        with self.store.read() as connection:
            return membership.history(connection, golden_id)

    def standing(self) -> set[tuple[str, str, int]]:
        """Everybody's segments today, with the version that counts."""
        table = segment_members.c
        query = select(table.golden_id, table.segment, table.version)
        with self.store.read() as connection:
            rows = connection.execute(query.where(table.until.is_(None)))
            return {(row.golden_id, row.segment, row.version) for row in rows}

    @property
    def now(self) -> int:
        return to_micros(self.clock.now())

    def merge(self, gone: str, into: str) -> None:
        """Two customers turn out to be one."""
        now = to_micros(self.clock.now())
        with self.store.write() as connection:
            connection.execute(
                update(cluster_members)
                .where(cluster_members.c.golden_id == gone)
                .values(golden_id=into)
            )
            connection.execute(
                update(golden_ids)
                .where(golden_ids.c.golden_id == gone)
                .values(status="merged", redirect_to=into, changed_at=now)
            )
            connection.execute(delete(golden_records).where(golden_records.c.golden_id == gone))
            self._happened(connection, "merged", gone, into)
        for golden_id in (gone, into):
            self.mark("metrics", golden_id)

    def split(self, rid: int, away: str) -> None:
        """A record turns out to be somebody else's, who is called ``away`` from now on."""
        with self.store.read() as connection:
            query = select(cluster_members.c.golden_id).where(cluster_members.c.rid == rid)
            parent = connection.execute(query).scalar_one()
        now = to_micros(self.clock.now())
        self.customer(rid, away)
        columns = ("golden_id", "status", "redirect_to", "split_from", "created_at", "changed_at")
        with self.store.write() as connection:
            known = select(golden_ids.c.golden_id).where(golden_ids.c.golden_id == away)
            was = connection.execute(known).scalar()
            row = (away, "live", None, parent, now, now)
            bulk.upsert(connection, golden_ids, columns, [row], key=("golden_id",))
            self._happened(connection, "undone" if was else "split", away, parent)
        self.mark("metrics", parent)

    def _happened(self, connection: Connection, kind: str, golden_id: str, other: str) -> None:
        columns = ("event_id", "at", "kind", "golden_id", "other_id", "body")
        row = (next(self._rows), self.now, kind, golden_id, other, b"{}")
        bulk.insert(connection, identity_events, columns, [row])


def written(folder: Path, *segments: str, name: str = "own.toml") -> Segments:
    """The segments of a file that says this."""
    path = folder / name
    path.write_text("\n".join(f"[[segments]]\n{each}" for each in segments), encoding="utf-8")
    return files.read([path])


def dynamic(name: str, rule: str, version: int = 1, more: str = "") -> str:
    """The lines of a dynamic segment."""
    return (
        f"id = \"{name}\"\nversion = {version}\ntitle = \"{name}\"\nowner = \"Kim\"\n"
        f"rule = '{rule}'\n{more}"
    )  # fmt: skip


def names(found: Iterable[Spell]) -> list[str]:
    return [spell.segment for spell in found]
