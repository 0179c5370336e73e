"""``hub consent``: who agreed to what, where that stands, and the evidence as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.customer import Customer, customer, note_reading
from hub.cli.exports import export_options, write
from hub.cli.instants import to_the_second
from hub.cli.run import actor
from hub.cli.session import Session, Verbs, pass_session
from hub.core.clock import to_micros

if TYPE_CHECKING:
    from hub.core.ids import SourceKey
    from hub.exports.profiles import Form
    from hub.pipeline import Hub
    from hub.privacy.conflicts import Standing
    from hub.privacy.gate import Verdict
    from hub.privacy.permissions import Permissions
    from hub.privacy.resolution import Event

Keys = Mapping[int, "SourceKey"]


@click.group(cls=Verbs)
def consent() -> None:
    """Show where consent stands, its conflicts, and the ledger itself."""


@consent.command()
@click.argument("asked", metavar="ID")
@pass_session
def show(session: Session, asked: str) -> None:
    """Print what a customer permits, by purpose and channel, and the event behind each answer.

    ID is a golden id or a record: connection/stream/id. The audit log records the look.
    """
    with session.app().open_hub(actor()) as hub:
        look = _look(hub, asked)
        note_reading(hub, "consent", subject=min(look.who.records))
    session.show(_look_document(look), "\n".join(_look_lines(look)))


@consent.command()
@pass_session
def conflicts(session: Session) -> None:
    """Print the grants that came after a refusal and do not count until a person has looked."""
    from hub.privacy.conflicts import conflicts as find
    from hub.store.records import source_keys

    app = session.app()
    with closing(app.open_store()) as store, store.read() as connection:
        now = to_micros(store.clock.now())
        found = list(find(connection, app.settings.purposes, now))
        events = [e for _, s in found for e in (s.deciding, s.conflict) if e is not None]
        keys = source_keys(connection, _records(events))
    lines = []
    for golden_id, standing in found:
        lines += [golden_id, *_standings([standing], keys)]
    lines.append(
        f"{len(found)} conflicts: contact stays blocked. To permit it again, the customer must say"
        " so themselves, with evidence"
        if found
        else "no conflicts"
    )
    session.show(
        [{"golden_id": golden_id, **_document(s, keys)} for golden_id, s in found],
        "\n".join(lines),
    )


@consent.command()
@export_options("csv")
@pass_session
def export(session: Session, form: Form, output: Path | None, spreadsheet: bool) -> None:
    """Write the whole ledger to stdout or a file; the audit log records that it left."""
    from hub.exports.consent import content

    write(session, "consent", content, form, output, spreadsheet=spreadsheet)


@dataclass(frozen=True, slots=True)
class _Look:
    """A customer's ledger, folded and judged."""

    who: Customer
    said: Permissions
    verdicts: Sequence[Verdict]
    standings: Sequence[Standing]
    keys: Keys

    @property
    def unknown(self) -> list[str]:
        """Purposes on record that hub.toml does not have."""
        return sorted({event.purpose for event in self.said.events} - {*self.said.purposes, "*"})


def _look(hub: Hub, asked: str) -> _Look:
    from hub.core.connector import OutField
    from hub.privacy.conflicts import standings
    from hub.privacy.gate import Gate
    from hub.privacy.permissions import load
    from hub.store.records import source_keys

    purposes, now = hub.settings.purposes, to_micros(hub.clock.now())
    with hub.store.read() as connection:
        who = customer(connection, asked)
        said = load(connection, [who.golden_id], purposes, now)[who.golden_id]
        keys = source_keys(connection, _records(said.events))
    fields = [OutField(purpose, "", purpose) for purpose in purposes]
    verdicts = Gate(purposes).judge(who.golden_id, "", fields, said).verdicts
    spoken = [standing for standing in standings(said) if standing.permission.state != "unknown"]
    return _Look(who, said, verdicts, spoken, keys)


def _look_lines(look: _Look) -> Iterator[str]:
    yield f"{look.who.golden_id}: {len(look.said.events)} events, {len(look.who.records)} records"
    yield from map(_verdict, look.verdicts)
    yield from _standings(look.standings, look.keys)
    if look.unknown:
        yield f"on record, but not in [purposes] of hub.toml: {', '.join(look.unknown)}"
    yield "Every event, of everybody: hub consent export"


def _look_document(look: _Look) -> dict[str, object]:
    return {
        "golden_id": look.who.golden_id,
        "records": [str(key) for key in look.who.records.values()],
        "events": len(look.said.events),
        "purposes": [
            {"purpose": v.purpose, "basis": v.basis, "permitted": v.allowed, "reason": v.reason}
            for v in look.verdicts
        ],
        "standings": [_document(standing, look.keys) for standing in look.standings],
        "unknown_purposes": look.unknown,
    }


def _verdict(verdict: Verdict) -> str:
    answer = "permitted" if verdict.allowed else "NOT permitted"
    return f"  {verdict.purpose}: {answer}, {verdict.reason} ({verdict.basis})"


def _standings(found: Iterable[Standing], keys: Keys) -> list[str]:
    lines = []
    for standing in found:
        about = "" if standing.point is None else f" for address {standing.point.hex()[:8]}"
        state = standing.permission.state
        lines.append(f"    {standing.purpose} by {standing.channel}{about}: {state}")
        if standing.deciding is not None:
            lines.append(f"      because of {_told(standing.deciding, keys)}")
        if standing.conflict is not None:
            lines.append(f"      CONFLICT with the later {_told(standing.conflict, keys)}")
    return lines


def _told(event: Event, keys: Keys) -> str:
    when = "at an unknown time" if event.asserted_at is None else to_the_second(event.asserted_at)
    proof = ", with evidence" if event.evidence else ""
    return (
        f"{event.decision} {when}, {_speaker(event, keys)}, {event.origin}, {event.strength}{proof}"
    )


def _records(events: Iterable[Event]) -> set[int]:
    """Records that the events are about, and those that said so."""
    return {rid for event in events for rid in (event.rid, event.said_by) if rid is not None}


def _speaker(event: Event, keys: Keys) -> SourceKey:
    """The record that said so; of events from before that was kept, the one that they are about."""
    return keys[event.rid if event.said_by is None else event.said_by]


def _document(standing: Standing, keys: Keys) -> dict[str, object]:
    return {
        "purpose": standing.purpose,
        "channel": standing.channel,
        "point": None if standing.point is None else standing.point.hex(),
        "state": standing.permission.state,
        "because": standing.deciding and event_document(standing.deciding, keys),
        "conflict": standing.conflict and event_document(standing.conflict, keys),
    }


def event_document(event: Event, keys: Keys) -> dict[str, object]:
    """A ledger event for ``--json``."""
    return {
        "event": event.event_id,
        "record": str(_speaker(event, keys)),
        "version": event.version,
        "decision": event.decision,
        "strength": event.strength,
        "origin": event.origin,
        "notice": event.notice,
        "evidence": event.evidence,
        "asserted_at": to_the_second(event.asserted_at),
        "observed_at": to_the_second(event.observed_at),
    }
