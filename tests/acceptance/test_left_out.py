"""A connection that cannot start, or whose plugin fails, keeps no other from running."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from pydantic import BaseModel

import hub.app
from hub.cli.main import run
from hub.core.connector import Connector, Context, FullPass, Page, Row, State, Stream
from hub.core.hubtoml import Catalogue
from hub.core.plugins import BrokenPlugin, load_connector
from hub.core.records import Person
from hub.core.secrets import Secret

FILES = """
[connections.pos]
connector = "csv"
[connections.pos.settings]
folder = "."
[connections.pos.settings.streams.customers]
files = "customers.csv"
entity = "person"
key = ["id"]
columns = { given_name = "name" }
"""
SHOP = '\n[connections.shop]\nconnector = "shop"\nsettings.token = "${env:SHOP_TOKEN}"\n'
BROKEN = '\n[connections.crm]\nconnector = "broken"\n'


class ShopSettings(BaseModel):
    """Settings of the plugin under test."""

    token: Secret


def leaves(ctx: Context, state: State) -> Iterator[Page]:
    """A reader that would end the process, quoting a customer."""
    if not state:
        raise SystemExit("ann@example.com")
    yield Page(rows=[], next_state=state)


def never(row: Row) -> NoReturn:
    """No row comes that far."""
    raise AssertionError(row)


def loaded(name: str) -> Connector:
    """The connectors of this environment: csv, one that leaves, one that does not load."""
    if name == "broken":
        raise BrokenPlugin("plugin 'broken' of hub-broken failed to load: ImportError")
    if name == "csv":
        return load_connector(name)
    stream = Stream("orders", Person, never, key="id", reader=leaves, deletes=FullPass())
    return Connector(
        name="shop", summary="A shop.", config=ShopSettings, streams=(stream,), check=lambda ctx: ()
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one customer in a file; the environment holds no token."""
    names = ["broken", "csv", "shop"]
    monkeypatch.setattr(hub.app, "installed_connectors", lambda: Catalogue(names, loaded))
    monkeypatch.delenv("SHOP_TOKEN", raising=False)
    (tmp_path / "customers.csv").write_text("id,name\n1,Ann\n")
    return tmp_path


def typed(folder: Path, line: str, *connections: str) -> int:
    """Exit code of ``line`` under a hub.toml with ``connections``."""
    path = folder / "hub.toml"
    path.write_text("".join(connections))
    return run([*line.split(), "--config", str(path)])


@pytest.mark.parametrize(
    ("unfit", "said"),
    [
        (SHOP, "left out HUB-211: shop: ${env:SHOP_TOKEN}"),
        (BROKEN, "left out HUB-220: crm: plugin 'broken' of hub-broken"),
    ],
    ids=["secret", "plugin"],
)
@pytest.mark.parametrize("command", ["run", "sync", "plan"])
def test_the_others_go_on_without_a_connection_that_cannot_start(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str, unfit: str, said: str
) -> None:
    """What is left out stands on stderr with the reason, and the exit code is partial."""
    code = typed(folder, f"{command} --json", FILES, unfit)

    out, err = capsys.readouterr()
    assert code == 3
    assert said in err
    assert json.loads(out)["counts"]["stored"] == 1 if command != "plan" else json.loads(out) == []


@pytest.mark.parametrize(
    ("line", "connections"), [("run", (SHOP,)), ("sync shop", (FILES, SHOP))], ids=["all", "named"]
)
def test_nothing_starts_if_what_was_asked_for_cannot(
    folder: Path, capsys: pytest.CaptureFixture[str], line: str, connections: tuple[str, ...]
) -> None:
    """The reason is the error then, with the exit code of settings."""
    code = typed(folder, line, *connections)

    assert code == 2
    assert "error HUB-211: shop: ${env:SHOP_TOKEN}" in capsys.readouterr().err


def test_a_plugin_that_exits_stops_its_stream_only(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SystemExit in a reader is that plugin's defect, told with its line but not its message."""
    monkeypatch.setenv("SHOP_TOKEN", "c4nary-token")

    code = typed(folder, "run", FILES, SHOP)

    out, err = capsys.readouterr()
    assert code == 3
    assert "shop: reading orders raised SystemExit at " in out
    assert "test_left_out.py:" in out
    assert "1 read, 1 stored" in out
    assert "ann@example.com" not in out + err
    assert "Traceback" not in out + err
