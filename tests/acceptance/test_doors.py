"""The doors of reader, compliance officer and operator, as they are typed."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.cli.main import run

SETTINGS = """
[connections.shop]
connector = "csv"

[connections.shop.settings]
folder = "files"
output = "profiles"

[connections.shop.settings.streams.customers]
files = "customers.csv"
entity = "person"
key = ["id"]
columns = { given_name = "first", emails = ["email"], created_at = "joined" }
dates = ["day-first"]
timezone = "Australia/Sydney"

[[connections.shop.settings.streams.customers.consents]]
purpose = "marketing"
channel = "email"
column = "news"
values = { Y = "grant", N = "deny" }
asserted_at = "joined"
strength = "single"

[connections.shop.push.fields]
offers = { from = "who.name", purpose = "marketing" }
"""

CUSTOMERS = """id,first,email,joined,news
1,Ada,ada@example.org,03/02/2025,Y
2,=cmd(),bob@example.org,04/02/2025,N
3,Cleo,cleo@example.org,31/02/2025,Y
"""

Hub = Callable[..., tuple[int, str]]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Hub:
    """Types ``hub …`` in a folder with three customers, one with an impossible date."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "files").mkdir()
    (tmp_path / "files/customers.csv").write_text(CUSTOMERS)
    config = tmp_path / "hub.toml"
    config.write_text(SETTINGS)

    def typed(line: str) -> tuple[int, str]:
        code = run([*line.split(), "--config", str(config)])
        captured = capsys.readouterr()
        return code, captured.out if captured.out else captured.err

    assert typed("run")[0] == 3  # partial: the impossible date is in quarantine
    return typed


def document(hub: Hub, line: str) -> Any:
    code, out = hub(f"{line} --json")
    assert code == 0, out
    return json.loads(out)


def kinds(hub: Hub) -> list[str]:
    """Kinds of the audit log, oldest first."""
    return [event["kind"] for event in reversed(document(hub, "audit search"))]


def test_profiles_leave_as_files_and_the_log_knows_each(hub: Hub, tmp_path: Path) -> None:
    """JSON lines, machine CSV and a spreadsheet; every one is a signed event."""
    lines = hub("profiles export")[1].splitlines()
    hub(f"profiles export --format csv --output {tmp_path / 'p.csv'}")
    hub(f"profiles export --spreadsheet --output {tmp_path / 's.csv'}")

    machine = list(csv.DictReader(io.StringIO((tmp_path / "p.csv").read_text())))
    people = list(csv.DictReader(io.StringIO((tmp_path / "s.csv").read_text("utf-8-sig"))))
    assert [json.loads(line)["golden_id"] for line in lines] == [r["golden_id"] for r in machine]
    assert {r["who.given_name"] for r in machine} == {"Ada", "=cmd()"}
    assert {r["who.given_name"] for r in people} == {"Ada", "'=cmd()"}
    assert kinds(hub).count("export.profiles") == 3
    assert hub("audit verify")[0] == 0


def test_bi_reads_the_views_with_any_sqlite_client(hub: Hub, tmp_path: Path) -> None:
    """No hub code is needed to read them."""
    with sqlite3.connect(tmp_path / "var/hub.db") as client:
        names = client.execute("SELECT name, permissions FROM v1_profiles ORDER BY name").fetchall()
        said = client.execute("SELECT source_id, decision FROM v1_consent ORDER BY 1").fetchall()
    client.close()

    assert names == [("=cmd()", "marketing/email denied"), ("Ada", "marketing/email granted")]
    assert said == [("1", "grant"), ("2", "deny")]


