"""What a column can be mapped to: the fields of each canonical record, read off its struct.

Beside the fields themselves there are names for what files hold in another shape:

    amount, total   decimal amounts in major units; become ``amount_minor``, ``total_minor``
    address         a table of parts: { line1 = …, city = …, postcode = … }
    identifiers     a table of numbers a person has one of: { loyalty_card = … }
    attributes      a table of anything that has no canonical field
    purpose, …      on consent_signal, the fields of the one claim that a line makes
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from msgspec import NODEFAULT
from msgspec.structs import FieldInfo, fields

from hub.core.records import ENTITIES, Address, ConsentClaim, Identifier, PartyRef

Kind = Literal[
    "text", "integer", "float", "number", "flag", "instant", "day", "choice", "currency",
    "party", "texts", "money", "address", "identifiers", "attributes",
]  # fmt: skip

COMPOSED: Final = ("money", "texts", "address", "identifiers", "attributes")
"""Kinds that one cell alone does not decide."""

PIECED: Final = ("text", "instant")
"""Kinds that may stand in several columns, such as a date and a time."""

_SCALARS: dict[object, Kind] = {
    str: "text",
    int: "integer",
    float: "float",
    Decimal: "number",
    bool: "flag",
    datetime: "instant",
    date: "day",
    PartyRef: "party",
    list[str]: "texts",
    list[Address]: "address",
    list[Identifier]: "identifiers",
}


@dataclass(frozen=True, slots=True)
class Target:
    """One name under ``columns`` or ``constants``.

    Args:
        field: Field of the struct that it fills.
        kind: How its text is read.
        required: Whether a record cannot be without it.
        default: What an empty cell means when it is not required.
        choices: Allowed texts of a ``choice``.
        claim: Whether the field belongs to the consent claim of the line.
    """

    field: str
    kind: Kind
    required: bool = False
    default: object = None
    choices: tuple[str, ...] = ()
    claim: bool = False


@cache
def targets(entity: str) -> Mapping[str, Target]:
    """Everything that a column of ``entity`` can be mapped to, by name.

    >>> sorted(targets("loyalty_entry"))
    ['at', 'attributes', 'balance', 'expires_at', 'party', 'points', 'reason', 'tier']
    """
    found = dict(_of_struct(ENTITIES[entity]))
    if entity == "consent_signal":
        found |= _of_struct(ConsentClaim, claim=True)
    return found


def missing(known: Mapping[str, Target], given: Set[str]) -> list[str]:
    """Names that still have to be mapped, given those that are.

    >>> missing(targets("order"), {"order_ref", "at", "total"})
    ['currency']
    """
    filled = {known[name].field for name in given}
    needed = {t.field: name for name, t in known.items() if t.required}
    if any(known[name].kind == "money" for name in given):
        needed["currency"] = "currency"  # how many minor units there are depends on it
    return [name for field, name in needed.items() if field not in filled]


def _of_struct(struct: type[Any], *, claim: bool = False) -> Iterator[tuple[str, Target]]:
    for info in fields(struct):
        kind, choices = _kind(info)
        if kind is None:
            continue
        default = None if info.default is NODEFAULT else info.default
        target = Target(info.name, kind, info.required, default, choices, claim)
        yield "address" if kind == "address" else info.name, target
        if info.name.endswith("_minor"):
            yield info.name.removesuffix("_minor"), replace(target, kind="money")


def _kind(info: FieldInfo) -> tuple[Kind | None, tuple[str, ...]]:
    if info.name == "attributes":
        return "attributes", ()
    if info.name == "currency":
        return "currency", ()
    bare = _without_none(info.type)
    if get_origin(bare) is Literal:
        return "choice", get_args(bare)
    return _SCALARS.get(bare), ()


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    return annotation.__origin__ if get_origin(annotation) is Annotated else annotation
