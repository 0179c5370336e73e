"""``hub timeline``: everything that happened to a customer, from every system, in one order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hub.cli.customer import customer
from hub.cli.instants import instant
from hub.cli.layout import counted, moment
from hub.cli.run import actor
from hub.cli.session import Session, pass_session
from hub.core.clock import to_micros

if TYPE_CHECKING:
    from datetime import datetime

    from hub.journeys.event import Event


@click.command()
@click.argument("asked", metavar="CUSTOMER")
@click.option("--since", metavar="TIME", help="From this time on: 2026-05-01 or 2026-05-01T09:30")
@click.option("--kind", "wanted", multiple=True, help="Only this kind of event; may be repeated.")
@click.option("--search", "text", help="Only events whose words or record name this text.")
@click.option("--threads", "by_matter", is_flag=True, help="Conversations only, by matter.")
@pass_session
def timeline(
    session: Session,
    asked: str,
    since: str | None,
    wanted: tuple[str, ...],
    text: str | None,
    by_matter: bool,
) -> None:
    """Print what happened to CUSTOMER in every system, oldest first.

    CUSTOMER is a golden id, also a former one, an e-mail, or a record: connection/stream/id.
    """
    from hub.identity import customers
    from hub.journeys.timeline import load

    app = session.app()
    start = instant(since, app.settings.hub.zone)
    _check(wanted)
    with app.open_hub(actor()) as hub:
        with hub.store.read() as connection:
            golden_id = customer(connection, asked).golden_id
            events = load(connection, [golden_id])[golden_id]
        customers.note_read(hub.store, [golden_id], how="timeline", actor=actor(), clock=hub.clock)
    chosen = [event for event in events if _fits(event, start, wanted, text)]
    if by_matter:
        _show_threads(session, golden_id, chosen)
        return
    document = {"golden_id": golden_id, "events": [event_document(event) for event in chosen]}
    session.show(
        document, "\n".join([*map(event_line, chosen), _closing(golden_id, chosen, events)])
    )


def _show_threads(session: Session, golden_id: str, events: list[Event]) -> None:
    from hub.journeys.threads import threads

    found = threads(events)
    lines: list[str] = []
    for thread in found:
        ways = " then ".join(thread.channels) or "no channel named"
        switches = counted(thread.channel_switches, "change of channel", "changes of channel")
        lines += [f"{thread.topic or '(no topic)'}: {ways}, {switches}"]
        lines += [f"  {event_line(event)}" for event in thread.events]
    document = [
        {
            "topic": thread.topic,
            "channels": thread.channels,
            "channel_switches": thread.channel_switches,
            "events": [event_document(event) for event in thread.events],
        }
        for thread in found
    ]
    closing = f"{golden_id}: {counted(len(found), 'thread')}"
    session.show({"golden_id": golden_id, "threads": document}, "\n".join([*lines, closing]))


def _check(wanted: tuple[str, ...]) -> None:
    from hub.core.mistakes import nearest
    from hub.journeys.kinds import KINDS

    for kind in wanted:
        if kind not in KINDS:
            guess = nearest(kind, KINDS)
            hint = f'; did you mean "{guess}"?' if guess else f". Kinds: {', '.join(KINDS)}"
            raise click.BadParameter(f'there is no kind of event "{kind}"{hint}')


def _fits(event: Event, start: datetime | None, wanted: tuple[str, ...], text: str | None) -> bool:
    from hub.journeys.telling import mentions

    return (
        (start is None or event.at >= start)
        and (not wanted or event.kind in wanted)
        and (text is None or mentions(event, text))
    )


def event_line(event: Event) -> str:
    """An event as a line: when, what, where, in words, and the record that tells it."""
    from hub.journeys.telling import told

    more = f" +{len(event.also)}" if event.also else ""
    said = told(event)
    head = f"{moment(to_micros(event.at))}  {event.kind:<20} {event.channel or '-':<10}"
    return f"{head} {said}{'  ' * bool(said)}[{event.source}{more}]"


def _closing(golden_id: str, chosen: list[Event], events: list[Event]) -> str:
    records = len({source for event in chosen for source in event.sources})
    of = "" if len(chosen) == len(events) else f" of {len(events):,}"
    shown = f"{len(chosen):,}{of} events" if of else counted(len(chosen), "event")
    return f"{golden_id}: {shown}, told by {counted(records, 'record')}"


def event_document(event: Event) -> dict[str, object]:
    """An event for a program."""
    from hub.journeys.telling import told

    return {
        "at": event.at.isoformat(),
        "kind": event.kind,
        "channel": event.channel,
        "ref": event.ref,
        "sources": list(event.sources),
        "told": told(event),
    }
