"""``hub segments``: what staff read, what leaves, and the trace of both."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.app import load
from hub.audit.log import AuditEvent
from hub.cli.main import run
from hub.core.clock import ManualClock
from hub.core.ids import IdSource
from hub.store import bulk
from hub.store.keys import Keys
from hub.store.schema import audit_leaves, consent_events, golden_records, streams
from tests.unit.metrics.conftest import TODAY
from tests.unit.segments.crowd import Crowd, dynamic, written

EMAIL = "ada@example.org"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four customers: two who bought twice, one of whom agreed to offers by e-mail."""
    toml = tmp_path_factory.mktemp("segments") / "hub.toml"
    toml.write_text('[hub]\ndata_dir = "."\ntime_zone = "UTC"\n')
    clock = ManualClock(TODAY)
    store = load(toml, clock=clock).open_store()
    crowd = Crowd(store, clock, IdSource.seeded(clock, seed=1))
    for rid in range(1, 5):
        crowd.person(rid)
    crowd.buys(1, 2)
    crowd.buys(2, 3)
    crowd.look()
    clock.sleep(9 * 86_400)
    known_as(crowd)
    crowd.buys(3, 1, ago=-9)
    crowd.look()
    agreed(crowd, Keys.load(load(toml).keys_dir))
    store.close()
    return toml


def known_as(crowd: Crowd) -> None:
    kept = {"value": EMAIL, "source": "shop/customers/1", "at": "2025-12-01T00:00:00Z"}
    body = json.dumps({"fields": {"email": kept}, "members": ["shop/customers/1"]}).encode()
    columns = ("golden_id", "entity", "version", "body", "digest", "updated_at")
    with crowd.store.write() as connection:
        row = ("g1", "person", 2, body, b"", 0)
        bulk.upsert(connection, golden_records, columns, [row], key=("golden_id",))
        names = ("stream_id", "connection", "stream", "entity")
        bulk.insert(connection, streams, names, [(1, "shop", "customers", "person")])
    crowd.mark("metrics", "g1")


def agreed(crowd: Crowd, keys: Keys) -> None:
    event = {
        "event_id": "e1", "rid": 1, "point": keys.point("email", EMAIL), "purpose": "marketing",
        "channel": "email", "brand": "", "decision": "grant", "strength": "single",
        "given_by": "self", "asserted_at": 1, "asserted_as": "source", "observed_at": 1,
        "origin": "source_sync",
    }  # fmt: skip
    with crowd.store.write() as connection:
        bulk.insert(connection, consent_events, tuple(event), [tuple(event.values())])


