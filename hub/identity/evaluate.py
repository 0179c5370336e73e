"""How good the clusters in the store are, held against a labelled truth."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, select

from hub.core.errors import ConfigError
from hub.emulation.scoring import PairScores, pair_scores
from hub.store.records import source_keys
from hub.store.schema import cluster_members


def read_truth(path: Path) -> dict[str, str]:
    """Source key to person, from a CSV file with the columns ``record`` and ``person``.

    Raises:
        ConfigError: If the file cannot be read, or lacks a column or a value.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        raise ConfigError(f"{path}: cannot read the truth: {err}", code="HUB-234") from err
    for line, row in enumerate(rows, 2):
        if not row.get("record") or not row.get("person"):
            raise ConfigError(
                f"{path}:{line}: expected the columns record (connection/stream/id) and person,"
                " both filled",
                code="HUB-234",
            )
    return {row["record"]: row["person"] for row in rows}


def evaluate(connection: Connection, truth: Mapping[str, str]) -> PairScores:
    """Pairwise and B-cubed scores over the records of ``truth``; an unknown record stands alone."""
    query = select(cluster_members.c.rid, cluster_members.c.golden_id)
    held = {row.rid: row.golden_id for row in connection.execute(query)}
    clusters: defaultdict[str, set[str]] = defaultdict(set)
    for rid, key in source_keys(connection, held).items():
        if str(key) in truth:
            clusters[held[rid]].add(str(key))
    return pair_scores(clusters.values(), truth)
