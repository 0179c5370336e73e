"""How the org is reached: sign-in, pages that must add up, errors in the hub's words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from pydantic import ValidationError

from connectors.salesforce import hub_connector
from connectors.salesforce.api import Api
from connectors.salesforce.client import (
    DeletesUnknown,
    FieldNotVisible,
    LocatorExpired,
    ObjectNotVisible,
    QueryTooSlow,
    translate,
)
from connectors.salesforce.config import SalesforceSettings
from connectors.salesforce.emulator import APP, create
from connectors.salesforce.soql import QUERY_BYTES, Slice, encoded_bytes, fitting, select
from hub.core.auth import StaticToken
from hub.core.clock import ManualClock
from hub.core.errors import BudgetExhausted, HubError, NeedsReauth, RetryLater, StopRun
from hub.core.http import Http, Response
from hub.core.secrets import Secret
from hub.core.tokens import MemoryTokenStore
from hub.emulation.oauth import App
from hub.emulation.server import serve
from hub.testing.client import Waits, open_client
from hub.testing.scripted import ScriptedServer, scripted

QUERY = "/services/data/v67.0/query"
MORE = f"{QUERY}/01g000000000001-2000"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that answers as the test wrote down."""
    with scripted() as server:
        yield server


@pytest.fixture
def api(server: ScriptedServer) -> Iterator[Api]:
    """The endpoints on that server."""
    http = Http(server.url, StaticToken(Secret.of("a-session")), translate=translate, attempts=2)
    with open_client(http) as client:
        yield Api(client, "67.0")


def page(*ids: str, total: int, done: bool = True, more: str | None = None) -> dict[str, Any]:
    """A page of a query's result."""
    records = [{"attributes": {"type": "Contact", "url": "/x"}, "Id": each} for each in ids]
    body = {"totalSize": total, "done": done, "records": records}
    return body | ({"nextRecordsUrl": more} if more else {})


def error(code: str, message: str = "…") -> list[dict[str, Any]]:
    """A top-level error as Salesforce writes it."""
    return [{"errorCode": code, "message": message}]


# --- pages -----------------------------------------------------------------------------------


def test_every_page_of_a_result_is_read(server: ScriptedServer, api: Api) -> None:
    """NextRecordsUrl is followed until the result is done; attributes are left out."""
    server.then(body=page("1", "2", total=3, done=False, more=MORE), at=QUERY)
    server.then(body=page("3", total=3), at=MORE)

    rows = api.query("SELECT Id FROM Contact")

    assert rows == [{"Id": "1"}, {"Id": "2"}, {"Id": "3"}]


@pytest.mark.parametrize(
    "body",
    [
        page("1", "2", total=3),
        page("1", total=2, done=False),
        {"totalSize": 1, "done": True},
        {"totalSize": 1, "done": True, "records": [7]},
        [],
        None,
    ],
    ids=["short", "no next", "no records", "no objects", "a list", "empty"],
)
def test_a_page_that_does_not_add_up_is_an_error(
    server: ScriptedServer, api: Api, body: Any
) -> None:
    """A cut or malformed answer is never a smaller result."""
    server.then(body=body, at=QUERY)

    with pytest.raises(StopRun):
        api.query("SELECT Id FROM Contact")


def test_a_result_whose_rest_is_gone_is_asked_for_again(server: ScriptedServer, api: Api) -> None:
    """INVALID_QUERY_LOCATOR costs one more query, not the run."""
    server.then(body=page("1", total=2, done=False, more=MORE), at=QUERY)
    server.then(400, error("INVALID_QUERY_LOCATOR"), at=MORE)
    server.then(body=page("1", "2", total=2), at=QUERY)

    rows = api.query("SELECT Id FROM Contact")

    assert [row["Id"] for row in rows] == ["1", "2"]


def test_a_link_to_another_host_is_not_followed(server: ScriptedServer, api: Api) -> None:
    """The session belongs to My Domain and goes nowhere else."""
    elsewhere = "https://evil.example/services/data/v67.0/query/01g"
    server.then(body=page("1", total=2, done=False, more=elsewhere), at=QUERY)

    with pytest.raises(StopRun, match="another host"):
        api.query("SELECT Id FROM Contact")


def test_records_come_back_under_the_ids_they_were_asked_by(
    server: ScriptedServer, api: Api
) -> None:
    """Null stands for a record that is gone; answers that cannot be told apart are an error."""
    server.then(body=[{"Id": "a", "Name": "A"}, None])

    held = api.retrieve("Contact", ["a", "b"], ["Name"])

    assert held == {"a": {"Id": "a", "Name": "A"}}
    with pytest.raises(StopRun, match="2 answers to 1 ids"):
        api.retrieve("Contact", ["a"], ["Name"])


