"""``hub journeys`` beside reality: what everybody's timelines say about a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from hub.cli.instants import instant
from hub.cli.journey_ground import ground, on_a_journey
from hub.cli.journey_words import (
    change_document,
    change_lines,
    curve_table,
    drift_document,
    drift_lines,
    felt_text,
    funnel_document,
    funnel_lines,
    inventory_table,
    mean_text,
    percent_text,
    rate_document,
    rate_text,
    segment_table,
    span_text,
    touchpoint_document,
)
from hub.cli.layout import counted, table
from hub.cli.session import Session
from hub.core.errors import EXIT_OK, EXIT_PARTIAL

if TYPE_CHECKING:
    from hub.journeys.feeling import FeelingsOf, SentimentOf
    from hub.journeys.segments import Field

_TOP = 10
"""Paths, loops and waits that are printed."""


@click.command()
@on_a_journey
def inventory(session: Session, name: str | None) -> None:
    """Print every touchpoint that customers meet: stage, volume, last seen, and who is asked."""
    from hub.journeys.inventory import inventory as taken
    from hub.journeys.timeline import unplaced

    with ground(session, name) as on:
        rows, nobodys = taken(on.journey, on.people, on.now), unplaced(on.connection)
    unheard = sum(row.unheard for row in rows)
    lines = inventory_table(rows)
    lines.append(f"{counted(len(rows), 'touchpoint')}, {unheard} that nobody is asked about")
    lines.append(f"not counted: {counted(nobodys, 'record')} of no known customer")
    document = {
        "touchpoints": [touchpoint_document(row) for row in rows],
        "records_of_no_known_customer": nobodys,
    }
    session.show(document, "\n".join(lines))


@click.command()
@on_a_journey
def drift(session: Session, name: str | None) -> int:
    """Print what customers meet and the map does not know, what nobody meets, and review dates.

    Exits with 3 while the review of the map is overdue, or nobody asks about a touchpoint that the
    map wants heard, so that a schedule can tell somebody.
    """
    from hub.journeys.drift import drift as found_drift

    with ground(session, name) as on:
        found = found_drift(on.journey, on.people, on.now, on.zone)
    session.show(drift_document(found), "\n".join(drift_lines(found)))
    return EXIT_PARTIAL if found.needs_somebody else EXIT_OK


@click.command()
@click.option("--change", metavar="DAY", help="Compare who started before this day with the rest.")
@click.option(
    "--by",
    type=click.Choice(["gender", "job_title", "language", "lifecycle", "organisation", "owner"]),
    help="Also for each value of this field of the golden record.",
)
@on_a_journey
def funnel(session: Session, name: str | None, change: str | None, by: Field | None) -> None:
    """Print who goes on from each stage, with intervals, who is lost where, and why."""
    from hub.journeys.funnel import before_and_after
    from hub.journeys.funnel import funnel as measured
    from hub.journeys.segments import by_field

    with ground(session, name) as on:
        people = on.people if change is None else list(on.people)
        found = measured(on.journey, people, on.now)
        segments = {} if by is None else by_field(on.connection, by)
    document, lines = funnel_document(found, on.precision), funnel_lines(found, on.precision)
    if (day := instant(change, on.zone)) is not None:
        before, after = before_and_after(on.journey, people, day, on.now)
        document["change"] = change_document(before, after, on.precision)
        lines += change_lines(before, after, on.precision)
    if by is not None:
        each = {value: measured(on.journey, who, on.now) for value, who in segments.items()}
        document["segments"] = {v: funnel_document(f, on.precision) for v, f in each.items()}
        lines += segment_table(by, each, on.precision)
    session.show(document, "\n".join(lines))


@click.command()
@on_a_journey
def conformance(session: Session, name: str | None) -> None:
    """Print how many journeys go as designed, and which steps are skipped, repeated or late."""
    from hub.journeys.conformance import VERDICTS
    from hub.journeys.conformance import conformance as measured

    with ground(session, name) as on:
        found = measured(on.journey, on.people, on.now)
    rate = on.precision.share(found.conforming, found.people)
    rows = [
        (stage.id, *(found.counts.get((stage.id, verdict), 0) for verdict in VERDICTS))
        for stage in on.journey.stages
    ]
    document = {
        "journey": found.journey,
        "customers": found.people,
        "conforming": found.conforming,
        "rate": rate_document(rate),
        "stages": [dict(zip(("stage", *VERDICTS), row, strict=True)) for row in rows],
    }
    of = f"{found.conforming:,} of {found.people:,} customers go as designed"
    session.show(
        document, "\n".join([*table(("stage", *VERDICTS), rows), f"{of}: {rate_text(rate)}"])
    )


@click.command()
@click.option("--words", is_flag=True, help="Where there is no score, read what customers wrote.")
@on_a_journey
def curve(session: Session, name: str | None, words: bool) -> None:
    """Print how customers feel at each stage, and what it costs them."""
    from hub.journeys.curve import curve as measured
    from hub.journeys.curve import lowest
    from hub.journeys.feeling import named_feelings, no_feelings, score_or_words
    from hub.journeys.score import survey_score
    from hub.text.sources import load_models

    felt: SentimentOf = survey_score
    named: FeelingsOf = no_feelings
    with ground(session, name) as on:
        if words:
            models = load_models(on.connection, session.app().settings.text)
            felt, named = score_or_words(models), named_feelings(models)
        points = measured(
            on.journey, on.people, on.now,
            min_n=on.precision.min_n, sentiment_of=felt, feelings_of=named,
        )  # fmt: skip
    worst = lowest(points)
    lines = curve_table(points)
    lines.append(f"lowest at {worst.stage}" if worst else "insufficient data: nobody is asked")
    document = [{**asdict(p), "effort": p.effort, "lowest": p is worst} for p in points]
    session.show(document, "\n".join(lines))


@click.command()
@on_a_journey
def performance(session: Session, name: str | None) -> None:
    """Print completion, duration, contacts, satisfaction and outcomes of a journey."""
    from hub.journeys.performance import performance as measured

    with ground(session, name) as on:
        found = measured(on.journey, on.people, on.now)
    rate = on.precision.share(found.completed, found.started - found.open)
    enough = found.answers >= on.precision.min_n
    document = {
        **asdict(found),
        "felt": found.felt if enough else None,
        "rate": rate_document(rate),
    }
    lines = [
        f"{found.started:,} started, {found.completed:,} completed: {rate_text(rate)}",
        f"median duration {span_text(found.duration)}, nine in ten {span_text(found.duration_p90)}",
        f"contacts per customer: {mean_text(found.contacts)}",
        f"felt (-1..1): {felt_text(found.felt if enough else None)} (n = {found.answers:,})",
        *(f"outcome {name}: {number:,}" for name, number in found.outcomes.items()),
    ]
    session.show(document, "\n".join(lines))


@click.command()
@click.option("--stages", is_flag=True, help="Steps are the stages of the map, not touchpoints.")
@on_a_journey
def paths(session: Session, name: str | None, stages: bool) -> None:
    """Print the paths that customers take, where they turn back and where they wait."""
    from hub.journeys.discovery import discover, stage_names, touchpoint

    with ground(session, name) as on:
        found = discover(
            on.people, on.now, name_of=stage_names(on.journey) if stages else touchpoint
        )
    lines = [f"{n:>6,}  {' > '.join(path)}" for path, n in found.paths[:_TOP]]
    for loop in found.loops[:_TOP]:
        how = "comes again" if loop.before == loop.after else "turns back"
        lines.append(f"{how}: {loop.before} > {loop.after}, {loop.returns:,} times")
    lines += [f"waits: {e.before} > {e.after}, {span_text(e.wait)}" for e in found.waits[:_TOP]]
    lines.append(f"{counted(found.people, 'customer')}, {counted(len(found.paths), 'path')}")
    document = {
        "customers": found.people,
        "paths": [{"steps": list(path), "customers": n} for path, n in found.paths],
        "edges": [asdict(edge) for edge in found.edges],
    }
    session.show(document, "\n".join(lines))


@click.command()
@on_a_journey
def board(session: Session, name: str | None) -> None:
    """Print the pain points of a map, those first that cost most customers for least work."""
    from hub.journeys.board import board as ranked
    from hub.journeys.funnel import funnel as measured

    with ground(session, name) as on:
        items = ranked(on.journey, measured(on.journey, on.people, on.now))
    rows = [(i.quadrant, i.lost, percent_text(i.share), i.work, i.stage, i.what) for i in items]
    head = ("quadrant", "lost", "of all", "work", "stage", "pain point")
    none = ["the map names no pain points; write them as pains = [...] in its stages"]
    session.show([asdict(i) for i in items], "\n".join(table(head, rows) if rows else none))


@click.command()
@on_a_journey
def diagram(session: Session, name: str | None) -> None:
    """Draw a journey with its numbers, in the words of Mermaid, which Git hosts and wikis show."""
    from hub.journeys.curve import curve as felt
    from hub.journeys.diagram import diagram as drawn
    from hub.journeys.funnel import funnel as measured

    with ground(session, name) as on:
        people = list(on.people)
    points = felt(on.journey, people, on.now, min_n=on.precision.min_n)
    found = measured(on.journey, people, on.now)
    text = drawn(on.journey, found, {point.stage: point for point in points})
    session.show({"journey": on.journey.key, "mermaid": text}, text)


REPORTS: Sequence[click.Command] = (
    inventory, funnel, drift, conformance, curve, performance, paths, board, diagram,
)  # fmt: skip
