"""``hub demo``, small: what it prints is what happened, and its silent customer is seen in time."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.cli.demo import telling
from hub.cli.main import run


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    """What ``hub demo --json`` prints of a world of eighty people."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert run(["--json", "demo", "--people", "80", "--seed", "3"]) == 0
    found: dict[str, Any] = orjson.loads(printed.getvalue())
    return found


@pytest.mark.slow
def test_an_unchanged_run_does_nothing(shown: dict[str, Any]) -> None:
    """Nothing stored, nothing logged, nothing written anywhere."""
    third = shown["third_run"]

    assert (third["stored"], third["new_rows_anywhere"]) == (0, 0)
    assert set(third["effects"].values()) == {0}


@pytest.mark.slow
def test_all_that_was_planted_is_found(shown: dict[str, Any]) -> None:
    """Every bad line is quarantined, no good one; people are told apart better than by mail."""
    bad, people = shown["quarantine"], shown["people"]

    assert bad["planted"] > 0
    assert (bad["missed"], bad["false"]) == (0, 0)
    assert people["hub"]["f1"] > people["exact_email_baseline"]["f1"]


@pytest.mark.slow
def test_the_silent_customer_has_one_case_and_one_task_before_they_are_gone(
    shown: dict[str, Any],
) -> None:
    """From the third pair of hands on; the risk rises without a word of theirs, with the reason."""
    early, late = shown["silent_customer"]["days"].values()

    assert early["case"] == late["case"]
    assert early["task"] == late["task"]
    assert (early["case"]["state"], early["task"]["state"]) == ("open", "done")
    assert early["points"] < late["points"]
    assert late["band"] in ("medium", "high")
    assert any("explained an issue to several people" in why for why in late["reasons"])


def test_a_folder_that_holds_something_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second demo in the first one's database would mix two worlds."""
    (tmp_path / "hub.toml").write_text("mine")

    code = run(["demo", "--keep", str(tmp_path)])

    assert code == 2
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["hub.toml"]


def test_a_world_without_a_fitting_customer_says_so() -> None:
    """Nobody is made up for the story."""
    assert "nobody is known" in telling.silent_customer(None)
