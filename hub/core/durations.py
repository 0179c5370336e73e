"""Durations as an admin writes them: ``"90s"``, ``"15m"``, ``"12h"``, ``"7d"``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_TEXT = re.compile(r"([0-9]{1,9})([smhd])")


def seconds(text: str) -> int:
    """Whole seconds that ``text`` stands for.

    >>> seconds("15m")
    900

    Raises:
        ValueError: If ``text`` is not a number followed by s, m, h or d.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError("not a duration")
    return int(match[1]) * _UNITS[match[2]]


def duration_text(value: int) -> str:
    """``value`` seconds in the largest unit that divides it.

    >>> duration_text(900)
    '15m'
    """
    unit, size = next(
        ((unit, size) for unit, size in reversed(_UNITS.items()) if value and value % size == 0),
        ("s", 1),
    )
    return f"{value // size}{unit}"


@dataclass(frozen=True, slots=True)
class Duration:
    """Annotation of a setting in seconds that hub.toml writes as text.

    ``Annotated[int, Duration("1s", "31d")]`` accepts from one second to 31 days.
    """

    at_least: str
    at_most: str

    def _validate(self, value: object) -> int:
        if not isinstance(value, str) or _TEXT.fullmatch(value) is None:
            raise PydanticCustomError("duration", "not a duration", {"wanted": self.expected})
        found = seconds(value)
        if not seconds(self.at_least) <= found <= seconds(self.at_most):
            raise PydanticCustomError("duration_range", "", {"wanted": self.expected})
        return found

    @property
    def expected(self) -> str:
        """What an admin may write."""
        return f'a duration such as "15m" (s, m, h, d) from {self.at_least} to {self.at_most}'

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(duration_text),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": "^[0-9]{1,9}[smhd]$", "x-expected": self.expected}
