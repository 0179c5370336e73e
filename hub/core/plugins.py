"""Connector plugins: found by entry point, loaded one at a time, never able to stop the hub.

Loading one plugin:

1. its entry point is unique in group ``hub.connectors``; two of one name are both refused
2. its module is imported; whatever that raises, ``SystemExit`` included, is that plugin's failure
3. pluggy compares its hooks with the hub's
4. its hook hands over a :class:`~hub.core.connector.Connector` that fits this hub's contract

Metadata is read to list what is installed; code runs only for the name that is asked for.
"""

from __future__ import annotations

import sys
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

import pluggy
from pydantic import BaseModel

from hub.core.connector import HUB_API, Connector, Stream, Writer
from hub.core.errors import ConfigError, HubError
from hub.core.hookspecs import ENTRY_POINT_GROUP, PROJECT, ConnectorSpec
from hub.core.mistakes import nearest
from hub.core.records import Record

_TOLD_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One installed plugin.

    Args:
        name: Connector name, which is the entry point's name.
        distribution: Installed package that brings it.
        version: Version of that package.
        state: ``ok``; ``broken``: it does not load; ``duplicate``: two packages claim the name.
        why: What is wrong and what to do, empty when ok.
        summary: The connector's own line.
    """

    name: str
    distribution: str
    version: str
    state: Literal["ok", "broken", "duplicate"]
    why: str = ""
    summary: str = ""


class BrokenPlugin(ConfigError):
    """A plugin that cannot be used; connections of other plugins go on."""

    default_code = "HUB-220"


def defect(doing: str, error: BaseException) -> HubError:
    """The error for ``doing``, in which a plugin's function raised ``error``.

    It tells the type and the line for the plugin's author; the message of ``error`` may quote a
    record, so it stays out.

    >>> str(defect("shop: reading orders", KeyError("ann@example.com")))
    'shop: reading orders raised KeyError, a defect of the plugin. Report it to its author'
    """
    said = f"{doing} raised {type(error).__name__}{_where(error)}"
    return HubError(f"{said}, a defect of the plugin. Report it to its author", code="HUB-150")


@contextmanager
def guarded(doing: str) -> Iterator[None]:
    """The plugin boundary: what a plugin's function raises beside the hub's own errors is a defect.

    Raises:
        HubError: As the plugin raised it, or as :func:`defect` tells it.
    """
    try:
        yield
    except HubError:
        raise
    except (Exception, SystemExit) as err:  # foreign code may raise anything
        raise defect(doing, err) from err


def offered() -> list[EntryPoint]:
    """What the installed packages offer as connectors."""
    return list(_brought_by_packages(tuple(sys.path)))


@cache  # the metadata of every package is read: 10 ms, and each connection asks
def _brought_by_packages(_path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=ENTRY_POINT_GROUP))


def installed(found: Iterable[EntryPoint] | None = None) -> Sequence[str]:
    """Names of the installed connectors, sorted, from metadata alone."""
    return sorted({point.name for point in _points(found)})


def available(found: Iterable[EntryPoint] | None = None) -> list[PluginInfo]:
    """Every installed plugin and whether it loads, by name."""
    points = sorted(_points(found), key=lambda point: (point.name, _distribution(point)))
    times = Counter(point.name for point in points)
    return [_info(point, alone=times[point.name] == 1) for point in points]


def load_connector(name: str, found: Iterable[EntryPoint] | None = None) -> Connector:
    """The connector of that name, checked against the contract.

    Raises:
        ConfigError: If no installed package brings it; the message suggests the nearest name.
        BrokenPlugin: If two packages bring it, or the one that does is broken.
    """
    return _load(_only(name, found))


def module_of(name: str, found: Iterable[EntryPoint] | None = None) -> str:
    """Import name of the package that brings the connector of that name.

    Raises:
        ConfigError: If none or more than one does.
    """
    return _only(name, found).module


def _only(name: str, found: Iterable[EntryPoint] | None) -> EntryPoint:
    points = _points(found)
    claims = [point for point in points if point.name == name]
    if not claims:
        raise ConfigError(_unknown(name, sorted({point.name for point in points})), code="HUB-221")
    if len(claims) > 1:
        raise BrokenPlugin(_claimed_twice(name, claims))
    return claims[0]


def _points(found: Iterable[EntryPoint] | None) -> list[EntryPoint]:
    return offered() if found is None else list(found)


def _info(point: EntryPoint, *, alone: bool) -> PluginInfo:
    version = point.dist.version if point.dist else ""
    origin = (point.name, _distribution(point), version)
    if not alone:
        why = "another package claims the same name; uninstall one of them"
        return PluginInfo(*origin, state="duplicate", why=why)
    try:
        return PluginInfo(*origin, state="ok", summary=_load(point).summary)
    except BrokenPlugin as err:
        return PluginInfo(*origin, state="broken", why=str(err))


def _load(point: EntryPoint) -> Connector:
    try:
        connector = _handed_over(point)  # 2, 3
    except BrokenPlugin:
        raise
    except pluggy.PluginValidationError as err:
        raise BrokenPlugin(f"{_who(point)} does not fit the hook specification: {err}") from err
    except (Exception, SystemExit) as err:  # the plugin boundary: foreign code may raise anything
        raise BrokenPlugin(f"{_who(point)} failed to load: {_told(err)}") from err
    if not isinstance(connector, Connector):  # 4
        what = type(connector).__name__
        raise BrokenPlugin(f"{_who(point)}: hub_connector returned {what}, not a Connector")
    wrong = list(_misfits(connector, point.name))
    if wrong:
        raise BrokenPlugin(f"{_who(point)}: {'; '.join(wrong)}")
    return connector


def _handed_over(point: EntryPoint) -> object:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(ConnectorSpec)
    manager.register(point.load(), point.name)
    manager.check_pending()
    if not manager.hook.hub_connector.get_hookimpls():
        raise BrokenPlugin(f"{_who(point)} implements no hub_connector hook")
    handed: object = manager.hook.hub_connector()
    return handed


def _misfits(connector: Any, name: str) -> Iterator[str]:
    """What keeps ``connector`` from being used under ``name``: its types are promises so far."""
    if connector.api != HUB_API:
        older = isinstance(connector.api, int) and connector.api < HUB_API
        side = "the plugin" if older else "cxhub"
        yield f"it speaks HUB_API {connector.api}, this hub {HUB_API}: upgrade {side}"
    if connector.name != name:
        yield f"the connector calls itself {connector.name!r}, its entry point {name!r}"
    if not (isinstance(connector.config, type) and issubclass(connector.config, BaseModel)):
        yield "config is not a pydantic model"
    if not callable(connector.check):
        yield "check is not a function"
    yield from _misfit_parts("streams", connector.streams, Stream)
    yield from _misfit_parts("writers", connector.writers, Writer)
    yield from _misfit_streams(connector.streams)


def _misfit_parts(what: str, parts: Any, kind: type) -> Iterator[str]:
    if callable(parts):
        return
    if not isinstance(parts, tuple) or not all(isinstance(part, kind) for part in parts):
        yield f"{what} is not a tuple of {kind.__name__} or a function of the settings"
        return
    for name, times in Counter(part.name for part in parts).items():
        if times > 1:
            yield f"{what} names {name!r} {times} times"


def _misfit_streams(streams: Any) -> Iterator[str]:
    for stream in streams if isinstance(streams, tuple) else ():
        entity = getattr(stream, "entity", None)
        if not (isinstance(entity, type) and issubclass(entity, Record)):
            yield f"stream {getattr(stream, 'name', '?')!r} has no canonical entity"


def _who(point: EntryPoint) -> str:
    return f"plugin {point.name!r} of {_distribution(point)} ({point.value})"


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "an unknown package"


def _told(error: BaseException) -> str:
    """The error and the plugin's own line that raised it."""
    return f"{type(error).__name__}: {str(error)[:_TOLD_AT_MOST]}{_where(error)}"


def _where(error: BaseException) -> str:
    """The innermost line of code, Python's import system left out."""
    if isinstance(error, SyntaxError):
        return f" at {error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "importlib" not in frame.filename]
    return f" at {own[-1].filename}:{own[-1].lineno}" if own else ""


def _unknown(name: str, names: Sequence[str]) -> str:
    near = nearest(name, names)
    hint = f" Did you mean {near!r}?" if near else ""
    known = ", ".join(names) or "none"
    return f"no installed package brings a connector {name!r}.{hint} Installed: {known}."


def _claimed_twice(name: str, claims: Sequence[EntryPoint]) -> str:
    packages = " and ".join(sorted(_distribution(point) for point in claims))
    return f"{packages} both claim the connector name {name!r}; uninstall one of them"
