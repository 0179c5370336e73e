"""The connector contract: what a plugin declares, and what the hub does with it.

A connector is a value, not a class tree: it lists the streams it reads, the writers it offers and
what it cannot do. Its functions are plain synchronous functions; the hub owns threads, retries,
checkpoints, rate limits, validation and quarantine.

    reading    Stream.reader(ctx, state) → Page → model → map → canonical record → store
    deliveries Webhook.verify(ctx, delivery) → Webhook.parse → Page, which goes the same way
    writing    profile → gate → list[Released[Change]] → Writer.write(ctx, batch) → list[RowResult]
    handing    case → gate → list[Released[Task]] → Creator.write(ctx, batch) → list[RowResult]

What a system cannot do is declared as ``Unsupported(reason)``, never left out, so that
``hub connectors check`` and ``hub plan`` can say so.

The parts stand in ``hub.core.contract``, a module for each way. Plugins import every name from
``hub.core.connector``.
"""

# ruff: noqa: RUF009 - Unsupported is frozen: a default that all may share

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel

from hub.core.clock import Clock, Wait
from hub.core.contract.context import Configured, Context, Unsupported
from hub.core.contract.deliveries import Delivery, Webhook
from hub.core.contract.handing import Creator, Item, Note, Offer, Offered, Task
from hub.core.contract.reading import (
    ById,
    Deletes,
    Feed,
    FullPass,
    Json,
    Page,
    Reader,
    Reject,
    Row,
    RowMap,
    Since,
    State,
    Stream,
    Tombstones,
)
from hub.core.contract.writing import Change, ConsentChange, OutField, RowResult, Value, Writer
from hub.core.released import Released

if TYPE_CHECKING:
    from hub.core.http import Http

__all__ = [  # noqa: RUF022 - a table of contents, in the order of reading
    "HUB_API", "Connector",
    "Unsupported", "Configured", "Context", "Wait",
    "Row", "State", "Json", "Reject", "Page", "Reader",
    "Since", "Tombstones", "FullPass", "Feed", "Deletes", "ById", "RowMap", "Stream",
    "Delivery", "Webhook",
    "Value", "OutField", "Change", "ConsentChange", "RowResult", "Writer",
    "Task", "Note", "Item", "Creator", "Offer", "Offered",
    "CheckItem", "Emulator",
]  # fmt: skip

HUB_API = 1
"""Version of this contract. It grows by adding; a removal raises it."""


@dataclass(frozen=True, slots=True)
class Connector:
    """Everything the hub knows about one kind of system.

    Args:
        name: Name in ``connector = "…"``; equals the entry-point name.
        summary: One line for ``hub connectors list``.
        config: Settings that an admin writes under ``[connections.NAME.settings]``.
        streams: What the hub reads, or a function of the settings for systems whose streams are
            configured (CSV).
        check: Looks at credential, scopes and limits without changing anything.
        http: Base URL, credential and limits for these settings; Unsupported without a wire.
        writers: What the hub may write into records that exist.
        tasks: How work is handed to the people who use the system.
        notes: How they are told something at a record.
        webhooks: What the vendor may push, by name, or a function of the settings for systems
            whose secret is optional. ``hub serve`` takes the only one at ``/hooks/CONNECTION``,
            one of several at ``/hooks/CONNECTION/NAME``.
        emulator: Makes a fresh emulator that lives on the given clock. It imports a web server, so
            import it inside the function.
        plans: The vendor's rate plans that the emulator can stand for: name to what makes one.
        erase: Erases one native id, returns the receipt's reference.
        write_consent: Writes permissions as the vendor models them.
        read_back: Confirms consent changes: whether the vendor now says so, one by one.
        guess: Proposes settings for a file of the admin's, as commented TOML.
        api: The ``HUB_API`` that it was written for.
        version: The connector's own release; what was refused under an older one is tried again.
        homepage: The vendor's documentation.
    """

    name: str
    summary: str
    config: type[BaseModel]
    streams: Configured[tuple[Stream, ...]]
    check: Callable[[Context], Sequence[CheckItem]]
    http: Callable[[Any], Http] | Unsupported = Unsupported("files, no wire")
    writers: Configured[tuple[Writer, ...]] = ()
    tasks: Offered[Task] = Unsupported("the system keeps no tasks")
    notes: Offered[Note] = Unsupported("the system keeps no notes for staff")
    webhooks: Configured[Mapping[str, Webhook]] | Unsupported = Unsupported(
        "polling is complete on its own"
    )
    emulator: Callable[[Clock], Emulator] | Unsupported = Unsupported("no emulator")
    plans: Mapping[str, Callable[[Clock], Emulator]] = field(default_factory=dict)
    erase: Callable[[Context, str], str] | Unsupported = Unsupported("not yet")
    write_consent: (
        Callable[[Context, Sequence[Released[ConsentChange]]], Sequence[RowResult]] | Unsupported
    ) = Unsupported("the system holds no consent")
    read_back: Callable[[Context, Sequence[ConsentChange]], Sequence[bool]] | Unsupported = (
        Unsupported("the system holds no consent")
    )
    guess: Callable[[Path], str] | Unsupported = Unsupported("settings are not read off a file")
    api: int = HUB_API
    version: str = "0"
    homepage: str = ""

    def streams_for(self, config: Any) -> tuple[Stream, ...]:
        """The streams under these settings."""
        return self.streams(config) if callable(self.streams) else self.streams

    def writers_for(self, config: Any) -> tuple[Writer, ...]:
        """The writers under these settings."""
        return self.writers(config) if callable(self.writers) else self.writers

    def tasks_for(self, config: Any) -> Offer[Task]:
        """How tasks are handed over under these settings."""
        return self.tasks(config) if callable(self.tasks) else self.tasks

    def notes_for(self, config: Any) -> Offer[Note]:
        """How notes are handed over under these settings."""
        return self.notes(config) if callable(self.notes) else self.notes

    def webhooks_for(self, config: Any) -> Mapping[str, Webhook]:
        """The webhooks under these settings, by name; empty if there are none."""
        webhooks = self.webhooks(config) if callable(self.webhooks) else self.webhooks
        return webhooks or {}


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One line of ``hub check --connect``."""

    what: str
    ok: bool
    detail: str = ""
    fix: str = ""


class Emulator(Protocol):
    """A stateful double of the vendor on loopback; see ``hub.emulation.server`` for all of it."""

    def live_ids(self, stream: str) -> Collection[str]:
        """Native ids of the records that a complete pass over ``stream`` must bring."""

    def seed(self, world: Any) -> None:
        """Fill it with the simulated world's records."""

    def settings(self, url: str) -> dict[str, Any]:
        """Connector settings that point a connection at this emulator under ``url``."""
