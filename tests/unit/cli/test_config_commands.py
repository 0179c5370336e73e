"""init, check, config show, schema, doctor."""

import json
import re
import sqlite3
import tomllib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import BaseModel

import hub.app
from hub.cli.main import run
from hub.core.connector import CheckItem, Connector, Context
from hub.core.errors import NeedsReauth
from hub.core.hubtoml import Catalogue
from hub.core.plugins import BrokenPlugin
from hub.core.secrets import Secret
from hub.core.settings import DEFAULT_PURPOSES, Settings


class ShopSettings(BaseModel):
    token: Secret
    size: int = 100


def _check(ctx: Context) -> Sequence[CheckItem]:
    if ctx.connection == "expired":
        raise NeedsReauth(f"{ctx.connection}: {ctx.config.token.reveal()} was refused (401)")
    if ctx.connection == "odd":
        raise ZeroDivisionError("jane@example.com")
    return [
        CheckItem("credential", True, "valid"),
        CheckItem("scope orders.read", ctx.connection != "poor", "missing", "Add it to the app"),
    ]


def _load(name: str) -> Connector:
    if name == "broken":
        raise BrokenPlugin("plugin 'broken' failed to load: ImportError")
    return Connector(name="shop", summary="A shop.", config=ShopSettings, streams=(), check=_check)


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        hub.app, "installed_connectors", lambda: Catalogue(["broken", "shop"], _load)
    )
    monkeypatch.setenv("SHOP_TOKEN", "c4nary-token")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A hub.toml with one connection."""
    return _write(tmp_path, "shop")


def _write(folder: Path, *connections: str, connector: str = "shop") -> Path:
    path = folder / "hub.toml"
    path.write_text(
        "\n".join(
            f'[connections.{name}]\nconnector = "{connector}"\n'
            f'settings.token = "${{env:SHOP_TOKEN}}"'
            for name in connections
        )
    )
    return path


def test_init_writes_a_file_that_check_accepts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first two commands of a new admin both succeed."""
    folder = tmp_path / "new"

    assert run(["init", str(folder)]) == 0
    assert run(["check", "--config", str(folder / "hub.toml")]) == 0

    assert "no mistakes (0 connections, 3 purposes)" in capsys.readouterr().out


def test_init_writes_the_default_purposes(tmp_path: Path) -> None:
    """What the file shows is what applies without it, so the two cannot drift apart."""
    run(["init", str(tmp_path)])

    tree = tomllib.loads((tmp_path / "hub.toml").read_text("utf-8"))

    written = Settings.model_validate({"purposes": tree["purposes"]}).purposes
    assert written == DEFAULT_PURPOSES


def test_every_commented_example_of_init_is_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removing the comment marks gives a hub.toml without mistakes."""
    monkeypatch.setattr(
        hub.app, "installed_connectors", lambda: Catalogue(["hubspot"], lambda _: _load("shop"))
    )
    run(["init", str(tmp_path)])
    path = tmp_path / "hub.toml"
    lines = path.read_text("utf-8").splitlines()
    examples = [re.sub(r"^# (?=\[|[a-z_.]+ = )", "", line) for line in lines]
    assert sum(old != new for old, new in zip(lines, examples, strict=True)) >= 10
    path.write_text("\n".join(examples), "utf-8")

    assert hub.app.load(path).settings.survivorship.source_order == ("crm",)


def test_init_never_overwrites(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An existing hub.toml stays as it is."""
    before = config.read_text()

    assert run(["init", str(config.parent)]) == 2

    assert config.read_text() == before
    assert "was left as it is" in capsys.readouterr().err


def test_init_keeps_data_out_of_version_control(tmp_path: Path) -> None:
    """The ignore lines are added once, below what is there."""
    (tmp_path / ".gitignore").write_text("build/\n*.db\n")

    run(["init", str(tmp_path)])

    lines = (tmp_path / ".gitignore").read_text().splitlines()
    assert lines == ["build/", "*.db", "/var/", "*.db-wal", "*.db-shm"]


def test_check_reports_secrets_that_cannot_be_read_with_their_place(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing variable is told at the line that refers to it, before any run needs it."""
    monkeypatch.delenv("SHOP_TOKEN")

    assert run(["check", "--config", str(config)]) == 2

    err = capsys.readouterr().err
    assert f"{config}:3:18: " in err
    assert "SHOP_TOKEN is not set" in err


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("patterns/own.toml", "[[patterns]]\n", "own.toml:1:3: missing key"),
        ("decisions/own.toml", "[[decisions]]\n", "own.toml:1:3: missing key"),
        ("hub.toml", '[hub]\n[risk]\nmodel = "trained"\n', "HUB-238"),
    ],
    ids=["patterns", "register", "model"],
)
def test_check_reads_what_the_risk_rests_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, said: str
) -> None:
    """Patterns and register of the business's own, and a trained model, if it has any of them."""
    config = tmp_path / "hub.toml"
    config.write_text("[hub]\n")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)

    assert run(["check", "--config", str(config)]) == 2

    assert said in capsys.readouterr().err


