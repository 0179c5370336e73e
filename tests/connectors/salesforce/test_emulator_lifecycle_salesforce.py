"""Deletes, merges, conversions and what the replication endpoints tell of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from connectors.salesforce.emulator import replication
from hub.core.clock import ManualClock

if TYPE_CHECKING:
    from tests.connectors.salesforce.conftest import Caller


def span(caller: Caller, resource: str, minutes: float, sobject: str = "Contact") -> dict[str, Any]:
    """What ``/deleted`` or ``/updated`` says of the last minutes."""
    now = caller.emulator.clock.now()
    query = {"start": (now - timedelta(minutes=minutes)).isoformat(), "end": now.isoformat()}
    answer = caller.get(f"/sobjects/{sobject}/{resource}/", params=query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_deleted_record_is_seen_by_query_all_only(caller: Caller) -> None:
    """Deletion moves SystemModstamp, so that an incremental queryAll meets it."""
    ann = caller.create(LastName="Ann")
    caller.emulator.clock.sleep(60)

    caller.send("DELETE", f"/sobjects/Contact/{ann}")

    soql = "SELECT Id, IsDeleted, SystemModstamp FROM Contact"
    assert caller.rows(soql) == []
    assert caller.rows(soql, "queryAll") == [
        {"Id": ann, "IsDeleted": True, "SystemModstamp": "2026-01-01T00:01:00.000+0000"}
    ]


def test_the_recycle_bin_lasts_fifteen_days(caller: Caller) -> None:
    """Then nothing tells of the record any more."""
    ann = caller.create(LastName="Ann")
    caller.send("DELETE", f"/sobjects/Contact/{ann}")
    caller.emulator.clock.sleep(timedelta(days=15).total_seconds() - 60)
    before = span(caller, "deleted", 15 * 24 * 60)

    caller.emulator.clock.sleep(120)

    assert [row["id"] for row in before["deletedRecords"]] == [ann]
    assert caller.rows("SELECT Id FROM Contact", "queryAll") == []
    assert span(caller, "deleted", 15 * 24 * 60)["deletedRecords"] == []


def test_an_emptied_recycle_bin_says_since_when_it_knows(caller: Caller) -> None:
    """The earliest date that can be asked for moves past the deletions that are forgotten."""
    ann = caller.create(LastName="Ann")
    caller.send("DELETE", f"/sobjects/Contact/{ann}")
    caller.emulator.clock.sleep(3_600)

    caller.emulator.mutate({"op": "empty_bin"})

    caller.emulator.clock.sleep(3_600)
    told = span(caller, "deleted", 150)
    assert told["deletedRecords"] == []
    assert told["earliestDateAvailable"] == "2026-01-01T01:00:00.000+0000"
    assert told["latestDateCovered"] == "2026-01-01T02:00:00.000+0000"


def test_too_many_deletions_are_refused(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller has to ask for a shorter span."""
    monkeypatch.setattr(replication, "MOST_IDS", 2)
    for name in ("A", "B", "C"):
        caller.send("DELETE", f"/sobjects/Contact/{caller.create(LastName=name)}")
    caller.emulator.clock.sleep(3_600)
    query = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T01:00:00Z"}

    answer = caller.get("/sobjects/Contact/deleted/", params=query)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")


def test_updated_names_what_changed(caller: Caller) -> None:
    """Created and changed records, not deleted ones."""
    ann, bob, gone = (caller.create(LastName=name) for name in ("Ann", "Bob", "Cy"))
    caller.emulator.clock.sleep(3_600)
    caller.patch(f"/sobjects/Contact/{bob}", {"Title": "Boss"})
    caller.send("DELETE", f"/sobjects/Contact/{gone}")
    caller.emulator.clock.sleep(60)

    told = span(caller, "updated", 30)

    assert told["ids"] == [bob]
    assert ann not in told["ids"]


