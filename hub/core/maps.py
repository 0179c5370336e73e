"""Declarative mapping: a canonical record as a table of where its fields come from.

    person = maps_to(Person, given_name="first_name", emails=["email"], updated_at="updated_at")
    order = maps_to(Order, order_ref="id", at="placed", party=ref("customer.id"), …)

A source is a dotted path, a list of paths (those that hold something), or a function of the row. A
field without a value is left out; a value that does not fit its field's type costs that row alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import methodcaller
from typing import Any, TypeVar

import msgspec

from hub.core.connector import Row
from hub.core.conversion import convert
from hub.core.errors import SkipRecord
from hub.core.mistakes import nearest
from hub.core.pages import dig, instant_of
from hub.core.records import Instant, Key, Record, mistake

R = TypeVar("R", bound=Record)

Source = str | Sequence[str] | Callable[[Row], Any]
"""Where a field's value stands in a row."""

_EMPTY: tuple[object, ...] = (None, "", [])


def maps_to(entity: type[R], **sources: Source) -> Callable[[Row], R]:
    """A mapping for ``Stream.map`` that fills ``entity`` from ``sources``.

    Text becomes numbers, decimals and dates where the field wants them; instants may be RFC 3339
    text or epoch numbers, and are UTC where they name no zone.

    >>> from hub.core.records import Person
    >>> person = maps_to(Person, given_name="name.first", emails=["email"])
    >>> person({"name": {"first": "Ada"}, "email": None}).given_name
    'Ada'

    Raises:
        TypeError: If ``entity`` has no such field; the message suggests the nearest name.
    """
    types = {field.name: field.type for field in msgspec.structs.fields(entity)}
    for name in sources.keys() - types.keys():
        near = nearest(name, types)
        raise TypeError(f"{entity.__name__} has no field {name!r}; did you mean {near!r}?")

    columns = [(name, _finding(at), _fitting(types[name])) for name, at in sources.items()]

    def record(row: Row) -> R:
        found = ((name, fitted(find(row))) for name, find, fitted in columns)
        filled = {name: value for name, value in found if value not in _EMPTY}
        try:
            return convert({"entity": entity.entity_name, **filled}, entity, strict=False)
        except msgspec.ValidationError as err:
            raise SkipRecord(mistake(err), reason="bad-field") from err

    return record


def ref(path: str, stream: str = "customers") -> Callable[[Row], dict[str, str] | None]:
    """The party whose id stands at ``path``, as a source for a ``party`` field."""

    def party(row: Row) -> dict[str, str] | None:
        found = dig(row, path)
        return None if found in _EMPTY else {"id": str(found), "stream": stream}

    return party


def numbers(**paths: str) -> Callable[[Row], list[dict[str, str]]]:
    """Identifiers by kind, as a source for ``identifiers``: ``numbers(loyalty="card_no")``."""

    def identifiers(row: Row) -> list[dict[str, str]]:
        found = {kind: dig(row, path) for kind, path in paths.items()}
        return [{"kind": k, "value": str(v)} for k, v in found.items() if v not in _EMPTY]

    return identifiers


def _finding(source: Source) -> Callable[[Row], Any]:
    """Reads ``source`` off a row."""
    if callable(source):
        return source
    if isinstance(source, str):
        return partial(dig, path=source) if "." in source else methodcaller("get", source)
    finders = [_finding(path) for path in source]
    return lambda row: [value for find in finders if (value := find(row)) not in _EMPTY]


def _fitting(wanted: Any) -> Callable[[Any], Any]:
    """Puts a value into the form that the field's type takes; what cannot fit is to fail there."""
    if wanted in (Instant, Instant | None):
        return lambda value: instant_of(value) or value
    return _as_text if wanted in (str, str | None, Key) else _as_it_is


def _as_text(value: Any) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value


def _as_it_is(value: Any) -> Any:
    return value
