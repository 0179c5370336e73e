"""Tokens are renewed in time, once, and a rotated one is never lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from hub.core.auth import BasicAuth, ClientCredentials, OAuth, Refresh, StaticToken
from hub.core.errors import NeedsReauth, RetryLater
from hub.core.http import Http
from hub.core.limits import Limits
from hub.core.secrets import Redactor, Secret
from hub.testing.client import Waits, manual_clock, open_client
from hub.testing.scripted import ScriptedServer, scripted

CLIENT = OAuth("/token", ClientCredentials("id-1", Secret.of("client-secret"), scope="read"))
REFRESH = OAuth("/token", Refresh("id-1", Secret.of("client-secret"), Secret.of("refresh-0")))


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted() as found:
        yield found


@pytest.fixture
def waits() -> Waits:
    return Waits(manual_clock())


def token(value: str, **more: Any) -> dict[str, Any]:
    return {"access_token": value, **more}


def asked(server: ScriptedServer) -> list[tuple[str, str]]:
    """Path and credential of each request."""
    return [(seen.path, seen.headers.get("authorization", "")) for seen in server.seen]


def form(server: ScriptedServer, index: int) -> dict[str, str]:
    """Form fields of the n-th request to the token endpoint."""
    bodies = [seen.body.decode() for seen in server.seen if seen.path == "/token"]
    return {name: values[0] for name, values in parse_qs(bodies[index]).items()}


class Vault:
    """A token store that tells in which order things happened."""

    def __init__(self, held: str | None = None) -> None:
        self.held = held
        self.rotations: list[tuple[str | None, str]] = []

    def load(self, credential: str) -> str | None:
        return self.held

    def rotate(self, credential: str, old: str | None, new: str) -> None:
        self.rotations.append((old, new))
        self.held = new


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        (StaticToken(Secret.of("abcdef")), "authorization", "Bearer abcdef"),
        (StaticToken(Secret.of("abcdef"), "X-Api-Key", ""), "x-api-key", "abcdef"),
        (BasicAuth("ada", Secret.of("pass")), "authorization", "Basic YWRhOnBhc3M="),
    ],
    ids=["bearer", "custom header", "basic"],
)
def test_a_static_credential_travels_in_its_header(
    server: ScriptedServer, waits: Waits, auth: Any, header: str, value: str
) -> None:
    """Bearer, a vendor's own header, user and password."""
    with open_client(Http(server.url, auth), waits=waits) as client:
        client.get("/v1/things")

    assert server.seen[0].headers[header] == value


def test_client_credentials_fetch_a_token_first(server: ScriptedServer, waits: Waits) -> None:
    """The grant's form goes to the token endpoint, the token to the interface."""
    server.then(200, token("t-1111", expires_in=1800), at="/token")

    with open_client(Http(server.url, CLIENT), waits=waits) as client:
        client.get("/v1/things")
        client.get("/v1/things")

    assert asked(server) == [("/token", "")] + [("/v1/things", "Bearer t-1111")] * 2
    assert form(server, 0) == {
        "grant_type": "client_credentials",
        "client_id": "id-1",
        "client_secret": "client-secret",
        "scope": "read",
    }


@pytest.mark.parametrize(("age", "renewed"), [(79, False), (80, True)])
def test_a_token_is_renewed_at_four_fifths_of_its_life(
    server: ScriptedServer, waits: Waits, age: float, renewed: bool
) -> None:
    """Before it can expire in the middle of a listing, not after."""
    server.then(200, token("t-1111", expires_in=100), at="/token")
    server.then(200, token("t-2222", expires_in=100), at="/token")

    with open_client(Http(server.url, CLIENT), waits=waits) as client:
        client.get("/v1/things")
        waits.clock.sleep(age)
        client.get("/v1/things")

    assert (asked(server)[-1][1] == "Bearer t-2222") == renewed


def test_a_401_renews_once_and_goes_on(server: ScriptedServer, waits: Waits) -> None:
    """A token revoked early costs one renewal; even a POST goes on, since 401 did nothing."""
    server.then(200, token("t-1111"), at="/token").then(200, token("t-2222"), at="/token")
    server.then(401).then(200, {"ok": True})

    with open_client(Http(server.url, CLIENT), waits=waits) as client:
        answer = client.post("/v1/things", json={})

    assert answer.json == {"ok": True}
    assert [path for path, _ in asked(server)] == ["/token", "/v1/things"] * 2


def test_a_second_401_needs_a_person(server: ScriptedServer, waits: Waits) -> None:
    """No loop of renewals: the second refusal is final."""
    server.then(200, token("t-1111"), at="/token")
    server.then(401)

    with (
        open_client(Http(server.url, CLIENT), waits=waits) as client,
        pytest.raises(NeedsReauth),
    ):
        client.get("/v1/things")

    assert [path for path, _ in asked(server)] == ["/token", "/v1/things"] * 2


