"""Tokens are renewed in time, once, and a rotated one is never lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from hub.core.auth import (
    BasicAuth,
    ClientCredentials,
    JwtBearer,
    Legacy,
    OAuth,
    Refresh,
    StaticToken,
)
from hub.core.errors import ConfigError, NeedsReauth, RetryLater
from hub.core.http import Http
from hub.core.limits import Limits
from hub.core.secrets import Redactor, Secret
from hub.core.tokens import MemoryTokenStore, Tokens
from hub.emulation.oauth import App, TokenDesk
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


class Vault(MemoryTokenStore):
    """A token store that tells what was kept."""

    def __init__(self, held: Tokens | None = None) -> None:
        super().__init__()
        self.rotations: list[tuple[Tokens | None, Tokens]] = []
        if held is not None:
            super().rotate(REFRESH.name, None, held)

    def rotate(self, credential: str, old: Tokens | None, new: Tokens) -> Tokens:
        self.rotations.append((old, new))
        return super().rotate(credential, old, new)


def kept(refresh: str, access: str = "t-0000", *, life: float = 0) -> Tokens:
    """Tokens of an earlier run, to be renewed after ``life`` seconds."""
    return Tokens(access, manual_clock().now() + timedelta(seconds=life), refresh)


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


def test_threads_that_find_a_token_aged_renew_once(server: ScriptedServer, waits: Waits) -> None:
    """At four fifths of its life eight workers of one page ask at once."""
    server.then(200, token("t-1111", expires_in=100), at="/token")
    server.then(200, token("t-2222", expires_in=100), at="/token")
    ready = threading.Barrier(8)
    with open_client(Http(server.url, CLIENT, limits=Limits(parallel=8)), waits=waits) as client:
        client.get("/v1/things")
        waits.clock.sleep(90)

        def work() -> None:
            ready.wait(5)
            client.get("/v1/things")

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert server.requests().count("POST /token") == 2
    assert [seen for _, seen in asked(server)].count("Bearer t-2222") == 8


def test_a_rotated_refresh_token_is_stored_before_the_access_token_is_used(
    server: ScriptedServer, waits: Waits
) -> None:
    """If the process dies after the renewal, the next one has the token that still works."""
    vault = Vault()
    seen_at_rotation: list[int] = []
    rotate = vault.rotate

    def watched(credential: str, old: Tokens | None, new: Tokens) -> Tokens:
        seen_at_rotation.append(sum(seen.path != "/token" for seen in server.seen))
        return rotate(credential, old, new)

    vault.rotate = watched  # type: ignore[method-assign]
    server.then(200, token("t-1111", refresh_token="refresh-1"), at="/token")

    with open_client(Http(server.url, REFRESH), waits=waits, store=vault) as client:
        client.get("/v1/things")

    assert [(old, new.refresh) for old, new in vault.rotations] == [(None, "refresh-1")]
    assert seen_at_rotation == [0]


def test_the_newest_refresh_token_is_used(server: ScriptedServer, waits: Waits) -> None:
    """What hub.toml refers to is only the first of the chain."""
    server.then(200, token("t-1111"), at="/token")

    store = Vault(kept("refresh-9"))
    with open_client(Http(server.url, REFRESH), waits=waits, store=store) as client:
        client.get("/v1/things")

    assert form(server, 0)["refresh_token"] == "refresh-9"


def test_tokens_of_an_earlier_run_that_still_live_are_used(
    server: ScriptedServer, waits: Waits
) -> None:
    """A restart costs no renewal, and so no refresh token either."""
    store = Vault(kept("refresh-9", "t-9999", life=60))

    with open_client(Http(server.url, REFRESH), waits=waits, store=store) as client:
        client.get("/v1/things")

    assert asked(server) == [("/v1/things", "Bearer t-9999")]


def test_a_401_to_tokens_that_another_process_replaced_takes_the_new_ones(
    server: ScriptedServer, waits: Waits
) -> None:
    """Its renewal killed ours; a renewal of our own would kill its in turn, for ever."""
    store = Vault(kept("refresh-1", "t-1111", life=60))
    server.then(200).then(401).then(200)
    with open_client(Http(server.url, REFRESH), waits=waits, store=store) as client:
        client.get("/v1/things")
        store.rotate(REFRESH.name, None, kept("refresh-2", "t-2222", life=60))

        client.get("/v1/things")

    assert asked(server)[-1] == ("/v1/things", "Bearer t-2222")
    assert "POST /token" not in server.requests()


def test_a_refusal_after_another_process_took_over_is_no_loss(
    server: ScriptedServer, waits: Waits
) -> None:
    """Stopped past its turn, this process asked with a dead token; the living one is in store."""
    store = Vault(kept("refresh-1"))

    class Overtaken(Vault):
        def load(self, credential: str) -> Tokens | None:
            found = store.load(credential)
            store.rotate(credential, found, kept("refresh-2", "t-2222", life=60))
            return found

    server.then(400, {"error": "invalid_grant"}, at="/token")

    with open_client(Http(server.url, REFRESH), waits=waits, store=Overtaken()) as client:
        client.get("/v1/things")

    assert asked(server)[-1] == ("/v1/things", "Bearer t-2222")


def test_a_vendor_that_does_not_rotate_leaves_nothing_in_store(
    server: ScriptedServer, waits: Waits
) -> None:
    """What hub.toml refers to stays the only copy."""
    vault = Vault()
    server.then(200, token("t-1111", refresh_token="refresh-0"), at="/token")

    with open_client(Http(server.url, REFRESH), waits=waits, store=vault) as client:
        client.get("/v1/things")

    assert vault.rotations == []


def test_a_store_that_fails_keeps_the_token_from_being_used(
    server: ScriptedServer, waits: Waits
) -> None:
    """Using a rotated token that was not kept would lock the connection out tomorrow."""

    class Full(Vault):
        def rotate(self, credential: str, old: Tokens | None, new: Tokens) -> Tokens:
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


# --- signed assertions ---------------------------------------------------------------------------

RSA = rsa.generate_private_key(65537, 2048)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes = b"") -> Secret:
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    return Secret.of(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock).decode())


def bearer(key: Secret) -> JwtBearer:
    return JwtBearer("id-1", "ada", "https://login.example", key)


def test_an_assertion_buys_a_token(server: ScriptedServer, waits: Waits) -> None:
    """Issuer, user, audience and a life of three minutes, signed so that the vendor verifies it."""
    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    app = App("id-1", "", None, public.decode(), "ada", "https://login.example")
    desk = TokenDesk(waits.clock, app, life=None)
    server.then(200, token("t-1111"), at="/token")

    with open_client(Http(server.url, OAuth("/token", bearer(pem(RSA)))), waits=waits) as client:
        client.get("/v1/things")

    assert desk.grant(form(server, 0)).value
    assert asked(server)[-1] == ("/v1/things", "Bearer t-1111")


def test_each_renewal_signs_anew(server: ScriptedServer, waits: Waits) -> None:
    """An assertion lives three minutes; the next token needs another."""
    server.then(200, token("t-1111", expires_in=600), at="/token")
    server.then(200, token("t-2222", expires_in=600), at="/token")

    with open_client(Http(server.url, OAuth("/token", bearer(pem(RSA)))), waits=waits) as client:
        client.get("/v1/things")
        waits.clock.sleep(500)
        client.get("/v1/things")

    assert form(server, 0)["assertion"] != form(server, 1)["assertion"]


@pytest.mark.parametrize(
    "key",
    [
        Secret.of("no key at all"),
        pem(ec.generate_private_key(ec.SECP256R1())),
        pem(RSA, password=b"locked"),
    ],
    ids=["text", "elliptic", "locked"],
)
def test_a_key_that_cannot_sign_is_told(server: ScriptedServer, waits: Waits, key: Secret) -> None:
    """Before anything is sent, with the command that makes one."""
    with (
        open_client(Http(server.url, OAuth("/token", bearer(key))), waits=waits) as client,
        pytest.raises(ConfigError, match="openssl genrsa") as caught,
    ):
        client.get("/v1/things")

    assert caught.value.code == "HUB-214"
    assert server.seen == []


@pytest.mark.parametrize(
    ("grant", "remedy"),
    [
        (CLIENT.grant, "renew its secret"),
        (REFRESH.grant, "Authorise the hub there again"),
        (bearer(pem(RSA)), "certificate"),
    ],
    ids=["client", "refresh", "assertion"],
)
def test_a_refused_grant_names_its_own_next_step(
    server: ScriptedServer, waits: Waits, grant: Any, remedy: str
) -> None:
    """What to do in the system's settings differs by grant; how to try it does not."""
    server.then(400, {"error": "invalid_grant"}, at="/token")

    with (
        open_client(Http(server.url, OAuth("/token", grant)), waits=waits) as client,
        pytest.raises(NeedsReauth, match=rf"{remedy}.*hub check --connect under_test"),
    ):
        client.get("/v1/things")


