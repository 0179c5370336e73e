"""Wrong requests are refused with Zendesk's status and error, and change nothing."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from connectors.zendesk.emulator import ZendeskEmulator, create
from hub.core.clock import ManualClock

if TYPE_CHECKING:
    from tests.connectors.zendesk.conftest import Wire

ANN, BOB, OWNER, GONE = "{ann}", "{bob}", "101", "{gone}"
EXPORT = "/incremental/users/cursor"
MANY = [{"id": number, "notes": "x"} for number in range(101)]


@dataclass(frozen=True)
class Wrong:
    """One wrong request and how Zendesk refuses it.

    ``error`` is Zendesk's word in whichever of its shapes; ``says`` stands somewhere in the body.
    """

    id: str
    method: str
    path: str
    status: int
    error: str
    says: str = ""
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


def basic(user: str, password: str) -> dict[str, str]:
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"authorization": f"Basic {pair}"}


def user(**values: object) -> dict[str, object]:
    return {"user": values}


def defined(**changed: object) -> dict[str, object]:
    return {"user_field": {"key": "fresh", "title": "Fresh", "type": "text", **changed}}


UNKNOWN_USER = "Couldn't authenticate you"
CREDENTIALS = (
    Wrong("no-credential", "GET", "/users", 401, UNKNOWN_USER, headers={"authorization": ""}),
    Wrong(
        "unknown-token",
        "GET",
        "/users",
        401,
        "invalid_token",
        "expired, revoked",
        headers={"authorization": "Bearer unknown"},
    ),
    Wrong(
        "unknown-api-token",
        "GET",
        "/users",
        401,
        UNKNOWN_USER,
        headers=basic("owner@example.com/token", "wrong"),
    ),
    Wrong(
        "password-instead-of-token",
        "GET",
        "/users/me",
        401,
        UNKNOWN_USER,
        headers=basic("owner@example.com", "zd-api-token-6f5e4d3c2b1a"),
    ),
    Wrong(
        "garbled-basic",
        "GET",
        "/users",
        401,
        UNKNOWN_USER,
        headers={"authorization": "Basic !"},
    ),
)
PATHS = (
    Wrong("unknown-path", "GET", "/kunden", 404, "InvalidEndpoint"),
    Wrong("unknown-export", "GET", "/incremental/requests.json", 404, "InvalidEndpoint"),
    Wrong("wrong-method", "PATCH", f"/users/{ANN}", 405, "MethodNotAllowed"),
    Wrong("id-is-a-word", "GET", "/users/ann", 400, "Invalid attribute", "id must be an integer"),
    Wrong("no-such-user", "GET", "/users/999", 404, "RecordNotFound"),
    Wrong("no-such-organization", "GET", "/organizations/999", 404, "RecordNotFound"),
    Wrong("no-such-ticket", "GET", "/tickets/999/comments", 404, "RecordNotFound"),
    Wrong("no-such-job", "GET", "/job_statuses/abc", 404, "RecordNotFound"),
    Wrong("other-kind-of-csat", "GET", "/satisfaction_ratings", 403, "Forbidden"),
)
PAGES = (
    Wrong("export-from-nowhere", "GET", EXPORT, 400, "Invalid attribute", "start_time"),
    Wrong(
        "export-from-a-word", "GET", f"{EXPORT}?start_time=noon", 400, "Invalid attribute", "start"
    ),
    Wrong(
        "export-from-now", "GET", f"{EXPORT}?start_time=1767225600", 422, "InvalidValue", "Too rec"
    ),
    Wrong(
        "export-page-over-1000",
        "GET",
        f"{EXPORT}?start_time=0&per_page=1001",
        400,
        "Invalid attribute",
        "per_page",
    ),
    Wrong(
        "export-page-of-nothing",
        "GET",
        f"{EXPORT}?start_time=0&per_page=0",
        400,
        "Invalid attribute",
        "per_page",
    ),
    Wrong("made-up-export-cursor", "GET", f"{EXPORT}?cursor=MTIz", 400, "InvalidValue", "cursor"),
    Wrong(
        "time-based-export-from-now",
        "GET",
        "/incremental/organizations?start_time=1767225600",
        422,
        "InvalidValue",
        "Too recent",
    ),
    Wrong(
        "list-page-over-100",
        "GET",
        "/users?page[size]=101",
        400,
        "Invalid attribute",
        "page[size]",
    ),
    Wrong("made-up-list-cursor", "GET", "/users?page[after]=x", 400, "InvalidValue", "cursor"),
    Wrong("offset-too-deep", "GET", "/users?page=101", 400, "InvalidPaginationDepth", "10000"),
    Wrong("unknown-score", "GET", "/satisfaction_ratings?score=fine", 403, "Forbidden"),
    Wrong("show-many-of-nobody", "GET", "/users/show_many", 400, "Invalid attribute", "ids"),
    Wrong(
        "show-too-many",
        "GET",
        "/users/show_many?ids=" + ",".join(map(str, range(101))),
        400,
        "TooManyValues",
    ),
)
VALUES = (
    Wrong("no-user-in-the-body", "POST", "/users", 400, "Invalid attribute", "user", {"name": "A"}),
    Wrong("user-is-a-list", "POST", "/users", 400, "Invalid attribute", "user", {"user": []}),
    Wrong("no-name", "POST", "/users", 422, "RecordInvalid", "too short", user(email="a@b.co")),
    Wrong("blank-name", "PUT", f"/users/{ANN}", 422, "RecordInvalid", "too short", user(name=" ")),
    Wrong("name-is-a-number", "POST", "/users", 400, "Invalid attribute", "a string", user(name=7)),
    Wrong(
        "malformed-email",
        "POST",
        "/users",
        422,
        "RecordInvalid",
        "not properly formatted",
        user(name="C", email="c@example"),
    ),
    Wrong(
        "email-of-another",
        "POST",
        "/users",
        422,
        "RecordInvalid",
        "DuplicateValue",
        user(name="C", email="ANN@example.com"),
    ),
    Wrong(
        "email-of-another-on-update",
        "PUT",
        f"/users/{BOB}",
        422,
        "RecordInvalid",
        "is already being used",
        user(email="ann@example.com"),
    ),
    Wrong(
        "external-id-of-another",
        "PUT",
        f"/users/{BOB}",
        422,
        "RecordInvalid",
        "external_id",
        user(external_id="CRM/1"),
    ),
    Wrong(
        "unknown-role",
        "PUT",
        f"/users/{ANN}",
        422,
        "RecordInvalid",
        "Role",
        user(role="emperor"),
    ),
    Wrong(
        "unknown-organization",
        "PUT",
        f"/users/{ANN}",
        422,
        "RecordInvalid",
        "Organization",
        user(organization_id=999),
    ),
    Wrong(
        "tags-are-text", "PUT", f"/users/{ANN}", 400, "Invalid attribute", "tags", user(tags="vip")
    ),
    Wrong(
        "fields-are-a-list",
        "PUT",
        f"/users/{ANN}",
        400,
        "Invalid attribute",
        "user_fields",
        user(user_fields=["vip"]),
    ),
    Wrong(
        "checkbox-is-a-word",
        "PUT",
        f"/users/{ANN}",
        422,
        "RecordInvalid",
        "Vip: is invalid",
        user(user_fields={"vip": "maybe"}),
    ),
    Wrong(
        "date-is-a-word",
        "PUT",
        f"/users/{ANN}",
        422,
        "RecordInvalid",
        "Born: is invalid",
        user(user_fields={"born": "yesterday"}),
    ),
    Wrong(
        "option-that-is-none",
        "PUT",
        f"/users/{ANN}",
        422,
        "RecordInvalid",
        "Plan: is invalid",
        user(user_fields={"plan": "silver"}),
    ),
    Wrong(
        "text-is-too-long",
        "PUT",
        f"/users/{ANN}",
        422,
        "RecordInvalid",
        "Note: is invalid",
        user(user_fields={"note": "x" * 65_536}),
    ),
)
FIELDS = (
    Wrong(
        "key-exists",
        "POST",
        "/user_fields",
        422,
        "RecordInvalid",
        "DuplicateValue",
        defined(key="vip"),
    ),
    Wrong(
        "key-is-a-number", "POST", "/user_fields", 422, "RecordInvalid", "Key", defined(key="17")
    ),
    Wrong(
        "key-with-blanks", "POST", "/user_fields", 422, "RecordInvalid", "Key", defined(key="a b")
    ),
    Wrong(
        "key-is-reserved", "POST", "/user_fields", 422, "RecordInvalid", "Key", defined(key="email")
    ),
    Wrong("no-key", "POST", "/user_fields", 422, "RecordInvalid", "Key", defined(key="")),
    Wrong("no-title", "POST", "/user_fields", 422, "RecordInvalid", "Title", defined(title="")),
    Wrong(
        "unknown-type", "POST", "/user_fields", 422, "RecordInvalid", "Type", defined(type="blob")
    ),
    Wrong(
        "dropdown-of-nothing",
        "POST",
        "/user_fields",
        422,
        "RecordInvalid",
        "option",
        defined(type="dropdown"),
    ),
    Wrong(
        "options-are-a-number",
        "POST",
        "/user_fields",
        400,
        "Invalid attribute",
        "custom_field_options",
        defined(type="dropdown", custom_field_options=3),
    ),
    Wrong(
        "pattern-that-is-none",
        "POST",
        "/user_fields",
        422,
        "RecordInvalid",
        "Regexp",
        defined(type="regexp", regexp_for_validation="("),
    ),
    Wrong(
        "no-field-in-the-body",
        "POST",
        "/organization_fields",
        400,
        "Invalid attribute",
        "organization_field",
        defined(),
    ),
)
BATCHES = (
    Wrong(
        "update-over-100", "PUT", "/users/update_many", 400, "TooManyValues", "100", {"users": MANY}
    ),
    Wrong(
        "upsert-over-100",
        "POST",
        "/users/create_or_update_many",
        400,
        "TooManyValues",
        "100",
        {"users": MANY},
    ),
    Wrong(
        "organizations-over-100",
        "PUT",
        "/organizations/update_many",
        400,
        "TooManyValues",
        "100",
        {"organizations": MANY},
    ),
    Wrong(
        "ids-over-100",
        "PUT",
        "/users/update_many?ids=" + ",".join(map(str, range(101))),
        400,
        "TooManyValues",
        "100",
        user(notes="x"),
    ),
    Wrong("ids-are-words", "PUT", "/users/update_many?ids=a", 400, "Invalid attribute", "ids", {}),
    Wrong(
        "ids-without-attributes",
        "PUT",
        "/users/update_many?ids=1",
        400,
        "Invalid attribute",
        "user",
    ),
    Wrong(
        "users-are-an-object",
        "PUT",
        "/users/update_many",
        400,
        "Invalid attribute",
        "users",
        {"users": {}},
    ),
    Wrong(
        "batch-without-users", "PUT", "/users/update_many", 400, "Invalid attribute", "users", {}
    ),
)
LIVES = (
    Wrong("delete-nobody", "DELETE", "/users/999", 404, "RecordNotFound"),
    Wrong("delete-the-owner", "DELETE", f"/users/{OWNER}", 403, "Forbidden"),
    Wrong("delete-twice", "DELETE", f"/users/{GONE}", 404, "RecordNotFound"),
    Wrong(
        "update-a-deleted-user", "PUT", f"/users/{GONE}", 404, "RecordNotFound", "", user(notes="x")
    ),
    Wrong("erase-before-deleting", "DELETE", f"/deleted_users/{ANN}", 404, "RecordNotFound"),
    Wrong("erase-nobody", "DELETE", "/deleted_users/999", 404, "RecordNotFound"),
    Wrong(
        "merge-into-nobody", "PUT", f"/users/{ANN}/merge", 404, "RecordNotFound", "", user(id=999)
    ),
    Wrong("merge-an-admin", "PUT", f"/users/{OWNER}/merge", 403, "Forbidden", "", user(id=ANN)),
    Wrong(
        "merge-with-itself",
        "PUT",
        f"/users/{ANN}/merge",
        400,
        "Invalid attribute",
        "id",
        user(id=ANN),
    ),
    Wrong(
        "merge-into-an-address",
        "PUT",
        f"/users/{ANN}/merge",
        400,
        "Invalid attribute",
        "id",
        user(email="bob@example.com"),
    ),
)
WRONG = (*CREDENTIALS, *PATHS, *PAGES, *VALUES, *FIELDS, *BATCHES, *LIVES)


@pytest.fixture(scope="module")
def shared(
    open_wire: Callable[[ZendeskEmulator], Wire],
) -> tuple[Wire, Mapping[str, str]]:
    """One account for all of them, which none of them may change; the ids of who is in it."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    wire = open_wire(create(clock=clock, plan="unmetered"))
    kinds: Mapping[str, dict[str, Any]] = {
        "vip": {"type": "checkbox"},
        "born": {"type": "date"},
        "note": {"type": "text"},
        "plan": {"type": "dropdown", "custom_field_options": [{"name": "Gold", "value": "gold"}]},
    }
    for key, definition in kinds.items():
        wire.post("/user_fields", {"user_field": {"key": key, "title": key.title(), **definition}})
    people = {
        "ann": wire.add_user("Ann", email="ann@example.com", external_id="crm/1"),
        "bob": wire.add_user("Bob", email="bob@example.com"),
        "gone": wire.add_user("Gone"),
    }
    wire.send("DELETE", f"/users/{people['gone']}")
    return wire, {name: str(key) for name, key in people.items()}


