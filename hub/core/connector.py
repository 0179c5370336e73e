"""The connector contract: what a plugin declares, and what the hub does with it.

A connector is a value, not a class tree: it lists the streams it reads, the writers it offers and
what it cannot do. Its functions are plain synchronous functions; the hub owns threads, retries,
checkpoints, rate limits, validation and quarantine.

    reading   Stream.reader(ctx, state) → Page → model → map → canonical record → store
    writing   profile → gate → list[Released[Change]] → Writer.write(ctx, batch) → list[RowResult]
    handing   case → gate → list[Released[Task]] → Creator.write(ctx, batch) → list[RowResult]

What a system cannot do is declared as ``Unsupported(reason)``, never left out, so that
``hub connectors check`` and ``hub plan`` can say so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from logging import Logger
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel

from hub.core.clock import Clock
from hub.core.records import Record
from hub.core.released import Released

if TYPE_CHECKING:
    from hub.core.http import Http, HttpClient

HUB_API = 1
"""Version of this contract. It grows by adding; a removal raises it."""

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Row = dict[str, Any]
"""One source record as received: unknown fields kept, every field nullable."""
State = dict[str, Any]
"""A stream's checkpoint: JSON, opaque to the hub, meaningful to its reader."""


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Says that a system has no such ability, and why."""

    reason: str

    def __bool__(self) -> bool:
        return False


class Wait(Protocol):
    """Called by the HTTP layer before it waits, so that progress shows why nothing moves."""

    def __call__(self, seconds: float, reason: str) -> None:
        """Wait ``seconds`` because of ``reason``."""


@dataclass(frozen=True, slots=True)
class Context:
    """What every connector function receives about the connection it works for.

    Args:
        connection: Name in ``hub.toml``.
        config: The connector's own settings, validated.
        http: Client bound to the connection's base URL, credential and limits; None for connectors
            without a wire.
        clock: The only source of time.
        log: Logger whose records name the connection; secrets are redacted.
        wait: Waits and tells progress why.
        streams: Names of the streams that the connection reads; None: every one.
    """

    connection: str
    config: Any
    http: HttpClient | None
    clock: Clock
    log: Logger
    wait: Wait
    streams: Collection[str] | None = None

    @property
    def wire(self) -> HttpClient:
        """The HTTP client of a connector that declared ``http``."""
        if self.http is None:
            raise TypeError(f"{self.connection}: the connector declares no http")
        return self.http

    def reads(self, stream: str) -> bool:
        """Whether the connection reads ``stream``: of others a delivery need not be completed."""
        return self.streams is None or stream in self.streams


# --- reading ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that the reader could not even parse; it goes to quarantine as it came.

    Args:
        reason: Machine-readable, such as ``too-many-columns``.
        message: What was wrong and what was expected, without personal data.
        where: ``file:line:column`` or record id.
        raw: The bytes as received.
    """

    reason: str
    message: str
    where: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """What one step of a reader brings: committed whole, with its checkpoint, or not at all.

    Args:
        rows: Source rows.
        next_state: Checkpoint once this page is durable; None holds the old one, which is what a
            reader of an unordered source does until its pass ends.
        deletes: Source ids that the source reports as deleted.
        merges: Source id of each merged-away record to the id of the record that absorbed it.
        rejects: Rows that could not be parsed.
        places: Where each row stood (``file:line``), parallel to ``rows``; empty when the key says
            enough.
        complete: True on the last page of a pass that saw every live record; only such a pass may
            delete by absence.
        begins: True on the first page of a pass that starts from the beginning although the
            checkpoint knew an unfinished one: what that one had seen is forgotten.
        alive: Source ids of records that exist, of a pass that lists ids only: they count as seen
            and stay as they are. One that the hub had called gone is read by ``Stream.by_id``.
    """

    rows: Sequence[Row]
    next_state: State | None = None
    deletes: Sequence[str] = ()
    merges: Mapping[str, str] = field(default_factory=dict)
    rejects: Sequence[Reject] = ()
    places: Sequence[str] = ()
    complete: bool = False
    begins: bool = False
    alive: Sequence[str] = ()


