"""Custom fields of users and organizations: their definitions, and the values they take.

A value for a key that no field has is dropped without a word, which is how writing to an account
that was never provisioned fails silently.

Source: Zendesk, "User Fields" and "Organization Fields" (read November 2026); which keys are
reserved is unconfirmed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from connectors.zendesk.emulator.refusals import (
    Problem,
    invalid_attribute,
    record_invalid,
)

TYPES = frozenset(
    {
        "text",
        "textarea",
        "checkbox",
        "date",
        "integer",
        "decimal",
        "regexp",
        "dropdown",
        "lookup",
    }
)
MAX_TEXT = 65_535
RESERVED = frozenset({"id", "name", "email", "role", "tags", "external_id", "created_at"})
_KEY = re.compile(r"(?!\d+$)[A-Za-z0-9_]+")


@dataclass(frozen=True, slots=True)
class CustomField:
    """The definition of one custom field; ``options`` are the values of a dropdown."""

    id: int
    key: str
    title: str
    type: str
    description: str = ""
    active: bool = True
    regexp: str | None = None
    options: tuple[str, ...] = ()
    created_at: str = ""
    position: int = 9999

    def shown(self, url: str) -> dict[str, Any]:
        """The definition as the API shows it."""
        body: dict[str, Any] = {
            "url": url,
            "id": self.id,
            "type": self.type,
            "key": self.key,
            "title": self.title,
            "raw_title": self.title,
            "description": self.description,
            "raw_description": self.description,
            "position": self.position,
            "active": self.active,
            "system": False,
            "regexp_for_validation": self.regexp,
            "created_at": self.created_at,
            "updated_at": self.created_at,
        }
        if self.type == "dropdown":
            body["custom_field_options"] = [
                {"id": self.id * 100 + n, "name": value, "raw_name": value, "value": value}
                for n, value in enumerate(self.options)
            ]
        return body


@dataclass
class FieldSet:
    """The custom fields of one kind of record.

    Attributes:
        retired: Keys of deleted fields, which cannot be used again.
    """

    defined: dict[str, CustomField] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)

    def add(self, wanted: Mapping[str, Any], number: int, at: str) -> CustomField:
        """The new field.

        Raises:
            Refusal: 422 with every problem.
        """
        key, title = _text(wanted, "key"), _text(wanted, "title")
        kind = _text(wanted, "type") or "text"
        options, pattern = _options(wanted), _text(wanted, "regexp_for_validation") or None
        problems = self._key_problems(key) + _definition_problems(title, kind, options, pattern)
        if problems:
            raise record_invalid(problems)
        made = CustomField(
            number,
            key,
            title,
            kind,
            _text(wanted, "description"),
            regexp=pattern,
            options=options,
            created_at=at,
        )
        self.defined[key] = made
        return made

    def remove(self, key: str) -> None:
        """Delete a field for good: its values are shown no more, its key stays taken."""
        if self.defined.pop(key, None) is not None:
            self.retired.add(key)

    def accept(self, values: object) -> tuple[dict[str, Any], list[Problem]]:
        """The values as they are kept, without those of unknown keys; and what is wrong.

        Raises:
            Refusal: 400 if it is no object.
        """
        if not isinstance(values, dict):
            raise invalid_attribute("user_fields", "an object")
        kept: dict[str, Any] = {}
        problems: list[Problem] = []
        for key, value in values.items():
            definition = self.defined.get(key)
            if definition is None:
                continue
            try:
                kept[key] = accept(definition, value)
            except ValueError:
                told = f"{definition.title}: is invalid"
                problems.append(Problem("base", told, "InvalidFormat"))
        return kept, problems

    def shown(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Every field with its value; unset ones are null, unset checkboxes false."""
        return {
            key: stored.get(key, False if definition.type == "checkbox" else None)
            for key, definition in self.defined.items()
        }

    def _key_problems(self, key: str) -> list[Problem]:
        if not _KEY.fullmatch(key) or key in RESERVED:
            return [Problem("key", f"Key: {key or 'blank'} is not valid", "InvalidValue")]
        if key in self.defined or key in self.retired:
            return [Problem("key", f"Key: {key} is already being used", "DuplicateValue")]
        return []


def accept(definition: CustomField, value: object) -> object:
    """The value as Zendesk keeps it; null clears.

    Raises:
        ValueError: If the field does not take it.
    """
    if value is None or (value == "" and definition.type != "checkbox"):
        return None
    return _READERS[definition.type](definition, value)


def _boolean(definition: CustomField, value: object) -> object:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "false", "1", "0"):
        return str(value).lower() in ("true", "1")
    raise ValueError("not a boolean")


def _day(definition: CustomField, value: object) -> object:
    text = str(value)
    day = date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text).date()
    return f"{day.isoformat()}T00:00:00+00:00"


def _integer(definition: CustomField, value: object) -> object:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
        raise ValueError("not a whole number")
    return int(str(value))


def _decimal(definition: CustomField, value: object) -> object:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+(\.\d+)?", str(value)):
        raise ValueError("not a number")
    return float(str(value))


def _words(definition: CustomField, value: object) -> object:
    if isinstance(value, list | dict) or len(str(value)) > MAX_TEXT:
        raise ValueError("not a text, or too long")
    return str(value)


def _matching(definition: CustomField, value: object) -> object:
    if definition.regexp is None or not re.search(definition.regexp, str(value)):
        raise ValueError("does not match")
    return str(value)


def _option(definition: CustomField, value: object) -> object:
    if value not in definition.options:
        raise ValueError("not an option")
    return value


_READERS: Mapping[str, Callable[[CustomField, object], object]] = {
    "text": _words,
    "textarea": _words,
    "checkbox": _boolean,
    "date": _day,
    "integer": _integer,
    "decimal": _decimal,
    "regexp": _matching,
    "dropdown": _option,
    "lookup": _integer,
}


def _text(wanted: Mapping[str, Any], name: str) -> str:
    value = wanted.get(name, "")
    if not isinstance(value, str | None):
        raise invalid_attribute(name, "a string")
    return value or ""


def _options(wanted: Mapping[str, Any]) -> tuple[str, ...]:
    rows = wanted.get("custom_field_options", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise invalid_attribute("custom_field_options", "an array of objects")
    return tuple(str(row.get("value", "")) for row in rows)


def _definition_problems(
    title: str, kind: str, options: tuple[str, ...], pattern: str | None
) -> list[Problem]:
    problems = []
    if pattern is not None and not _is_pattern(pattern):
        problems.append(Problem("regexp_for_validation", "Regexp: is invalid", "InvalidValue"))
    if not title.strip():
        problems.append(Problem("title", "Title: cannot be blank", "BlankValue"))
    if kind not in TYPES:
        problems.append(Problem("type", f"Type: {kind} is not valid", "InvalidValue"))
    if kind == "dropdown" and not options:
        told = "Custom field options: must have at least one option"
        problems.append(Problem("custom_field_options", told, "BlankValue"))
    return problems


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True
