"""Unified profiles as a file, one line per customer, in the order of their golden ids.

JSON lines are the stored ``unified_profile_v1`` bodies, byte for byte. CSV has one column per leaf
of the profile, named by its path, with the leaf's value; source, time and confidence of each value
are in the JSON lines. Either way memory does not grow with the number of customers.

An export is not asked for by a system but by a person, so it does not pass the gate; with a
judgement of quality, the values that a system would not be given are left out, and say why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Literal, TypeAlias

import orjson
from sqlalchemy import Connection, select

from hub.core.connector import Json, Value
from hub.core.writers import line
from hub.exports.delivery import Content
from hub.profile.quality import Quality
from hub.store.schema import profiles

Form: TypeAlias = Literal["jsonl", "csv", "spreadsheet"]

PAGE = 500
"""Profiles fetched from the database at once."""

SECTIONS = (
    "who",
    "relationship",
    "value",
    "service",
    "voice",
    "risk",
    "suppress",
    "permission",
    "card",
)
"""Order of the columns: as the shape is documented, then by name."""


Judged: TypeAlias = Callable[[bytes], bytes]
"""What is written in place of a stored body."""


def as_stored(body: bytes) -> bytes:
    """The body itself."""
    return body


def content(connection: Connection, form: Form, judged: Judged = as_stored) -> Content:
    """Every profile in ``form``, read while it is written."""
    if form == "jsonl":
        return Content("", (judged(b).decode() + "\n" for b in _bodies(connection)))
    columns = _columns(_rows(connection, judged))  # a first pass: the header comes before the rows
    rows = ([row.get(name) for name in columns] for row in _rows(connection, judged))
    return table(columns, rows, form)


def fit_to_leave(quality: Quality, now: datetime) -> Judged:
    """Puts the reason in the place of every value that is in doubt."""

    def judged(body: bytes) -> bytes:
        profile = orjson.loads(body)
        for group, fields in profile.items():
            for name, leaf in fields.items() if isinstance(fields, dict) else ():
                doubt = quality.doubt(f"{group}.{name}", leaf, now)
                if doubt is not None:
                    fields[name] = {"value": None, "status": f"withheld: {doubt}"}
        return orjson.dumps(profile, option=orjson.OPT_SORT_KEYS)

    return judged


def table(columns: Sequence[str], rows: Iterable[Sequence[Value]], form: Form) -> Content:
    """Rows under a header, as typed CSV or for a spreadsheet."""
    guard = form == "spreadsheet"
    header = ("\ufeff" if guard else "") + line(columns)  # the mark tells spreadsheets: UTF-8
    return Content(header, (line(row, guard=guard) for row in rows))


def leaves(profile: Mapping[str, Json]) -> Iterator[tuple[str, Value]]:
    """Path and value of each leaf.

    >>> dict(leaves({"golden_id": "g1", "who": {"emails": {"value": ["a@b.c", "d@e.f"]}}}))
    {'golden_id': 'g1', 'who.emails': 'a@b.c; d@e.f'}
    """
    for name, node in profile.items():  # the section "value" is no leaf, so its name is not asked
        if isinstance(node, dict):
            for path, value in node.items():
                yield from _leaves(f"{name}.{path}", value)
        else:
            yield name, _cell(node)


def _leaves(path: str, node: Json) -> Iterator[tuple[str, Value]]:
    if not isinstance(node, dict):
        yield path, _cell(node)
    elif "value" in node:
        yield path, _cell(node["value"])
    else:
        for name, child in node.items():
            yield from _leaves(f"{path}.{name}", child)


def _cell(value: Json) -> Value:
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return "; ".join(str(item) for item in value)
    if isinstance(value, dict | list):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return value


def _columns(rows: Iterable[Mapping[str, Value]]) -> list[str]:
    paths: dict[str, None] = {}
    for row in rows:
        paths.update(dict.fromkeys(row))
    return sorted(paths, key=_place)


def _place(path: str) -> tuple[int, str]:
    section, _, rest = path.partition(".")
    if not rest:
        return -1, path
    return (SECTIONS.index(section) if section in SECTIONS else len(SECTIONS)), path


def _rows(connection: Connection, judged: Judged) -> Iterator[dict[str, Value]]:
    return (dict(leaves(orjson.loads(judged(body)))) for body in _bodies(connection))


def _bodies(connection: Connection) -> Iterator[bytes]:
    query = select(profiles.c.body).order_by(profiles.c.golden_id)
    with closing(connection.execute(query.execution_options(yield_per=PAGE))) as result:
        for body in result.scalars():
            yield bytes(body)
