"""Records keep what is written, count only real changes, and go the ways of HubSpot's records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hub.core.clock import ManualClock

if TYPE_CHECKING:
    from tests.connectors.hubspot.conftest import Wire


def contact(wire: Wire, record_id: str, *names: str) -> dict[str, str | None]:
    """The record's values."""
    answer = wire.get(f"~/contacts/{record_id}", params={"properties": ",".join(names)})
    properties: dict[str, str | None] = answer.json()["properties"]
    return properties


def test_an_update_that_changes_nothing_is_a_call_without_effect(
    wire: Wire, clock: ManualClock
) -> None:
    """Writing what is already there leaves the modification time and the effect log alone."""
    record_id = wire.create(email="ann@example.com", city="Perth")
    before = contact(wire, record_id)
    clock.sleep(60)

    answer = wire.send("PATCH", f"~/contacts/{record_id}", {"properties": {"city": "Perth"}})

    assert answer.status_code == 200
    assert contact(wire, record_id) == before
    assert len(wire.emulator.effects) == 1
    assert wire.emulator.calls.counts()[f"PATCH /crm/objects/2026-09/contacts/{record_id}"] == 1


def test_an_effect_names_only_what_really_changed(wire: Wire) -> None:
    """The log shows the one field of three that got another value."""
    record_id = wire.create(email="ann@example.com", city="Perth")
    values = {"email": "ANN@example.com", "city": "Perth", "zip": "6000"}

    wire.send("PATCH", f"~/contacts/{record_id}", {"properties": values})

    assert wire.emulator.effects.since()[-1].fields == ("zip",)


def test_an_empty_value_clears_the_property(wire: Wire) -> None:
    """HubSpot has no null: an empty string takes the value away."""
    record_id = wire.create(email="ann@example.com", city="Perth")

    wire.send("PATCH", f"~/contacts/{record_id}", {"properties": {"city": ""}})

    assert contact(wire, record_id, "city")["city"] is None


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        pytest.param("date_of_birth", "641001600000", "1990-04-25", id="epoch-milliseconds"),
        pytest.param("date_of_birth", "1990-04-25", "1990-04-25", id="iso-date"),
        pytest.param("email", " Ann@Example.COM ", "ann@example.com", id="address-in-lower-case"),
        pytest.param("lifecyclestage", "customer", "customer", id="option"),
        pytest.param("phone", "07 5550 1234", "07 5550 1234", id="phone-as-typed"),
    ],
)
def test_values_are_kept_in_hubspots_form(wire: Wire, name: str, given: str, kept: str) -> None:
    """A date given in milliseconds comes back as a date."""
    record_id = wire.create(**{name: given})

    assert contact(wire, record_id, name)[name] == kept


def test_contacts_and_other_kinds_stamp_changes_under_different_names(wire: Wire) -> None:
    """`lastmodifieddate` for contacts, `hs_lastmodifieddate` for all others."""
    contact_id = wire.create(email="ann@example.com")
    deal_id = wire.create("deals", dealname="Coffee")

    assert "lastmodifieddate" in wire.get(f"~/contacts/{contact_id}").json()["properties"]
    assert "hs_lastmodifieddate" in wire.get(f"~/deals/{deal_id}").json()["properties"]


def test_properties_are_given_only_when_asked_for(wire: Wire) -> None:
    """Without a list there are the default few and the time stamps, and an unknown name is null."""
    record_id = wire.create(email="ann@example.com", city="Perth")

    usual, asked = contact(wire, record_id), contact(wire, record_id, "city", "hair")

    assert set(usual) == {
        "email",
        "firstname",
        "lastname",
        "createdate",
        "lastmodifieddate",
        "hs_object_id",
    }
    assert (asked["city"], asked["hair"]) == ("Perth", None)


def test_history_lists_every_value_newest_first(wire: Wire, clock: ManualClock) -> None:
    """Property history tells when each value began."""
    record_id = wire.create(city="Perth")
    clock.sleep(3600)
    wire.send("PATCH", f"~/contacts/{record_id}", {"properties": {"city": "Hobart"}})

    answer = wire.get(f"~/contacts/{record_id}", params={"propertiesWithHistory": "city"})

    versions = answer.json()["propertiesWithHistory"]["city"]
    assert [(v["value"], v["timestamp"]) for v in versions] == [
        ("Hobart", "2026-01-01T01:00:00.000Z"),
        ("Perth", "2026-01-01T00:00:00.000Z"),
    ]


def test_an_archived_record_is_found_only_in_the_archive(wire: Wire) -> None:
    """Deleting is archiving: the live list forgets it, `archived=true` shows it with its time."""
    record_id = wire.create(email="ann@example.com")

    assert wire.send("DELETE", f"~/contacts/{record_id}").status_code == 204

    assert wire.get(f"~/contacts/{record_id}").status_code == 404
    (archived,) = wire.get("~/contacts?archived=true").json()["results"]
    assert (archived["id"], archived["archivedAt"]) == (record_id, "2026-01-01T00:00:00.000Z")


def test_archiving_twice_is_one_effect(wire: Wire) -> None:
    """A retried delete succeeds and does nothing."""
    record_id = wire.create(email="ann@example.com")
    wire.send("DELETE", f"~/contacts/{record_id}")

    again = wire.send("DELETE", f"~/contacts/{record_id}")

    assert again.status_code == 204
    assert [effect.method for effect in wire.emulator.effects.since()] == ["create", "archive"]


