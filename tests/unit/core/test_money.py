"""Amounts in minor units, exactly."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.money import LARGEST_MINOR, exponent, minor_units


@given(
    st.decimals(-(10**8), 10**8, places=4, allow_nan=False),
    st.integers(-10_000, 10_000),
    st.sampled_from(["GBP", "JPY", "KWD", "CLF"]),
)
def test_rounding_happens_once_and_half_to_even(
    price: Decimal, quantity: int, currency: str
) -> None:
    """The result is the exact product, rounded as bankers do (Python's round of a fraction)."""
    exact = Fraction(price) * quantity * 10 ** exponent(currency)

    assert minor_units(price, currency, quantity) == round(exact)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e30"])
def test_amounts_that_no_store_holds_are_refused(amount: str) -> None:
    """Neither NaN nor an overflow becomes money."""
    with pytest.raises(ValueError, match=str(LARGEST_MINOR)):
        minor_units(Decimal(amount), "GBP")
