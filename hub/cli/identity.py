"""``hub identity``: who is who."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.run import actor
from hub.cli.session import Session, Verbs, pass_session

if TYPE_CHECKING:
    from hub.identity.resolve import ResolveReport


@click.group(cls=Verbs)
def identity() -> None:
    """Resolve who is who, and measure how well it went."""


@identity.command()
@click.option(
    "--new-epoch",
    is_flag=True,
    help="Count name frequencies afresh and resolve every record again.",
)
@pass_session
def resolve(session: Session, new_epoch: bool) -> None:
    """Resolve the records that changed, and rebuild their golden records."""
    from hub.identity import golden, resolve

    app = session.app()
    with app.open_hub(actor()) as hub:
        report = resolve.run(
            hub.store,
            app.settings.identity,
            clock=app.clock,
            ids=app.ids,
            actor=actor(),
            region=app.settings.hub.region,
            new_epoch=new_epoch,
        )
        built = golden.run(hub.store, app.settings.survivorship, clock=app.clock, actor=actor())
    document = report.document() | {"golden": asdict(built)}
    session.show(document, f"{_words(report)}; {built.written} golden records written")


def _words(report: ResolveReport) -> str:
    events = ", ".join(f"{count} {kind}" for kind, count in sorted(report.events.items()))
    lines = [f"{report.records} records resolved in epoch {report.epoch}: {events or 'no change'}"]
    if report.epoch_began:
        lines.append(f"a new model epoch began: {report.epoch_began}")
    if report.overruled:
        lines.append(f"{len(report.overruled)} decisions are overruled by newer ones")
    for kind, count in sorted(report.capped.items()):
        lines.append(f"{count} values of {kind} are on too many records to tell people apart")
    return "\n".join(lines)


@identity.command()
@click.argument("truth", type=click.Path(path_type=Path, dir_okay=False))
@pass_session
def evaluate(session: Session, truth: Path) -> None:
    """Score the clusters against TRUTH, a CSV file with the columns record and person."""
    from hub.identity import evaluate

    labelled = evaluate.read_truth(truth)
    with session.app().open_hub(actor()) as hub, hub.store.read() as connection:
        scores = evaluate.evaluate(connection, labelled)
    session.show(
        asdict(scores),
        f"{scores.records} records: pairs P {scores.precision:.4f} R {scores.recall:.4f}"
        f" F {scores.f1:.4f}; B3 F {scores.b3_f1:.4f}",
    )


@identity.command()
@click.argument("golden_id")
@click.option("--reason", required=True, help="Why the merge was wrong; kept with the decision.")
@pass_session
def undo(session: Session, golden_id: str, reason: str) -> None:
    """Undo the merge that made GOLDEN_ID a redirect, for good; the next resolution applies it."""
    from hub.core.ids import GoldenId
    from hub.identity import stewardship

    app = session.app()
    with app.open_hub(actor()) as hub:
        decided = stewardship.undo_merge(
            hub.store,
            GoldenId(golden_id),
            reason=reason,
            actor=actor(),
            clock=app.clock,
            ids=app.ids,
        )
    text = f"{len(decided.decisions)} pairs will never be linked; next: hub identity resolve"
    if decided.contradicts:
        text += f"\nthis overrules {len(decided.contradicts)} earlier decisions"
    session.show(asdict(decided), text)
