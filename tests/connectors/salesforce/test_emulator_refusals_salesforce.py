"""Wrong requests are refused with Salesforce's status and errorCode, and change nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from connectors.salesforce.emulator.ids import numbered
from connectors.salesforce.emulator.routes import ENDPOINTS, Endpoint

if TYPE_CHECKING:
    from tests.connectors.salesforce.conftest import Caller

ANN, BOB = numbered("003", 1), numbered("003", 2)
NOBODY, DELETED, COMPANY = numbered("003", 999), numbered("003", 3), numbered("001", 1)
GOLDEN: dict[str, object] = {"type": "Text", "label": "Customer id", "length": 64}


@dataclass(frozen=True)
class Wrong:
    """One wrong request and how Salesforce refuses it; ``says`` stands somewhere in the body."""

    id: str
    method: str
    path: str
    status: int
    code: str
    says: str = ""
    body: object = None
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def soql(name: str, text: str, code: str, says: str = "") -> Wrong:
    """A query that is refused."""
    return Wrong(name, "GET", "/query", 400, code, says, query={"q": text})


def post(name: str, values: Mapping[str, object], code: str, says: str = "") -> Wrong:
    """A contact that is not created."""
    return Wrong(name, "POST", "/sobjects/Contact", 400, code, says, body=values)


def custom_field(name: str, code: str, full_name: str, **changed: object) -> Wrong:
    """A custom field that is not created."""
    body = {"FullName": full_name, "Metadata": GOLDEN | changed}
    return Wrong(name, "POST", "/tooling/sobjects/CustomField", 400, code, body=body)


def span(name: str, start: str, end: str) -> Wrong:
    """A span of deletions that cannot be asked for."""
    query = {"start": start, "end": end}
    code = "INVALID_REPLICATION_DATE"
    return Wrong(name, "GET", "/sobjects/Contact/deleted/", 400, code, query=query)


def records(*rows: object, **head: object) -> dict[str, object]:
    return {"allOrNone": False, "records": list(rows), **head}


def row(kind: str = "Contact", **values: object) -> dict[str, object]:
    return {"attributes": {"type": kind}, **values}


SESSION = "INVALID_SESSION_ID"
BAD_FILTER = "INVALID_QUERY_FILTER_OPERATOR"
CLOSED = "INVALID_FIELD_FOR_INSERT_UPDATE"
DANGLING = "INVALID_CROSS_REFERENCE_KEY"
MANY = [
    {"method": "GET", "url": "/services/data/v67.0/limits", "referenceId": f"r{n}"}
    for n in range(26)
]
TABLE = (
    Wrong("no-token", "GET", "/limits", 401, SESSION, headers={"authorization": ""}),
    Wrong("strange-token", "GET", "/limits", 401, SESSION, headers={"authorization": "Bearer x"}),
    Wrong("basic-auth", "GET", "/limits", 401, SESSION, headers={"authorization": "Basic YTpi"}),
    Wrong("version-to-come", "GET", "/services/data/v99.0/limits", 404, "NOT_FOUND"),
    Wrong("no-version", "GET", "/services/data/latest/limits", 404, "NOT_FOUND"),
    Wrong("retired-version", "GET", "/services/data/v30.0/limits", 410, "UNSUPPORTED_API_VERSION"),
    Wrong("unknown-path", "GET", "/contacts", 404, "NOT_FOUND"),
    Wrong("wrong-method", "PUT", f"/sobjects/Contact/{ANN}", 405, "METHOD_NOT_ALLOWED", "PATCH"),
    Wrong("unknown-object", "GET", "/sobjects/Foo/describe", 404, "NOT_FOUND"),
    Wrong("read-only-object", "POST", "/sobjects/User", 405, "METHOD_NOT_ALLOWED", body={}),
    Wrong("long-uri", "GET", "/query", 414, "", "URI Too Long", query={"q": "x" * 16_384}),
    Wrong("long-headers", "GET", "/limits", 431, "", "Too Large", headers={"x": "y" * 16_384}),
    soql("no-query", " ", "MALFORMED_QUERY"),
    soql("no-from", "SELECT Id", "MALFORMED_QUERY", "<EOF>"),
    soql("mixed-and-or", "SELECT Id FROM Lead WHERE a=1 OR b=2 AND c=3", "MALFORMED_QUERY", "AND"),
    soql("selected-twice", "SELECT Id, id FROM Lead", "MALFORMED_QUERY", "duplicate field"),
    soql("unknown-column", "SELECT Hair FROM Lead", "INVALID_FIELD", "No such column 'Hair'"),
    soql("unknown-way", "SELECT Pet.Name FROM Lead", "INVALID_FIELD", "relationship 'Pet'"),
    soql("unknown-table", "SELECT Id FROM Foo", "INVALID_TYPE", "sObject type 'Foo'"),
    soql("tooling-object", "SELECT Id FROM CustomField", "INVALID_TYPE"),
    soql("text-for-instant", "SELECT Id FROM Lead WHERE CreatedDate = 'x'", "INVALID_FIELD"),
    soql("number-for-text", "SELECT Id FROM Lead WHERE LastName = 1", "INVALID_FIELD", "quotes"),
    soql("text-for-flag", "SELECT Id FROM Lead WHERE IsDeleted = 'true'", "INVALID_FIELD"),
    soql("long-text", "SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD", "filtered"),
    soql("sorted-address", "SELECT Id FROM Lead ORDER BY Address", "INVALID_FIELD", "sorted"),
    soql("no-id", "SELECT Id FROM Lead WHERE Id = 'x'", BAD_FILTER),
    soql("bigger-flag", "SELECT Id FROM Lead WHERE IsDeleted > true", BAD_FILTER),
    soql("like-date", "SELECT Id FROM Contact WHERE Birthdate LIKE '1%'", BAD_FILTER),
    Wrong("no-cursor", "GET", "/query/01g000000000001AAA-2000", 400, "INVALID_QUERY_LOCATOR"),
    Wrong("unknown-id", "GET", f"/sobjects/Contact/{NOBODY}", 404, "NOT_FOUND"),
    Wrong("malformed-id", "GET", "/sobjects/Contact/123", 404, "NOT_FOUND"),
    Wrong("hidden-by-bin", "GET", f"/sobjects/Contact/{DELETED}", 404, "NOT_FOUND"),
    Wrong(
        "edit-deleted", "PATCH", f"/sobjects/Contact/{DELETED}", 404, "ENTITY_IS_DELETED", body={}
    ),
    Wrong("delete-twice", "DELETE", f"/sobjects/Contact/{DELETED}", 404, "ENTITY_IS_DELETED"),
    Wrong("delete-with-cases", "DELETE", f"/sobjects/Contact/{ANN}", 400, "DELETE_FAILED", "cases"),
    Wrong(
        "unknown-field-asked",
        "GET",
        f"/sobjects/Contact/{ANN}",
        400,
        "INVALID_FIELD",
        query={"fields": "Hair"},
    ),
    post("no-last-name", {"FirstName": "A"}, "REQUIRED_FIELD_MISSING", "[LastName]"),
    post("empty-last-name", {"LastName": None}, "REQUIRED_FIELD_MISSING", "[LastName]"),
    post("unknown-field", {"LastName": "A", "Hair": "red"}, "INVALID_FIELD", "'Hair' on sobject"),
    post("system-field", {"LastName": "A", "CreatedDate": "2026-01-01"}, CLOSED),
    post("derived-field", {"LastName": "A", "Name": "A B"}, CLOSED, '"Name"'),
    post("own-id", {"LastName": "A", "Id": ANN}, "INVALID_FIELD", "cannot specify Id"),
    post("too-long", {"LastName": "x" * 81}, "STRING_TOO_LONG", "max length=80"),
    post("bad-email", {"LastName": "A", "Email": "nobody"}, "INVALID_EMAIL_ADDRESS"),
    post("text-for-boolean", {"LastName": "A", "DoNotCall": "yes"}, "JSON_PARSER_ERROR"),
    post("null-checkbox", {"LastName": "A", "DoNotCall": None}, "INVALID_TYPE_ON_FIELD_IN_RECORD"),
    post("bad-date", {"LastName": "A", "Birthdate": "soon"}, "JSON_PARSER_ERROR"),
    post("malformed-reference", {"LastName": "A", "AccountId": "7"}, "MALFORMED_ID"),
    post("dangling-reference", {"LastName": "A", "AccountId": numbered("001", 9)}, DANGLING),
    post("reference-to-deleted", {"LastName": "A", "ReportsToId": DELETED}, "ENTITY_IS_DELETED"),
    post("reference-to-other-kind", {"LastName": "A", "AccountId": BOB}, DANGLING),
    Wrong("no-object", "POST", "/sobjects/Contact", 400, "JSON_PARSER_ERROR", body=["LastName"]),
    Wrong("upsert-by-anything", "PATCH", "/sobjects/Contact/Title/Boss", 404, "NOT_FOUND", body={}),
    Wrong(
        "key-said-twice",
        "PATCH",
        "/sobjects/Contact/Email/a@b.example",
        400,
        "INVALID_FIELD",
        body={"Email": "a@b.example"},
    ),
    Wrong(
        "201-records",
        "PATCH",
        "/composite/sobjects",
        400,
        "EXCEEDED_ID_LIMIT",
        body=records(*[row(id=ANN)] * 201),
    ),
    Wrong(
        "11-chunks",
        "POST",
        "/composite/sobjects",
        400,
        "LIMIT_EXCEEDED",
        body=records(*[row("Lead"), row("Contact")] * 6),
    ),
    Wrong(
        "no-type",
        "POST",
        "/composite/sobjects",
        400,
        "JSON_PARSER_ERROR",
        body=records({"LastName": "A"}),
    ),
    Wrong(
        "no-records",
        "POST",
        "/composite/sobjects",
        400,
        "JSON_PARSER_ERROR",
        body=[row(LastName="A")],
    ),
    Wrong(
        "unknown-field-in-batch",
        "PATCH",
        "/composite/sobjects",
        400,
        "INVALID_FIELD",
        body=records(row(id=BOB, Title="x"), row(id=ANN, Hair="red")),
    ),
    Wrong(
        "wrong-json-in-batch",
        "PATCH",
        "/composite/sobjects",
        400,
        "JSON_PARSER_ERROR",
        body=records(row(id=BOB, Title="x"), row(id=ANN, DoNotCall="no")),
    ),
    Wrong(
        "mixed-upsert",
        "PATCH",
        "/composite/sobjects/Contact/Email",
        400,
        "INVALID_TYPE",
        body=records(row("Lead", Email="a@b.example")),
    ),
    Wrong(
        "2001-ids",
        "POST",
        "/composite/sobjects/Contact",
        400,
        "EXCEEDED_ID_LIMIT",
        body={"ids": [ANN] * 2_001, "fields": ["Id"]},
    ),
    Wrong(
        "hidden-field-read",
        "POST",
        "/composite/sobjects/Contact",
        400,
        "INVALID_FIELD",
        body={"ids": [ANN], "fields": ["Hair"]},
    ),
    Wrong(
        "26-requests", "POST", "/composite", 400, "LIMIT_EXCEEDED", body={"compositeRequest": MANY}
    ),
    Wrong(
        "same-reference-twice",
        "POST",
        "/composite",
        400,
        "BAD_REQUEST",
        body={"compositeRequest": MANY[:1] * 2},
    ),
    custom_field("field-exists", "DUPLICATE_DEVELOPER_NAME", "Contact.Shoe__c"),
    custom_field("field-of-nothing", DANGLING, "Foo.Bar__c"),
    custom_field("field-without-suffix", "FIELD_INTEGRITY_EXCEPTION", "Contact.Bar"),
    custom_field("text-without-length", "FIELD_INTEGRITY_EXCEPTION", "Contact.Bar__c", length=None),
    custom_field("text-too-long", "FIELD_INTEGRITY_EXCEPTION", "Contact.Bar__c", length=256),
    custom_field(
        "long-text-as-key",
        "FIELD_INTEGRITY_EXCEPTION",
        "Contact.Bar__c",
        type="LongTextArea",
        length=500,
        visibleLines=3,
        externalId=True,
    ),
    custom_field("unknown-type", "JSON_PARSER_ERROR", "Contact.Bar__c", type="Colour"),
    Wrong(
        "permission-on-nothing",
        "POST",
        "/sobjects/FieldPermissions",
        400,
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        body={
            "ParentId": numbered("0PS", 1),
            "SobjectType": "Contact",
            "Field": "Contact.Hair__c",
            "PermissionsRead": True,
        },
    ),
    Wrong(
        "edit-without-read",
        "POST",
        "/sobjects/FieldPermissions",
        400,
        "FIELD_INTEGRITY_EXCEPTION",
        body={
            "ParentId": numbered("0PS", 1),
            "SobjectType": "Contact",
            "Field": "Contact.Shoe__c",
            "PermissionsEdit": True,
        },
    ),
    Wrong(
        "permission-set-exists",
        "POST",
        "/sobjects/PermissionSet",
        400,
        "DUPLICATE_DEVELOPER_NAME",
        body={"Name": "Shoes", "Label": "Shoes"},
    ),
    span("deleted-too-long-ago", "2025-12-01T00:00:00Z", "2026-01-01T00:00:00Z"),
    span("deleted-backwards", "2026-01-01T00:00:00Z", "2025-12-31T00:00:00Z"),
    span("deleted-when", "yesterday", "2026-01-01T00:00:00Z"),
)


@pytest.fixture(scope="module")
def org(new_caller: Callable[..., Caller]) -> Caller:
    """An org with two contacts, one more in the recycle bin, a case, and a field nobody sees.

    One for all rows: none of them may change it.
    """
    caller = new_caller()
    company = caller.create("Account", Name="Acme")
    ann, _, gone = (
        caller.create(LastName=name, AccountId=company) for name in ("Ann", "Bob", "Cy")
    )
    caller.create("Case", ContactId=ann)
    caller.send("DELETE", f"/sobjects/Contact/{gone}")
    caller.create("PermissionSet", Name="Shoes", Label="Shoes")
    shoe = {"FullName": "Contact.Shoe__c", "Metadata": GOLDEN}
    assert caller.post("/tooling/sobjects/CustomField", shoe).status_code == 201
    return caller


@pytest.mark.parametrize("wrong", TABLE, ids=lambda wrong: wrong.id)
def test_a_wrong_request_is_refused_without_effect(org: Caller, wrong: Wrong) -> None:
    """Status, errorCode and message are Salesforce's, and the effect log does not grow."""
    before = len(org.emulator.effects)
    options: dict[str, Any] = {"params": dict(wrong.query), "headers": dict(wrong.headers)}

    answer = org.send(wrong.method, wrong.path, json=wrong.body, **options)

    assert answer.status_code == wrong.status, answer.text
    assert wrong.says in answer.text
    if wrong.code:
        assert [error["errorCode"] for error in answer.json()] == [wrong.code]
        assert answer.json()[0]["message"]
    assert len(org.emulator.effects) == before


