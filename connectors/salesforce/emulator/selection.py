"""Answers a parsed query from the org's records: which match, in which order, showing what.

A path is resolved against the fields that the user may read; a literal has to be of the field's
type. Texts are compared without regard to case, ids and instants exactly.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from connectors.salesforce.emulator.catalogue import SOBJECTS, SObject
from connectors.salesforce.emulator.fields import NUMERIC, Field
from connectors.salesforce.emulator.ids import normal
from connectors.salesforce.emulator.org import Org
from connectors.salesforce.emulator.records import Record
from connectors.salesforce.emulator.refusals import (
    invalid_filter,
    malformed_query,
    no_such_column,
    no_such_relationship,
    unusable_field,
    wrong_literal,
)
from connectors.salesforce.emulator.soql import (
    Comparison,
    Condition,
    Constant,
    Every,
    Not,
    Ordering,
    Path,
    Query,
)
from connectors.salesforce.emulator.values import Json, instant_of, stamp
from connectors.salesforce.emulator.wire import attributes

Test = Callable[[Record], bool]
_COMPARE: dict[str, Callable[[Json, Json], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Column:
    """Where a value comes from: the references to follow, and the field at their end."""

    org: Org
    kind: SObject
    way: tuple[Field, ...]
    field: Field

    def of(self, record: Record) -> Json:
        """The value that the column shows for a record; None where the way ends early."""
        kind, at = self.kind, record
        for step in self.way:
            found = self.org.referred(step, at.values.get(step.name) or "")
            if found is None:
                return None
            kind, at = found
        return self.org.value(kind, at, self.field)


def matching(org: Org, kind: SObject, query: Query, *, with_deleted: bool) -> list[Record]:
    """The records that the query finds, in its order, within its limit.

    Raises:
        Refusal: 400 if a path or a literal does not fit the object.
    """
    columns(org, kind, query.select)
    test = _test(org, kind, query.where) if query.where else None
    table = org.table(kind.name)
    candidates = list(table.records.values()) if with_deleted else list(table.live())
    found = [record for record in candidates if test is None or test(record)]
    for key in reversed(query.order):
        found = _sorted(org, kind, found, key)
    end = None if query.limit is None else query.offset + query.limit
    return found[query.offset : end]


def columns(org: Org, kind: SObject, paths: Iterable[Path]) -> list[Column]:
    """Where each selected value comes from.

    Raises:
        Refusal: 400.
    """
    return [column(org, kind, path) for path in paths]


def column(org: Org, kind: SObject, path: Path) -> Column:
    """Where the value of a path comes from.

    Raises:
        Refusal: 400 ``INVALID_FIELD``.
    """
    way: list[Field] = []
    at, parts = kind, path.parts
    if len(parts) > 1 and parts[0].lower() == kind.name.lower():
        parts = parts[1:]  # a query may say Contact.Email for Email
    for name in parts[:-1]:
        step = _relationship(org, at, name)
        if step is None:
            raise no_such_relationship(name, path.excerpt)
        way.append(step)
        at = SOBJECTS[step.reference_to[0]]
    found = org.field(at, parts[-1])
    if found is None:
        raise no_such_column(parts[-1], at.name, path.excerpt)
    return Column(org, kind, tuple(way), found)


def shown(selected: Sequence[Column], version: str, record: Record) -> dict[str, Json]:
    """A record as a query shows it: its own values, and those of records it refers to nested."""
    head = selected[0]
    body: dict[str, Json] = {"attributes": attributes(version, head.kind.name, record.id)}
    for column_ in selected:
        _place(body, column_, version, record)
    return body


def _place(body: dict[str, Json], column_: Column, version: str, record: Record) -> None:
    org, kind, at = column_.org, column_.kind, record
    for step in column_.way:
        found = org.referred(step, at.values.get(step.name) or "")
        if found is None:
            body.setdefault(step.relationship, None)
            return
        kind, at = found
        nested = {"attributes": attributes(version, kind.name, at.id)}
        body = body.setdefault(step.relationship, nested)
    body[column_.field.name] = org.value(kind, at, column_.field)


def _relationship(org: Org, kind: SObject, name: str) -> Field | None:
    for field in org.fields[kind.name].values():
        if field.relationship.lower() == name.lower() and org.may_read(kind, field):
            return field if field.reference_to[0] in {k.name for k in org.kinds()} else None
    return None


# --- conditions --------------------------------------------------------------------------------


def _test(org: Org, kind: SObject, condition: Condition) -> Test:
    match condition:
        case Not(inner):
            test = _test(org, kind, inner)
            return lambda record: not test(record)
        case Every(conditions, any_of):
            tests = [_test(org, kind, inner) for inner in conditions]
            if any_of:
                return lambda record: any(test(record) for test in tests)
            return lambda record: all(test(record) for test in tests)
        case Comparison():
            return _comparison(org, kind, condition)


def _comparison(org: Org, kind: SObject, comparison: Comparison) -> Test:
    source = column(org, kind, comparison.path)
    field = source.field
    if not field.sortable:
        raise unusable_field(field.name, "filtered")
    if comparison.operator == "LIKE":
        return _like(source, comparison.constants[0])
    wanted = [_comparable(field, constant) for constant in comparison.constants]
    match comparison.operator:
        case "=" | "IN":
            return lambda record: _folded(field, source.of(record)) in wanted
        case "!=" | "NOT IN":
            return lambda record: _folded(field, source.of(record)) not in wanted
    return _ordered(source, comparison.operator, wanted[0])


def _ordered(source: Column, sign: str, wanted: Json) -> Test:
    if source.field.type == "boolean" or wanted is None:
        raise invalid_filter(f"invalid operator on {source.field.type} field")
    compare = _COMPARE[sign]

    def test(record: Record) -> bool:
        value = _folded(source.field, source.of(record))
        return value is not None and compare(value, wanted)

    return test


def _like(source: Column, pattern: Constant) -> Test:
    if _family(source.field) != "string" or pattern.kind != "string":
        raise invalid_filter(f"invalid operator on {source.field.type} field")
    signs = {"%": ".*", "_": "."}
    regex = "".join(signs.get(sign) or re.escape(sign) for sign in pattern.text)
    test = re.compile(regex, re.IGNORECASE | re.DOTALL).fullmatch
    return lambda record: test(source.of(record) or "") is not None


def _family(field: Field) -> str:
    if field.type in ("id", "reference"):
        return "id"
    if field.type in NUMERIC:
        return "number"
    return field.type if field.type in ("boolean", "date", "datetime") else "string"


def _comparable(field: Field, constant: Constant) -> Json:
    """The literal in the form in which the field's values are compared.

    Raises:
        Refusal: 400 if it is of another type.
    """
    family = _family(field)
    if constant.kind == "null":
        return None
    wanted = "string" if family == "id" else family
    if constant.kind != wanted:
        label = {"number": "double", "datetime": "dateTime"}.get(family, wanted)
        raise wrong_literal(field.name, label, quoted=wanted == "string")
    match family:
        case "id":
            if not (record_id := normal(constant.text)):
                raise invalid_filter(f"invalid ID field: {constant.text}")
            return record_id
        case "number":
            return float(constant.text)
        case "boolean":
            return constant.text == "true"
        case "datetime":
            return _instant(constant.text)
        case "date":
            return constant.text
    return constant.text.casefold() or None


def _instant(text: str) -> str:
    try:
        return stamp(instant_of(text.replace("Z", "+00:00")))
    except ValueError as error:
        raise malformed_query(f"invalid date: {text}") from error


def _folded(field: Field, value: Json) -> Json:
    return value.casefold() if _family(field) == "string" and isinstance(value, str) else value


def _sorted(org: Org, kind: SObject, records: list[Record], key: Ordering) -> list[Record]:
    source = column(org, kind, key.path)
    if not source.field.sortable:
        raise unusable_field(source.field.name, "sorted")
    valued = [(_folded(source.field, source.of(record)), record) for record in records]
    known = [pair for pair in valued if pair[0] is not None]
    empty = [record for value, record in valued if value is None]
    known.sort(key=lambda pair: pair[0], reverse=key.descending)
    ordered = [record for _, record in known]
    return ordered + empty if key.nulls_last else empty + ordered
