"""The closed loop, as it is typed: from a bad answer to a customer who was told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.help_desk import ANSWERS as ANSWERS_SAY
from tests.acceptance.help_desk import CUSTOMERS as CUSTOMERS_SAY
from tests.acceptance.help_desk import answers, typist

OWN = """
[metrics]
min_n = 1

[loop]
alerts = "alerts.jsonl"
"""
SETTINGS = OWN + CUSTOMERS_SAY + ANSWERS_SAY
CUSTOMERS = """id,name,email
1,Ada Byron,ada@example.org
2,Bob Hay,bob@example.org
3,Ada Byron,ada@example.org
"""


@pytest.fixture
def typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    """Types ``hub … --json`` beside a folder of answers; the document, or what a refusal says."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "files").mkdir()
    (tmp_path / "files/customers.csv").write_text(CUSTOMERS)
    (tmp_path / "hub.toml").write_text(SETTINGS)

    return typist(capsys)


def test_a_detractor_has_one_case_until_they_were_told(typed):
    """Two records of one customer, the same answers in two files, a late one, a restart: one case.

    It cannot be closed before they were told; told, it counts in the rate, and its steps stand in
    the file of alerts once each.
    """
    answers("answers1", (1, 5, 1, 3), (2, 4, 2, 9))
    typed("run")
    answers("answers2", (1, 5, 1, 3), (3, 3, 3, 0), (4, 9, 1, 6))
    typed("run")
    typed("run")
    (waiting,) = typed("cases", "list")
    case = waiting["case"]

    refused = typed("cases", "close", case)
    typed("cases", "inform", case, "--message", "desk/comments/77")
    closed = typed("cases", "close", case)
    typed("run")

    assert len(typed("cases", "show", case)["answers"]) == 3
    assert "HUB-160" in refused
    assert (closed["state"], closed["message"]) == ("closed", "desk/comments/77")
    (rate,) = typed("metrics", "show", "closed_loop")
    assert (rate["series"], rate["value"], rate["n"]) == ("detractor", 100.0, 1)
    lines = [json.loads(line) for line in Path("alerts.jsonl").read_text().splitlines()]
    events = [line["event"] for line in lines]
    assert len(events) == len(set(events))
    assert [lines[0]["what"], *(line["what"] for line in lines[-2:])] == [
        "opened", "informed", "closed",
    ]  # fmt: skip
    assert "Nobody" not in Path("alerts.jsonl").read_text()
    assert typed("audit", "search", "--kind", "case.closed")
