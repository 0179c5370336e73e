"""The query language: what matches, in which order, showing what, page by page."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.salesforce.emulator import create
from connectors.salesforce.emulator.ids import numbered
from connectors.salesforce.emulator.org import Org
from connectors.salesforce.emulator.refusals import Refusal
from connectors.salesforce.emulator.routes import perform
from connectors.salesforce.emulator.soql import parse
from connectors.salesforce.emulator.values import stamp
from connectors.salesforce.emulator.wire import Call
from hub.core.clock import ManualClock

if TYPE_CHECKING:
    from tests.connectors.salesforce.conftest import Caller

PEOPLE = (
    {"LastName": "Archer", "FirstName": "Ann", "Email": "ann@example.com"},
    {"LastName": "baker", "FirstName": "Bob", "HasOptedOutOfEmail": True},
    {"LastName": "O'Neil", "FirstName": "Zoe", "Email": "zoe@example.com", "Department": "Sales"},
)


@pytest.fixture
def people(caller: Caller, clock: ManualClock) -> Caller:
    """An org with three contacts, made a minute apart from midnight on."""
    company = caller.create("Account", Name="Acme", BillingCity="Perth")
    for values in PEOPLE:
        caller.create("Contact", AccountId=company, **values)
        clock.sleep(60)
    return caller


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("Email = 'ANN@EXAMPLE.COM'", "Ann"),
        ("Email != 'ann@example.com'", "Bob Zoe"),
        ("Email = null", "Bob"),
        ("Email != null", "Ann Zoe"),
        ("LastName = 'O\\'Neil'", "Zoe"),
        ("LastName LIKE 'b%'", "Bob"),
        ("LastName LIKE '_rcher'", "Ann"),
        ("FirstName IN ('Ann', 'Zoe')", "Ann Zoe"),
        ("FirstName NOT IN ('Ann', 'Zoe')", "Bob"),
        ("HasOptedOutOfEmail = true", "Bob"),
        ("HasOptedOutOfEmail = FALSE AND Email != null", "Ann Zoe"),
        ("NOT Department = 'Sales'", "Ann Bob"),
        ("FirstName = 'Ann' OR (FirstName = 'Zoe' AND Department = 'Sales')", "Ann Zoe"),
        ("SystemModstamp >= 2026-01-01T00:01:00Z", "Bob Zoe"),
        ("SystemModstamp > 2026-01-01T11:01:00+11:00", "Zoe"),
        ("SystemModstamp < 2026-01-01T00:01:00.000+0000", "Ann"),
        ("CreatedDate <= 2026-01-01T00:01:00Z", "Ann Bob"),
        ("Account.BillingCity = 'perth'", "Ann Bob Zoe"),
        ("Contact.FirstName = 'Bob'", "Bob"),
    ],
)
def test_a_condition_finds_the_records_it_describes(people: Caller, where: str, found: str) -> None:
    """Texts match in any case, instants in any offset, null where nothing is."""
    rows = people.rows(f"SELECT FirstName FROM Contact WHERE {where} ORDER BY CreatedDate")

    assert " ".join(row["FirstName"] for row in rows) == found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("LastName", "Ann Bob Zoe"),
        ("LastName DESC", "Zoe Bob Ann"),
        ("Email, FirstName", "Bob Ann Zoe"),
        ("Email NULLS LAST", "Ann Zoe Bob"),
        ("HasOptedOutOfEmail DESC, LastName DESC", "Bob Zoe Ann"),
        ("SystemModstamp DESC NULLS FIRST", "Zoe Bob Ann"),
    ],
)
def test_rows_come_in_the_order_asked_for(people: Caller, order: str, found: str) -> None:
    """Several keys count one after the other; nulls come first unless the query says last."""
    rows = people.rows(f"SELECT FirstName FROM Contact ORDER BY {order}")

    assert " ".join(row["FirstName"] for row in rows) == found


def test_an_address_is_one_value_of_several_parts(people: Caller) -> None:
    """Null where no part is known."""
    people.create(LastName="Dee", MailingCity="Perth", MailingPostalCode="6000")

    rows = people.rows("SELECT MailingAddress FROM Contact ORDER BY CreatedDate")

    assert rows[0]["MailingAddress"] is None
    assert rows[-1]["MailingAddress"]["city"] == "Perth"
    assert rows[-1]["MailingAddress"]["postalCode"] == "6000"


def test_limit_and_offset_cut_the_result(people: Caller) -> None:
    """A limit is a limit of the whole result, not of a page."""
    answer = people.query("SELECT FirstName FROM Contact ORDER BY CreatedDate LIMIT 1 OFFSET 1")

    assert (answer.json()["totalSize"], answer.json()["done"]) == (1, True)
    assert answer.json()["records"][0]["FirstName"] == "Bob"


def test_count_shows_a_number_and_no_rows(people: Caller) -> None:
    """COUNT() is how a program asks how much there is."""
    answer = people.query("SELECT COUNT() FROM Contact WHERE Email != null")

    assert answer.json() == {"totalSize": 2, "done": True, "records": []}


def test_fields_of_a_parent_are_nested(people: Caller) -> None:
    """A relationship is an object with attributes of its own, or null."""
    (row,) = people.rows("SELECT Account.Name, Owner.Name, ReportsTo.Name FROM Contact LIMIT 1")

    assert row["Account"]["Name"] == "Acme"
    assert row["Account"]["attributes"]["type"] == "Account"
    assert row["Owner"]["Name"] == "Hub Integration"
    assert row["ReportsTo"] is None


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT Id FROM Contact WHERE LastName = 'O''Neil'",
        "SELECT Id FROM Contact WHERE a = 1 AND b = 2 OR c = 3",
        "SELECT Id FROM Contact WHERE (LastName = 'x'",
        "SELECT Id, FROM Contact",
        "SELECT Id FROM Contact LIMIT -1",
        "SELECT Id FROM Contact ORDER BY",
        "SELECT Id FROM Contact WHERE Id IN ()",
        "SELECT Id FROM Contact; DELETE",
        "SELECT (SELECT Id FROM Cases) FROM Contact",
        "UPDATE Contact",
        "SELECT",
    ],
)
def test_what_is_no_query_is_refused(caller: Caller, soql: str) -> None:
    """AND and OR do not mix without parentheses; nothing is guessed."""
    answer = caller.query(soql)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "MALFORMED_QUERY")


WORDS = (
    *("SELECT", "COUNT", "(", ")", "Id", "Name", "Email", ",", "FROM", "Contact", "WHERE"),
    *("AND", "OR", "NOT", "IN", "LIKE", "=", "<", "null", "'x'", "1", "ORDER BY", "LIMIT"),
    "2026-99-99T00:00:00Z",
)


@given(st.lists(st.sampled_from(WORDS), max_size=9))
@settings(max_examples=150)
def test_any_text_is_answered_or_refused(words: list[str]) -> None:
    """No query, however broken, is a crash."""
    emulator = create(clock=ManualClock(datetime(2026, 1, 1, tzinfo=UTC)))
    soql = " ".join(["SELECT Id FROM Contact WHERE", *words])

    with contextlib.suppress(Refusal):
        perform(emulator.org, "GET", "/query", Call("v67.0", {}, {"q": soql}))


def test_escapes_in_a_text_are_undone() -> None:
    """A quotation mark and a line end come through; nothing else changes."""
    parsed = parse(r"SELECT Id FROM Contact WHERE LastName = 'it\'s\n100\%'")

    assert parsed.where is not None
    assert parsed.where.constants[0].text == "it's\n100%"  # type: ignore[union-attr]


# --- pages -------------------------------------------------------------------------------------


def fill(org: Org, count: int) -> None:
    """Contacts ``P0`` to ``P<count - 1>``, all modified at the same second."""
    for number in range(count):
        org.insert("Contact", {"LastName": f"P{number}"}, org.now())


def pages(caller: Caller, soql: str, size: int) -> Iterator[list[str]]:
    """The ids of every page of a query."""
    options = {"Sforce-Query-Options": f"batchSize={size}"}
    answer = caller.query(soql, headers=options)
    while True:
        body = answer.json()
        yield [row["Id"] for row in body["records"]]
        if body["done"]:
            return
        answer = caller.get(body["nextRecordsUrl"], headers=options)


def test_pages_bring_every_record_once(caller: Caller) -> None:
    """The last page is shorter and says that it is the last."""
    fill(caller.emulator.org, 450)

    found = list(pages(caller, "SELECT Id FROM Contact ORDER BY Id", 200))

    assert [len(page) for page in found] == [200, 200, 50]
    assert len({record_id for page in found for record_id in page}) == 450


def test_a_page_has_between_200_and_2000_records(caller: Caller) -> None:
    """A smaller wish gets 200."""
    fill(caller.emulator.org, 250)

    first = next(pages(caller, "SELECT Id FROM Contact", 10))

    assert len(first) == 200


def test_a_keyset_walks_over_a_plateau(caller: Caller) -> None:
    """450 records with one modification time are read by (SystemModstamp, Id) without a cursor."""
    fill(caller.emulator.org, 450)
    moment = stamp(caller.emulator.org.now())
    last, seen = "", list[str]()

    while True:
        after = f"(SystemModstamp = {moment} AND Id > '{last}') OR " if last else ""
        page = caller.rows(
            f"SELECT Id FROM Contact WHERE {after}SystemModstamp {'>' if last else '>='} {moment}"
            " ORDER BY SystemModstamp, Id LIMIT 200"
        )
        if not page:
            break
        seen += [row["Id"] for row in page]
        last = seen[-1]

    assert len(seen) == len(set(seen)) == 450


def test_a_cursor_that_nobody_asks_for_is_gone_after_a_quarter_of_an_hour(
    caller: Caller, clock: ManualClock
) -> None:
    """A reader that pauses has to begin again."""
    fill(caller.emulator.org, 250)
    body = caller.query(
        "SELECT Id FROM Contact", headers={"Sforce-Query-Options": "batchSize=200"}
    ).json()
    clock.sleep(15 * 60)

    answer = caller.get(body["nextRecordsUrl"])

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def test_a_cursor_lives_as_long_as_somebody_asks_for_it(caller: Caller, clock: ManualClock) -> None:
    """Each page gives it another quarter of an hour."""
    fill(caller.emulator.org, 450)
    options = {"Sforce-Query-Options": "batchSize=200"}
    page = caller.query("SELECT Id FROM Contact", headers=options).json()
    for _ in range(2):
        clock.sleep(14 * 60)
        page = caller.get(page["nextRecordsUrl"]).json()

    assert page["done"]


def test_a_full_last_page_is_the_last(caller: Caller) -> None:
    """400 records are two pages of 200, not three."""
    fill(caller.emulator.org, 400)

    assert [len(page) for page in pages(caller, "SELECT Id FROM Contact", 200)] == [200, 200]


def test_what_is_deleted_between_two_pages_is_missing(caller: Caller) -> None:
    """The announced total stays: a reader that counts notices."""
    fill(caller.emulator.org, 250)
    options = {"Sforce-Query-Options": "batchSize=200"}
    page = caller.query("SELECT Id FROM Contact ORDER BY Id", headers=options).json()
    caller.send("DELETE", f"/sobjects/Contact/{numbered('003', 250)}")

    rest = caller.get(page["nextRecordsUrl"]).json()

    assert (rest["totalSize"], len(rest["records"]), rest["done"]) == (250, 49, True)


def test_the_eleventh_cursor_closes_the_first(caller: Caller) -> None:
    """A user holds ten cursors at most."""
    fill(caller.emulator.org, 250)
    small = {"Sforce-Query-Options": "batchSize=200"}
    opened = [
        caller.query("SELECT Id FROM Contact", headers=small).json()["nextRecordsUrl"]
        for _ in range(11)
    ]

    statuses = [caller.get(locator).status_code for locator in opened]

    assert statuses == [400] + [200] * 10


def test_field_level_security_holds_for_queries_as_for_describe(people: Caller) -> None:
    """A hidden field is not shown as null: it does not exist, for filters and orders as well."""
    people.emulator.mutate({"op": "hide", "object": "Contact", "field": "HasOptedOutOfEmail"})

    described = people.get("/sobjects/Contact/describe").json()["fields"]
    refused = [
        people.query(f"SELECT {what}").json()[0]["errorCode"]
        for what in (
            "HasOptedOutOfEmail FROM Contact",
            "Id FROM Contact WHERE HasOptedOutOfEmail = true",
            "Id FROM Contact ORDER BY HasOptedOutOfEmail",
        )
    ]

    assert "HasOptedOutOfEmail" not in {field["name"] for field in described}
    assert refused == ["INVALID_FIELD"] * 3


def test_a_formula_changes_without_moving_system_modstamp(people: Caller) -> None:
    """A case shows its contact's new address at once and looks untouched."""
    (contact,) = people.rows("SELECT Id FROM Contact WHERE FirstName = 'Ann'")
    people.create("Case", ContactId=contact["Id"])
    soql = "SELECT ContactEmail, SystemModstamp FROM Case"
    before = people.rows(soql)[0]
    people.emulator.clock.sleep(60)

    people.patch(f"/sobjects/Contact/{contact['Id']}", {"Email": "ann@new.example"})

    after = people.rows(soql)[0]
    assert after["ContactEmail"] == "ann@new.example"
    assert after["SystemModstamp"] == before["SystemModstamp"]


def test_instants_are_shown_to_the_second_in_utc() -> None:
    """Salesforce keeps no fractions, which is why many records share one modification time."""
    assert stamp(datetime(2026, 1, 1, 12, 0, 0, 999_000, tzinfo=UTC)) == (
        "2026-01-01T12:00:00.000+0000"
    )
