"""``hub demo``, small: what it prints is what happened, and its silent customer is seen in time."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import orjson
import pytest

from hub.cli.main import run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    """What ``hub demo --json`` prints of a world of eighty people."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert run(["--json", "demo", "--people", "80", "--seed", "3"]) == 0
    found: dict[str, Any] = orjson.loads(printed.getvalue())
    return found


def test_an_unchanged_run_does_nothing(shown: dict[str, Any]) -> None:
    """Nothing stored, nothing logged, nothing written anywhere."""
    third = shown["third_run"]

    assert (third["stored"], third["new_rows_anywhere"]) == (0, 0)
    assert set(third["effects"].values()) == {0}


def test_all_that_was_planted_is_found(shown: dict[str, Any]) -> None:
    """Every bad line is quarantined, no good one; people are told apart better than by mail."""
    bad, people = shown["quarantine"], shown["people"]

    assert bad["planted"] > 0
    assert (bad["missed"], bad["false"]) == (0, 0)
    assert people["hub"]["f1"] > people["exact_email_baseline"]["f1"]


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
