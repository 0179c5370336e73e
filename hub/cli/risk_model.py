"""``hub risk train`` and ``hub risk model``: what the business's own past says of the signals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from hub.cli.layout import counted, table, wrapped
from hub.cli.risk_ground import terms
from hub.cli.run import actor
from hub.cli.session import Session, pass_session
from hub.core.errors import EXIT_FAILED

if TYPE_CHECKING:
    from pathlib import Path

    from hub.app import App
    from hub.voc.learning import TooFew
    from hub.voc.reweighing import Card, Reweighing


@click.command()
@click.option("--promote", is_flag=True, help="Keep the model, if it beats the points")
@pass_session
def train(session: Session, promote: bool) -> int:
    """Learn from customers who left how much each signal is worth, and test it on later ones.

    Nothing is kept without --promote; and with it, only a model whose alerts would have reached
    more of the later leavers than those of the points, by an interval that excludes zero, without
    ordering all customers worse. Else the points stay in use, and the command ends with code 1.
    """
    from hub.voc.learning import TooFew
    from hub.voc.reweighing import keep

    app = session.app()
    learnt = _learn(app)
    if isinstance(learnt, TooFew):
        session.show({"insufficient": learnt.reason}, f"insufficient data: {learnt.reason}")
        return EXIT_FAILED * promote
    kept = promote and learnt.card.wins
    if kept:
        keep(learnt, _file(app))
        _note(app, learnt)
    closing = _closing(learnt, promote=promote)
    session.show(_document(learnt) | {"kept": kept}, "\n".join([*_lines(learnt), closing]))
    return EXIT_FAILED * (promote and not kept)


@click.command()
@pass_session
def model(session: Session) -> None:
    """Print the card of the trained model: what it learnt from, how good it is, each factor."""
    from hub.voc.reweighing import read

    app = session.app()
    found = read(_file(app))
    if found is None:
        said = "no model is trained; the points are in use. Train one: hub risk train"
        session.show({"model_id": None}, said)
        return
    in_use = terms(app).by.model == found
    use = "in use" if in_use else 'not in use: see [risk] model = "trained"'
    lines = [*_lines(found), wrapped(use)]
    session.show(_document(found) | {"in_use": in_use}, "\n".join(lines))


def _file(app: App) -> Path:
    from hub.voc.reweighing import FILE

    return app.data_dir / FILE


def _learn(app: App) -> Reweighing | TooFew:
    from hub.voc.learning import learn, looks
    from hub.voc.own_past import own_past, own_tide
    from hub.voc.own_scorer import own_scorer
    from hub.voc.risk import VERSION

    found, now = terms(app), app.clock.now()
    plain = replace(found, by=replace(found.by, model=None))
    with app.open_hub(actor()) as hub, hub.store.read() as connection:
        everybody = own_tide(connection)
        weigh = {at: own_scorer(connection, plain, at, everybody).weigh for at in looks(now)}
        past = own_past(connection, now, app.settings.metrics.churn_horizon, weigh)
        return learn(past, VERSION, now)


def _note(app: App, kept: Reweighing) -> None:
    """Tell the audit log which model was kept, and by whom."""
    from hub.audit import log

    with app.open_hub(actor()) as hub, hub.store.write() as connection:
        what: dict[str, Any] = {
            "score": kept.score,
            "model": kept.model_id,
            "customers": kept.card.customers,
            "leavers": kept.card.leavers,
        }
        now = hub.clock.now()
        log.record(
            connection, log.AuditEvent(kind="risk.trained", actor=actor(), at=now, what=what)
        )


def _lines(found: Reweighing) -> Iterator[str]:
    card = found.card
    yield f"{found.model_id} of {found.score}, trained {card.trained_at[:10]}"
    yield wrapped(
        f"learnt from {counted(card.customers, 'customer')} at {counted(card.snapshots, 'look')},"
        f" {card.first[:10]} to {card.last[:10]}; {card.leavers:,} of them left"
    )
    yield wrapped(
        f"tested on {counted(card.tested_on, 'look')} from {card.tested_from[:10]} on, each by what"
        f" was known then; {card.tested_leavers:,} left within {card.ahead_days} days"
    )
    yield from map(wrapped, _verdict(card))
    rows = [(name, f"x {factor:.2f}") for name, factor in sorted(found.factors.items())]
    yield from (f"  {line}" for line in table(("signal", "worth"), rows))


def _verdict(card: Card) -> Iterator[str]:
    c, auc = card.caught, card.auc
    yield (
        f"leavers alerted within budget {c.trained:.1%}, by the points {c.points:.1%}, difference"
        f" {c.value:+.1%} [{c.low:+.1%}, {c.high:+.1%}]"
    )
    yield (
        f"AUC {auc.trained:.3f}, points {auc.points:.3f}, difference {auc.value:+.3f}"
        f" [{auc.low:+.3f}, {auc.high:+.3f}]"
    )
    yield "better than the points" if card.wins else "not better than the points for sure"


def _closing(learnt: Reweighing, *, promote: bool) -> str:
    if not learnt.card.wins:
        return "not kept: the points stay in use"
    if not promote:
        return "nothing was kept; keep it: hub risk train --promote"
    return (
        f'kept. To use it: [risk] model = "trained", and model = "{learnt.model_id}" in the entry'
        " of the score in decisions/"
    )


def _document(found: Reweighing) -> dict[str, Any]:
    import msgspec

    return {
        "model_id": found.model_id,
        **msgspec.to_builtins(found),
        "better": found.card.wins,
    }
