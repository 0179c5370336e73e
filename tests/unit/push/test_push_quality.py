"""The quality gate in front of a system: what is in doubt stays, and the reason is on record."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import delete, select

from hub.core.connector import OutField
from hub.core.profile_fields import PROFILE_FIELDS
from hub.core.settings import PushSection, QualityRule, QualitySection
from hub.privacy.sensitive import kind_of
from hub.profile.quality import SHIPPED
from hub.profile.shape import SHAPE
from hub.store import bulk, schema
from tests.conftest import Databases

FIELDS = (
    OutField("cx_age", "who.age_band", "service"),
    OutField("cx_name", "who.name", "service"),
    OutField("cx_email", "who.email", "service"),
    OutField("cx_nps", "voice.nps", "service", type="number"),
    OutField("cx_clv", "value.clv_predicted", "service", type="number"),
    OutField("cx_segments", "relationship.segments", "service"),
    OutField("cx_subject", "service.unresolved", "service"),
)
SETTINGS = QualitySection(
    min_confidence=0.6,
    fields={
        "voice": QualityRule.model_validate({"max_age": "30d"}),
        "who.name": QualityRule(min_confidence=0.8, conflict="send"),
    },
    never=("service.*",),
)
CONFLICT = "the sources disagree, and none is trusted more"


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One database: nothing here is SQL of its own."""
    return sqlite_databases


@pytest.fixture
def desk(desk: Any) -> Any:
    """A shop that takes these fields, under these settings."""
    desk.destination = replace(desk.destination, fields=FIELDS)
    desk.pusher = replace(desk.pusher, quality=SETTINGS)
    return desk


def give(desk: Any, rid: int, leaves: Mapping[str, Mapping[str, Any]], revision: int = 1) -> None:
    """Record ``rid`` has a profile of these fields."""
    body: dict[str, dict[str, Any]] = {}
    for path, leaf in leaves.items():
        group, _, name = path.partition(".")
        body.setdefault(group, {})[name] = leaf
    desk.profile(rid, revision)
    table = schema.profiles
    with desk.store.write() as connection:
        connection.execute(delete(table).where(table.c.golden_id == f"g{rid}"))
        columns = ("golden_id", "revision", "body", "digest", "updated_at")
        bulk.insert(connection, table, columns, [(f"g{rid}", revision, orjson.dumps(body), b"", 0)])


def audited(desk: Any, kind: str) -> list[dict[str, Any]]:
    """Details of the audit events of this kind, oldest first."""
    with desk.store.read() as connection:
        rows = connection.execute(select(schema.audit_leaves.c.body)).scalars().all()
    return [event["what"] for row in rows if (event := orjson.loads(row))["kind"] == kind]


def any_leaf(chance: random.Random, path: str, now: datetime) -> dict[str, Any]:
    """A field as a profile may hold it, sure or not, fresh or not."""
    value: object = "".join(chance.choices("abcdefgh", k=8))
    if path == "relationship.segments":
        value = chance.sample(["gold", "likely-pregnant", "lapsed", "voters"], 2)
    return {
        "value": chance.choice([value, value, value, None]),
        "source": "shop/customers/1",
        "at": chance.choice([None, *((now - timedelta(days=d)).isoformat() for d in (1, 29, 31))]),
        "confidence": chance.choice([None, 0.2, 0.59, 0.6, 0.79, 0.8, 1.0]),
        **chance.choice([{}, {}, {"contested": True}]),
        **chance.choice([{}, {}, {"status": "provisional"}, {"status": "insufficient"}]),
    }


def may_leave(path: str, leaf: Mapping[str, Any], now: datetime) -> bool:
    """What SETTINGS say, told once more and in another way."""
    confidence = 1.0 if leaf["confidence"] is None else leaf["confidence"]
    enough = {"who.name": 0.8, "who.email": 0.0}.get(path, 0.6)
    fresh = leaf["at"] is not None and now - datetime.fromisoformat(leaf["at"]) <= timedelta(30)
    names = set(leaf["value"]) if isinstance(leaf["value"], list) else set()
    return (
        leaf["value"] is not None
        and path != "service.unresolved"
        and not names & {"likely-pregnant", "voters"}
        and leaf.get("status") != "insufficient"
        and ("contested" not in leaf or path in ("who.name", "who.email"))
        and confidence >= enough
        and (fresh or path != "voice.nps")
    )


