"""The card on the next ticket: chat, then call, and whoever takes the call knows of the chat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.zendesk.emulator import ZendeskEmulator, create
from hub import app, pipeline
from hub.core.clock import ManualClock
from hub.core.ids import IdSource, SourceKey
from hub.core.mistakes import ConfigMistakes
from hub.emulation.faults import Scenario
from hub.emulation.server import serve
from hub.identity.parties import row_ids
from hub.identity.stewardship import decide
from hub.push.handover_cards import IN_DOUBT
from hub.store import bulk, handovers
from hub.store.schema import consent_events

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
HUB_TOML = """
[hub]
data_dir = "./var"

[connections.desk]
connector = "zendesk"
mode = "sync"
push = {{ notes = {notes}, defaults = false }}
[connections.desk.settings]
base_url = "{url}"
client_id = "{client_id}"
client_secret = "${{env:ZENDESK_TEST_SECRET}}"
birth_date = "date_of_birth"
"""
FILES = """
[connections.till]
connector = "csv"
[connections.till.settings]
folder = "."
[connections.till.settings.streams.customers]
files = "customers.csv"
entity = "person"
key = ["id"]
columns = { emails = "email" }
"""


@dataclass
class Desk:
    """A help desk, the hub beside it, and their one clock."""

    emulator: ZendeskEmulator
    clock: ManualClock
    folder: Path
    url: str

    def write(self, notes: str = "true", more: str = "") -> None:
        """The settings."""
        settings = self.emulator.settings(self.url)
        text = HUB_TOML.format(url=self.url, client_id=settings["client_id"], notes=notes)
        (self.folder / "hub.toml").write_text(text + more)

    @contextmanager
    def opened(self) -> Iterator[tuple[Any, Any]]:
        """The hub, as a command opens it."""
        loaded = app.load(self.folder / "hub.toml", clock=self.clock, ids=IdSource(self.clock))
        with loaded.open_hub("test") as hub, loaded.lanes() as lanes:
            yield hub, lanes

    def approve(self) -> None:
        """Let the hub write there from now on."""
        with self.opened() as (hub, lanes):
            pusher = hub.pusher("test")
            places = {place.key: place for lane in lanes for place in lane.destinations}
            for place in places.values():
                pusher.approve(pusher.plan(place).plan_id, places)

    def run(self) -> Mapping[str, int]:
        """What one run handed over; two minutes later, when the exports show what is new."""
        self.clock.sleep(120)
        with self.opened() as (hub, lanes):
            report = pipeline.run(hub, lanes, actor="test")
        assert [each.stopped for each in report.handed if each.stopped] == []
        assert [s.error for s in report.pulled.streams if s.error] == []
        notes = [each for each in report.handed if each.kind == "note"]
        return {what: n for each in notes for what, n in each.counts.items()}

    def person(self, name: str, **properties: object) -> str:
        """The id of a new customer."""
        wanted = {"name": name, "verified": True, **properties}
        done = self.emulator.mutate({"op": "create", "object": "users", "properties": wanted})
        return str(done["id"])

    def asks(self, person: str, subject: str, channel: str) -> str:
        """The id of the ticket that the customer opens now."""
        said = {"requester_id": int(person), "subject": subject, "text": "?", "channel": channel}
        done = self.emulator.mutate({"op": "create", "object": "tickets", "properties": said})
        return str(done["id"])

    def set(self, ticket: str, **properties: object) -> None:
        """Change a ticket as an agent does."""
        edit = {"op": "update", "object": "tickets", "id": ticket, "properties": properties}
        self.emulator.mutate(edit)

    def unite(self, one: SourceKey, other: SourceKey) -> None:
        """Decide, as a steward, that these are one person."""
        with self.opened() as (hub, _):
            decide(
                hub.store, "must_link", [(one, other)], reason="asked them", actor="kim",
                clock=self.clock, ids=hub.ids,
            )  # fmt: skip

    def restrict(self, person: str) -> None:
        """Note that a customer restricts what is done with their data."""
        with self.opened() as (hub, _), hub.store.write() as connection:
            key = SourceKey("desk", "users", person)
            rid = row_ids(connection, [key])[key]
            columns = (
                "event_id", "rid", "point", "purpose", "channel", "brand", "decision", "strength",
                "given_by", "asserted_at", "asserted_as", "observed_at", "origin",
            )  # fmt: skip
            row = (
                "restrict", rid, None, "service", "*", "", "restrict", "single", "self", 1,
                "source", 1, "source_sync",
            )  # fmt: skip
            bulk.insert(connection, consent_events, columns, [row])

    def reasons(self) -> Sequence[tuple[str, str, int]]:
        """Why some notes are not there, as ``hub status`` tells it."""
        with self.opened() as (hub, _), hub.store.read() as connection:
            return handovers.reasons(connection, "desk", "note")

    def notes(self, ticket: str) -> list[str]:
        """The internal notes of a ticket."""
        table = self.emulator.account.table("comments")
        mine = [e.body for e in table.live() if str(e.body["ticket_id"]) == ticket]
        return [body["body"] for body in mine if body["public"] is False]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A help desk that the hub has just begun to read, and that takes notes."""
    clock = ManualClock(START)
    emulator = create(clock=clock, plan="unmetered")
    field = {"key": "date_of_birth", "type": "date", "title": "Date of birth"}
    emulator.account.fields["users"].add(field, 7001, "2026-01-01T00:00:00Z")
    with serve(emulator) as url:
        secret = emulator.settings(url)["client_secret"]
        monkeypatch.setenv("ZENDESK_TEST_SECRET", secret.reveal())
        desk = Desk(emulator, clock, tmp_path, url)
        desk.write()
        desk.approve()
        yield desk


