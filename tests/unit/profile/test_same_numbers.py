"""The profile and ``hub risk`` tell the same numbers: one score, one day, one band."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from hub.app import load
from hub.cli.main import run
from hub.core.records import AnyRecord, Feedback, Interaction, PartyRef, Subscription, Ticket
from hub.store import dirty
from hub.store.schema import profiles
from hub.voc.own_scorer import terms
from tests.unit.journeys.histories import History
from tests.unit.profile.stages import look

TODAY = datetime.combine(datetime.now(UTC).date(), time(), UTC)


def ago(days: float) -> datetime:
    return TODAY - timedelta(days=days)


PASTS: dict[str, list[AnyRecord]] = {
    "stuck": [
        Ticket(at=ago(20), channel="email", subject="Invoice twice", assignee_stations=3),
        Feedback(at=ago(9), instrument="nps", score=2, scale_min=0, scale_max=10),
        *(Interaction(at=ago(each), kind="login") for each in range(30, 130, 10)),
    ],
    "well": [
        Feedback(at=ago(4), instrument="nps", score=10, scale_min=0, scale_max=10),
        *(Interaction(at=ago(each), kind="login") for each in range(1, 60, 10)),
    ],
    "gone": [
        Subscription(
            party=PartyRef(id="1"), started_at=ago(200), ended_at=ago(30), end_reason="cancelled"
        )
    ],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub with three customers whose profiles were composed today."""
    (tmp_path / "hub.toml").write_text('[hub]\ndata_dir = "."\ntime_zone = "UTC"\n')
    app = load(tmp_path / "hub.toml")
    store = app.open_store()
    history = History(store)
    for golden_id, records in PASTS.items():
        history.person(golden_id, golden={})
        for number, record in enumerate(records):
            history.add(golden_id, f"desk/{record.entity_name}/{golden_id}-{number}", record)
    with store.write() as connection:
        dirty.mark(connection, "profile", PASTS, cause="test", seq=1)
    look(store, terms=terms(tmp_path, app.settings))
    store.close()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_and_the_profile_agree(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Points, band, coverage and reasons of everybody; who has left is in no list of risks."""

    def asked(*words: str) -> Any:
        assert run([*words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    with load(folder / "hub.toml").database().read() as connection:
        rows = connection.execute(select(profiles.c.golden_id, profiles.c.body))
        risks = {row.golden_id: orjson.loads(row.body)["risk"] for row in rows}

    listed = {each["golden_id"]: each for each in asked("risk", "list")["customers"]}
    for golden_id, risk in risks.items():
        shown = asked("risk", "show", golden_id)
        assert risk["points"]["value"] == shown["points"]
        assert risk["band"]["value"] == shown["band"]
        assert risk["coverage"]["value"] == shown["coverage"]
        assert risk["health"]["value"] == shown["health"]["points"]
        assert risk["health_colour"]["value"] == shown["health"]["colour"]
        assert risk["reasons"]["value"] == [reason["text"] for reason in shown["reasons"]]
        assert [each["records"] for each in risk["reasons"]["evidence"]] == [
            reason["evidence"] for reason in shown["reasons"]
        ]
    assert risks["gone"]["band"]["value"] == "left"
    assert listed.keys() == {"stuck"}
    assert listed["stuck"]["band"] == risks["stuck"]["band"]["value"]
    assert listed["stuck"]["points"] == risks["stuck"]["points"]["value"]
