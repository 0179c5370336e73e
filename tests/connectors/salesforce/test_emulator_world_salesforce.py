"""The simulated world's Salesforce: seeded whole, changed by its users, kept over a restart."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connectors.salesforce.emulator import SalesforceEmulator, create
from connectors.salesforce.emulator.ids import normal
from connectors.salesforce.emulator.streams import STREAMS
from hub.core.clock import ManualClock
from hub.emulation.world import World

if TYPE_CHECKING:
    from tests.connectors.salesforce.conftest import Caller

SYSTEM = "salesforce"


def seeded_with(clock: ManualClock, world: World, **options: Any) -> SalesforceEmulator:
    """An org that holds the world."""
    emulator = create(clock=clock, **options)
    emulator.seed(world)
    return emulator


def test_every_record_of_the_world_is_there_under_its_id(seeded: Caller, world: World) -> None:
    """Seeding is no effect; ids are sound in all eighteen characters."""
    contacts = seeded.emulator.live_ids("contacts")

    assert contacts == {presence.local_id for presence in world.presences(SYSTEM)}
    assert {normal(record_id) for record_id in contacts} == contacts
    assert len(seeded.emulator.live_ids("accounts")) == len(world.companies(SYSTEM))
    assert len(seeded.emulator.live_ids("cases")) == len(world.of(SYSTEM, world.tickets))
    assert len(seeded.emulator.live_ids("opportunities")) == len(world.of(SYSTEM, world.deals))
    assert len(seeded.emulator.effects) == 0


@pytest.mark.parametrize("stream", [name for name in STREAMS if "person" not in name])
def test_every_stream_has_something_to_read(seeded: Caller, stream: str) -> None:
    """A world without a kind of record would test nothing."""
    assert seeded.emulator.live_ids(stream)


def test_seeded_values_are_salesforces(seeded: Caller, world: World) -> None:
    """What can be read back by a query is what the world's presence says."""
    presence = next(p for p in world.presences(SYSTEM) if p.email and p.organisation_id)

    (row,) = seeded.rows(
        "SELECT Name, Email, Account.Name, SystemModstamp FROM Contact"
        f" WHERE Id = '{presence.local_id}'"
    )

    assert row["Name"] == f"{presence.given_name} {presence.family_name}"
    assert row["Email"] == presence.email
    assert row["Account"]["Name"]
    assert row["SystemModstamp"] == presence.updated_at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def test_the_businesss_own_fields_are_visible(seeded: Caller) -> None:
    """The settings name them, so a connector can read them at once."""
    settings = seeded.emulator.settings("http://127.0.0.1:1")

    fields = {field["name"] for field in seeded.get("/sobjects/Case/describe").json()["fields"]}

    assert {settings["case_reopens"], settings["case_agents"]} <= fields
    assert "secret" not in repr(settings["client_secret"])


def test_a_refusal_without_a_date_is_a_box_only(seeded: Caller, world: World) -> None:
    """A dated decision, or a grant with evidence, has a consent record beside the box."""
    last = {event.local_id: event for event in world.of(SYSTEM, world.consents)}
    rows = seeded.rows("SELECT Id, HasOptedOutOfEmail FROM Contact")
    refused = {row["Id"] for row in rows if row["HasOptedOutOfEmail"]}
    consents = seeded.rows(
        "SELECT PrivacyConsentStatus, CaptureSource FROM ContactPointTypeConsent"
    )

    assert refused == {key for key, event in last.items() if event.decision != "grant"}
    assert {row["PrivacyConsentStatus"] for row in consents} == {"OptIn", "OptOut"}
    assert all(row["CaptureSource"] for row in consents)


