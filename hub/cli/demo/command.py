"""``hub demo``: records become golden customers and go back, and the figures say how well."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson
from sqlalchemy import select

from hub import pipeline
from hub.cli.demo.stage import SYSTEMS, Stage, staged
from hub.cli.layout import duration, table, tally
from hub.cli.session import Session, pass_session
from hub.emulation.scoring import PairScores, exact_email_baseline, pair_scores
from hub.emulation.world.files import render
from hub.metrics.definition import REGISTRY
from hub.profile.figures import major_units
from hub.store.records import source_keys
from hub.store.schema import (
    audit_leaves,
    cluster_members,
    consent_events,
    metric_snapshots,
    profiles,
    quarantine,
    source_records,
)

if TYPE_CHECKING:
    from hub.emulation.world import World
    from hub.pipeline import Hub, PipelineReport
    from hub.push.plan import Plan
    from hub.store.engine import Store

ACTOR = "os:demo"
_MONTH = re.compile(r"\b\d{4}-\d\d\b")
INTERVAL = 900.0
"""Seconds between runs, on the simulated clock: vendors hold back what is younger than a minute."""


@click.command()
@click.option("--seed", default=1, show_default=True, help="Another seed, another business.")
@click.option("--people", default=1000, show_default=True, help="Size of the simulated world.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep files and database here.")
@pass_session
def demo(session: Session, seed: int, people: int, keep: Path | None) -> None:
    """Simulate a business, run the whole hub on it twice, and score the result against the truth.

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
    session.show(result, _closing(result, keep))


def _play(session: Session, stage: Stage) -> dict[str, Any]:
    """Observe, plan, approve, and run again: once on the hub's own writes, once on nothing new."""

    def tell(text: str) -> None:
        if not session.json:
            click.echo(text)

    with stage.app.open_hub(ACTOR) as hub, stage.app.lanes() as lanes:
        tell("1. Read every system, resolve who is who, measure. Nothing is written yet.")
        first = pipeline.run(hub, lanes, actor=ACTOR)
        result = _first(hub.store, stage, first)
        tell(_told_first(result))
        tell("\n2. Plan what would be written back, approve, push.")
        pusher = hub.pusher(ACTOR)
        places = {place.key: place for lane in lanes for place in lane.destinations}
        plans = [pusher.plan(place) for place in places.values()]
        pushes = [pusher.approve(plan.plan_id, places) for plan in plans]
        refusals = [pusher.withdraw(lane.source, lane.destinations) for lane in lanes]
        handed = [*hub.hand_over(lanes, ACTOR)]
        hub.notary.settle()
        result["planned"] = _planned(plans)
        result["written"] = {push.destination: dict(push.counts) for push in pushes}
        result["withdrawals"] = {each.connection: dict(each.counts) for each in refusals if each}
        result["handed"] = {f"{each.connection}/{each.kind}s": dict(each.counts) for each in handed}
        result["effects"] = stage.effects
        tell(_told_push(result))
        tell("\n3. Run again, later. The hub's own withdrawals come back, as echoes.")
        result["second_run"] = _again(hub, stage, lanes)
        tell(_told_again(result["second_run"]))
        tell("\n4. And again. Nothing has changed, so nothing may happen.")
        result["third_run"] = _again(hub, stage, lanes)
        tell(_told_again(result["third_run"]))
        result["audit"] = _head(hub)
        result["metrics"] = _metrics(hub.store)
    return result


# --- what happened -----------------------------------------------------------------------------


def _first(store: Store, stage: Stage, report: PipelineReport) -> dict[str, Any]:
    records: dict[str, int] = defaultdict(int)
    for stream in report.pulled.streams:
        records[stream.connection] += stream.counts.read
    return {
        "records_in": dict(records),
        "counts": report.pulled.counts.as_dict(),
        "failed_streams": [
            f"{s.connection}/{s.stream}: {s.error}" for s in report.pulled.streams if s.error
        ],
        "quarantine": _against_planted(store, stage.world),
        "people": _against_truth(store, stage.world),
    }


