"""What the HTTP client does with each kind of answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hub.core.answers import masked_path
from hub.core.auth import NoAuth, StaticToken
from hub.core.errors import (
    BudgetExhausted,
    ConfigError,
    HubError,
    NeedsReauth,
    OutcomeUnknown,
    RetryLater,
    SkipRecord,
    StopRun,
)
from hub.core.http import Http, HttpClient, Response
from hub.core.secrets import Redactor, Secret
from hub.testing.client import Waits, manual_clock, open_client
from hub.testing.scripted import ScriptedServer, scripted


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted() as found:
        yield found


@pytest.fixture
def waits() -> Waits:
    return Waits(manual_clock())


@pytest.fixture
def client(server: ScriptedServer, waits: Waits) -> Iterator[HttpClient]:
    with open_client(Http(server.url, NoAuth()), waits=waits) as found:
        yield found


@contextmanager
def declared(server: ScriptedServer, waits: Waits, **http: Any) -> Iterator[HttpClient]:
    with open_client(Http(server.url, NoAuth(), **http), waits=waits) as found:
        yield found


def test_an_answer_is_parsed_with_its_headers(server: ScriptedServer, client: HttpClient) -> None:
    """Status, JSON and headers, whatever the letter case of a header's name."""
    server.then(200, {"id": 7}, headers={"X-Rate": "9"})

    answer = client.get("/v1/things", params={"limit": 5, "after": None})

    assert (answer.status, answer.json, answer.headers["x-rate"]) == (200, {"id": 7}, "9")
    assert server.requests() == ["GET /v1/things?limit=5"]


def test_an_empty_answer_is_none(server: ScriptedServer, client: HttpClient) -> None:
    """204 and its like carry no JSON."""
    server.then(200, b"")

    assert client.delete("/v1/things/7").json is None


def test_requests_share_one_connection(server: ScriptedServer, client: HttpClient) -> None:
    """A listing of a hundred pages does not open a hundred connections."""
    for _ in range(5):
        client.get("/v1/things")

    assert len({seen.port for seen in server.seen}) == 1


def test_a_connection_dropped_by_the_server_is_replaced(
    server: ScriptedServer, client: HttpClient
) -> None:
    """A GET that met a closed connection is sent again on a new one."""
    server.then(drop=True).then(200, {"ok": True})

    assert client.get("/v1/things").json == {"ok": True}


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 524])
def test_a_get_is_sent_again_after_trouble(
    server: ScriptedServer, client: HttpClient, waits: Waits, status: int
) -> None:
    """Temporary trouble costs a wait, not a run, and progress hears why."""
    server.then(status, {"secret detail": 1}).then(200, [1])

    assert client.get("/v1/things").json == [1]
    assert waits.told[0][1] == f"under_test: GET /v1/things: answered {status}"


def test_waits_grow_and_end(server: ScriptedServer, client: HttpClient, waits: Waits) -> None:
    """Five sends at most, each wait longer than the one before, then RetryLater."""
    server.then(500)

    with pytest.raises(RetryLater):
        client.get("/v1/things")

    assert len(server.seen) == 5
    assert waits.seconds == sorted(waits.seconds)
    assert 0.5 <= waits.seconds[0] <= 1


@pytest.mark.parametrize(
    ("answer"),
    [
        {"status": 200, "body": b"<html>maintenance</html>"},
        {"status": 200, "body": {"results": [1, 2, 3]}, "cut": True},
        {"status": 200, "body": b'{"results": [1, 2'},
    ],
    ids=["not JSON", "cut in transit", "cut before it was sent"],
)
def test_a_broken_answer_is_never_taken_for_a_page(
    server: ScriptedServer, client: HttpClient, answer: dict[str, Any]
) -> None:
    """Half an answer under status 200 is trouble, not an empty listing."""
    server.then(**answer)

    with pytest.raises(RetryLater):
        client.get("/v1/things")


