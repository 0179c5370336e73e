"""Fields that are worked out when they are read, and so change without moving SystemModstamp."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from connectors.salesforce.emulator.fields import Field
from connectors.salesforce.emulator.records import Record
from connectors.salesforce.emulator.values import Json

if TYPE_CHECKING:
    from connectors.salesforce.emulator.org import Org

Derivation = Callable[["Org", Record], Json]


def derive(org: Org, kind: str, record: Record, field: Field) -> Json:
    """What the field shows now."""
    if field.type == "address":
        return _address(record, field.name.removesuffix("Address"))
    if field.name == "Name":
        return _person_name(record)
    return _BY_FIELD[kind, field.name](org, record)


def _address(record: Record, prefix: str) -> Json:
    parts = {
        part: record.values.get(f"{prefix}{part[:1].upper()}{part[1:]}")
        for part in ("city", "country", "postalCode", "state", "street")
    }
    if not any(parts.values()):
        return None
    return parts | {"geocodeAccuracy": None, "latitude": None, "longitude": None}


def _person_name(record: Record) -> str:
    parts = (record.values.get("FirstName"), record.values.get("LastName"))
    return " ".join(part for part in parts if part)


def _of_contact(field: str) -> Derivation:
    def look_up(org: Org, record: Record) -> Json:
        contact = org.tables["Contact"].get(record.values.get("ContactId") or "")
        return contact.values.get(field) if contact else None

    return look_up


def _is(field: str, *values: str) -> Derivation:
    return lambda org, record: record.values.get(field) in values


_BY_FIELD: dict[tuple[str, str], Derivation] = {
    ("Contact", "IsEmailBounced"): lambda org, record: bool(record.values.get("EmailBouncedDate")),
    ("Case", "IsClosed"): _is("Status", "Closed"),
    ("Case", "ContactEmail"): _of_contact("Email"),
    ("Case", "ContactPhone"): _of_contact("Phone"),
    ("Opportunity", "IsClosed"): _is("StageName", "Closed Won", "Closed Lost"),
    ("Opportunity", "IsWon"): _is("StageName", "Closed Won"),
    ("Task", "IsClosed"): _is("Status", "Completed"),
}
