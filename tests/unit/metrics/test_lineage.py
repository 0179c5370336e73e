"""A number leaves with all it was made from, and is made again from the file alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from sqlalchemy import select

from hub.core.errors import NotFound, TamperEvident
from hub.core.settings import MetricsSection
from hub.metrics import lineage
from hub.metrics.definition import REGISTRY
from hub.metrics.formulas import Basis
from hub.metrics.lineage import FAMILIES
from hub.metrics.run import last_reference
from hub.store import schema

SETTINGS = MetricsSection(min_n=1)


@pytest.fixture
def measured(business):
    """Thirty customers who bought, answered and subscribed, all measured."""
    for rid in range(30):
        business.customer(rid)
        for nth in range(1 + rid % 3):
            at = datetime(2025, 10 + nth, 1 + rid % 20, tzinfo=UTC)
            business.order(rid, f"o{rid}-{nth}", 500 + 70 * rid, at)
        business.answer(rid, "nps", rid % 11)
        business.answer(rid, "csat", 1 + rid % 5)
        business.answer(rid, "ces", 1 + rid % 7)
        business.subscribe(
            rid, datetime(2025, 9, 3, tzinfo=UTC), amount_minor=900, currency="GBP",
            period="month", trial_until=datetime(2025, 9, 20, tzinfo=UTC),
            ended_at=datetime(2025, 11, 9, tzinfo=UTC) if rid % 4 == 0 else None,
        )  # fmt: skip
    business.measure()
    return business


def exported(business, metric: str) -> bytes:
    table = schema.metric_snapshots.c
    query = select(table.snapshot_id).where(table.metric == metric, table.superseded_at.is_(None))
    with business.store.read() as connection:
        snapshot = connection.execute(query.order_by(table.series)).scalars().first()
        reference = last_reference(connection)
        assert snapshot is not None
        assert reference is not None
        return lineage.export(connection, snapshot, Basis(reference, UTC, SETTINGS))


def test_every_overall_metric_is_made_again_from_its_file(measured):
    """Each family: the rows in the file give the value, the limits, n and the worst part."""
    for metric in FAMILIES:
        document = lineage.verify(exported(measured, metric))

        assert document.snapshot["metric"] == metric
        assert document.rows


def test_the_file_names_nobody(measured):
    """People are numbers in it, and what no formula reads is left out."""
    content = exported(measured, "aov").decode()

    assert '"g1' not in content
    assert "o1-0" not in content


def test_a_changed_row_does_not_verify(measured):
    """Whoever makes one answer better changes the hash, and with a new hash the value."""
    document = orjson.loads(exported(measured, "nps"))
    score = document["columns"].index("score")
    worst = min(document["rows"], key=lambda row: row[score])
    worst[score] = 10.0

    with pytest.raises(TamperEvident, match="hash"):
        lineage.verify(orjson.dumps(document))

    with pytest.raises(TamperEvident, match="the rows give value"):
        lineage.verify(orjson.dumps(rehashed(document)))


def test_a_changed_value_does_not_verify(measured):
    """The number itself is what is checked."""
    document = orjson.loads(exported(measured, "repeat_rate"))
    document["snapshot"]["value"] += 1

    with pytest.raises(TamperEvident, match="repeat_rate GBP: the rows give value"):
        lineage.verify(orjson.dumps(rehashed(document)))


def test_another_definition_proves_nothing(measured):
    """A hub that means something else by NPS must not say "verified"."""
    document = orjson.loads(exported(measured, "nps"))
    document["definition"]["formula"] = "promoters / n"

    with pytest.raises(TamperEvident, match="defines its formula otherwise"):
        lineage.verify(orjson.dumps(rehashed(document)))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"format": "other"}'])
def test_what_is_no_lineage_file_is_said_so(content):
    """No traceback for a file of another kind."""
    with pytest.raises(TamperEvident, match="no lineage file"):
        lineage.verify(content)


def test_a_snapshot_whose_rows_have_changed_is_not_exported(measured):
    """A file that does not verify proves nothing; the next run gives one that does."""
    measured.answer(3, "nps", 10, at=measured.clock.now() - timedelta(hours=1))

    with pytest.raises(NotFound, match="have changed since"):
        exported(measured, "nps")

    measured.measure()

    assert lineage.verify(exported(measured, "nps")).snapshot["n"] == 30


def test_every_family_is_of_registered_metrics():
    """No formula without a definition."""
    assert FAMILIES.keys() <= REGISTRY.keys()


def rehashed(document: dict) -> dict:
    from hub.metrics.lineage import Lineage, digest

    return document | {"sha256": digest(Lineage(**document))}
