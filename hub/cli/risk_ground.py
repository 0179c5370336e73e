"""What ``hub risk`` and ``hub postmortem`` rest on: patterns, register, and what the hub hears."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

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
    from hub.voc.method import Method
    from hub.voc.register import Entry
    from hub.voc.scoring import Scorer
    from hub.voc.tide import Tide


def as_of(function: Callable[..., None]) -> Callable[..., None]:
    """A command that takes ``--at``."""
    return click.option("--at", "when", metavar="TIME", help="As of this time: 2026-05-01")(
        function
    )


def method(app: App) -> Method:
    """The patterns and the register of this hub.

    Raises:
        ConfigMistakes: With everything that is wrong in the first file that has mistakes.
        ConfigError: If the score has no entry in the register, or not the right one, or if the
            trained model is not there or not the one that the entry names.
    """
    from hub.voc import method

    return method.method(app.folder, app.settings.risk, app.data_dir)


@dataclass(frozen=True, slots=True)
class Subject:
    """The one customer that a command is about.

    Args:
        golden_id: Who.
        events: Their timeline.
        now: The instant that is told about.
        scorer: How their risk is assessed.
        entry: Who answers for the score.
        fares: How well things stand with them.
    """

    golden_id: str
    events: Sequence[Event]
    now: datetime
    scorer: Scorer
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
        with hub.store.read() as connection:
            now = told_at(app, when, connection)
            golden_id = customer(connection, asked).golden_id
            events = load(connection, [golden_id])[golden_id]
            scorer = scoring_at(app, found, connection, now)
        customers.note_read(hub.store, [golden_id], how=how, actor=actor(), clock=hub.clock)
    return Subject(golden_id, events, now, scorer, found.entry, scorer.health(events, now))


def told_at(app: App, when: str | None, connection: Connection) -> datetime:
    """The instant that ``--at`` names, on the business's clocks; without it, profiles' today."""
    from hub.profile.day import today

    zone = app.settings.hub.zone
    return instant(when, zone) or today(connection, app.clock.now(), zone)


def scoring_at(
    app: App, by: Method, connection: Connection, now: datetime, tide: Tide | None = None
) -> Scorer:
    """The scores as this hub gives them, with everything that it hears of at ``now``.

    Args:
        app: Its settings.
        by: How it decides.
        connection: What is read from.
        now: Until when the hub is asked what it hears of.
        tide: What everybody does, if it has been read already.
    """
    from hub.text.sources import load_models
    from hub.voc.health import health
    from hub.voc.known import known_kinds
    from hub.voc.own_past import own_tide
    from hub.voc.scoring import Scorer, weighing

    settings, known = app.settings, known_kinds(connection, now)
    zone = settings.hub.zone
    weigh = weighing(
        by,
        known,
        models=load_models(connection, settings.text),
        competitors=settings.text.competitors,
        zone=zone,
        tide=own_tide(connection) if tide is None else tide,
    )
    fares = partial(health, known=known, zone=zone)
    return Scorer(weigh, settings.metrics.churn_horizon, by.floor, fares)
