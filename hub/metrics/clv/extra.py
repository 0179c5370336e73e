"""scipy, where the extra ``clv`` has brought it: nothing else in the hub needs it."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from hub.core.errors import ConfigError

ABSENT = "needs scipy; install it with: pip install 'cxhub[clv]'"
"""What a number says that cannot be computed in this installation."""


def installed() -> bool:
    """Whether predicted value can be computed here."""
    return find_spec("scipy") is not None


@cache
def special() -> ModuleType:
    """``scipy.special``, imported when first used: it takes longer than all of the hub."""
    return _module("scipy.special")


@cache
def optimize() -> ModuleType:
    """``scipy.optimize``."""
    return _module("scipy.optimize")


def _module(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as err:
        raise ConfigError(f"predicted customer value {ABSENT}") from err
