"""Kills a hub and looks at what is left: nothing lost, nothing done twice.

The parent keeps what a kill must not reach: the simulated HubSpot account with its effect log, the
source files, and the truth. The hub runs as a child, dies, is started again until it is through,
and is then compared with a hub that nobody disturbed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import make_url
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.hubspot.emulator import HubSpotEmulator, create
from hub.audit.database import verify_log
from hub.cli.demo.stage import EVERY_EXPORT, demo_toml
from hub.core.boundary import BOUNDARIES
from hub.core.clock import ManualClock
from hub.emulation.effects import EffectLog
from hub.emulation.server import serve
from hub.emulation.world import World
from hub.store.engine import Store
from hub.store.keys import Keys
from tests.faults.photograph import Names, Photograph, photograph
from tests.faults.victim import READY, Order

ROOT = Path(__file__).parents[2]
REQUEST_SENT = "request sent"
"""After the request's effect and before its response: the emulator kills, the hub cannot know."""
POINTS = (*BOUNDARIES, REQUEST_SENT)
PATIENCE = 60.0
_WRITES = ("/contacts/batch/update", "/tasks/batch/create", "/tasks/batch/update")


@dataclass(frozen=True, slots=True)
class Ground:
    """What all hubs of a campaign have in common.

    Args:
        world: The simulated business.
        folder: Its files, and the hub's key.
    """

    world: World
    folder: Path

    @classmethod
    def prepare(cls, folder: Path, people: int = 60, seed: int = 7) -> Ground:
        """A small business, its exports written."""
        ground = cls(World.build(seed, people=people), folder)
        (folder / "files").mkdir(parents=True)
        ground.world.write_files(folder / "files")
        Keys.load(folder / "keys")
        return ground

    @property
    def now(self) -> datetime:
        """The time of every hub on this ground."""
        return self.world.end + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AtPoint:
    """A kill at the ``occurrence``-th passing of a boundary, counted in that life."""

    point: str
    occurrence: int = 1


@dataclass(frozen=True, slots=True)
class AtTime:
    """A kill so many seconds after the hub was ready to start."""

    seconds: float


Kill = AtPoint | AtTime


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a kill found the hub."""

    stage: str
    after: str


@dataclass(slots=True)
class Outcome:
    """A hub that is through.

    Args:
        landings: Where each kill landed.
        steps: What each life noted.
        seconds: How long each life took from being ready to its end.
        photograph: What the hub holds.
        effects: What HubSpot took, by record and field.
        sends: What HubSpot was sent, by record, field and value.
        account: What HubSpot holds.
        entries: Size of the audit log, which verified.
    """

    landings: list[Landing] = field(default_factory=list)
    steps: list[list[dict[str, object]]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    resumed: list[float] = field(default_factory=list)
    photograph: Photograph = field(default_factory=dict)
    effects: Counter[str] = field(default_factory=Counter)
    sends: Counter[str] = field(default_factory=Counter)
    account: Counter[str] = field(default_factory=Counter)

    def passings(self) -> Counter[str]:
        """How often each boundary was passed."""
        steps = [step for life in self.steps for step in life]
        return Counter(str(step["name"]) for step in steps if step["kind"] == "boundary")


class Tap:
    """Between HubSpot's wire and its API: notes what is sent, and kills after an effect."""

    def __init__(self, app: ASGIApp, effects: EffectLog) -> None:
        self._app = app
        self._effects = effects
        self._left = 0
        self.victim = 0
        self.sends: Counter[tuple[str, str, str]] = Counter()
        self.effective = 0

    def arm(self, pid: int, occurrence: int) -> None:
        """Kill ``pid`` when the ``occurrence``-th request from now on has had its effect."""
        self.victim, self._left = pid, occurrence

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        answer: list[Message] = []
        before = len(self._effects)

        async def read() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def keep(message: Message) -> None:
            answer.append(message)

        if scope["path"].startswith("/crm/objects/") and scope["path"].endswith(_WRITES):
            self._note(json.loads(body)["inputs"])
        await self._app(scope, read, keep)
        if len(self._effects) > before and self._strikes():
            return  # nobody is there to hear the answer
        for message in answer:
            await send(message)

    def _note(self, inputs: list[dict[str, object]]) -> None:
        for each in inputs:
            properties = each["properties"]
            assert isinstance(properties, dict)
            of = str(each.get("objectWriteTraceId") if "cxhub_key" in properties else each["id"])
            self.sends.update((of, name, str(v)) for name, v in properties.items())

    def _strikes(self) -> bool:
        self.effective += 1
        self._left -= 1
        if self._left != 0 or not self.victim:
            return False
        os.kill(self.victim, signal.SIGKILL)
        return True


