"""Two months of a metric: a difference, or none that the data can show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.cli.main import run
from hub.core.errors import EXIT_OK

SETTINGS = """
[metrics]
min_n = 1

[connections.billing]
connector = "csv"

[connections.billing.settings]
folder = "files"

[connections.billing.settings.streams.contracts]
files = "contracts.csv"
entity = "subscription"
key = ["no"]
timezone = "Australia/Sydney"
columns = { started_at = "begin", ended_at = "end", party = "who" }
"""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """200 customers since January 2025; one leaves in February, forty in March, two in April."""
    ends = ["2025-02-09"] + ["2025-03-10"] * 40 + ["2025-04-10"] * 2 + [""] * 157
    rows = [f"{n},2025-01-05,{end},{n}" for n, end in enumerate(ends)]
    (tmp_path / "files").mkdir()
    (tmp_path / "files/contracts.csv").write_text("\n".join(["no,begin,end,who", *rows]) + "\n")
    (tmp_path / "hub.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hub.metrics.contract.MONTHS", 240)  # whatever year it is
    assert run(["run"]) == EXIT_OK


@pytest.mark.parametrize(
    ("after", "value", "significant"),
    [("2025-03", 100 * (40 / 199 - 1 / 200), True), ("2025-04", 100 * (2 / 159 - 1 / 200), False)],
)
def test_a_difference_is_told_with_its_significance(hub, capsys, after, value, significant):
    """Forty of 199 after one of 200 is a difference; two of 159 is none."""
    capsys.readouterr()

    code = run(["--json", "metrics", "compare", "churn_contract", "2025-02", after])

    told = json.loads(capsys.readouterr().out)
    assert code == EXIT_OK
    assert told["value"] == pytest.approx(value)
    assert told["significant"] is significant


def test_a_series_that_does_not_stand_is_named(hub, capsys):
    """The message lists those that do."""
    code = run(["metrics", "compare", "churn_contract", "2025-02", "march"])

    told = capsys.readouterr().err
    assert code != EXIT_OK
    assert 'no value for "march"' in told
    assert "2025-03" in told
