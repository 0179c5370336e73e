"""The csv connector: streams and writers as the settings declare them.

The folder:

config.py       what an admin writes in hub.toml

reader.py       which files to read, from where on, in which pages
files.py        which files there are, and what changed since the last run
encoding.py     which encoding a file is in
tables.py       one file as a table: header, delimiter, windows of lines
parsing.py      lines to records, so that a bad line costs one line
keys.py         what identifies a record
occurrences.py  how often a key has occurred

mapping.py      rows as canonical records
targets.py      what a column can be mapped to
cells.py        the cell of a column as the value of a field
values.py       texts as numbers, dates, times and flags

writer.py       profiles as files
tasks.py        work as a file
merging.py      the files that the hub keeps itself, one line per key

check.py        what an admin must know before the first run

guess.py        settings for a file that nobody has described yet
meaning.py      what it is about, and which column is which field
vocabulary.py   what columns are called in real exports
notations.py    how it writes dates, numbers and money
scales.py       which question its scores answer
proposal.py     what was found, as lines of hub.toml
"""

from __future__ import annotations

from pathlib import Path
from zlib import crc32

from connectors.csv.check import check
from connectors.csv.config import MAPPING_SETTINGS, CsvSettings, StreamSettings
from connectors.csv.keys import LINE_KEY, column_key
from connectors.csv.mapping import compile_map
from connectors.csv.reader import stream_reader
from connectors.csv.tasks import tasks
from connectors.csv.writer import writers
from hub.core.connector import Connector, FullPass, Stream, Unsupported
from hub.core.records import ENTITIES

_NO_DELETES = Unsupported("the settings do not say delete_missing = true")


def streams(settings: CsvSettings) -> tuple[Stream, ...]:
    """One stream per table under ``streams``."""
    return tuple(_stream(settings, name, stream) for name, stream in settings.streams.items())


def _stream(settings: CsvSettings, name: str, stream: StreamSettings) -> Stream:
    return Stream(
        name=name,
        entity=ENTITIES[stream.entity],
        map=compile_map(stream),
        key=LINE_KEY if stream.by_line else column_key(stream.key),
        reader=stream_reader(settings, stream),
        deletes=FullPass(stream.max_delete_percent) if stream.whole_set else _NO_DELETES,
        mapping_version=_mapping_version(stream),
    )


def _mapping_version(stream: StreamSettings) -> int:
    """Another number for another mapping, so that stored rows are mapped again after an edit."""
    settings = stream.model_dump_json(include=set(MAPPING_SETTINGS))
    return crc32(settings.encode()) >> 1  # 31 bits fit every database's integer


def _guess(path: Path) -> str:
    from connectors.csv.guess import guess  # only `hub connectors read --guess` needs it

    return guess(path).as_toml()


CSV = Connector(
    name="csv",
    summary="Files of any dialect in (POS, customers, surveys, usage, …), profiles out.",
    config=CsvSettings,
    streams=streams,
    writers=writers,
    tasks=tasks,
    notes=Unsupported("nobody works on a record in a file"),
    check=check,
    guess=_guess,
    emulator=Unsupported("files need no double: a folder of them is one"),
    erase=Unsupported("exports belong to the system that wrote them; erase there"),
    write_consent=Unsupported("a file holds no state that others act on"),
    read_back=Unsupported("a file holds no state that others act on"),
    webhooks=Unsupported("files do not call; the schedule looks for changes"),
)