def _against_planted(store: Store, world: World) -> dict[str, int]:
    """The rows in quarantine beside the bad lines that the world planted."""
    planted = {(bad.file, bad.line) for file in render(world) for bad in file.planted}
    with store.read() as connection:
        places = connection.execute(select(quarantine.c.place)).scalars().all()
    found = {(parts[0], int(parts[1])) for parts in (p.split(":") for p in places)}
    return {
        "found": len(places),
        "planted": len(planted),
        "missed": len(planted - found),
        "false": len(found - planted),
    }


def _against_truth(store: Store, world: World) -> dict[str, Any]:
    truth = world.truth()
    clusters: dict[str, list[str]] = defaultdict(list)
    with store.read() as connection:
        members = connection.execute(
            select(cluster_members.c.rid, cluster_members.c.golden_id)
            .join(source_records, source_records.c.rid == cluster_members.c.rid)
            .where(source_records.c.entity == "person")
        )
        golden_of = {row.rid: row.golden_id for row in members}
        keys = source_keys(connection, golden_of)
    for rid, golden_id in golden_of.items():
        local_id = keys[rid].source_id.rpartition("/")[2]  # Shopify's ids are addresses
        key = f"{SYSTEMS[keys[rid].connection]}/{local_id}"
        if key in truth:
            clusters[golden_id].append(key)
    scores = pair_scores(clusters.values(), truth)
    return {
        "records": scores.records,
        "golden": len(clusters),
        "truth": len(set(truth.values())),
        "hub": _scores(scores),
        "exact_email_baseline": _scores(exact_email_baseline(world)),
    }


def _scores(scores: PairScores) -> dict[str, float]:
    return {
        "precision": round(scores.precision, 4),
        "recall": round(scores.recall, 4),
        "f1": round(scores.f1, 4),
    }


def _planned(plans: list[Plan]) -> dict[str, Any]:
    return {
        plan.destination: {
            "records": plan.rows,
            "fields": plan.fields,
            "withheld": dict(plan.withheld),
        }
        for plan in plans
    }


def _again(hub: Hub, stage: Stage, lanes: list[pipeline.Lane]) -> dict[str, Any]:
    stage.clock.sleep(INTERVAL)
    before, effects = _sizes(hub.store), stage.effects
    report = pipeline.run(hub, lanes, actor=ACTOR)
    after = _sizes(hub.store)
    return {
        "read": report.pulled.counts.read,
        "stored": report.pulled.counts.stored,
        "new_rows_anywhere": sum(after[table] - before[table] for table in after),
        "effects": {name: count - effects[name] for name, count in stage.effects.items()},
    }


def _sizes(store: Store) -> dict[str, int]:
    """Rows of the tables that only grow when something happened."""
    tables = (audit_leaves, consent_events, quarantine, metric_snapshots, profiles)
    with store.read() as connection:
        return {
            table.name: len(connection.execute(select(next(iter(table.primary_key)))).all())
            for table in tables
        }


def _head(hub: Hub) -> dict[str, Any]:
    head = hub.notary.settle()
    return {} if head is None else {"size": head.size, "root": head.root.hex()}


def _metrics(store: Store) -> list[dict[str, Any]]:
    query = select(metric_snapshots).where(metric_snapshots.c.superseded_at.is_(None))
    with store.read() as connection:
        rows = connection.execute(
            query.order_by(metric_snapshots.c.metric, metric_snapshots.c.series)
        ).all()
    names = ("metric", "series", "value", "low", "high", "n", "status", "definition")
    return [
        {**{name: getattr(row, name) for name in names}, "pair": orjson.loads(row.body).get("pair")}
        for row in rows
    ]


# --- what it says --------------------------------------------------------------------------------


