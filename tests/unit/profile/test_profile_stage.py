"""When the profile stage composes again."""

from __future__ import annotations

import orjson
import pytest
from sqlalchemy import select

from hub.core.clock import ManualClock
from hub.core.settings import DEFAULT_PURPOSES, PurposeSection
from hub.profile import run as stage
from hub.store import bulk, dirty, schema
from hub.store.engine import Store
from hub.text import registry
from hub.text.training import Trained, train
from tests.unit.profile.stages import look
from tests.unit.text.test_training_text import hotel_answers


@pytest.fixture
def ada(store: Store) -> Store:
    """A store with one marked golden record."""
    body = orjson.dumps({"fields": {}, "emails": [], "members": ["crm/contacts/1"]})
    columns = ("golden_id", "entity", "version", "body", "digest", "updated_at")
    seq = dirty.sequence(store)
    with store.write() as connection:
        row = ("g1", "person", 1, body, b"", 0)
        bulk.insert(connection, schema.golden_records, columns, [row])
        dirty.mark(connection, "profile", ["g1"], cause="test", seq=seq)
    return store


def revision(store: Store) -> int:
    with store.read() as connection:
        return connection.execute(select(schema.profiles.c.revision)).scalar_one()


def test_nothing_marked_is_nothing_looked_at(ada, clock: ManualClock):
    """A second run with the same purposes looks at nobody."""
    look(ada)
    clock.sleep(3_600)

    assert look(ada).looked_at == 0


def test_a_new_purpose_reaches_every_profile(ada):
    """An edit of hub.toml marks nobody by itself, and still shows up in permissions."""
    look(ada)
    survey = PurposeSection(description="Ask.", basis="consent", channels=("email",))

    report = look(ada, stage.Rules({**DEFAULT_PURPOSES, "survey": survey}))

    assert (report.looked_at, report.written, revision(ada)) == (1, 1, 2)


def test_another_way_of_composing_reaches_every_profile(ada, monkeypatch):
    """A new version of the hub looks at all profiles once; those that say the same stay."""
    look(ada)
    monkeypatch.setattr(stage, "COMPOSITION", stage.COMPOSITION + 1)

    report = look(ada)

    assert (report.looked_at, report.written, revision(ada)) == (1, 0, 1)


def test_a_promoted_model_reaches_every_profile(ada):
    """What is derived from texts is derived anew when another model reads them."""
    look(ada)
    trained = train("en", hotel_answers(40), fewest=100, trained_at="")
    assert isinstance(trained, Trained)
    with ada.write() as connection:
        registry.keep(connection, trained, actor="os:test", now=10**15)

    assert look(ada).looked_at == 1
    assert look(ada).looked_at == 0
