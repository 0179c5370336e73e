"""``hub check --connect``: are the files there, readable, and do they have the declared columns?"""

from __future__ import annotations

import os
from collections.abc import Iterator

from connectors.csv.config import CsvSettings, StreamSettings
from connectors.csv.files import listed, survey
from connectors.csv.tables import open_table
from hub.core.connector import CheckItem, Context
from hub.core.errors import HubError


def check(ctx: Context) -> list[CheckItem]:
    """One line per stream and file, and one for the output folder; nothing is changed."""
    settings: CsvSettings = ctx.config
    items = [
        item
        for name, stream in settings.streams.items()
        for item in _stream(settings, name, stream)
    ]
    return [*items, *_output(settings)]


def _stream(settings: CsvSettings, name: str, stream: StreamSettings) -> Iterator[CheckItem]:
    try:
        paths = listed(settings, stream)
    except HubError as err:
        yield _failed(f"{name}: files", err)
        return
    yield CheckItem(f"{name}: files", ok=True, detail=f"{len(paths)} found")
    for file, path in paths.items():
        try:
            table = open_table(survey(path, file), stream)
        except HubError as err:
            yield _failed(f"{name}: {file}", err)
            continue
        detail = "empty" if table is None else f"{len(table.names)} columns, " + table.manner
        yield CheckItem(f"{name}: {file}", ok=True, detail=detail)


def _failed(what: str, err: HubError) -> CheckItem:
    """The message's last sentences are the fix: every error of the connector is written so."""
    detail, _, fix = str(err).partition(". ")
    return CheckItem(what, ok=False, detail=detail, fix=fix)


def _output(settings: CsvSettings) -> Iterator[CheckItem]:
    if settings.output is None:
        return
    folder = settings.output
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if folder.is_dir() and os.access(folder, os.W_OK):
        yield CheckItem("output", ok=True, detail=str(settings.output))
    else:
        fix = "Permit the hub's user to write there, or choose another output folder."
        yield CheckItem("output", ok=False, detail=f"{folder} is not a writable folder", fix=fix)
