"""One place that the hub writes to: a connection, its writer, and the mapping in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.core.batches import in_batches
from hub.core.connector import (
    Change,
    Connector,
    Context,
    OutField,
    RowResult,
    Value,
    Writer,
)
from hub.core.errors import ConfigError
from hub.core.mistakes import nearest
from hub.core.plugins import guarded
from hub.core.released import Released
from hub.core.settings import PushSection
from hub.profile.shape import SHAPE, is_known
from hub.push.mapping import mapping


@dataclass(frozen=True, slots=True)
class Destination:
    """A writer of a connection with the fields that hub.toml asks it to write.

    Args:
        ctx: What the connector's functions receive.
        writer: The writer.
        fields: Mapping in force: the connector's defaults and what hub.toml adds or replaces.
        sync: Whether the connection may be written to without asking each time.
        region: Default phone region.
        brand: Brand of the connection; what was permitted to another brand is not permitted here.
        version: Release of the connector.
    """

    ctx: Context
    writer: Writer
    fields: tuple[OutField, ...]
    sync: bool
    region: str
    brand: str = ""
    version: str = ""

    @property
    def connection(self) -> str:
        """The connection's name in ``hub.toml``."""
        return self.ctx.connection

    @property
    def key(self) -> str:
        """Name of the destination in the store: ``connection/writer``."""
        return f"{self.connection}/{self.writer.name}"

    @property
    def lease_name(self) -> str:
        """Name of the lease that whoever writes there holds, however long the system takes."""
        return f"push:{self.key}"

    def read(
        self, native_ids: Sequence[str], also: Iterable[str] = ()
    ) -> Mapping[str, Mapping[str, Value]]:
        """What stands there now, by native id; records that are gone are left out.

        Args:
            native_ids: Records, any number.
            also: Fields beside those of the mapping in force, such as ones it no longer has.

        Raises:
            HubError: If the system cannot be read.
        """
        names = sorted({*(field.name for field in self.fields), *also})
        found: dict[str, Mapping[str, Value]] = {}
        with guarded(f"{self.connection}: reading {self.writer.name}"):
            for batch in in_batches(native_ids, self.writer.batch):
                found.update(self.writer.read(self.ctx, batch, names))
        return found

    def write(self, batch: Sequence[Released[Change]]) -> dict[str, RowResult]:
        """The system's word on each row, by trace; it may be silent about some.

        Raises:
            HubError: If it did not answer at all.
        """
        with guarded(f"{self.connection}: writing {self.writer.name}"):
            return {result.trace: result for result in self.writer.write(self.ctx, batch)}

    def provision(self) -> tuple[str, ...]:
        """Names of the fields that were missing there and now exist.

        Raises:
            HubError: If they cannot be created.
        """
        provision = self.writer.provision
        if not callable(provision):
            return ()
        with guarded(f"{self.connection}: provisioning {self.writer.name}"):
            return tuple(provision(self.ctx, self.fields))


def destinations(
    ctx: Context,
    connector: Connector,
    section: PushSection,
    *,
    sync: bool,
    region: str,
    brand: str = "",
) -> list[Destination]:
    """The places that a connection offers to write to, one per writer; none if pushing is off.

    Raises:
        ConfigError: If a field is mapped from something that the unified profile does not have.
    """
    if not section.enabled:
        return []
    places = [
        Destination(
            ctx, writer, mapping(writer.fields, section), sync, region, brand, connector.version
        )
        for writer in connector.writers_for(ctx.config)
    ]
    for place in places:
        _refuse_unknown_sources(place)
    return places


def _refuse_unknown_sources(place: Destination) -> None:
    for field in place.fields:
        if not is_known(field.source):
            guess = nearest(field.source, SHAPE)
            hint = f'; did you mean "{guess}"?' if guess else ""
            raise ConfigError(
                f"{place.connection}: field {field.name} is mapped from {field.source!r}, which"
                f" unified_profile_v1 does not have{hint}. See docs/reference/unified-profile.md",
                code="HUB-232",
            )
