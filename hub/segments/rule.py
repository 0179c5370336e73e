"""A rule: what must hold of a customer, as a checked expression of CEL.

The library is imported when the first rule is evaluated.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from hub.segments.checking import check
from hub.segments.fields import Value, facts

if TYPE_CHECKING:
    from cel import Context, Program


@dataclass(frozen=True, slots=True)
class Day:
    """The day that ages are counted to, on the business's clocks."""

    date: date
    zone: tzinfo

    def since(self, instant: datetime) -> float:
        """Days on the calendar between an instant and this day.

        A whole number, so that a customer's membership is the same all day, and nobody has to be
        looked at twice in it.
        """
        return float((self.date - instant.astimezone(self.zone).date()).days)


def day_of(instant: datetime, zone: tzinfo) -> Day:
    """The day of an instant, as the clocks of ``zone`` tell it."""
    return Day(instant.astimezone(zone).date(), zone)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that was checked.

    Args:
        text: The expression.
        paths: Fields that it names.
    """

    text: str
    paths: tuple[str, ...]

    def holds(self, known: Known) -> bool:
        """Whether it is true of a customer; False also where too little is known to tell."""
        try:
            return _program(self.text).execute(known.context) is True
        except KeyError:  # a field without a value decides: neither true nor false
            return False


@dataclass(frozen=True, slots=True)
class Known:
    """What rules see of one customer."""

    context: Context


def rule(text: str) -> Rule:
    """The rule, checked.

    Raises:
        RuleMistake: At the first thing that is wrong.
    """
    return Rule(text, check(text).paths)


def known(profile: Mapping[str, Any], paths: Iterable[str], day: Day) -> Known:
    """What rules that name ``paths`` see of a profile."""
    functions: dict[str, Callable[..., Any]] = {"days_since": day.since}
    found: dict[str, dict[str, Value]] = facts(profile, paths)
    context: Context = _library().Context(found, functions)
    return Known(context)


@cache
def _program(text: str) -> Program:
    program: Program = _library().compile(text)
    return program


@cache
def _library() -> ModuleType:
    """CEL itself, without the command line that its package imports along with it.

    That takes a quarter of a second and 12 MB, most of it for an editor of lines.
    """
    name, package = "cel.cel", find_spec("cel")
    folders = None if package is None else package.submodule_search_locations
    found = PathFinder.find_spec(name, folders)
    if name in sys.modules or found is None or found.loader is None:
        return import_module("cel")
    sys.modules[name] = module = module_from_spec(found)
    found.loader.exec_module(module)
    return module