# --- credentials with an end ---------------------------------------------------------------------

LEGACY = Legacy(StaticToken(Secret.of("abcdef")), date(2026, 4, 30), "Create an OAuth client.")


def test_a_legacy_credential_works_and_says_when_it_ends(
    server: ScriptedServer, waits: Waits
) -> None:
    """It travels as ever; the client has a notice for whoever starts it."""
    with open_client(Http(server.url, LEGACY), waits=waits) as client:
        client.get("/v1/things")
        notice = client.notice()

    assert asked(server) == [("/v1/things", "Bearer abcdef")]
    assert notice == (
        "this kind of credential stops working on 2026-04-30, in 119 days. Create an OAuth client."
    )


def test_a_credential_without_an_end_has_no_notice(server: ScriptedServer, waits: Waits) -> None:
    """Nothing is said where nothing is known."""
    with open_client(Http(server.url, CLIENT), waits=waits) as client:
        assert client.notice() is None


def test_a_refused_legacy_credential_names_its_end(server: ScriptedServer, waits: Waits) -> None:
    """After the last day the 401 comes with its most likely reason."""
    waits.clock.sleep(timedelta(days=365).total_seconds())
    server.then(401)

    with (
        open_client(Http(server.url, LEGACY), waits=waits) as client,
        pytest.raises(NeedsReauth, match=r"is no longer valid\. Create an OAuth client"),
    ):
        client.get("/v1/things")
