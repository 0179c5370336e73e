"""What the demo has to show for itself: counts, scores against the world's truth, and metrics."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import select

from hub.cli.demo.stage import SYSTEMS, Stage
from hub.emulation.scoring import PairScores, exact_email_baseline, pair_scores
from hub.emulation.world.files import render
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
    from collections.abc import Sequence

    from hub.emulation.world import World
    from hub.pipeline import PipelineReport
    from hub.push.plan import Plan
    from hub.store.engine import Store


def first_run(store: Store, stage: Stage, report: PipelineReport) -> dict[str, Any]:
    """Records by connection, rows accounted for, quarantine and people against the truth."""
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


def planned(plans: Sequence[Plan]) -> dict[str, Any]:
    """Records and fields by destination, and what the gate withholds by reason."""
    return {
        plan.destination: {
            "records": plan.rows,
            "fields": plan.fields,
            "withheld": dict(plan.withheld),
        }
        for plan in plans
    }


def sizes(store: Store) -> dict[str, int]:
    """Rows of the tables that only grow when something happened."""
    tables = (audit_leaves, consent_events, quarantine, metric_snapshots, profiles)
    with store.read() as connection:
        return {
            table.name: len(connection.execute(select(next(iter(table.primary_key)))).all())
            for table in tables
        }


def metrics(store: Store) -> list[dict[str, Any]]:
    """Every snapshot that holds."""
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
