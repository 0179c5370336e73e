"""Which fields a system is given, and whether that is more than it may be given.

Two limits hold before anything is planned. A cap: the fields that one record gets, in all
(``[connections.NAME.push] max_fields``) and under one purpose (``[purposes.ID] max_fields``); data
that are not needed are not disclosed. Source: GDPR Art. 5(1)(c), data minimisation; APP 6. And a
bar: nothing is mapped to, or from, a name that says something sensitive (``hub.privacy.sensitive``)
or that ``[quality] never`` names. What a connector maps by itself is only withheld in that case.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hub.core.connector import OutField
from hub.core.mistakes import Mistake, dotted, nearest
from hub.core.positions import KeyPath, Positions
from hub.core.settings import PushSection, Settings
from hub.privacy.sensitive import is_barred, kind_of
from hub.profile.shape import SHAPE


def mapping(defaults: Sequence[OutField], section: PushSection) -> tuple[OutField, ...]:
    """The fields in force: the connector's defaults and what hub.toml adds or replaces."""
    fields = {f.name: f for f in defaults} if section.defaults else {}
    offered = {f.name: f for f in defaults}
    for name, wanted in section.fields.items():
        base = offered.get(name, OutField(name, wanted.source, wanted.purpose, label=name))
        fields[name] = replace(base, source=wanted.source, purpose=wanted.purpose)
    return tuple(fields.values())


@dataclass(frozen=True, slots=True)
class Limits:
    """What hub.toml permits.

    Args:
        settings: All of it.
        positions: Where it stands in the file.
    """

    settings: Settings
    positions: Positions

    def mistakes(self, connection: str, writer: str, fields: Sequence[OutField]) -> list[Mistake]:
        """What must be corrected before ``connection/writer`` is given these fields."""
        if not self.settings.connections[connection].push.enabled:
            return []
        return [*self._over(connection, writer, fields), *self._barred(connection, fields)]

    def _over(self, connection: str, writer: str, fields: Sequence[OutField]) -> Iterator[Mistake]:
        push = self.settings.connections[connection].push
        path: KeyPath = ("connections", connection, "push", "max_fields")
        place = f"{connection}/{writer}"
        yield from self._cap(path, push.max_fields, place, fields)
        for purpose, section in self.settings.purposes.items():
            if section.max_fields is not None:
                under = [field for field in fields if field.purpose == purpose]
                path = ("purposes", purpose, "max_fields")
                yield from self._cap(path, section.max_fields, place, under)

    def _cap(
        self, path: KeyPath, most: int, place: str, fields: Sequence[OutField]
    ) -> Iterator[Mistake]:
        over = [field.name for field in fields[most:]]
        if over:
            connection = place.partition("/")[0]
            message = f"{place} is given {len(fields)} fields; over the cap: {', '.join(over)}"
            expected = (
                f"at most {most} ({dotted(path)}). Leave out what is not needed there: with"
                f" defaults = false under [connections.{connection}.push], only the fields named"
                " there are written"
            )
            yield Mistake(self.positions.of_value(path), message, expected, path=path)

    def _barred(self, connection: str, fields: Sequence[OutField]) -> Iterator[Mistake]:
        named = self.settings.connections[connection].push.fields
        for field in fields:
            because = self._bar(field) if field.name in named else None
            if because is not None:
                path: KeyPath = ("connections", connection, "push", "fields", field.name)
                place = self.positions.of_key(path)
                yield Mistake.at(place, path, because, "a field about something else")

    def _bar(self, field: OutField) -> str | None:
        if is_barred(field.source, self.settings.quality.never):
            return f"[quality] never bars {field.source}"
        names = [field.name] if field.source in SHAPE else [field.name, field.source]
        kind = next((kind for name in names if (kind := kind_of(name)) is not None), None)
        return f"the name says or infers {kind}, which never leaves" if kind else None


def unknown_rules(settings: Settings, positions: Positions) -> Iterator[Mistake]:
    """Rules of ``[quality.fields]`` that are about nothing in the profile."""
    groups = {path.partition(".")[0] for path in SHAPE}
    for name in settings.quality.fields:
        if name not in SHAPE and name not in groups:
            path: KeyPath = ("quality", "fields", name)
            yield Mistake.at(
                positions.of_key(path),
                path,
                "the profile has no such field or group",
                'a path such as "voice.nps", or a group such as "voice"',
                nearest(name, [*SHAPE, *groups]),
            )
