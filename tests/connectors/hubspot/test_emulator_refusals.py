"""Wrong requests are refused with HubSpot's status and category, and change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.connectors.hubspot.conftest import Wire

VALIDATION = "VALIDATION_ERROR"
SEARCH: dict[str, object] = {
    "after": "0",
    "filterGroups": [],
    "limit": 10,
    "properties": [],
    "sorts": [],
}
CONTACT = {"properties": {"email": "new@example.com"}}


@dataclass(frozen=True)
class Wrong:
    """One wrong request and how HubSpot refuses it; ``says`` stands somewhere in the body."""

    id: str
    method: str
    path: str
    status: int
    category: str
    says: str = ""
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


def filtered(name: str, operator: str, **operand: object) -> dict[str, object]:
    rule = {"propertyName": name, "operator": operator, **operand}
    return SEARCH | {"filterGroups": [{"filters": [rule]}]}


def updates(*ids: str, **extra: str) -> dict[str, object]:
    return {"inputs": [{"id": i, "properties": {"city": "Perth"}, **extra} for i in ids]}


def definition(**changed: object) -> dict[str, object]:
    sound = {
        "name": "cxhub_golden_id",
        "label": "Golden ID",
        "groupName": "contactinformation",
        "type": "string",
        "fieldType": "text",
    }
    return sound | changed


CREDENTIALS = (
    Wrong(
        "no-credential",
        "GET",
        "~/contacts",
        401,
        "INVALID_AUTHENTICATION",
        headers={"authorization": ""},
    ),
    Wrong(
        "unknown-token",
        "GET",
        "~/contacts",
        401,
        "INVALID_AUTHENTICATION",
        headers={"authorization": "Bearer pat-na1-0000-unknown"},
    ),
    Wrong(
        "malformed-token",
        "GET",
        "~/contacts",
        530,
        "",
        "1016",
        headers={"authorization": "Bearer {token}"},
    ),
    Wrong(
        "basic-instead-of-bearer",
        "GET",
        "~/contacts",
        401,
        "INVALID_AUTHENTICATION",
        headers={"authorization": "Basic dXNlcg=="},
    ),
)
PATHS = (
    Wrong("unknown-object-type", "GET", "~/kontakte", 400, VALIDATION, "infer object type"),
    Wrong("unknown-version", "GET", "/crm/objects/2031-03/contacts", 404, "OBJECT_NOT_FOUND"),
    Wrong("unknown-path", "GET", "/crm/pipes/2026-09", 404, "OBJECT_NOT_FOUND"),
    Wrong("wrong-method", "PUT", "~/contacts", 405, "METHOD_NOT_ALLOWED"),
    Wrong("uri-too-long", "GET", "~/contacts?properties=" + "p" * 16_000, 414, ""),
    Wrong("no-such-record", "GET", "~/contacts/999", 404, "OBJECT_NOT_FOUND"),
    Wrong(
        "no-such-property-definition",
        "GET",
        "/crm/properties/2026-09/contacts/nope",
        404,
        "OBJECT_NOT_FOUND",
    ),
)
PAGES = (
    Wrong("page-over-100", "GET", "~/contacts?limit=101", 400, VALIDATION, "limit"),
    Wrong("page-of-nothing", "GET", "~/contacts?limit=0", 400, VALIDATION, "limit"),
    Wrong(
        "history-page-over-50",
        "GET",
        "~/contacts?limit=51&propertiesWithHistory=email",
        400,
        VALIDATION,
        "limit",
    ),
    Wrong("foreign-cursor", "GET", "~/contacts?after=abc", 400, VALIDATION, "cursor"),
    Wrong(
        "unknown-association",
        "GET",
        "~/contacts?associations=widgets",
        400,
        VALIDATION,
        "infer object type",
    ),
)
VALUES = (
    Wrong(
        "unknown-property",
        "POST",
        "~/contacts",
        400,
        VALIDATION,
        "PROPERTY_DOESNT_EXIST",
        {"properties": {"hair": "red"}},
    ),
    Wrong(
        "value-is-a-number",
        "POST",
        "~/contacts",
        400,
        VALIDATION,
        "properties.firstname",
        {"properties": {"firstname": 7}},
    ),
    Wrong(
        "value-is-null",
        "PATCH",
        "~/contacts/1",
        400,
        VALIDATION,
        "properties.firstname",
        {"properties": {"firstname": None}},
    ),
    Wrong("no-properties", "POST", "~/contacts", 400, VALIDATION, "properties", {}),
    Wrong(
        "invalid-email",
        "POST",
        "~/contacts",
        400,
        VALIDATION,
        "INVALID_EMAIL",
        {"properties": {"email": "ann.example.com"}},
    ),
    Wrong(
        "unknown-option",
        "POST",
        "~/contacts",
        400,
        VALIDATION,
        "INVALID_OPTION",
        {"properties": {"lifecyclestage": "Customer"}},
    ),
    Wrong(
        "not-a-number",
        "POST",
        "~/deals",
        400,
        VALIDATION,
        "INVALID_DOUBLE",
        {"properties": {"amount": "12,50"}},
    ),
    Wrong(
        "nan-is-not-a-number",
        "POST",
        "~/deals",
        400,
        VALIDATION,
        "INVALID_DOUBLE",
        {"properties": {"amount": "NaN"}},
    ),
    Wrong(
        "impossible-date",
        "POST",
        "~/contacts",
        400,
        VALIDATION,
        "INVALID_DATE",
        {"properties": {"date_of_birth": "1990-02-30"}},
    ),
    Wrong(
        "date-not-at-midnight",
        "POST",
        "~/contacts",
        400,
        VALIDATION,
        "midnight",
        {"properties": {"date_of_birth": "641001600001"}},
    ),
    Wrong(
        "impossible-instant",
        "POST",
        "~/deals",
        400,
        VALIDATION,
        "INVALID_DATE",
        {"properties": {"closedate": "soon"}},
    ),
    Wrong(
        "read-only-value",
        "PATCH",
        "~/contacts/1",
        400,
        VALIDATION,
        "READ_ONLY_VALUE",
        {"properties": {"hs_object_id": "5"}},
    ),
    Wrong(
        "value-too-long",
        "PATCH",
        "~/contacts/1",
        400,
        VALIDATION,
        "PROPERTY_VALUE_TOO_LONG",
        {"properties": {"city": "x" * 65_537}},
    ),
    Wrong(
        "unknown-pipeline-stage",
        "PATCH",
        "~/deals/9000000001",
        400,
        VALIDATION,
        "INVALID_OPTION",
        {"properties": {"dealstage": "won"}},
    ),
    Wrong(
        "required-not-set",
        "POST",
        "~/tickets",
        400,
        VALIDATION,
        "hs_pipeline_stage",
        {"properties": {"subject": "Help"}},
    ),
    Wrong(
        "email-taken",
        "POST",
        "~/contacts",
        409,
        "CONFLICT",
        "CONTACT_EXISTS",
        {"properties": {"email": "Ann@Example.com"}},
    ),
    Wrong(
        "email-taken-by-update",
        "PATCH",
        "~/contacts/2",
        409,
        "CONFLICT",
        "CONTACT_EXISTS",
        {"properties": {"email": "ann@example.com"}},
    ),
    Wrong(
        "read-only-kind", "POST", "~/feedback_submissions", 405, "METHOD_NOT_ALLOWED", body=CONTACT
    ),
    Wrong(
        "association-to-nobody",
        "POST",
        "~/deals",
        400,
        VALIDATION,
        "INVALID_ASSOCIATION",
        {
            "properties": {},
            "associations": [
                {
                    "to": {"id": "404"},
                    "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}],
                }
            ],
        },
    ),
    Wrong(
        "not-json",
        "POST",
        "~/contacts",
        400,
        VALIDATION,
        "JSON",
        headers={"content-type": "application/json"},
    ),
    Wrong(
        "form-instead-of-json",
        "POST",
        "~/contacts",
        415,
        VALIDATION,
        headers={"content-type": "text/plain"},
    ),
)
BATCHES = (
    Wrong(
        "batch-over-100",
        "POST",
        "~/contacts/batch/update",
        400,
        VALIDATION,
        "100",
        updates(*map(str, range(101))),
    ),
    Wrong(
        "empty-batch",
        "POST",
        "~/contacts/batch/read",
        400,
        VALIDATION,
        "at least one",
        {"inputs": [], "properties": []},
    ),
    Wrong(
        "duplicate-id",
        "POST",
        "~/contacts/batch/update",
        400,
        VALIDATION,
        "Duplicate",
        updates("1", "2", "1"),
    ),
    Wrong(
        "input-without-id",
        "POST",
        "~/contacts/batch/update",
        400,
        VALIDATION,
        "inputs.0.id",
        {"inputs": [{"properties": {}}]},
    ),
    Wrong(
        "one-bad-value",
        "POST",
        "~/contacts/batch/update",
        400,
        VALIDATION,
        "PROPERTY_DOESNT_EXIST",
        {
            "inputs": [
                {"id": "1", "properties": {"city": "Perth"}},
                {"id": "2", "properties": {"hair": "red"}},
            ]
        },
    ),
    Wrong(
        "update-by-non-unique",
        "POST",
        "~/contacts/batch/update",
        400,
        VALIDATION,
        "non-unique",
        updates("Ann", idProperty="firstname"),
    ),
    Wrong(
        "update-by-email",
        "POST",
        "~/contacts/batch/update",
        400,
        VALIDATION,
        "non-unique",
        updates("ann@example.com", idProperty="email"),
    ),
    Wrong(
        "upsert-by-non-unique",
        "POST",
        "~/contacts/batch/upsert",
        400,
        VALIDATION,
        "non-unique",
        updates("Perth", idProperty="city"),
    ),
    Wrong(
        "upsert-of-a-non-address",
        "POST",
        "~/contacts/batch/upsert",
        400,
        VALIDATION,
        "INVALID_EMAIL",
        updates("nobody", idProperty="email"),
    ),
)
SEARCHES = (
    Wrong(
        "search-page-over-200",
        "POST",
        "~/contacts/search",
        400,
        VALIDATION,
        "limit",
        SEARCH | {"limit": 201},
    ),
    Wrong(
        "beyond-10000",
        "POST",
        "~/contacts/search",
        400,
        VALIDATION,
        "10000",
        SEARCH | {"after": "10000"},
    ),
    Wrong(
        "missing-key",
        "POST",
        "~/contacts/search",
        400,
        VALIDATION,
        "sorts",
        {k: v for k, v in SEARCH.items() if k != "sorts"},
    ),
    Wrong(
        "unknown-operator",
        "POST",
        "~/contacts/search",
        400,
        VALIDATION,
        "operator",
        filtered("city", "LIKE", value="P"),
    ),
    Wrong(
        "filter-on-unknown",
        "POST",
        "~/contacts/search",
        400,
        VALIDATION,
        "PROPERTY_DOESNT_EXIST",
        filtered("hair", "EQ", value="red"),
    ),
    Wrong(
        "filter-without-value",
        "POST",
        "~/contacts/search",
        400,
        VALIDATION,
        "INVALID_FILTER",
        filtered("city", "EQ"),
    ),
    Wrong(
        "in-without-values",
        "POST",
        "~/contacts/search",
        400,
        VALIDATION,
        "INVALID_FILTER",
        filtered("city", "IN", value="Perth"),
    ),
    Wrong(
        "date-filter-on-text",
        "POST",
        "~/contacts/search",
        400,
        VALIDATION,
        "INVALID_DATE",
        filtered("lastmodifieddate", "GTE", value="yesterday"),
    ),
    Wrong(
        "two-sorts",
        "POST",
        "~/contacts/search",
        400,
        VALIDATION,
        "sorts",
        SEARCH | {"sorts": ["city", "zip"]},
    ),
    Wrong(
        "seven-groups",
        "POST",
        "~/contacts/search",
        400,
        VALIDATION,
        "filterGroups",
        SEARCH
        | {
            "filterGroups": [{"filters": [{"propertyName": "city", "operator": "HAS_PROPERTY"}]}]
            * 7
        },
    ),
    Wrong(
        "query-too-long",
        "POST",
        "~/contacts/search",
        400,
        VALIDATION,
        "query",
        SEARCH | {"query": "q" * 3001},
    ),
)
DEFINITIONS = (
    Wrong(
        "bad-name",
        "POST",
        "/crm/properties/2026-09/contacts",
        400,
        VALIDATION,
        "lowercase",
        definition(name="Golden ID"),
    ),
    Wrong(
        "unknown-group",
        "POST",
        "/crm/properties/2026-09/contacts",
        400,
        VALIDATION,
        "does not exist",
        definition(groupName="cxhub"),
    ),
    Wrong(
        "name-taken",
        "POST",
        "/crm/properties/2026-09/contacts",
        409,
        "OBJECT_ALREADY_EXISTS",
        "firstname",
        definition(name="firstname"),
    ),
    Wrong(
        "field-type-misfit",
        "POST",
        "/crm/properties/2026-09/contacts",
        400,
        VALIDATION,
        "fieldType",
        definition(type="number"),
    ),
    Wrong(
        "unknown-type",
        "POST",
        "/crm/properties/2026-09/contacts",
        400,
        VALIDATION,
        "type",
        definition(type="text"),
    ),
    Wrong(
        "options-missing",
        "POST",
        "/crm/properties/2026-09/contacts",
        400,
        VALIDATION,
        "options",
        definition(type="enumeration", fieldType="select"),
    ),
    Wrong(
        "unique-date",
        "POST",
        "/crm/properties/2026-09/contacts",
        400,
        VALIDATION,
        "unique",
        definition(type="date", fieldType="date", hasUniqueValue=True),
    ),
    Wrong(
        "change-of-hubspots-own",
        "PATCH",
        "/crm/properties/2026-09/contacts/email",
        400,
        VALIDATION,
        "defined by HubSpot",
        {"label": "E"},
    ),
    Wrong(
        "group-name-taken",
        "POST",
        "/crm/properties/2026-09/contacts/groups",
        409,
        "OBJECT_ALREADY_EXISTS",
        "group",
        {"name": "contactinformation", "label": "C"},
    ),
)
_STATUS = {"channel": "EMAIL", "subscriptionId": 101, "statusState": "UNSUBSCRIBED"}
_CONSENT = "/communication-preferences/2026-09"
OTHERS = (
    Wrong(
        "merge-with-itself",
        "POST",
        "~/contacts/merge",
        400,
        VALIDATION,
        "itself",
        {"primaryObjectId": "1", "objectIdToMerge": "1"},
    ),
    Wrong(
        "merge-with-nobody",
        "POST",
        "~/contacts/merge",
        404,
        "OBJECT_NOT_FOUND",
        "",
        {"primaryObjectId": "1", "objectIdToMerge": "404"},
    ),
    Wrong(
        "erase-unknown-id",
        "POST",
        "~/contacts/gdpr-delete",
        404,
        "OBJECT_NOT_FOUND",
        "",
        {"objectId": "404"},
    ),
    Wrong(
        "statuses-without-channel",
        "GET",
        f"{_CONSENT}/statuses/ann@example.com",
        400,
        VALIDATION,
        "channel",
    ),
    Wrong(
        "unknown-subscription",
        "POST",
        f"{_CONSENT}/statuses/ann@example.com",
        400,
        VALIDATION,
        "does not exist",
        _STATUS | {"subscriptionId": 999},
    ),
    Wrong(
        "unknown-status",
        "POST",
        f"{_CONSENT}/statuses/ann@example.com",
        400,
        VALIDATION,
        "statusState",
        _STATUS | {"statusState": "OPTED_OUT"},
    ),
    Wrong(
        "unknown-legal-basis",
        "POST",
        f"{_CONSENT}/statuses/ann@example.com",
        400,
        VALIDATION,
        "legalBasis",
        _STATUS | {"legalBasis": "BECAUSE"},
    ),
    Wrong(
        "impossible-association",
        "POST",
        "/crm/associations/2026-09/deals/feedback_submissions/batch/read",
        400,
        VALIDATION,
        "cannot be associated",
        {"inputs": [{"id": "1"}]},
    ),
)
TABLE = (*CREDENTIALS, *PATHS, *PAGES, *VALUES, *BATCHES, *SEARCHES, *DEFINITIONS, *OTHERS)


@pytest.fixture
def two_people(wire: Wire) -> Wire:
    """Ann and Bob, and a deal."""
    wire.create(email="ann@example.com", firstname="Ann")
    wire.create(email="bob@example.com", firstname="Bob")
    wire.create("deals", dealname="Coffee", dealstage="qualifiedtobuy")
    return wire


@pytest.mark.parametrize("wrong", TABLE, ids=lambda wrong: wrong.id)
def test_a_wrong_request_is_refused_as_hubspot_does(two_people: Wire, wrong: Wrong) -> None:
    """Status, category and the telling word are HubSpot's, and nothing was changed."""
    before = len(two_people.emulator.effects)
    options: dict[str, Any] = {"headers": dict(wrong.headers)}
    if wrong.body is None and "content-type" in wrong.headers:
        options["content"] = b"{properties:"

    answer = two_people.send(wrong.method, wrong.path, wrong.body, **options)

    assert answer.status_code == wrong.status
    assert wrong.says in answer.text
    if wrong.category:
        assert answer.json()["category"] == wrong.category
        assert answer.json()["status"] == "error"
    assert len(two_people.emulator.effects) == before


def test_the_table_is_long_enough() -> None:
    """Every row is a request of its own kind."""
    assert len({wrong.id for wrong in TABLE}) == len(TABLE) >= 25


def test_every_refused_value_is_named_at_once(two_people: Wire) -> None:
    """A writer learns of all bad values from one answer, each with its property."""
    bad = {"email": "nobody", "hair": "red", "date_of_birth": "soon"}

    errors = two_people.post("~/contacts", {"properties": bad}).json()["errors"]

    assert {(e["code"], e["in"]) for e in errors} == {
        ("INVALID_EMAIL", "email"),
        ("PROPERTY_DOESNT_EXIST", "hair"),
        ("INVALID_DATE", "date_of_birth"),
    }


def test_each_answer_has_its_own_correlation_id(two_people: Wire) -> None:
    """Receipts can name the answer that they rest on."""
    first, second = (two_people.get("~/contacts/999").json() for _ in range(2))

    assert first["correlationId"] != second["correlationId"]
