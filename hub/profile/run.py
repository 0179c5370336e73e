"""The profile stage: composes the profiles whose golden record, facts, numbers or cases moved.

All of them when a new day has begun, since time alone moves flags, stages and risks, and when the
purposes in hub.toml, the patterns or this version's way of composing have changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection, delete, select

from hub.core.boundary import reached
from hub.core.clock import to_micros
from hub.core.settings import PurposeSection, TextSection
from hub.privacy.gate import Gate
from hub.profile import sources
from hub.profile.card import card
from hub.profile.day import today
from hub.profile.unified import compose
from hub.store import bulk, dirty
from hub.store.engine import Store
from hub.store.records import chunks
from hub.store.schema import profiles
from hub.text.annotation import Models
from hub.text.sources import load_models
from hub.voc import method
from hub.voc.known import known_kinds
from hub.voc.method import Method
from hub.voc.past import UTC_ZONE
from hub.voc.postmortem import HORIZON_DAYS
from hub.voc.scoring import Scorer, weighing

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


@dataclass(frozen=True, slots=True)
class Means:
    """What profiles are composed with.

    Args:
        purposes: By name.
        zone: On whose clocks a day begins.
        models: How customers' words are read.
        scorer: How their risk is assessed.
    """

    purposes: Mapping[str, PurposeSection]
    zone: ZoneInfo
    models: Models
    scorer: Scorer


def run(
    store: Store,
    purposes: Mapping[str, PurposeSection],
    zone: ZoneInfo = UTC_ZONE,
    text: TextSection = AS_SHIPPED,
    *,
    by: Method | None = None,
    horizon_days: int = HORIZON_DAYS,
) -> ProfileReport:
    """Compose every profile that was marked; returns what differed.

    Args:
        store: The database.
        purposes: By name; they decide what each permission says.
        zone: On whose clocks a day begins.
        text: How customers' words are read.
        by: How risk is assessed; with the shipped patterns and register by default.
        horizon_days: Days without an order after which a customer without a contract has left.
    """
    by, now = by or method.shipped(), store.clock.now()
    with store.read() as connection:
        models = load_models(connection, text)
        at = today(connection, now, zone)
    basis = (
        f"{COMPOSITION} {at.date()} {Gate(purposes).policy} {zone} {models.methods}"
        f" {text.competitors} {by.basis} {horizon_days}"
    )
    everybody = select(profiles.c.golden_id)
    dirty.mark_all_if_new(store, "profile", basis, everybody)
    with store.read() as connection:
        if not dirty.count(connection, "profile"):
            return ProfileReport(0, 0, 0)  # before anything is read for nobody
        known = known_kinds(connection, at)
    weigh = weighing(by, known, models=models, competitors=text.competitors, zone=zone)
    # What the hub hears of decides everybody's coverage.
    dirty.mark_all_if_new(store, "profile", str(weigh((), at).unseen), everybody, what="unseen")
    means = Means(purposes, zone, models, Scorer(weigh, horizon_days, by.floor))
    looked_at = written = removed = 0
    while True:
        with store.write() as connection:
            marks = dirty.waiting(connection, "profile", BATCH)
            if not marks:
                break
            golden_ids = [mark.key for mark in marks]
            changed, gone = _compose(connection, golden_ids, means, to_micros(now), at)
            dirty.done(connection, "profile", marks)
        reached("profile committed")
        looked_at += len(marks)
        written += changed
        removed += gone
    return ProfileReport(looked_at, written, removed)


def _compose(
    connection: Connection, golden_ids: list[str], by: Means, now: int, at: datetime
) -> tuple[int, int]:
    held = _held(connection, golden_ids)
    found = sources.load(connection, golden_ids, by.purposes, now)
    rows = []
    for golden_id, source in found.items():
        profile = compose(source, at, by.models, by.scorer)
        profile["card"] = {"text": card(profile, by.zone)}
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