async def _body(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def play(
    ground: Ground, url: str, folder: Path, kills: Sequence[Kill] = (), plant: str = ""
) -> Outcome:
    """A hub that is killed by each of ``kills`` in turn, one a life, and then lives.

    Args:
        ground: World and files.
        url: A migrated, empty database.
        folder: An empty folder for the hub.
        kills: When each life ends.
        plant: Bug in the hub, by name.
    """
    outcome = Outcome()
    emulator = create(clock=ManualClock(ground.now), plan="unmetered")
    emulator.seed(ground.world)
    emulator.app = tap = Tap(emulator.app, emulator.effects)
    with serve(emulator) as address:
        toml = configure(ground, emulator.settings(address), url, folder)
        for number, kill in enumerate([*kills, None]):
            order = _order(ground, toml, folder / f"life-{number}", kill, plant)
            if _lives(order, kill, tap, outcome):
                break
    _look(url, emulator, tap, outcome)
    return outcome


def configure(ground: Ground, settings: dict[str, object], url: str, folder: Path) -> Path:
    """The hub.toml of a hub in ``folder``, on the database ``url``.

    Args:
        ground: Its files, and the key that makes keyed hashes comparable.
        settings: Of the HubSpot connection.
        url: A database.
        folder: An empty folder.
    """
    keys = folder / "var" / "keys"
    keys.mkdir(parents=True)
    shutil.copy(ground.folder / "keys" / "hub.key", keys)
    (folder / "files").symlink_to(ground.folder / "files")
    open_url = make_url(url)._replace(password=None)  # the server of the tests asks for none
    text = demo_toml(folder, {"crm": settings}, EVERY_EXPORT)
    text = text.replace('look_back = "90d"', 'look_back = "365d"')  # a small world answers seldom
    text += f"\n[store]\nurl = {json.dumps(str(open_url))}\n"
    path = folder / "hub.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _order(ground: Ground, toml: Path, life: Path, kill: Kill | None, plant: str) -> Order:
    die_at, occurrence = "", 1
    if isinstance(kill, AtPoint) and kill.point != REQUEST_SENT:
        die_at, occurrence = kill.point, kill.occurrence
    return Order(str(toml), ground.now.isoformat(), f"{life}.trace", die_at, occurrence, plant)


def _lives(order: Order, kill: Kill | None, tap: Tap, outcome: Outcome) -> bool:
    """Whether this life came to its end undisturbed."""
    trace = Path(order.trace)
    order.write(trace.with_suffix(".json"))
    errors = trace.with_suffix(".err")
    command = [sys.executable, "-m", "tests.faults.victim", str(trace.with_suffix(".json"))]
    spawned = time.time()
    with (
        errors.open("wb") as sink,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=sink) as child,
    ):
        assert child.stdout is not None
        ready = child.stdout.readline().decode().strip()
        began = time.monotonic()
        tap.arm(child.pid if _by_emulator(kill) else 0, getattr(kill, "occurrence", 0))
        _wait(child, kill.seconds if isinstance(kill, AtTime) else None)
    outcome.seconds.append(time.monotonic() - began)
    outcome.steps.append(_steps(trace))
    if child.returncode == -signal.SIGKILL:
        outcome.landings.append(_landing(outcome.steps[-1], kill))
        return False
    said = errors.read_text(encoding="utf-8")
    assert (ready, child.returncode) == (READY, 0), said
    if len(outcome.steps) > 1:
        outcome.resumed.append(_first_commit(outcome.steps[-1]) - spawned)
    return True


def _by_emulator(kill: Kill | None) -> bool:
    return isinstance(kill, AtPoint) and kill.point == REQUEST_SENT


def _wait(child: subprocess.Popen[bytes], seconds: float | None) -> None:
    try:
        child.wait(PATIENCE if seconds is None else seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        assert seconds is not None, f"the hub was not through after {PATIENCE:.0f} s"


def _steps(trace: Path) -> list[dict[str, object]]:
    lines = trace.read_text(encoding="utf-8").splitlines() if trace.exists() else []
    return [json.loads(line) for line in lines]


def _landing(steps: Sequence[Mapping[str, object]], kill: Kill | None) -> Landing:
    stages = [str(step["name"]) for step in steps if step["kind"] == "stage"]
    passed = [str(step["name"]) for step in steps if step["kind"] == "boundary"]
    stage = stages[-1] if stages else "starting"
    if isinstance(kill, AtPoint):
        return Landing(stage, kill.point)
    return Landing(stage, passed[-1] if passed else "-")


def _first_commit(steps: Sequence[Mapping[str, object]]) -> float:
    """When a life that resumed had gone one step further, or found that nothing was left."""
    times = [
        float(str(step["time"]))
        for step in steps
        if step["kind"] == "finished" or str(step.get("name")).endswith(" committed")
    ]
    return min(times)


def _look(url: str, emulator: HubSpotEmulator, tap: Tap, outcome: Outcome) -> None:
    store = Store.open(url)
    try:
        verify_log(store)
        outcome.photograph = photograph(store)
        with store.read() as connection:
            names = Names(connection)
    finally:
        store.close()
    outcome.sends = Counter(
        {f"{rid}.{name} = {names.told(value)}": n for (rid, name, value), n in tap.sends.items()}
    )
    outcome.effects = Counter(
        f"{effect.method} {effect.object}/{effect.id}.{name}"
        for effect in emulator.effects.since(0)
        for name in (effect.fields or ("",))
    )
    records = emulator.snapshot()["records"]
    assert isinstance(records, dict)
    outcome.account = Counter(
        names.told(f"{kind}/{record_id} {json.dumps(record['properties'], sort_keys=True)}")
        for kind, table in records.items()
        for record_id, record in table.items()
    )
