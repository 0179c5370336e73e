"""What a customer refused in one system and another one does not know yet.

Every refusal in the ledger is looked at with every record of the same customer in another system,
purpose by purpose and channel by channel. What follows is kept beside it (``hub.push.judgement``),
with what it rests on: a case from which nothing followed is judged again when its customer's ledger
for this permission, the record there, or what the system declares has changed, and only then.

A restriction lies over what the customer said and hides none of it. Only matches that are sure
count: a refusal of a record that *may* be the same customer keeps the hub silent (the gate sees to
that), but signs nobody off. Source: CONSENT_AUDIT.md, sections 1 and 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from hub.core import normalise
from hub.core.clock import to_micros
from hub.core.records import Person, decode
from hub.core.settings import PurposeSection
from hub.privacy.permissions import Permissions, load
from hub.push.cases import Case, unjudged
from hub.push.declared import declared
from hub.push.judgement import Judge, Verdict, load_written
from hub.store import bulk
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.leases import Lease, writing
from hub.store.records import chunks
from hub.store.schema import source_records, withdrawals
from hub.sync.pull import Source

_KEY = ("rid", "event_id", "purpose", "channel")
_COLUMNS = (
    "withdrawal_id", "connection", *_KEY, "golden_id", "point", "status", "rests_on", "attempts",
    "created_at", "updated_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Refusals:
    """Finds what is due to one system.

    Args:
        store: The database.
        keys: Keyed hashes of this installation.
        purposes: Purposes of ``hub.toml``.
        source: The connection.
    """

    store: Store
    keys: Keys
    purposes: Mapping[str, PurposeSection]
    source: Source

    def look(self, lease: Lease) -> None:
        """Judge what is new or has changed since the last look; what is due is in the store now.

        Raises:
            LeaseLost: If another process took over.
        """
        looked = set[Case]()
        while found := [case for case in self._unjudged() if case not in looked]:
            for batch in chunks(found):
                self._judge(batch, lease)
            looked.update(found)

    def permissions(
        self, connection: Connection, golden_ids: Iterable[str], now: int
    ) -> dict[str, Permissions]:
        """What customers said to the connection's brand, on records that are surely theirs.

        Without restrictions: what was refused is refused beneath one as well.
        """
        brand = self.source.brand
        said = load(connection, golden_ids, self.purposes, now, brand, doubtful=False)
        return {
            golden_id: replace(
                each, events=tuple(e for e in each.events if e.decision != "restrict")
            )
            for golden_id, each in said.items()
        }

    def addresses(self, connection: Connection, rids: Sequence[int]) -> dict[int, dict[bytes, str]]:
        """By record, the addresses that it holds, by their keyed hash."""
        found: dict[int, dict[bytes, str]] = {}
        for chunk in chunks(rids):
            query = select(source_records.c.rid, source_records.c.canonical).where(
                source_records.c.rid.in_(chunk), source_records.c.canonical.is_not(None)
            )
            for rid, body in connection.execute(query):
                found[rid] = self._addresses(decode(body))
        return found

    def _addresses(self, record: object) -> dict[bytes, str]:
        if not isinstance(record, Person):
            return {}
        region, point = self.source.region, self.keys.point
        emails = ((point("email", normalise.email(text)), text) for text in record.emails)
        phones = ((point("phone", normalise.phone(text, region)), text) for text in record.phones)
        return dict([*phones, *emails])

    def _unjudged(self) -> list[Case]:
        source = self.source
        word = declared(
            self.keys, source.ctx, source.connector.version, source.brand, source.region
        )
        with self.store.read() as connection:
            return unjudged(connection, source, self._stoppable(), word)

    def _stoppable(self) -> list[tuple[str, str]]:
        """The permissions that a refusal ends; contract and legal obligation go on."""
        return [
            (purpose, channel)
            for purpose, section in self.purposes.items()
            if section.basis in ("consent", "legitimate_interest")
            for channel in section.channels
        ]

    def _judge(self, batch: Sequence[Case], lease: Lease) -> None:
        now = to_micros(self.store.clock.now())
        rids = sorted({case.rid for case in batch})
        with self.store.read() as connection:
            said = self.permissions(connection, {case.golden_id for case in batch}, now)
            addresses = self.addresses(connection, rids)
            written = load_written(connection, rids)
        judge = Judge(now, addresses, written)
        self._keep([(case, judge.judge(case, said[case.golden_id])) for case in batch], lease)

    def _keep(self, judged: Sequence[tuple[Case, Verdict]], lease: Lease) -> None:
        numbers = self.store.allocate("withdrawals", len(judged))
        with writing(self.store, lease) as (connection, now):
            rows = [
                (
                    number, self.source.name, case.rid, case.event_id, case.purpose, case.channel,
                    case.golden_id, case.point, verdict, case.rests_on, 0, now, now,
                )
                for number, (case, verdict) in zip(numbers, judged, strict=True)
            ]  # fmt: skip
            bulk.upsert(
                connection, withdrawals, _COLUMNS, rows, key=_KEY,
                keep=("withdrawal_id", "attempts"),
            )  # fmt: skip
