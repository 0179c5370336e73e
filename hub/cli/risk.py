"""``hub risk``: who may leave, why, resting on which records, and what would lower it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from heapq import nsmallest
from typing import TYPE_CHECKING, Literal

import click

from hub.cli.layout import counted, entries, fitted, moment, some_of, wrapped
from hub.cli.risk_ground import as_of, look_at, terms, told_at
from hub.cli.risk_model import model, train
from hub.cli.run import actor
from hub.cli.session import Session, Verbs, pass_session
from hub.core.clock import to_micros

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from hub.journeys.event import Event
    from hub.voc.health import Health
    from hub.voc.register import Entry
    from hub.voc.remedy import Remedy
    from hub.voc.risk import Band, Reason, Risk
    from hub.voc.scoring import Scorer

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Standing:
    """One customer's risk beside that of a week ago."""

    golden_id: str
    risk: Risk
    before: Risk
    band: Band | Literal["left"]

    @property
    def change(self) -> int | None:
        """Points since a week ago; None if either is unknown."""
        if self.risk.points is None or self.before.points is None:
            return None
        return self.risk.points - self.before.points

    @property
    def main_reason(self) -> str | None:
        """What speaks most for leaving; None if nothing does."""
        return next((reason.text for reason in self.risk.reasons if reason.points > 0), None)


@click.group(cls=Verbs)
def risk() -> None:
    """Tell who may leave, why, and what would lower it."""


risk.add_command(train)
risk.add_command(model)


@risk.command("list")
@click.option("--top", default=20, show_default=True, type=click.IntRange(1, 1000))
@as_of
@pass_session
def list_risks(session: Session, top: int, when: str | None) -> None:
    """Print the customers with the highest risk: points, change in a week, and the main reason.

    Those who have left already are not in it: hub postmortem CUSTOMER tells why.
    """
    from hub.identity import customers
    from hub.voc.own_scorer import own_scorer

    app = session.app()
    found, bands = terms(app), Counter[str]()
    with app.open_hub(actor()) as hub:
        with hub.store.read() as connection:
            now = told_at(app, when, connection)
            everyone = _standings(connection, own_scorer(connection, found, now), now)
            shown = nsmallest(top, _at_risk(everyone, bands), key=_rank)
            seen = [each.golden_id for each in shown]
            names = customers.names(connection, seen)
        customers.note_read(hub.store, seen, how="risk", actor=actor(), clock=hub.clock)
    rows = [
        (
            (s.risk.points, s.band, _signed(s.change), fitted(names.get(s.golden_id, ""), 50)),
            f"{s.main_reason or 'no reason'} [{s.golden_id}]",
        )
        for s in shown
    ]
    head = ("points", "band", "in 7 days", "customer, main reason")
    order: tuple[Band, ...] = ("high", "medium", "low", "unknown")
    said = ", ".join(f"{bands[name]:,} {name}" for name in order)
    closing = f"{counted(bands.total(), 'customer')}: {said}. Why: hub risk show CUSTOMER"
    document = {
        "at": now.isoformat(),
        "bands": {name: bands[name] for name in order},
        "customers": [_document(s) | {"name": names.get(s.golden_id)} for s in shown],
    }
    lines = entries(head, rows) if rows else []
    session.show(document, "\n".join([*lines, wrapped(closing, "")]))


@risk.command()
@click.argument("asked", metavar="CUSTOMER")
@as_of
@pass_session
def show(session: Session, asked: str, when: str | None) -> None:
    """Print why CUSTOMER may leave: each reason with its points and records, and what would help.

    CUSTOMER is a golden id, also a former one, an e-mail, or a record: connection/stream/id.
    """
    from hub.voc.remedy import remedies

    subject = look_at(session, asked, when, "risk")
    standing = _standing(subject.golden_id, subject.events, subject.scorer, subject.now)
    helping = remedies(subject.events, subject.now, subject.scorer.weigh)
    document = _document(standing) | {
        "would_lower": [
            {"action": r.action, "points": r.points, "evidence": list(r.evidence)} for r in helping
        ],
        "health": _health_document(subject.fares),
        "register": subject.entry.model_dump(mode="json", exclude={"inputs", "model"}),
    }
    lines = [*_lines(standing, helping), *_health_lines(subject.fares), *_answers(subject.entry)]
    session.show(document, "\n".join(lines))


