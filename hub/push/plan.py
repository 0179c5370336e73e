"""``hub plan``: field by field, what would change in a system, what is withheld, and why.

A plan is intent only: which fields of which record, under which revision of its profile. Values
are never queued; the claim builds them again (``hub.push.send``). The values in a plan's diff are
for the person who reads it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import orjson
from sqlalchemy import delete, select, update

from hub.audit import log
from hub.audit.log import AuditEvent
from hub.core.boundary import reached
from hub.core.clock import to_micros
from hub.core.connector import Value
from hub.core.ids import IdSource
from hub.push.destination import Destination
from hub.push.intent import Intent, Intents
from hub.push.refused import Refused, by_record, close
from hub.store import bulk
from hub.store.engine import Store
from hub.store.schema import outbox, plans

PAGE = 1_000
"""Records looked at in one transaction."""

_OUTBOX = (
    "outbox_id", "plan_id", "connection", "writer", "rid", "golden_id", "revision", "status",
    "fields", "attempts", "updated_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """One field of one record: what stands there and what the hub would write."""

    native_id: str
    golden_id: str
    field: str
    purpose: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Plan:
    """What a push would do to one destination.

    Args:
        plan_id: What ``hub push --approve`` takes.
        destination: ``connection/writer``.
        looked_at: Records whose profile, policy or consent moved since the last push.
        rows: Records that would be written.
        fields: Number of field changes.
        diffs: The changes, field by field, if somebody is going to read them.
        withheld: Reason to number of fields that the gate keeps back.
        missing: Records that the system no longer has.
        refused: Reason to number of records that the system refused for good; they are left out
            until what would be written changes.
    """

    plan_id: str
    destination: str
    looked_at: int
    rows: int
    fields: int
    diffs: tuple[FieldDiff, ...]
    withheld: Mapping[str, int]
    missing: int
    refused: Mapping[str, int]


class Planner:
    """Makes plans for one destination.

    Args:
        store: The database.
        destination: Where to.
        intents: Builds what would be written.
        ids: Mints the plan id.
        actor: Who asked.
    """

    def __init__(
        self, store: Store, destination: Destination, intents: Intents, ids: IdSource, actor: str
    ) -> None:
        self._store = store
        self._destination = destination
        self._intents = intents
        self._ids = ids
        self._actor = actor

    def plan(self, *, show: bool = True) -> Plan:
        """The plan, saved as ``planned``; an older one that nobody approved is replaced.

        Args:
            show: Whether the plan carries its diffs; unread ones would only fill memory.

        Raises:
            HubError: If the system cannot be read.
        """
        plan_id = self._ids.uuid7()
        diffs: list[FieldDiff] = []
        withheld, doubted, refused = Counter[str](), Counter[str](), Counter[str]()
        counts = dict.fromkeys(("looked_at", "rows", "fields", "missing"), 0)
        self._begin(plan_id)
        before = self._refused()
        after = 0
        while page := self._page(after):
            after = page[-1].row.rid
            for intent in page:
                withheld.update(f"{v.purpose}: {v.reason}" for v in intent.decision.withheld)
            standing = {i.row.rid for i in page if self._stands(i, before.get(i.row.rid))}
            refused.update(before[rid].reason for rid in standing)
            intents = [intent for intent in page if intent.row.rid not in standing]
            changed = [intent.row.native_id for intent in intents if intent.changed]
            current = self._destination.read(changed) if changed else {}
            compared = [
                (intent, self._against(intent, current))
                for intent in intents
                if not intent.changed or intent.row.native_id in current
            ]
            found = [diff for _, diffs_of_one in compared for diff in diffs_of_one]
            doubts = (v for i, _ in compared for v in i.decision.withheld if v.doubted)
            doubted.update(f"{verdict.field}: {verdict.reason}" for verdict in doubts)
            counts["looked_at"] += len(page)
            counts["missing"] += len(intents) - len(compared)
            counts["rows"] += self._save(plan_id, compared, before.keys())
            counts["fields"] += len(found)
            diffs += found if show else []
        self._finish(plan_id, counts, doubted)
        reached("plan written")
        return Plan(
            plan_id, self._destination.key, **counts, diffs=tuple(diffs), withheld=dict(withheld),
            refused=dict(refused),
        )  # fmt: skip

    def _page(self, after: int) -> list[Intent]:
        now = to_micros(self._store.clock.now())
        with self._store.read() as connection:
            rows = self._intents.stale(connection, after, max(PAGE, self._destination.writer.batch))
            return self._intents.build(connection, rows, now)

    def _refused(self) -> dict[int, Refused]:
        with self._store.read() as connection:
            return by_record(connection, self._destination.key)

    def _stands(self, intent: Intent, last: Refused | None) -> bool:
        """Whether the system has refused exactly this."""
        return last is not None and last.rests_on == self._intents.rests_on(intent, intent.changed)

    def _against(
        self, intent: Intent, current: Mapping[str, Mapping[str, Value]]
    ) -> list[FieldDiff]:
        row, before = intent.row, current.get(intent.row.native_id, {})
        purposes = {verdict.field: verdict.purpose for verdict in intent.decision.verdicts}
        return [
            FieldDiff(
                row.native_id, row.golden_id, name, purposes[name], before.get(name),
                intent.values[name],
            )
            for name in sorted(intent.changed)
            if not same(before.get(name), intent.values[name])
        ]  # fmt: skip

    def _save(
        self,
        plan_id: str,
        compared: Sequence[tuple[Intent, list[FieldDiff]]],
        refused: Set[int],
    ) -> int:
        now = to_micros(self._store.clock.now())
        wanted = [(intent, diff) for intent, diff in compared if diff]
        numbers = self._store.allocate("outbox", len(wanted)) if wanted else range(0)
        destination = self._destination
        rows = [
            (
                number, plan_id, destination.connection, destination.key, intent.row.rid,
                intent.row.golden_id, intent.row.revision, "pending",
                orjson.dumps([item.field for item in diff]), 0, now,
            )
            for number, (intent, diff) in zip(numbers, wanted, strict=True)
        ]  # fmt: skip
        with self._store.write() as connection:
            bulk.insert(connection, outbox, _OUTBOX, rows)
            close(connection, destination.key, refused & {i.row.rid for i, _ in compared})
            # A field that already holds the wanted value needs no write, now or next time.
            held = [(i, i.changed - {item.field for item in diff}) for i, diff in compared]
            self._intents.remember(connection, held, now)
        return len(rows)

    def _begin(self, plan_id: str) -> None:
        now = to_micros(self._store.clock.now())
        destination = self._destination
        unapproved = select(plans.c.plan_id).where(
            plans.c.writer == destination.key, plans.c.status == "planned"
        )
        columns = (
            "plan_id", "connection", "writer", "status", "actor", "counts", "created_at",
        )  # fmt: skip
        with self._store.write() as connection:
            # Locked first, so that none of them is approved while it is being replaced.
            replaced = connection.execute(unapproved.with_for_update()).scalars().all()
            connection.execute(delete(outbox).where(outbox.c.plan_id.in_(replaced)))
            connection.execute(delete(plans).where(plans.c.plan_id.in_(replaced)))
            bulk.insert(
                connection,
                plans,
                columns,
                [
                    (plan_id, destination.connection, destination.key, "planned", self._actor,
                     b"{}", now)
                ],
            )  # fmt: skip

    def _finish(self, plan_id: str, counts: Mapping[str, int], doubted: Mapping[str, int]) -> None:
        with self._store.write() as connection:
            connection.execute(
                update(plans).where(plans.c.plan_id == plan_id).values(counts=orjson.dumps(counts))
            )
            if doubted:  # of what is permitted, what stays because of its value
                event = AuditEvent(
                    kind="release.withheld",
                    actor=self._actor,
                    at=self._store.clock.now(),
                    connection=self._destination.connection,
                    what={"plan": plan_id, **dict(sorted(doubted.items()))},
                )
                log.record(connection, event)


def same(there: Value, wanted: Value) -> bool:
    """Whether a system's value is the wanted one, however the system spells its types.

    >>> same("9", 9), same("true", True), same("", None), same("9.50", 9.5)
    (True, True, True, True)
    """
    if there == wanted or (there in ("", None) and wanted in ("", None)):
        return True
    if isinstance(wanted, bool):
        return str(there).lower() == str(wanted).lower()
    if isinstance(wanted, int | float) and isinstance(there, str):
        try:
            return float(there) == float(wanted)
        except ValueError:
            return False
    return str(there) == str(wanted) if there is not None and wanted is not None else False
