"""Who may call, how often, and what goes wrong on the way: tokens, roles, limits, faults."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from connectors.zendesk.emulator import PLANS, ZendeskEmulator, create
from connectors.zendesk.emulator.access import API_TOKEN, API_USER, APP
from hub.core.clock import ManualClock

if TYPE_CHECKING:
    from tests.connectors.zendesk.conftest import Wire

Connect = Callable[[ZendeskEmulator], "Wire"]


def basic(user: str = f"{API_USER}/token", password: str = API_TOKEN) -> dict[str, str]:
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"authorization": f"Basic {pair}"}


# --- tokens ----------------------------------------------------------------------------------


def test_a_client_gets_a_token_that_dies(wire: Wire, clock: ManualClock) -> None:
    """Half an hour unless the request says otherwise; Zendesk does not say that it expired."""
    granted = wire.grant().json()
    before = wire.get("/users/me", token=granted["access_token"])
    clock.sleep(granted["expires_in"])
    after = wire.get("/users", token=granted["access_token"])

    assert (granted["token_type"], granted["scope"], granted["expires_in"]) == (
        "bearer",
        "read write",
        1800,
    )
    assert "refresh_token" not in granted
    assert before.json()["user"]["role"] == "admin"
    assert (after.status_code, after.json()["error"]) == (401, "invalid_token")


def test_a_refresh_deletes_both_previous_tokens(wire: Wire) -> None:
    """The old access token is refused, and so is a second use of the old refresh token."""
    first = wire.grant("refresh_token", refresh_token=APP.refresh_token).json()
    second = wire.grant("refresh_token", refresh_token=first["refresh_token"]).json()
    again = wire.grant("refresh_token", refresh_token=first["refresh_token"])

    statuses = [wire.get("/users", token=t["access_token"]).status_code for t in (first, second)]

    assert statuses == [401, 200]
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_the_client_chooses_both_lives(wire: Wire, clock: ManualClock) -> None:
    """A refresh token that has outlived its time is worth nothing."""
    week = 7 * 86_400
    granted = wire.grant(
        "refresh_token",
        refresh_token=APP.refresh_token,
        expires_in=300,
        refresh_token_expires_in=week,
    ).json()
    clock.sleep(week)

    late = wire.grant("refresh_token", refresh_token=granted["refresh_token"])

    assert (granted["expires_in"], granted["refresh_token_expires_in"]) == (300, week)
    assert (late.status_code, late.json()["error"]) == (400, "invalid_grant")


def test_the_token_endpoint_takes_a_form_too(wire: Wire) -> None:
    """RFC 6749 asks for a form; Zendesk's own pages show JSON."""
    form = {
        "grant_type": "client_credentials",
        "client_id": APP.client_id,
        "client_secret": APP.client_secret,
    }

    assert wire.raw("POST", "/oauth/tokens", data=form).status_code == 200


def test_api_tokens_work_until_they_are_deactivated(clock: ManualClock, open_wire: Connect) -> None:
    """The same token is let in by one account and refused by the other."""
    accounts = [create(clock=clock, api_tokens=active) for active in (True, False)]

    answers = [open_wire(account).get("/users", headers=basic()) for account in accounts]

    assert [answer.status_code for answer in answers] == [200, 401]
    assert answers[1].json() == {"error": "Couldn't authenticate you"}


def test_a_visitor_is_somebody_without_an_id(wire: Wire) -> None:
    """`users/me` answers 200 without any credential: no proof that one works."""
    answer = wire.raw("GET", "/api/v2/users/me.json")

    assert answer.status_code == 200
    assert (answer.json()["user"]["name"], answer.json()["user"]["id"]) == ("Anonymous user", None)


# --- roles and scopes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        pytest.param("admin", {"list", "export", "define"}, id="admin"),
        pytest.param("agent", {"list"}, id="agent"),
        pytest.param("end-user", set(), id="end-user"),
    ],
)
def test_roles_open_endpoints(
    clock: ManualClock, open_wire: Connect, role: str, allowed: set[str]
) -> None:
    """Exports and definitions are for admins, lists for the staff."""
    wire = open_wire(create(clock=clock, role=role))
    field = {"user_field": {"key": "tier", "title": "Tier", "type": "text"}}

    answers = {
        "list": wire.get("/users"),
        "export": wire.get("/incremental/users/cursor?start_time=0"),
        "define": wire.post("/user_fields", field),
    }

    assert {name for name, answer in answers.items() if answer.is_success} == allowed
    refused = [a for name, a in answers.items() if name not in allowed]
    assert all(a.status_code == 403 and a.json()["error"]["title"] == "Forbidden" for a in refused)


def test_a_token_to_read_cannot_write(clock: ManualClock, open_wire: Connect) -> None:
    """The scope is what counts, whatever the role."""
    wire = open_wire(create(clock=clock, scopes=["read"]))

    answer = wire.post("/users", {"user": {"name": "Ann"}})

    assert (wire.get("/users").status_code, answer.status_code) == (200, 403)
    assert len(wire.emulator.effects) == 0


# --- limits ----------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", ["team", "growth", "professional", "enterprise", "high_volume"])
def test_answers_tell_the_plans_limit(clock: ManualClock, open_wire: Connect, plan: str) -> None:
    """Both header families count down together."""
    wire = open_wire(create(clock=clock, plan=plan))

    headers = [wire.get("/users/me").headers for _ in range(2)][1]

    limit = PLANS[plan].per_minute
    assert [headers[name] for name in ("X-Rate-Limit", "ratelimit-limit")] == [str(limit)] * 2
    left = [headers[name] for name in ("X-Rate-Limit-Remaining", "ratelimit-remaining")]
    assert left == [str(limit - 2)] * 2
    assert headers["ratelimit-reset"] == "60"


