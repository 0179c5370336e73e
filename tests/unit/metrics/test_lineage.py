"""A number leaves with all it was made from, and is made again from the file alone."""

from __future__ import annotations

from dataclasses import asdict, astuple, fields
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from sqlalchemy import select

from hub.core.errors import NotFound, TamperEvident
from hub.core.settings import MetricsSection
from hub.metrics import formulas, lineage
from hub.metrics.definition import REGISTRY
from hub.metrics.formulas import Basis
from hub.metrics.lineage import FAMILIES, FORMAT, Lineage, digest
from hub.metrics.run import last_reference
from hub.metrics.survey import Asked, Response
from hub.store import schema

SETTINGS = MetricsSection(min_n=1)


@pytest.fixture
def measured(business):
    """Ten customers who bought, answered and subscribed, all measured."""
    for rid in range(10):
        business.customer(rid)
        for nth in range(1 + rid % 3):
            at = datetime(2025, 10 + nth, 1 + rid, tzinfo=UTC)
            business.order(rid, f"o{rid}-{nth}", 500 + 70 * rid, at)
        business.answer(rid, ("nps", "csat", "ces")[rid % 3], 1 + rid % 5)
        asked = datetime(2025, 12, 1 + rid, tzinfo=UTC)
        business.ticket(rid, f"t{rid}", asked, status="solved", solved_at=asked + timedelta(days=1))
        business.message(rid, f"t{rid}", asked + timedelta(hours=1 + rid), "out")
        business.answer(rid, "csat", 5 - rid % 5, ticket=f"t{rid}")
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
    """Each family: the rows give value, limits, n and the worst part; nobody is named."""
    for metric in FAMILIES:
        content = exported(measured, metric)

        document = lineage.verify(content)
        assert document.snapshot["metric"] == metric
        assert document.rows
        assert b'"g1' not in content
        assert b"o1-0" not in content


def test_a_snapshot_whose_rows_have_changed_is_not_exported(measured):
    """A file that does not verify proves nothing; the next run gives one that does."""
    measured.answer(3, "nps", 10, at=measured.clock.now() - timedelta(hours=1))

    with pytest.raises(NotFound, match="have changed since"):
        exported(measured, "nps")

    measured.measure()

    assert lineage.verify(exported(measured, "nps")).snapshot["n"] == 4


@pytest.fixture
def document() -> dict:
    """A lineage file of NPS over forty answers, as it would be read."""
    rows = [Response(n, f"{n}", True, n, "nps", float(n % 11), "0-10", "w") for n in range(40)]
    basis = Basis(86_400_000_000, UTC, SETTINGS)
    (nps,) = formulas.by_answer(Asked(rows, {}, {}, {}), basis)
    assert nps.estimate is not None
    assert nps.worst is not None
    snapshot = {"metric": "nps", "series": "0-10", **asdict(nps.estimate)}
    file = Lineage(
        FORMAT,
        {**snapshot, "worst": nps.worst.share.value},
        asdict(REGISTRY["nps"]),
        {"reference": basis.reference, "time_zone": "UTC", "settings": SETTINGS.model_dump()},
        [each.name for each in fields(Response)],
        [list(astuple(row)) for row in rows],
    )
    return sealed(orjson.loads(orjson.dumps(asdict(file))))


def sealed(document: dict) -> dict:
    return document | {"sha256": digest(Lineage(**document))}


def test_a_file_that_nobody_touched_verifies(document):
    """The same document as bytes."""
    assert lineage.verify(orjson.dumps(document)).snapshot["n"] == 40


def test_a_changed_row_does_not_verify(document):
    """Whoever makes one answer better changes the hash, and with a new hash the value."""
    document["rows"][0][document["columns"].index("score")] = 10.0

    with pytest.raises(TamperEvident, match="hash"):
        lineage.verify(orjson.dumps(document))
    with pytest.raises(TamperEvident, match="the rows give value"):
        lineage.verify(orjson.dumps(sealed(document)))


@pytest.mark.parametrize("name", ["value", "low", "high", "n", "worst"])
def test_a_changed_number_does_not_verify(document, name):
    """Each part of the number is made again, not the value alone."""
    document["snapshot"][name] += 1

    with pytest.raises(TamperEvident, match=f"nps 0-10: the rows give {name}"):
        lineage.verify(orjson.dumps(sealed(document)))


def test_another_definition_proves_nothing(document):
    """A hub that means something else by NPS must not say "verified"."""
    document["definition"]["formula"] = "promoters / n"

    with pytest.raises(TamperEvident, match="defines its formula otherwise"):
        lineage.verify(orjson.dumps(sealed(document)))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"format": "other"}'])
def test_what_is_no_lineage_file_is_said_so(content):
    """No traceback for a file of another kind."""
    with pytest.raises(TamperEvident, match="no lineage file"):
        lineage.verify(content)


def test_every_family_is_of_registered_metrics():
    """No formula without a definition."""
    assert FAMILIES.keys() <= REGISTRY.keys()
