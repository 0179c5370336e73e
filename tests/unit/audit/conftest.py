"""A small signed log, and its bundles."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.audit.checkpoint import Notary, rotate
from hub.audit.export import export_range
from hub.audit.log import AuditEvent, record_many
from hub.audit.signing import ensure_key
from hub.core.clock import ManualClock
from hub.core.settings import AuditSection
from hub.store.engine import Store

if TYPE_CHECKING:
    from tests.conftest import Databases

START = datetime(2026, 1, 1, tzinfo=UTC)
CHECKPOINT_EVERY = 100

Logger = Callable[[Store, int], None]


def log_events(store: Store, count: int) -> None:
    """``count`` consent events, one a second, about ten persons in turn."""
    now = store.clock.now()
    events = [
        AuditEvent(
            "consent.granted" if number % 2 else "consent.withdrawn",
            "connection:shop",
            now + timedelta(seconds=number),
            subject=f"p{number % 10}",
            connection="shop" if number % 3 else "desk",
            what={"purpose": "marketing", "number": number},
        )
        for number in range(count)
    ]
    with store.write() as connection:
        record_many(connection, events)
    store.clock.sleep(count)


@pytest.fixture
def logged() -> Logger:
    return log_events


@pytest.fixture
def notary(store: Store, tmp_path: Path) -> Notary:
    """Signs the log of ``store`` every 100 events."""
    return notary_of(store, tmp_path)


def notary_of(store: Store, home: Path) -> Notary:
    ensure_key(store, home / "keys", "Acme Retail", "os:kim")
    section = AuditSection(checkpoint_every_events=CHECKPOINT_EVERY)
    return Notary(store, home / "keys", section, home)


@pytest.fixture(scope="module")
def signed_log(
    sqlite_databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Store, Path]:
    """A log of 703 entries, signed at many sizes, with one key rotation; not to be changed."""
    home = tmp_path_factory.mktemp("signed")
    store = Store.open(sqlite_databases.migrated(), ManualClock(START))
    notary = notary_of(store, home)
    for count in (150, 150, 200):
        log_events(store, count)
        notary.settle()
    rotate(store, home / "keys", "os:kim")
    log_events(store, 201)
    notary.settle()
    return store, home


@pytest.fixture(scope="module")
def exported(signed_log: tuple[Store, Path]) -> Path:
    """The whole log as a folder; not to be changed."""
    store, home = signed_log
    export_range(store, home / "whole")
    return home / "whole"


@pytest.fixture
def bundle(exported: Path, tmp_path: Path) -> Path:
    """A copy of the exported log that a test may tamper with."""
    return Path(shutil.copytree(exported, tmp_path / "bundle"))


@pytest.fixture
def young_log(sqlite_databases: Databases, tmp_path: Path) -> Notary:
    """A log of 151 entries that a test may go on with; its key is at hand."""
    store = Store.open(sqlite_databases.migrated(), ManualClock(START))
    notary = notary_of(store, tmp_path)
    log_events(store, 150)
    notary.settle()
    return notary