def test_a_receipt_need_not_be_json_where_nothing_is_read(
    server: ScriptedServer, waits: Waits
) -> None:
    """A receiver of alerts says "ok", and that is enough; its refusal is one all the same."""
    server.then(200, b"ok")
    server.then(422, b"no")
    with declared(server, waits, json_only=False) as client:
        assert client.post("/hook", json={}).json is None

        with pytest.raises(StopRun):
            client.post("/hook", json={})


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("trouble", [{"status": 500}, {"drop": True}], ids=["500", "dropped"])
def test_a_write_is_not_sent_twice_blindly(
    server: ScriptedServer, client: HttpClient, method: str, trouble: dict[str, Any]
) -> None:
    """A write whose answer got lost may have happened; only reading back tells."""
    server.then(**trouble).then(200)

    with pytest.raises(OutcomeUnknown, match="may have taken effect"):
        client.send(method, "/v1/things", json={"name": "x"})

    assert len(server.seen) == 1


def test_a_write_that_is_declared_idempotent_is_sent_again(
    server: ScriptedServer, client: HttpClient
) -> None:
    """An upsert by native id, or a search by POST, has no second effect."""
    server.then(503).then(200, {"ok": True})

    assert client.post("/v1/search", json={}, idempotent=True).json == {"ok": True}


def test_a_throttled_write_is_sent_again(
    server: ScriptedServer, client: HttpClient, waits: Waits
) -> None:
    """429 says that nothing happened, so even a POST may be repeated."""
    server.then(429, headers={"Retry-After": "3"}).then(200, {"ok": True})

    assert client.post("/v1/things", json={}).json == {"ok": True}
    assert 3 <= waits.seconds[0] < 3.2


def busy(response: Response) -> HubError | None:
    """A vendor's own word for being busy, whatever the status."""
    return RetryLater("busy") if response.json == {"error": "BUSY"} else None


@pytest.mark.parametrize(
    ("status", "body"),
    [(429, {}), (503, {}), (429, {"error": "BUSY"}), (200, {"error": "BUSY"})],
    ids=["429", "503", "translated 429", "translated 200"],
)
@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        (None, 0.5, 1),
        ("0", 0.5, 1),
        ("-3", 0.5, 1),
        ("20", 20, 20.2),
        ("1.5", 1.5, 1.7),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30, 30.2),
        ("Thursday, 01-Jan-26 00:00:30 GMT", 30, 30.2),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 0.5, 1),
        ("soon", 0.5, 1),
        ("", 0.5, 1),
    ],
    ids=[
        "absent", "zero", "negative", "seconds", "fraction", "date", "old form of date", "past",
        "nonsense", "empty",
    ],
)  # fmt: skip
def test_a_busy_system_is_waited_for_as_it_asks(
    server: ScriptedServer,
    waits: Waits,
    status: int,
    body: dict[str, str],
    value: str | None,
    least: float,
    most: float,
) -> None:
    """Each shape of Retry-After, whoever says busy; where it says nothing, backoff is polite."""
    server.then(status, body, headers={} if value is None else {"Retry-After": value})
    server.then(200, {"ok": True})

    with declared(server, waits, translate=busy) as client:
        answer = client.get("/v1/things")

    assert answer.json == {"ok": True}
    assert least <= sum(waits.seconds) <= most


def test_a_wait_beyond_patience_stops_for_today(
    server: ScriptedServer, client: HttpClient, waits: Waits
) -> None:
    """Nine hours of Retry-After are the day's budget: the run stops, resumable, at once."""
    server.then(429, headers={"Retry-After": "32400"})

    with pytest.raises(BudgetExhausted) as caught:
        client.get("/v1/things")

    assert caught.value.resets_in == 32400
    assert waits.told == []


@pytest.mark.parametrize(
    ("status", "expected", "told"),
    [
        (401, NeedsReauth, "credential is not valid"),
        (403, StopRun, "lacks a scope"),
        (404, StopRun, "refused with 404"),
        (302, StopRun, "redirects"),
    ],
)
def test_a_refusal_says_what_to_do(
    server: ScriptedServer,
    client: HttpClient,
    status: int,
    expected: type[HubError],
    told: str,
) -> None:
    """A refusal is not retried; its type tells the engine, its text the admin what to do."""
    server.then(status, headers={"Location": "http://127.0.0.1:1/elsewhere"})

    with pytest.raises(expected, match=told):
        client.get("/v1/things")

    assert len(server.seen) == 1


