"""``hub journeys``: the maps of what customers go through, and what really happens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from hub.cli.journey_ground import maps
from hub.cli.journey_reports import REPORTS
from hub.cli.layout import counted, table, wrapped
from hub.cli.session import Session, Verbs, pass_session
from hub.core.durations import duration_text

if TYPE_CHECKING:
    from hub.journeys.definition import Journey, Stage


@click.group(cls=Verbs)
def journeys() -> None:
    """List and compare journey maps, and hold them against what customers do."""


@journeys.command("list")
@pass_session
def list_journeys(session: Session) -> None:
    """Print every journey and version, who keeps it and when it is to be reviewed."""
    known = maps(session)
    current = {journey.key for journey in known.current}
    versions = sorted(known.by_key.values(), key=lambda each: (each.id, -each.version))
    rows = [
        (j.key, "current" if j.key in current else "earlier", len(j.stages), j.owner, j.review_due)
        for j in versions
    ]
    document = [
        {
            "journey": j.id,
            "version": j.version,
            "current": j.key in current,
            "title": j.title,
            "owner": j.owner,
            "stages": [stage.id for stage in j.stages],
            "last_reviewed": j.last_reviewed.isoformat(),
            "review_due": j.review_due.isoformat(),
        }
        for j in versions
    ]
    head = ("journey", "version is", "stages", "owner", "review due")
    session.show(document, "\n".join([*table(head, rows), "One of them: hub journeys show NAME"]))


@journeys.command()
@click.argument("name", required=False)
@pass_session
def show(session: Session, name: str | None) -> None:
    """Print the map NAME, such as customer or customer@1: stages, goals, touchpoints, limits."""
    journey = maps(session).named(name)
    session.show(journey.model_dump(mode="json"), "\n".join(_map(journey)))


@journeys.command()
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@pass_session
def diff(session: Session, old: str, new: str) -> None:
    """Print what changed from A to B, two versions such as customer@1 and customer@2."""
    from dataclasses import asdict

    from hub.journeys.difference import difference

    known = maps(session)
    before, after = known.named(old), known.named(new)
    changes = difference(before, after)
    lines = [f"{c.where}: {c.what}{_told(c.before, c.after)}" for c in changes]
    closing = f"{before.key} to {after.key}: {counted(len(changes), 'change')}"
    session.show([asdict(change) for change in changes], "\n".join([*lines, closing]))


def _told(before: object, after: object) -> str:
    if before is None or after is None:
        return f" {before if after is None else after}"
    return f" {before} -> {after}"


def _map(journey: Journey) -> Iterator[str]:
    yield f"{journey.key}  {journey.title}"
    yield wrapped(f"goal: {journey.goal}")
    yield f"  owner: {journey.owner}; reviewed {journey.last_reviewed}, due {journey.review_due}"
    yield f"  next stage within {duration_text(journey.window)}, else the customer is lost"
    for number, stage in enumerate(journey.stages, 1):
        yield f"{number}. {stage.title} [{', '.join(_traits(stage))}]"
        yield wrapped(f'"{stage.goal}" {" ".join(stage.questions)}', "   ")
        yield wrapped(f"meets: {', '.join(map(str, stage.touchpoints))}", "   ")
        for pain in stage.pains:
            yield wrapped(f"pain: {pain.what} (work {pain.work})", "   ")


def _traits(stage: Stage) -> Iterator[str]:
    yield stage.id
    yield stage.emotion
    if stage.optional:
        yield "optional"
    if stage.repeats:
        yield "may repeat"
    if stage.anytime:
        yield "any time"
    if stage.within is not None:
        yield f"within {duration_text(stage.within)}"
    if stage.owner is not None:
        yield f"owner {stage.owner}"


for report in REPORTS:
    journeys.add_command(report)
