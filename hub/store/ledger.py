"""Appending to the consent ledger. ``hub.privacy`` decides what the events mean; here they land.

Rules of the fold that belong to the moment of writing (CONSENT_AUDIT.md, section 1):

1. An assertion later than its observation by more than five minutes is clamped and flagged.
2. An undated withdrawal counts from its observation; an undated grant only from the earliest
   provable time, the creation of the record, so that it can never beat a withdrawal.
3. An undated claim is an edge: it is an event only when the source's field changed, else each
   re-read would renew it.
4. An event's id names the version of the record that brought it: the same version replayed is the
   same event, and what a source says again after it had said otherwise is another one.
5. A record that grants no longer, and refuses nothing either, is written down as an ``expire`` of
   origin ``silence``. Nobody said when that was decided: it counts from its observation.
6. A refusal of which only the day is known counts from the end of that day, but from no later than
   its observation: a grant of the same day may have come before it, so it must not beat it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import Connection

from hub.core import normalise
from hub.core.clock import to_micros
from hub.core.ids import SourceKey
from hub.core.records import ConsentClaim
from hub.store import bulk, echoes
from hub.store.echoes import Heard
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.leases import Lease, renew
from hub.store.schema import consent_events

SKEW_MICROS = 5 * 60 * 1_000_000
_DAY_MICROS = 36 * 3_600 * 1_000_000
"""How long after its midnight in UTC a day lasts at most: until noon of the next one, at UTC-12."""
_LEDGER = 0x1ED6E4  # names the advisory lock; any number that nothing else uses
SILENCE = "silence"
"""Origin of an event that nobody asserted: the record says no longer what it said."""
RESTRICTIVE = frozenset({"withdraw", "deny", "object", "restrict", "expire"})

COLUMNS = (
    "event_id", "rid", "point", "purpose", "channel", "brand", "decision", "strength", "basis",
    "jurisdiction", "notice", "evidence", "given_by", "asserted_at", "asserted_as", "observed_at",
    "valid_until", "origin", "run_id", "said_by", "version",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Observation:
    """Where and when a claim was seen.

    Args:
        key: Source record that made the claim; part of the event's id.
        rid: Source record that the claim is about.
        said_by: Row id of the claiming record.
        version: Version of the claiming record.
        observed_at: Instant of ingestion, microseconds.
        created_at: Creation of the record at its source, if it says.
        region: Default region for phone numbers.
        brand: Brand of the connection.
        run: Run that brought it.
        before: Claims of the version before.
    """

    key: SourceKey
    rid: int
    said_by: int
    version: int
    observed_at: int
    created_at: datetime | None
    region: str
    brand: str
    run: str
    before: Sequence[ConsentClaim] = ()


def may_change(connection: Connection) -> None:
    """Announce, first thing in a transaction, that it may append to the ledger."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({_LEDGER})")


@contextmanager
def held_still(store: Store, lease: Lease) -> Iterator[tuple[Connection, int]]:
    """As ``leases.writing``, and until it ends nobody else writes to the ledger.

    What the gate reads is then still true when the claim commits. SQLite has one writer anyway; on
    PostgreSQL a withdrawal could otherwise commit between the two.
    """
    with store.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LEDGER})")
        now = to_micros(store.clock.now())
        renew(connection, lease, now)
        yield connection, now


def append(
    connection: Connection, claims: Iterable[tuple[Observation, ConsentClaim]], keys: Keys
) -> int:
    """Append one event per claim; a claim already in the ledger adds nothing.

    The hub's own withdrawals coming back are marked as echoes.

    Returns:
        Number of claims that made an event or already had one.
    """
    seen_claims = list(claims)
    known = echoes.marked(connection, [_heard(seen, claim, keys) for seen, claim in seen_claims])
    pairs = zip((seen for seen, _ in seen_claims), known, strict=True)
    rows = [row for seen, claim in pairs if (row := _row(seen, claim, keys)) is not None]
    bulk.insert_new(connection, consent_events, COLUMNS, rows)
    return len(rows)


