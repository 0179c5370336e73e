"""One withdrawal in one csv: from the file to HubSpot's own status, with every stage between."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.hubspot.emulator import TOKEN, HubSpotEmulator, create
from hub import pipeline
from hub.app import load
from hub.cli.main import run
from hub.cli.receiving import tell_others
from hub.core.clock import ManualClock
from hub.emulation.server import serve

EMAIL, OTHER = "ada.byron@example.com", "charles.b@example.com"
CUSTOMERS = "id,email,first,last,phone,offers,decided\n"
HUB_TOML = """
[hub]
data_dir = "./var"

[connections.crm]
connector = "hubspot"
mode = "{mode}"
[connections.crm.settings]
base_url = "{url}"
token = "${{env:WITHDRAWAL_TOKEN}}"

[connections.till]
connector = "csv"
[connections.till.settings]
folder = "."
[connections.till.settings.streams.customers]
files = "customers.csv"
entity = "person"
key = ["id"]
columns = {{ emails = "email", given_name = "first", family_name = "last", phones = "phone" }}
[[connections.till.settings.streams.customers.consents]]
purpose = "marketing"
channel = "email"
column = "offers"
asserted_at = "decided"
values = {{ yes = "grant", no = "withdraw" }}
"""


@pytest.fixture
def account() -> Iterator[tuple[HubSpotEmulator, str]]:
    """A HubSpot account with two contacts who subscribed a month ago, served."""
    now = datetime.now(UTC)
    clock = ManualClock(now - timedelta(days=30))
    emulator = create(clock=clock, plan="unmetered")
    for email, first, last in ((EMAIL, "Ada", "Byron"), (OTHER, "Charles", "Babbage")):
        person = {"email": email, "firstname": first, "lastname": last, "phone": "0412345678"}
        emulator.mutate({"op": "create", "object": "contacts", "properties": person})
        subscribed = {"op": "consent", "email": email, "state": "SUBSCRIBED", "subscription": 101}
        emulator.mutate(subscribed)
    clock.sleep((now - clock.now()).total_seconds())
    with serve(emulator) as url:
        yield emulator, url


@pytest.fixture
def folder(tmp_path, account, monkeypatch) -> Path:
    """A folder with a hub.toml that knows the account and a till's export."""
    monkeypatch.setenv("WITHDRAWAL_TOKEN", TOKEN)
    (tmp_path / "hub.toml").write_text(HUB_TOML.format(url=account[1], mode="sync"))
    customer(tmp_path, "yes", days_ago=60)
    return tmp_path


def customer(folder: Path, offers: str, days_ago: int) -> None:
    """The till's export: one customer, and what they said to offers by e-mail."""
    decided = (datetime.now(UTC) - timedelta(days=days_ago)).isoformat(timespec="seconds")
    row = f"7,{EMAIL},Ada,Byron,0412345678,{offers},{decided}\n"
    (folder / "customers.csv").write_text(CUSTOMERS + row)


def hub(folder: Path, *arguments: str) -> int:
    """The exit code of one command."""
    return run([*arguments, "--config", str(folder / "hub.toml")])


def state(account: tuple[HubSpotEmulator, str], email: str) -> str:
    """What HubSpot holds."""
    return account[0].account.subscriptions.status(email, 101).state


