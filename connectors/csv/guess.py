"""A proposal for ``hub.toml``, read off a file: what ``hub connectors read FILE --guess`` prints.

1. Encoding, delimiter, lines above the header and columns, as the reader itself finds them.
2. What each line is, and which column is which field (:mod:`connectors.csv.meaning`).
3. Notations from a sample: decimal mark, thousands, order of day and month.
4. The key: a column that names every line, or the line itself.
5. The customers that sales or answers name beside, as a stream of their own.

It is a proposal: what it could not know, and what is ambiguous, stands in it as a comment.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from connectors.csv.config import StreamSettings
from connectors.csv.encoding import Encoding
from connectors.csv.files import Survey, content, survey
from connectors.csv.meaning import Meaning, understood
from connectors.csv.notations import (
    Doubt,
    Texts,
    currency,
    dates,
    is_date,
    is_number,
    is_read,
    numbers,
)
from connectors.csv.parsing import Format
from connectors.csv.proposal import Part, Proposal, Toml, stream_name, toml_text
from connectors.csv.scales import scale
from connectors.csv.tables import DELIMITERS, Table, head_lines, open_table
from connectors.csv.targets import Target, targets
from connectors.csv.values import choice_reader
from connectors.csv.vocabulary import PARTY_BY, STATES, plain
from hub.core.errors import StopRun

_SAMPLE = 20_000  # records: enough to meet a day beyond the twelfth and a key that repeats
_NAMES_A_LINE = re.compile(
    "(id|no|nr|nummer|number|key|code|ref|entry|event|ticket|response|review)$"
)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def guess(path: Path) -> Proposal:
    """A proposal for reading ``path``.

    Raises:
        StopRun: If the file is empty, damaged, no text table or in no known encoding.
        Unavailable: If it cannot be read.
    """
    table, above = _opened(path)  # 1
    texts = _sampled(table)
    meaning = understood(texts)  # 2
    fields, kinds = meaning.fields, targets(meaning.entity)
    notation, odd = _notation(texts, fields, kinds)  # 3
    key, key_notes = _key(table, texts, fields)  # 4
    constants, scales = _constants(meaning, texts)
    needed = [name for name in meaning.needed if name not in constants]
    used = {*fields.values(), *key["key"], *meaning.people.values()}
    used |= {column for columns in meaning.pieces.values() for column in columns}
    unmapped = [column for column in texts if column not in used]
    doubts = [
        *_unsaid([name for name in needed if name != "currency"], texts),
        *_unsaid([name for name in needed if name == "currency"], texts),
        *odd, *meaning.doubts, *scales, *_choices(texts, fields, kinds),
    ]  # fmt: skip
    notes = [
        f"A proposal for {path.name}, {table.manner}.",
        *(_told(doubt, table) for doubt in doubts),
        *key_notes,
        *([f"Not mapped: {', '.join(unmapped)}."] if unmapped else []),
    ]
    manner = {"files": path.name}, {"skip_lines": above} if above else {}, _manner(table), notation
    common: dict[str, Toml] = {name: value for each in manner for name, value in each.items()}
    settings: dict[str, Toml] = {"files": path.name, "entity": meaning.entity, **key} | common
    settings |= {"constants": constants} if constants else {}
    settings |= _cancelled(texts, fields)
    lines = Part(settings, _columns(texts, meaning, kinds, stream_name(path)))
    people = [_people(meaning, common)] if meaning.people else []  # 5
    return Proposal(path, (lines, *people), tuple(notes))


_UNSAID = {
    "at": ("when it was", "date"),
    "amount": ("how much it was", "amount"),
    "party": ("who it was", "customer"),
    "currency": ("in which currency the amounts are", "currency"),
    "instrument": ("which question the scores answer", "nps (0-10), csat (1-5) or ces (1-7)"),
}
"""Field to what nothing says, and the name that a column with it would have."""


def _unsaid(names: Sequence[str], texts: Texts) -> list[Doubt]:
    """What no column says, in one sentence."""
    if not names:
        return []
    said = [_UNSAID.get(name, (f"the {name.replace('_', ' ')}", name)) for name in names]
    what = " or ".join(what for what, _ in said)
    columns = " and ".join(f'"{column}"' for _, column in said)
    told = (
        f"no column says {what}. Name {'them' if len(said) > 1 else 'it'} {columns} in this line,"
        f" which has: {', '.join(texts)}."
    )
    return [Doubt(told, needed=", ".join(names))]


def _told(doubt: Doubt, table: Table) -> str:
    """A doubt as a comment; of what is needed, with its place."""
    if not doubt.needed:
        return f"CHECK: {doubt.text}"
    column = table.names.index(doubt.column) + 1 if doubt.column in table.names else 1
    place = f"{table.format.name}:{table.begin.line - 1}:{column}"
    return f"NEEDED: {doubt.needed}: {place}: {doubt.text}"


# --- 1 the table -----------------------------------------------------------------------------


def _opened(path: Path) -> tuple[Table, int]:
    """The table, and how many lines stand above its header."""
    seen = survey(path, path.name) if not _is_workbook(path) else None
    if seen is None:
        raise StopRun(
            f"{path.name} is a workbook, not a text table. Open it, save each sheet with Save as >"
            " CSV UTF-8, and take those files.",
            code="HUB-123",
        )
    nothing_declared = StreamSettings.model_construct(
        files=path.name, entity="person", key=(), columns={}
    )
    above = _above(seen, nothing_declared)
    table = open_table(seen, nothing_declared.model_copy(update={"skip_lines": above}))
    if table is None:
        raise StopRun(f"{path.name} is empty. Take a file with at least a header.", code="HUB-125")
    for number, name in enumerate(table.names, start=1):
        if is_date([name]) or is_number([name]):
            raise StopRun(
                f"{path.name}:{table.begin.line - 1}:{number}: this line holds data, not the names"
                " of the columns. Write a line such as date, customer, amount above it.",
                code="HUB-125",
            )
    return table, above


def _is_workbook(path: Path) -> bool:
    with content(path, path.name) as raw:
        return raw.read(4).startswith(_WORKBOOKS)


def _above(seen: Survey, stream: StreamSettings) -> int:
    """Lines above the header: titles, which fill fewer columns than the table below them has."""
    lines = head_lines(seen, stream)[:60]
    splits = [_fields(lines, delimiter) for delimiter in DELIMITERS]
    rows = max(splits, key=_width, default=[])
    wide = _width(rows)
    if wide < 2:
        return 0
    filled = (sum(bool(cell.strip()) for cell in row) for row in rows)
    return next((at for at, number in enumerate(filled) if number > 0.6 * wide), 0)


def _fields(lines: list[str], delimiter: str) -> list[list[str]]:
    """Fields of each line by itself; one that is no record has none, the reader will reject it."""
    form = Format("", Encoding("utf-8"), delimiter=delimiter, quote="")
    rows: list[list[str]] = []
    for line in lines:
        try:
            rows.append(next(form.split([line]), []))
        except csv.Error:
            rows.append([])
    return rows


def _width(rows: list[list[str]]) -> int:
    """How many fields most lines have."""
    found = Counter(len(row) for row in rows if len(row) > 1)
    most = found.most_common(1)
    return most[0][0] if most and 2 * most[0][1] >= len(rows) else 0


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


# --- 2 fields --------------------------------------------------------------------------------


def _columns(
    texts: Texts, meaning: Meaning, kinds: Mapping[str, Target], stream: str
) -> dict[str, Toml]:
    columns: dict[str, Any] = {}
    for field, column in meaning.fields.items():
        target, _, part = field.partition(".")
        if part:
            columns.setdefault(target, {})[part] = column
        elif kinds[field].kind == "texts":
            columns[field] = (column,)
        else:
            columns[field] = _described(column, texts[column], kinds[field])
    if meaning.people:
        party = columns["party"]
        described = party if isinstance(party, dict) else {"column": party}
        columns["party"] = described | {"stream": f"{stream}{_PEOPLE}"}
    return columns | dict(meaning.pieces)


def _described(column: str, texts: Sequence[str], target: Target) -> Toml:
    found: dict[str, Any] = {}
    if target.kind == "choice":
        known = {
            text: STATES[text.casefold()]
            for text in sorted({*texts})
            if text.casefold() in STATES and STATES[text.casefold()] in target.choices
        }
        found |= {"values": known} if known else {}
    if target.kind == "party":
        if texts and all(re.fullmatch(r"\d+\.0", text) for text in texts):
            found["drop_suffix"] = ".0"
        if by := PARTY_BY.get(plain(column)):
            found["by"] = by
    return {"column": column, **found} if found else column


def _choices(
    texts: Texts, fields: Mapping[str, str], kinds: Mapping[str, Target]
) -> Iterator[Doubt]:
    """Words of a column that the field does not know by themselves."""
    for field, column in fields.items():
        if field in kinds and kinds[field].kind == "choice":
            read = choice_reader(kinds[field].choices)
            words = sorted({text for text in texts[column] if text.casefold() not in STATES})
            other = [text for text in words if not all(is_read(read, [text]))]
            if other:
                told = (
                    f"what do these mean: {', '.join(other[:12])}? Write one of"
                    f" {', '.join(kinds[field].choices)} instead, or set {field} ="
                    f" {{ column = {toml_text(column)}, values = {{ … }} }}."
                )
                yield Doubt(told, column, field)


def _constants(meaning: Meaning, texts: Texts) -> tuple[dict[str, Toml], list[Doubt]]:
    """What is the same on every line, and not in it: scale, currency."""
    fields = meaning.fields
    if meaning.entity == "feedback" and "instrument" not in fields:
        return scale(fields.get("score", ""), texts)
    kinds = targets(meaning.entity)
    money = [c for f, c in fields.items() if f == "unit_price" or _is_money(kinds.get(f))]
    if money and "currency" not in fields:
        return currency(money[0], texts[money[0]])
    return {}, []


def _is_money(target: Target | None) -> bool:
    return target is not None and target.kind == "money"


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
) -> tuple[dict[str, Toml], list[Doubt]]:
    def of(*wanted: str) -> Texts:
        named = [c for f, c in fields.items() if f in kinds and kinds[f].kind in wanted]
        return {column: texts[column] for column in named if texts[column]}

    found, date_doubts = dates(of("instant", "day"))
    figures, number_doubts = numbers(of("number", "money", "integer", "float"))
    zone: dict[str, Toml] = {"timezone": "UTC"} if found and found.get("dates") != ("unix",) else {}
    told = [Doubt("times without a zone are taken for UTC: set timezone.")] if zone else []
    return {**found, **zone, **figures}, [*date_doubts, *told, *number_doubts]


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


# --- 5 customers -----------------------------------------------------------------------------

_PEOPLE = "_customers"


def _people(meaning: Meaning, common: Mapping[str, Toml]) -> Part:
    """The customers that the lines name, one record each, as the last line calls them."""
    column = meaning.fields["party"]
    settings: dict[str, Toml] = {"entity": "person", "key": (column,), "duplicates": "last"}
    columns: dict[str, Toml] = {
        name: (each,) if name in ("emails", "phones") else each
        for name, each in meaning.people.items()
    }
    manner = {
        name: value for name, value in common.items() if name in ("files", "skip_lines", "encoding")
    }
    return Part(manner | settings | {"without_key": "skip"}, columns, _PEOPLE)
