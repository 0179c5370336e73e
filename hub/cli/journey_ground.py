"""What the reports of ``hub journeys`` rest on: the map, everybody's past, the present."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from hub.cli.session import Session, pass_session

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.journeys.definition import Journey
    from hub.journeys.event import Event
    from hub.journeys.files import Journeys
    from hub.metrics.journeys import Precision


@dataclass(frozen=True, slots=True)
class Ground:
    """What a report rests on: the map, everybody's past, and the present.

    Args:
        journey: The map.
        people: Everybody's timelines, read as they are asked for, once.
        now: The present.
        zone: On whose clocks a day begins.
        precision: When a rate may be shown.
        connection: To the store, for what a report asks beside.
    """

    journey: Journey
    people: Iterator[list[Event]]
    now: datetime
    zone: ZoneInfo
    precision: Precision
    connection: Connection


def maps(session: Session) -> Journeys:
    """Every version of every journey of this hub."""
    from hub.journeys.files import read_all

    app = session.app()
    return read_all(app.folder, app.settings.journeys.files)


@contextmanager
def ground(session: Session, name: str | None) -> Iterator[Ground]:
    """The ground of a report on the journey ``name``; the store is open until the block ends."""
    from hub.journeys.timeline import everybody
    from hub.metrics.journeys import Precision

    app, journey = session.app(), maps(session).named(name)
    measured = app.settings.metrics
    precision = Precision(measured.min_n, measured.confidence)
    zone = app.settings.hub.zone
    with closing(app.open_store()) as store, store.read() as connection:
        people, now = everybody(connection), app.clock.now()
        yield Ground(journey, people, now, zone, precision, connection)


def on_a_journey(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """A command on one journey, which need not be named while there is only one."""
    return click.argument("name", required=False)(pass_session(function))
