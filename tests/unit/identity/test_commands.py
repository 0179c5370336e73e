"""The commands about customers, on a hub with a few of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from hub.app import load
from hub.audit.log import AuditEvent
from hub.cli.main import run
from hub.store.schema import audit_leaves

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.identity.conftest import Bench, BenchOn, PersonMaker

Hub = tuple["Path", "Bench"]


@pytest.fixture
def hub(tmp_path: Path, bench_on: BenchOn, person: PersonMaker) -> Hub:
    """hub.toml, and its store with Anna in two records and Mark in one."""
    toml = tmp_path / "hub.toml"
    toml.write_text('[hub]\ndata_dir = "."\n')
    store = load(toml).open_store()
    bench = bench_on(store)
    bench.put(
        a=person("Anna", "Bell", email="anna@example.com"),
        b=person("Anna", "Bell", email="anna@example.com"),
        m=person("Mark", "Bell", email="mark@example.com"),
    )
    bench.resolve()
    bench.build()
    return toml, bench


@pytest.fixture
def ask(hub: Hub, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs a command that must succeed, and returns its JSON."""

    def answer(*arguments: str) -> Any:
        code = run([*arguments, "--json", "--config", str(hub[0])])
        printed = capsys.readouterr()
        assert code == 0, printed.err
        return json.loads(printed.out)

    return answer


def test_find_names_the_customer_and_counts_records(hub: Hub, ask: Callable[..., Any]) -> None:
    """One line per customer, however many records they have."""
    found = ask("profiles", "find", "anna@example.com")

    assert found == [{"golden_id": hub[1].golden_ids()["a"], "name": "Anna Bell", "records": 2}]


def test_nobody_found_is_a_failure(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    """A script can tell by the exit code that no customer carries the value."""
    assert run(["profiles", "find", "eva@example.com", "--config", str(hub[0])]) == 1
    assert "no customer" in capsys.readouterr().err


def test_show_gives_the_golden_record(hub: Hub, ask: Callable[..., Any]) -> None:
    """Every field with its provenance."""
    shown = ask("profiles", "show", hub[1].golden_ids()["m"])

    assert shown["fields"]["email"]["value"] == "mark@example.com"
    assert shown["members"] == ["crm/contacts/m"]


def test_history_starts_with_the_creation(hub: Hub, ask: Callable[..., Any]) -> None:
    """What happened to an id, and what was believed of it."""
    entries = ask("profiles", "history", hub[1].golden_ids()["m"])

    assert [entry["event"] for entry in entries] == ["created", "version"]


def test_explain_answers_for_two_records(hub: Hub, ask: Callable[..., Any]) -> None:
    """The same command that explains error codes explains people."""
    assert ask("explain", "crm/contacts/a", "crm/contacts/b")["same"] is True
    assert ask("explain", "crm/contacts/a", "crm/contacts/m")["same"] is False


def test_looking_at_a_customer_is_logged(hub: Hub, ask: Callable[..., Any]) -> None:
    """Reads of personal data by people are events: who saw whom, and how."""
    golden_id = hub[1].golden_ids()["m"]
    ask("profiles", "show", golden_id)
    ask("explain", golden_id)

    with hub[1].store.read() as connection:
        query = select(audit_leaves.c.body).where(audit_leaves.c.kind == "profile.read")
        bodies = connection.execute(query).scalars().all()
    events = [AuditEvent.parse(bytes(body)) for body in bodies]
    assert {(e.subject, e.what["how"]) for e in events} == {
        (golden_id, "show"),
        (golden_id, "explain"),
    }


def test_undo_and_resolve_part_what_was_merged(
    hub: Hub, ask: Callable[..., Any], person: PersonMaker
) -> None:
    """The two commands that take a wrong merge back."""
    _, bench = hub
    lost = bench.golden_ids()["m"]
    bench.put(m=person("Anna", "Bell", email="anna@example.com"))
    ask("identity", "resolve", "--new-epoch")

    decided = ask("identity", "undo", lost, "--reason", "two people")
    report = ask("identity", "resolve")

    assert len(decided["decisions"]) == 2
    assert report["events"] == {"undone": 1}
    assert bench.golden_ids()["m"] == lost


def test_evaluate_scores_against_a_file(hub: Hub, ask: Callable[..., Any], tmp_path: Path) -> None:
    """Labelled records in, precision and recall out."""
    truth = tmp_path / "truth.csv"
    truth.write_text("record,person\ncrm/contacts/a,1\ncrm/contacts/b,1\ncrm/contacts/m,2\n")

    scores = ask("identity", "evaluate", str(truth))

    assert (scores["precision"], scores["recall"], scores["records"]) == (1.0, 1.0, 3)


@pytest.mark.parametrize("verb", ["show", "history"])
def test_a_customer_is_named_by_any_of_their_records(
    hub: Hub, ask: Callable[..., Any], verb: str
) -> None:
    """Staff read a record's id off their own screen; nobody has golden ids by heart."""
    bench = hub[1]
    by_golden_id = ask("profiles", verb, bench.golden_ids()["a"])

    (record, *_) = ask("profiles", "show", bench.golden_ids()["a"])["members"]

    assert ask("profiles", verb, record) == by_golden_id
