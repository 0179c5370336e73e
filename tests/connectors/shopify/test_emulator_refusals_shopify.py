"""Wrong requests are refused in Shopify's own shape, and change nothing.

Three shapes: an HTTP status with ``errors`` as text, HTTP 200 with ``errors[].extensions.code``,
and HTTP 200 with ``userErrors`` inside the data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from connectors.shopify.emulator import APP, create
from hub.core.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.shopify.emulator import ShopifyEmulator
    from tests.connectors.shopify.conftest import Shopfront

ANN, BEA = "gid://shopify/Customer/1", "gid://shopify/Customer/2"
GRAPHQL = "/admin/api/2026-10/graphql.json"
IDS = "{ customers(first: 1) { nodes { id } } }"


# --- refused before GraphQL ------------------------------------------------------------------


@dataclass(frozen=True)
class WrongCall:
    """One request that never gets as far as GraphQL."""

    id: str
    status: int
    says: str
    method: str = "POST"
    path: str = GRAPHQL
    body: str = json.dumps({"query": IDS})
    headers: Mapping[str, str] = field(default_factory=dict)


CALLS = (
    WrongCall("no-token", 401, "Invalid API key", headers={"X-Shopify-Access-Token": ""}),
    WrongCall(
        "unknown-token", 401, "Invalid API key", headers={"X-Shopify-Access-Token": "shpat_1"}
    ),
    WrongCall("unknown-path", 404, "Not Found", path="/admin/api/2026-10/customers.json"),
    WrongCall("version-not-out-yet", 404, "Not Found", path="/admin/api/2031-01/graphql.json"),
    WrongCall("no-version", 404, "Not Found", path="/admin/api/latest/graphql.json"),
    WrongCall("wrong-method", 404, "Not Found", method="GET"),
    WrongCall("no-json", 400, "Bad Request", body="{customers}"),
    WrongCall("json-list", 400, "Bad Request", body="[]"),
    WrongCall("no-query", 400, "Required parameter missing or invalid", body="{}"),
    WrongCall(
        "variables-as-a-list",
        400,
        "Required parameter missing or invalid",
        body=json.dumps({"query": IDS, "variables": [1]}),
    ),
    WrongCall(
        "form-instead-of-json",
        415,
        "Unsupported Media Type",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ),
)


@pytest.mark.parametrize("wrong", CALLS, ids=lambda wrong: wrong.id)
def test_a_wrong_call_is_refused_by_its_status(shop: Shopfront, wrong: WrongCall) -> None:
    """Status, and one text under ``errors``."""
    shop.add_customer()
    headers = {
        "X-Shopify-Access-Token": shop.emulator.token,
        "Content-Type": "application/json",
        **wrong.headers,
    }
    before = shop.emulator.snapshot()

    answer = shop.raw(wrong.method, wrong.path, content=wrong.body, headers=headers)

    assert answer.status_code == wrong.status
    assert wrong.says in json.dumps(answer.json()["errors"])
    assert shop.emulator.snapshot() == before


GRANTS = (
    ("unknown-grant", {"grant_type": "password"}, 400, "unsupported_grant_type"),
    ("wrong-secret", {"client_secret": "guess"}, 401, "invalid_client"),
    ("unknown-app", {"client_id": "other"}, 401, "invalid_client"),
    (
        "used-refresh-token",
        {"grant_type": "refresh_token", "refresh_token": "used"},
        400,
        "invalid_grant",
    ),
)


@pytest.mark.parametrize(
    ("changed", "status", "error"), [row[1:] for row in GRANTS], ids=[row[0] for row in GRANTS]
)
def test_a_wrong_token_request_is_refused_as_oauth_does(
    shop: Shopfront, changed: dict[str, str], status: int, error: str
) -> None:
    """The token endpoint speaks RFC 6749."""
    form = {
        "grant_type": "client_credentials",
        "client_id": APP.client_id,
        "client_secret": APP.client_secret,
    }

    answer = shop.raw("POST", "/admin/oauth/access_token", data={**form, **changed})

    assert (answer.status_code, answer.json()["error"]) == (status, error)


# --- refused by GraphQL ----------------------------------------------------------------------


@dataclass(frozen=True)
class WrongQuery:
    """One document that is refused under HTTP 200; ``scopes`` are those of the token."""

    id: str
    code: str
    document: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    scopes: tuple[str, ...] = ("write_customers", "read_orders", "read_all_orders", "read_products")


def listing(arguments: str) -> str:
    return f"{{ customers({arguments}) {{ nodes {{ id }} }} }}"


QUERIES = (
    WrongQuery("unknown-field", "undefinedField", "{ shop { nom } }"),
    WrongQuery("unknown-argument", "argumentNotAccepted", listing("first: 1, limit: 5")),
    WrongQuery("missing-argument", "missingRequiredArguments", "{ customer { id } }"),
    WrongQuery(
        "unknown-sort-key", "argumentLiteralsIncompatible", listing("first: 1, sortKey: AGE")
    ),
    WrongQuery("text-for-a-number", "argumentLiteralsIncompatible", listing('first: "many"')),
    WrongQuery("no-selection", "selectionMismatch", "{ shop }"),
    WrongQuery("selection-of-a-scalar", "selectionMismatch", "{ shop { name { first } } }"),
    WrongQuery(
        "undeclared-variable", "variableNotDefined", "{ customers(first: $n) { nodes { id } } }"
    ),
    WrongQuery(
        "two-identifiers",
        "invalidOneOfInputObject",
        '{ customerByIdentifier(identifier: {id: "a", emailAddress: "b"}) { id } }',
    ),
    WrongQuery(
        "no-telling-which-operation",
        "operationNotFound",
        "query A { shop { id } } query B { shop { id } }",
    ),
    WrongQuery("neither-first-nor-last", "BAD_REQUEST", "{ customers { nodes { id } } }"),
    WrongQuery("both-first-and-last", "BAD_REQUEST", listing("first: 1, last: 1")),
    WrongQuery("page-over-250", "BAD_REQUEST", listing("first: 251")),
    WrongQuery("page-below-zero", "BAD_REQUEST", listing("first: -1")),
    WrongQuery("no-cursor", "BAD_REQUEST", listing('first: 1, after: "abc"')),
    WrongQuery(
        "cursor-of-another-order",
        "BAD_REQUEST",
        listing(
            'first: 1, after: "eyJsYXN0X2lkIjoxLCJsYXN0X3ZhbHVlIjoxLCJvcmRlciI6ImlkIn0=",'
            " sortKey: NAME"
        ),
    ),
    WrongQuery(
        "time-that-is-none", "BAD_REQUEST", listing("first: 1, query: \"updated_at:>'soon'\"")
    ),
    WrongQuery("open-parenthesis", "BAD_REQUEST", listing('first: 1, query: "(id:1"')),
    WrongQuery("half-a-search", "BAD_REQUEST", listing('first: 1, query: "id:1 AND"')),
    WrongQuery(
        "bare-number-for-an-id", "argumentLiteralsIncompatible", '{ customer(id: "1") { id } }'
    ),
    WrongQuery(
        "id-of-another-kind",
        "argumentLiteralsIncompatible",
        '{ customer(id: "gid://shopify/Order/1") { id } }',
    ),
    WrongQuery(
        "too-many-ids",
        "MAX_INPUT_SIZE_EXCEEDED",
        "query($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        {"ids": [ANN] * 251},
    ),
    WrongQuery(
        "too-costly",
        "MAX_COST_EXCEEDED",
        "{ orders(first: 250) { nodes { lineItems(first: 10) { nodes { id } } } } }",
    ),
    WrongQuery("no-scope-to-read", "ACCESS_DENIED", listing("first: 1"), scopes=("read_orders",)),
    WrongQuery(
        "no-scope-inside",
        "ACCESS_DENIED",
        "{ customers(first: 1) { nodes { orders(first: 1) { nodes { id } } } } }",
        scopes=("read_customers",),
    ),
    WrongQuery(
        "no-scope-for-a-node",
        "ACCESS_DENIED",
        f'{{ node(id: "{ANN}") {{ id }} }}',
        scopes=("read_orders",),
    ),
    WrongQuery(
        "no-scope-for-a-refund",
        "ACCESS_DENIED",
        '{ node(id: "gid://shopify/Refund/1") { id } }',
        scopes=("read_customers",),
    ),
    WrongQuery(
        "state-that-nobody-sets",
        "INVALID",
        f"""mutation {{ customerEmailMarketingConsentUpdate(input: {{customerId: "{ANN}",
          emailMarketingConsent: {{marketingState: NOT_SUBSCRIBED}}}})
          {{ customer {{ id }} }} }}""",
    ),
    WrongQuery(
        "state-that-nobody-is-created-with",
        "INVALID",
        """mutation { customerCreate(input: {email: "cid@example.com",
          emailMarketingConsent: {marketingState: REDACTED}}) { customer { id } } }""",
    ),
    WrongQuery(
        "no-scope-to-write",
        "ACCESS_DENIED",
        'mutation { customerCreate(input: {firstName: "Cid"}) { customer { id } } }',
        scopes=("read_customers",),
    ),
    WrongQuery(
        "no-scope-to-write-metafields",
        "ACCESS_DENIED",
        f'mutation {{ metafieldsSet(metafields: [{{ownerId: "{ANN}", namespace: "cxhub", '
        'key: "vip", value: "x", type: "single_line_text_field"}]) { userErrors { message } } }',
        scopes=("read_customers",),
    ),
    WrongQuery(
        "no-scope-for-definitions",
        "ACCESS_DENIED",
        "{ metafieldDefinitions(first: 1, ownerType: ORDER) { nodes { key } } }",
        scopes=("read_customers",),
    ),
)


@pytest.mark.parametrize("wrong", QUERIES, ids=lambda wrong: wrong.id)
def test_a_wrong_query_is_refused_with_its_code(
    clock: ManualClock, open_shop: Callable[[ShopifyEmulator], Shopfront], wrong: WrongQuery
) -> None:
    """HTTP 200, and an error that a program can tell by its code."""
    shop = open_shop(create(clock=clock, scopes=wrong.scopes))
    shop.add_customer()
    before = shop.emulator.snapshot()

    answer = shop.post(wrong.document, wrong.variables)

    body = answer.json()
    assert answer.status_code == 200
    assert wrong.code in {error["extensions"]["code"] for error in body["errors"]}
    assert not any(value for value in (body.get("data") or {}).values())
    assert shop.emulator.snapshot() == before


def test_a_syntax_error_has_a_place_and_no_code(shop: Shopfront) -> None:
    """Neither data nor cost: nothing was looked at."""
    answer = shop.post("{ customers(first: 1) { nodes { id }").json()

    (error,) = answer["errors"]
    assert answer.keys() == {"errors"}
    assert error["locations"][0]["line"] == 1
    assert "extensions" not in error


def test_an_unknown_field_is_named_with_its_type(shop: Shopfront) -> None:
    """In the words by which programs recognise a field that a version dropped."""
    (error,) = shop.errors("{ customers(first: 1) { nodes { acceptsMarketing } } }")

    assert error["message"] == "Field 'acceptsMarketing' doesn't exist on type 'Customer'"
    assert error["extensions"] == {
        "code": "undefinedField",
        "typeName": "Customer",
        "fieldName": "acceptsMarketing",
    }


def test_a_denied_field_says_which_scope_it_needs(
    clock: ManualClock, open_shop: Callable[[ShopifyEmulator], Shopfront]
) -> None:
    """With its path, so that an admin learns what to grant."""
    shop = open_shop(create(clock=clock, scopes=["read_orders"]))

    (error,) = shop.errors(IDS)

    assert error["path"] == ["customers"]
    assert "read_customers" in error["message"]
    assert error["extensions"]["requiredAccess"] == "`read_customers` access scope."


# --- refused with user errors ----------------------------------------------------------------


@dataclass(frozen=True)
class WrongInput:
    """One mutation whose input makes no sense; ``code`` is empty where its errors have none."""

    id: str
    mutation: str
    input: Any
    field: str
    code: str = ""


MUTATIONS: Mapping[str, str] = {
    "customerCreate": "mutation($it: CustomerInput!) { customerCreate(input: $it) { %s } }",
    "customerUpdate": "mutation($it: CustomerInput!) { customerUpdate(input: $it) { %s } }",
    "customerDelete": "mutation($it: CustomerDeleteInput!) { customerDelete(input: $it) { %s } }",
    "customerSet": "mutation($it: CustomerSetInput!) { customerSet(identifier: "
    '{email: "p0@example.com"}, input: $it) { %s } }',
    "customerMerge": "mutation($it: ID!) { customerMerge(customerOneId: $it, "
    f'customerTwoId: "{ANN}") {{ %s }} }}',
    "metafieldsSet": "mutation($it: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $it) "
    "{ %s } }",
    "metafieldsDelete": "mutation($it: [MetafieldIdentifierInput!]!) "
    "{ metafieldsDelete(metafields: $it) { %s } }",
    "metafieldDefinitionCreate": "mutation($it: MetafieldDefinitionInput!) "
    "{ metafieldDefinitionCreate(definition: $it) { %s } }",
}
UNCODED = ("customerCreate", "customerUpdate", "customerDelete", "metafieldsDelete")


def value(**changed: Any) -> list[dict[str, Any]]:
    text = "single_line_text_field"
    sound = {"ownerId": ANN, "namespace": "cxhub", "key": "vip", "value": "x", "type": text}
    return [{name: kept for name, kept in (sound | changed).items() if kept is not None}]


def definition(**changed: Any) -> dict[str, Any]:
    sound = {"namespace": "cxhub", "key": "vip", "name": "VIP", "ownerType": "CUSTOMER"}
    return {**sound, "type": "boolean", **changed}


NOBODY = "gid://shopify/Customer/404"
INPUTS = (
    WrongInput("nobody", "customerCreate", {"note": "x"}, "None"),
    WrongInput("new-with-an-id", "customerCreate", {"id": ANN, "firstName": "A"}, "id"),
    WrongInput("email-that-is-none", "customerCreate", {"email": "ann.example"}, "email"),
    WrongInput("phone-that-is-none", "customerCreate", {"phone": "call me"}, "phone"),
    WrongInput("email-of-another", "customerCreate", {"email": "P0@example.com"}, "email"),
    WrongInput("phone-of-another", "customerCreate", {"phone": "+61755500166"}, "phone"),
    WrongInput("name-too-long", "customerUpdate", {"id": ANN, "firstName": "x" * 256}, "firstName"),
    WrongInput("update-without-id", "customerUpdate", {"firstName": "A"}, "id"),
    WrongInput("update-of-nobody", "customerUpdate", {"id": NOBODY, "firstName": "A"}, "id"),
    WrongInput(
        "consent-by-the-wrong-mutation",
        "customerUpdate",
        {"id": ANN, "emailMarketingConsent": {"marketingState": "UNSUBSCRIBED"}},
        "emailMarketingConsent",
    ),
    WrongInput(
        "consent-without-an-address",
        "customerCreate",
        {"firstName": "A", "smsMarketingConsent": {"marketingState": "UNSUBSCRIBED"}},
        "customerId",
    ),
    WrongInput("delete-of-nobody", "customerDelete", {"id": NOBODY}, "id"),
    WrongInput("set-without-its-key", "customerSet", {}, "input", "MISSING_FIELD_REQUIRED"),
    WrongInput(
        "set-with-another-key", "customerSet", {"email": "x@example.com"}, "input", "INPUT_MISMATCH"
    ),
    WrongInput(
        "set-by-two-ids",
        "customerSet",
        {"id": ANN, "email": "p0@example.com"},
        "input.id",
        "ID_NOT_ALLOWED",
    ),
    WrongInput("merge-with-itself", "customerMerge", ANN, "customerOneId", "INVALID_CUSTOMER_ID"),
    WrongInput("merge-of-nobody", "customerMerge", NOBODY, "customerOneId", "INVALID_CUSTOMER_ID"),
    WrongInput(
        "26-metafields", "metafieldsSet", value() * 26, "metafields", "LESS_THAN_OR_EQUAL_TO"
    ),
    WrongInput(
        "owner-that-is-gone",
        "metafieldsSet",
        value(ownerId=NOBODY),
        "metafields.0.ownerId",
        "INVALID",
    ),
    WrongInput("no-type", "metafieldsSet", value(type=None), "metafields.0.type", "BLANK"),
    WrongInput(
        "unknown-type", "metafieldsSet", value(type="text"), "metafields.0.type", "INCLUSION"
    ),
    WrongInput("empty-value", "metafieldsSet", value(value=""), "metafields.0.value", "BLANK"),
    WrongInput(
        "value-too-long",
        "metafieldsSet",
        value(value="x" * 65_537),
        "metafields.0.value",
        "TOO_LONG",
    ),
    WrongInput("key-too-short", "metafieldsSet", value(key="v"), "metafields.0.key", "TOO_SHORT"),
    WrongInput(
        "key-too-long", "metafieldsSet", value(key="v" * 65), "metafields.0.key", "TOO_LONG"
    ),
    WrongInput("key-with-a-dot", "metafieldsSet", value(key="v.ip"), "metafields.0.key", "INVALID"),
    WrongInput(
        "namespace-too-short",
        "metafieldsSet",
        value(namespace="cx"),
        "metafields.0.namespace",
        "TOO_SHORT",
    ),
    WrongInput(
        "digest-that-is-none",
        "metafieldsSet",
        value(compareDigest="x"),
        "metafields.0.compareDigest",
        "INVALID_COMPARE_DIGEST",
    ),
    WrongInput(
        "digest-of-nothing",
        "metafieldsSet",
        value(compareDigest="0" * 64),
        "metafields.0",
        "STALE_OBJECT",
    ),
    WrongInput(
        "deleting-from-nobody",
        "metafieldsDelete",
        [{"ownerId": NOBODY, "namespace": "cxhub", "key": "vip"}],
        "metafields.0.ownerId",
    ),
    WrongInput(
        "definition-of-an-unknown-type",
        "metafieldDefinitionCreate",
        definition(type="text"),
        "definition.type",
        "INCLUSION",
    ),
    WrongInput(
        "definition-without-a-name",
        "metafieldDefinitionCreate",
        definition(name=""),
        "definition.name",
        "BLANK",
    ),
    WrongInput(
        "definition-with-an-unknown-rule",
        "metafieldDefinitionCreate",
        definition(validations=[{"name": "colour", "value": "red"}]),
        "definition.validations",
        "INVALID_OPTION",
    ),
    WrongInput(
        "admin-access-outside-the-apps-namespace",
        "metafieldDefinitionCreate",
        definition(access={"admin": "MERCHANT_READ"}),
        "definition.access",
        "ADMIN_ACCESS_INPUT_NOT_ALLOWED",
    ),
)


@pytest.mark.parametrize("wrong", INPUTS, ids=lambda wrong: wrong.id)
def test_a_wrong_input_is_refused_with_user_errors(shop: Shopfront, wrong: WrongInput) -> None:
    """HTTP 200 and data, in which nothing happened: the path to the input, and a code."""
    shop.add_customer(0, phone="07 5550 0166")
    before = shop.emulator.snapshot()
    fields = "userErrors { field message }"
    if wrong.mutation not in UNCODED:
        fields = fields.replace("message", "message code")

    answer = shop.ask(MUTATIONS[wrong.mutation] % fields, it=wrong.input)

    (error,) = answer[wrong.mutation]["userErrors"]
    assert ".".join(error["field"] or ["None"]) == wrong.field
    assert error.get("code", "") == wrong.code
    assert error["message"]
    assert shop.emulator.snapshot() == before