def test_accepted_statuses_are_returned(server: ScriptedServer, client: HttpClient) -> None:
    """A writer reads the vendor's per-record errors from a 400 itself."""
    server.then(400, {"errors": [{"index": 3}]})

    answer = client.post("/v1/batch", json={}, accept={400})

    assert answer.json == {"errors": [{"index": 3}]}


def translate(response: Response) -> HubError | None:
    """A vendor that throttles with 200 and calls a bad record by name."""
    match response.json:
        case {"error": "THROTTLED", "wait": seconds}:
            return RetryLater("throttled by cost", after=seconds)
        case {"error": "BAD_RECORD"}:
            return SkipRecord("the record is refused", reason="refused")
    return None


def test_the_connector_has_the_first_word_on_an_answer(
    server: ScriptedServer, waits: Waits
) -> None:
    """A failure that the vendor reports with 200 is the failure that the connector names."""
    server.then(200, {"error": "BAD_RECORD"})

    with (
        declared(server, waits, translate=translate) as client,
        pytest.raises(SkipRecord, match=r"^under_test: GET /v1/things: the record is refused$"),
    ):
        client.get("/v1/things")


def test_throttling_by_translation_is_waited_for(server: ScriptedServer, waits: Waits) -> None:
    """A translated RetryLater waits as long as the vendor's body asks."""
    server.then(200, {"error": "THROTTLED", "wait": 12}).then(200, {"ok": True})

    with declared(server, waits, translate=translate) as client:
        answer = client.post("/v1/graphql", json={})

    assert answer.json == {"ok": True}
    assert 12 <= sum(waits.seconds) < 13


def test_translation_cannot_make_a_write_repeat_after_a_server_error(
    server: ScriptedServer, waits: Waits
) -> None:
    """An author who calls every 500 RetryLater still gets no blind second POST."""
    server.then(500, {"error": "THROTTLED", "wait": 1}).then(200)

    with (
        declared(server, waits, translate=translate) as client,
        pytest.raises(OutcomeUnknown),
    ):
        client.post("/v1/things", json={})

    assert len(server.seen) == 1


def test_a_secret_never_shows_in_an_error(server: ScriptedServer, waits: Waits) -> None:
    """Not even when the connector's own translation repeats it."""
    token, redactor = Secret.of("tok-0123456789"), Redactor()

    def careless(response: Response) -> HubError | None:
        return StopRun("refused for tok-0123456789")

    http = Http(server.url, StaticToken(token), translate=careless)
    with (
        open_client(http, waits=waits, redactor=redactor) as client,
        pytest.raises(StopRun) as caught,
    ):
        client.get("/v1/things")

    assert "tok-0123456789" not in str(caught.value)
    assert server.seen[0].headers["authorization"] == "Bearer tok-0123456789"


@pytest.mark.parametrize(
    "path",
    ["/statuses/ada@example.org", "/statuses/ada%40example.org", "/phones/+61400000000?x=1"],
)
def test_personal_data_in_a_path_never_shows_in_an_error(path: str) -> None:
    """Vendors put e-mail addresses into paths; messages carry the rest of it."""
    assert masked_path(path).split("/")[-1] == "***"


def test_credentials_stay_with_their_origin(server: ScriptedServer, client: HttpClient) -> None:
    """A next-page link to another host would carry the token there."""
    with pytest.raises(StopRun, match="another host"):
        client.get("https://api.evil.example/v1/things")

    assert server.seen == []


def test_a_link_of_the_same_origin_is_followed(server: ScriptedServer, client: HttpClient) -> None:
    """Vendors hand out absolute links to their own next page."""
    client.get(f"{server.url}/v1/things?page=2")

    assert server.requests() == ["GET /v1/things?page=2"]


def test_plain_http_is_for_emulators_only(waits: Waits) -> None:
    """A token does not travel unencrypted."""
    with (
        pytest.raises(ConfigError, match="must start with https://"),
        open_client(Http("http://api.example.com", NoAuth()), waits=waits),
    ):
        pass


def test_nobody_there_is_retried_then_reported(waits: Waits) -> None:
    """A refused connection had no effect, so even a write may try again."""
    with scripted() as gone:
        url = gone.url
    with (
        open_client(Http(url, NoAuth(), attempts=3), waits=waits) as client,
        pytest.raises(RetryLater, match="no connection for POST /v1/things"),
    ):
        client.post("/v1/things", json={})

    assert len(waits.told) == 2