class Reader(Protocol):
    """Yields pages from ``state`` (empty on the first run) to the present."""

    def __call__(self, ctx: Context, state: State) -> Iterator[Page]:
        """The pages that follow ``state``."""


@dataclass(frozen=True, slots=True)
class Since:
    """An incremental cursor.

    Args:
        field: The row's field that moves with every change.
        lookback: Seconds read again on each run, for records that commit late.
        ordered: Whether pages come in cursor order; if not, the old checkpoint is held until the
            pass ends.
    """

    field: str
    lookback: float = 0
    ordered: bool = True


@dataclass(frozen=True, slots=True)
class Tombstones:
    """Deletes arrive in the stream itself: rows for which ``is_deleted`` is true."""

    is_deleted: Callable[[Row], bool]


@dataclass(frozen=True, slots=True)
class FullPass:
    """Deletes show as absence from one complete pass.

    Args:
        max_percent: The fuse: if more than this share of live records is missing, nothing is
            deleted and the run says so.
    """

    max_percent: float = 10.0


@dataclass(frozen=True, slots=True)
class Feed:
    """Deletes come as ``Page.deletes`` and ``Page.merges`` from the reader."""


Deletes = Tombstones | FullPass | Feed | Unsupported


class ById(Protocol):
    """Reads single records, from where the source keeps them rather than from a list of them."""

    def __call__(self, ctx: Context, ids: Sequence[str], /) -> Iterable[Row]:
        """The rows of those that exist."""


class RowMap(Protocol):
    """Maps one validated row to one canonical record. Pure: same row, same record.

    Raises:
        SkipRecord: If the row cannot be used; it goes to quarantine with the reason.
    """

    def __call__(self, row: Any, /) -> Record:
        """The canonical record of ``row``."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of record that a system offers.

    Args:
        name: Stable name; with the connection and the key it names a source record for ever.
        entity: Canonical struct that ``map`` returns.
        map: Row (or ``model`` instance) to canonical record.
        key: Field of the row that identifies the record, or a function of the row.
        reader: The declarative readers of ``hub.core.pages``, or the author's own generator.
        model: Pydantic model of a row. None hands ``map`` the raw dict.
        cursor: How the stream is read incrementally; None means that each run is a full pass.
        deletes: How deletions become visible.
        by_id: Reads the records that a list of ids (``Page.alive``) names although the hub holds
            them for gone. Without it they stay gone until a page brings them.
        ignore: Fields whose change is no change: bookkeeping, and fields the hub itself writes.
        updated: Field that holds the record's own time of change.
        mapping_version: Raise it when ``map`` changes; stored rows are then mapped again locally.
    """

    name: str
    entity: type[Record]
    map: RowMap
    key: str | Callable[[Row], str]
    reader: Reader
    model: type[BaseModel] | None = None
    cursor: Since | None = None
    deletes: Deletes = Unsupported("the stream reports no deletions")
    by_id: ById | None = None
    ignore: frozenset[str] = frozenset()
    updated: str | None = None
    mapping_version: int = 1

    def key_of(self, row: Row) -> str:
        """The row's source id.

        Raises:
            KeyError: If the row has no key.
        """
        value = self.key(row) if callable(self.key) else row[self.key]
        if value is None or value == "":
            raise KeyError(self.key if isinstance(self.key, str) else "key")
        return str(value)


# --- writing ---------------------------------------------------------------------------------

Value = str | int | float | bool | None
"""What a destination field can hold; instants travel as ISO 8601 text."""


