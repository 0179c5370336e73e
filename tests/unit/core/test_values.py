"""Values of a vendor's row: null is nothing known, rubbish costs its row and says where."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from hub.core.errors import SkipRecord
from hub.core.values import Values, birth_date, flag, listed, lower, present, text

VALUES = Values("Acme", key="id")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (" Ada ", "Ada"),
        ("", None),
        ("  ", None),
        (None, None),
        (7, "7"),
        (True, "true"),
        ([], None),
    ],
)
def test_text_is_a_scalar_without_its_blanks(value: Any, read: str | None) -> None:
    """Empty, null and lists are nothing; numbers and flags are spelled."""
    assert text({"x": value}, "x") == read


@pytest.mark.parametrize(
    ("value", "read"),
    [(True, True), (False, False), ("TRUE", True), (None, None), ("", None), (0, None)],
)
def test_a_flag_that_is_not_there_is_unknown(value: Any, read: bool | None) -> None:
    """Null is neither yes nor no."""
    assert flag({"x": value}, "x") is read


def test_lists_lose_blanks_and_repetitions() -> None:
    """Items separated by semicolons; values that are there, each once."""
    assert listed({"x": "a; b;;"}, "x") == ["a", "b"]
    assert present("a", None, "", "a", "b") == ["a", "b"]
    assert lower({"x": "PHONE"}, "x") == "phone"


def test_typed_values() -> None:
    """Instants, numbers and counts as their types."""
    row = {"at": "2026-11-01T09:30:00.000+0000", "n": "2.50", "c": 3, "born": "1990-02-03T00:00Z"}

    assert VALUES.instant(row, "at") == datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
    assert VALUES.number(row, "n") == Decimal("2.50")
    assert VALUES.count(row, "c") == 3
    assert birth_date(row, "born") == date(1990, 2, 3)
    assert VALUES.instant(row, "gone") is None


@pytest.mark.parametrize(
    ("method", "value"),
    [
        ("instant", "yesterday"),
        ("number", "NaN"),
        ("number", "two"),
        ("count", 1e300),
        ("count", "x"),
    ],
)
def test_rubbish_costs_its_row(method: str, value: Any) -> None:
    """The refusal names record and field, not the value, and where to correct it."""
    with pytest.raises(SkipRecord) as caught:
        getattr(VALUES, method)({"id": "42", "x": value}, "x")

    assert (caught.value.reason, caught.value.where) == ("bad-value", "42.x")
    assert "Acme" in str(caught.value)


def test_a_record_without_its_date_is_refused() -> None:
    """A required instant that is missing says so."""
    with pytest.raises(SkipRecord, match="not an ISO 8601 instant") as caught:
        VALUES.required_instant({"id": "42"}, "at")

    assert caught.value.reason == "no-date"