def _at_risk(everyone: Iterator[Standing], bands: Counter[str]) -> Iterator[Standing]:
    """Those who have any points, while everybody's band is counted: nobody else is kept."""
    for each in everyone:
        bands[each.band] += 1
        if each.risk.points:
            yield each


def _standings(connection: Connection, scorer: Scorer, now: datetime) -> Iterator[Standing]:
    """Everybody's risk but that of those who have left already."""
    from hub.journeys.timeline import batches

    for timelines in batches(connection):
        for golden_id, events in timelines.items():
            standing = _standing(golden_id, events, scorer, now)
            if standing.band != "left":
                yield standing


def _standing(golden_id: str, events: Sequence[Event], scorer: Scorer, now: datetime) -> Standing:
    found = scorer.standing(events, now)
    return Standing(golden_id, found.risk, scorer.weigh(events, now - _WEEK), found.band)


def _rank(standing: Standing) -> tuple[int, str]:
    return -(standing.risk.points or 0), standing.golden_id


def _lines(standing: Standing, helping: Sequence[Remedy]) -> Iterator[str]:
    from hub.voc.risk import changes

    found = standing.risk
    known = "unknown" if found.points is None else f"{found.points} of 100"
    change = f", {_signed(standing.change)} in 7 days" if standing.change else ""
    yield f"{standing.golden_id}  risk {known} ({standing.band}{change})"
    unseen = f"; not seen here: {', '.join(found.unseen)}" if found.unseen else ""
    yield wrapped(f"coverage {found.coverage} %{unseen}")
    for reason in found.reasons:
        yield from _reason_lines(reason)
    moved = changes(standing.before, found)
    if moved:
        yield wrapped(f"in 7 days: {', '.join(f'{n} {_signed(by)}' for n, by in moved.items())}")
    if found.involuntary:
        yield "  most of it is not the customer's own will"
    for remedy in helping:
        yield wrapped(f"{remedy.action}: lowers it to {remedy.points}")


def _health_lines(fares: Health) -> Iterator[str]:
    known = "unknown" if fares.points is None else f"{fares.points} of 100"
    yield wrapped(f"health {known} ({fares.colour}), coverage {fares.coverage} %")
    for each in fares.reasons:
        yield f"  {each.score:>4}  {each.part}: {each.text}"


def _answers(entry: Entry) -> Iterator[str]:
    from hub.voc.risk import VERSION

    role = "a person decides" if entry.role == "assisting" else "decides alone"
    yield wrapped(f"{VERSION}: {entry.decision}; {role}; {entry.owner} answers for it")


def _reason_lines(reason: Reason) -> Iterator[str]:
    since = moment(to_micros(reason.since))[:10]
    yield f"  {_signed(reason.points):>4}  {reason.text}"
    yield f"        {reason.signal}, since {since} [{some_of(reason.evidence)}]"


def _signed(value: int | None) -> str:
    return "-" if value is None else f"{value:+d}"


def _document(standing: Standing) -> dict[str, object]:
    from hub.voc.risk import VERSION, changes

    found = standing.risk
    return {
        "golden_id": standing.golden_id,
        "at": found.at.isoformat(),
        "version": VERSION,
        "points": found.points,
        "band": standing.band,
        "change": standing.change,
        "changes": changes(standing.before, found),
        "coverage": found.coverage,
        "unseen": list(found.unseen),
        "involuntary": found.involuntary,
        "reasons": [
            {
                "signal": reason.signal,
                "points": reason.points,
                "text": reason.text,
                "since": reason.since.isoformat(),
                "evidence": list(reason.evidence),
            }
            for reason in found.reasons
        ],
    }


def _health_document(fares: Health) -> dict[str, object]:
    return {
        "points": fares.points,
        "colour": fares.colour,
        "coverage": fares.coverage,
        "unseen": list(fares.unseen),
        "parts": [
            {
                "part": each.part,
                "score": each.score,
                "weight": each.weight,
                "text": each.text,
                "evidence": list(each.evidence),
            }
            for each in fares.reasons
        ],
    }
