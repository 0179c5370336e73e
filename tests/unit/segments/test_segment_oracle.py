"""The members of the shipped segments are those that SQL written by hand finds."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import text

from hub.core.records import Ticket
from tests.conftest import quick_on_sqlite
from tests.unit.metrics.conftest import days_ago
from tests.unit.segments.crowd import Crowd, written

RFM = (
    "SELECT p.golden_id FROM profile_metrics m JOIN v1_profiles p ON p.golden_id = m.golden_id"
    " WHERE m.metric = 'rfm' AND "
)
RECENT, FREQUENT = (
    "CAST(substr(m.label, 1, 1) AS INTEGER)",
    "CAST(substr(m.label, 3, 1) AS INTEGER)",
)
REVIEWED = (
    "SELECT c.golden_id FROM facts f JOIN cluster_members c ON c.rid = f.party_rid"
    " JOIN source_records s ON s.rid = f.rid WHERE f.entity = 'feedback'"
    ' AND {body} LIKE \'%"kind":"review"%\' AND f.at >= {oldest}'
)
ORACLES = {
    "lead": "SELECT golden_id FROM v1_profiles WHERE orders IS NULL",
    "new": "SELECT golden_id FROM v1_profiles WHERE lifecycle = 'new'",
    "active": "SELECT golden_id FROM v1_profiles WHERE lifecycle = 'active'",
    "dormant": "SELECT golden_id FROM v1_profiles WHERE lifecycle = 'dormant'",
    "churned": "SELECT golden_id FROM profile_metrics WHERE metric = 'churn' AND label = 'churned'",
    "rfm_champions": f"{RFM} {RECENT} = 5 AND {FREQUENT} >= 4 AND p.orders > 1",
    "rfm_loyal": f"{RFM} {RECENT} IN (3, 4) AND {FREQUENT} >= 4 AND p.orders > 1",
    "rfm_new": f"{RFM} {RECENT} = 5 AND ({FREQUENT} = 1 OR p.orders = 1)",
    "rfm_cannot_lose": f"{RFM} {RECENT} <= 2 AND {FREQUENT} = 5 AND p.orders > 1",
    "rfm_at_risk": f"{RFM} {RECENT} <= 2 AND {FREQUENT} IN (3, 4) AND p.orders > 1",
    "rfm_hibernating": f"{RFM} {RECENT} <= 2 AND ({FREQUENT} <= 2 OR p.orders = 1)",
    "advocates": "SELECT golden_id FROM v1_profiles WHERE nps >= 9 AND orders >= 2"
    f" AND golden_id IN ({REVIEWED})",
    "open_to_more": "SELECT golden_id FROM v1_profiles WHERE orders >= 2 AND lifecycle = 'active'"
    " AND risk_band <> 'high' AND NOT hold_marketing AND (nps IS NULL OR nps >= 7)"
    " AND NOT do_not_contact",
}


@pytest.fixture
def town(crowd: Crowd) -> Crowd:
    """Thirty customers who buy, answer, review and complain as chance has it."""
    chance = random.Random(7)
    for rid in range(1, 31):
        crowd.person(rid)
        ago = chance.choice((1, 20, 100, 250))
        crowd.buys(rid, chance.choice((0, 1, 1, 2, 3, 6)), chance.randrange(500, 9_000), ago)
        if chance.random() < 0.7:
            crowd.answer(rid, "nps", chance.choice((3, 7, 8, 9, 10, 10)))
        if chance.random() < 0.5:
            crowd.reviews(rid, chance.choice((5, 729, 731)))
        if chance.random() < 0.2:
            crowd.fact(rid, days_ago(3), Ticket(at=days_ago(3), status="open"))
    crowd.look()
    return crowd


def test_members_are_those_that_sql_finds(town: Crowd):
    """Life cycle, recency and frequency, advocates, and whom an offer fits; each has somebody."""
    body = "CAST(s.canonical AS TEXT)"
    if not town.store.is_sqlite:
        body = "convert_from(s.canonical, 'UTF8')"
    oldest = town.now - 730 * 86_400_000_000
    with town.store.read() as connection:
        expected = {
            name: sorted(connection.execute(text(sql.format(body=body, oldest=oldest))).scalars())
            for name, sql in ORACLES.items()
        }

    assert {name: town.members(name) for name in ORACLES} == expected
    assert [name for name, found in expected.items() if not found] == []


@quick_on_sqlite
def test_a_need_is_what_customers_wrote_about(crowd: Crowd, tmp_path):
    """Who opened two tickets on invoices within 90 days, as SQL finds them."""
    event = 'event = { kinds = ["ticket_opened"], about = "invoice", at_least = 2, within = "90d" }'
    need = f'id = "billing"\nversion = 1\ntitle = "B"\nowner = "Kim"\nkind = "event"\n{event}'
    chance = random.Random(5)
    for rid in range(1, 11):
        crowd.person(rid)
        for _ in range(chance.randrange(4)):
            category, ago = chance.choice(("invoice", "invoice", "parcel")), chance.choice((1, 95))
            crowd.fact(rid, days_ago(ago), Ticket(at=days_ago(ago), category=category))
    crowd.look(written(tmp_path, need))
    body = "CAST(s.canonical AS TEXT)"
    if not crowd.store.is_sqlite:
        body = "convert_from(s.canonical, 'UTF8')"
    sql = (
        "SELECT c.golden_id FROM facts f JOIN cluster_members c ON c.rid = f.party_rid"
        f' JOIN source_records s ON s.rid = f.rid WHERE {body} LIKE \'%"category":"invoice"%\''
        f" AND f.at >= {crowd.now - 90 * 86_400_000_000}"
        " GROUP BY c.golden_id HAVING count(*) >= 2 ORDER BY c.golden_id"
    )

    with crowd.store.read() as connection:
        expected = list(connection.execute(text(sql)).scalars())

    assert crowd.members("billing") == expected
    assert expected


def test_the_view_tells_who_is_in_what(crowd: Crowd):
    """One row per customer and segment, without an end while it lasts; the profile agrees."""
    for rid in (1, 2):
        crowd.person(rid)
    crowd.buys(1, 2)
    crowd.look()
    inside = "SELECT golden_id, segment FROM v1_segments WHERE until IS NULL"
    with crowd.store.read() as connection:
        rows = {(row.golden_id, row.segment) for row in connection.execute(text(inside))}
        profile = connection.execute(
            text("SELECT segments FROM v1_profiles WHERE golden_id = 'g1'")
        ).scalar_one()

    assert rows == {(who, segment) for who, segment, _ in crowd.standing()}
    assert {f'"{segment}"' for who, segment in rows if who == "g1"} == set(
        profile.strip("[]").split(",")
    )
