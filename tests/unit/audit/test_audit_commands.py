"""``hub audit`` as the compliance officer types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.app import load
from hub.audit.log import AuditEvent, record_many
from hub.cli.main import cli
from hub.cli.session import Session
from hub.core.clock import from_micros
from hub.core.errors import TamperEvident


@pytest.fixture
def hub_toml(tmp_path: Path) -> Path:
    """A hub with three events that are not sequenced yet."""
    path = tmp_path / "hub.toml"
    path.write_text('[hub]\nname = "Acme Retail"\ntime_zone = "Australia/Sydney"\n')
    store = load(path).open_store()
    start = 1_767_225_600_000_000
    events = [
        AuditEvent("consent.granted", "os:kim", from_micros(start), "p1", "shop", {"n": 1}),
        AuditEvent("consent.withdrawn", "os:kim", from_micros(start + 10**6), "p1", "shop"),
        AuditEvent("sync.page", "schedule:nightly", from_micros(start + 2 * 10**6), None, "desk"),
    ]
    with store.write() as connection:
        record_many(connection, events)
    store.close()
    return path


def run(hub_toml: Path, *arguments: str, as_json: bool = False) -> Result:
    return CliRunner().invoke(cli, ["audit", *arguments], obj=Session(hub_toml, json=as_json))


def document(hub_toml: Path, *arguments: str) -> Any:
    return json.loads(run(hub_toml, *arguments, as_json=True).stdout)


def test_head_shows_what_is_signed_and_what_waits(hub_toml: Path, tmp_path: Path) -> None:
    """Before a command has settled the log, its events wait; afterwards the note is printed."""
    before = document(hub_toml, "head")
    run(hub_toml, "export", str(tmp_path / "log"))

    after = document(hub_toml, "head")

    assert before["size"] == 0
    assert before["waiting"] == 3
    assert before["checkpoint"] is None
    assert after["size"] == 5  # with the key's creation and the export
    assert after["checkpoint"].startswith("cxhub/acme-retail\n5\n")


def test_search_prints_what_fits(hub_toml: Path) -> None:
    """A kind, a person and a time in the business's zone narrow the list."""
    everything = run(hub_toml, "search")
    some = document(
        hub_toml, "search", "--kind", "consent.*", "--subject", "p1",
        "--since", "2026-01-01T11:00:01", "--until", "2026-01-02",
    )  # fmt: skip

    assert len(everything.stdout.splitlines()) == 3
    assert [each["kind"] for each in some] == ["consent.withdrawn"]


@pytest.mark.parametrize("time", ["yesterday", "2026-13-01"])
def test_a_time_that_is_none_is_a_usage_error(hub_toml: Path, time: str) -> None:
    """The message quotes what was typed."""
    result = run(hub_toml, "search", "--since", time)

    assert result.exit_code == 2
    assert time in result.stderr


def test_an_export_verifies_with_the_file_beside_it(hub_toml: Path, tmp_path: Path) -> None:
    """The printed command is the one that works, in an empty environment."""
    result = run(hub_toml, "export", str(tmp_path / "log.zip"))
    command = result.stdout.strip().partition("Verify with: python ")[2].split()

    verified = subprocess.run(
        [sys.executable, "-I", "-S", *command], env={}, capture_output=True, text=True, check=False
    )

    assert result.exit_code == 0, result.output
    assert verified.returncode == 0, verified.stdout


def test_an_export_is_an_event_itself(hub_toml: Path, tmp_path: Path) -> None:
    """Who took the log out of the hub stands in the log."""
    run(hub_toml, "export", str(tmp_path / "p1"), "--subject", "p1")

    (found,) = document(hub_toml, "search", "--kind", "audit.exported")

    assert found["subject"] == "p1"
    assert found["actor"].startswith("os:")
    assert found["index"] == 4


def test_verify_says_what_it_checked_and_fails_on_a_tampered_log(
    hub_toml: Path, tmp_path: Path
) -> None:
    """Exit code and message of the in-place verification."""
    run(hub_toml, "export", str(tmp_path / "log"))
    good = run(hub_toml, "verify")
    store = load(hub_toml).open_store()
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE audit_leaves SET body = 'x' WHERE idx = 2")
    store.close()

    bad = run(hub_toml, "verify")

    assert good.exit_code == 0
    assert good.stdout.endswith("the log is intact\n")
    assert isinstance(bad.exception, TamperEvident)
    assert "entry 2 " in str(bad.exception)


def test_verify_and_export_take_the_officers_checkpoint(hub_toml: Path, tmp_path: Path) -> None:
    """The checkpoint that head printed is what a later verification compares with."""
    run(hub_toml, "export", str(tmp_path / "first"))
    kept = tmp_path / "kept"
    kept.write_text(document(hub_toml, "head")["checkpoint"])
    run(hub_toml, "rotate-key")

    exported = run(
        hub_toml, "export", str(tmp_path / "p1"), "--subject", "p1", "--checkpoint", str(kept)
    )
    verified = run(hub_toml, "verify", "--checkpoint", str(kept))

    manifest = json.loads((tmp_path / "p1/manifest.json").read_text())
    assert exported.exit_code == 0
    assert manifest["earlier_size"] == 5
    assert "continues your checkpoint of 5 entries" in verified.stdout


def test_a_file_without_a_checkpoint_is_a_usage_error(hub_toml: Path) -> None:
    """The wrong file given by mistake is not called tampering."""
    result = run(hub_toml, "verify", "--checkpoint", str(hub_toml))

    assert result.exit_code == 2
    assert "holds no checkpoint" in result.stderr
