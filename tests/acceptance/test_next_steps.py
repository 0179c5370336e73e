"""What a person is told who took a wrong turn, or whose run ended without a word."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from hub.app import load
from hub.cli.main import run
from hub.core.errors import Stopping
from hub.pipeline import Progress
from hub.pipeline import run as pipeline
from hub.store import leases, schema

SETTINGS = """
[connections.shop]
connector = "csv"

[connections.shop.settings]
folder = "."
output = "profiles"

[connections.shop.settings.streams.customers]
files = "customers.csv"
entity = "person"
key = ["id"]
columns = { given_name = "first", emails = ["email"], created_at = "joined" }

[[connections.shop.settings.streams.customers.consents]]
purpose = "marketing"
channel = "email"
column = "news"
values = { Y = "grant", N = "deny" }
asserted_at = "joined"
strength = "single"
"""
CUSTOMERS = """id,first,email,joined,news
1,Ada,ada@example.org,2025-02-03,Y
2,Bob,bob@example.org,2025-02-04,N
"""

Hub = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub that has read two customers, one after the other permission."""
    folder = tmp_path_factory.mktemp("steps")
    (folder / "customers.csv").write_text(CUSTOMERS)
    path = folder / "hub.toml"
    path.write_text(SETTINGS)
    assert run(["run", "--config", str(path)]) == 0
    return path


@pytest.fixture
def hub(config: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Iterator[Hub]:
    """Types ``hub …``: exit code, what was printed, and what was remarked."""

    def typed(line: str) -> tuple[int, str, str]:
        capsysbinary.readouterr()
        code = run([*line.split(), "--config", str(config)])
        captured = capsysbinary.readouterr()
        return code, captured.out.decode(), captured.err.decode()

    yield typed


def test_an_export_as_json_is_one_document(hub: Hub) -> None:
    """``--json`` is for programs: they read the whole of it, whatever form a file would have."""
    code, out, _ = hub("consent export --json")

    events = json.loads(out)
    assert code == 0
    assert [event["decision"] for event in events] == ["grant", "deny"]


def test_an_export_of_nothing_as_json_is_an_empty_document(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """No row, no comma."""
    (tmp_path / "hub.toml").write_text(SETTINGS)

    code = run(["consent", "export", "--json", "--config", str(tmp_path / "hub.toml")])

    assert (code, json.loads(capfdbinary.readouterr().out)) == (0, [])


def test_an_unknown_push_is_answered_with_the_latest_ones(hub: Hub) -> None:
    """Nobody remembers the id of a run."""
    nothing = hub("push undo 123")
    plan = json.loads(hub("plan --json")[1])[0]["plan"]
    assert hub(f"push --approve {plan}")[0] == 0

    code, _, told = hub("push undo 123")

    assert nothing[2] == (
        "error HUB-130: there is no push 123: nothing was pushed yet. Start with: hub plan\n"
    )
    assert code == 1
    assert f"there is no push 123. The latest: {plan} (shop/" in told
    assert hub(f"push undo {plan}")[0] == 0


def test_a_killed_run_is_listed(hub: Hub, config: Path) -> None:
    """With what it means, and what to do."""
    with closing(load(config).open_store()) as store, store.write() as connection:
        connection.execute(
            update(schema.runs).values(status="running", ended_at=None, counts=b"{}")
        )

    listed, document = hub("runs")[1], json.loads(hub("runs --json")[1])
    status = hub("status")[1]

    assert "sync shop/customers: interrupted by os:" in listed
    assert "ended without a word: it was killed" in listed
    assert "the next run goes on" in document[-1]["error"]
    assert document[-1]["status"] == "interrupted"
    assert "shop/customers: interrupted" in status
    assert "next: hub run" in status


def test_a_run_that_waits_for_another_ones_stages_ends_on_request(config: Path) -> None:
    """The other one may take minutes; Ctrl-C takes a moment."""
    app = load(config)

    def leave() -> None:
        raise Stopping("stopped on request")

    with app.open_hub("test") as opened:
        leases.acquire(opened.store, "stages", "elsewhere:1")
        with pytest.raises(Stopping):
            pipeline(opened, [], actor="test", progress=Progress(leave=leave))
