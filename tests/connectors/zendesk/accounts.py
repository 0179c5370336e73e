"""Accounts to read from: filled with the simulated world, changed by users, played by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from connectors.zendesk.emulator import ZendeskEmulator, create
from hub.core.clock import ManualClock
from hub.emulation.world import World
from hub.testing.scripted import ScriptedServer, scripted

Connect = Callable[..., Any]
CURSOR = "/api/v2/incremental/users/cursor"


def filled(clock: ManualClock, world: World, **options: Any) -> ZendeskEmulator:
    """An account that holds the simulated world, an hour after its end; in pages of 40."""
    clock.sleep((world.end - clock.now()).total_seconds() + 3_600)
    emulator = create(clock=clock, **{"export_page": 40, "plan": "unmetered", **options})
    emulator.seed(world)
    return emulator


def add_users(hub: Any, count: int, **values: object) -> list[str]:
    """Ids of new users that an agent enters; the export shows them a minute later."""
    made = []
    for number in range(count):
        properties = {"name": f"P{number}", "email": f"p{number}@example.com", **values}
        made.append(str(hub.mutate("create", "users", properties=properties)["id"]))
    hub.clock.sleep(120)
    return made


def edit(hub: Any, user: str, **values: object) -> None:
    """An agent changes a user; the export shows it a minute later."""
    hub.mutate("update", "users", id=user, properties=values)
    hub.clock.sleep(120)


def requests(hub: Any, text: str) -> int:
    """How many requests had ``text`` in them."""
    return sum(count for call, count in hub.emulator.calls.counts().items() if text in call)


@contextmanager
def played() -> Iterator[ScriptedServer]:
    """An account that is played by hand; it signs in everybody and has no deleted users."""
    with scripted() as server:
        server.then(body={"access_token": "t", "expires_in": 1800}, at="/oauth/tokens")
        gone = {"deleted_users": [], "meta": {"has_more": False}}
        yield server.then(body=gone, at="/api/v2/deleted_users")


def export(cursor: str, *, end: bool) -> dict[str, object]:
    """A page without a user that leads to ``cursor``."""
    return {"users": [], "after_cursor": cursor, "end_of_stream": end}
