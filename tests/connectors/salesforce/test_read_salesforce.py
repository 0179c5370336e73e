"""Reading an emulated org over HTTP, through the sync engine, into a real database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from connectors.salesforce import hub_connector
from connectors.salesforce.api import Api
from connectors.salesforce.emulator import SalesforceEmulator, create, derived
from hub.core.answers import LOOK_AGAIN
from hub.core.clock import ManualClock, to_micros
from hub.core.errors import BudgetExhausted, NeedsReauth, StopRun
from hub.core.records import Deal, Interaction, Organisation, Person, Task, Ticket
from hub.core.secrets import Secret
from hub.emulation.quotas import Window
from hub.emulation.world import World
from hub.privacy.resolution import Event, fold
from hub.store.schema import source_records
from hub.sync.pull import StreamReport
from hub.testing.client import open_context
from hub.testing.scripted import scripted

ALL = (
    "accounts", "contacts", "leads", "cases", "opportunities", "tasks", "events",
    "contact_consents", "lead_consents", "individuals", "contact_point_consents",
)  # fmt: skip
PEOPLE = ("person_accounts", "person_account_consents")
CONSENTS = "contact_point_consents"
Hub = Any
Connect = Callable[..., Hub]


@pytest.fixture
def hub(connect_hub: Connect, emulator: SalesforceEmulator) -> Hub:
    """A hub connected to an empty org, which it reads 50 records at a time."""
    return connect_hub(hub_connector(), emulator, page_size=50)


@pytest.fixture
def full_hub(connect_hub: Connect, clock: ManualClock, world: World) -> Hub:
    """A hub connected to an org that holds the simulated world."""
    clock.sleep((world.end - clock.now()).total_seconds())
    emulator = create(clock=clock)
    emulator.seed(world)
    return connect_hub(hub_connector(), emulator)


def add(hub: Hub, count: int, sobject: str = "contacts", **values: object) -> list[str]:
    """Ids of new records that a user enters."""
    made = []
    for number in range(count):
        who = {"LastName": f"P{number:04d}", "Email": f"p{number}@example.com"}
        made.append(str(hub.mutate("create", sobject, properties=who | values)["id"]))
    return made


def edit(hub: Hub, record: str, stream: str = "contacts", **values: object) -> None:
    hub.mutate("update", stream, id=record, properties=values)


def later(hub: Hub, seconds: float = 3_600) -> None:
    hub.clock.sleep(seconds)


def widened(emulator: SalesforceEmulator, count: int) -> tuple[str, ...]:
    """Names of custom fields that an admin added to Contact."""
    held = emulator.org.fields["Contact"]
    names = [f"A_Field_With_A_Rather_Long_Name_{number}__c" for number in range(count)]
    for name in names:
        held[name] = replace(held["Title"], name=name, permissionable=False)
    return tuple(names)


def survivors(hub: Hub) -> dict[str, str]:
    """Which record each merged one went into."""
    loser, winner = source_records, source_records.alias()
    query = select(loser.c.source_id, winner.c.source_id).join(
        winner, winner.c.rid == loser.c.merged_into
    )
    with hub.store.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def consent(hub: Hub, **values: object) -> tuple[str, str]:
    """A contact with an individual, and a consent record of theirs: contact and record."""
    individual = str(hub.mutate("create", "individuals", properties={"LastName": "P"})["id"])
    [contact] = add(hub, 1, IndividualId=individual, Phone="+61 400 000 001")
    use = str(hub.mutate("create", "DataUsePurpose", properties={"Name": "Marketing"})["id"])
    said = {
        "Name": "P by e-mail",
        "PartyId": individual,
        "DataUsePurposeId": use,
        "ContactPointType": "Email",
        "PrivacyConsentStatus": "OptIn",
        "CaptureDate": hub.clock.now().isoformat(),
    }
    return contact, str(hub.mutate("create", CONSENTS, properties=said | values)["id"])


def in_days(hub: Hub, days: float) -> str:
    return (hub.clock.now() + timedelta(days=days)).isoformat()


def may_mail(hub: Hub) -> str:
    """Where marketing by e-mail to the one address of the ledger stands."""
    names = [each.name for each in fields(Event)]
    events = [Event(**{name: getattr(row, name) for name in names}) for row in hub.ledger()]
    point = hub.keys.point("email", "p0@example.com")
    now = to_micros(hub.clock.now())
    return fold(events, purpose="marketing", channel="email", point=point, now=now).state


def queries(hub: Hub) -> int:
    """How many queries were asked so far."""
    counts = hub.emulator.calls.counts()
    return sum(number for call, number in counts.items() if "/query" in call)


# --- what arrives ----------------------------------------------------------------------------


def test_the_first_read_brings_what_the_org_holds(full_hub: Hub) -> None:
    """Every live record of every stream, no other, none in quarantine."""
    report = full_hub.sync()

    assert {stream.stream: stream.error for stream in report.streams} == dict.fromkeys(ALL)
    assert report.counts.quarantined == 0
    for stream in ALL:
        assert set(full_hub.records(stream)) == set(full_hub.emulator.live_ids(stream)), stream
        assert full_hub.records(stream), stream


def test_person_accounts_are_people(connect_hub: Connect, clock: ManualClock, world: World) -> None:
    """They are read as people, once, and what happened to them hangs on them."""
    clock.sleep((world.end - clock.now()).total_seconds())
    emulator = create(clock=clock, person_accounts=True)
    emulator.seed(world)
    hub = connect_hub(hub_connector(), emulator)

    report = hub.sync()

    assert [stream.error for stream in report.streams] == [None] * len(report.streams)
    assert report.counts.quarantined == 0
    for stream in (*ALL, *PEOPLE):
        assert set(hub.records(stream)) == set(emulator.live_ids(stream)), stream
    named = {case.party.stream for case in hub.records("cases").values() if case.party}
    assert named == {"contacts", "person_accounts"}
    people = hub.records("person_accounts")
    assert people
    assert all(isinstance(person, Person) and person.family_name for person in people.values())


def test_values_arrive_as_the_org_shows_them(full_hub: Hub) -> None:
    """Names, addresses and card numbers of all contacts equal the emulator's own books."""
    table = full_hub.emulator.org.tables["Contact"].records

    full_hub.sync("contacts")

    read = {
        key: (person.given_name, person.family_name, person.emails)
        for key, person in full_hub.records("contacts").items()
    }
    held = {
        key: (
            record.values.get("FirstName"),
            record.values.get("LastName"),
            [record.values["Email"]] if record.values.get("Email") else [],
        )
        for key, record in table.items()
    }
    assert read == held


