"""``hub why``: would this value of this customer go to that system, and what did go there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
import orjson

from hub.cli.customer import Customer, customer, note_reading
from hub.cli.instants import to_the_second
from hub.cli.run import actor
from hub.cli.session import Session, pass_session
from hub.core.clock import to_micros
from hub.core.errors import NotFound
from hub.core.mistakes import nearest

if TYPE_CHECKING:
    from hub.core.connector import OutField
    from hub.pipeline import Hub, Lane
    from hub.privacy.gate import Decision, Verdict
    from hub.push.destination import Destination
    from hub.push.intent import Intent

SHOWN = 5
"""Disclosures that are printed, newest first."""


@dataclass(frozen=True, slots=True)
class Disclosed:
    """One time that the field went there."""

    at: int
    record: str
    decision: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate says now of one record there, and whether the value would be written.

    Args:
        native_id: The record's own id.
        verdict: The gate's.
        decision: What the verdict belongs to.
        has_value: Whether the profile has a value for the field.
        differs: Whether that is another value than the hub last wrote there.
    """

    native_id: str
    verdict: Verdict
    decision: Decision
    has_value: bool
    differs: bool


@dataclass(frozen=True, slots=True)
class Told:
    """One mapped field of one destination: what holds now, and what happened."""

    golden_id: str
    place: Destination
    mapped: OutField
    answers: Sequence[Answer]
    disclosed: Sequence[Disclosed]


@click.command()
@click.argument("asked", metavar="ID")
@click.argument("field")
@click.argument("destination")
@pass_session
def why(session: Session, asked: str, field: str, destination: str) -> None:
    """Say whether FIELD of customer ID may go to DESTINATION now, why, and when it last went.

    ID is a golden id or a record: connection/stream/id. FIELD is a field of the destination, or a
    path in the profile. DESTINATION is a connection, or connection/writer.
    """
    app = session.app()
    name = destination.partition("/")[0]
    with app.open_hub(actor()) as hub, app.lanes([name]) as lanes:
        with hub.store.read() as connection:
            who = customer(connection, asked)
        places = [
            (place, mapped)
            for place in _places(lanes[0], destination)
            for mapped in place.fields
            if field in (mapped.name, mapped.source)
        ]
        if not places:
            raise _unmapped(lanes[0], field)
        subject, details = min(who.records), {"field": field}
        note_reading(hub, "decision", subject=subject, connection=name, details=details)
        told = [_tell(hub, place, mapped, who) for place, mapped in places]
    session.show(
        [_document(each) for each in told],
        "\n".join(line for each in told for line in _lines(each)),
    )


def _tell(hub: Hub, place: Destination, mapped: OutField, who: Customer) -> Told:
    answers = _answers(hub, place, mapped, who)
    return Told(who.golden_id, place, mapped, answers, _disclosed(hub, place, mapped, who))


def _places(lane: Lane, asked: str) -> Sequence[Destination]:
    wanted = [place for place in lane.destinations if asked in (place.connection, place.key)]
    if not wanted:
        offered = ", ".join(place.key for place in lane.destinations) or "nothing"
        raise NotFound(f"nothing is written to {asked}; this connection takes: {offered}")
    return wanted


def _unmapped(lane: Lane, field: str) -> NotFound:
    names = {name for p in lane.destinations for f in p.fields for name in (f.name, f.source)}
    guess = nearest(field, sorted(names))
    hint = f'; did you mean "{guess}"?' if guess else ""
    return NotFound(
        f"{lane.source.name}: no field or path {field} is mapped, so it never goes there{hint}"
    )


def _answers(hub: Hub, place: Destination, mapped: OutField, who: Customer) -> list[Answer]:
    from hub.privacy.gate import Gate
    from hub.push.intent import Intents

    purposes = hub.settings.purposes
    gate = Gate(purposes, hub.settings.quality)
    intents = Intents(place, gate, purposes, hub.keys)
    with hub.store.read() as connection:
        rows = intents.rows(connection, sorted(who.records))
        built = intents.build(connection, list(rows.values()), to_micros(hub.clock.now()))
    return [_answer(intent, mapped.name) for intent in built]


def _answer(intent: Intent, field: str) -> Answer:
    verdict = next(v for v in intent.decision.verdicts if v.field == field)
    return Answer(
        intent.row.native_id,
        verdict,
        intent.decision,
        has_value=intent.values[field] is not None,
        differs=field in intent.changed,
    )


def _disclosed(hub: Hub, place: Destination, mapped: OutField, who: Customer) -> list[Disclosed]:
    from sqlalchemy import select

    from hub.store.schema import disclosures

    sent = disclosures.c
    query = (
        select(sent.at, sent.rid, sent.decision, sent.fields)
        .where(sent.rid.in_(sorted(who.records)), sent.connection == place.connection)
        .order_by(sent.at.desc(), sent.outbox_id.desc())
    )
    with hub.store.read() as connection:
        rows = connection.execute(query).all()
    told = [(row, orjson.loads(row.fields).get(mapped.name)) for row in rows]
    return [
        Disclosed(row.at, str(who.records[row.rid]), row.decision, purpose)
        for row, purpose in told
        if purpose is not None
    ]


def _lines(told: Told) -> Iterator[str]:
    yield f"{told.golden_id}: {told.mapped.source} to {told.place.key} as {told.mapped.name}"
    if not told.answers:
        yield f"  has no record with a profile in {told.place.connection}, so nothing is written"
    for answer in told.answers:
        yield f"  record {answer.native_id}: {_now(answer)}"
        yield f"    {_because(answer)}"
    for each in told.disclosed[:SHOWN]:
        why = f"under {each.purpose}, decision {each.decision}"
        yield f"  sent {to_the_second(each.at)} to {each.record} {why}"
    if not told.disclosed:
        yield "  never sent there"


def _now(answer: Answer) -> str:
    if not answer.verdict.allowed:
        return "withheld"
    if not answer.has_value:
        return "may go, but the profile has no value"
    return "would be sent" if answer.differs else "may go, and stands there already"


def _because(answer: Answer) -> str:
    verdict, decision = answer.verdict, answer.decision
    event = f", ledger event {verdict.event}" if verdict.event else ""
    return (
        f"{verdict.reason} (purpose {verdict.purpose}, {verdict.basis}{event}; policy"
        f" {decision.policy}, ledger {decision.ledger})"
    )


def _document(told: Told) -> dict[str, object]:
    return {
        "golden_id": told.golden_id,
        "destination": told.place.key,
        "field": told.mapped.name,
        "source": told.mapped.source,
        "records": [
            {
                "record": answer.native_id,
                "allowed": answer.verdict.allowed,
                "reason": answer.verdict.reason,
                "purpose": answer.verdict.purpose,
                "basis": answer.verdict.basis,
                "event": answer.verdict.event,
                "decision": answer.decision.decision_id,
                "policy": answer.decision.policy,
                "ledger": answer.decision.ledger,
                "has_value": answer.has_value,
                "differs": answer.differs,
            }
            for answer in told.answers
        ],
        "disclosed": [
            {
                "at": to_the_second(each.at),
                "record": each.record,
                "decision": each.decision,
                "purpose": each.purpose,
            }
            for each in told.disclosed
        ],
    }
