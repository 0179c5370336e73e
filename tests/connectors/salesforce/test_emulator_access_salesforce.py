"""Sessions, limits and trouble: tokens, the day's requests, errors that any request may meet."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from connectors.salesforce.connector import SALESFORCE
from connectors.salesforce.emulator import APP, PLANS, TOKEN
from connectors.salesforce.emulator.org import INTEGRATION_USER
from hub.emulation.oauth import JWT_BEARER

if TYPE_CHECKING:
    from tests.connectors.salesforce.conftest import Caller

CLIENT = {"client_id": APP.client_id, "client_secret": APP.client_secret}
CREDENTIALS = {"grant_type": "client_credentials", **CLIENT}
REFRESH = {"grant_type": "refresh_token", **CLIENT, "refresh_token": str(APP.refresh_token)}


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    """The app's key; its public half is registered with the org."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@pytest.fixture
def signed(new_caller: Callable[..., Caller], key: rsa.RSAPrivateKey) -> Caller:
    """An org whose app has a certificate."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    return new_caller(app=replace(APP, public_key=pem))


def assertion(key: rsa.RSAPrivateKey, caller: Caller, **changed: object) -> str:
    """A signed assertion of the integration user, with claims replaced."""
    now = int(caller.emulator.clock.now().timestamp())
    claims = {"iss": APP.client_id, "sub": APP.subject, "aud": APP.audience, "exp": now + 120}
    head, body = (_encoded(part) for part in ({"alg": "RS256"}, claims | changed))
    signature = key.sign(f"{head}.{body}".encode(), PKCS1v15(), SHA256())
    return f"{head}.{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def _encoded(part: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def test_the_versions_are_listed_to_anybody(new_caller: Callable[..., Caller]) -> None:
    """Without a token; the newest is the org's, not the world's."""
    answer = new_caller(newest_version=66).get("/services/data/", token="nobody")

    assert [row["version"] for row in answer.json()][-2:] == ["65.0", "66.0"]
    assert answer.json()[-1]["label"] == "Spring '26"


def test_an_older_org_does_not_answer_a_newer_version(new_caller: Callable[..., Caller]) -> None:
    """404, as for any path that is not there."""
    assert new_caller(newest_version=66).get("/limits").status_code == 404


def test_client_credentials_give_a_session(caller: Caller) -> None:
    """The answer says where and who, and not how long."""
    answer = caller.token(**CREDENTIALS).json()

    assert caller.get("/limits", token=answer["access_token"]).status_code == 200
    assert answer["instance_url"] == "http://acme.test"
    assert answer["id"].endswith(f"/{INTEGRATION_USER}")
    assert "expires_in" not in answer
    assert "refresh_token" not in answer


def test_a_session_ends(caller: Caller) -> None:
    """After two hours the token is refused like one that never was."""
    token = caller.token(**CREDENTIALS).json()["access_token"]
    caller.emulator.clock.sleep(timedelta(hours=2).total_seconds())

    answer = caller.get("/limits", token=token)

    assert (answer.status_code, answer.json()) == (
        401,
        [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}],
    )


def test_a_signed_assertion_gives_a_session(signed: Caller, key: rsa.RSAPrivateKey) -> None:
    """RS256 by the key that the org knows."""
    answer = signed.token(grant_type=JWT_BEARER, assertion=assertion(key, signed))

    assert signed.get("/limits", token=answer.json()["access_token"]).status_code == 200


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"iss": "somebody"}, "invalid_client"),
        ({"sub": "eve@acme.example"}, "invalid_grant"),
        ({"aud": "https://test.salesforce.com"}, "invalid_grant"),
        ({"exp": 0}, "invalid_grant"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_wrong_assertion_is_refused(
    signed: Caller, key: rsa.RSAPrivateKey, claims: dict[str, object], error: str
) -> None:
    """Each claim is looked at."""
    answer = signed.token(grant_type=JWT_BEARER, assertion=assertion(key, signed, **claims))

    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_foreign_signature_is_refused(signed: Caller) -> None:
    """Another key signs as well as none."""
    stranger = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)

    answer = signed.token(grant_type=JWT_BEARER, assertion=assertion(stranger, signed))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        (CREDENTIALS | {"client_secret": "wrong"}, "invalid_client"),
        (REFRESH | {"refresh_token": "wrong"}, "invalid_grant"),
        (CLIENT | {"grant_type": "password"}, "unsupported_grant_type"),
        (CLIENT, "unsupported_grant_type"),
    ],
    ids=["secret", "refresh-token", "password", "none"],
)
def test_a_wrong_grant_is_refused(caller: Caller, form: dict[str, str], error: str) -> None:
    """User name and password are no way in any more."""
    answer = caller.token(**form)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize("basic", [f"{APP.client_id}:{APP.client_secret}", None])
def test_a_client_may_name_itself_in_a_header(caller: Caller, basic: str | None) -> None:
    """Basic authentication of the token endpoint; nonsense there is no client."""
    encoded = base64.b64encode(basic.encode()).decode() if basic else "%%%"
    headers = {"authorization": f"Basic {encoded}"}

    answer = caller.send(
        "POST",
        "/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        headers=headers,
    )

    assert answer.status_code == (200 if basic else 400)


def test_a_rotating_refresh_token_works_once(new_caller: Callable[..., Caller]) -> None:
    """Whoever loses the new one is locked out; the previous session is over."""
    caller = new_caller(rotates=True)
    first = caller.token(**REFRESH).json()
    second = caller.token(**REFRESH | {"refresh_token": first["refresh_token"]}).json()

    again = caller.token(**REFRESH)

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert caller.get("/limits", token=first["access_token"]).status_code == 401
    assert caller.get("/limits", token=second["access_token"]).status_code == 200


def test_a_refresh_token_that_does_not_rotate_stays_good(caller: Caller) -> None:
    """The default of an org."""
    tokens = {caller.token(**REFRESH).json()["access_token"] for _ in range(2)}

    assert len(tokens) == 2


def test_the_connection_learns_who_it_is(caller: Caller) -> None:
    """From the list of resources and with the token, alike."""
    identity = caller.get("/").json()["identity"]

    assert identity == caller.token(**CREDENTIALS).json()["id"]
    assert identity.rpartition("/")[2] == INTEGRATION_USER


@pytest.mark.parametrize(("plan", "most"), [("developer", 15_000), ("enterprise", 125_000)])
def test_the_day_has_as_many_requests_as_the_plan(
    new_caller: Callable[..., Caller], plan: str, most: int
) -> None:
    """/limits and the header of every answer agree."""
    caller = new_caller(plan=plan)

    answer = caller.get("/limits")

    assert answer.json()["DailyApiRequests"] == {"Max": most, "Remaining": most - 1}
    assert answer.headers["sforce-limit-info"] == f"api-usage=1/{most}"


def test_the_connector_offers_every_plan() -> None:
    """``hub emulate salesforce --plan`` takes those that the emulator has, and no others."""
    assert set(SALESFORCE.plans) == set(PLANS)


def test_a_used_up_day_refuses_until_it_rolls_on(caller: Caller) -> None:
    """403 without effect; a day after the first request there is room for one."""
    org = caller.emulator.org
    org.requests.limit = 2
    caller.get("/limits")
    org.clock.sleep(3_600)
    caller.get("/limits")

    refused = caller.post("/sobjects/Contact", {"LastName": "A"})

    org.clock.sleep(23 * 3_600)
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert refused.headers["sforce-limit-info"] == "api-usage=2/2"
    assert len(caller.emulator.effects) == 0
    assert caller.get("/limits").status_code == 200


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"retry_after": "absent"}, None),
        ({"retry_after": "zero"}, "0"),
        ({"retry_after": "seconds", "seconds": 7}, "7"),
        ({"retry_after": "date", "seconds": 7}, "Thu, 01 Jan 2026 00:00:07 GMT"),
    ],
    ids=lambda value: value.get("retry_after") if isinstance(value, dict) else None,
)
def test_a_limit_is_told_in_every_form(
    caller: Caller, form: dict[str, object], expected: str | None
) -> None:
    """With Retry-After in any shape, or without one."""
    caller.inject(kind="rate_limited", policy="ConcurrentRequests", at=[1], **form)

    answer = caller.get("/limits")

    assert answer.status_code == 403
    assert answer.json()[0]["message"].startswith("ConcurrentRequests")
    assert answer.headers.get("retry-after") == expected


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"kind": "server_error"}, 500, "UNKNOWN_EXCEPTION"),
        ({"kind": "server_error", "status": 503}, 503, "SERVER_UNAVAILABLE"),
        ({"kind": "server_error", "policy": "QUERY_TIMEOUT"}, 400, "QUERY_TIMEOUT"),
        ({"kind": "expired_token"}, 401, "INVALID_SESSION_ID"),
    ],
    ids=["500", "503", "query-timeout", "expired"],
)
def test_staged_trouble_has_salesforces_shape(
    caller: Caller, fault: dict[str, object], status: int, code: str
) -> None:
    """And passes: the next request goes through."""
    caller.inject(times=1, **fault)

    answer = caller.post("/sobjects/Contact", {"LastName": "A"})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)
    assert len(caller.emulator.effects) == 0
    assert caller.get("/limits").status_code == 200


def test_a_gateway_answers_in_html(caller: Caller) -> None:
    """502 does not come from Salesforce itself."""
    caller.inject(kind="server_error", status=502, times=1)

    answer = caller.get("/limits")

    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")


def test_a_session_that_is_ended_stays_ended(caller: Caller) -> None:
    """A token that the fault expired is dead; only the made-up static one fails just once."""
    token = caller.token(**CREDENTIALS).json()["access_token"]
    caller.inject(kind="expired_token", path="*/limits", times=1)

    answers = [caller.get("/limits", token=each).status_code for each in (token, token, TOKEN)]

    assert answers == [401, 401, 200]