def test_a_merge_leaves_the_loser_with_its_winner(caller: Caller) -> None:
    """Children move over, gaps are filled, the winner's own values stay."""
    winner = caller.create(LastName="Ann", Email="ann@example.com")
    loser = caller.create(LastName="Annie", Title="Boss")
    case = caller.create("Case", ContactId=loser)
    caller.emulator.clock.sleep(60)

    caller.emulator.mutate({"op": "merge", "object": "contacts", "id": winner, "other": loser})

    soql = "SELECT Id, LastName, Title, IsDeleted, MasterRecordId, SystemModstamp FROM Contact"
    kept, lost = caller.rows(f"{soql} ORDER BY IsDeleted", "queryAll")
    moved = caller.rows("SELECT Id, ContactId, SystemModstamp FROM Case")
    moment = "2026-01-01T00:01:00.000+0000"
    assert (kept["LastName"], kept["Title"], kept["SystemModstamp"]) == ("Ann", "Boss", moment)
    assert (lost["Id"], lost["IsDeleted"], lost["MasterRecordId"]) == (loser, True, winner)
    assert moved == [{"Id": case, "ContactId": winner, "SystemModstamp": moment}]


def test_a_merge_that_fills_nothing_moves_the_winner(caller: Caller) -> None:
    """A reader has to meet the winner again, since its children changed."""
    winner, loser = (caller.create(LastName="Ann") for _ in range(2))
    caller.emulator.clock.sleep(60)

    caller.emulator.mutate({"op": "merge", "object": "contacts", "id": winner, "other": loser})

    assert caller.rows("SELECT SystemModstamp FROM Contact") == [
        {"SystemModstamp": "2026-01-01T00:01:00.000+0000"}
    ]


def test_programs_and_people_sign_what_they_change(caller: Caller) -> None:
    """LastModifiedBy tells the hub's own writes from those of staff."""
    ann = caller.create(LastName="Ann")
    soql = "SELECT LastModifiedBy.Name FROM Contact"
    change = {"op": "update", "object": "contacts", "id": ann, "properties": {"Title": "Boss"}}

    caller.patch(f"/sobjects/Contact/{ann}", {"Title": "Chief"})
    by_program = caller.rows(soql)[0]["LastModifiedBy"]["Name"]
    caller.emulator.mutate(change)
    by_person = caller.rows(soql)[0]["LastModifiedBy"]["Name"]

    assert (by_program, by_person) == ("Hub Integration", "Mia Manager")


def test_an_edit_can_be_backdated(caller: Caller) -> None:
    """As a transaction that began earlier and commits now."""
    ann = caller.create(LastName="Ann")
    caller.emulator.clock.sleep(3_600)
    edit = {"op": "update", "object": "contacts", "id": ann, "properties": {"Title": "Boss"}}

    done = caller.emulator.mutate({**edit, "modified_at": "2026-01-01T00:30:00Z"})

    assert done == {"changed": ["Title"]}
    assert caller.rows("SELECT SystemModstamp FROM Contact") == [
        {"SystemModstamp": "2026-01-01T00:30:00.000+0000"}
    ]


def test_deletions_outside_the_span_are_not_told(caller: Caller) -> None:
    """From the start on, up to and without the end."""
    early, late = (caller.create(LastName=name) for name in ("Ann", "Bob"))
    caller.emulator.clock.sleep(600)
    caller.send("DELETE", f"/sobjects/Contact/{early}")
    caller.emulator.clock.sleep(600)
    caller.send("DELETE", f"/sobjects/Contact/{late}")
    query = {"start": "2026-01-01T00:10:00Z", "end": "2026-01-01T00:20:00Z"}

    told = caller.get("/sobjects/Contact/deleted/", params=query).json()

    assert [row["id"] for row in told["deletedRecords"]] == [early]
    assert told["latestDateCovered"] == "2026-01-01T00:20:00.000+0000"


