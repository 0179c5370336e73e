"""What an admin writes under ``[connections.NAME.settings]`` of a csv connection.

    folder = "exports"
    output = "profiles"                      # optional: write profiles back as files
    [connections.pos.settings.streams.lines]
    files = "sales/*.csv.gz"
    entity = "order_line"
    key = ["InvoiceNo"]
    key_mode = "columns+line"
    columns = { order_ref = "InvoiceNo", at = "InvoiceDate", party = "CustomerID", … }
    constants = { currency = "GBP" }

Every mistake is found when the file is read, before any data is: a field that the entity does not
have, a required field without a column, a time format that cannot be.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from connectors.csv.cells import Fixed, constant
from connectors.csv.targets import COMPOSED, PIECED, Target, missing, targets
from connectors.csv.values import DATE_FORMATS, BadValue, Notation
from hub.core.mistakes import nearest
from hub.core.records import ENTITIES, Address, Decision, Strength
from hub.core.settings import HomePath, Section, TimeZone

Text = Annotated[str, Field(min_length=1)]


class Column(Section):
    """A column whose texts need more than reading."""

    column: Text
    """Name in the header."""
    values: Mapping[str, Fixed] = {}
    """What each text means, such as { Y = true, N = false }; other texts are read as they are."""
    drop_suffix: str = ""
    """Ending to remove, such as ".0" from ids that went through a spreadsheet."""
    by: Literal["id", "email", "phone", "loyalty"] = "id"
    """For party and organisation: what the column holds."""
    stream: Text = "customers"
    """For party and organisation: the stream of this connection that the id belongs to."""


Columns = Annotated[
    str | tuple[str, ...] | Column | Mapping[str, str], Field(union_mode="left_to_right")
]
"""One column; several for a list such as emails, or for a text or an instant that stands in
pieces; a described one; or parts such as address."""


class Consent(Section):
    """One permission that a customer list carries in a column."""

    purpose: Text
    """Purpose id of ``hub.toml``."""
    channel: Text
    """Channel, such as "email"."""
    column: Text
    """Column with the answer; an empty cell claims nothing."""
    values: Annotated[Mapping[str, Decision], Field(min_length=1)]
    """What each answer means, such as { Y = "grant", N = "deny" }; other answers are refused."""
    point: Text | None = None
    """Column with the e-mail or phone it is about; without one, the whole person."""
    asserted_at: Text | None = None
    """Column with the time of the customer's decision."""
    strength: Strength = "unknown"
    """How well the decision is proven."""


class Condition(Section):
    """A test of one column."""

    column: Text
    """Name in the header."""
    starts_with: Text | None = None
    """True for texts that begin with this."""
    equals: tuple[str, ...] | None = None
    """True for any of these texts."""

    @model_validator(mode="after")
    def _says_how(self) -> Self:
        if (self.starts_with is None) == (self.equals is None):
            raise PydanticCustomError("condition", "needs starts_with or equals, not both")
        return self


def _codec(name: str) -> str:
    if name == "auto":
        return name
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        codec = ""
    if codec.startswith("utf") and codec not in ("utf-8", "utf-8-sig", "utf-16"):
        codec = ""
    if not codec:
        known = ["auto", "utf-8", "utf-16", "windows-1252", "iso-8859-1", "iso-8859-15"]
        wanted = "auto, utf-8, utf-16, windows-1252 or another single-byte encoding"
        raise PydanticCustomError(
            "encoding", "unknown encoding", {"wanted": wanted, "names": known}
        )
    return "utf-8" if codec == "utf-8-sig" else codec


def _inside(pattern: str) -> str:
    path = PurePosixPath(pattern)
    if path.is_absolute() or ".." in path.parts:
        wanted = "a path or pattern below folder, without .."
        raise PydanticCustomError("outside", "leads out of the folder", {"wanted": wanted})
    return pattern


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_inside)]
OneCharacter = Annotated[str, Field(min_length=1, max_length=1)]
Mark = Annotated[str, Field(max_length=1)]


MAPPING_SETTINGS = frozenset(
    {
        "entity", "columns", "constants", "cancelled_when", "consents",
        "decimal", "thousands", "currency_sign", "dates", "timezone",
    }
)  # fmt: skip
"""Settings that decide what a row means, not which rows there are."""


