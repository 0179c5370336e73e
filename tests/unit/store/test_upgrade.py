"""Migrations: they lead to today's schema, forward only, and refuse what a newer hub wrote."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text

import hub.store.migrations
from hub.core.errors import StoreError
from hub.store import bulk, inbox, schema, views
from hub.store.engine import Store
from hub.store.upgrade import HEAD, upgrade
from tests.conftest import Databases

REVISIONS = sorted(Path(hub.store.migrations.__path__[0]).glob("versions/[0-9]*.py"))


_POSTGRESQL_PARTS = """
    SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default,
                     collation_name)
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
"""


def test_the_migrations_lead_to_the_schema(databases: Databases) -> None:
    """A hub of the first day, brought forward, has what a new one has: nothing apart."""
    new, old = Store.open(databases.empty()), Store.open(databases.empty())
    upgrade(new)
    migrate(old, REVISIONS[0].name.split("_")[0])

    assert upgrade(old) == "0001"

    assert parts(old) == parts(new)
    new.close()
    old.close()


def migrate(store: Store, revision: str) -> None:
    """Run the revisions up to this one, as hubs did that had no newer ones."""
    config = Config()
    config.set_main_option("script_location", hub.store.migrations.__path__[0])
    with store.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def parts(store: Store) -> list[str]:
    """Every column, constraint, index and view, in words of the database; their order is free."""
    with store.read() as connection:
        if store.is_sqlite:
            made = connection.execute(text("SELECT sql FROM sqlite_master WHERE sql <> ''"))
            lines = [f"{name} {part}" for sql in made.scalars() for name, part in _split(sql)]
        else:
            lines = list(connection.execute(text(_POSTGRESQL_PARTS)).scalars())
    # The first revision says the table in the name of its one check, and so does the convention.
    return sorted(line.replace("ck_links_ck_links_", "ck_links_") for line in lines)


def _split(sql: str) -> Iterator[tuple[str, str]]:
    """What is made, with each thing in its brackets, and with what stands behind them."""
    name, _, rest = " ".join(sql.split()).partition("(")
    inside, _, behind = rest.rpartition(")")
    for part in (*re.split(r",(?![^(]*\))", inside), behind):  # at no comma in inner brackets
        yield name.strip(), part.strip()


def test_the_newest_revision_is_the_one_that_the_code_expects():
    """A revision without a raised HEAD would never run."""
    assert REVISIONS[-1].name.split("_")[0] == HEAD


def test_a_second_upgrade_changes_nothing(empty_database):
    """It says which revision it found."""
    store = Store.open(empty_database)

    assert (upgrade(store), upgrade(store)) == ("", HEAD)
    assert set(inspect(store.engine).get_view_names()) == {view.name for view in views.VIEWS}
    store.close()


def test_a_database_of_a_newer_hub_is_refused(database):
    """Older code on a newer schema stops with the next step, before it reads a row."""
    store = Store.open(database)
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(StoreError, match="Install the newer"):
        upgrade(store)

    with store.write() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{HEAD}'"))
    store.close()


def test_stores_that_open_at_once_migrate_once(empty_database):
    """Four threads find an empty database; all of them end at the newest schema."""
    stores = [Store.open(empty_database) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(upgrade, stores))

    assert set(found) <= {"", HEAD}
    assert upgrade(stores[0]) == HEAD
    for store in stores:
        store.close()


@pytest.mark.parametrize("body", ['{"name": "café"}'.encode(), b"\xff\x00"], ids=["text", "bytes"])
def test_a_delivery_that_waits_survives_the_upgrade(empty_database, body):
    """It was spelled as a list until schema 0006; whoever pushed it does not push it again."""
    store = Store.open(empty_database)
    delivery = ["POST", "http://hub/hooks/crm", {"id": "1"}, base64.b64encode(body).decode()]
    columns = ("connection", "event_id", "webhook", "status", "delivery", "received_at")
    row = ("crm", "1", "app", "waiting", orjson.dumps(delivery), 0)
    migrate(store, "0005")
    with store.write() as connection:
        bulk.insert(connection, schema.inbox, columns, [row])

    upgrade(store)

    with store.read() as connection:
        [waiting] = inbox.waiting(connection, "crm", 1, 0)
    store.close()
    assert (waiting.delivery.body, waiting.attempts) == (body, 0)