def test_over_the_plan_is_refused_until_the_minute_is_over(wire: Wire, clock: ManualClock) -> None:
    """429 says how long; a refused request is not counted."""
    for _ in range(400):
        wire.get("/users/me")

    refused = wire.get("/users/me")
    clock.sleep(int(refused.headers["retry-after"]))

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert refused.json()["error"] == "APIRateLimitExceeded"
    assert wire.get("/users/me").status_code == 200


@pytest.mark.parametrize(
    ("path", "name", "total"),
    [
        ("/incremental/organizations?start_time=0", "incremental-exports", 10),
        ("/incremental/users/cursor?start_time=0", "incremental-exports-cursor", 20),
    ],
)
def test_exports_have_limits_of_their_own(wire: Wire, path: str, name: str, total: int) -> None:
    """The endpoint's header counts, and its limit strikes long before the account's."""
    first = wire.get(path)
    rest = [wire.get(path) for _ in range(total)]

    gauge = first.headers[f"zendesk-ratelimit-{name}"]
    assert gauge == f"total={total}; remaining={total - 1}; resets=60"
    assert [answer.status_code for answer in rest[-2:]] == [200, 429]
    assert rest[-1].headers[f"zendesk-ratelimit-{name}"].startswith(f"total={total}; remaining=0")


def test_one_user_may_be_written_five_times_a_minute(wire: Wire) -> None:
    """The sixth update of one profile is refused; another profile is not concerned."""
    first, other = wire.add_user(external_id="a"), wire.add_user("Bob", external_id="b")

    statuses = [
        wire.put(f"/users/{first}", {"user": {"notes": str(n)}}).status_code for n in range(6)
    ]
    answer = wire.put(f"/users/{other}", {"user": {"notes": "x"}})

    assert statuses == [200] * 5 + [429]
    assert answer.headers["zendesk-ratelimit-create-update-user"].startswith("total=5; remaining=4")


# --- faults ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "header"),
    [
        ("absent", None),
        ("zero", "0"),
        ("seconds", "20"),
        ("date", "Thu, 01 Jan 2026 00:00:20 GMT"),
    ],
)
def test_a_429_comes_in_every_form(wire: Wire, form: str, header: str | None) -> None:
    """The wait is named as the scenario says, or not at all."""
    wire.inject(kind="rate_limited", at=[1], retry_after=form, seconds=20)

    answer = wire.get("/users")

    assert (answer.status_code, answer.headers.get("retry-after")) == (429, header)


def test_the_edge_words_its_429_its_own_way(wire: Wire) -> None:
    """A second body for the same status, from before Zendesk itself."""
    wire.inject(kind="rate_limited", at=[1], policy="edge")

    assert wire.get("/users").json() == {
        "detail": "Rate limited by Zendesk edge protection",
        "status": "429",
    }


@pytest.mark.parametrize(("status", "is_json"), [(500, True), (503, False)])
def test_a_server_error_may_be_a_page(wire: Wire, status: int, is_json: bool) -> None:
    """500 is the application's, 503 the proxy's; neither changes anything."""
    wire.inject(kind="server_error", at=[1], status=status)

    answer = wire.post("/users", {"user": {"name": "Ann"}})

    assert answer.status_code == status
    assert ("json" in answer.headers["content-type"]) is is_json
    assert len(wire.emulator.effects) == 0


def test_two_requests_for_one_record_are_a_conflict(wire: Wire) -> None:
    """409, and nothing changes."""
    key = wire.add_user()
    before = len(wire.emulator.effects)
    wire.inject(kind="server_error", at=[1], status=409)

    answer = wire.put(f"/users/{key}", {"user": {"notes": "x"}})

    assert (answer.status_code, len(wire.emulator.effects)) == (409, before)


@pytest.mark.parametrize(("role", "status"), [("end-user", 200), ("agent", 403), ("admin", 403)])
def test_an_agent_changes_end_users_only(wire: Wire, role: str, status: int) -> None:
    """Staff is changed by admins; in a job it is the record that fails."""
    key = wire.add_user(role=role)
    wire.emulator.account.access.role = "agent"

    alone = wire.put(f"/users/{key}", {"user": {"notes": "x"}})
    job = wire.finished(wire.put("/users/update_many", {"users": [{"id": key, "notes": "y"}]}))

    assert alone.status_code == status
    assert job["results"][0]["success"] is (status == 200)


def test_a_token_can_expire_in_the_middle(wire: Wire) -> None:
    """It stays dead; a new one works."""
    wire.inject(kind="expired_token", at=[2])

    statuses = [wire.get("/users").status_code for _ in range(3)]

    token = wire.grant().json()["access_token"]
    assert statuses == [200, 401, 401]
    assert wire.get("/users", token=token).status_code == 200


def test_an_access_token_may_be_short_lived_by_default(
    clock: ManualClock, open_wire: Connect
) -> None:
    """The account's own default counts where the request names none."""
    wire = open_wire(create(clock=clock, token_life=timedelta(minutes=10)))

    assert wire.grant().json()["expires_in"] == 600