class StreamSettings(Section):
    """One kind of record, its files, and how to read them."""

    files: Pattern | tuple[Pattern, ...]
    """Files below ``folder``; * and ** match names, .gz is unpacked."""
    entity: Literal[tuple(ENTITIES)]  # type: ignore[valid-type]  # the list lives in one place
    """Which record each line is."""
    key: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Columns that identify a line."""
    key_mode: Literal["columns", "columns+line"] = "columns"
    """columns+line is for lines that have no key of their own: a digest of the line and a count of
    identical lines are added."""
    duplicates: Literal["reject", "last"] = "reject"
    """With key_mode = "columns", a key that stands twice in one file: refuse the later line, or let
    it replace the earlier one, as in a log of changes."""
    without_key: Literal["reject", "skip"] = "reject"
    """Lines whose key is empty: refuse them, or pass over them, as in a list of sales where only
    some lines name the customer."""
    delete_missing: bool = False
    """Whether a record that is in none of the files any more is deleted; always so with
    key_mode = "columns+line"."""
    max_delete_percent: Annotated[float, Field(gt=0, le=100)] = 10.0
    """If more than this share of the records is missing, nothing is deleted."""
    columns: Annotated[Mapping[str, Columns], Field(min_length=1)]
    """Field of the record = column of the file."""
    constants: Mapping[str, Fixed] = {}
    """Fields that are the same on every line."""
    cancelled_when: Condition | None = None
    """Which lines belong to a cancelled receipt (order_line and order)."""
    consents: tuple[Consent, ...] = ()
    """Permissions of a person."""

    encoding: Annotated[str, AfterValidator(_codec)] = "auto"
    """auto takes a byte order mark, UTF-8, or Windows-1252, decided on the whole file."""
    delimiter: OneCharacter | None = None
    """The default is whichever of , ; tab and | yields the declared columns."""
    quote: Mark = '"'
    """Quotation mark; empty if the files do not quote."""
    escape: Mark = ""
    """Escape character, such as a backslash; quotation marks are doubled without one."""
    header: tuple[Text, ...] | None = None
    """Column names of files without a header line."""
    skip_lines: Annotated[int, Field(ge=0, le=1000)] = 0
    """Lines above the header."""
    skip_starting_with: tuple[Text, ...] = ()
    """Beginnings of lines that are no records: comments, totals."""

    decimal: Literal[".", ","] = "."
    """Decimal mark."""
    thousands: Literal["", ",", ".", " ", "'"] = ""
    """Mark between thousands."""
    currency_sign: str = ""
    """Sign to remove from amounts, such as "£"."""
    dates: Annotated[tuple[Text, ...], Field(min_length=1)] = ("iso",)
    """Formats, tried in this order: iso, day-first, month-first, unix, unix-ms, or with % signs
    such as "%d-%b-%y"."""
    timezone: TimeZone = "UTC"
    """Zone of times that name none."""

    @field_validator("dates")
    @classmethod
    def _possible_dates(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        for name in formats:
            if name not in DATE_FORMATS and "%" not in name:
                wanted = f"one of {', '.join(DATE_FORMATS)}, or a format such as %d/%m/%Y"
                context = {"wanted": wanted, "names": list(DATE_FORMATS)}
                raise PydanticCustomError("date_format", "no such date format", context)
        return formats

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.thousands == self.decimal:
            raise PydanticCustomError("marks", "decimal and thousands must differ")
        return self

    @model_validator(mode="after")
    def _fits_entity(self) -> Self:
        wrong = list(_misfits(self))
        if wrong:
            raise ValidationError.from_exception_data("stream", wrong, hide_input=True)
        return self

    @property
    def by_line(self) -> bool:
        """Whether the line itself is part of the key."""
        return self.key_mode == "columns+line"

    @property
    def whole_set(self) -> bool:
        """Whether the files are one set, read whole when any of them changes."""
        return self.by_line or self.delete_missing

    @property
    def notation(self) -> Notation:
        """How the files write numbers and dates."""
        return Notation(self.decimal, self.thousands, self.currency_sign, self.dates, self.timezone)

    @property
    def priced_by_line(self) -> bool:
        """Whether the amount of a line is its quantity times its unit price."""
        return {"quantity", "unit_price"} <= set(self.columns) and not (
            {"amount", "amount_minor"} & {*self.columns, *self.constants}
        )

    @property
    def columns_used(self) -> tuple[str, ...]:
        """Every column that the settings name, each once."""
        named = [*self.key]
        for spec in self.columns.values():
            named += _columns_of(spec)
        named += [self.cancelled_when.column] if self.cancelled_when else []
        for consent in self.consents:
            named += filter(None, (consent.column, consent.point, consent.asserted_at))
        return tuple(dict.fromkeys(named))


def _columns_of(spec: Columns) -> list[str]:
    if isinstance(spec, Column):
        return [spec.column]
    return (
        [spec]
        if isinstance(spec, str)
        else list(spec.values() if isinstance(spec, Mapping) else spec)
    )


# --- does the table fit the entity? ------------------------------------------------------------


def _misfits(stream: StreamSettings) -> Iterator[InitErrorDetails]:
    known = targets(stream.entity)
    names = {*stream.columns, *stream.constants}
    meant = set()  # a misspelt field is one mistake, although it is missing too
    for table, name in [*_pairs("columns", stream.columns), *_pairs("constants", stream.constants)]:
        if name not in known:
            meant.add(nearest(name, known))
            yield _wrong((table, name), name, "the entity has no such field", sorted(known))
    for name, spec in stream.columns.items():
        if name in known:
            yield from _misshapen(name, spec, known[name])
    for name, value in stream.constants.items():
        if name in known:
            yield from _bad_constant(name, value, known[name])
    for name in missing(known, names & set(known) | meant - {""}):
        yield _wrong(("columns",), None, f"{stream.entity} needs {name}, as a column or a constant")
    if stream.cancelled_when and "cancelled" not in known:
        yield _wrong(("cancelled_when",), None, f"a {stream.entity} is never cancelled")
    if stream.consents and stream.entity != "person":
        yield _wrong(("consents",), None, f"a {stream.entity} carries no consents; map a person")


def _pairs(table: str, names: Iterable[str]) -> list[tuple[str, str]]:
    return [(table, name) for name in names]


def _misshapen(name: str, spec: Columns, target: Target) -> Iterator[InitErrorDetails]:
    is_list = isinstance(spec, tuple)
    loc = ("columns", name)
    if target.kind in ("address", "identifiers", "attributes"):
        if not isinstance(spec, Mapping):
            yield _wrong(loc, None, "needs a table", [], 'a table such as { part = "Column" }')
        elif target.kind == "address":
            parts = list(Address.__struct_fields__)
            for part in sorted(set(spec) - set(parts)):
                yield _wrong((*loc, part), part, "an address has no such part", parts)
    elif isinstance(spec, Mapping) and "column" in spec:
        known = list(Column.model_fields)
        for key in sorted(set(spec) - set(known)):
            yield _wrong((*loc, key), key, "a column has no such setting", known)
    elif isinstance(spec, Mapping) or (is_list and not _takes_several(target)):
        yield _wrong(loc, None, "needs one column", [], "the name of one column")


def _takes_several(target: Target) -> bool:
    return target.kind == "texts" or (target.kind in PIECED and not target.claim)


def _bad_constant(name: str, value: Fixed, target: Target) -> Iterator[InitErrorDetails]:
    loc = ("constants", name)
    if target.kind in (*COMPOSED, "party"):
        yield _wrong(loc, None, "cannot be the same on every line; map a column")
        return
    try:
        constant(target, value)
    except BadValue as err:
        yield _wrong(loc, None, str(err), list(target.choices))


def _wrong(
    loc: tuple[str, ...], given: object, message: str, names: Sequence[str] = (), wanted: str = ""
) -> InitErrorDetails:
    context = {"names": list(names), "wanted": wanted or ", ".join(names)}
    return InitErrorDetails(
        type=PydanticCustomError("mapping", message, context),
        loc=loc,
        input=given,
    )


class CsvSettings(Section):
    """Where the files are, and what they hold."""

    folder: Annotated[HomePath, Field(validate_default=True)] = Path()
    """Folder of the files; relative to the folder of hub.toml."""
    output: HomePath | None = None
    """Folder for profiles, one file per stream of customers, and tasks; none writes nothing."""
    guard_spreadsheets: bool = False
    """Whether written texts that a spreadsheet would run as a formula get a leading apostrophe."""
    streams: Annotated[
        Mapping[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")], StreamSettings],
        Field(min_length=1),
    ]
    """One table per kind of record."""
