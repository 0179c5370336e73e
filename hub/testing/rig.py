"""A connector on the bench: its emulator on loopback, a clock that never sleeps, faults to order.

with rig(subject) as bench:
    clean = bench.drain(stream)
    struck = bench.drain(stream, trouble=Fault(kind="server_error", times=1))
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import msgspec
from pydantic import ValidationError

from hub.core.clock import ManualClock
from hub.core.connector import (
    Change,
    Connector,
    Context,
    Creator,
    Item,
    OutField,
    Page,
    Row,
    RowResult,
    State,
    Stream,
    Unsupported,
    Value,
    Writer,
)
from hub.core.connector import Emulator as Declared
from hub.core.errors import HubError, SkipRecord
from hub.core.plugins import load_connector, module_of
from hub.core.records import Record, decode, encode
from hub.core.released import Released
from hub.core.secrets import Secret
from hub.core.settings import PurposeSection
from hub.emulation.effects import Effect
from hub.emulation.faults import Fault, Scenario
from hub.emulation.server import Emulator, serve
from hub.emulation.world import World
from hub.emulation.world.systems import DEFAULT_SYSTEMS, SYSTEMS
from hub.privacy.gate import Decision, Gate
from hub.privacy.permissions import Permissions
from hub.testing.client import Waits, open_context

_PURPOSES = {
    "conformance": PurposeSection(description="Examine a connector.", basis="legal_obligation")
}
_PAGES_AT_MOST = 5_000


class Violation(Exception):
    """The connector broke the promise that a check tests; the message says how."""


class NotApplicable(Exception):
    """The check does not apply: the connector declares why, or its emulator cannot stage it."""


class FullEmulator(Emulator, Declared, Protocol):
    """What the suite needs of an emulator: server, faults and the truth to compare with."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The connector under examination.

    Args:
        connector: What its plugin handed over.
        module: Its package's import name.
        folder: Where its ``connector.toml`` and ``README.md`` lie.
    """

    connector: Connector
    module: str
    folder: Path

    @classmethod
    def of(cls, connector: Connector, module: str) -> Subject:
        """The subject whose package is importable as ``module``."""
        return cls(connector, module, Path(str(resources.files(module))))

    @classmethod
    def installed(cls, name: str) -> Subject:
        """The installed connector of that name.

        Raises:
            ConfigError: If there is none, or its plugin is broken.
        """
        return cls.of(load_connector(name), module_of(name))


@dataclass
class Pass:
    """What one pass over a stream brought."""

    stream: Stream
    pages: list[Page] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """Every row, in order."""
        return [row for page in self.pages for row in page.rows]

    @property
    def ids(self) -> set[str]:
        """Source ids of the rows."""
        return {self.stream.key_of(row) for row in self.rows}

    @property
    def state(self) -> State:
        """The checkpoint that would be saved at the end."""
        return self.state_after(len(self.pages))

    def state_after(self, pages: int, before: State | None = None) -> State:
        """The checkpoint once the first ``pages`` pages are durable."""
        saved = [page.next_state for page in self.pages[:pages] if page.next_state is not None]
        return saved[-1] if saved else before or {}


@dataclass(frozen=True)
class Rig:
    """One connector, its running emulator and everything to observe both."""

    subject: Subject
    emulator: FullEmulator
    settings: dict[str, Any]
    ctx: Context
    waits: Waits
    log: list[str]

    @property
    def clock(self) -> ManualClock:
        """The time of hub and vendor alike."""
        return self.waits.clock

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams under the emulator's settings."""
        return self.subject.connector.streams_for(self.ctx.config)

    @property
    def writers(self) -> tuple[Writer, ...]:
        """The writers under the emulator's settings.

        Raises:
            NotApplicable: If the connector declares none.
        """
        found = self.subject.connector.writers_for(self.ctx.config)
        if not found:
            raise NotApplicable("the connector writes nothing")
        return found

    @property
    def secrets(self) -> list[str]:
        """The values of every secret among the settings."""
        return [value.reveal() for value in self.settings.values() if isinstance(value, Secret)]

    def arm(self, *faults: Fault) -> None:
        """Let these faults, and no others, strike from now on; a renewal of the token is spared."""
        if faults and self.ctx.http is not None:
            self.ctx.http.authenticate()
        self.emulator.faults.replace(Scenario(faults=faults))

    def drain(
        self,
        stream: Stream,
        state: State | None = None,
        *,
        trouble: Fault | None = None,
        after: int = 0,
    ) -> Pass:
        """One pass from ``state`` to the end.

        Args:
            stream: What to read.
            state: Checkpoint to start from.
            trouble: Fault to arm.
            after: Arm it once this many pages have arrived.

        Raises:
            Violation: If the pass does not end.
        """
        done = Pass(stream)
        self.arm(*([trouble] if trouble and after == 0 else []))
        for page in stream.reader(self.ctx, state or {}):
            done.pages.append(page)
            if trouble and len(done.pages) == after:
                self.arm(trouble)
            if len(done.pages) > _PAGES_AT_MOST:
                raise Violation(f"{stream.name}: still reading after {_PAGES_AT_MOST} pages")
        self.arm()
        return done

    def struck(self, stream: Stream, trouble: Fault) -> tuple[Pass, Pass]:
        """A clean pass, and one that meets ``trouble`` in its middle (at once if it is short)."""
        clean = self.drain(stream)
        return clean, self.drain(stream, trouble=trouble, after=1 if len(clean.pages) > 1 else 0)

    def live(self, stream: Stream) -> set[str]:
        """Ids that a complete pass must bring, by the emulator's own books."""
        return set(self.emulator.live_ids(stream.name))

    def some_ids(self, writer: Writer, count: int) -> list[str]:
        """Native ids that ``writer`` can address."""
        return sorted(self.emulator.live_ids(writer.stream))[:count]

    def since(self, sequence: int, actor: str = "api") -> tuple[Effect, ...]:
        """Effects after ``sequence`` of one actor."""
        return self.emulator.effects.since(sequence, actor)

    def provision(self, writer: Writer) -> Sequence[str]:
        """Names of the fields created for ``writer``; nothing where that is done by hand."""
        if isinstance(writer.provision, Unsupported):
            return ()
        return writer.provision(self.ctx, writer.fields)

    def write(self, writer: Writer, changes: Sequence[Change]) -> Sequence[RowResult]:
        """What the writer reports for released ``changes``."""
        released = [_release(change) for change in changes]
        return writer.write(self.ctx, released)

    def hand(self, creator: Creator[Item], items: Sequence[Item]) -> Sequence[RowResult]:
        """What the system reports for the released ``items``."""
        return creator.write(self.ctx, [_hand_over(item) for item in items])

    def failure(self, stream: Stream, trouble: Fault) -> HubError:
        """How a pass that meets ``trouble`` on every request ends.

        Raises:
            Violation: If it ends as if all were well, or with an error that is not the hub's.
        """
        try:
            done = self.drain(stream, trouble=trouble)
        except HubError as err:
            return err
        except Exception as err:
            raise Violation(f"{stream.name}: {trouble.kind} ended in {type(err).__name__}") from err
        raise Violation(
            f"{stream.name}: {trouble.kind} on every request, yet the pass ended well with "
            f"{len(done.rows)} rows"
        )


