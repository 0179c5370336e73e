"""The profile stage: composes the profiles of customers of whom anything moved.

All of them when a new day has begun, since time alone moves flags and stages, and when the purposes
in hub.toml, the segments or this version's way of composing have changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection, delete, select

from hub.core.boundary import reached
from hub.core.clock import to_micros
from hub.core.settings import DEFAULT_PURPOSES, PurposeSection, Settings, TextSection
from hub.metrics.day import today
from hub.privacy.gate import Gate
from hub.profile import leaf, sources
from hub.profile.card import card
from hub.profile.unified import compose
from hub.segments import evaluation, membership
from hub.segments import files as segment_files
from hub.segments.defined import Segments
from hub.segments.evaluation import Ground
from hub.store import bulk, dirty
from hub.store.engine import Store
from hub.store.records import chunks
from hub.store.schema import profiles
from hub.text.reading import Models
from hub.text.sources import load_models
from hub.voc.past import UTC_ZONE
from hub.voc.risk import FLOOR

BATCH = 100
"""Profiles composed in one transaction."""

COMPOSITION = 6
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
class Rules:
    """What hub.toml and the files beside it say of profiles.

    Args:
        purposes: By name; they decide what each permission says.
        zone: On whose clocks a day begins.
        text: How customers' words are read.
        floor: Coverage, in percent, below which a risk is unknown.
        segments: Which customers belong together.
    """

    purposes: Mapping[str, PurposeSection] = field(default_factory=lambda: DEFAULT_PURPOSES)
    zone: ZoneInfo = UTC_ZONE
    text: TextSection = AS_SHIPPED
    floor: int = FLOOR
    segments: Segments = field(default_factory=segment_files.shipped)


def rules(folder: Path, settings: Settings) -> Rules:
    """The rules of a hub whose hub.toml is in ``folder``.

    Raises:
        ConfigMistakes: With everything that is wrong in the first file that has mistakes.
    """
    return Rules(
        settings.purposes,
        ZoneInfo(settings.hub.time_zone),
        settings.text,
        settings.risk.floor,
        segment_files.read_all(folder, settings.segments.files),
    )


@dataclass(frozen=True, slots=True)
class Means:
    """What the profiles of today are composed with.

    Args:
        rules: What the hub says of profiles.
        now: Microseconds.
        at: The instant that ages and days are counted to: the metrics' today.
        models: How customers' words are read.
        ground: What segments are evaluated on.
    """

    rules: Rules
    now: int
    at: datetime
    models: Models
    ground: Ground


def run(store: Store, rules: Rules) -> ProfileReport:
    """Compose every profile that was marked; returns what differed."""
    now, everybody = store.clock.now(), select(profiles.c.golden_id)
    with store.read() as connection:
        models = load_models(connection, rules.text)
        at = today(connection, now, rules.zone)
    dirty.mark_all_if_new(store, "profile", _basis(rules, models, at), everybody)
    with store.read() as connection:
        if not dirty.count(connection, "profile"):
            return ProfileReport(0, 0, 0)  # before anything is read for nobody
        ground = evaluation.ground(connection, rules.segments, to_micros(now), rules.zone)
    means = Means(rules, to_micros(now), at, models, ground)
    looked_at = written = removed = 0
    while True:
        with store.write() as connection:
            marks = dirty.waiting(connection, "profile", BATCH)
            if not marks:
                break
            changed, gone = _compose(connection, [mark.key for mark in marks], means)
            dirty.done(connection, "profile", marks)
        reached("profile committed")
        looked_at += len(marks)
        written += changed
        removed += gone
    return ProfileReport(looked_at, written, removed)


def _basis(rules: Rules, models: Models, at: datetime) -> str:
    """What all profiles of a day rest on."""
    return (
        f"{COMPOSITION} {at.date()} {Gate(rules.purposes).policy} {rules.zone} {models.methods}"
        f" {rules.floor} {rules.segments.basis}"
    )


def _compose(connection: Connection, golden_ids: list[str], by: Means) -> tuple[int, int]:
    held = _held(connection, golden_ids)
    found = sources.load(connection, golden_ids, by.rules.purposes, by.now)
    composed: dict[str, dict[str, Any]] = {
        who: compose(source, by.at, by.models, by.rules.floor) for who, source in found.items()
    }
    _assign(connection, golden_ids, composed, by)
    rows = []
    for golden_id, profile in composed.items():
        profile["card"] = {"text": card(profile, by.rules.zone)}
        body = orjson.dumps(profile, option=orjson.OPT_SORT_KEYS)
        digest = blake2b(body, digest_size=16).digest()
        revision, before = held.get(golden_id, (0, b""))
        if digest != before:
            rows.append((golden_id, revision + 1, body, digest, by.now))
    bulk.upsert(connection, profiles, _COLUMNS, rows, key=("golden_id",))
    gone = sorted(set(held) - set(found))
    if gone:
        connection.execute(delete(profiles).where(profiles.c.golden_id.in_(gone)))
    return len(rows), len(gone)


def _assign(
    connection: Connection,
    golden_ids: list[str],
    composed: Mapping[str, dict[str, Any]],
    by: Means,
) -> None:
    """Put every customer into their segments, and those who are gone out of all."""
    belong = evaluation.everyone(connection, composed, by.ground)
    in_all = {who: belong.get(who, ()) for who in golden_ids}
    membership.move(connection, in_all, by.ground.segments.versions, by.now)
    for who, profile in composed.items():
        profile["relationship"]["segments"] = _named(belong[who])


def _named(segments: list[str]) -> leaf.Field:
    return leaf.field(segments, "hub", None, purpose="analytics")


def _held(connection: Connection, golden_ids: list[str]) -> dict[str, tuple[int, bytes]]:
    held: dict[str, tuple[int, bytes]] = {}
    for chunk in chunks(golden_ids):
        query = select(profiles.c.golden_id, profiles.c.revision, profiles.c.digest)
        for row in connection.execute(query.where(profiles.c.golden_id.in_(chunk))):
            held[row.golden_id] = (row.revision, bytes(row.digest))
    return held
