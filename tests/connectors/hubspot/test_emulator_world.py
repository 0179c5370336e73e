"""The simulated world in HubSpot's terms, what its users do later, and a restart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connectors.hubspot.emulator import HubSpotEmulator, create
from hub.core.clock import ManualClock
from hub.emulation.server import serve
from hub.emulation.world import World

if TYPE_CHECKING:
    from tests.connectors.hubspot.conftest import Wire


@pytest.fixture(scope="module")
def world() -> World:
    """A small town."""
    return World.build(7, people=200)


@pytest.fixture
def seeded(emulator: HubSpotEmulator, world: World) -> HubSpotEmulator:
    """An account that holds what the town's HubSpot knows."""
    emulator.seed(world)
    return emulator


def test_every_record_of_the_world_is_there_and_none_is_an_effect(
    seeded: HubSpotEmulator, world: World
) -> None:
    """Seeding is the past: the effect log starts empty."""
    sizes = {name: len(table.records) for name, table in seeded.account.tables.items()}

    assert sizes == {
        "contacts": len(world.presences("hubspot")),
        "companies": len(world.companies("hubspot")),
        "deals": len(world.of("hubspot", world.deals)),
        "tickets": len(world.of("hubspot", world.tickets)),
        "feedback_submissions": len(world.of("hubspot", world.surveys)),
        "tasks": 0,
    }
    assert len(seeded.effects) == 0


def test_a_presence_becomes_a_contact(seeded: HubSpotEmulator, world: World, wire: Wire) -> None:
    """Names, address, birth date and times are where HubSpot has them."""
    presence = next(p for p in world.presences("hubspot") if p.email and p.born and p.street)
    names = ("firstname", "lastname", "email", "date_of_birth", "zip", "loyalty_number")

    answer = wire.get(f"~/contacts/{presence.local_id}", params={"properties": ",".join(names)})

    properties = answer.json()["properties"]
    assert [properties[name] or "" for name in names] == [
        presence.given_name,
        presence.family_name,
        presence.email.strip().lower(),
        presence.born,
        presence.postcode,
        presence.loyalty_no,
    ]
    assert properties["lastmodifieddate"].startswith(presence.updated_at.isoformat()[:19])


def test_money_is_kept_in_major_units(seeded: HubSpotEmulator, world: World, wire: Wire) -> None:
    """HubSpot's `amount` is dollars; the world counts cents."""
    deal = world.of("hubspot", world.deals)[0]

    answer = wire.get(f"~/deals/{deal.deal_id}?properties=amount,deal_currency_code").json()

    assert float(answer["properties"]["amount"]) * 100 == deal.amount
    assert answer["properties"]["deal_currency_code"] == "AUD"


def test_tickets_and_answers_hang_on_their_contact(
    seeded: HubSpotEmulator, world: World, wire: Wire
) -> None:
    """Associations lead from fact to person."""
    ticket = world.of("hubspot", world.tickets)[0]
    answer = world.of("hubspot", world.surveys)[0]

    pairs = [("tickets", ticket.ticket_id), ("feedback_submissions", answer.response_id)]
    owners = [wire.get(f"~/{kind}/{i}/associations/contacts").json() for kind, i in pairs]

    found = [str(owner["results"][0]["toObjectId"]) for owner in owners]
    assert found == [ticket.local_id, answer.local_id]


def test_the_last_decision_is_the_status(seeded: HubSpotEmulator, world: World, wire: Wire) -> None:
    """HubSpot keeps one state per address: grants, refusals and their missing dates."""
    expected = {e.local_id: e for e in world.of("hubspot", world.consents)}
    contacts = seeded.account.tables["contacts"].records

    for local_id, event in expected.items():
        email = contacts[local_id].properties["email"]
        path = f"/communication-preferences/2026-09/statuses/{email}?channel=EMAIL"
        seeded.clock.sleep(1)
        row = wire.get(path).json()["results"][0]
        wanted = "SUBSCRIBED" if event.decision == "grant" else "UNSUBSCRIBED"
        assert (row["status"], row["timestamp"] is None) == (wanted, event.decided_at is None)