def test_each_object_becomes_its_entity(full_hub: Hub) -> None:
    """Accounts, people, cases, opportunities, tasks and events are what the field calls them."""
    full_hub.sync("accounts", "contacts", "leads", "cases", "opportunities", "tasks", "events")

    wanted = {
        "accounts": Organisation,
        "contacts": Person,
        "leads": Person,
        "cases": Ticket,
        "opportunities": Deal,
        "tasks": Task,
        "events": Interaction,
    }
    for stream, entity in wanted.items():
        assert {type(record) for record in full_hub.records(stream).values()} == {entity}


def test_an_unchanged_org_stores_nothing(full_hub: Hub) -> None:
    """A second run, incremental or full, stores no row and writes no consent event."""
    full_hub.sync()
    events = len(full_hub.ledger())

    for full in (False, True):
        later(full_hub, 86_400)
        counts = full_hub.sync(full=full).counts
        assert (counts.stored, counts.deleted, counts.events) == (0, 0, 0)
    assert len(full_hub.ledger()) == events > 0


def test_a_second_run_reads_no_more_than_the_overlap(hub: Hub) -> None:
    """Of 60 old contacts and one changed an hour later, the next run reads that one again."""
    contacts = add(hub, 60)
    later(hub)
    edit(hub, contacts[7], MailingCity="Hobart")

    first = hub.pull("contacts").counts
    later(hub)
    second = hub.pull("contacts").counts

    assert (first.read, first.stored) == (60, 60)
    assert (second.read, second.stored) == (1, 0)


