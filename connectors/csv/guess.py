"""A proposal for ``hub.toml``, read off a file: what ``hub connectors read FILE --guess`` prints.

1. Encoding, delimiter and columns as the reader itself finds them.
2. The entity whose usual column names fit best, and its fields.
3. Notations from a sample: decimal mark, thousands, order of day and month.
4. The key: a column that names every line, or the line itself.

It is a proposal: what it could not know, and what is ambiguous, stands in it as a comment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from connectors.csv.config import StreamSettings
from connectors.csv.encoding import Encoding
from connectors.csv.files import survey
from connectors.csv.tables import Table, open_table
from connectors.csv.targets import Target, missing, targets
from connectors.csv.values import (
    BadValue,
    Notation,
    choice_reader,
    instant_reader,
    number_reader,
)
from connectors.csv.vocabulary import FIELDS, PARTY_BY, assigned, plain, score
from hub.core.errors import StopRun

_SAMPLE = 20_000  # records: enough to meet a day beyond the twelfth and a key that repeats
_ENOUGH = 0.98  # of the texts of a column; a few may be faulty
_DATES = ("iso", "day-first", "month-first", "unix-ms", "unix", "%d-%b-%Y", "%d %b %Y", "%Y%m%d")
_MARKS = ((".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", " "), (".", "'"))
_SIGN = re.compile(r"^(?P<before>[^\d\s.,()+-]{1,3})?\s*[\d(].*?\s*(?P<after>[^\d\s.,()+-]{1,3})?$")
_NAMES_A_LINE = re.compile(
    "(id|no|nr|nummer|number|key|code|ref|entry|event|ticket|response|review)$"
)
_SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "rating": (1, 5), "stars": (1, 5)}

Texts = Mapping[str, list[str]]
"""Column to its texts that are not empty."""
Toml = str | bool | int | tuple[str, ...] | dict[str, Any]
"""A setting; tables nest."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Settings for one file.

    Args:
        file: The file.
        settings: The stream's settings, columns apart.
        columns: Field to column.
        notes: What to check or to add before it works.
    """

    file: Path
    settings: Mapping[str, Toml]
    columns: Mapping[str, Toml]
    notes: tuple[str, ...]

    def as_toml(self, connection: str = "files") -> str:
        """The proposal as it goes into ``hub.toml``."""
        stream = re.sub(r"\W+", "_", self.file.name.split(".")[0].casefold()).strip("_0123456789")
        table = f"connections.{connection}.settings"
        lines = [
            f"[connections.{connection}]",
            'connector = "csv"',
            "",
            f"[{table}]",
            f"folder = {_toml(str(self.file.parent))}",
            "",
            *(f"# {note}" for note in self.notes),
            f"[{table}.streams.{stream or 'lines'}]",
            *(f"{name} = {_toml(value)}" for name, value in self.settings.items()),
            "",
            f"[{table}.streams.{stream or 'lines'}.columns]",
            *(f"{name} = {_toml(value)}" for name, value in self.columns.items()),
        ]
        return "\n".join(lines) + "\n"


def _toml(value: Toml) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def guess(path: Path) -> Proposal:
    """A proposal for reading ``path``.

    Raises:
        StopRun: If the file is empty, damaged or in no known encoding.
        Unavailable: If it cannot be read.
    """
    table = _opened(path)  # 1
    texts = _sampled(table)
    entity, fields = _entity(list(texts))  # 2
    kinds = targets(entity)
    notation, doubts = _notation(texts, fields, kinds)  # 3
    key, key_notes = _key(table, texts, fields)  # 4
    constants = _constants(entity, fields)
    needed = missing(kinds, {f.split(".")[0] for f in fields} | constants.keys())
    used = {*fields.values(), *key["key"]}
    unmapped = [column for column in texts if column not in used]
    notes = [
        f"A proposal for {path.name}, {table.manner}.",
        *(f"NEEDED: {name}, as a column or under constants." for name in needed),
        *doubts,
        *_choices(texts, fields, kinds),
        *key_notes,
        *([f"Not mapped: {', '.join(unmapped)}."] if unmapped else []),
    ]
    settings: dict[str, Toml] = {"files": path.name, "entity": entity, **key}
    settings |= _manner(table) | notation
    settings |= {"constants": constants} if constants else {}
    settings |= _cancelled(texts, fields)
    return Proposal(path, settings, _columns(texts, fields, kinds), tuple(notes))


# --- 1 the table -----------------------------------------------------------------------------


def _opened(path: Path) -> Table:
    nothing_declared = StreamSettings.model_construct(
        files=path.name, entity="person", key=(), columns={}
    )
    table = open_table(survey(path, path.name), nothing_declared)
    if table is None:
        raise StopRun(f"{path.name} is empty. Take a file with at least a header.", code="HUB-125")
    return table


def _sampled(table: Table) -> Texts:
    length = table.survey.state.length
    rows = (fields for piece in table.pieces(table.begin, length) for fields in piece.parsed.rows)
    columns = list(zip(*islice(rows, _SAMPLE), strict=True)) or [()] * len(table.names)
    return {
        name: [text.strip() for text in column if text.strip()]
        for name, column in zip(table.names, columns, strict=True)
    }


def _manner(table: Table) -> dict[str, Toml]:
    """What the reader finds by itself stays out; Windows-1252 is too weak a finding for that."""
    return {"encoding": "windows-1252"} if table.format.encoding == Encoding("cp1252") else {}


# --- 2 entity and fields ---------------------------------------------------------------------


def _entity(columns: list[str]) -> tuple[str, dict[str, str]]:
    found = {entity: assigned(entity, columns) for entity in FIELDS}
    entity = max(found, key=lambda name: score(name, found[name]))
    return entity, found[entity]


def _columns(
    texts: Texts, fields: Mapping[str, str], kinds: Mapping[str, Target]
) -> dict[str, Toml]:
    columns: dict[str, Any] = {}
    for field, column in fields.items():
        target, _, part = field.partition(".")
        if part:
            columns.setdefault(target, {})[part] = column
        elif kinds[field].kind == "texts":
            columns[field] = (column,)
        else:
            columns[field] = _described(column, texts[column], kinds[field])
    return columns


def _described(column: str, texts: list[str], target: Target) -> Toml:
    if target.kind != "party":
        return column
    found: dict[str, Any] = {}
    if texts and all(re.fullmatch(r"\d+\.0", text) for text in texts):
        found["drop_suffix"] = ".0"
    if by := PARTY_BY.get(plain(column)):
        found["by"] = by
    return {"column": column, **found} if found else column


def _choices(texts: Texts, fields: Mapping[str, str], kinds: Mapping[str, Target]) -> Iterator[str]:
    """Words of a column that the field does not know by themselves."""
    for field, column in fields.items():
        if field in kinds and kinds[field].kind == "choice":
            read = choice_reader(kinds[field].choices)
            other = sorted({text for text in texts[column] if not all(_is_read(read, [text]))})
            if other:
                shown = ", ".join(other[:12])
                yield (
                    f"NEEDED: {field} = {{ column = {_toml(column)}, values = {{ … }} }}, which "
                    f"says what these mean: {shown}. Known: {', '.join(kinds[field].choices)}."
                )


def _constants(entity: str, fields: Mapping[str, str]) -> dict[str, Toml]:
    name = re.sub("score$", "", plain(fields.get("score", "")))
    if entity != "feedback" or "instrument" in fields or name not in _SCALES:
        return {}
    low, high = _SCALES[name]
    instrument = "rating" if name == "stars" else name
    return {"instrument": instrument, "scale_min": low, "scale_max": high}


def _cancelled(texts: Texts, fields: Mapping[str, str]) -> dict[str, Toml]:
    """Receipt numbers of which a few begin with a C mark credited receipts."""
    column = fields.get("order_ref", "")
    numbers = texts.get(column, [])
    credited = sum(bool(re.fullmatch(r"C\d+", number)) for number in numbers)
    if 0 < credited < len(numbers) / 4:
        return {"cancelled_when": {"column": column, "starts_with": "C"}}
    return {}


# --- 3 notations -----------------------------------------------------------------------------


def _notation(
    texts: Texts, fields: Mapping[str, str], kinds: Mapping[str, Target]
) -> tuple[dict[str, Toml], list[str]]:
    def of(*wanted: str) -> list[list[str]]:
        return [texts[c] for f, c in fields.items() if f in kinds and kinds[f].kind in wanted]

    dates, date_notes = _dates(of("instant", "day"))
    numbers, number_notes = _numbers(of("number", "money", "integer", "float"))
    zone = {"timezone": "UTC"} if dates and dates.get("dates") != ("unix",) else {}
    zone_note = ["Times without a zone are taken for UTC: set timezone."] if zone else []
    return {**dates, **zone, **numbers}, date_notes + zone_note + number_notes


def _dates(columns: list[list[str]]) -> tuple[dict[str, Toml], list[str]]:
    chosen: dict[str, None] = {}
    notes = []
    for texts in filter(None, columns):
        fitting = [f for f in _DATES if _reads(instant_reader(Notation(dates=(f,))), texts)]
        chosen |= dict.fromkeys(fitting[:1])
        if {"day-first", "month-first"} <= set(fitting):
            notes.append("CHECK: every date of the sample could be day-first or month-first.")
        if not fitting:
            notes.append("NEEDED: dates, a format such as %d/%m/%y for the dates of this file.")
    return ({"dates": tuple(chosen)} if chosen else {}), notes


def _numbers(columns: list[list[str]]) -> tuple[dict[str, Toml], list[str]]:
    texts = [text for column in columns for text in column]
    sign = _sign(texts)
    for decimal, thousands in _MARKS:
        notation = Notation(decimal=decimal, thousands=thousands, currency_sign=sign)
        if not _reads(number_reader(notation), texts):
            continue
        notes = []
        if _could_be_thousands(texts, notation):
            notation = replace(notation, decimal=".", thousands=",")
            notes.append("CHECK: a comma may be a decimal mark or stand between thousands.")
        default = Notation()
        names = ("decimal", "thousands", "currency_sign")
        found = {n: getattr(notation, n) for n in names}
        return {n: v for n, v in found.items() if v != getattr(default, n)}, notes
    return {}, ["NEEDED: decimal, thousands or currency_sign; the numbers fit no usual notation."]


def _could_be_thousands(texts: list[str], notation: Notation) -> bool:
    commas = [text for text in texts if "," in text]
    return (
        (notation.decimal, notation.thousands) == (",", "")
        and bool(commas)
        and all(re.search(r"\d,\d{3}(?!\d)", text) for text in commas)
    )


def _sign(texts: list[str]) -> str:
    found = {m["before"] or m["after"] or "" for text in texts if (m := _SIGN.match(text))} - {""}
    return found.pop() if len(found) == 1 else ""


def _reads(read: Callable[[str], object], texts: list[str]) -> bool:
    return sum(_is_read(read, texts)) >= _ENOUGH * len(texts)


def _is_read(read: Callable[[str], object], texts: list[str]) -> Iterator[bool]:
    for text in texts:
        try:
            read(text)
        except BadValue:
            yield False
        else:
            yield True


# --- 4 the key -------------------------------------------------------------------------------


def _key(table: Table, texts: Texts, fields: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    lines = max(map(len, texts.values()), default=0)
    unique = [c for c, t in texts.items() if len(t) == lines == len(set(t)) and lines > 1]
    named = [c for c in unique if _NAMES_A_LINE.search(plain(c))]
    card = fields.get("identifiers.loyalty_card")
    free = [c for c in table.names[:1] if c == card or c not in fields.values()]
    named += [c for c in unique if c in free]
    named += [c for c in unique if c in (fields.get("emails"), fields.get("phones"))]
    if named:
        return {"key": (named[0],)}, [f"CHECK: {named[0]} differs on every line of the sample."]
    first = fields.get("order_ref") or fields.get("party") or table.names[0]
    note = "No column is sure to name a line, so the line is part of the key."
    return {"key": (first,), "key_mode": "columns+line"}, [note]
