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
from itertools import repeat
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
class Task:
    """One file to read; what lies before ``resume`` is only counted."""

    survey: Survey
    resume: Position | None = None


def stream_reader(settings: CsvSettings, stream: StreamSettings) -> Reader:
    """The reader of one stream.

    Raises (while reading):
        Unavailable: If there is no file, or one cannot be read.
        StopRun: If a file is damaged, has no such column or an unclear encoding.
    """
    reading = _fingerprint(stream)

    def read(ctx: Context, state: State) -> Iterator[Page]:
        known = Checkpoint(reading=reading)
        if state.get("reading") == reading:
            known = msgspec.convert(state, Checkpoint)
        paths = listed(settings, stream)  # 1
        tasks, files = (_plan_set if stream.whole_set else _plan_each)(paths, known)  # 2
        if tasks or files != known.files:
            begins = stream.whole_set and not any(task.resume for task in tasks)
            yield from _Pass(ctx, stream, reading, files, begins).pages(tasks)

    return read


def _fingerprint(stream: StreamSettings) -> str:
    """Changes when other settings would yield other rows; the mapping does not matter here."""
    settings = stream.model_dump_json(exclude=set(MAPPING_SETTINGS))
    names = " ".join(stream.columns_used)  # their spelling is the spelling in the row
    return blake2b((settings + names).encode(), digest_size=8).hexdigest()


# --- 2 plan ----------------------------------------------------------------------------------


def _plan_each(
    paths: Mapping[str, Path], known: Checkpoint
) -> tuple[list[Task], dict[str, FileState]]:
    """Each file by itself: tasks, and what stays true of files while they are worked off."""
    tasks: list[Task] = []
    kept: dict[str, FileState] = {}
    for name, path in paths.items():
        before = known.files.get(name)
        if before and is_untouched(path, before):
            kept[name] = before
            continue
        found = survey(path, name, before)
        if before and _same_content(found, before) and before.done:
            kept[name] = _settled(found, before)
        else:
            resume = before if before and found.extends else None
            tasks.append(Task(found, _stood(resume) if resume else None))
            if resume:
                kept[name] = resume
    return tasks, kept


def _plan_set(
    paths: Mapping[str, Path], known: Checkpoint
) -> tuple[list[Task], dict[str, FileState]]:
    """All files or none: tasks, and what is known of files when there is nothing to do."""
    if not known.open and _all_untouched(paths, known):
        return [], known.files
    found = [survey(path, name, known.files.get(name)) for name, path in paths.items()]
    same = all(_same_content(s, known.files[s.name]) for s in found if s.name in known.files)
    same = same and known.files.keys() <= paths.keys()
    if same and not known.open and known.files.keys() == paths.keys():
        return [], {s.name: _settled(s, known.files[s.name]) for s in found}
    if same and known.open:
        before = known.files
        return [
            Task(s, _stood(before[s.name]) if s.name in before else None) for s in found
        ], before
    return [Task(s) for s in found], {}


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

    def pages(self, tasks: list[Task]) -> Iterator[Page]:
        """The pages of ``tasks``."""
        for task in tasks:
            table = open_table(task.survey, self.stream)
            if table is None:
                self.ctx.log.warning("%s is empty", task.survey.name)
                self._note(task.survey, Position(0, 1), done=True)
            else:
                yield from self._file(table, task)
        yield self._page(last=True)  # 5

    def _file(self, table: Table, task: Task) -> Iterator[Page]:
        self.ctx.log.info("%s: reading as %s", table.format.name, table.format.encoding.codec)
        by_line = self.stream.by_line
        keys_of = (keys_by_line if by_line else keys_by_column)(table.names, self.stream.key)
        counting = by_line or self.stream.duplicates == "reject"
        if not by_line:
            self.seen = _none_seen()
        stand = table.begin
        if task.resume and task.resume.at > stand.at:  # 3
            for piece in table.pieces(stand, task.resume.at) if counting else ():
                self.seen.number(keys_of(piece.parsed.rows))
            stand = task.resume
        for piece in table.pieces(stand, task.survey.state.length):
            keys = keys_of(piece.parsed.rows)
            numbers = self.seen.number(keys) if counting else [1] * len(keys)
            self._take(table, piece, keys, numbers)  # 4
            self.bytes += piece.next.at - stand.at
            stand = piece.next
            self._note(task.survey, stand)
            if len(self.rows) + len(self.rejects) >= _ENOUGH or self.bytes >= _LARGE:
                yield self._page()
        self._note(task.survey, stand, done=True)

    def _note(self, file: Survey, stand: Position, *, done: bool = False) -> None:
        state = replace(file.state, at=stand.at, line=stand.line, done=done)
        self.files = {**self.files, file.name: state}

    def _take(self, table: Table, piece: Piece, keys: list[str], numbers: list[int]) -> None:
        parsed, window, names = piece.parsed, piece.window, table.names
        self.rejects += parsed.rejects
        refused = self._refused(keys, numbers)
        if self.stream.by_line:
            names = (*names, LINE_KEY)
            for fields, key, number in zip(parsed.rows, keys, numbers, strict=True):
                fields.append(f"{key}|{number}")
        rows = map(dict, map(zip, repeat(names), parsed.rows))  # in C: half the time of a loop
        if not refused:
            self.rows += rows
            self.places += [f"{table.format.name}:{window.first + s}" for s in parsed.starts]
            return
        column = names.index(self.stream.key[0]) + 1
        skips = self.stream.without_key == "skip"
        for index, row in enumerate(rows):
            start = parsed.starts[index]
            if skips and refused.get(index) is _NO_KEY:
                continue
            if index in refused:
                fault = dataclasses.replace(refused[index], column=column)
                self.rejects.append(window.reject(start, parsed.ends[index], fault))
            else:
                self.rows.append(row)
                self.places.append(f"{table.format.name}:{window.first + start}")

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