def test_threads_that_meet_one_401_renew_once(server: ScriptedServer, waits: Waits) -> None:
    """Each further renewal would revoke the token that the others just got."""
    server.then(200, token("t-1111"), at="/token").then(200, token("t-2222"), at="/token")
    refused = threading.Barrier(4)
    with open_client(Http(server.url, CLIENT, limits=Limits(parallel=4)), waits=waits) as client:
        tokens = client._tokens
        stale = tokens.headers()

        def meet_401() -> None:
            refused.wait()
            tokens.renew(stale)

        threads = [threading.Thread(target=meet_401) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert server.requests() == ["POST /token"] * 2


def test_a_rotated_refresh_token_is_stored_before_the_access_token_is_used(
    server: ScriptedServer, waits: Waits
) -> None:
    """If the process dies after the renewal, the next one has the token that still works."""
    vault = Vault()
    seen_at_rotation: list[int] = []
    rotate = vault.rotate

    def watched(credential: str, old: str | None, new: str) -> None:
        seen_at_rotation.append(sum(seen.path != "/token" for seen in server.seen))
        rotate(credential, old, new)

    vault.rotate = watched  # type: ignore[method-assign]
    server.then(200, token("t-1111", refresh_token="refresh-1"), at="/token")

    with open_client(Http(server.url, REFRESH), waits=waits, store=vault) as client:
        client.get("/v1/things")

    assert vault.rotations == [(None, "refresh-1")]
    assert seen_at_rotation == [0]


def test_the_newest_refresh_token_is_used(server: ScriptedServer, waits: Waits) -> None:
    """What hub.toml refers to is only the first of the chain."""
    server.then(200, token("t-1111"), at="/token")

    with open_client(Http(server.url, REFRESH), waits=waits, store=Vault("refresh-9")) as client:
        client.get("/v1/things")

    assert form(server, 0)["refresh_token"] == "refresh-9"


def test_a_store_that_fails_keeps_the_token_from_being_used(
    server: ScriptedServer, waits: Waits
) -> None:
    """Using a rotated token that was not kept would lock the connection out tomorrow."""

    class Full(Vault):
        def rotate(self, credential: str, old: str | None, new: str) -> None:
            raise OSError("disk full")

    server.then(200, token("t-1111", refresh_token="refresh-1"), at="/token")

    with (
        open_client(Http(server.url, REFRESH), waits=waits, store=Full()) as client,
        pytest.raises(OSError, match="disk full"),
    ):
        client.get("/v1/things")

    assert server.requests() == ["POST /token"]


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (400, {"error": "invalid_grant", "error_description": "token of ada@x.org"}, "grant"),
        (401, {"error": "Token for ada@x.org!"}, "no token"),
        (200, {"token": "under another name"}, "no token"),
        (200, b"<html>", "no token"),
    ],
    ids=["grant refused", "free text", "no access token", "no JSON"],
)
def test_a_refused_grant_needs_a_person(
    server: ScriptedServer, waits: Waits, status: int, body: Any, told: str
) -> None:
    """The message names the standard error code and nothing of the vendor's free text."""
    server.then(status, body, at="/token")

    with (
        open_client(Http(server.url, CLIENT), waits=waits) as client,
        pytest.raises(NeedsReauth, match=told) as caught,
    ):
        client.get("/v1/things")

    assert "ada@x.org" not in str(caught.value)


def test_a_token_endpoint_in_trouble_is_tried_again(server: ScriptedServer, waits: Waits) -> None:
    """A 503 while renewing is a wait, not a lost credential."""
    server.then(503, at="/token").then(200, token("t-1111"), at="/token")

    with open_client(Http(server.url, CLIENT), waits=waits) as client:
        client.get("/v1/things")

    assert waits.told[0][1] == "under_test: the token endpoint answered 503"


def test_a_token_endpoint_that_stays_away_is_reported(server: ScriptedServer, waits: Waits) -> None:
    """Out of reach is not the same as refused."""
    server.then(drop=True, at="/token")

    with (
        open_client(Http(server.url, CLIENT, attempts=2), waits=waits) as client,
        pytest.raises(RetryLater, match="out of reach"),
    ):
        client.get("/v1/things")


def test_issued_tokens_are_redacted(server: ScriptedServer, waits: Waits) -> None:
    """Also the tokens that no setting ever held."""
    redactor = Redactor()
    server.then(200, token("access-abc", refresh_token="refresh-abc"), at="/token")

    with open_client(Http(server.url, REFRESH), waits=waits, redactor=redactor) as client:
        client.get("/v1/things")

    assert redactor.redact("access-abc refresh-abc refresh-0 client-secret") == "*** *** *** ***"
