"""Which rows of a page are new or changed, and what they map to.

An unchanged row costs a hash and a look-up; it is not even validated. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
import orjson
from pydantic import ValidationError
from sqlalchemy import Connection, select

from hub.core.connector import Page, Row, Stream, Tombstones
from hub.core.errors import SkipRecord
from hub.core.ids import Rid
from hub.core.plugins import defect
from hub.core.records import Record, decode, encode, mistake
from hub.store.keys import Keys
from hub.store.quarantine import BadRow
from hub.store.records import Known, chunks, known
from hub.store.schema import source_records
from hub.store.suppression import Suppression

MAX_ROW_BYTES = 1_000_000
"""A larger row is a defect of the source, not a customer; it goes to quarantine."""

LONGEST_KEY = 512
"""Characters of a source id: what PostgreSQL's indexes take in any script."""


class Keyed(NamedTuple):
    """A row with its identity and the keyed hash of its declared projection."""

    row: Row
    source_id: str
    raw: bytes
    fingerprint: bytes
    place: str


@dataclass(slots=True)
class Compared:
    """What the store already knows of a page's rows."""

    changed: list[tuple[Keyed, Known | None]] = field(default_factory=list)
    unchanged: list[Rid] = field(default_factory=list)
    duplicates: int = 0
    suppressed: int = 0
    tombstones: list[str] = field(default_factory=list)


class Mapped(NamedTuple):
    """A changed row as a canonical record, beside the version it replaces."""

    keyed: Keyed
    held: Known | None
    record: Record
    canonical: bytes
    previous: Record | None


