"""What ``hub risk`` and ``hub postmortem`` rest on: patterns, register, and what the hub hears."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from hub.cli.instants import instant
from hub.cli.run import actor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from hub.app import App
    from hub.cli.session import Session
    from hub.journeys.event import Event
    from hub.voc.health import Health
    from hub.voc.pattern_files import Patterns
    from hub.voc.register import Entry
    from hub.voc.remedy import Weigh
    from hub.voc.reweighing import Reweighing
    from hub.voc.tide import Tide


def as_of(function: Callable[..., None]) -> Callable[..., None]:
    """A command that takes ``--at``."""
    return click.option("--at", "when", metavar="TIME", help="As of this time: 2026-05-01")(
        function
    )


@dataclass(frozen=True, slots=True)
class Method:
    """How this hub assesses risk.

    Args:
        patterns: The stories that it looks for.
        entry: Who answers for the score.
        model: What the business's own past says that signals are worth; None without it.
    """

    patterns: Patterns
    entry: Entry
    model: Reweighing | None


def method(app: App) -> Method:
    """The patterns and the register of this hub.

    Raises:
        ConfigMistakes: With everything that is wrong in the first file that has mistakes.
        ConfigError: If the score has no entry in the register, or not the right one, or if the
            trained model is not there or not the one that the entry names.
    """
    from hub.voc import pattern_files, register, reweighing
    from hub.voc.risk import VERSION, kinds_read

    wanted = app.settings.risk
    patterns = pattern_files.read_all(app.folder, wanted.patterns)
    paths = register.files(app.folder, wanted.decisions)
    entry = register.entry(paths, VERSION, kinds_read(patterns))
    if wanted.model == "points":
        return Method(patterns, entry, None)
    path = app.data_dir / reweighing.FILE
    return Method(patterns, entry, reweighing.answered_for(path, VERSION, entry.model))


@dataclass(frozen=True, slots=True)
class Subject:
    """The one customer that a command is about.

    Args:
        golden_id: Who.
        events: Their timeline.
        now: The instant that is told about.
        weigh: How their risk is assessed.
        entry: Who answers for the score.
        fares: How well things stand with them.
    """

    golden_id: str
    events: Sequence[Event]
    now: datetime
    weigh: Weigh
    entry: Entry
    fares: Health


def look_at(session: Session, asked: str, when: str | None, how: str) -> Subject:
    """The customer that ``asked`` names, at ``when`` or now; the look is in the audit log.

    Raises:
        NotFound: If nobody is called so.
        ConfigError: As :func:`method`.
    """
    from hub.cli.customer import customer
    from hub.identity import customers
    from hub.journeys.timeline import load

    app = session.app()
    found = method(app)
    with app.open_hub(actor()) as hub:
        now = told_at(app, when)
        with hub.store.read() as connection:
            golden_id = customer(connection, asked).golden_id
            events = load(connection, [golden_id])[golden_id]
            weigh = weighing(app, found.patterns, connection, now, found.model)
            fares = faring(app, connection, events, now)
        customers.note_read(hub.store, [golden_id], how=how, actor=actor(), clock=hub.clock)
    return Subject(golden_id, events, now, weigh, found.entry, fares)


def told_at(app: App, when: str | None) -> datetime:
    """The instant that ``--at`` names, on the business's clocks; now without it."""
    return instant(when, ZoneInfo(app.settings.hub.time_zone)) or app.clock.now()


def weighing(
    app: App,
    patterns: Patterns,
    connection: Connection,
    now: datetime,
    model: Reweighing | None = None,
    tide: Tide | None = None,
) -> Weigh:
    """The assessment with everything that this hub knows at ``now``.

    Args:
        app: Its settings.
        patterns: The stories to look for.
        connection: What is read from.
        now: Until when the hub is asked what it hears of.
        model: What the business's own past says that signals are worth; None for the points.
        tide: What everybody does, if it has been read already.
    """
    from hub.text.phrases import Phrases
    from hub.text.sources import load_models
    from hub.voc.known import known_kinds
    from hub.voc.own_past import own_tide
    from hub.voc.past import Reading
    from hub.voc.risk import assess

    text = app.settings.text
    competitors = Phrases((name, name) for name in text.competitors)
    return partial(
        assess,
        known=known_kinds(connection, now),
        patterns=patterns,
        zone=ZoneInfo(app.settings.hub.time_zone),
        reading=Reading(load_models(connection, text), competitors),
        floor=app.settings.risk.floor,
        tide=own_tide(connection) if tide is None else tide,
        model=model,
    )


def faring(app: App, connection: Connection, events: Sequence[Event], now: datetime) -> Health:
    """How well things stand with a customer, in the colour that follows on that of a week ago."""
    from datetime import timedelta

    from hub.voc.health import health
    from hub.voc.known import known_kinds

    known, zone = known_kinds(connection, now), ZoneInfo(app.settings.hub.time_zone)
    before = health(events, now - timedelta(days=7), known=known, zone=zone)
    return health(events, now, known=known, zone=zone, previous=before.colour)
