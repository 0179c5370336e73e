"""The simulated world in Zendesk's terms, what its users do later, drift, and a restart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connectors.zendesk.emulator import ZendeskEmulator, create
from hub.core.clock import ManualClock
from hub.emulation.server import serve
from hub.emulation.world import World
from hub.emulation.world.model import Change

if TYPE_CHECKING:
    from tests.connectors.zendesk.conftest import Wire


def test_every_record_of_the_world_is_there_and_none_is_an_effect(
    full_wire: Wire, world: World
) -> None:
    """Seeding is the past: the effect log starts empty."""
    tickets = world.of("zendesk", world.tickets)
    emulator = full_wire.emulator

    end_users = {row.local_id for row in world.presences("zendesk")}
    agents = {name for ticket in tickets for name in ticket.agents}
    assert end_users < set(emulator.live_ids("users"))
    assert len(emulator.live_ids("users")) == len(end_users) + len(agents) + 1
    assert emulator.live_ids("tickets") == {ticket.ticket_id for ticket in tickets}
    assert len(emulator.live_ids("comments")) == sum(len(ticket.messages) for ticket in tickets)
    assert len(emulator.live_ids("organizations")) == len(world.organisations)
    assert len(emulator.effects) == 0


def test_a_presence_becomes_a_user(full_wire: Wire, world: World) -> None:
    """Names, address, birth date and card are where Zendesk has them."""
    presence = next(p for p in world.presences("zendesk") if p.email and p.born and p.loyalty_no)

    user = full_wire.get(f"/users/{presence.local_id}").json()["user"]

    assert user["name"] == f"{presence.given_name} {presence.family_name}"
    assert user["email"] == presence.email.strip().lower()
    assert user["user_fields"]["loyalty_number"] == presence.loyalty_no
    assert user["updated_at"] == presence.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_people_belong_to_the_organization_of_their_mail_domain(full_wire: Wire) -> None:
    """As Zendesk assigns them by `domain_names`."""
    organizations = full_wire.get("/organizations?page[size]=100").json()["organizations"]
    users = full_wire.get("/users?page[size]=100&role=end-user").json()["users"]

    domains = {row["domain_names"][0]: row["id"] for row in organizations}
    for user in users:
        domain = (user["email"] or "").partition("@")[2]
        assert user["organization_id"] == domains.get(domain)


def test_two_seedings_give_the_same_account(clock: ManualClock, world: World) -> None:
    """Same world, same state."""
    first, second = create(clock=clock), create(clock=clock)
    first.seed(world)
    second.seed(world)

    assert first.snapshot() == second.snapshot()


def test_later_edits_are_played_as_the_users_own(full_wire: Wire, world: World) -> None:
    """An edit, a merge and a deletion happen in the account; other systems' do not."""
    first, second, third, fourth = world.presences("zendesk")[:4]
    at = world.end
    changes = [
        Change("edited_contact", "zendesk", first.local_id, at, presence=replace(first, phone="1")),
        Change("merged_contact", "zendesk", second.local_id, at, merged_id=third.local_id),
        Change("deleted_contact", "zendesk", fourth.local_id, at),
        Change("deleted_contact", "hubspot", first.local_id, at),
    ]

    full_wire.emulator.apply(changes)

    effects = full_wire.emulator.effects.since(actor="user")
    assert [(e.method, e.id) for e in effects] == [
        ("update", first.local_id),
        ("merge", second.local_id),
        ("archive", fourth.local_id),
    ]
    assert effects[0].fields == ("phone",)


def test_users_change_records_over_the_control_plane(wire: Wire) -> None:
    """Create, edit, merge, delete, bring back, erase, consent: each one effect of a user."""
    new = {"op": "create", "object": "users", "properties": {"name": "Ann"}}
    made = [wire.post("/__emulator__/mutate", new).json()["id"] for _ in range(2)]
    field = {"user_field": {"key": "newsletter", "title": "Newsletter", "type": "checkbox"}}
    wire.post("/user_fields", field)
    record = {"object": "users", "id": made[0]}
    commands = [
        {"op": "update", **record, "properties": {"phone": "1"}},
        {"op": "consent", "id": made[0], "field": "newsletter", "value": True},
        {"op": "merge", **record, "other": made[1]},
        {"op": "archive", **record},
        {"op": "restore", **record},
        {"op": "archive", **record},
        {"op": "erase", "id": made[0]},
    ]

    answers = [wire.post("/__emulator__/mutate", command).status_code for command in commands]

    methods = [effect.method for effect in wire.emulator.effects.since(actor="user")]
    done = ["update", "update", "merge", "archive", "restore", "archive", "erase"]
    assert answers == [200] * len(commands)
    assert methods == ["create"] * 2 + done


