"""Effort: each part found alone, and what is not known is not nought."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.core.clock import to_micros
from hub.core.records import AnyRecord, Interaction, PartyRef, decode
from hub.core.settings import MetricsSection
from hub.metrics import effort, service
from hub.metrics.effort import scored
from hub.metrics.issues import Issue

JANUARY = to_micros(datetime(2026, 1, 5, tzinfo=UTC))
MARCH = to_micros(datetime(2026, 3, 5, tzinfo=UTC))

USUAL = Issue(
    "ada", JANUARY, 0, known=True, settled_at=JANUARY, resolved=True,
    reopens=0, stations=1, wait_seconds=600,
)  # fmt: skip


def issues(**other) -> list[Issue]:
    """Nine usual issues, and one of Bob's that is not."""
    usual = [replace(USUAL, person=f"p{n}") for n in range(9)]
    return [*usual, replace(USUAL, person="bob", **other)]


@pytest.mark.parametrize(
    ("planted", "part"),
    [
        ({"repeats": 2}, "repeats"),
        ({"reopens": 3}, "reopens"),
        ({"stations": 4}, "handoffs"),
        ({"switches": 1}, "switches"),
        ({"wait_seconds": 90_000}, "wait"),
    ],
)
def test_each_part_is_recovered_alone(planted, part):
    """One issue that took more of one thing stands out, by that and by nothing else."""
    found = scored(issues(**planted), MARCH, UTC, min_n=5)

    hardest = max(found, key=lambda each: each.index)
    assert hardest.issue.person == "bob"
    assert set(hardest.parts) == {part}
    assert hardest.parts[part] == pytest.approx(3.0)  # one of ten: sqrt(9) deviations


def test_what_nobody_tells_is_not_nought():
    """Without a wait Bob's index is that of his re-openings, not half of it."""
    rows = issues(reopens=3, wait_seconds=None)
    rows[0] = replace(rows[0], wait_seconds=9_000)

    bob = next(each for each in scored(rows, MARCH, UTC, min_n=5) if each.issue.person == "bob")

    assert set(bob.parts) == {"reopens"}
    assert bob.index == bob.parts["reopens"]


def test_a_running_month_moves_nobodys_measure():
    """New issues are held against complete months: they do not change the scores of old ones."""
    old = issues(reopens=3)
    new = replace(USUAL, person="eve", started_at=MARCH, settled_at=MARCH, reopens=50)

    before = scored(old, MARCH, UTC, min_n=5)
    after = scored([*old, new], MARCH, UTC, min_n=5)

    assert after[:-1] == before
    assert after[-1].index > 10


def test_too_few_complete_issues_give_no_index():
    """Four issues are nothing to hold a fifth against: that is said, and nothing else."""
    few, settings = issues(reopens=3)[-4:], MetricsSection(min_n=5)

    (told,) = effort.overall(few, MARCH, UTC, settings)

    assert scored(few, MARCH, UTC, min_n=5) == []
    assert told.estimate is None


def test_a_month_tells_the_index_and_each_part():
    """The mean, the share that had it hard, and every part as it was counted."""
    settings = MetricsSection(min_n=5)

    (january,) = effort.overall(issues(reopens=3, wait_seconds=None), MARCH, UTC, settings)

    assert january.series == "2026-01"
    assert january.estimate is not None
    assert january.worst is not None
    assert january.estimate.value == pytest.approx(0, abs=1e-9)
    assert january.worst.share.value == 10.0
    assert january.detail["reopens_mean"] == 0.3
    assert (january.detail["wait_known_of"], january.detail["wait_mean_seconds"]) == (9, 600)


def test_the_order_of_customers_changes_no_bit():
    """Two hubs give the same people other ids, and the same number to the last digit."""
    rows = [
        replace(USUAL, person=f"p{n}", reopens=n % 7, wait_seconds=37 * n * n, switches=n % 3)
        for n in range(60)
    ]

    told = [
        next(effort.overall(each, MARCH, UTC, MetricsSection(min_n=5)))
        for each in (rows, rows[::-1], rows[20:] + rows[:20])
    ]

    assert told[0] == told[1] == told[2]


def test_a_customer_has_an_index_and_its_parts_in_the_store(business):
    """Per customer: the index, and how much of each part; nothing for a part nobody tells."""
    at = datetime(2025, 11, 1, tzinfo=UTC)
    for rid in range(6):
        business.customer(rid)
        business.ticket(rid, f"t{rid}", at, reopens=3 * (rid == 5), assignee_stations=1)

    business.measure(min_n=5)

    values = {key[1]: value[0] for key, value in business.own_values().items() if key[0] == "g5"}
    told = {name: value for name, value in values.items() if name.startswith("effort")}
    assert told == {
        "effort_index": 2.24, "effort_index.repeats": 0.0, "effort_index.reopens": 3.0,
        "effort_index.handoffs": 0.0, "effort_index.switches": 0.0,
    }  # fmt: skip


def test_what_is_no_service_is_not_even_decoded(business, monkeypatch):
    """Page views are most of what a shop tells: they cost a look at their word, and no more."""
    business.customer(1)
    for minute, kind in enumerate(["page_view"] * 20 + ["call", "login", "Store visit"]):
        at = datetime(2026, 1, 5, 9, minute, tzinfo=UTC)
        business.fact(1, at, Interaction(at=at, kind=kind, party=PartyRef(id="1")))
    decoded: list[AnyRecord] = []

    def counted(body: bytes) -> AnyRecord:
        decoded.append(decode(body))
        return decoded[-1]

    monkeypatch.setattr(service, "decode", counted)

    with business.store.read() as connection:
        [events] = service.load(connection).values()

    assert [event.kind for event in events] == ["call", "visit"]
    assert len(decoded) == 2