def test_a_deleted_account_takes_its_people_along(caller: Caller) -> None:
    """Every record that goes is an effect of its own and stands in its object's log."""
    company = caller.create("Account", Name="Acme")
    ann = caller.create(LastName="Ann", AccountId=company)
    before = len(caller.emulator.effects)

    caller.send("DELETE", f"/sobjects/Account/{company}")

    gone = {(e.object, e.id) for e in caller.emulator.effects.since(before)}
    assert gone == {("Account", company), ("Contact", ann)}


def test_a_restored_record_is_back_and_changed(caller: Caller) -> None:
    """An undelete leaves the log of deletions and moves SystemModstamp."""
    ann = caller.create(LastName="Ann")
    caller.send("DELETE", f"/sobjects/Contact/{ann}")
    caller.emulator.clock.sleep(120)

    caller.emulator.mutate({"op": "restore", "object": "contacts", "id": ann})

    (row,) = caller.rows("SELECT Id, SystemModstamp FROM Contact")
    assert row == {"Id": ann, "SystemModstamp": "2026-01-01T00:02:00.000+0000"}
    assert span(caller, "deleted", 10)["deletedRecords"] == []


def test_a_converted_lead_names_its_contact(caller: Caller) -> None:
    """The lead stays readable; the person goes on as a contact."""
    lead = caller.create("Lead", LastName="Ann", Company="Acme", Email="ann@example.com")

    contact = caller.emulator.mutate({"op": "convert", "id": lead})["id"]

    (row,) = caller.rows("SELECT IsConverted, ConvertedContactId, ConvertedContact.Email FROM Lead")
    assert (row["IsConverted"], row["ConvertedContactId"]) == (True, contact)
    assert row["ConvertedContact"]["Email"] == "ann@example.com"


@pytest.mark.parametrize(
    "command",
    [
        {"op": "merge", "object": "contacts", "id": "0035g0000000001AAA", "other": "x"},
        {"op": "merge", "object": "cases", "id": "5005g0000000001AAA", "other": "x"},
        {"op": "restore", "object": "contacts", "id": "0035g0000000001AAA"},
        {"op": "convert", "id": "00Q5g0000000001EAA"},
        {"op": "paint", "object": "contacts"},
    ],
    ids=lambda command: f"{command['op']}-{command.get('object', '')}",
)
def test_what_the_screens_would_refuse_is_refused(caller: Caller, command: dict[str, str]) -> None:
    """A command that makes no sense changes nothing."""
    caller.create(LastName="Ann")
    before = len(caller.emulator.effects)

    with pytest.raises(ValueError, match=r"."):
        caller.emulator.mutate(command)

    assert len(caller.emulator.effects) == before


# --- person accounts ---------------------------------------------------------------------------


@pytest.fixture
def people(new_caller: Callable[..., Caller]) -> Caller:
    """An org with person accounts, and one of them."""
    caller = new_caller(person_accounts=True)
    caller.create("Account", LastName="Archer", FirstName="Ann", PersonEmail="ann@example.com")
    return caller


def test_a_person_account_is_an_account_and_a_contact(people: Caller) -> None:
    """Both are the same person; the account is named by the person."""
    (account,) = people.rows("SELECT Id, Name, IsPersonAccount, PersonContactId FROM Account")
    (contact,) = people.rows("SELECT Id, Name, Email, AccountId, IsPersonAccount FROM Contact")

    assert (account["Name"], account["IsPersonAccount"]) == ("Ann Archer", True)
    assert (contact["Id"], contact["AccountId"]) == (account["PersonContactId"], account["Id"])
    assert (contact["Email"], contact["IsPersonAccount"]) == ("ann@example.com", True)


def test_a_change_of_the_account_is_a_change_of_the_contact(people: Caller) -> None:
    """One write, one effect, and both time stamps move."""
    (account,) = people.rows("SELECT Id FROM Account")
    people.emulator.clock.sleep(60)
    before = len(people.emulator.effects)

    change = {"PersonHasOptedOutOfEmail": True, "FirstName": "Anna"}
    people.patch(f"/sobjects/Account/{account['Id']}", change)

    soql = "SELECT HasOptedOutOfEmail, SystemModstamp FROM Contact"
    assert people.rows(soql) == [
        {"HasOptedOutOfEmail": True, "SystemModstamp": "2026-01-01T00:01:00.000+0000"}
    ]
    assert people.rows("SELECT Name FROM Account") == [{"Name": "Anna Archer"}]
    assert len(people.emulator.effects) == before + 1