@pytest.fixture
def asked(hub: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs a command; returns its JSON, or its text."""

    def ask(*arguments: str, text: bool = False, code: int = 0) -> Any:
        form = [] if text else ["--json"]
        ended = run(["segments", *arguments, *form, "--config", str(hub)])
        printed = capsys.readouterr()
        assert ended == code, printed.err
        return printed.err if code else printed.out if text else json.loads(printed.out)

    return ask


def events(hub: Path) -> list[AuditEvent]:
    store = load(hub).open_store()
    with store.read() as connection:
        bodies = connection.execute(select(audit_leaves.c.body)).scalars().all()
    store.close()
    return [AuditEvent.parse(body) for body in bodies]


def test_the_list_tells_sizes_shares_and_changes(asked):
    """As of nine days in: one lead became a new customer since a week before."""
    rows = {row["id"]: row for row in asked("list", "--as-of", "2026-01-10T00:00:00Z")["segments"]}

    assert (rows["lead"]["members"], rows["lead"]["change"]) == (1, -1)
    assert (rows["new"]["members"], rows["new"]["change"]) == (1, 1)
    assert rows["active"]["members"] == 2
    assert "active" in asked("list", text=True)


def test_a_segment_is_told_with_its_rule_and_owner(asked):
    """And only with --members who is in it, which the audit log then knows."""
    text, found = asked("show", "advocates", text=True), asked("show", "active", "--members")

    assert "advocates@1  Advocates (event); Marketing answers for it" in text
    assert "rule: voice.nps >= 9 && value.orders >= 2" in text
    assert "event: review, within 730 days" in text
    assert found["members"] == ["g1", "g2"]


def test_a_look_at_the_past_tells_the_past(asked):
    """Before its first order, the third customer was a lead."""
    assert asked("show", "lead", "--members", "--as-of", "2026-01-02")["members"] == ["g3", "g4"]
    assert asked("show", "lead", "--members")["members"] == ["g4"]


def test_a_preview_says_how_many_and_why_and_stores_nothing(asked, tmp_path, hub):
    """The values that the rule looked at, for the first few; no row is written."""
    written(tmp_path, dynamic("thrice", "value.orders >= 3"))

    found = asked("preview", str(tmp_path / "own.toml"))["segments"]

    assert found == [
        {
            "id": "thrice", "members": 1, "share": 0.25,
            "known_by_nobody": [],
            "examples": [{"golden_id": "g2", "reason": "value.orders 3"}],
        }
    ]  # fmt: skip
    assert "thrice" not in asked("list", text=True)


def test_a_preview_names_the_entries_that_are_nobodys(asked, tmp_path):
    """A list with a misspelt entry does not quietly lose somebody."""
    static = "kind = 'static'\nmembers = ['shop/customers/1', 'shop/customers/77']"
    written(tmp_path, f"id = 'vip'\nversion = 1\ntitle = 'V'\nowner = 'Kim'\n{static}")

    found = asked("preview", str(tmp_path / "own.toml"))["segments"][0]

    assert found["examples"] == [{"golden_id": "g1", "reason": "listed as shop/customers/1"}]
    assert found["known_by_nobody"] == ["shop/customers/77"]


def test_the_history_of_a_customer(asked):
    """From lead to new customer, with both instants."""
    spells = asked("history", "g3")["spells"]

    lifecycle = [(s["segment"], s["until"]) for s in spells if s["segment"] in ("lead", "new")]
    assert lifecycle == [("lead", "2026-01-10T00:00:00+00:00"), ("new", None)]
    assert "1 time in a segment" in asked("history", "g4", text=True)


def test_an_export_has_those_who_agreed_and_leaves_its_trace(asked, hub, tmp_path):
    """One row, its digest, an event for the file and one for the person."""
    target = tmp_path / "out.csv"

    done = asked("export", "active", "--purpose", "marketing", "--channel", "email",
                 "--to", str(target))  # fmt: skip

    rows = list(csv.DictReader(target.read_text().splitlines()))
    assert [row["email"] for row in rows] == [EMAIL]
    assert (done["members"], done["rows"]) == (2, 1)
    assert done["withheld"] == {"no email on record": 1}
    told = {event.kind: event for event in events(hub)}
    assert told["export.audience"].what["sha256"] == done["sha256"]
    assert told["export.audience"].what["withheld"] == 1
    assert told["release.audience"].what["segment"] == "active"
    assert told["release.audience"].subject not in (None, "g1")
    assert EMAIL not in str([event.entry() for event in events(hub)])


def test_a_dry_run_counts_and_writes_nothing(asked, hub, tmp_path):
    """The same numbers, no file and no event."""
    before = len(events(hub))

    done = asked("export", "active", "--purpose", "marketing", "--channel", "email", "--dry-run",
                 "--to", str(tmp_path / "none.csv"))  # fmt: skip

    assert (done["rows"], done["file"]) == (1, None)
    assert not (tmp_path / "none.csv").exists()
    assert len(events(hub)) == before


@pytest.mark.parametrize(
    ("line", "message", "code"),
    [
        ("show advocate", 'did you mean "advocates"', 1),
        ("history nobody", "no golden id of this hub", 1),
        ("export active --purpose marketing --channel email", "say where to", 2),
        ("export active --purpose news --channel email --dry-run", "no 'news'", 2),
    ],
)
def test_a_wrong_question_is_answered_with_the_next_step(asked, line, message, code):
    """No traceback, and what to do."""
    assert message in asked(*line.split(), text=True, code=code)


def test_the_check_of_the_settings_reads_the_segments(tmp_path, capsys):
    """A mistake in a rule is told with file, line and column before anything runs."""
    (tmp_path / "hub.toml").write_text('[hub]\ndata_dir = "."\n[segments]\nfiles = "own.toml"\n')
    (tmp_path / "own.toml").write_text(f"[[segments]]\n{dynamic('a', 'value.order > 1')}")

    ended = run(["check", "--config", str(tmp_path / "hub.toml")])

    assert ended == 2
    assert 'own.toml:6:9: segments[0].rule: no field "value.order"' in capsys.readouterr().err


def test_fields_are_listed_with_type_and_meaning(asked):
    """What a rule may name."""
    assert asked("fields")["voice.nps"] == {"type": "number", "meaning": "Last answer, 0-10."}
