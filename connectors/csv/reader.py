"""Pages of a stream: which files to read from where, and the key of every record.

1. List the files; look through those that size and time of change do not vouch for.
2. Plan. A finished file is not read again, one that grew goes on where it stood, one that was
   replaced is read anew. Where the files are one set (keys by line, or deletion by absence), any
   change reads the whole set again.
3. Read piece by piece. What a resumed pass has behind it is only counted, so that the number of a
   repeated line is the same as in one go.
4. Key and number the records; refuse what has no key or a repeated one.
5. Yield a page with its checkpoint; the last one of a whole set says that the pass was complete.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import compress, repeat
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from connectors.csv.config import MAPPING_SETTINGS, CsvSettings, StreamSettings
from connectors.csv.files import FileState, Survey, is_untouched, listed, survey
from connectors.csv.keys import LINE_KEY, keys_by_column, keys_by_line
from connectors.csv.parsing import Fault
from connectors.csv.tables import Piece, Position, Table, open_table
from hub.core.connector import Context, Page, Reader, Reject, Row, State
from hub.core.conversion import convert

if TYPE_CHECKING:
    from connectors.csv.occurrences import Occurrences

_ENOUGH = 1_000  # records; a piece holds about two thousand, so a page is one piece or a few
_LARGE = 4 << 20  # bytes
_LONGEST_KEY = 512

_NO_KEY = Fault("missing-key", "the key is empty. Fill it at its source, or choose other columns")
_LONG_KEY = Fault(
    "key-too-long", f"the key is longer than {_LONGEST_KEY} characters. Choose others"
)
_REPEATED = Fault(
    "duplicate-key",
    "the key stands already on an earlier line of this file. Choose more columns as key; or set "
    'key_mode = "columns+line" if lines have no key, duplicates = "last" if later lines replace '
    "earlier ones",
)


class Checkpoint(Struct, frozen=True, kw_only=True):
    """What a stream remembers between runs.

    Args:
        reading: Fingerprint of the settings that decide which rows there are.
        open: Whether a pass over the whole set is under way.
        files: What is known of each file.
    """

    reading: str
    open: bool = False
    files: dict[str, FileState] = msgspec.field(default_factory=dict)

    def as_state(self) -> State:
        """JSON for the store."""
        state: State = msgspec.to_builtins(self)
        return state


@dataclass(frozen=True, slots=True)
class Reading:
    """One file to read; what lies before ``resume`` is only counted."""

    survey: Survey
    resume: Position | None = None


def stream_reader(settings: CsvSettings, stream: StreamSettings) -> Reader:
    """The reader of one stream.

    Raises (while reading):
        Unavailable: If there is no file, or one cannot be read.
        StopRun: If a file is damaged, has no such column or an unclear encoding.
    """
    fingerprint = _fingerprint(stream)

    def read(ctx: Context, state: State) -> Iterator[Page]:
        known = Checkpoint(reading=fingerprint)
        if state.get("reading") == fingerprint:
            known = convert(state, Checkpoint)
        paths = listed(settings, stream)  # 1
        plan, files = (_plan_set if stream.whole_set else _plan_each)(paths, known)  # 2
        if plan or files != known.files:
            begins = stream.whole_set and not any(file.resume for file in plan)
            yield from _Pass(ctx, stream, fingerprint, files, begins).pages(plan)

    return read


def _fingerprint(stream: StreamSettings) -> str:
    """Changes when other settings would yield other rows; the mapping does not matter here."""
    settings = stream.model_dump_json(exclude=set(MAPPING_SETTINGS))
    names = " ".join(stream.columns_used)  # their spelling is the spelling in the row
    return blake2b((settings + names).encode(), digest_size=8).hexdigest()


# --- 2 plan ----------------------------------------------------------------------------------


def _plan_each(
    paths: Mapping[str, Path], known: Checkpoint
) -> tuple[list[Reading], dict[str, FileState]]:
    """Each file by itself: what to read, and what stays true of files until it is read."""
    plan: list[Reading] = []
    kept: dict[str, FileState] = {}
    for name, path in paths.items():
        before = known.files.get(name)
        if before and is_untouched(path, before):
            kept[name] = before
            continue
        found = survey(path, name, before)
        if before and _same_content(found, before) and before.done:
            kept[name] = _settled(found, before)
        elif before and found.extends:
            kept[name] = before
            plan.append(Reading(found, _stood(before)))
        else:
            plan.append(Reading(found))
    return plan, kept


def _plan_set(
    paths: Mapping[str, Path], known: Checkpoint
) -> tuple[list[Reading], dict[str, FileState]]:
    """All files or none: what to read, and what is known of files until it is read."""
    if not known.open and _all_untouched(paths, known):
        return [], known.files
    found = [survey(path, name, known.files.get(name)) for name, path in paths.items()]
    same = [each for each in found if _is_unchanged(each, known)]
    if len(same) == len(known.files):  # none has changed, none has gone
        if known.open:  # the pass that is under way goes on
            stood = {name: _stood(before) for name, before in known.files.items()}
            return [Reading(each, stood.get(each.name)) for each in found], known.files
        if len(same) == len(found):  # none has come
            return [], {each.name: _settled(each, known.files[each.name]) for each in found}
    return [Reading(each) for each in found], {}


def _is_unchanged(found: Survey, known: Checkpoint) -> bool:
    before = known.files.get(found.name)
    return before is not None and _same_content(found, before)


def _all_untouched(paths: Mapping[str, Path], known: Checkpoint) -> bool:
    return known.files.keys() == paths.keys() and all(
        is_untouched(path, known.files[name]) for name, path in paths.items()
    )


def _same_content(found: Survey, before: FileState) -> bool:
    return (found.state.length, found.state.digest) == (before.length, before.digest)


def _settled(found: Survey, before: FileState) -> FileState:
    """A finished file that was only touched: its new time of change, its old progress."""
    return replace(found.state, at=before.at, line=before.line, done=True)


def _stood(before: FileState) -> Position:
    return Position(before.at, before.line)


# --- 3-5 read --------------------------------------------------------------------------------


@dataclass(slots=True)
class _Pass:
    """One reading of some files.

    Args:
        ctx: The connection.
        stream: Its settings for this stream.
        reading: Fingerprint for the checkpoint.
        files: What is known of each file so far.
        begins: Whether the next page is the first of a pass over the whole set.
        seen: Keys so far, of the whole set or of the current file.
    """

    ctx: Context
    stream: StreamSettings
    reading: str
    files: dict[str, FileState]
    begins: bool
    seen: Occurrences = field(default_factory=lambda: _none_seen())
    rows: list[Row] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    bytes: int = 0

    def pages(self, plan: list[Reading]) -> Iterator[Page]:
        """The pages of the files in ``plan``."""
        for file in plan:
            table = open_table(file.survey, self.stream)
            if table is None:
                self.ctx.log.warning("%s is empty", file.survey.name)
                self._note(file.survey, Position(0, 1), done=True)
            else:
                yield from self._file(table, file)
        yield self._page(last=True)  # 5

    def _file(self, table: Table, file: Reading) -> Iterator[Page]:
        self.ctx.log.info("%s: reading as %s", table.format.name, table.format.encoding.codec)
        by_line = self.stream.by_line
        keys_of = (keys_by_line if by_line else keys_by_column)(table.names, self.stream.key)
        counting = by_line or self.stream.duplicates == "reject"
        if not by_line:
            self.seen = _none_seen()
        stand = table.begin
        if file.resume and file.resume.at > stand.at:  # 3
            for piece in table.pieces(stand, file.resume.at) if counting else ():
                self.seen.number(keys_of(piece.parsed.rows))
            stand = file.resume
        for piece in table.pieces(stand, file.survey.state.length):
            keys = keys_of(piece.parsed.rows)
            numbers = self.seen.number(keys) if counting else [1] * len(keys)
            self._take(table, piece, keys, numbers)  # 4
            self.bytes += piece.next.at - stand.at
            stand = piece.next
            self._note(file.survey, stand)
            if len(self.rows) + len(self.rejects) >= _ENOUGH or self.bytes >= _LARGE:
                yield self._page()
        self._note(file.survey, stand, done=True)

    def _note(self, file: Survey, stand: Position, *, done: bool = False) -> None:
        state = replace(file.state, at=stand.at, line=stand.line, done=done)
        self.files = {**self.files, file.name: state}

    def _take(self, table: Table, piece: Piece, keys: list[str], numbers: list[int]) -> None:
        """The rows of a piece, and the place where each stood, but for those that are refused."""
        parsed, first, names = piece.parsed, piece.window.first, table.names
        self.rejects += parsed.rejects
        if self.stream.by_line:
            names = (*names, LINE_KEY)
            for fields, key, number in zip(parsed.rows, keys, numbers, strict=True):
                fields.append(f"{key}|{number}")
        # In C: half the time of a loop.
        rows: Iterator[Row] = map(dict, map(zip, repeat(names), parsed.rows))
        places: Iterator[str] = (f"{table.format.name}:{first + start}" for start in parsed.starts)
        refused = self._refused(keys, numbers)
        if refused:
            kept = [index not in refused for index in range(len(keys))]
            rows, places = compress(rows, kept), compress(places, kept)
            self._reject(table, piece, refused)
        self.rows += rows
        self.places += places

    def _reject(self, table: Table, piece: Piece, refused: Mapping[int, Fault]) -> None:
        """What is refused, as it came; lines without a key only if the settings want them."""
        column = table.names.index(self.stream.key[0]) + 1
        for index, fault in refused.items():
            if fault is _NO_KEY and self.stream.without_key == "skip":
                continue
            start, end = piece.parsed.starts[index], piece.parsed.ends[index]
            told = dataclasses.replace(fault, column=column)
            self.rejects.append(piece.window.reject(start, end, told))

    def _refused(self, keys: list[str], numbers: list[int]) -> dict[int, Fault]:
        """Faults of keys, by index."""
        by_line = self.stream.by_line
        longest, most = max(map(len, keys), default=1), max(numbers, default=1)
        if "" not in keys and longest <= _LONGEST_KEY and (most == 1 or by_line):
            return {}
        found = (_fault(k, n, by_line=by_line) for k, n in zip(keys, numbers, strict=True))
        return {index: fault for index, fault in enumerate(found) if fault}

    def _page(self, *, last: bool = False) -> Page:
        whole = self.stream.whole_set
        checkpoint = Checkpoint(reading=self.reading, open=whole and not last, files=self.files)
        page = Page(
            rows=self.rows,
            next_state=checkpoint.as_state(),
            rejects=self.rejects,
            places=self.places,
            complete=whole and last,
            begins=self.begins,
        )
        self.begins = False
        self.rows, self.places, self.rejects, self.bytes = [], [], [], 0
        return page


def _none_seen() -> Occurrences:
    from connectors.csv.occurrences import Occurrences  # numpy loads when a file is read

    return Occurrences()


def _fault(key: str, number: int, *, by_line: bool) -> Fault | None:
    if not key:
        return _NO_KEY
    if len(key) > _LONGEST_KEY:
        return _LONG_KEY
    return _REPEATED if number > 1 and not by_line else None
