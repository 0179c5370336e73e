"""One place that the hub writes to: a connection, its writer, and the mapping in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hub.core.connector import Connector, Context, OutField, Writer
from hub.core.settings import PushSection


@dataclass(frozen=True, slots=True)
class Destination:
    """A writer of a connection with the fields that hub.toml asks it to write.

    Args:
        ctx: What the connector's functions receive.
        writer: The writer.
        fields: Mapping in force: the connector's defaults and what hub.toml adds or replaces.
        sync: Whether the connection may be written to without asking each time.
        region: Default phone region.
    """

    ctx: Context
    writer: Writer
    fields: tuple[OutField, ...]
    sync: bool
    region: str

    @property
    def connection(self) -> str:
        """The connection's name in ``hub.toml``."""
        return self.ctx.connection

    @property
    def key(self) -> str:
        """Name of the destination in the store: ``connection/writer``."""
        return f"{self.connection}/{self.writer.name}"


def destinations(
    ctx: Context, connector: Connector, section: PushSection, *, sync: bool, region: str
) -> list[Destination]:
    """The places that a connection offers to write to, one per writer; none if pushing is off."""
    if not section.enabled:
        return []
    return [
        Destination(ctx, writer, _mapping(writer.fields, section), sync, region)
        for writer in connector.writers_for(ctx.config)
    ]


def _mapping(defaults: tuple[OutField, ...], section: PushSection) -> tuple[OutField, ...]:
    fields: dict[str, OutField] = {f.name: f for f in defaults} if section.defaults else {}
    offered: Mapping[str, OutField] = {f.name: f for f in defaults}
    for name, wanted in section.fields.items():
        base = offered.get(name, OutField(name, wanted.source, wanted.purpose, label=name))
        fields[name] = replace(base, source=wanted.source, purpose=wanted.purpose)
    return tuple(fields.values())
