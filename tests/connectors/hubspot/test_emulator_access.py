"""Credentials, scopes, rate limits and the faults that HubSpot answers in its own shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from connectors.hubspot.emulator import PLANS, HubSpotEmulator, create
from connectors.hubspot.emulator.access import APP
from connectors.hubspot.emulator.limits import RatePlan
from hub.core.clock import ManualClock

if TYPE_CHECKING:
    import httpx

    from tests.connectors.hubspot.conftest import Wire

GRANT = {
    "grant_type": "refresh_token",
    "client_id": APP.client_id,
    "client_secret": APP.client_secret,
    "refresh_token": str(APP.refresh_token),
}


def token(wire: Wire, version: str = "2026-09", **changed: str) -> httpx.Response:
    return wire.send("POST", f"/oauth/{version}/token", data=GRANT | changed)


@pytest.mark.parametrize("version", ["2026-09", "v1"])
def test_a_refresh_token_buys_thirty_minutes(wire: Wire, clock: ManualClock, version: str) -> None:
    """The access token works until its time is over, then fails as expired."""
    bought = token(wire, version).json()
    clock.sleep(30 * 60 - 1)
    in_time = wire.get("~/contacts", token=bought["access_token"])
    clock.sleep(1)

    late = wire.get("~/contacts", token=bought["access_token"])

    assert bought["expires_in"] == 1800
    assert in_time.status_code == 200
    assert (late.status_code, late.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        pytest.param({"refresh_token": "stolen"}, "BAD_REFRESH_TOKEN", id="refresh-token"),
        pytest.param({"client_secret": "wrong"}, "BAD_CLIENT_SECRET", id="secret"),
        pytest.param({"client_id": "wrong"}, "BAD_CLIENT_ID", id="client"),
        pytest.param({"grant_type": "password"}, "BAD_GRANT_TYPE", id="grant-type"),
    ],
)
def test_a_wrong_grant_is_refused_by_name(wire: Wire, changed: dict[str, str], status: str) -> None:
    """The token endpoint says which part of the form is wrong."""
    answer = token(wire, **changed)

    assert (answer.status_code, answer.json()["status"]) == (400, status)


@pytest.mark.parametrize(
    ("granted", "method", "path", "missing"),
    [
        pytest.param(
            "crm.objects.contacts.read",
            "POST",
            "~/contacts",
            "crm.objects.contacts.write",
            id="write",
        ),
        pytest.param("oauth", "GET", "~/tickets", "tickets", id="tickets"),
        pytest.param(
            "crm.objects.contacts.read",
            "GET",
            "/crm/properties/2026-09/contacts",
            "crm.schemas.contacts.read",
            id="schema",
        ),
        pytest.param(
            "communication_preferences.read",
            "POST",
            "/communication-preferences/2026-09/statuses/a@b.com",
            "communication_preferences.read_write",
            id="consent",
        ),
    ],
)
def test_a_missing_scope_is_named(
    clock: ManualClock,
    open_wire: Callable[[HubSpotEmulator], Wire],
    granted: str,
    method: str,
    path: str,
    missing: str,
) -> None:
    """An admin learns from the error which scope to add."""
    wire = open_wire(create(clock=clock, scopes=[granted]))

    answer = wire.send(method, path, {"properties": {}})

    assert (answer.status_code, answer.json()["category"]) == (403, "MISSING_SCOPES")
    assert answer.json()["context"]["missingScopes"] == [missing]


def test_the_next_request_of_a_full_ten_seconds_is_refused(wire: Wire, clock: ManualClock) -> None:
    """190 requests in ten seconds pass, the next one waits; HubSpot does not say how long."""
    answers = [wire.get("~/contacts") for _ in range(191)]
    clock.sleep(10)

    later = wire.get("~/contacts")

    assert [answer.status_code for answer in answers[-2:]] == [200, 429]
    assert answers[-1].json()["policyName"] == "TEN_SECONDLY_ROLLING"
    assert answers[-1].json()["category"] == "RATE_LIMITS"
    assert "retry-after" not in answers[-1].headers
    assert later.status_code == 200


def test_rate_headers_count_down(wire: Wire) -> None:
    """A limiter can slow down before it is refused."""
    first, second = wire.get("~/contacts"), wire.get("~/contacts")

    remaining = [answer.headers["x-hubspot-ratelimit-remaining"] for answer in (first, second)]
    assert first.headers["x-hubspot-ratelimit-max"] == "190"
    assert first.headers["x-hubspot-ratelimit-interval-milliseconds"] == "10000"
    assert remaining == ["189", "188"]


def test_the_sixth_search_of_a_second_is_refused(wire: Wire, clock: ManualClock) -> None:
    """Search has a limit of its own, and its answers carry no rate headers."""
    answers = [wire.search() for _ in range(6)]
    clock.sleep(1)

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].json()["policyName"] == "SECONDLY"
    assert not any("ratelimit" in name for name in answers[0].headers)
    assert wire.search().status_code == 200


def test_a_spent_day_stays_spent_until_midnight(
    wire: Wire, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting ten seconds does not help against the daily limit."""
    monkeypatch.setattr(wire.emulator.account.limiter, "plan", RatePlan(burst=100, daily=2))
    wire.get("~/contacts")
    wire.get("~/contacts")
    clock.sleep(3600)

    refused = wire.get("~/contacts")
    clock.sleep(23 * 3600)

    assert refused.json()["policyName"] == "DAILY"
    assert wire.get("~/contacts").status_code == 200