@dataclass(frozen=True, slots=True)
class OutField:
    """One field that the hub writes into a system.

    Args:
        name: Field name there, such as ``cxhub_golden_id``.
        source: Path in ``unified_profile_v1``, such as ``voice.nps``.
        purpose: Purpose under which it is disclosed; the gate refuses what no purpose allows.
        type: Destination type, for provisioning.
        label: What a person sees in the system's own screens.
    """

    name: str
    source: str
    purpose: str
    type: Literal["text", "long_text", "number", "date", "datetime", "boolean"] = "text"
    label: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """Field values for one existing record of a system, addressed by its native id.

    ``values`` maps destination field to value; a field that is absent keeps its value, None clears
    it. ``trace`` identifies this write in receipts and in the vendor's own logs.
    """

    native_id: str
    values: Mapping[str, Value]
    trace: str


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """A permission to write into a system."""

    native_id: str
    point: str | None
    purpose: str
    channel: str
    decision: Literal["grant", "withdraw"]
    trace: str


@dataclass(frozen=True, slots=True)
class RowResult:
    """What the system said about one row of a batch.

    Args:
        trace: The ``Change.trace`` it answers. A row without a result counts as failed.
        ok: Whether the system confirmed it.
        error: Vendor's reason when not ok, without personal data.
        retryable: Whether trying the same row later can succeed. If not, it is refused for good: a
            change is sent again only when its content, the mapping or the release is another one.
        ambiguous: True when it is unknown whether the effect took place: read back before retry.
        reference: Vendor's id of the response, for the receipt.
        not_held: True for a withdrawal that the system has no place for: by this channel, or for a
            purpose that nothing there stands for. It is asked again when the connector's version,
            the settings, or what the system itself says of this permission have changed.
    """

    trace: str
    ok: bool
    error: str = ""
    retryable: bool = False
    ambiguous: bool = False
    reference: str = ""
    not_held: bool = False


@dataclass(frozen=True, slots=True)
class Writer:
    """One kind of write that a system accepts.

    Args:
        name: Stable name.
        stream: Stream whose records are updated; their source ids are the native ids.
        fields: Default mapping, each field with its purpose.
        batch: Most rows per call (the vendor's limit).
        write: Sends one batch; one bad record never sinks the others.
        read: Current values of ``fields`` by native id: pre-images, echo checks, and the answer to
            an ambiguous outcome. Ids that no longer exist are left out.
        provision: Creates the fields that are missing, returns the names it created.
        idempotency: ``native`` if a repeated write has no second effect, ``key`` if the vendor
            deduplicates by ``trace``, ``none`` if every send counts.
    """

    name: str
    stream: str
    fields: tuple[OutField, ...]
    batch: int
    write: Callable[[Context, Sequence[Released[Change]]], Sequence[RowResult]]
    read: Callable[[Context, Sequence[str], Sequence[str]], Mapping[str, Mapping[str, Value]]]
    provision: Callable[[Context, Sequence[OutField]], Sequence[str]] | Unsupported = Unsupported(
        "fields are created by hand"
    )
    idempotency: Literal["native", "key", "none"] = "native"


# --- handing over: what a system is given to keep ---------------------------------------------


@dataclass(frozen=True, slots=True)
class Task:
    """Work for a person about one customer, in the system that this person works in.

    Args:
        key: The hub's own name for it: lower-case letters, digits and ``-``, at most 64. The system
            keeps it, so that the task is found again and never stands there twice.
        native_id: The customer's record there.
        subject: One line.
        body: Why, and what is known; plain text.
        due_at: Until when it is to be done.
        owner: E-mail of who is to do it; None leaves that to the system.
        done: Whether the work is over. A task that is written again takes its new state.
    """

    key: str
    native_id: str
    subject: str
    body: str
    due_at: datetime
    owner: str | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """What staff are to know at a record, such as a ticket; the customer never sees it.

    Args:
        key: As of a :class:`Task`.
        native_id: The record there.
        body: Plain text.
    """

    key: str
    native_id: str
    body: str


Item = TypeVar("Item", Task, Note)


