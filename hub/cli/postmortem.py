"""``hub postmortem``: why a customer has left, as far as their last 90 days tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from hub.cli.customer import customer
from hub.cli.instants import instant
from hub.cli.layout import counted, moment, wrapped
from hub.cli.risk_ground import method, weighing
from hub.cli.run import actor
from hub.cli.session import Session, pass_session
from hub.core.clock import to_micros

if TYPE_CHECKING:
    from hub.voc.postmortem import PostMortem


@click.command()
@click.argument("asked", metavar="CUSTOMER")
@click.option("--at", "when", metavar="TIME", help="As of this time: 2026-05-01")
@pass_session
def postmortem(session: Session, asked: str, when: str | None) -> None:
    """Print why CUSTOMER has left: what was unresolved, since when it showed, the last 90 days.

    CUSTOMER is a golden id, also a former one, an e-mail, or a record: connection/stream/id.
    """
    from hub.identity import customers
    from hub.journeys.timeline import load
    from hub.voc.postmortem import post_mortem

    app = session.app()
    found = method(app)
    with app.open_hub(actor()) as hub:
        now = instant(when, ZoneInfo(app.settings.hub.time_zone)) or hub.clock.now()
        with hub.store.read() as connection:
            golden_id = customer(connection, asked).golden_id
            events = load(connection, [golden_id])[golden_id]
            weigh = weighing(app, found.patterns, connection, now)
        customers.note_read(
            hub.store, [golden_id], how="postmortem", actor=actor(), clock=hub.clock
        )
    horizon = app.settings.metrics.churn_horizon
    told = post_mortem(events, now, horizon_days=horizon, weigh=weigh)
    if told is None:
        text = f"{golden_id} has not left: no contract has ended, no order is {horizon} days ago"
        session.show({"golden_id": golden_id, "left_at": None}, text)
        return
    session.show(_document(golden_id, told), "\n".join(_lines(golden_id, told)))


def _lines(golden_id: str, told: PostMortem) -> Iterator[str]:
    from hub.journeys.telling import told as words

    yield f"{golden_id}  left {moment(to_micros(told.left_at))[:10]}: {told.how}"
    for matter in told.matters:
        word = "UNRESOLVED" if matter.unresolved else "on record"
        yield wrapped(f"{word}: {matter.text}")
        yield f"        [{', '.join(matter.evidence[:3])}]"
    if not told.matters:
        yield "  nothing on record says why: ask, or connect what is missing"
    yield wrapped(f"warning: {_warning(told)}")
    for reason in told.eve.reasons:
        yield wrapped(f"{reason.points:>+4d}  {reason.text} ({reason.signal})")
    yield f"  the last 90 days: {counted(len(told.events), 'event')}"
    for event in told.events:
        yield (
            f"    {moment(to_micros(event.at))[:16]}  {event.kind:<20} {event.channel or '-':<8} "
            f"{words(event)} [{event.source}]"
        )


def _warning(told: PostMortem) -> str:
    if told.warning_days is None:
        return "the risk did not stand out on the eve"
    points = told.eve.points
    return f"{counted(told.warning_days, 'day')} before, the risk stood out; {points} on the eve"


def _document(golden_id: str, told: PostMortem) -> dict[str, object]:
    from hub.journeys.telling import told as words

    return {
        "golden_id": golden_id,
        "left_at": told.left_at.isoformat(),
        "how": told.how,
        "matters": [
            {"text": m.text, "unresolved": m.unresolved, "evidence": list(m.evidence)}
            for m in told.matters
        ],
        "flagged_at": None if told.flagged_at is None else told.flagged_at.isoformat(),
        "warning_days": told.warning_days,
        "points_on_the_eve": told.eve.points,
        "reasons": [
            {"signal": r.signal, "points": r.points, "text": r.text, "evidence": list(r.evidence)}
            for r in told.eve.reasons
        ],
        "events": [
            {
                "at": event.at.isoformat(),
                "kind": event.kind,
                "channel": event.channel,
                "told": words(event),
                "sources": list(event.sources),
            }
            for event in told.events
        ],
    }
