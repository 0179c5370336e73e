"""Answers of people whom nobody knows count once they arrive, and no longer than they stand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.cli.main import run
from hub.core.errors import EXIT_OK

SETTINGS = """
[metrics]
min_n = 1

[connections.voice]
connector = "csv"

[connections.voice.settings]
folder = "files"

[connections.voice.settings.streams.answers]
files = "answers.csv"
delete_missing = true
max_delete_percent = 50
entity = "feedback"
key = ["no"]
timezone = "Australia/Sydney"
constants = { instrument = "nps", scale_min = "0", scale_max = "10" }
columns = { at = "day", score = "score" }
"""

FIRST = "no,day,score\n1,2026-01-03,10\n2,2026-01-04,9\n"


@pytest.fixture
def nps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs the hub on the answers of a file; returns value and n."""
    (tmp_path / "files").mkdir()
    (tmp_path / "hub.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)

    def measured(answers: str) -> tuple[float, int]:
        (tmp_path / "files/answers.csv").write_text(answers)
        assert run(["run"]) == EXIT_OK
        capsys.readouterr()
        run(["--json", "metrics", "show", "nps"])
        (standing,) = json.loads(capsys.readouterr().out)
        return standing["value"], standing["n"]

    return measured


def test_an_anonymous_answer_moves_the_value_at_once(nps):
    """A detractor without a name is a detractor: 100 of two becomes 33.3 of three, the same day."""
    before = nps(FIRST)

    after = nps(FIRST + "3,2026-01-05,2\n")

    assert before == (100.0, 2)
    assert after == (pytest.approx(33.33, abs=0.01), 3)


def test_an_anonymous_answer_that_is_taken_back_counts_no_longer(nps):
    """The row is gone from the file, and from the value."""
    nps(FIRST + "3,2026-01-05,2\n4,2026-01-05,8\n")

    assert nps(FIRST + "4,2026-01-05,8\n") == (pytest.approx(66.67, abs=0.01), 3)