class Comparer:
    """Compares and maps the rows of one stream.

    Args:
        connection_name: Name in ``hub.toml``.
        stream: The stream's declaration.
        stream_id: Its row id.
        mapping: Fingerprint of the mapping in use: a new mapping makes every row a changed one.
        keys: Keyed hashes of this installation.
    """

    def __init__(
        self, connection_name: str, stream: Stream, stream_id: int, mapping: bytes, keys: Keys
    ) -> None:
        self._name = connection_name
        self._stream = stream
        self._stream_id = stream_id
        self._mapping = mapping
        self._keys = keys
        self._suppression = Suppression(keys)

    def key(self, page: Page) -> tuple[list[Keyed], list[BadRow]]:
        """Every row with its key and fingerprint; rows without a key are bad."""
        places = page.places or [""] * len(page.rows)
        keyed: list[Keyed] = []
        bad = [self.bad(r.where, r.raw, r.reason, r.message) for r in page.rejects]
        for row, place in zip(page.rows, places, strict=True):
            item = self._keyed(row, place)
            if isinstance(item, Keyed):
                keyed.append(item)
            else:
                bad.append(item)
        return keyed, bad

    def _keyed(self, row: Row, place: str) -> Keyed | BadRow:
        try:
            raw = _json(row)
        except TypeError as err:
            return self.bad(place, repr(row).encode(), "not-json", f"the row is not JSON: {err}")
        try:
            source_id = _usable(self._stream.key_of(row))
        except KeyError as err:
            return self.bad(place, raw, "no-key", f"the row has no key ({err})")
        except SkipRecord as err:
            return self.bad(place, raw, err.reason, str(err))
        return Keyed(row, source_id, raw, self._fingerprint(row, raw), place)

    def compare(self, connection: Connection, rows: Sequence[Keyed]) -> Compared:
        """What is new, changed, unchanged, suppressed or deleted among ``rows``."""
        latest = {row.source_id: row for row in rows}  # the last of an in-page duplicate counts
        result = Compared(duplicates=len(rows) - len(latest))
        is_deleted = self._is_tombstone()
        found = known(connection, self._stream_id, list(latest))
        erased = self._suppression.suppressed(connection, self._name, self._stream.name, latest)
        for source_id, row in latest.items():
            held = found.get(source_id)
            if source_id in erased:
                result.suppressed += 1
            elif is_deleted is not None and is_deleted(row.row):
                result.tombstones.append(source_id)
            elif held and held.fingerprint == row.fingerprint and not held.deleted:
                result.unchanged.append(held.rid)
            else:
                result.changed.append((row, held))
        return result

    def map(
        self, connection: Connection, changed: Sequence[tuple[Keyed, Known | None]]
    ) -> tuple[list[Mapped], list[BadRow]]:
        """Canonical records of the changed rows; rows that cannot be mapped are bad."""
        previous = _canonicals(connection, [held.rid for _, held in changed if held])
        mapped: list[Mapped] = []
        bad: list[BadRow] = []
        for row, held in changed:
            result = self._map_row(row)
            if isinstance(result, BadRow):
                bad.append(result)
            else:
                before = previous.get(held.rid) if held else None
                mapped.append(Mapped(row, held, *result, before))
        return mapped, bad

    def bad(
        self, place: str, raw: bytes, reason: str, message: str, source_id: str | None = None
    ) -> BadRow:
        """A row for quarantine. Its digest recognises the same bad row on the next read."""
        digest = self._keys.fingerprint(f"{source_id or place}\0".encode() + raw)
        return BadRow(digest, place or source_id or "", reason, message, raw, source_id)

    def _fingerprint(self, row: Row, raw: bytes) -> bytes:
        ignore = self._stream.ignore
        if ignore:
            raw = _json({name: value for name, value in row.items() if name not in ignore})
        return self._keys.fingerprint(self._mapping + raw)

    def _is_tombstone(self) -> Callable[[Row], bool] | None:
        deletes = self._stream.deletes
        return deletes.is_deleted if isinstance(deletes, Tombstones) else None

    def _map_row(self, row: Keyed) -> tuple[Record, bytes] | BadRow:
        stream = self._stream
        try:
            _refuse_unstorable(row)
            data: Any = stream.model.model_validate(row.row) if stream.model else row.row
            canonical = encode(stream.map(data))
            return decode(canonical), canonical  # decoding checks the type of every field
        except SkipRecord as err:
            return self.bad(err.where or row.place, row.raw, err.reason, str(err), row.source_id)
        except ValidationError as err:
            reason, message = "bad-field", _first_error(err)
        except msgspec.ValidationError as err:
            reason, message = "bad-type", mistake(err)
        except (Exception, SystemExit) as err:  # noqa: BLE001 - plugin boundary
            reason, message = "mapping-raised", str(defect(f"the mapping of {stream.name}", err))
        return self.bad(row.place, row.raw, reason, message, row.source_id)


def _json(row: Mapping[str, Any]) -> bytes:
    return orjson.dumps(row, default=str, option=orjson.OPT_SORT_KEYS)


def _usable(source_id: str) -> str:
    """The key, if both databases can look it up."""
    if len(source_id) > LONGEST_KEY:
        raise SkipRecord(
            f"the key has {len(source_id):,} characters, the limit is {LONGEST_KEY}",
            reason="key-too-long",
        )
    if "\0" in source_id:
        raise SkipRecord("the key holds a NUL character", reason="nul")
    return source_id


def _refuse_unstorable(row: Keyed) -> None:
    if len(row.raw) > MAX_ROW_BYTES:
        raise SkipRecord(
            f"the row has {len(row.raw):,} bytes, the limit is {MAX_ROW_BYTES:,}",
            reason="row-too-large",
        )
    if b"\\u0000" in row.raw:
        raise SkipRecord("the row holds a NUL character", reason="nul")


def _first_error(err: ValidationError) -> str:
    first = err.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _canonicals(connection: Connection, rids: Sequence[Rid]) -> dict[Rid, Record]:
    found: dict[Rid, Record] = {}
    for chunk in chunks(rids):
        query = select(source_records.c.rid, source_records.c.canonical).where(
            source_records.c.rid.in_(chunk), source_records.c.canonical.is_not(None)
        )
        found.update({Rid(rid): decode(body) for rid, body in connection.execute(query)})
    return found
