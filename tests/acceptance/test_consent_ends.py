"""A permission that a system shows no longer: from its own screen to what may leave."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.hubspot.emulator import TOKEN, HubSpotEmulator, create
from hub.cli.main import run
from hub.core.clock import ManualClock
from hub.emulation.server import serve

EMAIL = "ada.byron@example.com"
HUB_TOML = """
[hub]
data_dir = "./var"

[connections.crm]
connector = "hubspot"
[connections.crm.settings]
base_url = "{url}"
token = "${{env:CONSENT_TOKEN}}"
[connections.crm.push.fields]
cxhub_offers = {{ from = "who.name", purpose = "marketing" }}

[connections.till]
connector = "csv"
[connections.till.settings]
folder = "."
[connections.till.settings.streams.customers]
files = "customers.csv"
entity = "person"
key = ["id"]
columns = {{ emails = "email", given_name = "first", family_name = "last" }}
[[connections.till.settings.streams.customers.consents]]
purpose = "marketing"
channel = "email"
column = "offers"
strength = "single"
values = {{ yes = "grant", no = "withdraw" }}
"""


@pytest.fixture
def account() -> Iterator[tuple[HubSpotEmulator, str]]:
    """A HubSpot account with one contact who subscribed a month ago, served."""
    now = datetime.now(UTC)
    clock = ManualClock(now - timedelta(days=30))
    emulator = create(clock=clock, plan="unmetered")
    person = {"email": EMAIL, "firstname": "Ada", "lastname": "Byron"}
    emulator.mutate({"op": "create", "object": "contacts", "properties": person})
    subscription(emulator, "SUBSCRIBED")
    clock.sleep((now - clock.now()).total_seconds())
    with serve(emulator) as url:
        yield emulator, url


@pytest.fixture
def folder(tmp_path, account, monkeypatch) -> Path:
    """A folder with a hub.toml that knows the account and a till's export."""
    monkeypatch.setenv("CONSENT_TOKEN", TOKEN)
    (tmp_path / "hub.toml").write_text(HUB_TOML.format(url=account[1]))
    customer(tmp_path, "yes")
    return tmp_path


def subscription(emulator: HubSpotEmulator, state: str) -> None:
    """What HubSpot shows for the newsletter, and a touch, for a status alone moves no contact."""
    act = {"op": "consent", "email": EMAIL, "subscription": 101, "state": state}
    emulator.mutate(act)
    key = contact_id(emulator)
    touch = {"op": "update", "object": "contacts", "id": key, "properties": {"city": state}}
    emulator.mutate(touch)


def contact_id(emulator: HubSpotEmulator) -> str:
    """HubSpot's id of the contact."""
    contact = emulator.account.tables["contacts"].holder("email", EMAIL)
    assert contact is not None
    return contact.id


def customer(folder: Path, offers: str) -> None:
    """The till's export: somebody whom HubSpot does not know, and their answer to offers."""
    row = f"7,charles@example.org,Charles,Babbage,{offers}\n"
    (folder / "customers.csv").write_text("id,email,first,last,offers\n" + row)


def said(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What one command prints."""
    capsys.readouterr()
    assert run([*arguments, "--config", str(folder / "hub.toml")]) == 0
    return capsys.readouterr().out


def standing(folder: Path, capsys: pytest.CaptureFixture[str], record: str) -> dict[str, Any]:
    """Where the marketing permission of a record's customer stands."""
    shown = json.loads(said(folder, capsys, "consent", "show", record, "--json"))
    [found] = shown["standings"]
    return dict(found)


@pytest.mark.slow
def test_what_two_systems_show_no_longer_is_not_used_any_more(folder, account, capsys) -> None:
    """A status that was reset, a cell that was emptied: withheld, with the reason on file."""
    said(folder, capsys, "run")
    key = contact_id(account[0])
    contact, why = f"crm/contacts/{key}", ("why", f"crm/contacts/{key}", "cxhub_offers", "crm")
    before = said(folder, capsys, *why)
    subscription(account[0], "NOT_SPECIFIED")
    customer(folder, "")

    said(folder, capsys, "run")
    after = said(folder, capsys, *why)
    crm, till = (standing(folder, capsys, each) for each in (contact, "till/customers/7"))
    ledger = csv.DictReader(io.StringIO(said(folder, capsys, "consent", "export")))
    ends = {row["said_by"]: row for row in ledger if row["decision"] == "expire"}
    profiles = said(folder, capsys, "profiles", "export").splitlines()

    assert "consent given" in before
    assert "consent is expired" in after
    assert f"ledger event {crm['because']['event']}" in after
    assert [each["state"] for each in (crm, till)] == ["expired", "expired"]
    assert crm["because"]["record"] == f"crm/subscriptions/{key}"
    assert ends.keys() == {f"crm/subscriptions/{key}", "till/customers/7"}
    assert {(row["origin"], row["version"]) for row in ends.values()} == {("silence", "2")}
    assert ends[f"crm/subscriptions/{key}"]["stream"] == "contacts"
    assert ["expired" in profile for profile in profiles] == [True, True]
