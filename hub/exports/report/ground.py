"""What every report rests on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from hub.core.clock import to_micros
from hub.core.settings import Settings
from hub.exports.report.model import Report, Section
from hub.journeys.files import Journeys
from hub.metrics import orders
from hub.metrics.formulas import Basis
from hub.metrics.months import label, month_of


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
        return ZoneInfo(self.settings.hub.time_zone)

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
            tuple(section for section in sections if section.blocks),
        )  # fmt: skip


def newest_month(connection: Connection, settings: Settings, now: datetime) -> int:
    """The last month that is over for the data: an old export's last, not the calendar's."""
    zone = ZoneInfo(settings.hub.time_zone)
    return month_of(orders.reference_date(connection, to_micros(now), zone), zone) - 1