def end(
    connection: Connection, grants: Iterable[tuple[Observation, ConsentClaim]], keys: Keys
) -> int:
    """Append an ``expire`` for each grant that a record makes no longer.

    Args:
        connection: A write transaction.
        grants: The grant, and the version that is silent about it.
        keys: Keyed hashes of this installation.

    Returns:
        Number of grants that ended, now or at an earlier replay.
    """
    rows = [
        _columns(seen, _expiry(grant), point, SILENCE)
        for seen, grant in grants
        if (point := _point(grant, seen.region, keys)) is not None or grant.point is None
    ]
    bulk.insert_new(connection, consent_events, COLUMNS, rows)
    return len(rows)


def _expiry(grant: ConsentClaim) -> ConsentClaim:
    return ConsentClaim(
        purpose=grant.purpose,
        channel=grant.channel,
        decision="expire",
        basis=grant.basis,
        jurisdiction=grant.jurisdiction,
        given_by=grant.given_by,
    )


def _heard(seen: Observation, claim: ConsentClaim, keys: Keys) -> Heard:
    point = _point(claim, seen.region, keys)
    others = [
        _point(said, seen.region, keys)
        for said in seen.before
        if echoes.bare(said) == echoes.bare(claim)
    ]
    return Heard(seen.rid, seen.observed_at, claim, point, others)


def _row(seen: Observation, claim: ConsentClaim, keys: Keys) -> tuple[object, ...] | None:
    point = _point(claim, seen.region, keys)
    if claim.point is not None and point is None and claim.decision not in RESTRICTIVE:
        return None  # a grant for an unreadable address must not become one for the whole person
    return _columns(seen, claim, point, claim.origin)


def _columns(
    seen: Observation, claim: ConsentClaim, point: bytes | None, origin: str
) -> tuple[object, ...]:
    asserted_at, asserted_as = _asserted(seen, claim)
    return (
        _event_id(seen, claim, point, origin), seen.rid, point, claim.purpose, claim.channel,
        seen.brand, claim.decision, claim.strength, claim.basis, claim.jurisdiction, claim.notice,
        claim.evidence, claim.given_by, asserted_at, asserted_as, seen.observed_at,
        None if claim.valid_until is None else to_micros(claim.valid_until), origin, seen.run,
        seen.said_by, seen.version,
    )  # fmt: skip


def _asserted(seen: Observation, claim: ConsentClaim) -> tuple[int | None, str]:
    if claim.asserted_at is not None:
        asserted = to_micros(claim.asserted_at)
        if claim.decision in echoes.REFUSALS and echoes.is_a_day(claim.asserted_at):
            return min(asserted + _DAY_MICROS, seen.observed_at), "day"
        if asserted > seen.observed_at + SKEW_MICROS:
            return seen.observed_at, "clamped"
        return asserted, "source"
    if claim.decision in RESTRICTIVE:
        return seen.observed_at, "observed"
    if seen.created_at is not None:
        return min(to_micros(seen.created_at), seen.observed_at), "created"
    return None, "unknown"


def _point(claim: ConsentClaim, region: str, keys: Keys) -> bytes | None:
    if claim.point is None:
        return None
    kind, form = normalise.contact_point(claim.point, region)
    return keys.point(kind, form) if form else None


def _event_id(seen: Observation, claim: ConsentClaim, point: bytes | None, origin: str) -> str:
    instants = (
        "" if instant is None else instant.isoformat()
        for instant in (claim.asserted_at, claim.valid_until)
    )
    parts = (
        str(seen.key), "" if point is None else point.hex(), claim.purpose, claim.channel,
        seen.brand, claim.decision, claim.strength, origin, claim.notice or "",
        f"v{seen.version}", *instants,
    )  # fmt: skip
    return blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()
