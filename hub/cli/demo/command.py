"""``hub demo``: records become golden customers and go back, and the figures say how well."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub import pipeline
from hub.cli.demo import scored, silent_customer, telling
from hub.cli.demo.stage import Stage, staged
from hub.cli.session import Session, pass_session

if TYPE_CHECKING:
    from hub.pipeline import Hub

ACTOR = "os:demo"
INTERVAL = 900.0
"""Seconds between runs, on the simulated clock: vendors hold back what is younger than a minute."""


@click.command()
@click.option("--seed", default=1, show_default=True, help="Another seed, another business.")
@click.option("--people", default=1000, show_default=True, help="Size of the simulated world.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep files and database here.")
@pass_session
def demo(session: Session, seed: int, people: int, keep: Path | None) -> None:
    """Simulate a business, run the whole hub on it, and score the result against the truth.

    Nothing is needed but this installation: a seeded world writes the exports, and the vendors are
    played by their emulators on 127.0.0.1.
    """
    folder = keep or Path(tempfile.mkdtemp(prefix="cxhub-demo-"))
    started = time.monotonic()
    try:
        with staged(folder, seed, people) as stage:
            result = _play(session, stage)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    result["seconds"] = round(time.monotonic() - started, 1)
    session.show(result, telling.closing(result, keep))


def _play(session: Session, stage: Stage) -> dict[str, Any]:
    """Observe, plan, approve; run on the hub's own writes, then on nothing new; then a story."""

    def tell(text: str) -> None:
        if not session.json:
            click.echo(text)

    with stage.app.open_hub(ACTOR) as hub, stage.app.lanes() as lanes:
        tell("1. Read every system, resolve who is who, measure. Nothing is written yet.")
        first = pipeline.run(hub, lanes, actor=ACTOR)
        result = scored.first_run(hub.store, stage, first)
        tell(telling.first_run(result))
        tell("\n2. Plan what would be written back, approve, push.")
        result |= _push(hub, stage, lanes)
        tell(telling.push(result))
        tell("\n3. Run again, later. The hub's own withdrawals come back, as echoes.")
        result["second_run"] = _again(hub, stage, lanes)
        tell(telling.again(result["second_run"]))
        tell("\n4. And again. Nothing has changed, so nothing may happen.")
        result["third_run"] = _again(hub, stage, lanes)
        tell(telling.again(result["third_run"]))
        tell(f"\n5. {telling.STORY}")
        result["silent_customer"] = silent_customer.play(hub, stage, lanes, ACTOR)
        tell(telling.silent_customer(result["silent_customer"]))
        result["metrics"] = scored.metrics(hub.store)
        result["audit"] = _head(hub)
    return result


def _push(hub: Hub, stage: Stage, lanes: list[pipeline.Lane]) -> dict[str, Any]:
    pusher = hub.pusher(ACTOR)
    places = {place.key: place for lane in lanes for place in lane.destinations}
    plans = [pusher.plan(place) for place in places.values()]
    pushes = [pusher.approve(plan.plan_id, places) for plan in plans]
    refusals = [pusher.withdraw(lane.source, lane.destinations) for lane in lanes]
    handed = [*hub.hand_over(lanes, ACTOR)]
    hub.notary.settle()
    return {
        "planned": scored.planned(plans),
        "written": {push.destination: dict(push.counts) for push in pushes},
        "withdrawals": {each.connection: dict(each.counts) for each in refusals if each},
        "handed": {f"{each.connection}/{each.kind}s": dict(each.counts) for each in handed},
        "effects": stage.effects,
    }


def _again(hub: Hub, stage: Stage, lanes: list[pipeline.Lane]) -> dict[str, Any]:
    stage.clock.sleep(INTERVAL)
    before, effects = scored.sizes(hub.store), stage.effects
    report = pipeline.run(hub, lanes, actor=ACTOR)
    after = scored.sizes(hub.store)
    return {
        "read": report.pulled.counts.read,
        "stored": report.pulled.counts.stored,
        "new_rows_anywhere": sum(after[table] - before[table] for table in after),
        "effects": {name: count - effects[name] for name, count in stage.effects.items()},
    }


def _head(hub: Hub) -> dict[str, Any]:
    head = hub.notary.settle()
    return {} if head is None else {"size": head.size, "root": head.root.hex()}
