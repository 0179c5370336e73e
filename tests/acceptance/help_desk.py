"""A help desk in files: what hub.toml says of its customers, and of their answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.cli.main import run

CUSTOMERS = """
[connections.desk]
connector = "csv"
settings.folder = "files"

[connections.desk.settings.streams.customers]
files = "customers.csv"
entity = "person"
key = ["id"]
columns = { full_name = "name", emails = ["email"] }
"""

ANSWERS = """
[connections.desk.settings.streams.answers]
files = "answers*.csv"
entity = "feedback"
key = ["no"]
timezone = "UTC"
constants = { instrument = "nps", scale_min = "0", scale_max = "10" }
columns = { at = "at", party = "who", score = "score", comment = "why" }
"""


def answers(name: str, *rows: tuple[int, int, int, int]) -> None:
    """A file of answers: number, hours ago, customer, score."""
    now = datetime.now(UTC)
    lines = [
        f"{no},{(now - timedelta(hours=hours)).isoformat()},{who},{score},Nobody called back"
        for no, hours, who, score in rows
    ]
    Path(f"files/{name}.csv").write_text("\n".join(["no,at,who,score,why", *lines, ""]))


def typist(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Types ``hub … --json`` in the present folder: the document, or what a refusal says."""

    def type_(*words: str) -> Any:
        run([*words, "--json"])
        captured = capsys.readouterr()
        return json.loads(captured.out) if captured.out else captured.err

    return type_
