"""Reading: a stream's reader yields pages of rows, and its map makes records of them.

How a stream is read in part (``Since``), and how it shows what is gone (``Deletes``), is declared
rather than coded, so that the hub can keep checkpoints and refuse a deletion that looks wrong.
"""

# ruff: noqa: RUF009 - Unsupported is frozen: a default that all may share

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel

from hub.core.contract.context import Context, Unsupported
from hub.core.records import Record

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Row = dict[str, Any]
"""One source record as received: unknown fields kept, every field nullable."""
State = dict[str, Any]
"""A stream's checkpoint: JSON, opaque to the hub, meaningful to its reader."""


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