def test_a_page_brings_as_many_records_as_the_settings_say(hub: Hub) -> None:
    """110 contacts in pages of 50 are three queries."""
    add(hub, 110)

    report = hub.pull("contacts")

    assert (report.counts.stored, report.pages) == (110, 3)
    assert queries(hub) == 3


# --- what usually goes missing ---------------------------------------------------------------


def test_a_plateau_beyond_a_page_is_read_whole(hub: Hub) -> None:
    """More records with one time of change than a page holds are neither lost nor looped."""
    contacts = add(hub, 160)
    hub.pull("contacts")
    later(hub)
    for contact in contacts:
        edit(hub, contact, MailingCity="Hobart")

    counts = hub.pull("contacts").counts

    assert counts.stored == 160
    assert {person.addresses[0].city for person in hub.records("contacts").values()} == {"Hobart"}


def test_a_record_that_commits_late_is_read(hub: Hub) -> None:
    """A change that appears under a time already passed is found within the look-back."""
    first, second = add(hub, 2)
    later(hub)
    edit(hub, second, MailingCity="Perth")
    hub.pull("contacts")
    late = (hub.clock.now() - timedelta(seconds=300)).isoformat()
    later(hub)
    hub.mutate(
        "update", "contacts", id=first, properties={"MailingCity": "Perth"}, modified_at=late
    )

    counts = hub.pull("contacts").counts

    assert counts.stored == 1
    assert hub.records("contacts")[first].addresses[0].city == "Perth"


def test_deleted_records_go_and_restored_ones_return(hub: Hub) -> None:
    """The recycle bin is seen on the next run; what leaves it is live again."""
    gone, kept = add(hub, 2)
    hub.pull("contacts")
    later(hub)
    hub.mutate("archive", "contacts", id=gone)

    deleted = hub.pull("contacts").counts.deleted
    without = set(hub.records("contacts"))
    later(hub)
    hub.mutate("restore", "contacts", id=gone)
    hub.pull("contacts")
    hub.pull("contacts")

    assert deleted == 1
    assert without == {kept}
    assert set(hub.records("contacts")) == {gone, kept}


def test_a_merge_keeps_the_trail(hub: Hub) -> None:
    """The record merged away points to the one that absorbed it."""
    winner, loser = add(hub, 2)
    hub.pull("contacts")
    later(hub)
    hub.mutate("merge", "contacts", id=winner, other=loser)
    stream = next(s for s in hub.connector.streams_for(hub.ctx.config) if s.name == "contacts")

    merges = [page.merges for page in stream.reader(hub.ctx, {})]
    report = hub.pull("contacts")

    assert {loser: winner} in merges
    assert report.counts.deleted == 1
    assert set(hub.records("contacts")) == {winner}