# --- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "INVALID_SESSION_ID", NeedsReauth),
        (403, "REQUEST_LIMIT_EXCEEDED", BudgetExhausted),
        (403, "API_DISABLED_FOR_ORG", StopRun),
        (400, "QUERY_TIMEOUT", QueryTooSlow),
        (500, "QUERY_TIMEOUT", QueryTooSlow),
        (400, "INVALID_QUERY_LOCATOR", LocatorExpired),
        (400, "EXCEEDED_ID_LIMIT", DeletesUnknown),
        (400, "INVALID_REPLICATION_DATE", DeletesUnknown),
        (400, "INVALID_FIELD", FieldNotVisible),
        (400, "INVALID_TYPE", ObjectNotVisible),
        (404, "NOT_FOUND", ObjectNotVisible),
        (400, "UNABLE_TO_LOCK_ROW", RetryLater),
        (400, "MALFORMED_QUERY", StopRun),
        (414, "URI_TOO_LONG", StopRun),
    ],
)
def test_an_error_says_what_the_engine_does_next(
    status: int, code: str, kind: type[HubError]
) -> None:
    """Each of Salesforce's codes in the hub's words, without its prose."""
    told = translate(Response(status, {}, error(code, "SELECT Email FROM ada@example.org")))

    assert type(told) is kind
    assert code in str(told) or kind is BudgetExhausted or kind is RetryLater
    assert "ada@example.org" not in str(told)


def test_too_many_at_once_is_not_too_many_in_a_day() -> None:
    """One code, two meanings: only the message tells them apart."""
    at_once = error("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.")
    in_a_day = error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")

    assert isinstance(translate(Response(403, {}, at_once)), RetryLater)
    assert isinstance(translate(Response(403, {}, in_a_day)), BudgetExhausted)


@pytest.mark.parametrize("body", [None, {}, [], [7], "<html>", [{"errorCode": None}]])
def test_an_error_of_any_shape_is_survived(body: Any) -> None:
    """What a proxy answers is left to the status, or stops the stream; nothing else is raised."""
    for status in (400, 401, 403, 404, 500, 503):
        told = translate(Response(status, {}, body))
        assert told is None or isinstance(told, StopRun | NeedsReauth)


def test_a_success_is_never_an_error() -> None:
    """A record may have a field called errorCode."""
    told = translate(Response(200, {}, [{"errorCode": "INVALID_FIELD"}]))

    assert told is None


# --- signing in ------------------------------------------------------------------------------


def test_a_signed_assertion_signs_in(clock: ManualClock, connect_hub: Callable[..., Any]) -> None:
    """JWT bearer: no secret travels, the app knows the key."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    app = App("key", "secret", None, public.decode(), "hub@acme.example", APP.audience)
    hub = connect_hub(
        hub_connector(),
        create(clock=clock, app=app),
        client_secret=None,
        username="hub@acme.example",
        private_key=Secret.of(pem),
    )

    report = hub.pull("contacts")

    assert report.error is None


def test_a_rotated_refresh_token_is_kept(clock: ManualClock) -> None:
    """The one that came last is used next time, in a process of its own."""
    emulator, store = create(clock=clock, rotates=True), MemoryTokenStore()
    with serve(emulator) as url:
        settings = SalesforceSettings(
            base_url=url,
            client_id=APP.client_id,
            client_secret=Secret.of(APP.client_secret),
            refresh_token=Secret.of(APP.refresh_token or ""),
        )
        connection = hub_connector().http
        assert callable(connection)
        for _ in range(3):
            waits = Waits(clock)
            with open_client(connection(settings), store=store, waits=waits) as client:
                assert Api(client, "67.0").describe("Contact").name == "Contact"
            clock.sleep(3_600)

    assert emulator.calls.counts()["POST /services/oauth2/token"] == 3


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"client_secret": "${env:A}", "private_key": "${env:B}", "username": "u"},
        {"private_key": "${env:B}"},
        {"refresh_token": "${env:B}"},
        {"client_secret": "a literal"},
    ],
    ids=["none", "two", "half a JWT", "refresh without secret", "literal"],
)
def test_exactly_one_credential_is_asked_for(credential: dict[str, str]) -> None:
    """Neither none nor two, and never a literal secret."""
    with pytest.raises(ValidationError):
        SalesforceSettings.model_validate(
            {"base_url": "https://acme.my.salesforce.com", "client_id": "key"} | credential
        )


def test_a_field_name_cannot_smuggle_in_a_query() -> None:
    """Names in settings become part of queries, so only names pass."""
    with pytest.raises(ValidationError):
        SalesforceSettings.model_validate(
            {
                "base_url": "https://acme.my.salesforce.com",
                "client_id": "key",
                "client_secret": "${env:A}",
                "attributes": {"contacts": ["Id FROM User WHERE Name != '"]},
            }
        )


# --- queries ---------------------------------------------------------------------------------


def test_a_slice_goes_on_behind_its_last_record() -> None:
    """The same time with a higher id, or a later time; never an offset."""
    at = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)

    conditions = list(Slice(at, "003A", datetime(2026, 11, 2, tzinfo=UTC)).conditions())

    assert conditions == [
        "((SystemModstamp = 2026-11-01T09:30:00.000Z AND Id > '003A') "
        "OR SystemModstamp > 2026-11-01T09:30:00.000Z)",
        "SystemModstamp < 2026-11-02T00:00:00.000Z",
    ]
    assert list(Slice().conditions()) == []


@pytest.mark.parametrize("length", [5, 40, 80])
def test_as_many_fields_as_fit_into_a_url_are_asked_for(length: int) -> None:
    """The query with one field more would be too long."""
    fields = [f"{'F' * (length - 4)}{number:04d}" for number in range(2_000)]
    rest = select((), "Contact", ordered=True, limit=2_000)

    count = fitting(fields, rest)

    def size(number: int) -> int:
        return encoded_bytes(select(fields[:number], "Contact", ordered=True, limit=2_000))

    assert size(count) <= QUERY_BYTES < size(count + 1) + 3
