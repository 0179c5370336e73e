"""How many calls it takes to push 10,000 profiles, per vendor, beside the least that it could.

Each vendor's emulator holds the customers of a simulated business; the hub reads them, resolves
them and pushes every profile for the first time. Calls are noted between wire and emulator.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from benchmarks.results import Finding
from hub import pipeline
from hub.app import App, load
from hub.cli.demo.stage import ACCOUNTS, demo_toml
from hub.core.clock import ManualClock
from hub.core.connector import Unsupported
from hub.core.ids import IdSource
from hub.core.plugins import load_connector
from hub.emulation.server import serve
from hub.emulation.world import World

PROFILES = 10_000
ACTOR = "os:bench"


@dataclass(frozen=True, slots=True)
class Wire:
    """How a vendor is written to.

    Args:
        write: What a writing call has in its method, path or GraphQL document.
        least: The least number of calls for so many records with so many fields in all.
        share: Customers in this system, of all people of a world.
        destination: Writer of the profiles.
    """

    write: str
    least: Callable[[int, int], int]
    share: float
    destinations: tuple[str, ...]


def _batches_of(size: int) -> Callable[[int, int], int]:
    return lambda records, fields: ceil(records / size)


WIRES: Mapping[str, Wire] = {
    "hubspot": Wire("/contacts/batch/update", _batches_of(100), 0.85, ("profiles",)),
    "salesforce": Wire(
        "PATCH /services/data/v67.0/composite/sobjects",
        _batches_of(200),
        0.54,
        ("profiles", "lead_profiles"),
    ),
    "zendesk": Wire("PUT /api/v2/users/update_many", _batches_of(100), 0.43, ("profiles",)),
    "shopify": Wire(
        "SetMetafields", lambda records, fields: ceil(fields / 25), 0.52, ("profiles",)
    ),
}


class Tap:
    """Counts what passes on its way to the vendor, by what it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.calls: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = []
        while not messages or messages[-1].get("more_body"):
            messages.append(await receive())
        body = b"".join(message.get("body", b"") for message in messages)
        self.calls[_name(scope["method"], scope["path"], body)] += 1

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, again, send)


def _name(method: str, path: str, body: bytes) -> str:
    """The call without ids; a GraphQL call is named for its operation."""
    if path.endswith("/graphql.json"):
        document = json.loads(body)["query"]
        return " ".join(document.replace("(", " ").replace("{", " ").split()[:2])
    parts = ("*" if sum(map(str.isdigit, part)) > 6 else part for part in path.split("/"))
    return f"{method} {'/'.join(parts)}"


def measure(folder: Path, divisor: int) -> Finding:
    """One push of every profile to each vendor."""
    rows = [
        _row(vendor, wire, *_push(folder / vendor, vendor, wire, PROFILES // divisor))
        for vendor, wire in WIRES.items()
    ]
    return Finding(
        what=f"Some {PROFILES // divisor:,} customers of a simulated business per vendor, their"
        " profiles pushed for the first time: write calls beside the least that the vendor's"
        " batch size allows, and everything else that was asked during the push.",
        columns=("vendor", "records", "fields", "write calls", "least", "ratio", "other calls"),
        rows=rows,
        notes=(
            "Checked: every planned record was written.",
            "Shopify takes 25 metafields a call; its least counts fields.",
        ),
    )


def _push(folder: Path, vendor: str, wire: Wire, profiles: int) -> tuple[int, int, Counter[str]]:
    folder.mkdir()
    world = World.build(1, people=round(profiles / wire.share), systems=(vendor,))
    clock = ManualClock(world.end + timedelta(days=1))
    make = load_connector(vendor).emulator
    assert not isinstance(make, Unsupported)
    emulator: Any = make(clock)
    emulator.seed(world)
    tap = emulator.app = Tap(emulator.app)
    name = next(name for name, played in ACCOUNTS.items() if played == vendor)
    with serve(emulator) as url:
        path = folder / "hub.toml"
        path.write_text(demo_toml(folder, {name: emulator.settings(url)}, ()), encoding="utf-8")
        return _approved(load(path, clock=clock, ids=IdSource(clock)), name, wire, tap)


def _approved(app: App, name: str, wire: Wire, tap: Tap) -> tuple[int, int, Counter[str]]:
    with app.open_hub(ACTOR) as hub, app.lanes() as lanes:
        pipeline.run(hub, lanes, actor=ACTOR)
        tap.calls.clear()
        pusher = hub.pusher(ACTOR)
        places = {place.key: place for lane in lanes for place in lane.destinations}
        plans = [pusher.plan(places[f"{name}/{each}"]) for each in wire.destinations]
        written = 0
        for plan in plans:
            written += pusher.approve(plan.plan_id, places).counts["written"]
    records = sum(plan.rows for plan in plans)
    if written != records:
        raise RuntimeError(f"{name}: {written} of {records} records were written")
    return records, sum(plan.fields for plan in plans), tap.calls


def _row(
    vendor: str, wire: Wire, records: int, fields: int, calls: Counter[str]
) -> tuple[str, ...]:
    writes = sum(n for name, n in calls.items() if wire.write in name)
    least = wire.least(records, fields)
    others: Iterable[str] = (
        f"{n:,} {name}" for name, n in calls.most_common() if wire.write not in name
    )
    return (
        vendor,
        f"{records:,}",
        f"{fields:,}",
        f"{writes:,}",
        f"{least:,}",
        f"{writes / least:.2f}",
        "; ".join(others),
    )