def test_a_consent_letter_is_answered(hub: Hub) -> None:
    """What stands, because of what, with the proof as a file; the look itself is on record."""
    shown = document(hub, "consent show shop/customers/2")
    _, words = hub("consent show shop/customers/2")
    ledger = list(csv.DictReader(io.StringIO(hub("consent export")[1])))

    (standing,) = shown["standings"]
    marketing = next(p for p in shown["purposes"] if p["purpose"] == "marketing")
    assert not marketing["permitted"]
    assert (standing["state"], standing["because"]["record"]) == ("denied", "shop/customers/2")
    assert "marketing: NOT permitted, consent is denied (consent)" in words
    assert [row["decision"] for row in ledger if row["source_id"] == "2"] == ["deny"]
    assert document(hub, "consent conflicts") == []
    assert [kind for kind in kinds(hub) if not kind.startswith(("sync", "audit", "metrics"))][
        -3:
    ] == ["read.consent", "read.consent", "export.consent"]


def test_why_says_what_the_gate_would_decide_now(hub: Hub) -> None:
    """The same field for one who agreed and one who did not."""
    (ada,) = document(hub, "why shop/customers/1 offers shop")
    (bob,) = document(hub, "why shop/customers/2 offers shop/customers_profiles")
    _, words = hub("why shop/customers/2 who.name shop")

    assert ada["records"][0]["allowed"]
    assert ada["records"][0]["differs"]
    assert (bob["records"][0]["allowed"], bob["records"][0]["reason"]) == (
        False,
        "consent is denied",
    )
    assert bob["disclosed"] == []
    assert "record 2: withheld" in words
    assert "never sent there" in words


def test_why_tells_when_a_value_went_there(hub: Hub) -> None:
    """After a push the disclosure is named, and nothing more would be sent."""
    (plan,) = document(hub, "plan")
    assert hub(f"push --approve {plan['plan']}")[0] == 0

    (told,) = document(hub, "why shop/customers/1 offers shop")

    (sent,) = told["disclosed"]
    assert (sent["record"], sent["purpose"]) == ("shop/customers/1", "marketing/consent")
    assert not told["records"][0]["differs"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("why shop/customers/1 offrs shop", 'did you mean "offers"?'),
        ("why shop/customers/1 offers till", 'no connection "till"'),
        ("why shop/customers/9 offers shop", "no record shop/customers/9"),
        ("consent show 018f", "018f is no golden id"),
        ("quarantine show 4711", "no row 4711"),
        ("quarantine replay --connection till", 'no connection "till"'),
        ("metrics show npss", 'did you mean "nps"?'),
        ("runs --connection till", 'no connection "till"'),
    ],
)
def test_a_name_that_does_not_exist_is_one_clear_line(hub: Hub, line: str, said: str) -> None:
    """Misspelt is not the same as empty."""
    code, err = hub(line)

    assert code == 1
    assert err.startswith("error HUB-13")
    assert said in err
    assert err.count("\n") == 1


def test_a_quarantined_row_is_masked_until_it_is_revealed(hub: Hub) -> None:
    """Place and reason are for everybody, the values only for one who leaves a trace."""
    listed = document(hub, "quarantine list")
    (row,) = listed["rows"]
    hidden = hub(f"quarantine show {row['qid']}")[1]
    before = kinds(hub)

    revealed = document(hub, f"quarantine show {row['qid']} --reveal")

    assert listed["open"] == 1
    assert row["place"].startswith("customers.csv:4")
    assert "Cleo" not in hidden
    assert "cleo@" not in hidden
    assert "'first'" in hidden or '"first"' in hidden
    assert "Cleo" in json.dumps(revealed["content"])
    assert "read.quarantine" not in before
    assert kinds(hub)[-1] == "read.quarantine"


