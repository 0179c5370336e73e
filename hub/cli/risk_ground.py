"""What ``hub risk`` and ``hub postmortem`` rest on: patterns, register, and what the hub hears."""

from __future__ import annotations

from dataclasses import dataclass
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
    from hub.voc.own_scorer import Terms
    from hub.voc.register import Entry
    from hub.voc.scoring import Scorer


def as_of(function: Callable[..., None]) -> Callable[..., None]:
    """A command that takes ``--at``."""
    return click.option("--at", "when", metavar="TIME", help="As of this time: 2026-05-01")(
        function
    )


def terms(app: App) -> Terms:
    """How this hub scores.

    Raises:
        ConfigMistakes: With everything that is wrong in the first file of patterns with mistakes.
        ConfigError: If something is decided that has no entry in the register, or not the right
            one, or if the trained model is not there or not the one that the entry names.
    """
    from hub.voc import own_scorer

    return own_scorer.terms(app.folder, app.settings)


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
        ConfigError: As :func:`terms`.
    """
    from hub.cli.customer import customer
    from hub.identity import customers
    from hub.journeys.timeline import load
    from hub.voc.own_scorer import own_scorer

    app = session.app()
    found = terms(app)
    with app.open_hub(actor()) as hub:
        with hub.store.read() as connection:
            now = told_at(app, when, connection)
            golden_id = customer(connection, asked).golden_id
            events = load(connection, [golden_id])[golden_id]
            scorer = own_scorer(connection, found, now)
        customers.note_read(hub.store, [golden_id], how=how, actor=actor(), clock=hub.clock)
    return Subject(golden_id, events, now, scorer, found.by.entry, scorer.health(events, now))


def told_at(app: App, when: str | None, connection: Connection) -> datetime:
    """The instant that ``--at`` names, on the business's clocks; without it, profiles' today."""
    from hub.metrics.day import today

    zone = app.settings.hub.zone
    return instant(when, zone) or today(connection, app.clock.now(), zone)
