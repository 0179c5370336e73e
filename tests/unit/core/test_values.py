"""Values of a vendor's row: nothing known, something, or nonsense that costs the row."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from hub.core.errors import SkipRecord
from hub.core.values import Values, present

VALUES = Values("Acme", key="id")
NOTHING: tuple[Any, ...] = (None, "", "  ", [], {})


@pytest.mark.parametrize("value", NOTHING, ids=repr)
@pytest.mark.parametrize("reader", ["text", "instant", "number", "count", "birth_date"])
def test_nothing_is_nothing_known(reader: str, value: object) -> None:
    """Null, empty and no scalar read as None; so does a field that is not there."""
    read = getattr(VALUES, reader)

    assert read({"id": 1, "x": value}, "x") is None
    assert read({"id": 1}, "x") is None


@pytest.mark.parametrize(
    ("reader", "value", "expected"),
    [
        ("text", " a ", "a"),
        ("text", True, "true"),
        ("text", 42, "42"),
        ("instant", "2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("number", "9.50", Decimal("9.50")),
        ("count", 7.0, 7),
        ("birth_date", "1990-05-17T00:00:00+00:00", date(1990, 5, 17)),
        ("birth_date", "spring of '90", None),
    ],
)
def test_a_value_is_read(reader: str, value: object, expected: object) -> None:
    """In any type that JSON has for it."""
    assert getattr(VALUES, reader)({"x": value}, "x") == expected


def test_a_dotted_name_looks_inside() -> None:
    """Objects inside a row are reached by path."""
    assert VALUES.count({"metrics": {"reopens": 2}}, "metrics.reopens") == 2


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        ("instant", "soon"),
        ("instant", 1e300),
        ("number", "NaN"),
        ("count", 1e300),
        ("count", "many"),
    ],
)
def test_nonsense_is_refused_without_repeating_it(reader: str, value: object) -> None:
    """The message names record, field and fix, never the value."""
    with pytest.raises(SkipRecord) as refused:
        getattr(VALUES, reader)({"id": 5, "x": value}, "x")

    assert refused.value.where == "5.x"
    assert refused.value.reason == "bad-value"
    assert "Correct it in Acme" in str(refused.value)
    assert str(value) not in str(refused.value)


def test_a_record_that_needs_its_date_is_refused_without() -> None:
    """A fact without its time has no place on the time line."""
    with pytest.raises(SkipRecord, match="not an ISO 8601 instant") as refused:
        VALUES.required_instant({"id": 5}, "at")

    assert refused.value.reason == "no-date"


def test_what_is_there_counts_once() -> None:
    """In the order given, without blanks and repeats."""
    assert present("a", None, "", "b", "a") == ["a", "b"]
