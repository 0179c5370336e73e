"""A number leaves with what it was made from and is made again where there is no hub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.cli.main import run
from hub.core.errors import EXIT_OK

SETTINGS = """
[metrics]
min_n = 1

[connections.pos]
connector = "csv"

[connections.pos.settings]
folder = "files"

[connections.pos.settings.streams.lines]
files = "lines.csv"
entity = "order_line"
key = ["no"]
timezone = "Australia/Sydney"
constants = { currency = "AUD" }
columns = { order_ref = "order", at = "day", party = "who", quantity = "n", unit_price = "price" }
"""

LINES = """no,order,day,who,n,price
1,A1,2026-01-03,7,2,10.00
2,A2,2026-01-20,7,1,5.50
3,B1,2026-02-02,8,1,99.00
"""


@pytest.fixture
def exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Path:
    """The lineage of the average order value of three orders, in a folder of its own."""
    home, away = tmp_path / "home", tmp_path / "away"
    (home / "files").mkdir(parents=True)
    away.mkdir()
    (home / "files/lines.csv").write_text(LINES)
    (home / "hub.toml").write_text(SETTINGS)
    monkeypatch.chdir(home)
    assert run(["run"]) == EXIT_OK
    capsys.readouterr()
    assert run(["--json", "metrics", "show", "aov"]) == EXIT_OK
    (standing,) = json.loads(capsys.readouterr().out)
    file = away / "aov.json"
    command = ["metrics", "export", standing["snapshot_id"], "--lineage", str(file)]
    assert run(command) == EXIT_OK
    capsys.readouterr()
    monkeypatch.chdir(away)
    return file


def test_a_number_is_made_again_without_settings_or_database(exported, capsys):
    """124.50 over three orders is 41.50, wherever the file is read."""
    code = run(["--json", "metrics", "verify", str(exported)])

    told = json.loads(capsys.readouterr().out)
    assert code == EXIT_OK
    assert (told["metric"], told["series"], told["value"], told["n"]) == ("aov", "AUD", 4150.0, 2)
    assert not (exported.parent / "var").exists()


def test_a_file_that_somebody_changed_is_not_verified(exported, capsys):
    """The command fails and says what differs."""
    exported.write_text(exported.read_text().replace("4150.0", "9150.0"))

    code = run(["metrics", "verify", str(exported)])

    assert code != EXIT_OK
    assert "does not have the hash" in capsys.readouterr().err


def test_a_snapshot_needs_its_file_and_the_file_its_snapshot(exported, capsys):
    """One without the other is a mistake of the command line."""
    code = run(["metrics", "export", "--lineage", "x.json"])

    assert code != EXIT_OK
    assert "go together" in capsys.readouterr().err
