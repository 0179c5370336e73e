"""``hub connectors``: the plugin author's door, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.cli.main import run

PEOPLE = "customer_id,first_name,last_name,email\n1,Ada,Lovelace,ada@example.org\n2,Alan,,\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of people and the hub.toml that was guessed from it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def connected(folder: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    run(["connectors", "read", "people.csv", "--guess"])
    (folder / "hub.toml").write_text('[hub]\nname = "Test"\n' + capsys.readouterr().out, "utf-8")
    return folder


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """What a command prints as JSON, once it has succeeded."""
    assert run([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_built_in_connectors_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """They come through the same entry points as a stranger's, and load."""
    rows = output(capsys, "connectors", "list")

    assert {("csv", "ok"), ("hubspot", "ok")} <= {(row["name"], row["state"]) for row in rows}


def test_a_guess_is_a_working_configuration(
    connected: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What --guess prints can be pasted into hub.toml and read from."""
    rows = output(capsys, "connectors", "read", "files", "people", "--reveal")

    assert [row["record"].get("given_name") for row in rows] == ["Ada", "Alan"]


def test_records_are_masked_unless_revealed(
    connected: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Looking whether a mapping works does not put customers on the screen."""
    assert run(["connectors", "read", "files"]) == 0
    shown = capsys.readouterr().out

    assert "given_name" in shown
    assert "Ada" not in shown
    assert "ada@example.org" not in shown


def test_the_limit_is_kept(connected: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A look at a million rows ends after the first ones."""
    assert len(output(capsys, "connectors", "read", "files", "--limit", "1")) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["read", "nowhere"], 'no connection "nowhere"'),
        (["read", "files", "peple"], "files has the streams people"),
        (["check", "hubspt"], "Did you mean 'hubspot'"),
        (["check", "csv", "--only", "everything"], 'no check "everything"'),
        (["new", "9lives"], "cannot name a connector"),
        (["new", "class"], "cannot name a connector"),
        (["new", "../escape"], "cannot name a connector"),
    ],
)
def test_a_mistake_is_met_with_the_next_step(
    connected: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    """Names that do not exist, and names that cannot be one."""
    code = run(["connectors", *arguments])

    assert code in (1, 2)
    assert told in capsys.readouterr().err


def test_new_refuses_a_folder_that_holds_something(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody's work is overwritten."""
    code = run(["connectors", "new", "acme", "--to", str(folder)])

    assert code == 2
    assert "is not empty" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["people.csv"]


def test_new_says_what_to_do_next(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The files it wrote, and the command that follows."""
    written = output(capsys, "connectors", "new", "acme")

    assert "hub-acme/hub_acme/connector.py" in written["written"]
    assert written["next"].endswith("hub connectors check acme")
    assert all((folder / path).is_file() for path in written["written"])


def test_checks_can_be_run_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """An author repairs one promise at a time."""
    report = output(capsys, "connectors", "check", "csv", "--only", "importing-is-cheap")

    assert [(row["id"], row["outcome"]) for row in report["checks"]] == [
        ("importing-is-cheap", "passed")
    ]


def test_without_an_emulator_the_grade_stays_bronze(capsys: pytest.CaptureFixture[str]) -> None:
    """What was not examined is not praised."""
    report = output(capsys, "connectors", "check", "csv")

    assert report["grade"] == "bronze"
    assert "without an emulator" in report["reasons"][-1]