def test_the_call_after_the_chat_carries_the_card_once(desk: Desk) -> None:
    """The newcomer's chat gets none; the call gets who it is, what is open and the chat before."""
    ada = desk.person("Ada Byron", email="ada@example.com")
    desk.run()
    chat = desk.asks(ada, "Parcel late", "chat")
    first = desk.run()
    desk.clock.sleep(86_400)
    call = desk.asks(ada, "Parcel late", "voice")

    handed, again, later = desk.run(), desk.run(), desk.run()

    [card] = desk.notes(call)
    assert (first, handed, again, later) == ({}, {"handed": 1}, {}, {})
    assert desk.notes(chat) == []
    assert "Who: Ada Byron" in card
    assert "Open: 2 tickets: Parcel late" in card
    assert "Same matter before: chat 2026-11-02" in card


@pytest.mark.slow
def test_nothing_is_written_while_it_is_in_doubt_who_asks(desk: Desk) -> None:
    """A family's mailbox is also the till's: a steward is asked, and then the cards are written."""
    desk.write(more=FILES)
    (desk.folder / "customers.csv").write_text("id,email\n7,byronfamily@example.com\n")
    ada = desk.person("Ada Byron", email="byronfamily@example.com")
    desk.run()
    chat = desk.asks(ada, "Parcel late", "chat")
    desk.run()
    desk.clock.sleep(86_400)
    call = desk.asks(ada, "Parcel late", "voice")

    doubtful, silent, why = desk.run(), desk.notes(call), desk.reasons()
    desk.unite(SourceKey("desk", "users", ada), SourceKey("till", "customers", "7"))
    decided = desk.run()

    assert (doubtful, silent, why) == ({"nowhere": 1}, [], [("nowhere", IN_DOUBT, 1)])
    assert decided == {"handed": 2}
    assert [len(desk.notes(ticket)) for ticket in (chat, call)] == [1, 1]


@pytest.mark.slow
def test_an_objection_keeps_the_card_here(desk: Desk) -> None:
    """Who restricts what is done with their data is served without it; nothing leaves."""
    ada = desk.person("Ada Byron", email="ada@example.com")
    desk.run()
    desk.asks(ada, "Parcel late", "chat")
    desk.run()
    desk.restrict(ada)
    call = desk.asks(ada, "Parcel late", "voice")

    assert desk.run() == {"withheld": 1}
    assert desk.notes(call) == []


@pytest.mark.slow
def test_tickets_from_before_the_hub_came_get_no_card(desk: Desk) -> None:
    """What was open on the first day was somebody's work already; what comes after is news."""
    ada = desk.person("Ada Byron", email="ada@example.com")
    desk.asks(ada, "Parcel late", "chat")
    old = desk.asks(ada, "Parcel late", "voice")

    first = desk.run()
    new = desk.asks(ada, "Invoice", "email")
    second = desk.run()

    assert (first, second) == ({}, {"handed": 1})
    assert (desk.notes(old), len(desk.notes(new))) == ([], 1)


@pytest.mark.slow
def test_solved_tickets_and_unasked_connections_get_no_card(desk: Desk) -> None:
    """A card is for whoever still has to answer, and for desks that want one."""
    ada = desk.person("Ada Byron", email="ada@example.com")
    desk.run()
    desk.asks(ada, "Parcel late", "chat")
    solved = desk.asks(ada, "Parcel late", "voice")
    desk.set(solved, status="solved", assignee_id=101)

    assert desk.run() == {}
    desk.write(notes="false")
    desk.asks(ada, "Parcel late", "voice")
    assert desk.run() == {}
    desk.write()
    assert desk.run() == {"handed": 1}


@pytest.mark.slow
def test_a_lost_answer_makes_no_second_note(desk: Desk) -> None:
    """Zendesk took the note and the hub did not hear: the comments are asked, not the fates."""
    ada = desk.person("Ada Byron", email="ada@example.com")
    desk.run()
    desk.asks(ada, "Parcel late", "chat")
    desk.run()
    call = desk.asks(ada, "Parcel late", "voice")
    fault = {"kind": "timeout_after_effect", "method": "PUT", "path": "/api/v2/tickets/*"}
    desk.emulator.faults.replace(Scenario.model_validate({"faults": [fault]}))

    lost = desk.run()
    desk.emulator.faults.replace(Scenario())
    found = desk.run()

    assert len(desk.notes(call)) == 1
    assert (lost, found) == ({"unanswered": 1, "handed": 1}, {})


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            FILES.replace('"csv"', '"csv"\npush.notes = true'),
            "connections.till.push.notes: nobody works on a record in a file",
        ),
        (
            '[purposes.care]\ndescription = "Care."\nbasis = "contract"\n',
            'connections.desk.push.notes: a card leaves under the purpose "service"',
        ),
    ],
    ids=["no-notes-there", "no-purpose"],
)
def test_a_setting_that_cannot_work_is_refused(desk: Desk, more: str, told: str) -> None:
    """Before anything is read, with the line and why."""
    desk.write(more=more)

    with pytest.raises(ConfigMistakes) as caught:
        app.load(desk.folder / "hub.toml", clock=desk.clock, ids=IdSource(desk.clock))

    assert told in str(caught.value)
