"""Systems, plugins and databases that fail, through the command line.

Each case says what is wrong and what to do, ends with the documented exit code, loses nothing, and
a run after the repair brings everything.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from connectors.hubspot.emulator import HubSpotEmulator, create
from hub import app
from hub.cli.main import run
from hub.cli.session import Session
from hub.core.clock import ManualClock
from hub.core.hookspecs import ENTRY_POINT_GROUP
from hub.emulation.server import serve
from hub.emulation.world import World
from hub.store import engine

HUB = """\
[hub]
name = "Shop"
time_zone = "Australia/Sydney"
region = "AU"
currency = "AUD"
data_dir = "var"
"""
FILES = """
[connections.pos]
connector = "csv"
[connections.pos.settings]
folder = "."
[connections.pos.settings.streams.customers]
files = "customers.csv"
entity = "person"
key = ["id"]
[connections.pos.settings.streams.customers.columns]
given_name = "name"
"""
CRM = """
[connections.crm]
connector = "hubspot"
[connections.crm.settings]
base_url = "{url}"
token = "${{env:CRM_TOKEN}}"
"""
FEW, MANY = 50, 6_000
"""Customers in the file: one page, and several."""


@dataclass
class Desk:
    """A hub in a folder of its own, and the person at its keyboard.

    Its clock moves only when somebody waits, so that patience costs nothing.
    """

    folder: Path
    said: Callable[[], tuple[str, str]]
    clock: ManualClock = field(
        default_factory=lambda: ManualClock(datetime(2026, 11, 1, tzinfo=UTC))
    )

    def write_customers(self, count: int) -> None:
        lines = "".join(f"{number},Name {number}\n" for number in range(count))
        (self.folder / "customers.csv").write_text("id,name\n" + lines, encoding="utf-8")

    def configure(self, *parts: str) -> None:
        (self.folder / "hub.toml").write_text(HUB + "".join(parts), encoding="utf-8")

    def hub(self, *arguments: str) -> tuple[int, str]:
        """Exit code and everything printed."""
        session = Session(loaded=app.load(self.folder / "hub.toml", clock=self.clock))
        return _judged(run([*arguments], session), "".join(self.said()))

    def held(self) -> int:
        """Records in the store."""
        connection = sqlite3.connect(self.folder / "var" / "hub.db")
        query = "SELECT count(*) FROM source_records WHERE version > 0"
        (count,) = connection.execute(query).fetchone()
        connection.close()
        return int(count)


def _judged(code: int, text: str) -> tuple[int, str]:
    assert "Traceback" not in text
    assert "HUB-900" not in text
    return code, text


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A hub beside a list of customers."""
    desk = Desk(tmp_path, capsys.readouterr)
    desk.write_customers(FEW)
    desk.configure(FILES)
    return desk


# --- systems ---------------------------------------------------------------------------------


@pytest.fixture
def account(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> HubSpotEmulator:
    """A HubSpot account with a small business's records, and its key in the environment."""
    emulator = create(clock=desk.clock)
    emulator.seed(World.build(3, people=20))
    monkeypatch.setenv("CRM_TOKEN", emulator.token)
    return emulator


def test_a_wrong_token_needs_a_person(
    desk: Desk, account: HubSpotEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 4, the system and the place of the key are named; the key itself is not."""
    wrong = "pat-na1-11111111-1111-4111-8111-111111111111"
    with serve(account) as url:
        desk.configure(CRM.format(url=url))
        monkeypatch.setenv("CRM_TOKEN", wrong)
        code, text = desk.hub("run")
        monkeypatch.setenv("CRM_TOKEN", account.token)
        repaired, _ = desk.hub("run")

    assert code == 4
    assert "failed HUB-400: crm: " in text
    assert "Service keys" in text
    assert wrong not in text
    assert (repaired, desk.held() > 20) == (0, True)


def test_a_variable_that_is_not_set_is_named(
    desk: Desk, account: HubSpotEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2: nothing was started."""
    desk.configure(CRM.format(url="http://127.0.0.1:9"))
    monkeypatch.delenv("CRM_TOKEN")

    code, text = desk.hub("run")

    assert code == 2
    assert "HUB-211" in text
    assert "CRM_TOKEN" in text


def test_a_system_that_is_down_costs_the_others_nothing(
    desk: Desk, account: HubSpotEmulator
) -> None:
    """The files are in; the run says who is out of reach; when it is back, everything comes."""
    with serve(account) as url:
        pass
    desk.configure(FILES, CRM.format(url=url))
    code, text = desk.hub("run")
    alone, _ = desk.hub("sync", "crm")
    files = desk.held()
    with serve(account, int(url.rpartition(":")[2])):
        repaired, _ = desk.hub("run")

    assert (code, alone) == (3, 5)
    assert "failed HUB-501: crm: no connection for" in text
    assert "Check the network and the address" in text
    assert files == FEW
    assert (repaired, desk.held() > FEW + 20) == (0, True)


# --- plugins ---------------------------------------------------------------------------------


@contextmanager
def installed(folder: Path, code: str) -> Iterator[dict[str, str]]:
    """The environment of a machine on which somebody installed the plugin ``acme``."""
    package = folder / "site"
    (package / "hub_acme").mkdir(parents=True)
    (package / "hub_acme" / "__init__.py").write_text(code, encoding="utf-8")
    about = package / "hub_acme-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: hub-acme\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{ENTRY_POINT_GROUP}]\nacme = hub_acme\n")
    yield {**os.environ, "PYTHONPATH": str(package)}


@pytest.mark.slow
def test_a_plugin_that_breaks_on_import_is_named(desk: Desk, tmp_path: Path) -> None:
    """The message says whose defect it is, and where; the other connection is read all the same."""
    desk.configure(FILES, '\n[connections.shop]\nconnector = "acme"\n')

    with installed(tmp_path, "raise RuntimeError('half installed')\n") as environment:
        code, text = _hub(desk, environment, "run")

    assert code == 3
    assert all(word in text for word in ("HUB-220", "hub-acme", "RuntimeError", "__init__.py:1"))
    assert desk.held() == FEW


def _hub(
    desk: Desk, environment: dict[str, str], *arguments: str, limit: int = 0
) -> tuple[int, str]:
    def restrict() -> None:
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-c", "from hub.cli.main import main; main()", *arguments],
        cwd=desk.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=restrict,
    )
    return _judged(done.returncode, done.stdout + done.stderr)


