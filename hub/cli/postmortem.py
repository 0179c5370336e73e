"""``hub postmortem``: why a customer has left, as far as their last 90 days tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from heapq import nlargest
from operator import itemgetter
from typing import TYPE_CHECKING

import click

from hub.cli.layout import counted, entries, fitted, moment, wrapped
from hub.cli.risk_ground import as_of, look_at, terms, told_at
from hub.cli.run import actor
from hub.cli.session import Session, pass_session
from hub.core.clock import to_micros

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from hub.journeys.event import Event
    from hub.voc.postmortem import PostMortem


@click.command()
@click.argument("asked", metavar="[CUSTOMER]", required=False)
@click.option("--top", default=20, show_default=True, type=click.IntRange(1, 1000))
@as_of
@pass_session
def postmortem(session: Session, asked: str | None, top: int, when: str | None) -> None:
    """Print why CUSTOMER has left: what was unresolved, since when it showed, the last 90 days.

    CUSTOMER is a golden id, also a former one, an e-mail, or a record: connection/stream/id.
    Without one, print those who left last, each with what was open on that day.
    """
    if asked is None:
        _show_latest(session, top, when)
    else:
        _show_one(session, asked, when)


def _show_one(session: Session, asked: str, when: str | None) -> None:
    from hub.voc.postmortem import post_mortem

    subject = look_at(session, asked, when, "postmortem")
    golden_id, horizon = subject.golden_id, session.app().settings.metrics.churn_horizon
    told = post_mortem(
        subject.events, subject.now, horizon_days=horizon, weigh=subject.scorer.weigh
    )
    if told is None:
        text = f"{golden_id} has not left: no contract has ended, no order is {horizon} days ago"
        session.show({"golden_id": golden_id, "left_at": None}, text)
        return
    session.show(_document(golden_id, told), "\n".join(_lines(golden_id, told)))


def _show_latest(session: Session, top: int, when: str | None) -> None:
    from hub.identity import customers
    from hub.voc.own_scorer import own_scorer
    from hub.voc.postmortem import post_mortem

    app, left = session.app(), Counter[str]()
    horizon = app.settings.metrics.churn_horizon
    with app.open_hub(actor()) as hub:
        with hub.store.read() as connection:
            now = told_at(app, when, connection)
            weigh = own_scorer(connection, terms(app), now).weigh
            latest = nlargest(top, _departed(connection, now, horizon, left), key=itemgetter(0, 1))
            seen = [golden_id for _, golden_id, _ in latest]
            names = customers.names(connection, seen)
        customers.note_read(hub.store, seen, how="postmortem", actor=actor(), clock=hub.clock)
    told = {
        golden_id: found
        for _, golden_id, events in latest
        if (found := post_mortem(events, now, horizon_days=horizon, weigh=weigh)) is not None
    }
    each = [_document(who, found) | {"name": names.get(who)} for who, found in told.items()]
    document = {"left": left.total(), "customers": each}
    session.show(document, "\n".join(_latest_lines(told, names, left.total())))


def _departed(
    connection: Connection, now: datetime, horizon: int, left: Counter[str]
) -> Iterator[tuple[datetime, str, Sequence[Event]]]:
    """When each customer who is gone left, who, and their timeline; ``left`` counts them."""
    from hub.journeys.timeline import batches
    from hub.voc.postmortem import departure

    for timelines in batches(connection):
        for golden_id, events in timelines.items():
            if (gone := departure(events, now, horizon)) is not None:
                left[gone[1]] += 1
                yield gone[0], golden_id, events


def _latest_lines(
    told: Mapping[str, PostMortem], names: Mapping[str, str], left: int
) -> Iterator[str]:
    rows = [
        (
            (_day(found), found.how, found.warning_days, fitted(names.get(who, ""), 30)),
            f"{found.matters[0].text if found.matters else 'nothing on record'} [{who}]",
        )
        for who, found in told.items()
    ]
    if rows:
        yield from entries(("left", "how", "days of warning", "customer, what was open"), rows)
    waiting = sum(any(m.unresolved for m in found.matters) for found in told.values())
    nothing = sum(not found.matters for found in told.values())
    yield wrapped(
        f"{counted(left, 'customer')} left, the latest {len(told):,} shown: {waiting:,} with"
        f" something unresolved, {nothing:,} with nothing on record",
        "",
    )


def _lines(golden_id: str, told: PostMortem) -> Iterator[str]:
    yield f"{golden_id}  left {_day(told)}: {told.how}"
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
    yield from map(_event_line, told.events)


def _day(found: PostMortem) -> str:
    return moment(to_micros(found.left_at))[:10]


def _event_line(event: Event) -> str:
    from hub.journeys.telling import told

    head = f"    {moment(to_micros(event.at))[:16]}  {event.kind:<20} {event.channel or '-':<8}"
    return f"{head} {told(event)} [{event.source}]"


def _warning(told: PostMortem) -> str:
    if told.warning_days is None:
        return "the risk did not stand out on the eve"
    points = told.eve.points
    return f"{counted(told.warning_days, 'day')} before, the risk stood out; {points} on the eve"


def _document(golden_id: str, told: PostMortem) -> dict[str, object]:
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
            {"at": e.at.isoformat(), "kind": e.kind, "sources": list(e.sources)}
            for e in told.events
        ],
    }