def _told_first(result: Mapping[str, Any]) -> str:
    counts, people, bad = result["counts"], result["people"], result["quarantine"]
    systems = ", ".join(f"{name} {n:,}" for name, n in result["records_in"].items())
    hub, baseline = people["hub"], people["exact_email_baseline"]
    lines = [
        f"   records in: {systems}",
        f"   {counts['read']:,} read = {counts['stored']:,} stored + {counts['unchanged']:,}"
        f" unchanged + {counts['quarantined']:,} quarantined",
        f"   quarantine: {bad['found']} rows; {bad['planted']} were planted,"
        f" {bad['missed']} missed, {bad['false']} false",
        f"   people: {people['records']:,} records of {people['truth']:,} people became"
        f" {people['golden']:,} golden records",
        f"   pairs: precision {hub['precision']:.3f}, recall {hub['recall']:.3f},"
        f" F {hub['f1']:.3f} (exact e-mail alone: F {baseline['f1']:.3f})",
    ]
    return "\n".join([*lines, *(f"   FAILED {line}" for line in result["failed_streams"])])


def _told_push(result: Mapping[str, Any]) -> str:
    lines = []
    for destination, planned in result["planned"].items():
        lines.append(
            f"   {destination}: {planned['fields']:,} fields of {planned['records']:,} records"
        )
        for reason, count in sorted(planned["withheld"].items()):
            lines.append(f"   withheld {count:,} fields, {reason}")
        written = result["written"][destination]
        lines.append("   " + ", ".join(f"{n:,} {what}" for what, n in sorted(written.items())))
    for account, counts in result["withdrawals"].items():
        told = tally(dict(sorted(counts.items()))) or "none"
        lines.append(f"   {account}: withdrawals of consent: {told}")
    for place, counts in result["handed"].items():
        lines.append(f"   {place}: {tally(counts)}, for customers who wait for a word")
    lines.append(f"   effects by the accounts' own logs: {_by_account(result['effects'])}")
    return "\n".join(lines)


def _told_again(run: Mapping[str, Any]) -> str:
    return (
        f"   {run['read']:,} read, {run['stored']} stored;"
        f" effects: {_by_account(run['effects'])}\n"
        f"   {run['new_rows_anywhere']} new rows in ledger, log, quarantine or snapshots"
    )


def _by_account(effects: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in effects.items())


def _closing(result: Mapping[str, Any], keep: Path | None) -> str:
    lines = ["\nMetrics", *(f"   {line}" for line in _headlines(result["metrics"]))]
    audit = result["audit"]
    lines.append(f"\nAudit log: {audit['size']:,} entries, signed root {audit['root'][:16]}...")
    lines.append(f"Done in {result['seconds']} s.")
    if keep is not None:
        lines.append(f"Kept in {keep}. Try: {_hub()} --config {keep / 'hub.toml'} status")
    else:
        lines.append(f"Look around in it yourself: {_hub()} demo --keep demo")
    return "\n".join(lines)


def _headlines(metrics: Sequence[Mapping[str, Any]]) -> list[str]:
    """What holds for the whole business now; of the rest, how much there is."""
    by_month = [item for item in metrics if _MONTH.search(item["series"])]
    told = [item for item in metrics if item not in by_month and item["value"] is not None]
    few = len(metrics) - len(by_month) - len(told)
    rows = [(item["metric"], item["series"], _number(item), item["n"]) for item in told]
    more = f"and {len(by_month)} by month or cohort; {few} have too few observations"
    return [*table(("metric", "series", "value", "n"), rows), more]


def _number(item: Mapping[str, Any]) -> str:
    values = [item["value"], item["low"], item["high"]]
    unit = REGISTRY[item["metric"]].unit
    if unit == "money":
        values = [v if v is None else major_units(v, item["series"]) for v in values]
    if unit == "duration":
        pair = item["pair"]
        return f"{duration(values[0])} ({pair['metric']} {pair['value']:.1f} %)"
    value, low, high = values
    sign = " %" if unit == "percent" else ""
    return f"{value:,.2f}{sign}" + ("" if low is None else f" [{low:,.2f}, {high:,.2f}]")


def _hub() -> str:
    """How to call the hub from this shell: by its path, as after ``make demo``, or by its name."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "hub" and shutil.which("hub") is None else "hub"
