"""Money: decimal amounts in major units to integer minor units, exactly, per currency.

Source: ISO 4217, list one (currencies whose minor unit is not a hundredth).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

EXPONENTS: Final[Mapping[str, int]] = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""Decimal places of the minor unit, where they are not two."""

LARGEST_MINOR: Final = 10**18 - 1
"""Larger amounts do not fit the store's 64-bit integers."""

_EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN)


def exponent(currency: str) -> int:
    """Decimal places of the currency's minor unit.

    >>> exponent("EUR"), exponent("JPY"), exponent("KWD")
    (2, 0, 3)
    """
    return EXPONENTS.get(currency, 2)


def minor_units(amount: Decimal, currency: str, quantity: int = 1) -> int:
    """``quantity`` times ``amount`` of major units, in minor units, rounded once, half to even.

    >>> minor_units(Decimal("0.005"), "GBP", quantity=3), minor_units(Decimal("2.55"), "GBP")
    (2, 255)

    Raises:
        ValueError: If the result is no amount the store can hold.
    """
    exact = _EXACT.multiply(amount, Decimal(quantity))
    minor = _EXACT.to_integral_value(_EXACT.scaleb(exact, exponent(currency)))
    if not minor.is_finite() or abs(minor) > LARGEST_MINOR:
        raise ValueError(f"an amount of {currency} beyond {LARGEST_MINOR} minor units")
    return int(minor)