def test_replay_brings_the_row_in_after_the_mapping_was_corrected(hub: Hub, tmp_path: Path) -> None:
    """The admin gives up the date column; the row needs no second read of the file."""
    still = document(hub, "quarantine replay")
    config = tmp_path / "hub.toml"
    config.write_text(
        config.read_text()
        .replace(', created_at = "joined"', "")
        .replace('asserted_at = "joined"\n', "")
    )

    done = document(hub, "quarantine replay")

    assert [(s["replayed"], s["bad"]) for s in still["streams"]] == [(0, 1)]
    assert [(s["replayed"], s["bad"]) for s in done["streams"]] == [(1, 0)]
    assert document(hub, "quarantine list")["open"] == 0
    hub("run")
    assert len(hub("profiles export")[1].splitlines()) == 3
    assert [r["kind"] for r in document(hub, "runs")].count("replay") == 2


def test_status_names_the_next_useful_command(hub: Hub, tmp_path: Path) -> None:
    """From a row in quarantine over a waiting plan to nothing left to do."""
    first = document(hub, "status")
    (tmp_path / "files/customers.csv").write_text(CUSTOMERS.replace("31/02", "28/02"))
    hub("run")
    (plan,) = document(hub, "plan")

    second = document(hub, "status")

    (stream,) = first["streams"]
    assert (stream["connection"], stream["status"]) == ("shop", "succeeded")
    assert (stream["counts"]["stored"], stream["quarantined"]) == (2, 1)
    assert first["next"] == "hub quarantine list"
    assert second["next"] == f"hub push --approve {plan['plan']}"
    assert second["audit"]["waiting"] == 0
    assert "next: hub push --approve" in hub("status")[1]


def test_a_push_can_be_found_and_taken_back_later(hub: Hub) -> None:
    """Whoever closed the terminal finds the id among the runs, and undo takes exactly that."""
    (plan,) = document(hub, "plan")
    hub(f"push --approve {plan['plan']}")

    newest = document(hub, "runs --limit 1")
    words = hub("runs --limit 1")[1]
    undone = hub(f"push undo {plan['plan']}")[0]
    after = document(hub, "runs --limit 1")

    assert [(each["kind"], each["run"], each["status"]) for each in newest] == [
        ("push", plan["plan"], "sent")
    ]
    assert "push shop/customers_profiles: sent" in words
    assert f"hub push undo {plan['plan']}" in words
    assert (undone, after[0]["status"]) == (0, "undone")


def test_a_run_and_its_plan_fit_the_screen(hub: Hub) -> None:
    """Eighty columns, and the last line is the next useful command."""
    _, ran = hub("run --full")
    _, planned = hub("plan")
    _, listed = hub("quarantine list")

    assert [line for line in (ran + planned).splitlines() if len(line) > 80] == []
    assert ran.splitlines()[-1] == "next: hub plan"
    assert "in quarantine, 1 shown" in listed


def test_a_new_hub_is_told_to_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A connection that was never read is not a success."""
    (tmp_path / "files").mkdir()
    (tmp_path / "hub.toml").write_text(SETTINGS)

    run(["status", "--config", str(tmp_path / "hub.toml")])

    assert capsys.readouterr().out.splitlines()[0] == "shop: never read"


def test_metrics_are_listed_shown_and_described(hub: Hub) -> None:
    """Too few orders is said in words; the definition is one command away."""
    listed = {each["metric"]: each for each in document(hub, "metrics list")}
    described = document(hub, "metrics describe nps")
    code, words = hub("metrics show nps")
    _, defined = hub("metrics describe nps")

    assert listed["nps"]["definition"] == "nps@2"
    assert f"registry {described['registry']}" in defined
    assert "population:" in defined and "limits:" in defined and "owner: CX lead" in defined
    assert described["formula"].startswith("100 * (promoters - detractors) / n")
    assert code == 0
    assert "nps" in words.lower()


def test_the_schema_is_upgraded_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second upgrade changes nothing and says so."""
    (tmp_path / "hub.toml").write_text("")
    line = ["db", "upgrade", "--config", str(tmp_path / "hub.toml")]

    codes = [run(line), run(line)]

    first, second = capsys.readouterr().out.splitlines()
    assert codes == [0, 0]
    assert first.startswith("schema (empty) -> ")
    assert second.endswith("already")
