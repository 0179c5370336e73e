"""What every section is made of: the base model, and texts whose form an admin is told in words."""

from __future__ import annotations

import ast
from inspect import cleandoc, getsource
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Annotated, Self, cast
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationInfo,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from hub.core.durations import Duration


class Section(BaseModel):
    """Base of every section: unknown keys refused, values fixed once read.

    A setting is described by the text below it, which is read when its JSON Schema is asked for:
    reading all of them takes a quarter of the time that ``hub check`` has.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema, with the description of each setting."""
        found = handler(core_schema)
        settings = handler.resolve_ref_schema(found).get("properties", {})
        for name, text in _descriptions(cls).items():
            settings[cls.model_fields[name].alias or name].setdefault("description", text)
        return found


def _descriptions(section: type[Section]) -> dict[str, str]:
    """The text that stands below each setting in the code, inherited settings included."""
    found: dict[str, str] = {}
    for each in reversed(section.__mro__[: section.__mro__.index(Section)]):
        for setting, text in pairwise(_body(each)):
            match setting, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(ast.Constant(str(said))):
                    found[name] = cleandoc(said)
    return found


def _body(section: type) -> list[ast.stmt]:
    parsed = ast.parse(dedent(getsource(section))).body[0]
    return parsed.body if isinstance(parsed, ast.ClassDef) else []


def form(pattern: str, expected: str) -> FieldInfo:
    """Annotation of a text whose form an admin is told in words."""
    return cast(FieldInfo, Field(pattern=pattern, json_schema_extra={"x-expected": expected}))


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found, malformed, a folder of zones
        raise PydanticCustomError(
            "unknown_name",
            "unknown time zone",
            {"wanted": "an IANA time zone", "names": sorted(available_timezones())},
        ) from None
    return name


TimeZone = Annotated[str, AfterValidator(_time_zone)]
"""Name of an IANA time zone."""


def _from_home(path: Path, info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("home", "")) / path.expanduser()


HomePath = Annotated[Path, AfterValidator(_from_home)]
"""A path; a relative one starts from the folder of hub.toml, wherever the command is run."""


Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
"""Name of a connection or purpose: lower case, so that it can stand in ids, URLs and SQL."""


NAMES = Field(
    json_schema_extra={"x-names": "a lower-case letter, then lower-case letters, digits, _ or -"}
)


def _cron(text: str) -> str:
    from hub.core.timetable import Calendar  # needed by few

    try:
        Calendar(text, ZoneInfo("UTC"))
    except ValueError:
        raise PydanticCustomError(
            "cron",
            "not a cron expression",
            {"wanted": 'five fields such as "0 2 * * *" (minute, hour, day, month, weekday)'},
        ) from None
    return text


class Schedule(Section):
    """When something runs: at an interval or by the calendar."""

    every: Annotated[int, Duration("1s", "31d")] | None = None
    """Interval, such as "15m"."""
    cron: Annotated[str, AfterValidator(_cron)] | None = None
    """Five cron fields as in Debian's crontab, in the time zone of [hub]."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.every is None) == (self.cron is None):
            raise PydanticCustomError(
                "schedule",
                "a schedule has exactly one of every and cron",
                {"wanted": '{ every = "15m" } or { cron = "0 2 * * *" }'},
            )
        return self


def _declared(table: str, name: str, info: ValidationInfo) -> str:
    """``name`` if the file declares it in ``table``; the reader passes the names as context."""
    known = (info.context or {}).get(table)
    if known is not None and name not in known:
        raise PydanticCustomError(
            "unknown_name",
            "not declared in this file",
            {"wanted": f"a name from [{table}]", "names": sorted(known)},
        )
    return name


def _known_purpose(name: str, info: ValidationInfo) -> str:
    return _declared("purposes", name, info)


def _known_connection(name: str, info: ValidationInfo) -> str:
    return _declared("connections", name, info)


Purpose = Annotated[
    str,
    AfterValidator(_known_purpose),
    Field(json_schema_extra={"x-expected": "a name from [purposes]"}),
]
"""Name of a purpose that the file declares."""

Connection = Annotated[str, AfterValidator(_known_connection)]
"""Name of a connection that the file declares."""