def test_a_ticket_is_opened_and_answered(wire: Wire, clock: ManualClock) -> None:
    """Each is exported, the reply moves the ticket, and the first public one is measured."""
    person = wire.add_user("Ann")
    asked = {"requester_id": person, "subject": "Help", "text": "It is broken."}
    new = {"op": "create", "object": "tickets", "properties": asked}
    ticket = int(wire.post("/__emulator__/mutate", new).json()["id"])
    for minutes, public in ((10, False), (20, True), (30, True)):
        clock.sleep(600)
        said = {"ticket_id": ticket, "author_id": 101, "text": f"{minutes}", "public": public}
        wire.emulator.mutate({"op": "create", "object": "comments", "properties": said})
    clock.sleep(61)

    page = wire.get("/incremental/tickets/cursor?start_time=0&include=metric_sets").json()
    comments = wire.get(f"/tickets/{ticket}/comments").json()["comments"]

    assert [row["id"] for row in page["tickets"]] == [ticket]
    assert page["tickets"][0]["updated_at"] == comments[-1]["created_at"]
    measured = page["metric_sets"][0]
    assert (measured["replies"], measured["reply_time_in_minutes"]["calendar"]) == (2, 20)
    assert [row["public"] for row in comments] == [True, False, True, True]
    methods = [(e.method, e.object) for e in wire.emulator.effects.since(actor="user")]
    assert methods == [("create", "tickets")] + [("create", "comments")] * 4


def test_an_edit_can_be_backdated(wire: Wire) -> None:
    """The test of late commits chooses record and time."""
    key = wire.add_user()
    edit = {"op": "update", "object": "users", "id": str(key), "properties": {"phone": "1"}}

    wire.post("/__emulator__/mutate", edit | {"modified_at": "2025-12-31T00:00:00Z"})

    assert wire.get(f"/users/{key}").json()["user"]["updated_at"] == "2025-12-31T00:00:00Z"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param({"op": "explode"}, id="unknown-operation"),
        pytest.param({"op": "archive", "object": "users", "id": "404"}, id="no-such-record"),
        pytest.param({"op": "archive", "object": "cars", "id": "1"}, id="no-such-kind"),
        pytest.param({"op": "archive", "object": "users"}, id="incomplete"),
        pytest.param(
            {"op": "merge", "object": "users", "id": "101", "other": "101"}, id="with-itself"
        ),
    ],
)
def test_a_wrong_command_is_explained(wire: Wire, command: dict[str, str]) -> None:
    """A test's own mistake is told at once."""
    answer = wire.post("/__emulator__/mutate", command)

    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize("stream", ["users", "organizations"])
def test_custom_fields_come_and_go_during_a_sync(full_wire: Wire, stream: str) -> None:
    """A definition appears or vanishes between two pages, and with it a key of every row."""
    own = f"{stream[:-1]}_fields"
    seen = []
    for change in ("add", "remove"):
        full_wire.inject(
            kind="schema_drift", at=[1], change=change, field="shoe_size", object_type=stream
        )
        rows = full_wire.get(f"/{stream}").json()[stream]
        seen.append({"shoe_size" in row[own] for row in rows})

    assert seen == [{True}, {False}]
    again = {f"{stream[:-1]}_field": {"key": "shoe_size", "title": "Shoes", "type": "text"}}
    assert full_wire.post(f"/{own}", again).status_code == 422


def test_other_rows_drift_at_their_top(full_wire: Wire) -> None:
    """A key that Zendesk added yesterday, and another type for it today."""
    path, shown = "/tickets", []
    for change in ("add", "retype"):
        full_wire.inject(
            kind="schema_drift", at=[1], change=change, field="mood", object_type="tickets"
        )
        shown.append(full_wire.get(path).json()["tickets"][0]["mood"])

    assert shown == ["new", ["new"]]


@pytest.mark.parametrize(
    "stream", ["users", "organizations", "tickets", "comments", "survey_responses"]
)
def test_a_late_commit_changes_what_the_row_shows(full_wire: Wire, stream: str) -> None:
    """Each changed record is one effect of a user, and its row is another one."""
    before = full_wire.emulator.snapshot()
    full_wire.inject(kind="late_commit", at=[1], object_type=stream, count=3, seconds=60)

    full_wire.get("/users/me")

    effects = full_wire.emulator.effects.since(actor="user")
    assert len({effect.id for effect in effects}) == 3
    assert all(len(effect.fields) == 1 for effect in effects)
    assert full_wire.emulator.snapshot() != before


def test_the_account_survives_a_restart(clock: ManualClock, world: World, tmp_path: Path) -> None:
    """Records, deletions, addresses, fields and the places in the export are as they were."""
    file = tmp_path / "zendesk.json"
    first = create(clock=clock, state_file=file)
    first.seed(world)
    first.mutate({"op": "archive", "object": "users", "id": "10001"})
    kept = first.snapshot()
    first.close()

    second = create(clock=clock, state_file=file)

    assert second.snapshot() == kept
    assert second.live_ids("users") == first.live_ids("users")


def test_it_is_served_on_loopback(emulator: ZendeskEmulator) -> None:
    """The settings lead a connection to it; the legacy ones name an API token instead."""
    with serve(emulator) as url:
        settings, legacy = emulator.settings(url), emulator.legacy_settings(url)

    assert settings["base_url"].startswith("http://127.0.0.1:")
    assert {"client_id", "client_secret"} < set(settings)
    assert {"email", "api_token"} < set(legacy)
    assert not {"client_id", "client_secret"} & set(legacy)