@pytest.mark.parametrize(
    ("change", "status", "out"),
    [
        ({"decision": "withdraw", "decided_at": None}, "OptIn", True),
        ({"decision": "withdraw", "evidence": ""}, "OptOut", True),
        ({"decision": "deny"}, "OptOut", True),
        ({"decision": "grant", "evidence": ""}, "OptIn", False),
    ],
    ids=["undated-withdrawal", "dated-withdrawal", "denial", "import"],
)
def test_a_later_decision_shows_as_far_as_it_is_known(
    clock: ManualClock, world: World, change: dict[str, Any], status: str, out: bool
) -> None:
    """A withdrawal without a date ticks the box; the older consent beside it is left as it was."""
    grant = next(
        e for e in world.of(SYSTEM, world.consents) if e.decision == "grant" and e.evidence
    )
    bare = dataclasses.replace(world, consents=(grant, dataclasses.replace(grant, **change)))

    emulator = seeded_with(clock, bare)

    (consent,) = emulator.org.tables["ContactPointTypeConsent"].live()
    contact = emulator.org.tables["Contact"].records[grant.local_id]
    assert consent.values["PrivacyConsentStatus"] == status
    assert contact.values["HasOptedOutOfEmail"] is out


def test_later_changes_are_effects_of_users(seeded: Caller, world: World) -> None:
    """Merged, deleted, edited and withdrawn, each at the record it is about."""
    mine = [change for change in world.later_changes if change.system == SYSTEM]

    seeded.emulator.apply(world.later_changes)

    done = {(effect.method, effect.id) for effect in seeded.emulator.effects.since(actor="user")}
    methods = {"merged_contact": "merge", "deleted_contact": "delete"}
    assert {(methods.get(c.kind, "update"), c.local_id) for c in mine} <= done
    assert {c.kind for c in mine} >= {"merged_contact", "deleted_contact", "withdrawal"}
    gone = {c.merged_id or c.local_id for c in mine if c.kind in methods}
    assert not gone & set(seeded.emulator.live_ids("contacts"))


def test_people_without_a_company_are_person_accounts_where_the_org_has_them(
    clock: ManualClock, world: World
) -> None:
    """Each person is read once: as an account or as a contact."""
    emulator = seeded_with(clock, world, person_accounts=True)

    people = set(emulator.live_ids("person_accounts"))
    contacts = set(emulator.live_ids("contacts"))

    assert people
    assert contacts
    assert len(people) + len(contacts) == len(world.presences(SYSTEM))
    emulator.apply(world.later_changes)
    assert {effect.actor for effect in emulator.effects.since()} == {"user"}


def test_an_org_without_data_protection_has_boxes_only(clock: ManualClock, world: World) -> None:
    """Consent is then known without date or evidence."""
    emulator = seeded_with(clock, world, privacy=False)

    assert not emulator.live_ids("individuals")
    assert any(r.values["HasOptedOutOfEmail"] for r in emulator.org.tables["Contact"].live())


def test_an_org_survives_a_restart(clock: ManualClock, tmp_path: Path, world: World) -> None:
    """Records, bin, custom fields and rules come back; effects go on counting."""
    state, effects = tmp_path / "org.json", tmp_path / "effects.jsonl"
    first = create(clock=clock, state_file=state, effects_file=effects)
    first.seed(world)
    first.mutate({"op": "empty_bin"})
    gone = min(first.live_ids("leads"))
    first.mutate({"op": "archive", "object": "leads", "id": gone})
    first.mutate({"op": "hide", "object": "contacts", "field": "DoNotCall"})
    first.close()

    second = create(clock=clock, state_file=state, effects_file=effects)

    assert _plain(second.snapshot()) == _plain(first.snapshot())
    assert len(second.effects) == 1
    second.mutate({"op": "restore", "object": "leads", "id": gone})
    assert gone in second.live_ids("leads")
    second.close()


def _plain(snapshot: Mapping[str, object]) -> Mapping[str, object]:
    return {
        name: sorted(part.items()) if isinstance(part, dict) else part
        for name, part in snapshot.items()
    }


@pytest.mark.parametrize("stream", ["contacts", "contact_consents", "cases", "individuals"])
def test_users_can_delete_from_every_stream(
    new_caller: Callable[..., Caller], world: World, stream: str
) -> None:
    """People detach in the screens what would keep a program from deleting."""
    emulator = new_caller().emulator
    emulator.seed(world)

    for gone in sorted(emulator.live_ids(stream))[:10]:
        emulator.mutate({"op": "archive", "object": stream, "id": gone})

        assert gone not in emulator.live_ids(stream)


def test_the_snapshot_is_json(seeded: Caller) -> None:
    """The control plane shows it."""
    assert json.loads(json.dumps(seeded.emulator.snapshot()))["fields"]["Contact"]["Email"]
