"""Every text of every customer, read by what this business reads texts with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from sqlalchemy import Connection

from hub.core.settings import Settings
from hub.journeys.timeline import batches
from hub.metrics.voice import Heard, hear
from hub.text.annotation import Annotation, annotate
from hub.text.sources import load_catalogue, load_models


def heard(connection: Connection, settings: Settings, since: datetime | None) -> Iterator[Heard]:
    """The texts, a batch of timelines at a time; those from ``since`` on, or all."""
    zone = settings.hub.zone
    models = load_models(connection, settings.text)
    catalogue = load_catalogue(connection, settings.hub, settings.text)

    def read(words: str, day: date, answer: bool) -> Annotation:
        return annotate(words, models, catalogue, day, answer=answer)

    for timelines in batches(connection):
        yield from hear(timelines, read, zone, since)
