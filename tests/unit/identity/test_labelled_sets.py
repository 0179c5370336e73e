"""Accuracy on labelled sets that lie beside the project; their mistakes were looked at, once."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.core.records import Address, Identifier, Person
from hub.emulation.scoring import PairScores, pair_scores
from hub.emulation.world import World

if TYPE_CHECKING:
    from tests.unit.identity.conftest import Bench, BenchMaker

SETS = Path(__file__).parents[4] / "shared" / "datasets" / "identity"


def _score(bench: Bench, truth: Mapping[str, str]) -> PairScores:
    clusters: defaultdict[str, set[str]] = defaultdict(set)
    for source_id, golden_id in bench.golden_ids().items():
        clusters[golden_id].add(source_id)
    return pair_scores(clusters.values(), truth)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@pytest.mark.parametrize("seed", [1, 2])
def test_the_simulated_world_is_resolved_far_above_exact_email(
    new_bench: BenchMaker, seed: int
) -> None:
    """Households, nicknames, slips and duplicates of the demo's world: F 0.95, precision 0.98."""
    bench, world = new_bench(), World.build(seed, people=400)
    bench.put(
        **{
            record.key: Person(
                given_name=record.given_name,
                family_name=record.family_name,
                emails=[record.email],
                phones=[record.phone],
                birth_date=_day(record.born),
                addresses=[
                    Address(line1=record.street, city=record.city, postcode=record.postcode)
                ],
                identifiers=[Identifier(kind="loyalty", value=record.loyalty_no)],
            )
            for record in world.records
        }
    )

    bench.resolve()

    scores = _score(bench, world.truth())
    assert scores.f1 >= 0.95
    assert scores.precision >= 0.98


@pytest.mark.shared
@pytest.mark.skipif(not SETS.exists(), reason="the labelled sets do not lie beside the project")
def test_febrl3_is_resolved_without_a_false_merge(new_bench: BenchMaker) -> None:
    """Febrl's 5,000 synthetic persons with up to several errors a record."""
    bench, truth, people = new_bench(), {}, {}
    with (SETS / "febrl3.csv").open(newline="") as file:
        for raw in csv.DictReader(file, skipinitialspace=True):
            row = {name.strip(): value.strip() for name, value in raw.items()}
            born = row["date_of_birth"]
            people[row["rec_id"]] = Person(
                given_name=row["given_name"],
                family_name=row["surname"],
                birth_date=_day(f"{born[:4]}-{born[4:6]}-{born[6:]}"),
                addresses=[
                    Address(
                        line1=f"{row['street_number']} {row['address_1']}",
                        city=row["suburb"],
                        postcode=row["postcode"],
                    )
                ],
                identifiers=[Identifier(kind="social", value=row["soc_sec_id"])],
            )
            truth[row["rec_id"]] = row["rec_id"].split("-")[1]
    bench.put(**people)

    bench.resolve()

    scores = _score(bench, truth)
    assert scores.precision == 1.0
    assert scores.f1 >= 0.95