def filled(value: Any, people: Mapping[str, str]) -> Any:
    """The value with the ids of the people whom it means."""
    if isinstance(value, dict):
        return {name: filled(item, people) for name, item in value.items()}
    if isinstance(value, str) and value in (ANN, BOB, GONE):
        return int(people[value[1:-1]])
    return value


@pytest.mark.parametrize("wrong", [pytest.param(wrong, id=wrong.id) for wrong in WRONG])
def test_a_wrong_request_is_refused(shared: tuple[Wire, Mapping[str, str]], wrong: Wrong) -> None:
    """Status, error and shape are Zendesk's; nothing happened."""
    wire, people = shared
    before = len(wire.emulator.effects)
    path = wrong.path
    for name, key in people.items():
        path = path.replace(f"{{{name}}}", key)

    answer = wire.send(wrong.method, path, filled(wrong.body, people), headers=dict(wrong.headers))

    assert answer.status_code == wrong.status, answer.text
    assert named(answer.json()) == wrong.error
    assert wrong.says in answer.text
    assert len(wire.emulator.effects) == before


def named(body: Mapping[str, Any]) -> str:
    """Zendesk's word for an error, from whichever shape it came in."""
    if "errors" in body:
        return str(body["errors"][0]["code"])
    error = body["error"]
    return str(error["title"] if isinstance(error, dict) else error)


