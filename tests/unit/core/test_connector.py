"""The connector contract: the names that plugins rely on, and parts that the settings decide."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import pytest
from pydantic import BaseModel

from hub.core import connector, contract
from hub.core.connector import (
    Connector,
    Context,
    Creator,
    Task,
    Unsupported,
    Webhook,
    Writer,
)

VERSION_1 = {
    "HUB_API", "Connector", "CheckItem", "Emulator", "Unsupported", "Context", "Wait",
    "Row", "State", "Json", "Reject", "Page", "Reader", "Since", "Tombstones", "FullPass", "Feed",
    "Deletes", "ById", "RowMap", "Stream", "Delivery", "Webhook", "Value", "OutField", "Change",
    "ConsentChange", "RowResult", "Writer", "Task", "Note", "Item", "Creator", "Offer", "Offered",
}  # fmt: skip
"""What plugins written for version 1 may import: names join it, none leaves it."""

WRITER = Writer("people", "people", (), 1, lambda _ctx, _batch: (), lambda _ctx, _ids, _names: {})
TASKS: Creator[Task] = Creator("people", 1, lambda _ctx, _batch: (), lambda _ctx, _items: {})
WEBHOOK = Webhook(lambda _ctx, _delivery: None, lambda _ctx, _delivery: (), lambda _delivery: "")


class _Settings(BaseModel):
    on: bool


def test_a_plugin_for_this_version_finds_every_name() -> None:
    """A name that leaves the contract breaks plugins that nobody here can mend."""
    assert connector.HUB_API == 1
    assert VERSION_1 - set(connector.__all__) == set()
    assert [name for name in connector.__all__ if not hasattr(connector, name)] == []


def test_every_part_of_the_contract_is_had_from_one_module() -> None:
    """A type that is added to a part is offered to plugins, and so described in the reference."""
    parts = [
        importlib.import_module(f"{contract.__name__}.{part.name}")
        for part in pkgutil.iter_modules(contract.__path__)
    ]
    own = {
        name
        for part in parts
        for name, kind in inspect.getmembers(part, inspect.isclass)
        if kind.__module__ == part.__name__
    }

    assert len(own) > 20
    assert own - set(connector.__all__) == set()


@pytest.mark.parametrize(
    ("part", "value", "without"),
    [
        ("streams", (), ()),
        ("writers", (WRITER,), ()),
        ("tasks", TASKS, Unsupported("tasks are switched off")),
        ("notes", Unsupported("no notes"), Unsupported("notes are switched off")),
        ("webhooks", {"events": WEBHOOK}, {}),
    ],
)
def test_a_part_is_declared_as_it_is_or_as_the_settings_decide(
    part: str, value: Any, without: Any
) -> None:
    """The hub asks for each part under the settings, and gets the same either way."""
    plain = acme(**{part: value})
    decided = acme(**{part: lambda settings: value if settings.on else without})

    assert under(plain, part, on=True) == under(decided, part, on=True) == value
    assert under(decided, part, on=False) == without


def test_a_system_that_pushes_nothing_has_no_webhooks() -> None:
    """What is declared as unsupported is an empty table to whoever goes through it."""
    assert under(acme(), "webhooks", on=True) == {}


def acme(**parts: Any) -> Connector:
    """A connector of a system that can do nothing but ``parts``."""

    def check(_ctx: Context) -> tuple[()]:
        return ()

    return Connector("acme", "a shop", _Settings, **{"streams": (), "check": check, **parts})


def under(system: Connector, part: str, *, on: bool) -> Any:
    """``part`` of the system under settings."""
    return getattr(system, f"{part}_for")(_Settings(on=on))
