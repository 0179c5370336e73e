"""Reading an emulated account over HTTP, through the sync engine, into a real database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Row, select

from connectors.hubspot.api import ALIKE
from connectors.hubspot.emulator import APP, HubSpotEmulator, create, search
from hub.core.answers import LOOK_AGAIN
from hub.core.clock import ManualClock
from hub.core.errors import BudgetExhausted, NeedsReauth
from hub.core.secrets import Secret
from hub.store.schema import consent_events, source_records
from hub.sync.pull import StreamReport
from hub.sync.run import SyncReport

on_one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""For rules of reading, in which the database has no part."""

ALL = ("contacts", "companies", "deals", "tickets", "feedback_submissions", "subscriptions")


def stream_of(report: SyncReport, name: str) -> StreamReport:
    return next(stream for stream in report.streams if stream.stream == name)


def archived(hub: Any, contact: str) -> None:
    hub.emulator.mutate({"op": "archive", "object": "contacts", "id": contact})


def ledger(hub: Any) -> Sequence[Row[Any]]:
    with hub.store.read() as connection:
        found: Sequence[Row[Any]] = connection.execute(select(consent_events)).all()
    return found


# --- what arrives ----------------------------------------------------------------------------


@pytest.mark.parametrize("stream", ALL)
def test_the_first_read_brings_what_the_account_holds(full_hub: Any, stream: str) -> None:
    """Every live record, no other, none in quarantine."""
    report = full_hub.sync(stream)

    assert report.status == "succeeded"
    assert report.counts.quarantined == 0
    assert set(full_hub.records(stream)) == set(full_hub.emulator.live_ids(stream))


def test_values_arrive_as_the_account_shows_them(full_hub: Any) -> None:
    """Names and addresses of all contacts equal the emulator's own books."""
    table = full_hub.emulator.account.tables["contacts"].records

    full_hub.sync("contacts")

    read = {
        key: (person.given_name, person.family_name, person.emails[:1])
        for key, person in full_hub.records("contacts").items()
    }
    held = {
        key: (
            record.properties.get("firstname"),
            record.properties.get("lastname"),
            [record.properties[name] for name in ("email",) if name in record.properties],
        )
        for key, record in table.items()
    }
    assert read == held


def test_facts_hang_on_their_contacts(full_hub: Any) -> None:
    """Tickets, deals and answers name the contact that they are associated with."""
    bonds = full_hub.emulator.account.associations

    full_hub.sync("tickets", "deals", "feedback_submissions")

    for stream in ("tickets", "deals", "feedback_submissions"):
        records = full_hub.records(stream)
        named = {key: [record.party.id] for key, record in records.items() if record.party}
        known = {key: bonds.of((stream, key), "contacts")[:1] for key in records}
        assert named == {key: ids for key, ids in known.items() if ids}
        assert named


def test_an_unchanged_account_stores_nothing(full_hub: Any) -> None:
    """A second run, incremental or full, stores no row and writes no consent event."""
    first = full_hub.sync()
    events = len(ledger(full_hub))

    assert [stream.error for stream in first.streams] == [None] * len(ALL)
    for full in (False, True):
        counts = full_hub.sync(full=full).counts
        assert (counts.stored, counts.deleted, counts.events) == (0, 0, 0)
    assert len(ledger(full_hub)) == events > 0


def test_a_second_run_reads_no_more_than_the_overlap(hub: Any) -> None:
    """Of 300 old contacts and one changed an hour later, the next run reads that one again."""
    contacts = hub.add_contacts(300)
    hub.clock.sleep(3_600)
    edit = {"op": "update", "object": "contacts", "properties": {"city": "Hobart"}}
    hub.emulator.mutate(edit | {"id": contacts[7]})

    first = hub.sync("contacts").counts
    hub.clock.sleep(3_600)
    second = hub.sync("contacts").counts

    assert (first.read, first.stored) == (300, 300)
    assert (second.read, second.stored) == (1, 0)


