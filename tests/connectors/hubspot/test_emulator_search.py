"""Search: every operator, its order, its lag and its ten thousand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from connectors.hubspot.emulator import HubSpotEmulator, create
from hub.core.clock import ManualClock

if TYPE_CHECKING:
    from tests.connectors.hubspot.conftest import Wire


def found(wire: Wire, object_type: str = "deals", **body: object) -> list[str]:
    """Ids of the records that a search returns, in its order."""
    answer = wire.search(object_type, **body)
    assert answer.status_code == 200, answer.text
    return [row["id"].removeprefix("900000000") for row in answer.json()["results"]]


@pytest.fixture
def deals(wire: Wire) -> Wire:
    """Deals 1 to 4: amounts 9, 10, 200 and none; the last one closes late."""
    for number, amount in enumerate(("9", "10", "200", ""), start=1):
        stage = "closedwon" if number % 2 else "closedlost"
        closes = "2026-12-31T00:00:00Z" if number == 4 else "2026-01-15T00:00:00Z"
        values = {"dealname": f"Deal {number}", "amount": amount, "dealstage": stage}
        wire.create("deals", closedate=closes, **values)
    return wire


@pytest.mark.parametrize(
    ("name", "operator", "operand", "expected"),
    [
        pytest.param("amount", "EQ", {"value": "10.0"}, "2", id="number-not-text"),
        pytest.param("amount", "NEQ", {"value": "10"}, "134", id="neq-includes-unset"),
        pytest.param("amount", "LT", {"value": "10"}, "1", id="lt"),
        pytest.param("amount", "LTE", {"value": "10"}, "12", id="lte"),
        pytest.param("amount", "GT", {"value": "10"}, "3", id="gt"),
        pytest.param("amount", "GTE", {"value": "10"}, "23", id="gte"),
        pytest.param("amount", "BETWEEN", {"value": "9", "highValue": "10"}, "12", id="between"),
        pytest.param("amount", "HAS_PROPERTY", {}, "123", id="has"),
        pytest.param("amount", "NOT_HAS_PROPERTY", {}, "4", id="has-not"),
        pytest.param("dealstage", "IN", {"values": ["closedwon"]}, "13", id="in"),
        pytest.param("dealstage", "NOT_IN", {"values": ["closedwon"]}, "24", id="not-in"),
        pytest.param("dealname", "CONTAINS_TOKEN", {"value": "deal*"}, "1234", id="token"),
        pytest.param("dealname", "NOT_CONTAINS_TOKEN", {"value": "3"}, "124", id="no-token"),
        pytest.param("closedate", "LT", {"value": "1767225600001"}, "", id="instant-before"),
        pytest.param("closedate", "GTE", {"value": "1768435200000"}, "1234", id="epoch-ms"),
        pytest.param("closedate", "GT", {"value": "2026-01-15T00:00:00Z"}, "4", id="iso"),
        pytest.param("hs_object_id", "GT", {"value": "9000000002"}, "34", id="after-id"),
    ],
)
def test_an_operator_selects_these_deals(
    deals: Wire, name: str, operator: str, operand: dict[str, object], expected: str
) -> None:
    """Numbers compare as numbers, instants as instants, and unset values match nothing."""
    rule = {"propertyName": name, "operator": operator, **operand}

    ids = found(deals, filterGroups=[{"filters": [rule]}])

    assert "".join(ids) == expected


def test_filters_of_a_group_all_hold_and_any_group_suffices(deals: Wire) -> None:
    """(amount > 9 and won) or unset."""
    more = {"propertyName": "amount", "operator": "GT", "value": "9"}
    won = {"propertyName": "dealstage", "operator": "EQ", "value": "closedwon"}
    unset = {"propertyName": "amount", "operator": "NOT_HAS_PROPERTY"}

    ids = found(deals, filterGroups=[{"filters": [more, won]}, {"filters": [unset]}])

    assert ids == ["3", "4"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        pytest.param({"propertyName": "amount", "direction": "DESCENDING"}, "3214", id="falling"),
        pytest.param("amount", "1234", id="as-a-word"),
        pytest.param("-hs_object_id", "4321", id="word-with-minus"),
    ],
)
def test_results_are_sorted_and_unset_values_come_last(
    deals: Wire, sort: object, expected: str
) -> None:
    """9 comes before 10, which comes before 200."""
    assert "".join(found(deals, sorts=[sort])) == expected


def test_pages_are_offsets(deals: Wire) -> None:
    """`after` counts results; the last page has none."""
    first = deals.search("deals", limit=3).json()
    second = deals.search("deals", limit=3, after=first["paging"]["next"]["after"]).json()

    assert (first["total"], first["paging"]["next"]["after"]) == (4, "3")
    assert (len(second["results"]), "paging" in second) == (1, False)


def test_a_query_looks_into_the_default_properties(wire: Wire) -> None:
    """Free text finds contacts by name and address."""
    wire.create(firstname="Ann", email="ann@example.com")
    wire.create(firstname="Bob", email="bob@example.com")

    assert found(wire, "contacts", query="BOB@") == ["2"]


def test_archived_records_are_never_found(wire: Wire) -> None:
    """Deletes cannot be read by searching."""
    wire.send("DELETE", f"~/contacts/{wire.create(firstname='Ann')}")

    assert found(wire, "contacts") == []


def test_the_ten_thousandth_result_is_the_last(wire: Wire) -> None:
    """Page by page up to 10,000, and then 400: the cap that stops naive readers."""
    table = wire.emulator.account.tables["contacts"]
    for _ in range(10_001):
        table.insert({}, wire.emulator.clock.now(), "IMPORT")

    last = wire.search(limit=200, after="9800")
    beyond = wire.search(limit=200, after=last.json()["paging"]["next"]["after"])

    assert (last.status_code, last.json()["total"]) == (200, 10_001)
    assert (beyond.status_code, beyond.json()["category"]) == (400, "VALIDATION_ERROR")


def test_search_lags_behind_and_then_agrees(
    clock: ManualClock, open_wire: Callable[[HubSpotEmulator], Wire]
) -> None:
    """A new record is missing, a changed one shows its old value, until the index catches up."""
    wire = open_wire(create(clock=clock, search_lag=10))
    record_id = wire.create(city="Perth")
    at_once = found(wire, "contacts")
    clock.sleep(10)
    wire.send("PATCH", f"~/contacts/{record_id}", {"properties": {"city": "Hobart"}})

    stale = wire.search(properties=["city"]).json()["results"][0]["properties"]["city"]
    clock.sleep(10)
    fresh = wire.search(properties=["city"]).json()["results"][0]["properties"]["city"]

    assert (at_once, stale, fresh) == ([], "Perth", "Hobart")