def test_every_wrong_request_is_another_one() -> None:
    """At least twenty-five, and none is counted twice."""
    asked = {(w.method, w.path, repr(w.body), repr(w.headers)) for w in WRONG}

    assert len(asked) == len(WRONG) >= 25


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        pytest.param({"client_secret": "wrong"}, 401, "invalid_client", id="secret"),
        pytest.param({"client_id": "wrong"}, 401, "invalid_client", id="client"),
        pytest.param({"grant_type": "password"}, 400, "unsupported_grant_type", id="grant"),
        pytest.param({"expires_in": 1}, 400, "invalid_request", id="life-too-short"),
        pytest.param({"expires_in": 10**7}, 400, "invalid_request", id="life-too-long"),
        pytest.param(
            {"grant_type": "refresh_token", "refresh_token": "x"},
            400,
            "invalid_grant",
            id="refresh",
        ),
    ],
)
def test_a_wrong_token_request_is_refused(
    wire: Wire, fields: Mapping[str, object], status: int, error: str
) -> None:
    """With an error code of RFC 6749."""
    form = {"grant_type": "client_credentials", **fields}

    answer = wire.grant(**form)  # type: ignore[arg-type]

    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_body_that_is_no_json_is_refused(wire: Wire) -> None:
    """So is a body that does not say that it is JSON."""
    kinds = ("application/json", "text/plain")

    broken, plain = (
        wire.send("POST", "/users", content=b"{", headers={"content-type": kind}) for kind in kinds
    )

    assert [answer.status_code for answer in (broken, plain)] == [400, 415]
    assert len(wire.emulator.effects) == 0
