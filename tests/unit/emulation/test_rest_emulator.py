"""The emulator of a plain REST vendor refuses, pages, forgets and logs as one would."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.core.auth import ClientCredentials, OAuth, StaticToken
from hub.core.clock import ManualClock
from hub.core.errors import NeedsReauth
from hub.core.http import Http, HttpClient
from hub.core.secrets import Secret
from hub.emulation.faults import Fault, Scenario
from hub.emulation.oauth import TokenRefused
from hub.emulation.rest import TOKEN, Resource, RestEmulator
from hub.emulation.server import serve
from hub.emulation.world import World
from hub.testing.client import Waits, open_client

START = datetime(2026, 1, 1, tzinfo=UTC)


def things(world: World) -> Iterator[dict[str, Any]]:
    for n in range(7):
        at = START - timedelta(hours=n // 2)  # pairs share a time of change
        yield {"id": f"t{n}", "name": f"thing {n}", "updated_at": at.isoformat()}


@pytest.fixture
def emulator() -> RestEmulator:
    made = RestEmulator("acme", ManualClock(START), [Resource("things", things)], page_size=3)
    made.seed(World.build(1, people=5, days=5))
    return made


@pytest.fixture
def wire(emulator: RestEmulator) -> Iterator[HttpClient]:
    with serve(emulator) as url, open_client(Http(url, StaticToken(Secret.of(TOKEN)))) as client:
        yield client


def listing(wire: HttpClient, **params: Any) -> list[str]:
    """Ids of every page."""
    found: list[str] = []
    while True:
        page = wire.get("/v1/things", params=params).json
        found += [row["id"] for row in page["data"]]
        if page["next_cursor"] is None:
            return found
        params["cursor"] = page["next_cursor"]


def test_pages_come_in_order_of_change_and_lose_nothing(wire: HttpClient) -> None:
    """Records of one instant stand in order of id, across the edges of pages."""
    assert listing(wire) == ["t6", "t4", "t5", "t2", "t3", "t0", "t1"]


def test_the_lower_bound_is_inclusive(wire: HttpClient) -> None:
    """A record changed at the very instant of the bound is in."""
    since = (START - timedelta(hours=1)).isoformat()

    assert listing(wire, updated_since=since) == ["t2", "t3", "t0", "t1"]


def test_a_deleted_record_stays_as_a_tombstone(emulator: RestEmulator, wire: HttpClient) -> None:
    """It moves to the end of the listing and is no longer live."""
    emulator.clock.sleep(60)
    emulator.mutate({"op": "archive", "object": "things", "id": "t3"})

    assert listing(wire)[-1] == "t3"
    assert "t3" not in emulator.live_ids("things")


def test_only_real_changes_are_effects(emulator: RestEmulator, wire: HttpClient) -> None:
    """The same value again changes nothing, and unknown fields and records are refused alone."""
    updates = [
        {"id": "t0", "values": {"name": "new"}},
        {"id": "t1", "values": {"name": "thing 1"}},
        {"id": "t2", "values": {"colour": "red"}},
        {"id": "t9", "values": {"name": "ghost"}},
    ]

    answer = wire.patch("/v1/things", json={"updates": updates}).json["results"]

    assert [row["ok"] for row in answer] == [True, True, False, False]
    assert [(e.id, e.fields) for e in emulator.effects.since()] == [("t0", ("name",))]


def test_a_field_is_created_once(emulator: RestEmulator, wire: HttpClient) -> None:
    """A second time is refused with 409; then values of it are taken."""
    field = {"name": "colour", "type": "text"}

    first = wire.post("/v1/things/fields", json=field)
    second = wire.post("/v1/things/fields", json=field, accept={409})
    update = {"updates": [{"id": "t2", "values": {"colour": "red"}}]}

    assert (first.status, second.status) == (201, 409)
    assert wire.patch("/v1/things", json=update).json["results"] == [{"id": "t2", "ok": True}]


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v1/ghosts", 404), ("/v1/things?cursor=nonsense", 400)],
)
def test_wrong_requests_are_refused(wire: HttpClient, path: str, status: int) -> None:
    """An unknown resource and an invented cursor."""
    assert wire.get(path, accept={400, 404}).status == status


def test_a_batch_beyond_the_limit_is_refused_whole(
    emulator: RestEmulator, wire: HttpClient
) -> None:
    """Vendors do not take the first fifty of fifty-one."""
    updates = [{"id": f"t{n}", "values": {"name": "x"}} for n in range(51)]

    answer = wire.patch("/v1/things", json={"updates": updates}, accept={400})

    assert answer.status == 400
    assert emulator.effects.since() == ()


def test_a_wrong_token_is_refused(emulator: RestEmulator) -> None:
    """401 whatever is asked for."""
    with (
        serve(emulator) as url,
        open_client(Http(url, StaticToken(Secret.of("guess-0000")))) as client,
        pytest.raises(NeedsReauth),
    ):
        client.get("/v1/things")


def test_issued_tokens_die_after_half_an_hour() -> None:
    """Then the client secret buys a new one; the secret itself opens nothing."""
    emulator = RestEmulator("acme", ManualClock(START), [Resource("things", things)], oauth=True)
    grant = ClientCredentials("acme-client", Secret.of(TOKEN))
    waits = Waits(ManualClock(START))

    with (
        serve(emulator) as url,
        open_client(Http(url, OAuth("/token", grant)), waits=waits) as client,
    ):
        client.get("/v1/things")
        emulator.clock.sleep(31 * 60)
        client.get("/v1/things")

    assert emulator.calls.counts()["POST /token"] == 2
    with pytest.raises(TokenRefused):
        emulator.desk.check(TOKEN)


@pytest.mark.parametrize(
    ("shape", "least"), [("absent", 0.5), ("zero", 0.5), ("seconds", 9), ("date", 9)]
)
def test_it_throttles_in_every_shape(emulator: RestEmulator, shape: Any, least: float) -> None:
    """A 429 with no, zero, counted and dated patience."""
    fault = Fault(kind="rate_limited", retry_after=shape, seconds=9, times=1)
    emulator.faults.replace(Scenario(faults=(fault,)))
    waits = Waits(ManualClock(START))

    with (
        serve(emulator) as url,
        open_client(Http(url, StaticToken(Secret.of(TOKEN))), waits=waits) as client,
    ):
        client.get("/v1/things")

    assert sum(waits.seconds) >= least


def test_trouble_in_the_data_is_staged(emulator: RestEmulator, wire: HttpClient) -> None:
    """A plateau, a late commit and a new field, as a fault scenario asks for them."""
    emulator.clock.sleep(7_200)
    faults = (
        Fault(kind="plateau", count=4, at=(1,)),
        Fault(kind="late_commit", count=1, seconds=3_600, at=(2,)),
        Fault(kind="schema_drift", count=1, field="size", change="add", at=(3,)),
    )
    emulator.faults.replace(Scenario(faults=faults))
    for _ in faults:
        wire.get("/v1/things")

    rows = emulator.tables["things"]
    now = emulator.clock.now()
    at = {key: now - datetime.fromisoformat(row["updated_at"]) for key, row in rows.items()}

    assert sum(age == timedelta(0) for age in at.values()) == 3
    assert at["t0"] == timedelta(hours=1)
    assert rows["t0"]["size"] == "new"