def test_check_needs_no_secret_of_a_disabled_connection(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that is switched off asks for nothing."""
    config.write_text(config.read_text() + "\nenabled = false")
    monkeypatch.delenv("SHOP_TOKEN")

    assert run(["check", "--config", str(config)]) == 0


def test_check_reports_a_broken_plugin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The connection of a broken plugin is told with line and reason."""
    path = _write(tmp_path, "a", connector="broken")

    assert run(["check", "--json", "--config", str(path)]) == 2

    (mistake,) = json.loads(capsys.readouterr().out)["mistakes"]
    assert (mistake["line"], mistake["message"]) == (
        2,
        "plugin 'broken' failed to load: ImportError",
    )


def test_connect_asks_every_connector(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--connect prints one line for each thing the connector looked at."""
    assert run(["check", "--connect", "--config", str(config)]) == 0

    assert "ok   shop: credential: valid" in capsys.readouterr().out


def test_failing_connection_does_not_hide_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An expired token, a defect of a plugin and a missing scope are all told; exit 4."""
    path = _write(tmp_path, "expired", "odd", "poor", "rich")

    assert run(["check", "--connect", "--config", str(path)]) == 4

    out = capsys.readouterr().out
    assert "FAIL expired: connect: *** was refused (401)" in out
    assert "FAIL odd: connect: the plugin failed with ZeroDivisionError" in out
    assert "FAIL poor: scope orders.read: missing. Add it to the app" in out
    assert "ok   rich: scope orders.read" in out
    assert "jane" not in out
    assert "c4nary" not in out


def test_connect_by_name_asks_only_that_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name that does not exist is answered with the nearest one."""
    path = _write(tmp_path, "poor", "rich")

    assert run(["check", "--connect", "rich", "--config", str(path)]) == 0
    assert "poor" not in capsys.readouterr().out
    assert run(["check", "--connect", "rihc", "--config", str(path)]) == 1
    assert 'did you mean "rich"?' in capsys.readouterr().err


def test_config_show_tells_value_and_origin(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each value in force with its line, or ``default``; secrets are masked."""
    assert run(["config", "show", "--json", "--config", str(config)]) == 0

    out = capsys.readouterr().out
    rows = {row["key"]: (row["value"], row["origin"]) for row in json.loads(out)}
    assert rows["connections.shop.connector"] == ('"shop"', f"{config}:2")
    assert rows["connections.shop.mode"] == ('"observe"', "default")
    assert rows["connections.shop.settings.size"] == ("100", "default")
    assert rows["connections.shop.settings.token"] == ("***", f"{config}:3 ${{env:SHOP_TOKEN}}")
    assert rows["schedules.lease"] == ('"1m"', "default")
    assert "c4nary" not in out


def test_schema_describes_every_section(capsys: pytest.CaptureFixture[str]) -> None:
    """An editor that reads it completes keys and shows what each is for."""
    assert run(["schema"]) == 0

    schema = json.loads(capsys.readouterr().out)
    assert set(schema["properties"]) == set(Settings.model_fields)
    undescribed = [
        f"{name}.{key}"
        for name, definition in schema["$defs"].items()
        for key, node in definition.get("properties", {}).items()
        if "description" not in node
    ]
    assert undescribed == []


def test_doctor_says_what_is_fit_and_what_is_not(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A healthy machine passes; a database that cannot be reached fails with exit 1."""
    assert run(["doctor", "--json", "--config", str(config)]) == 0
    findings = {f["what"]: f["state"] for f in json.loads(capsys.readouterr().out)}
    assert findings["database"] == findings["sqlite"] == findings["settings"] == "ok"

    config.write_text('[store]\nurl = "postgresql+psycopg://hub@127.0.0.1:1/hub"')
    assert run(["doctor", "--config", str(config)]) == 1
    assert "FAIL database" in capsys.readouterr().out


def test_doctor_sees_a_database_of_a_newer_hub(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no database that the next run would upgrade."""
    run(["db", "upgrade", "--config", str(config)])
    with closing(sqlite3.connect(config.parent / "var/hub.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()

    code = run(["doctor", "--config", str(config)])

    assert code == 1
    assert "FAIL database: schema 9999, this hub knows up to" in capsys.readouterr().out


def test_the_folder_that_the_hub_makes_is_private(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Doctor has nothing to say about what the hub itself did."""
    run(["db", "upgrade", "--config", str(config)])

    run(["doctor", "--config", str(config)])

    assert (config.parent / "var").stat().st_mode & 0o077 == 0
    assert "warn file modes" not in capsys.readouterr().out


def test_doctor_warns_of_data_that_others_may_read(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Keys and database are for their owner only."""
    data = config.parent / "var"
    data.mkdir(mode=0o755)
    (data / "hub.key").write_text("x")
    (data / "hub.key").chmod(0o644)

    run(["doctor", "--config", str(config)])

    assert f"warn file modes: others may read 1 file under {data}" in capsys.readouterr().out


def test_relative_paths_start_at_the_settings_file(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same hub.toml means the same database, wherever the command is typed."""
    config.write_text('[hub]\ndata_dir = "data"')
    monkeypatch.chdir("/")

    app = hub.app.load(config)

    assert app.data_dir == config.parent / "data"
    assert app.database_url() == f"sqlite:///{config.parent}/data/hub.db"


def test_database_password_comes_from_its_reference(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The URL in hub.toml has none; the engine gets it, escaped."""
    monkeypatch.setenv("DB", "p@ss/word")
    config.write_text('[store]\nurl = "postgresql+psycopg://hub@db/hub"\npassword = "${env:DB}"')

    app = hub.app.load(config)

    assert app.database_url() == "postgresql+psycopg://hub:p%40ss%2Fword@db/hub"
    assert app.redactor.redact("p@ss/word") == "***"


def test_streams_of_a_connection_are_those_that_hub_toml_lists(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a list all are read; with one, only those."""
    streams = (SimpleNamespace(name="customers"), SimpleNamespace(name="orders"))
    shop = Connector("shop", "A shop.", ShopSettings, streams, _check)  # type: ignore[arg-type]
    catalogue = Catalogue(["shop"], lambda _: shop)
    config.write_text(config.read_text() + '\nstreams = ["orders"]')

    with hub.app.load(config, catalogue=catalogue).connect("shop") as connection:
        names = [stream.name for stream in connection.streams]

    assert names == ["orders"]