@dataclass(frozen=True, slots=True)
class Creator(Generic[Item]):
    """A kind of item that a system can be handed, each of which then stands there once.

    Args:
        stream: Stream whose records the items belong to; their source ids are the native ids.
        batch: Most items per call of ``write`` and ``find``.
        write: Creates them; one whose key is there already is updated. One bad item never sinks the
            others. ``RowResult.trace`` is the item's key, ``reference`` its native id.
        find: Native ids, by key, of those that are there: asked before anything whose outcome is
            unknown is sent again.
        provision: Creates what the system needs to keep the keys; returns the names it created.
    """

    stream: str
    batch: int
    write: Callable[[Context, Sequence[Released[Item]]], Sequence[RowResult]]
    find: Callable[[Context, Sequence[Item]], Mapping[str, str]]
    provision: Callable[[Context], Sequence[str]] | Unsupported = Unsupported(
        "the system keeps keys as it is"
    )


# --- webhooks, check, emulator ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request by which a vendor told of a change, as it arrived.

    Args:
        method: HTTP method, upper case.
        url: Where the vendor sent it, query included: some vendors sign it. It is the path as
            called, under the public address that the connection's settings name, if they do.
        headers: By name in lower case.
        body: The raw bytes; they are what was signed.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Webhook:
    """A verified push from the vendor becomes pages on the ordinary path.

    The pages' ``next_state`` is ignored: a delivery says nothing about what else has changed, so
    polling goes on from its own checkpoint.

    Args:
        verify: Raises ``SkipRecord`` if signature or time is wrong (``hub.core.webhooks``).
        parse: Delivery to (stream name, page) pairs, of the streams that ``ctx.reads``. A delivery
            that names only ids is completed here, by asking the vendor; it may be parsed twice
            after a crash.
        event_id: Identifies a delivery, so that a repeated one is stored once. Called after
            ``verify``.
        rereads: Whether ``parse`` asks the vendor for every record that it returns. If not, its
            rows are as old as the delivery, and one that comes late must not undo a newer one: the
            hub drops rows whose ``Stream.updated`` is older than what it holds.
    """

    verify: Callable[[Context, Delivery], None]
    parse: Callable[[Context, Delivery], Sequence[tuple[str, Page]]]
    event_id: Callable[[Delivery], str]
    rereads: bool = False


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


Offer = Creator[Item] | Unsupported
Offered = Offer[Item] | Callable[[Any], Offer[Item]]
"""What a system can be handed, or a function of the settings where they decide."""


@dataclass(frozen=True, slots=True)
class Connector:
    """Everything the hub knows about one kind of system.

    Args:
        name: Name in ``connector = "…"``; equals the entry-point name.
        summary: One line for ``hub connectors list``.
        config: Settings that an admin writes under ``[connections.NAME.settings]``.
        streams: The streams, or a function of the settings for systems whose streams are
            configured (CSV).
        http: Base URL, credential and limits for these settings; Unsupported without a wire.
        check: Looks at credential, scopes and limits without changing anything.
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
        read_back: Confirms a consent change: what the vendor now says.
        guess: Proposes settings for a file of the admin's, as commented TOML.
    """

    name: str
    summary: str
    config: type[BaseModel]
    streams: tuple[Stream, ...] | Callable[[Any], tuple[Stream, ...]]
    check: Callable[[Context], Sequence[CheckItem]]
    http: Callable[[Any], Http] | Unsupported = Unsupported("files, no wire")
    writers: tuple[Writer, ...] | Callable[[Any], tuple[Writer, ...]] = ()
    tasks: Offered[Task] = Unsupported("the system keeps no tasks")
    notes: Offered[Note] = Unsupported("the system keeps no notes for staff")
    webhooks: Mapping[str, Webhook] | Callable[[Any], Mapping[str, Webhook]] | Unsupported = (
        Unsupported("polling is complete on its own")
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
        if isinstance(self.webhooks, Unsupported):
            return {}
        return self.webhooks(config) if callable(self.webhooks) else self.webhooks