def test_a_merge_that_commits_while_a_pass_ends_is_still_one(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The delete log knows that the loser is gone; the next run, into whom."""
    winner, loser = add(hub, 2)
    hub.pull("contacts")
    later(hub)
    query, told = Api.query, list[str]()

    def then_merge(api: Api, soql: str, **options: Any) -> Any:
        found = query(api, soql, **options)
        if not told:
            told.append(soql)
            hub.mutate("merge", "contacts", id=winner, other=loser)
            later(hub, 120)
        return found

    monkeypatch.setattr(Api, "query", then_merge)
    first = hub.pull("contacts").counts
    at_first = survivors(hub)
    later(hub)
    second = hub.pull("contacts").counts

    assert (first.deleted, second.deleted) == (1, 0)
    assert (at_first, survivors(hub)) == ({}, {loser: winner})


def test_a_gap_longer_than_the_delete_log_is_closed(hub: Hub) -> None:
    """After three weeks all records are read, and whoever is not met is gone."""
    contacts = add(hub, 30)
    hub.pull("contacts")
    later(hub)
    hub.mutate("archive", "contacts", id=contacts[4])
    hub.emulator.mutate({"op": "empty_bin"})
    edit(hub, contacts[5], MailingCity="Hobart")
    later(hub, 21 * 86_400)

    counts = hub.pull("contacts").counts
    later(hub)
    again = hub.pull("contacts").counts

    assert (counts.read, counts.deleted) == (29, 1)
    assert again.read == 1
    assert any("delete log has a gap" in line for line in hub.told)


def test_an_emptied_recycle_bin_is_noticed_at_once(hub: Hub) -> None:
    """The log was purged with it, so the same run reads all records and misses who is gone."""
    contacts = add(hub, 30)
    hub.pull("contacts")
    later(hub)
    hub.mutate("archive", "contacts", id=contacts[4])
    hub.emulator.mutate({"op": "empty_bin"})
    later(hub)

    first = hub.pull("contacts").counts
    later(hub)
    second = hub.pull("contacts").counts

    assert first.deleted == 1
    assert contacts[4] not in hub.records("contacts")
    assert (second.deleted, second.read) == (0, 29)  # the overlap: all were made in one second


@pytest.mark.parametrize("seconds", [-900, -300, 0, 300])
def test_the_delete_log_is_never_asked_for_more_than_it_keeps(hub: Hub, seconds: int) -> None:
    """Around its fifteenth day, either the log is asked or all records are read."""
    contacts = add(hub, 30)
    hub.pull("contacts")
    later(hub)
    hub.mutate("archive", "contacts", id=contacts[4])
    later(hub, 15 * 86_400 + seconds - 3_600)

    report = hub.pull("contacts")

    assert report.error is None
    assert report.counts.deleted == 1


# --- fields that come, go and hide -----------------------------------------------------------


def test_a_hidden_opt_out_is_unknown_and_read_once_it_shows(hub: Hub) -> None:
    """While hidden it claims nothing; once granted, its history is read from the beginning."""
    [contact, _] = add(hub, 2)
    edit(hub, contact, HasOptedOutOfEmail=True)
    hub.mutate("hide", "contacts", field="HasOptedOutOfEmail")
    hub.pull("contact_consents")
    while_hidden = len(hub.ledger())
    later(hub, 86_400)

    hub.mutate("unhide", "contacts", field="HasOptedOutOfEmail")
    hub.pull("contact_consents")

    assert while_hidden == 0
    assert [event.decision for event in hub.ledger()] == ["withdraw"]
    assert "Contact: field HasOptedOutOfEmail appeared" in hub.told


def test_a_field_that_is_hidden_between_runs_is_told(hub: Hub) -> None:
    """The log names it, the records stay, and nothing is read again for it."""
    add(hub, 3, MailingCity="Hobart")
    hub.pull("contacts")
    later(hub, 86_400)
    hub.mutate("hide", "contacts", field="MailingCity")

    report = hub.pull("contacts")

    assert report.error is None
    assert "Contact: field MailingCity disappeared" in hub.told
    assert report.counts.read == 3  # the overlap only
    assert len(hub.records("contacts")) == 3


def test_a_field_that_vanishes_in_the_middle_of_a_pass_costs_no_record(hub: Hub) -> None:
    """The describe is asked again, the log tells it, and the pass goes on without the field."""
    add(hub, 110)

    def hide(report: StreamReport) -> None:
        if report.pages == 1:
            hub.mutate("hide", "contacts", field="Title")

    report = hub.pull("contacts", on_page=hide)

    assert report.error is None
    assert report.counts.stored == 110
    assert "Contact: field Title disappeared" in hub.told


def test_a_field_of_another_type_is_told(hub: Hub) -> None:
    """The log names both types; the records stay."""
    add(hub, 3, Title="Director")
    hub.pull("contacts")
    held = hub.emulator.org.fields["Contact"]
    held["Title"] = replace(held["Title"], type="picklist")

    report = hub.pull("contacts")

    assert report.error is None
    assert "Contact: field Title changed from string to picklist" in hub.told


def test_formulas_are_read_again_now_and_then(
    connect_hub: Connect, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They change without moving their record: only a pass from the beginning sees it."""
    emulator = create(clock=clock)
    score = replace(emulator.org.fields["Contact"]["Title"], name="Score__c", derived=True)
    emulator.org.fields["Contact"]["Score__c"] = replace(score, permissionable=False)
    shown = {"score": "cold"}
    monkeypatch.setitem(derived._BY_FIELD, ("Contact", "Score__c"), lambda *_: shown["score"])
    hub = connect_hub(hub_connector(), emulator, attributes={"contacts": ("Score__c",)})
    [contact] = add(hub, 1)
    later(hub)
    add(hub, 1)
    hub.pull("contacts")
    shown["score"] = "hot"

    later(hub, 86_400)
    hub.pull("contacts")
    next_day = hub.records("contacts")[contact].attributes["Score__c"]
    later(hub, 6 * 86_400)
    hub.pull("contacts")
    next_week = hub.records("contacts")[contact].attributes["Score__c"]

    assert (next_day, next_week) == ("cold", "hot")


def test_a_long_field_list_fits_into_the_url(connect_hub: Connect, clock: ManualClock) -> None:
    """600 fields are more than a URL holds: the rest is asked for by id and joined."""
    emulator = create(clock=clock)
    many = widened(emulator, 600)
    hub = connect_hub(hub_connector(), emulator, attributes={"contacts": many})
    [contact] = add(hub, 1, **{many[-1]: "the last one", many[0]: "the first one"})

    report = hub.pull("contacts")

    kept = hub.records("contacts")[contact].attributes
    assert report.error is None
    assert (kept[many[0]], kept[many[-1]]) == ("the first one", "the last one")


def test_a_record_that_vanishes_between_two_requests_ends_no_pass(
    connect_hub: Connect, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its page is one row short, which does not make it the last one."""
    emulator = create(clock=clock)
    many = widened(emulator, 600)
    hub = connect_hub(hub_connector(), emulator, page_size=50, attributes={"contacts": many})
    add(hub, 110)
    retrieve = Api.retrieve

    def without_the_first(api: Api, sobject: str, ids: Any, names: Any) -> Any:
        return retrieve(api, sobject, ids[1:], names)

    monkeypatch.setattr(Api, "retrieve", without_the_first)
    report = hub.pull("contacts")

    assert report.error is None
    assert (report.counts.stored, report.pages) == (110 - 3, 3)


def test_a_page_that_repeats_itself_is_an_error(emulator: SalesforceEmulator) -> None:
    """A server that ignores the keyset would be read for ever."""
    names = ("Id", "SystemModstamp", "IsDeleted", "LastName")
    at = "2025-11-01T09:30:00.000+0000"
    records = [
        {"Id": f"003{number:012d}AAA", "SystemModstamp": at, "IsDeleted": False}
        for number in range(50)
    ]
    with scripted() as server:
        base = "/services/data/v67.0"
        server.then(body={"access_token": "a-session"}, at="/services/oauth2/token")
        fields = [{"name": name, "type": "string"} for name in names]
        described = {"name": "Contact", "fields": fields}
        server.then(body=described, at=f"{base}/sobjects/Contact/describe")
        page = {"totalSize": 50, "done": True, "records": records}
        server.then(body=page, at=f"{base}/queryAll")
        settings = emulator.settings(server.url) | {"page_size": 50}

        with open_context(hub_connector(), settings) as ctx:
            [stream] = [s for s in hub_connector().streams_for(ctx.config) if s.name == "contacts"]
            with pytest.raises(StopRun, match="repeats itself"):
                list(stream.reader(ctx, {}))


# --- consent ---------------------------------------------------------------------------------


def test_an_opt_out_reaches_the_ledger_for_its_address(hub: Hub) -> None:
    """A ticked box withdraws every purpose that it stands for, for the contact's address."""
    add(hub, 1, HasOptedOutOfEmail=True, Phone="+61 400 000 001", DoNotCall=True)

    hub.sync("contacts", "contact_consents")

    events = {(event.purpose, event.channel, event.decision) for event in hub.ledger()}
    assert events == {("marketing", "email", "withdraw"), ("marketing", "phone", "withdraw")}
    [by_mail] = [event for event in hub.ledger() if event.channel == "email"]
    assert by_mail.point == hub.keys.point("email", "p0@example.com")


def test_a_box_that_is_not_ticked_grants_nothing(hub: Hub) -> None:
    """False is the default of every contact."""
    add(hub, 3)

    hub.sync("contacts", "contact_consents")

    assert hub.ledger() == []


def test_an_individual_that_is_linked_later_speaks_for_its_contact(hub: Hub) -> None:
    """Its refusal is old; the link moves the contact, and brings the refusal along."""
    [contact] = add(hub, 1)
    refusing = {"LastName": "P", "HasOptedOutSolicit": True}
    individual = str(hub.mutate("create", "individuals", properties=refusing)["id"])
    hub.sync("contacts", "contact_consents")
    before = len(hub.ledger())
    later(hub, 86_400)

    edit(hub, contact, IndividualId=individual)
    hub.sync("contacts", "contact_consents")

    assert before == 0
    [event] = hub.ledger()
    assert (event.purpose, event.channel, event.decision) == ("marketing", "*", "object")


def test_a_hidden_refusal_leaves_the_others_known(hub: Hub) -> None:
    """One field of the individual is not visible; what the rest says still counts."""
    refusing = {"LastName": "P", "HasOptedOutSolicit": True}
    individual = str(hub.mutate("create", "individuals", properties=refusing)["id"])
    add(hub, 1, IndividualId=individual)
    hub.mutate("hide", "individuals", field="HasOptedOutTracking")

    report = hub.sync("contacts", "contact_consents", "individuals")

    assert [stream.error for stream in report.streams] == [None] * 3
    assert {event.decision for event in hub.ledger()} == {"object"}


def test_a_consent_that_counts_from_a_later_day_counts_from_then(hub: Hub) -> None:
    """Nothing about the record changes when its time comes: it is read again for that alone."""
    consent(hub, EffectiveFrom=in_days(hub, 10))
    later(hub)
    consent(hub, EffectiveFrom=in_days(hub, -1), ContactPointType="Phone")  # alone in the overlap
    hub.sync("contacts", CONSENTS)
    before = may_mail(hub)
    later(hub, 9 * 86_400)
    hub.sync(CONSENTS)
    the_day_before = may_mail(hub)

    later(hub, 86_400)
    in_time = hub.pull(CONSENTS).counts
    later(hub)
    again = hub.pull(CONSENTS).counts

    assert (before, the_day_before, may_mail(hub)) == ("unknown", "unknown", "granted")
    assert [(counts.read, counts.stored) for counts in (in_time, again)] == [(2, 1), (1, 0)]


@pytest.mark.parametrize("days", [-1, 2], ids=["ended", "ends sooner"])
def test_a_term_that_is_shortened_is_believed(hub: Hub, days: int) -> None:
    """The same consent, told again with an earlier end, lasts no longer than that."""
    _, record = consent(hub, EffectiveTo=in_days(hub, 300))
    hub.sync("contacts", CONSENTS)
    at_first = may_mail(hub)
    later(hub, 2 * 86_400)

    edit(hub, record, CONSENTS, EffectiveTo=in_days(hub, days))
    hub.sync(CONSENTS)
    at_once = may_mail(hub)
    later(hub, 3 * 86_400)

    assert (at_first, at_once) == ("granted", "expired" if days < 0 else "granted")
    assert may_mail(hub) == "expired"


def test_a_term_that_is_extended_is_believed(hub: Hub) -> None:
    """What was to end this week goes on."""
    _, record = consent(hub, EffectiveTo=in_days(hub, 5))
    hub.sync("contacts", CONSENTS)
    later(hub, 86_400)

    edit(hub, record, CONSENTS, EffectiveTo=in_days(hub, 300))
    hub.sync(CONSENTS)
    later(hub, 30 * 86_400)

    assert may_mail(hub) == "granted"


@pytest.mark.parametrize(
    ("op", "object_", "hidden"),
    [
        ("hide_object", "DataUsePurpose", {}),
        ("hide", CONSENTS, {"field": "DataUsePurposeId"}),
    ],
    ids=["object", "field"],
)
def test_an_opt_out_of_a_hidden_purpose_refuses_all_that_it_may_be_about(
    connect_hub: Connect, emulator: SalesforceEmulator, op: str, object_: str, hidden: Any
) -> None:
    """It is not lost, and the log says what was done with it."""
    uses = {"Marketing": "marketing", "Research": "analytics"}
    hub = connect_hub(hub_connector(), emulator, data_use_purposes=uses)
    consent(hub, PrivacyConsentStatus="OptOut")
    hub.mutate(op, object_, **hidden)

    hub.sync("contacts", CONSENTS)

    refused = {(event.purpose, event.channel, event.decision) for event in hub.ledger()}
    assert refused == {("marketing", "email", "withdraw"), ("analytics", "email", "withdraw")}
    assert any("1 opt-outs whose data use purpose is not visible" in line for line in hub.told)


@pytest.mark.parametrize("hidden", ["Phone", "MobilePhone", "Email"])
def test_an_opt_out_survives_hidden_addresses_of_its_contact(hub: Hub, hidden: str) -> None:
    """The person is found by the individual; what cannot be seen of them is left out."""
    contact, _ = consent(hub, PrivacyConsentStatus="OptOut")
    hub.mutate("hide", "contacts", field=hidden)

    report = hub.pull(CONSENTS)

    assert (report.error, report.counts.quarantined) == (None, 0)
    [event] = hub.ledger()
    assert (event.purpose, event.decision, event.point) == ("marketing", "withdraw", None)
    assert contact in str(hub.records(CONSENTS))


def test_do_not_call_covers_every_phone_that_is_read(hub: Hub) -> None:
    """The other phone among them; a hidden one makes it hold for the whole person."""
    phones = {"Phone": "+61 436 719 342", "OtherPhone": "+61 436 719 343"}
    add(hub, 1, DoNotCall=True, **phones)
    hub.sync("contact_consents")
    seen = {event.point for event in hub.ledger()}

    hub.mutate("hide", "contacts", field="MobilePhone")
    hub.sync("contact_consents", full=True)
    hidden = {event.point for event in hub.ledger()} - seen

    assert seen == {hub.keys.point("phone", number.replace(" ", "")) for number in phones.values()}
    assert hidden == {None}


def test_an_org_without_data_privacy_has_no_individuals(
    connect_hub: Connect, clock: ManualClock
) -> None:
    """Objects that are not there bring nothing, and the log says so; no stream fails."""
    hub = connect_hub(hub_connector(), create(clock=clock, privacy=False))

    report = hub.sync("individuals", "contact_point_consents")

    assert [stream.error for stream in report.streams] == [None, None]
    assert "Individual: the org does not show it; nothing is read" in hub.told


# --- trouble ---------------------------------------------------------------------------------


def test_a_session_that_ends_between_two_pages_is_renewed_once(hub: Hub) -> None:
    """INVALID_SESSION_ID in the middle costs one renewal and no record."""
    add(hub, 110)
    hub.strike({"kind": "expired_token", "path": "*/queryAll", "at": [2]})

    report = hub.pull("contacts")

    assert report.counts.stored == 110
    assert hub.emulator.calls.counts()["POST /services/oauth2/token"] == 2


def test_a_spent_day_stops_the_stream_with_its_checkpoint(hub: Hub) -> None:
    """REQUEST_LIMIT_EXCEEDED is not waited for; the next run goes on where this one stopped."""
    add(hub, 110)
    hub.strike({"kind": "rate_limited", "policy": "DAILY", "path": "*/queryAll", "at": [2]})

    first = hub.pull("contacts")
    hub.strike()
    hub.clock.sleep(LOOK_AGAIN)
    second = hub.pull("contacts").counts

    assert isinstance(first.error, BudgetExhausted)
    assert (first.status, first.counts.stored) == ("partial", 50)
    assert second.stored == 60


def test_the_header_stops_the_run_before_a_request_is_refused(hub: Hub) -> None:
    """Sforce-Limit-Info tells that nothing is left: what was read stays, nobody is bothered."""
    add(hub, 110)
    hub.emulator.org.requests = Window(limit=3, span=timedelta(days=1))

    report = hub.pull("contacts")

    assert isinstance(report.error, BudgetExhausted)
    assert report.counts.stored == 100
    assert (queries(hub), hub.emulator.org.requests.remaining(hub.clock.now())) == (2, 0)


def test_a_query_that_takes_too_long_is_asked_about_half_the_time(hub: Hub) -> None:
    """QUERY_TIMEOUT three times over: a narrower window each time, and every record once."""
    contacts = add(hub, 5)
    later(hub, 30 * 86_400)
    contacts += add(hub, 5)
    slow = {"kind": "server_error", "policy": "QUERY_TIMEOUT", "path": "*/queryAll"}
    hub.strike(slow | {"times": 3})

    counts = hub.pull("contacts").counts

    assert (counts.read, counts.stored) == (10, 10)
    assert set(hub.records("contacts")) == set(contacts)


def test_a_window_that_cannot_be_halved_stops_the_stream(hub: Hub) -> None:
    """One second that takes too long is an error with a next step, not a loop."""
    add(hub, 1)
    hub.strike({"kind": "server_error", "policy": "QUERY_TIMEOUT", "path": "*/queryAll"})

    error = hub.pull("contacts").error

    assert "too long even alone" in str(error)
    assert queries(hub) < 40


def test_a_killed_run_loses_one_page_at_most(hub: Hub) -> None:
    """Killed after its second page is committed: the next run reads the rest and not the first."""
    contacts = add(hub, 110)
    later(hub)
    edit(hub, contacts[-1], MailingCity="Hobart")

    def die(report: StreamReport) -> None:
        if report.pages == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hub.pull("contacts", on_page=die)
    later(hub)  # past the lease of the killed run
    rest = hub.pull("contacts").counts

    assert len(hub.records("contacts")) == 110
    assert (rest.read, rest.stored) == (11, 10)  # the last change is in the overlap, too


def test_a_record_that_changes_during_a_whole_pass_is_not_called_missing(hub: Hub) -> None:
    """It leaves the window while it is being read, and is met under its new time."""
    contacts = add(hub, 110)

    def change(report: StreamReport) -> None:
        if report.pages == 1:
            later(hub)
            edit(hub, contacts[-1], MailingCity="Hobart")

    report = hub.pull("contacts", on_page=change)

    assert report.counts.deleted == 0
    assert hub.records("contacts")[contacts[-1]].addresses[0].city == "Hobart"
    assert len(hub.records("contacts")) == 110


def test_a_refused_secret_needs_a_person(
    connect_hub: Connect, emulator: SalesforceEmulator
) -> None:
    """A wrong client secret ends in NeedsReauth, without the secret."""
    wrong = "not-the-secret-of-this-app"
    hub = connect_hub(hub_connector(), emulator, client_secret=Secret.of(wrong))

    error = hub.pull("contacts").error

    assert isinstance(error, NeedsReauth)
    assert wrong not in str(error)