def test_a_connector_that_is_not_installed_is_named_with_its_neighbour(desk: Desk) -> None:
    """Exit code 2, with the place in hub.toml."""
    desk.configure(FILES.replace('"csv"', '"cvs"'))
    path = desk.folder / "hub.toml"

    code, text = _judged(run(["run", "--config", str(path)]), "".join(desk.said()))

    assert code == 2
    assert f"{path}:9:13: connections.pos.connector" in text
    assert 'did you mean "csv"?' in text


# --- databases -------------------------------------------------------------------------------


def test_a_locked_database_is_waited_for_and_then_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 5, nothing written; once the other one is done, the same command goes through."""
    desk.write_customers(MANY)
    monkeypatch.setattr(engine, "BUSY_MILLIS", 50)
    assert desk.hub("db", "upgrade")[0] == 0
    other = sqlite3.connect(desk.folder / "var" / "hub.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    code, text = desk.hub("sync")
    other.execute("ROLLBACK")
    other.close()
    between = desk.held()
    repaired, _ = desk.hub("sync")

    assert code == 5
    assert "HUB-511" in text
    assert "run the same command again" in text
    assert (between, repaired, desk.held()) == (0, 0, MANY)


def test_a_full_disk_keeps_whole_pages(desk: Desk) -> None:
    """The database may not grow any more: done in part (exit code 3); with room, the rest comes."""
    desk.write_customers(MANY)
    with no_more_pages_than(300):
        code, text = desk.hub("sync")
    between = desk.held()
    repaired, _ = desk.hub("sync")

    assert code == 3
    assert "partial HUB-512" in text
    assert "Free space" in text
    assert 0 < between < MANY
    assert (repaired, desk.held()) == (0, MANY)


@contextmanager
def no_more_pages_than(pages: int) -> Iterator[None]:
    """SQLite answers as on a full disk when the database would get larger."""

    def restrict(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(Engine, "connect", restrict)
    try:
        yield
    finally:
        event.remove(Engine, "connect", restrict)


@pytest.mark.slow
def test_a_disk_that_refuses_to_write_keeps_whole_pages(desk: Desk) -> None:
    """The operating system allows no file above 1.2 MB; without the limit, the rest comes."""
    desk.write_customers(MANY)
    code, text = _hub(desk, dict(os.environ), "sync", limit=1_200_000)
    between = desk.held()
    repaired, _ = desk.hub("sync")

    assert code in (3, 5)  # some pages are in, or none
    assert "HUB-518" in text
    assert "run the same command again" in text
    assert 0 <= between < MANY
    assert (repaired, desk.held()) == (0, MANY)


def test_a_file_that_is_no_database_is_left_alone(desk: Desk) -> None:
    """Exit code 5, and its bytes are as they were."""
    path = desk.folder / "var" / "hub.db"
    path.parent.mkdir()
    path.write_bytes(b"not a database, but something somebody wants to keep\n" * 40)
    before = path.read_bytes()

    code, text = desk.hub("sync")

    assert code == 5
    assert "HUB-51" in text
    assert path.read_bytes() == before


def test_a_lost_key_is_told_before_anything_is_compared_with_it(desk: Desk) -> None:
    """A cut hub.key would make every row look changed: exit code 2, and no page is read."""
    assert desk.hub("sync")[0] == 0
    key = desk.folder / "var" / "keys" / "hub.key"
    whole = key.read_bytes()
    key.write_bytes(whole[:5])

    code, text = desk.hub("sync")
    key.write_bytes(whole)
    repaired, said = desk.hub("sync", "--full", "--json")

    assert code == 2
    assert "HUB-241" in text
    assert repaired == 0
    assert json.loads(said[said.index("{") : said.rindex("}") + 1])["counts"]["stored"] == 0