def test_no_field_below_its_threshold_ever_reaches_a_writer(desk: Any) -> None:
    """Hundreds of random fields, planned, approved and kept up: the shop has those fit to leave."""
    chance, now = random.Random(24), desk.store.clock.now()
    told = {
        rid: {field.source: any_leaf(chance, field.source, now) for field in FIELDS}
        for rid in range(1, 31)
    }
    for rid, leaves in told.items():
        give(desk, rid, leaves)

    desk.approve_first()
    desk.pusher.keep_up(desk.destination)

    for rid, leaves in told.items():
        fit = {f.name for f in FIELDS if may_leave(f.source, leaves[f.source], now)}
        assert desk.shop.records[str(rid)].keys() - {"name"} == fit, rid
    sent = Counter(f for record in desk.shop.records.values() for f in record if f != "name")
    assert set(sent) == {f.name for f in FIELDS} - {"cx_subject"}  # each both left and stayed
    assert max(sent.values()) < len(told)


def test_a_low_confidence_birthday_never_leaves_and_the_reason_is_told(desk: Any) -> None:
    """In the plan, in the log, and beside what is released; nowhere with the value."""
    give(desk, 1, {"who.age_band": {"value": "40-49", "contested": True, "confidence": 0.5}})
    give(desk, 2, {"who.age_band": {"value": "30-39", "confidence": 0.4}, "who.email": {
        "value": "ada@example.org", "confidence": 0.2}})  # fmt: skip

    plan = desk.pusher.plan(desk.destination)
    desk.pusher.approve(plan.plan_id, {desk.destination.key: desk.destination})

    assert dict(plan.withheld) == {
        f"service: {CONFLICT}": 1,
        "service: confidence below 0.6": 1,
    }
    assert audited(desk, "release.withheld") == [
        {"plan": plan.plan_id, f"cx_age: {CONFLICT}": 1, "cx_age: confidence below 0.6": 1}
    ]
    [released] = audited(desk, "release.pushed")
    assert (released["fields"], released["withheld"]) == ("cx_email", "cx_age")
    assert "cx_age" not in {name for record in desk.shop.records.values() for name in record}


def test_a_value_that_comes_into_doubt_before_the_claim_stays(desk: Any) -> None:
    """Planned while it was fresh, or agreed upon; the claim judges again."""
    now = desk.store.clock.now()
    said = {"value": 9, "source": "s/r/1", "at": (now - timedelta(days=29)).isoformat()}
    age = {"value": "40-49", "confidence": 1.0}
    give(desk, 1, {"voice.nps": said, "who.age_band": age})
    plan = desk.pusher.plan(desk.destination)
    assert {diff.field for diff in plan.diffs} == {"cx_age", "cx_nps"}

    give(desk, 1, {"voice.nps": said, "who.age_band": {**age, "contested": True}}, revision=2)
    desk.store.clock.sleep(2 * 86_400)
    desk.pusher.approve(plan.plan_id, {desk.destination.key: desk.destination})

    assert desk.shop.records["1"] == {"name": "own"}


def test_what_stays_leaves_the_systems_value_alone(desk: Any) -> None:
    """Sent while it was sure; when doubts arise, the system keeps what it was given."""
    give(desk, 1, {"who.age_band": {"value": "40-49", "confidence": 1.0}})
    desk.approve_first()

    give(desk, 1, {"who.age_band": {"value": "30-39", "confidence": 0.5}}, revision=2)
    desk.pusher.keep_up(desk.destination)

    assert desk.shop.records["1"]["cx_age"] == "40-49"


def test_what_stayed_leaves_when_the_settings_ask_for_less(desk: Any) -> None:
    """Other settings are another policy: everything is looked at again."""
    give(desk, 1, {"who.age_band": {"value": "40-49", "confidence": 0.5}})
    desk.approve_first()
    assert desk.shop.records["1"] == {"name": "own"}

    desk.pusher = replace(desk.pusher, quality=QualitySection())
    desk.pusher.keep_up(desk.destination)

    assert desk.shop.records["1"]["cx_age"] == "40-49"


def test_what_ships_keeps_within_its_own_limits() -> None:
    """The default mapping fits under the default cap, and no field of the profile is sensitive."""
    groups = {path.partition(".")[0] for path in SHAPE}

    assert len(PROFILE_FIELDS) <= PushSection().max_fields
    assert [field.name for field in PROFILE_FIELDS if kind_of(field.name)] == []
    assert [path for path in SHAPE if kind_of(path)] == []
    assert set(SHIPPED) <= set(SHAPE) | groups
