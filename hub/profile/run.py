"""The profile stage: composes the profiles whose golden record, facts or numbers moved.

All of them when the purposes in hub.toml or this version's way of composing have changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from hashlib import blake2b

import orjson
from sqlalchemy import Connection, delete, select

from hub.core.boundary import reached
from hub.core.clock import from_micros, to_micros
from hub.core.settings import PurposeSection, TextSection
from hub.metrics.orders import reference_date
from hub.privacy.gate import Gate
from hub.profile import sources
from hub.profile.card import card
from hub.profile.unified import compose
from hub.store import bulk, dirty
from hub.store.engine import Store
from hub.store.records import chunks
from hub.store.schema import profiles
from hub.text.annotation import Models
from hub.text.sources import load_models

BATCH = 500
"""Profiles composed in one transaction."""

COMPOSITION = 3
"""Raise it when ``hub.profile.unified`` or the card compose the same sources differently."""

AS_SHIPPED = TextSection()
_COLUMNS = ("golden_id", "revision", "body", "digest", "updated_at")


@dataclass(frozen=True, slots=True)
class ProfileReport:
    """What the stage did: profiles looked at, written because they differ, and removed."""

    looked_at: int
    written: int
    removed: int


def run(
    store: Store,
    purposes: Mapping[str, PurposeSection],
    zone: tzinfo = UTC,
    text: TextSection = AS_SHIPPED,
) -> ProfileReport:
    """Compose every profile that was marked; returns what differed.

    Args:
        store: The database.
        purposes: By name; they decide what each permission says.
        zone: On whose clocks a day begins.
        text: How customers' words are read.
    """
    with store.read() as connection:
        models = load_models(connection, text)
    basis = f"{COMPOSITION} {Gate(purposes).policy} {zone} {models.methods}"
    dirty.mark_all_if_new(store, "profile", basis, select(profiles.c.golden_id))
    with store.read() as connection:
        now = to_micros(store.clock.now())
        # "Today" is the metrics' today: a closed history is looked at from its own last day.
        today = from_micros(min(now, reference_date(connection, now, zone)))
    looked_at = written = removed = 0
    while True:
        with store.write() as connection:
            marks = dirty.waiting(connection, "profile", BATCH)
            if not marks:
                break
            golden_ids = [mark.key for mark in marks]
            changed, gone = _compose(connection, golden_ids, purposes, now, today, zone, models)
            dirty.done(connection, "profile", marks)
        reached("profile committed")
        looked_at += len(marks)
        written += changed
        removed += gone
    return ProfileReport(looked_at, written, removed)


def _compose(
    connection: Connection,
    golden_ids: list[str],
    purposes: Mapping[str, PurposeSection],
    now: int,
    today: datetime,
    zone: tzinfo,
    models: Models,
) -> tuple[int, int]:
    held = _held(connection, golden_ids)
    found = sources.load(connection, golden_ids, purposes, now)
    rows = []
    for golden_id, source in found.items():
        profile = compose(source, today, models)
        profile["card"] = {"text": card(profile, zone)}
        body = orjson.dumps(profile, option=orjson.OPT_SORT_KEYS)
        digest = blake2b(body, digest_size=16).digest()
        revision, before = held.get(golden_id, (0, b""))
        if digest != before:
            rows.append((golden_id, revision + 1, body, digest, now))
    bulk.upsert(connection, profiles, _COLUMNS, rows, key=("golden_id",))
    gone = sorted(set(held) - set(found))
    if gone:
        connection.execute(delete(profiles).where(profiles.c.golden_id.in_(gone)))
    return len(rows), len(gone)


def _held(connection: Connection, golden_ids: list[str]) -> dict[str, tuple[int, bytes]]:
    held: dict[str, tuple[int, bytes]] = {}
    for chunk in chunks(golden_ids):
        query = select(profiles.c.golden_id, profiles.c.revision, profiles.c.digest)
        for row in connection.execute(query.where(profiles.c.golden_id.in_(chunk))):
            held[row.golden_id] = (row.revision, bytes(row.digest))
    return held
