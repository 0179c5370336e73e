"""The csv connector: streams and writers as the settings declare them."""

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
