"""Fields of objects: what Salesforce knows about each, written down one line per field.

``Email email 80 lookup`` and ``Status picklist 40 default=New = New|Working|Closed`` are such
lines: name, type, length, marks, and after ``=`` the values of a picklist. Marks:

    required      never empty            fixed       set by Salesforce alone
    once          set on creation only   lookup      records can be upserted by it
    name          the record's name      ungoverned  field-level security does not reach it
    derived       worked out when read   default=X   value of a new record
    oneway        queries cannot follow it
    >Account      refers to an Account   unique      no two records share a value
    restricted    only the listed values
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

TEXTUAL = frozenset({"string", "textarea", "picklist", "combobox", "email", "phone", "url", "id"})
NUMERIC = frozenset({"double", "currency", "percent", "int"})
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of one object.

    Args:
        type: Salesforce's field type, such as ``string``, ``reference`` or ``datetime``.
        length: Most characters of a text; 0 for the rest.
        default: Value of a new record, None for none.
        values: Values of a picklist.
        restricted: Whether other values are refused.
        reference_to: Objects that a reference may point to.
        relationship: Name of the way over a reference in queries.
        permissionable: Whether field-level security governs it.
        derived: Whether it is worked out when read, and so never moves ``SystemModstamp``.
    """

    name: str
    type: str = "string"
    length: int = 0
    label: str = ""
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    default: object = None
    defaulted: bool = False
    values: tuple[str, ...] = ()
    restricted: bool = False
    reference_to: tuple[str, ...] = ()
    relationship: str = ""
    id_lookup: bool = False
    external_id: bool = False
    unique: bool = False
    permissionable: bool = True
    derived: bool = False
    name_field: bool = False
    precision: int = 0
    scale: int = 0

    @property
    def custom(self) -> bool:
        """Whether an admin added it."""
        return self.name.endswith("__c")

    @property
    def required(self) -> bool:
        """Whether a record without it is refused."""
        return not self.nillable and self.createable and not self.defaulted

    @property
    def filterable(self) -> bool:
        """Whether queries may filter by it; by addresses only through DISTANCE()."""
        return not (self.type == "textarea" and self.length > 255)

    @property
    def sortable(self) -> bool:
        """Whether queries may sort by it."""
        return self.filterable and self.type != "address"


def field_of(line: str) -> Field:
    """The field that one line describes.

    >>> field_of("AccountId reference >Account").relationship
    'Account'
    """
    head, _, values = line.partition(" = ")
    name, kind, *marks = head.split()
    made = Field(
        name, kind, label=label_of(name), values=tuple(values.split("|")) if values else ()
    )
    if kind == "boolean":
        made = replace(made, nillable=False, default=False, defaulted=True)
    if kind == "reference":
        made = replace(made, length=18)
    for mark in marks:
        made = _marked(made, mark)
    return made


def label_of(name: str) -> str:
    """What the screens call a field.

    >>> label_of("HasOptedOutOfEmail")
    'Has Opted Out Of Email'
    """
    return " ".join(_WORDS.split(name.removesuffix("__c")))


def _marked(made: Field, mark: str) -> Field:
    if mark.isdecimal():
        return replace(made, length=int(mark))
    if mark.startswith(">"):
        way = made.name.removesuffix("Id")
        return replace(made, reference_to=tuple(mark[1:].split(",")), relationship=way)
    if mark.startswith("default="):
        text = mark.removeprefix("default=").replace("_", " ")
        value = text == "true" if made.type == "boolean" else text
        return replace(made, default=value, defaulted=True)
    return _MARKS[mark](made)


_MARKS: Mapping[str, Callable[[Field], Field]] = {
    "required": lambda made: replace(made, nillable=False),
    "fixed": lambda made: replace(made, createable=False, updateable=False),
    "once": lambda made: replace(made, updateable=False),
    "lookup": lambda made: replace(made, id_lookup=True),
    "name": lambda made: replace(made, name_field=True),
    "ungoverned": lambda made: replace(made, permissionable=False),
    "derived": lambda made: replace(made, createable=False, updateable=False, derived=True),
    "oneway": lambda made: replace(made, relationship=""),
    "unique": lambda made: replace(made, unique=True),
    "restricted": lambda made: replace(made, restricted=True),
}