def test_usage_of_the_day_can_be_asked_before_the_work(wire: Wire) -> None:
    """The pre-flight quota agrees with the plan."""
    wire.get("~/contacts")

    answer = wire.get("/account-info/2026-09/api-usage/daily/private-apps")

    (usage,) = answer.json()["results"]
    assert usage["usageLimit"] == PLANS["private_pro"].daily
    assert usage["currentUsage"] == 2
    assert usage["resetsAt"] == "2026-01-02T00:00:00.000Z"


@pytest.mark.parametrize("path", ["/crm/limits/2026-09/records", "/crm/v3/limits/records"])
def test_record_limits_count_each_kind(wire: Wire, path: str) -> None:
    """What is used and what is allowed, by object type."""
    wire.create(firstname="Ann")

    rows = wire.get(path).json()["byObjectType"]

    assert {row["objectTypeId"]: row["usage"] for row in rows}["0-1"] == 1


# --- faults in HubSpot's shape ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "header"),
    [
        pytest.param({"retry_after": "absent"}, None, id="absent"),
        pytest.param({"retry_after": "zero"}, "0", id="zero"),
        pytest.param({"retry_after": "seconds", "seconds": 12}, "12", id="seconds"),
        pytest.param(
            {"retry_after": "date", "seconds": 12}, "Thu, 01 Jan 2026 00:00:12 GMT", id="date"
        ),
    ],
)
def test_an_injected_429_has_every_form_of_retry_after(
    wire: Wire, form: dict[str, object], header: str | None
) -> None:
    """Absent, zero, seconds and HTTP date all occur in the wild."""
    wire.inject(kind="rate_limited", at=[1], policy="DAILY", **form)

    refused, passed = wire.get("~/contacts"), wire.get("~/contacts")

    assert (refused.status_code, refused.headers.get("retry-after")) == (429, header)
    assert refused.json()["policyName"] == "DAILY"
    assert passed.status_code == 200


@pytest.mark.parametrize(("status", "is_json"), [(500, True), (502, False), (503, False)])
def test_a_server_error_is_json_only_from_hubspot_itself(
    wire: Wire, status: int, is_json: bool
) -> None:
    """A proxy answers with a page; a client that insists on JSON breaks there."""
    wire.inject(kind="server_error", status=status)

    answer = wire.get("~/contacts")

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/json") == is_json


def test_a_token_that_expires_on_the_second_page_needs_a_refresh(wire: Wire) -> None:
    """The old token stays dead; a fresh one goes on where the page stopped."""
    old = token(wire).json()["access_token"]
    wire.inject(kind="expired_token", path="*/contacts", at=[2])

    statuses = [wire.get("~/contacts", token=old).status_code for _ in range(3)]
    fresh = token(wire).json()["access_token"]

    assert statuses == [200, 401, 401]
    assert wire.get("~/contacts", token=fresh).status_code == 200


def test_a_partial_failure_spoils_only_some_items(wire: Wire) -> None:
    """One of three items fails, the others have their effect."""
    ids = [wire.create(firstname=str(n)) for n in range(3)]
    wire.inject(kind="partial_failure", count=1)
    inputs = [{"id": i, "properties": {"city": "Perth"}} for i in ids]

    answer = wire.post("~/contacts/batch/update", {"inputs": inputs}).json()

    assert [result["id"] for result in answer["results"]] == ids[1:]
    assert answer["errors"][0]["context"]["ids"] == ids[:1]


def test_a_plateau_gives_many_records_one_time(wire: Wire, clock: ManualClock) -> None:
    """A bulk edit: a reader that pages by time alone never gets past it."""
    for n in range(3):
        wire.create(firstname=str(n))
        clock.sleep(60)
    wire.inject(kind="plateau", at=[1], count=3)

    rows = wire.get("~/contacts").json()["results"]

    assert len({row["updatedAt"] for row in rows}) == 1


def test_a_late_commit_changes_a_record_in_the_past(wire: Wire, clock: ManualClock) -> None:
    """The row appears now under a time that a saved cursor has already passed."""
    wire.create(firstname="Ann")
    clock.sleep(3600)
    wire.inject(kind="late_commit", at=[1], seconds=120)

    (row,) = wire.get("~/contacts?properties=hubspot_owner_id").json()["results"]

    assert row["properties"]["hubspot_owner_id"] is not None
    assert row["updatedAt"] == "2026-01-01T00:58:00.000Z"
    assert wire.emulator.effects.since()[-1].actor == "user"


@pytest.mark.parametrize(
    ("change", "field", "then"),
    [
        pytest.param("add", "shoe_size", ("string", False), id="add"),
        pytest.param("remove", "city", None, id="remove"),
        pytest.param("retype", "city", ("number", False), id="retype"),
    ],
)
def test_the_schema_drifts_during_a_sync(
    wire: Wire, change: str, field: str, then: tuple[str, bool] | None
) -> None:
    """A property appears, vanishes or changes its type between two pages."""
    wire.inject(kind="schema_drift", at=[1], change=change, field=field)

    wire.get("~/contacts")

    rows = wire.get("/crm/properties/2026-09/contacts").json()["results"]
    drifted = {row["name"]: (row["type"], row["archived"]) for row in rows}.get(field)
    assert drifted == then