def test_a_restored_record_is_as_it_was(wire: Wire) -> None:
    """It is live again under its old time of change, so no window of changes shows it."""
    record_id = wire.create(email="ann@example.com")
    before = wire.get(f"~/contacts/{record_id}").json()["updatedAt"]
    wire.send("DELETE", f"~/contacts/{record_id}")
    wire.emulator.clock.sleep(3_600)

    wire.emulator.mutate({"op": "restore", "object": "contacts", "id": record_id})

    after = wire.get(f"~/contacts/{record_id}").json()
    assert (after["archived"], after["updatedAt"]) == (False, before)


def test_a_contact_whose_address_was_taken_meanwhile_is_not_restored(wire: Wire) -> None:
    """HubSpot asks its users to sort out the address first."""
    record_id = wire.create(email="ann@example.com")
    wire.send("DELETE", f"~/contacts/{record_id}")
    wire.create(email="ann@example.com")

    with pytest.raises(ValueError, match="already exists"):
        wire.emulator.mutate({"op": "restore", "object": "contacts", "id": record_id})


def test_an_archived_contact_gives_its_address_free(wire: Wire) -> None:
    """Uniqueness is among live records."""
    wire.send("DELETE", f"~/contacts/{wire.create(email='ann@example.com')}")

    again = wire.create(email="ann@example.com")

    assert again == "2"


def test_a_merge_keeps_the_primarys_values_and_fills_its_gaps(wire: Wire) -> None:
    """The survivor knows whom it absorbed, and the old id leads to it."""
    primary = wire.create(email="ann@example.com", city="Perth")
    other = wire.create(email="a.smith@example.com", city="Hobart", zip="7000")
    merged = {"primaryObjectId": primary, "objectIdToMerge": other}

    assert wire.post("~/contacts/merge", merged).status_code == 200

    names = ("city", "zip", "hs_additional_emails", "hs_merged_object_ids")
    values = contact(wire, other, *names)
    assert [values[name] for name in names] == ["Perth", "7000", "a.smith@example.com", other]
    assert [row["id"] for row in wire.get("~/contacts").json()["results"]] == [primary]


def test_a_merge_moves_the_associations(wire: Wire) -> None:
    """The deal of the absorbed contact belongs to the survivor."""
    primary, other = wire.create(firstname="Ann"), wire.create(firstname="Anne")
    deal = wire.create("deals", dealname="Coffee")
    pair = {"inputs": [{"from": {"id": deal}, "to": {"id": other}, "type": "deal_to_contact"}]}
    wire.post("/crm/v3/associations/deals/contacts/batch/create", pair)

    wire.post("~/contacts/merge", {"primaryObjectId": primary, "objectIdToMerge": other})

    (row,) = wire.get(f"~/deals/{deal}/associations/contacts").json()["results"]
    assert row["toObjectId"] == int(primary)


def test_an_erased_contact_cannot_come_back(wire: Wire) -> None:
    """GDPR deletion removes the record everywhere and blocks its address."""
    record_id = wire.create(email="ann@example.com")

    erased = wire.post("~/contacts/gdpr-delete", {"objectId": record_id})

    again = wire.post("~/contacts", {"properties": {"email": "ann@example.com"}})
    assert (erased.status_code, again.status_code) == (204, 400)
    assert "GDPR_BLOCKLISTED" in again.text
    assert wire.get("~/contacts?archived=true").json()["results"] == []


def test_erasing_an_unknown_address_blocks_it(wire: Wire) -> None:
    """The call that must never be made speculatively."""
    stranger = {"objectId": "nobody@example.com", "idProperty": "email"}

    assert wire.post("~/contacts/gdpr-delete", stranger).status_code == 204

    assert wire.emulator.effects.since()[-1].method == "gdpr_delete"
    refused = wire.post("~/contacts", {"properties": {"email": "nobody@example.com"}})
    assert refused.status_code == 400


def test_a_list_is_paged_by_ascending_id(wire: Wire) -> None:
    """Two pages, a cursor between them, none after the last."""
    ids = [wire.create(firstname=str(n)) for n in range(5)]

    first = wire.get("~/contacts?limit=3").json()
    second = wire.get(f"~/contacts?limit=3&after={first['paging']['next']['after']}").json()

    assert [row["id"] for row in first["results"] + second["results"]] == ids
    assert "paging" not in second


def test_listed_records_carry_the_associations_asked_for(wire: Wire) -> None:
    """`associations=` saves the second round."""
    person, firm = wire.create(firstname="Ann"), wire.create("companies", name="Banksia")
    pair = {"inputs": [{"from": {"id": person}, "to": {"id": firm}, "type": "contact_to_company"}]}
    wire.post("/crm/v3/associations/contacts/companies/batch/create", pair)

    (row,) = wire.get("~/contacts?associations=companies").json()["results"]

    bonds = row["associations"]["companies"]["results"]
    assert bonds == [{"id": firm, "type": "contact_to_company"}]


def test_old_and_dated_paths_reach_the_same_records(wire: Wire) -> None:
    """v3 stays served until September 2027."""
    record_id = wire.create(email="ann@example.com")

    old = wire.get(f"/crm/v3/objects/contacts/{record_id}")
    by_number = wire.get(f"~/0-1/{record_id}")

    assert old.json()["id"] == by_number.json()["id"] == record_id


def test_records_without_associations_are_listed_as_errors(wire: Wire) -> None:
    """A batch of association reads succeeds in part: 207 over v4, 200 over a dated version."""
    deal = wire.create("deals", dealname="Coffee")
    body = {"inputs": [{"id": deal}]}

    old = wire.post("/crm/v4/associations/deals/contacts/batch/read", body)
    dated = wire.post("/crm/associations/2026-09/deals/contacts/batch/read", body)

    assert (old.status_code, dated.status_code) == (207, 200)
    (error,) = dated.json()["errors"]
    assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
