"""Cost to serve, as it is typed: absent until the business says what a contact costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.help_desk import CUSTOMERS as CUSTOMERS_SAY
from tests.acceptance.help_desk import typist

OWN = """
[metrics]
min_n = 1
"""
TICKETS = """
[connections.desk.settings.streams.tickets]
files = "tickets.csv"
entity = "ticket"
key = ["no"]
timezone = "UTC"
columns = { at = "at", party = "who", subject = "subject", channel = "channel" }
"""
SETTINGS = OWN + CUSTOMERS_SAY + TICKETS
COSTS = """
[metrics.cost_to_serve]
currency = "AUD"
per_contact = { phone = 7.5 }
"""


def test_no_cost_is_invented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the section: absent, with the key to set. With it: value, n and a file that verifies.

    A chat, whose cost nobody has said, is counted apart.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "files").mkdir()
    people = ["id,name,email", *(f"{n},P{n},p{n}@example.org" for n in range(3))]
    at = (datetime.now(UTC).replace(day=1) - timedelta(days=3)).isoformat()
    tickets = ["no,at,who,subject,channel", f"1,{at},0,Late,phone", f"2,{at},1,Late,chat"]
    (tmp_path / "files/customers.csv").write_text("\n".join([*people, ""]))
    (tmp_path / "files/tickets.csv").write_text("\n".join([*tickets, ""]))

    typed = typist(capsys)
    (tmp_path / "hub.toml").write_text(SETTINGS)
    typed("run")
    (without,) = typed("metrics", "show", "cost_to_serve")
    (tmp_path / "hub.toml").write_text(SETTINGS + COSTS)
    typed("run")
    (value,) = typed("metrics", "show", "cost_to_serve")
    typed("metrics", "export", value["snapshot_id"], "--lineage", "cost.json")
    verified = typed("metrics", "verify", "cost.json")

    assert (without["value"], without["status"]) == (None, "absent")
    assert "[metrics.cost_to_serve]" in without["detail"]["why"]
    assert (value["value"], value["n"]) == (375.0, 2)
    assert value["detail"]["contacts_without_a_cost"] == {"chat": 1}
    assert verified