def test_the_table_is_long_enough() -> None:
    """Every row is a request of its own kind."""
    assert len({wrong.id for wrong in TABLE}) == len(TABLE) >= 25


def test_every_answer_tells_the_requests_of_the_day(org: Caller) -> None:
    """Even a refusal counts, unless it had no session."""
    used = [
        org.get(path, **options).headers["sforce-limit-info"]
        for path, options in (
            ("/limits", {}),
            ("/sobjects/Foo/describe", {}),
            ("/limits", {"token": "nobody"}),
        )
    ]

    first = int(used[0].removeprefix("api-usage=").partition("/")[0])
    assert used[1:] == [f"api-usage={first + 1}/125000"] * 2


def test_a_body_that_is_not_json_is_refused(org: Caller) -> None:
    """Neither another type nor broken JSON is guessed at."""
    form = org.send("POST", "/sobjects/Contact", data={"LastName": "A"})
    broken = org.send(
        "POST",
        "/sobjects/Contact",
        content=b"{",
        headers={"content-type": "application/json"},
    )

    assert (form.status_code, form.json()[0]["errorCode"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert (broken.status_code, broken.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


ODD: tuple[object, ...] = (
    None,
    [],
    "x",
    5,
    True,
    {"records": 5},
    {"records": [None]},
    {"records": [{"attributes": 5}]},
)
ODDER: tuple[object, ...] = (
    {"ids": {}, "fields": 7},
    {"compositeRequest": [5]},
    {"FullName": 5, "Metadata": []},
)
WRITES = [endpoint for endpoint in ENDPOINTS if endpoint.method in ("POST", "PATCH")]


@pytest.mark.parametrize("endpoint", WRITES, ids=lambda each: f"{each.method} {each.path}")
def test_no_body_is_a_crash(org: Caller, endpoint: Endpoint) -> None:
    """Whatever JSON arrives where something else belongs, it is refused and changes nothing."""
    path = endpoint.path.format(
        sobject="CustomField" if "tooling" in endpoint.path else "Contact",
        record_id=ANN,
        field="Email",
        value="ann@example.com",
    )
    before = len(org.emulator.effects)

    answers = [org.send(endpoint.method, path, json=body) for body in (*ODD, *ODDER)]

    assert {answer.status_code for answer in answers} == {400}
    assert all(answer.json()[0]["errorCode"] for answer in answers)
    assert len(org.emulator.effects) == before