def test_an_account_is_named_or_a_person(people: Caller) -> None:
    """Where accounts may be people, neither name is required, but one of them is."""
    answer = people.post("/sobjects/Account", {"Phone": "07 7010 0000"})

    assert answer.json()[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert people.create("Account", Name="Acme")


def test_merged_person_accounts_are_one_person(people: Caller) -> None:
    """Their contacts are merged with them, and what hung on the loser's moves over."""
    (winner,) = people.rows("SELECT Id, PersonContactId FROM Account")
    loser = people.create("Account", LastName="Archer", FirstName="A.")
    (other,) = people.rows(f"SELECT PersonContactId FROM Account WHERE Id = '{loser}'")
    people.create("Case", ContactId=other["PersonContactId"])

    people.emulator.mutate(
        {"op": "merge", "object": "person_accounts", "id": winner["Id"], "other": loser}
    )

    lost = people.rows("SELECT MasterRecordId FROM Contact WHERE IsDeleted = true", "queryAll")
    assert lost == [{"MasterRecordId": winner["PersonContactId"]}]
    assert people.rows("SELECT ContactId FROM Case") == [{"ContactId": winner["PersonContactId"]}]


def test_an_org_without_person_accounts_has_no_such_fields(caller: Caller) -> None:
    """Asking for them is an error, not an empty result."""
    answer = caller.query("SELECT Id FROM Account WHERE IsPersonAccount = true")

    assert answer.json()[0]["errorCode"] == "INVALID_FIELD"


# --- what happens in the data while it is read -------------------------------------------------


def test_a_late_commit_appears_below_the_present(caller: Caller, clock: ManualClock) -> None:
    """Records change now under a time that a reader may have passed already."""
    for name in ("Ann", "Bob", "Cy"):
        caller.create(LastName=name)
    clock.sleep(3_600)
    caller.inject(kind="late_commit", object_type="contacts", seconds=300, count=2, at=[1])
    before = len(caller.emulator.effects)

    rows = caller.rows(
        "SELECT Id, SystemModstamp FROM Contact WHERE SystemModstamp > 2026-01-01T00:30:00Z"
    )

    changed = {effect.id for effect in caller.emulator.effects.since(before, "user")}
    assert {row["Id"] for row in rows} == changed
    assert {row["SystemModstamp"] for row in rows} == {"2026-01-01T00:55:00.000+0000"}


def test_a_plateau_gives_many_records_one_time(caller: Caller, clock: ManualClock) -> None:
    """As a bulk update does; only so many as asked for."""
    for name in ("Ann", "Bob", "Cy"):
        caller.create(LastName=name)
        clock.sleep(60)
    caller.inject(kind="plateau", object_type="Contact", count=2, at=[1])

    rows = caller.rows("SELECT SystemModstamp FROM Contact ORDER BY Id")

    assert [row["SystemModstamp"][11:16] for row in rows] == ["00:03", "00:03", "00:02"]


@pytest.mark.parametrize(
    ("change", "field", "kind"),
    [("add", "Shoe__c", "string"), ("remove", "Title", None), ("retype", "Title", "double")],
)
def test_the_schema_drifts_while_it_is_read(
    caller: Caller, change: str, field: str, kind: str | None
) -> None:
    """A field appears, vanishes or becomes another type between two requests."""
    caller.create(LastName="Ann", Title="Boss")
    caller.inject(kind="schema_drift", object_type="contacts", change=change, field=field, at=[2])
    caller.get("/limits")

    fields = caller.get("/sobjects/Contact/describe").json()["fields"]

    assert next((f["type"] for f in fields if f["name"] == field), None) == kind