@contextmanager
def rig(subject: Subject, *, settings: dict[str, Any] | None = None) -> Iterator[Rig]:
    """The connector connected to a fresh emulator that holds the simulated world.

    Args:
        subject: The connector.
        settings: Settings that replace the emulator's own.

    Raises:
        NotApplicable: If the connector has no emulator.
    """
    make = subject.connector.emulator
    if isinstance(make, Unsupported):
        raise NotApplicable(f"no emulator: {make.reason}")
    world = _world(subject.connector.name)
    waits = Waits(ManualClock(world.end))
    emulator: Any = make(waits.clock)
    emulator.seed(world)
    listener, log = _Listener(), logging.Logger(subject.connector.name)  # of this rig alone
    log.addHandler(listener)
    with serve(emulator) as url:
        chosen = {**emulator.settings(url), **(settings or {})}
        with open_context(subject.connector, chosen, waits, log) as ctx:
            yield Rig(subject, emulator, chosen, ctx, waits, listener.lines)


@cache
def _world(system: str) -> World:
    """A small world that the connector's own system is part of, if the simulator knows it."""
    systems = dict.fromkeys((*DEFAULT_SYSTEMS, *({system} & SYSTEMS.keys())))
    return World.build(seed=8, people=150, days=90, systems=tuple(systems))


class _Listener(logging.Handler):
    """Keeps every line that is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        self.lines.append(record.getMessage())


def mapped(stream: Stream, row: Row) -> Record:
    """What the engine would store of ``row``, the type of every field checked.

    Raises:
        SkipRecord: If it would go to quarantine.
    """
    try:
        return decode(encode(stream.map(stream.model.model_validate(row) if stream.model else row)))
    except (ValidationError, msgspec.ValidationError) as err:
        raise SkipRecord("a field has the wrong type", reason="bad-field") from err


_SAMPLES: dict[str, tuple[Value, Value]] = {
    "text": ("cxhub one", "cxhub two"),
    "long_text": ("first\nlines", "second\nlines"),
    "number": (7, 8),
    "date": ("2026-01-02", "2026-03-04"),
    "datetime": ("2026-01-02T03:04:05Z", "2026-03-04T05:06:07Z"),
    "boolean": (True, False),
}


def sample(out: OutField, turn: int = 0) -> Value:
    """A value that fits the field; another one for the other ``turn``."""
    return _SAMPLES[out.type][turn % 2]


def full_change(writer: Writer, native_id: str, turn: int = 0) -> Change:
    """A change of every field of one record."""
    values = {out.name: sample(out, turn) for out in writer.fields}
    return Change(native_id, values, trace=f"trace-{turn}-{native_id}")


def _release(change: Change) -> Released[Change]:
    """Invented values for an emulator, through the one gate that there is."""
    gate, decision = _judged(change.values)
    return gate.release(change, decision)


def _hand_over(item: Item) -> Released[Item]:
    gate, decision = _judged(["item"])
    return gate.hand_over(item, decision)


def _judged(names: Iterable[str]) -> tuple[Gate, Decision]:
    gate, nobody = Gate(_PURPOSES), Permissions((), _PURPOSES, 0)
    fields = [OutField(name, "conformance", "conformance") for name in names]
    return gate, gate.judge("nobody", "emulator", fields, nobody)
