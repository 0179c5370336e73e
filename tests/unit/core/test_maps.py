"""Declarative mapping: typed, null-safe, and a bad value costs its own row only."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.errors import SkipRecord
from hub.core.maps import maps_to, numbers, ref
from hub.core.records import (
    Identifier,
    Order,
    OrderLine,
    PartyRef,
    Person,
    decode,
    encode,
)

PERSON = maps_to(
    Person,
    given_name="name.first",
    emails=["email", "work.email"],
    birth_date="born",
    job_title="job",
    identifiers=numbers(loyalty="card"),
    organisation=ref("company", stream="companies"),
    updated_at="updated",
)
ORDER = maps_to(Order, order_ref="id", at="placed", currency="cur", total_minor="total")
SOUND = {"id": "1", "placed": "2026-01-02T03:04:05Z", "cur": "AUD", "total": 995}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def test_paths_lists_and_functions_are_sources() -> None:
    """A nested name, the addresses that are there, a card, a reference."""
    row = {
        "name": {"first": "Ada"},
        "email": "",
        "work": {"email": "ada@work.example"},
        "born": "1815-12-10",
        "card": 4711,
        "company": 9,
    }

    found = PERSON(row)

    assert found == Person(
        given_name="Ada",
        emails=["ada@work.example"],
        birth_date=date(1815, 12, 10),
        identifiers=[Identifier(kind="loyalty", value="4711")],
        organisation=PartyRef(id="9", stream="companies"),
    )


def test_what_is_missing_is_left_out() -> None:
    """An empty row is an empty person, not one with empty names."""
    assert encode(PERSON({})) == b'{"entity":"person"}'


@pytest.mark.parametrize(
    ("placed", "expected"),
    [
        ("2026-01-02T03:04:05+10:00", datetime(2026, 1, 1, 17, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (1767323045000, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ],
)
def test_instants_have_a_zone(placed: Any, expected: datetime) -> None:
    """Text with and without a zone, epoch milliseconds: always an instant."""
    assert ORDER({**SOUND, "placed": placed}).at == expected


def test_text_becomes_what_the_field_wants() -> None:
    """Vendors quote numbers and number ids."""
    line = maps_to(
        OrderLine, order_ref="id", at="placed", currency="cur", quantity="n", unit_price="price"
    )

    found = line({**SOUND, "id": 17, "n": "3", "price": "0.001"})

    assert (found.order_ref, found.quantity, found.unit_price) == ("17", 3, Decimal("0.001"))


@pytest.mark.parametrize(
    ("field", "value"),
    [("placed", "soon"), ("cur", "dollars"), ("total", "much"), ("total", None), ("id", {})],
)
def test_a_value_that_does_not_fit_skips_the_row(field: str, value: Any) -> None:
    """The reason names the field and never the value."""
    with pytest.raises(SkipRecord) as caught:
        ORDER({**SOUND, field: value})

    assert caught.value.reason == "bad-field"
    assert str(value) not in str(caught.value) or value in (None, {})


@given(st.dictionaries(st.sampled_from(["id", "placed", "cur", "total"]), json_values))
def test_any_row_maps_or_is_skipped(row: dict[str, Any]) -> None:
    """Law: no JSON makes the mapping raise anything else, and a record survives storage."""
    try:
        found = ORDER({**SOUND, **row})
    except SkipRecord:
        return

    assert decode(encode(found)) == found


def test_a_misspelt_field_is_found_when_the_connector_loads() -> None:
    """Not on the first row of a customer's account."""
    with pytest.raises(TypeError, match="no field 'given_nam'; did you mean 'given_name'"):
        maps_to(Person, given_nam="first")
