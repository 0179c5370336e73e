"""What every report rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from hub.core.clock import from_micros, to_micros
from hub.core.settings import Settings
from hub.exports.report.model import Report, Section
from hub.journeys.files import Journeys
from hub.metrics import orders
from hub.metrics.formulas import Basis
from hub.metrics.months import DAY, begin, label, month_of
from hub.store.schema import facts, order_entries

_SAID = {"feedback": "answer"}
"""Entities of facts whose name is not what people call them."""

_SLACK = 3 * DAY
"""Days without orders at the end of a month that are no reason to call it cut off."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a report is made from.

    Args:
        connection: To the store, in one consistent view.
        settings: The hub's own.
        journeys: The maps of this hub.
        now: The present.
        month: The month it is about, as in :mod:`hub.metrics.months`.
    """

    connection: Connection
    settings: Settings
    journeys: Journeys
    now: datetime
    month: int

    @property
    def zone(self) -> ZoneInfo:
        """On whose clocks a month begins."""
        return self.settings.hub.zone

    @property
    def basis(self) -> Basis:
        """What the formulas need beside rows."""
        reference = orders.reference_date(self.connection, to_micros(self.now), self.zone)
        return Basis(reference, self.zone, self.settings.metrics)

    def report(self, kind: str, title: str, sections: Iterable[Section]) -> Report:
        """The report of these sections; an empty one is left out."""
        metrics = self.settings.metrics
        return Report(
            kind, title, label(self.month), self.now, metrics.confidence, metrics.min_n,
            tuple(section for section in sections if section.blocks), tuple(self._newest()),
        )  # fmt: skip

    def _newest(self) -> Iterator[tuple[str, str]]:
        """How fresh the data are: the day of the newest order, and of the newest of each fact."""
        now, fact = to_micros(self.now), facts.c
        latest = func.max(order_entries.c.at)
        ordered = self.connection.execute(select(latest).where(order_entries.c.at <= now)).scalar()
        if ordered is not None:
            yield "order", self._day(ordered)
        query = select(fact.entity, func.max(fact.at)).where(fact.at <= now).group_by(fact.entity)
        for entity, at in sorted(tuple(row) for row in self.connection.execute(query)):
            yield _SAID.get(entity, entity.replace("_", " ")), self._day(at)

    def _day(self, at: int) -> str:
        return from_micros(at).astimezone(self.zone).date().isoformat()


def newest_month(connection: Connection, settings: Settings, now: datetime) -> int:
    """The month to tell of when none is named.

    The last that is over; of an old export, the last that has data. If the data stop in the middle
    of it and the month before has some, too, that one: half a month compares with nothing.
    """
    zone = settings.hub.zone
    month = month_of(to_micros(now), zone) - 1
    latest = _latest(connection, begin(month + 1, zone))
    if latest is None:
        return month
    month = month_of(latest, zone)
    before = _latest(connection, begin(month, zone))
    stops = latest < begin(month + 1, zone) - _SLACK
    return (
        month - 1 if stops and before is not None and month_of(before, zone) == month - 1 else month
    )


def _latest(connection: Connection, until: int) -> int | None:
    """The last order or answer before ``until``."""
    order, fact = order_entries.c.at, facts.c.at
    queries = (
        select(func.max(order)).where(order < until),
        select(func.max(fact)).where(fact < until, facts.c.entity == "feedback"),
    )
    found = [connection.execute(query).scalar() for query in queries]
    return max((at for at in found if at is not None), default=None)