def test_a_thousand_properties_cost_no_longer_url(
    connect: Callable[..., Any], emulator: HubSpotEmulator
) -> None:
    """Searches name properties in their body, so that no list is too long for a URL."""
    many = tuple(f"property_number_{n}" for n in range(1_000))
    hub = connect(emulator, attributes={"contacts": many})
    hub.add_contacts(3)

    report = hub.sync("contacts")

    assert report.counts.stored == 3


# --- what usually goes missing ---------------------------------------------------------------


def test_a_plateau_beyond_the_cap_is_read_whole(hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """More records with one time of change than a query hands out are neither lost nor looped."""
    monkeypatch.setattr(search, "MAX_RESULTS", 400)
    contacts = hub.add_contacts(900)
    hub.sync("contacts")
    hub.clock.sleep(7_200)
    moment = hub.clock.now().isoformat()
    for contact in contacts:
        record = hub.emulator.account.tables["contacts"].records[contact]
        record.properties |= {"lastmodifieddate": moment, "city": "Hobart"}

    counts = hub.sync("contacts").counts

    assert counts.stored == 900
    assert {person.addresses[0].city for person in hub.records("contacts").values()} == {"Hobart"}


def test_a_record_that_commits_late_is_read(hub: Any) -> None:
    """A change that appears under a time already passed is found within the look-back."""
    first, second = hub.add_contacts(2)
    hub.clock.sleep(3_600)
    edit = {"op": "update", "object": "contacts", "id": second, "properties": {"city": "Perth"}}
    hub.emulator.mutate(edit)
    hub.sync("contacts")
    late = hub.clock.now().timestamp() - 300
    hub.clock.sleep(3_600)
    edit |= {"id": first, "modified_at": str(round(late * 1_000))}
    hub.emulator.mutate(edit)

    counts = hub.sync("contacts").counts

    assert counts.stored == 1
    assert hub.records("contacts")[first].addresses[0].city == "Perth"


def test_what_search_shows_late_is_read_later(
    connect: Callable[..., Any], clock: ManualClock
) -> None:
    """A change that search hides during one run is in the next one's window, however much later."""
    hub = connect(create(clock=clock, search_lag=45))
    hub.add_contacts(1)
    hub.clock.sleep(3_600)
    [hidden] = hub.add_contacts(1, email="late@example.com")

    at_once = hub.sync("contacts").counts
    hub.clock.sleep(86_400)
    next_day = hub.sync("contacts").counts

    assert (at_once.stored, next_day.stored) == (1, 1)
    assert hidden in hub.records("contacts")


def test_archived_records_go_and_restored_ones_return(hub: Any) -> None:
    """The recycle bin is read on every run; what leaves it is live again."""
    gone, kept = hub.add_contacts(2)
    hub.sync("contacts")
    archived(hub, gone)

    deleted = hub.sync("contacts").counts.deleted
    without = set(hub.records("contacts"))
    hub.emulator.mutate({"op": "restore", "object": "contacts", "id": gone})
    hub.sync("contacts", full=True)

    assert deleted == 1
    assert without == {kept}
    assert set(hub.records("contacts")) == {gone, kept}


LOOK_UP = "POST /crm/objects/2026-09/contacts/batch/read"


@pytest.fixture
def emptied(hub: Any) -> list[str]:
    """Four contacts of whom three were archived; the fourth was edited later, and all is read."""
    contacts: list[str] = hub.add_contacts(4)
    hub.sync("contacts")
    for contact in contacts[:3]:
        archived(hub, contact)
    hub.clock.sleep(3_600)
    edited(hub, contacts[3])
    hub.clock.sleep(3_600)
    hub.sync("contacts")
    return contacts


def edited(hub: Any, contact: str) -> None:
    edit = {"op": "update", "object": "contacts", "id": contact, "properties": {"city": "Perth"}}
    hub.emulator.mutate(edit)


def restored(hub: Any, *contacts: str) -> None:
    for contact in contacts:
        hub.emulator.mutate({"op": "restore", "object": "contacts", "id": contact})


def look_ups(hub: Any) -> int:
    return int(hub.emulator.calls.counts().get(LOOK_UP, 0))


@on_one_database
def test_a_restored_record_that_nobody_edits_returns(hub: Any, emptied: list[str]) -> None:
    """It has left the recycle bin: one look-up brings it, and no later run asks again."""
    restored(hub, *emptied[:2])

    report = hub.sync("contacts")
    hub.sync("contacts")

    assert report.counts.stored == 2
    assert set(hub.records("contacts")) == {emptied[0], emptied[1], emptied[3]}
    assert look_ups(hub) == 1


@on_one_database
def test_a_recycle_bin_that_nobody_touches_costs_no_look_up(hub: Any, emptied: list[str]) -> None:
    """Its records stay away, run after run."""
    for _ in range(2):
        hub.sync("contacts")

    assert look_ups(hub) == 0
    assert set(hub.records("contacts")) == {emptied[3]}


@on_one_database
def test_a_record_that_is_purged_from_the_bin_is_asked_after_once(
    hub: Any, emptied: list[str]
) -> None:
    """HubSpot does not know it any more, so it stays away and is forgotten."""
    table = hub.emulator.account.tables["contacts"]
    table.remove(table.records[emptied[0]])

    for _ in range(2):
        hub.sync("contacts")

    assert look_ups(hub) == 1
    assert set(hub.records("contacts")) == {emptied[3]}


@on_one_database
def test_a_restored_record_is_not_lost_to_a_kill(
    hub: Any, emptied: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the middle of the recycle bin, the next run knows what had been there."""
    monkeypatch.setattr("connectors.hubspot.api.LIST_PAGE", 1)
    restored(hub, emptied[0])

    def die(report: StreamReport) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hub.sync("contacts", on_page=die)
    hub.sync("contacts")

    assert set(hub.records("contacts")) == {emptied[0], emptied[3]}


@on_one_database
def test_what_is_remembered_of_the_recycle_bin_is_bounded(
    hub: Any, emptied: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the bound, a restored record comes back with its next edit, as before."""
    monkeypatch.setattr("connectors.hubspot.reader.REMEMBERED", 2)
    hub.sync("contacts")
    restored(hub, *emptied[:3])

    hub.sync("contacts")
    at_once = set(hub.records("contacts"))
    edited(hub, emptied[2])
    hub.sync("contacts")

    assert at_once == {emptied[0], emptied[1], emptied[3]}
    assert emptied[2] in hub.records("contacts")


def test_a_recycle_bin_of_several_pages_is_read_whole(hub: Any) -> None:
    """250 archived records are more than two pages of the listing."""
    contacts = hub.add_contacts(251)
    hub.sync("contacts")
    for contact in contacts[1:]:
        archived(hub, contact)

    report = hub.sync("contacts")

    assert report.counts.deleted == 250
    assert set(hub.records("contacts")) == {contacts[0]}


def test_a_merge_keeps_the_trail(hub: Any) -> None:
    """The record merged away points to the one that absorbed it, which names it as alias."""
    winner, loser = hub.add_contacts(2)
    hub.sync("contacts")
    hub.emulator.mutate({"op": "merge", "object": "contacts", "id": winner, "other": loser})

    report = hub.sync("contacts")

    assert report.counts.deleted == 1
    survivor = hub.records("contacts")[winner]
    assert survivor.aliases == [loser]
    assert survivor.emails == ["p0@example.com", "p1@example.com"]
    with hub.store.read() as connection:
        rows = connection.execute(select(source_records)).all()
    by_id = {row.source_id: row for row in rows}
    assert by_id[loser].merged_into == by_id[winner].rid


def test_an_erased_contact_is_missed_by_a_full_pass(hub: Any) -> None:
    """Erasure under GDPR leaves nothing to poll; absence from a complete pass tells it."""
    contacts = hub.add_contacts(20)
    hub.sync("contacts")
    hub.emulator.mutate({"op": "gdpr_delete", "id": contacts[4]})

    incremental = hub.sync("contacts").counts.deleted
    full = hub.sync("contacts", full=True).counts.deleted

    assert (incremental, full) == (0, 1)
    assert contacts[4] not in hub.records("contacts")


# --- consent ---------------------------------------------------------------------------------


def test_a_withdrawal_reaches_the_ledger(hub: Any) -> None:
    """An unsubscribed address is a withdrawal of the mapped purpose, for that address, dated."""
    hub.add_contacts(1)
    hub.sync()
    hub.clock.sleep(60)
    decided = hub.clock.now()
    hub.emulator.mutate({"op": "consent", "email": "p0@example.com", "subscription": 101})
    hub.clock.sleep(3_600)

    hub.sync()

    [event] = ledger(hub)
    assert (event.purpose, event.channel, event.decision) == ("marketing", "email", "withdraw")
    assert event.point == hub.keys.point("email", "p0@example.com")
    assert event.asserted_at == round(decided.timestamp() * 1e6)


@on_one_database
def test_statuses_that_could_not_be_read_are_not_taken_for_none(hub: Any) -> None:
    """HubSpot answers for all but one address: the run stops, and the next one has the refusal."""
    hub.add_contacts(3)
    hub.emulator.mutate({"op": "consent", "email": "p0@example.com", "subscription": 101})
    hub.strike({"kind": "partial_failure", "path": "*/statuses/batch/read"})

    failed = hub.sync("subscriptions")
    at_once = len(ledger(hub))
    hub.strike()
    hub.sync("subscriptions")

    assert "could not be read (INTERNAL_ERROR)" in str(failed.streams[0].error)
    assert (failed.counts.stored, at_once) == (0, 0)
    assert [event.decision for event in ledger(hub)] == ["withdraw"]


@on_one_database
def test_an_address_that_hubspot_refuses_costs_no_other(hub: Any) -> None:
    """What it says is unknown, not nothing: its record waits in quarantine, the others are read."""
    contacts = hub.add_contacts(20)
    hub.emulator.mutate({"op": "consent", "email": "p7@example.com", "subscription": 101})
    hub.emulator.account.tables["contacts"].records[contacts[3]].properties["email"] = "ada@home"

    counts = hub.sync("subscriptions").counts

    assert (counts.stored, counts.quarantined) == (19, 1)
    assert [event.decision for event in ledger(hub)] == ["withdraw"]


@on_one_database
def test_addresses_that_are_refused_one_and_all_stop_the_stream(hub: Any) -> None:
    """Then it is the request that HubSpot does not like, not what is written in the contacts."""
    contacts = hub.add_contacts(ALIKE)
    for number, contact in enumerate(contacts):
        record = hub.emulator.account.tables["contacts"].records[contact]
        record.properties["email"] = f"p{number}@home"

    report = hub.sync("subscriptions")

    assert "every address was refused: VALIDATION_ERROR" in str(report.streams[0].error)
    assert report.counts.quarantined == 0


def test_types_without_a_purpose_are_no_consent(hub: Any) -> None:
    """Subscribing to service mail permits no marketing."""
    hub.add_contacts(1)
    for number in (102, 103):
        state = {"op": "consent", "email": "p0@example.com", "state": "SUBSCRIBED"}
        hub.emulator.mutate(state | {"subscription": number})

    hub.sync()

    assert ledger(hub) == []


def test_an_opt_out_of_everything_is_a_withdrawal(hub: Any) -> None:
    """Both the contact's own flag and its statuses say no."""
    hub.add_contacts(1)
    hub.emulator.mutate({"op": "consent", "email": "p0@example.com"})

    hub.sync()

    assert {event.decision for event in ledger(hub)} == {"withdraw"}


# --- trouble ---------------------------------------------------------------------------------


def test_a_token_that_expires_between_two_requests_is_renewed_once(
    connect: Callable[..., Any], emulator: HubSpotEmulator
) -> None:
    """The association request in the middle of a page meets an expired token; nothing is lost."""
    hub = connect(
        emulator,
        token=None,
        client_id=APP.client_id,
        client_secret=Secret.of(APP.client_secret),
        refresh_token=Secret.of(str(APP.refresh_token)),
    )
    ticket = {"subject": "Late", "hs_pipeline": "0", "hs_pipeline_stage": "1"}
    hub.emulator.mutate({"op": "create", "object": "tickets", "properties": ticket})
    hub.strike({"kind": "expired_token", "path": "*/associations/*", "times": 1})

    report = hub.sync("tickets")

    calls = hub.emulator.calls.counts()
    assert report.counts.stored == 1
    assert calls["POST /oauth/2026-09/token"] == 2


def test_a_429_without_retry_after_is_waited_out(hub: Any) -> None:
    """Two refusals in a row cost two waits and no record."""
    hub.add_contacts(3)
    hub.strike({"kind": "rate_limited", "policy": "SECONDLY", "path": "*/search", "times": 2})

    report = hub.sync("contacts")

    assert report.counts.stored == 3
    assert sum("429" in reason for _, reason in hub.waits.told) == 2


def test_a_spent_day_stops_the_stream_with_its_checkpoint(
    hub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DAILY is not waited for; the next run goes on where this one stopped."""
    hub.add_contacts(450)
    daily = {"kind": "rate_limited", "policy": "DAILY", "path": "*/search", "at": [2]}
    hub.strike(daily)

    first = stream_of(hub.sync("contacts"), "contacts")
    hub.strike()
    hub.clock.sleep(LOOK_AGAIN)
    second = hub.sync("contacts").counts

    assert isinstance(first.error, BudgetExhausted)
    assert (first.status, first.counts.stored) == ("partial", 200)
    assert second.stored == 250
    assert hub.waits.told == [] or max(hub.waits.seconds) < 60


def test_a_killed_run_loses_one_page_at_most(hub: Any) -> None:
    """Killed after its second page is committed: the next run reads the rest and not the first."""
    contacts = hub.add_contacts(450)
    hub.clock.sleep(3_600)
    edit = {"op": "update", "object": "contacts", "properties": {"city": "Hobart"}}
    hub.emulator.mutate(edit | {"id": contacts[-1]})

    def die(report: StreamReport) -> None:
        if report.pages == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hub.sync("contacts", on_page=die)
    hub.clock.sleep(3_600)  # past the lease of the killed run
    rest = hub.sync("contacts").counts

    assert len(hub.records("contacts")) == 450
    assert (rest.read, rest.stored) == (51, 50)  # the last change is in the overlap, too


def test_a_missing_scope_stops_its_stream_only(
    connect: Callable[..., Any], clock: ManualClock
) -> None:
    """The message names the scope; the other streams go on."""
    hub = connect(create(clock=clock, scopes={"crm.objects.contacts.read"}))
    hub.add_contacts(1)

    report = hub.sync("contacts", "tickets")

    tickets = stream_of(report, "tickets")
    assert report.status == "partial"
    assert stream_of(report, "contacts").counts.stored == 1
    assert "the key lacks tickets" in str(tickets.error)


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("pat-na1-of-another-account", "INVALID_AUTHENTICATION"),
        ("not a token", "530"),
    ],
)
def test_a_refused_token_needs_a_person(
    connect: Callable[..., Any], emulator: HubSpotEmulator, token: str, told: str
) -> None:
    """A wrong and a malformed token end in NeedsReauth with the next step, without the token."""
    hub = connect(emulator, token=Secret.of(token))

    error = stream_of(hub.sync("contacts"), "contacts").error

    assert isinstance(error, NeedsReauth)
    assert told in str(error)
    assert "Service keys" in str(error)
    assert token not in str(error)