def approve(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Look, then approve, as an admin does."""
    capsys.readouterr()
    assert hub(folder, "plan", "crm", "--json") == 0
    [plan] = json.loads(capsys.readouterr().out)
    assert hub(folder, "push", "--approve", plan["plan"]) == 0


def said(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What one command prints."""
    capsys.readouterr()
    assert hub(folder, *arguments) == 0
    return capsys.readouterr().out


@pytest.mark.slow
def test_a_withdrawal_in_a_file_ends_in_hubspots_own_status(folder, account, capsys):
    """Waiting while nothing was approved; then written, told by every command; then at rest."""
    assert hub(folder, "run") == 0
    customer(folder, "no", days_ago=1)

    observed = json.loads(said(folder, capsys, "run", "--json"))
    waiting = json.loads(said(folder, capsys, "status", "--json"))
    before = state(account, EMAIL)
    approve(folder, capsys)
    approved = capsys.readouterr().out
    effects = len(account[0].effects)
    after = [json.loads(said(folder, capsys, "run", "--json")) for _ in range(2)]

    assert (observed["withdrawn"], before) == ({"crm": {"waiting": 1}}, "SUBSCRIBED")
    assert waiting["withdrawals"] == [{"connection": "crm", "pending": 1, "reasons": []}]
    assert "crm/withdrawals: 1 done" in approved
    assert (state(account, EMAIL), state(account, OTHER)) == ("UNSUBSCRIBED", "SUBSCRIBED")
    assert [report["withdrawn"] for report in after] == [{}, {}]
    assert len(account[0].effects) == effects


@pytest.mark.slow
def test_a_scheduled_run_of_the_till_tells_hubspot_at_once(folder, account, capsys):
    """Hub serve reads one connection; the refusal goes out to the others in the same minute."""
    assert hub(folder, "run") == 0
    approve(folder, capsys)
    customer(folder, "no", days_ago=1)
    app = load(folder / "hub.toml")
    turns = {name: threading.Lock() for name in app.settings.connections}

    with app.open_hub("test") as opened:
        with app.lanes(["till"]) as lanes:
            pipeline.run(opened, lanes, actor="test")
        assert state(account, EMAIL) == "SUBSCRIBED"
        with turns["crm"]:
            tell_others(app, opened, "till", turns, _at_once)  # crm is at work by itself
        assert state(account, EMAIL) == "SUBSCRIBED"
        tell_others(app, opened, "till", turns, _at_once)

    assert state(account, EMAIL) == "UNSUBSCRIBED"


def _at_once(seconds: float, reason: str) -> None:
    """No vendor is waited for."""


@pytest.mark.slow
def test_hub_plan_shows_what_waits_for_a_system_that_only_observes(folder, account, capsys):
    """A number, and what lets it go; HubSpot is told nothing."""
    (folder / "hub.toml").write_text(HUB_TOML.format(url=account[1], mode="observe"))
    customer(folder, "no", days_ago=1)
    assert hub(folder, "run") == 0
    capsys.readouterr()

    assert hub(folder, "plan") == 0

    assert "crm: 1 withdrawal from other systems to be written there" in capsys.readouterr().out
    assert state(account, EMAIL) == "SUBSCRIBED"


@pytest.mark.slow
def test_what_hubspot_cannot_hold_is_told_apart_from_failures(folder, account, capsys):
    """No offers by SMS: told once by the run, then counted with its reason, never sent again."""
    settings = HUB_TOML.format(url=account[1], mode="sync").replace('"email"\ncol', '"sms"\ncol')
    (folder / "hub.toml").write_text(settings)
    assert hub(folder, "run") == 0
    approve(folder, capsys)
    customer(folder, "no", days_ago=1)

    runs = [json.loads(said(folder, capsys, "run", "--json"))["withdrawn"] for _ in range(2)]
    status = json.loads(said(folder, capsys, "status", "--json"))["withdrawals"]
    [plan] = json.loads(said(folder, capsys, "plan", "crm", "--json"))

    reason = "HubSpot keeps consent by e-mail address only"
    told = {"status": "not_held", "reason": reason, "count": 1}
    assert runs == [{"crm": {"not_held": 1}}, {}]
    assert status == [{"connection": "crm", "not_held": 1, "reasons": [told]}]
    assert (plan["withdrawals"], plan["withdrawals_not_held"]) == (0, 1)
    assert f"  1 not held by this system: {reason}" in said(folder, capsys, "status")
    assert "crm: 1 withdrawal not held by this system" in said(folder, capsys, "plan")