def test_search_finds_what_was_seeded_at_once(clock: ManualClock, world: World) -> None:
    """Index lag concerns changes, not the past."""
    emulator = create(clock=clock, search_lag=30)
    emulator.seed(world)

    shown = list(emulator.account.tables["contacts"].searchable(clock.now()))

    assert len(shown) == len(world.presences("hubspot"))


def test_two_seedings_give_the_same_account(clock: ManualClock, world: World) -> None:
    """Same world, same state."""
    first, second = create(clock=clock), create(clock=clock)
    first.seed(world)
    second.seed(world)

    assert first.snapshot() == second.snapshot()


def test_later_edits_are_played_as_the_users_own(seeded: HubSpotEmulator, world: World) -> None:
    """Edits, a merge, a deletion and a withdrawal happen in the account."""
    seeded.apply(world.later_changes)

    effects = seeded.effects.since()
    assert {effect.actor for effect in effects} == {"user"}
    assert {effect.method for effect in effects} == {"update", "merge", "archive", "consent"}


def test_users_change_records_over_the_control_plane(wire: Wire) -> None:
    """Create, edit, archive, restore, merge: each as one effect of a user."""
    ann = {"op": "create", "object": "contacts", "properties": {"firstname": "Ann"}}
    first, second = (wire.post("/__emulator__/mutate", ann).json()["id"] for _ in range(2))
    record = {"object": "contacts", "id": first}
    commands = [
        {"op": "update", **record, "properties": {"city": "Perth"}},
        {"op": "archive", **record},
        {"op": "restore", **record},
        {"op": "merge", **record, "other": second},
        {"op": "gdpr_delete", "id": first},
    ]

    answers = [wire.post("/__emulator__/mutate", command).status_code for command in commands]

    methods = [effect.method for effect in wire.emulator.effects.since(actor="user")]
    assert answers == [200] * 5
    assert methods == ["create"] * 2 + ["update", "archive", "restore", "merge", "gdpr_delete"]


def test_an_edit_can_be_backdated(wire: Wire) -> None:
    """The test of late commits chooses record and time."""
    record_id = wire.create(firstname="Ann")
    edit = {"op": "update", "object": "contacts", "id": record_id, "properties": {"city": "Perth"}}

    wire.post("/__emulator__/mutate", edit | {"modified_at": "2025-12-31T00:00:00Z"})

    assert wire.get(f"~/contacts/{record_id}").json()["updatedAt"] == "2025-12-31T00:00:00.000Z"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param({"op": "explode"}, id="unknown-operation"),
        pytest.param({"op": "archive", "object": "contacts", "id": "404"}, id="no-such-record"),
        pytest.param({"op": "archive", "object": "contacts"}, id="incomplete"),
    ],
)
def test_a_wrong_command_is_explained(wire: Wire, command: dict[str, str]) -> None:
    """A test's own mistake is told at once."""
    answer = wire.post("/__emulator__/mutate", command)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_account_survives_a_restart(clock: ManualClock, world: World, tmp_path: Path) -> None:
    """State and effect numbering go on in a second life of the emulator."""
    effects, state = tmp_path / "effects.jsonl", tmp_path / "state.json"
    first = create(clock=clock, effects_file=effects, state_file=state)
    with serve(first):
        first.seed(world)
        first.apply(world.later_changes)

    second = create(clock=clock, effects_file=effects, state_file=state)

    assert second.snapshot() == first.snapshot()
    assert second.effects.since() == first.effects.since()
    second.close()


def test_unique_values_are_still_unique_after_a_restart(
    clock: ManualClock, world: World, tmp_path: Path
) -> None:
    """The index of addresses is rebuilt."""
    first = create(clock=clock, state_file=tmp_path / "state.json")
    first.seed(world)
    first.close()

    second = create(clock=clock, state_file=tmp_path / "state.json")

    contacts = second.account.tables["contacts"]
    email = next(r.properties["email"] for r in contacts.in_order() if "email" in r.properties)
    assert contacts.holder("email", email) is not None
