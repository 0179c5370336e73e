"""Batches of records: per-record results in order, upserts, duplicates, locks, all or nothing."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.salesforce.emulator import create
from connectors.salesforce.emulator.catalogue import SOBJECTS, standard_fields
from connectors.salesforce.emulator.ids import numbered
from connectors.salesforce.emulator.refusals import Refusal
from connectors.salesforce.emulator.routes import perform
from connectors.salesforce.emulator.wire import Call
from hub.core.clock import ManualClock

if TYPE_CHECKING:
    from tests.connectors.salesforce.conftest import Caller

NOBODY = numbered("003", 999)
Row = dict[str, Any]


def contact(**values: object) -> Row:
    return {"attributes": {"type": "Contact"}, **values}


def send(caller: Caller, method: str, path: str, *rows: Row, **head: object) -> list[Row]:
    """The results of a batch."""
    body = {"allOrNone": False, "records": list(rows), **head}
    answer = caller.send(method, path, json=body)
    assert answer.status_code == 200, answer.text
    results: list[Row] = answer.json()
    return results


def update(caller: Caller, *rows: Row, **head: object) -> list[Row]:
    return send(caller, "PATCH", "/composite/sobjects", *rows, **head)


def codes(results: list[Row]) -> list[str]:
    """The first error of each result; empty where there is none."""
    return [(row["errors"] or [{"statusCode": ""}])[0]["statusCode"] for row in results]


@pytest.fixture
def pair(caller: Caller) -> tuple[Caller, str, str]:
    """An org with two contacts, Ann and Bob."""
    ann = caller.create(LastName="Ann", Email="ann@example.com")
    return caller, ann, caller.create(LastName="Bob")


def test_results_come_in_the_order_of_the_records(pair: tuple[Caller, str, str]) -> None:
    """Good and bad ones are told apart by their place; a bad one has no effect."""
    caller, ann, bob = pair
    before = len(caller.emulator.effects)

    results = update(
        caller,
        contact(id=ann, Title="Boss"),
        contact(id=NOBODY, Title="Boss"),
        contact(id="123", Title="Boss"),
        contact(Title="Boss"),
        contact(id=numbered("001", 1), Title="Boss"),
        contact(id=bob, Email="nobody"),
        contact(id=bob[:15], Title="Boss"),
    )

    assert codes(results) == [
        "",
        "INVALID_CROSS_REFERENCE_KEY",
        "MALFORMED_ID",
        "MISSING_ARGUMENT",
        "MALFORMED_ID",
        "DUPLICATE_VALUE",
        "DUPLICATE_VALUE",
    ]
    assert results[0] == {"id": ann, "success": True, "errors": []}
    assert [e.id for e in caller.emulator.effects.since(before)] == [ann]


def test_a_value_of_a_record_fails_its_record_only(pair: tuple[Caller, str, str]) -> None:
    """The error names the field."""
    caller, ann, bob = pair

    results = update(caller, contact(id=ann, LastName="x" * 81), contact(id=bob, LastName="x" * 80))

    assert [row["success"] for row in results] == [False, True]
    assert results[0]["errors"][0]["statusCode"] == "STRING_TOO_LONG"
    assert results[0]["errors"][0]["fields"] == ["LastName"]


def test_writing_what_is_there_is_no_effect(pair: tuple[Caller, str, str]) -> None:
    """The result is success, and SystemModstamp stays."""
    caller, ann, _ = pair
    update(caller, contact(id=ann, Title="Boss"))
    before, stamp = len(caller.emulator.effects), caller.rows("SELECT SystemModstamp FROM Contact")
    caller.emulator.clock.sleep(60)

    results = update(caller, contact(id=ann, Title="Boss", DoNotCall=False))

    assert results[0]["success"]
    assert len(caller.emulator.effects) == before
    assert caller.rows("SELECT SystemModstamp FROM Contact") == stamp


def test_null_clears_a_field(pair: tuple[Caller, str, str]) -> None:
    """An empty text is the same as null."""
    caller, ann, bob = pair
    update(caller, contact(id=ann, Title="Boss"), contact(id=bob, Title="Boss"))

    update(caller, contact(id=ann, Title=None), contact(id=bob, Title=""))

    assert caller.rows("SELECT Title FROM Contact") == [{"Title": None}] * 2


def test_all_or_none_writes_nothing_when_one_is_bad(pair: tuple[Caller, str, str]) -> None:
    """The sound records say that they were rolled back."""
    caller, ann, bob = pair
    before = len(caller.emulator.effects)

    rows = (contact(id=ann, Title="Boss"), contact(id=bob, Email="nobody"))
    results = update(caller, *rows, allOrNone=True)

    assert codes(results) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_EMAIL_ADDRESS"]
    assert len(caller.emulator.effects) == before


def test_200_records_are_written_at_once(caller: Caller) -> None:
    """The most that fits, and one effect for each."""
    rows = [contact(LastName=f"P{n}") for n in range(200)]

    results = send(caller, "POST", "/composite/sobjects", *rows)

    assert all(row["success"] for row in results)
    assert [effect.id for effect in caller.emulator.effects.since()] == [r["id"] for r in results]


def test_an_upsert_creates_or_updates(pair: tuple[Caller, str, str]) -> None:
    """Each result says which; a key that is empty, repeated or shared is refused."""
    caller, ann, bob = pair
    update(caller, contact(id=bob, Email="shared@example.com"))
    caller.create(LastName="Bea", Email="shared@example.com")

    results = send(
        caller,
        "PATCH",
        "/composite/sobjects/Contact/Email",
        contact(Email="ANN@example.com", Title="Boss"),
        contact(Email="new@example.com", LastName="New"),
        contact(Email="shared@example.com", LastName="Who"),
        contact(Email="twin@example.com", LastName="Twin"),
        contact(Email="twin@example.com", LastName="Twin"),
        contact(LastName="Nobody"),
    )

    assert [(row.get("id") == ann, row.get("created")) for row in results[:2]] == [
        (True, False),
        (False, True),
    ]
    assert codes(results)[2:] == [
        "DUPLICATE_EXTERNAL_ID",
        "DUPLICATE_VALUE",
        "DUPLICATE_VALUE",
        "MISSING_ARGUMENT",
    ]


def test_a_single_upsert_says_201_200_or_300(caller: Caller) -> None:
    """Several matches are listed, none is changed."""
    made = caller.patch("/sobjects/Contact/Email/a@b.example", {"LastName": "A"})
    again = caller.patch("/sobjects/Contact/Email/A@B.example", {"Title": "Boss"})
    caller.create(LastName="B", Email="a@b.example")
    several = caller.patch("/sobjects/Contact/Email/a@b.example", {"Title": "Chief"})

    assert [answer.status_code for answer in (made, again, several)] == [201, 200, 300]
    assert made.json()["id"] == again.json()["id"]
    assert len(several.json()) == 2


def test_records_are_read_by_id_in_order(pair: tuple[Caller, str, str]) -> None:
    """What does not exist is null in its place; other fields are not shown."""
    caller, ann, bob = pair
    caller.send("DELETE", f"/sobjects/Contact/{bob}")
    body = {"ids": [bob, ann, NOBODY, "123", ann[:15]], "fields": ["Id", "LastName"]}

    found = caller.post("/composite/sobjects/Contact", body).json()

    assert [row and row["LastName"] for row in found] == [None, "Ann", None, None, "Ann"]
    assert set(found[1]) == {"attributes", "Id", "LastName"}


def test_records_are_deleted_by_id(pair: tuple[Caller, str, str]) -> None:
    """The second time they are gone."""
    caller, ann, bob = pair
    path = f"/composite/sobjects?ids={ann},{bob}"

    first, second = (caller.send("DELETE", path).json() for _ in range(2))

    assert [row["success"] for row in first] == [True, True]
    assert codes(second) == ["ENTITY_IS_DELETED"] * 2


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(["", "x", "2026-99-99", "12", NOBODY, "a@b.example", "\u0000"]),
    st.just([]),
    st.just({"a": 1}),
)
FIELDS = st.sampled_from(sorted(standard_fields(SOBJECTS["Contact"], person_accounts=True)))


@given(st.dictionaries(FIELDS, ANYTHING, max_size=4), st.sampled_from(["POST", "PATCH"]))
@settings(max_examples=150)
def test_any_value_is_kept_or_refused(values: dict[str, object], method: str) -> None:
    """No value of any field is a crash."""
    emulator = create(clock=ManualClock(datetime(2026, 1, 1, tzinfo=UTC)), person_accounts=True)
    record = emulator.org.insert("Contact", {"LastName": "Ann"}, emulator.clock.now())
    path = "/composite/sobjects" if method == "POST" else f"/sobjects/Contact/{record.id}"
    body = {"records": [contact(**values)]} if method == "POST" else values

    with contextlib.suppress(Refusal):
        perform(emulator.org, method, path, Call("v67.0", {}, body=body))


@pytest.mark.parametrize("code", ["UNABLE_TO_LOCK_ROW", "DUPLICATES_DETECTED"])
def test_a_staged_failure_strikes_some_records(pair: tuple[Caller, str, str], code: str) -> None:
    """The answer is a 200; exactly the failed ones have no effect."""
    caller, ann, bob = pair
    caller.inject(kind="partial_failure", count=1, policy=code)
    before = len(caller.emulator.effects)

    results = update(caller, contact(id=ann, Title="Boss"), contact(id=bob, Title="Boss"))

    assert codes(results) == [code, ""]
    assert [e.id for e in caller.emulator.effects.since(before)] == [bob]


def test_a_duplicate_rule_blocks_the_second_record(pair: tuple[Caller, str, str]) -> None:
    """The same e-mail and family name are one person, unless the caller insists."""
    caller, _, bob = pair
    caller.emulator.mutate({"op": "duplicate_rule", "object": "contacts"})
    twin = {"LastName": "ann", "Email": "ann@example.com"}
    insist = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}

    single = caller.post("/sobjects/Contact", twin)
    batch = update(caller, contact(id=bob, **twin))
    insisted = caller.post("/sobjects/Contact", twin, headers=insist)

    assert (single.status_code, single.json()[0]["errorCode"]) == (400, "DUPLICATES_DETECTED")
    assert codes(batch) == ["DUPLICATES_DETECTED"]
    assert insisted.status_code == 201


def test_several_requests_are_answered_at_once(pair: tuple[Caller, str, str]) -> None:
    """Each has its own status; together they are one request of the day's."""
    caller, ann, _ = pair
    base = "/services/data/v67.0"
    requests = [
        {"method": "GET", "url": f"{base}/query?q=SELECT+COUNT()+FROM+Contact", "referenceId": "n"},
        {"method": "GET", "url": f"{base}/sobjects/Foo", "referenceId": "foo"},
        {
            "method": "PATCH",
            "url": f"{base}/sobjects/Contact/{ann}",
            "referenceId": "ann",
            "body": {"Title": "Boss"},
        },
    ]

    answer = caller.post("/composite", {"compositeRequest": requests})

    found = answer.json()["compositeResponse"]
    assert [(r["referenceId"], r["httpStatusCode"]) for r in found] == [
        ("n", 200),
        ("foo", 404),
        ("ann", 204),
    ]
    assert found[0]["body"]["totalSize"] == 2
    assert answer.headers["sforce-limit-info"] == "api-usage=3/125000"
