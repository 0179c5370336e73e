"""How numbers are told to people: rounded, with unit, interval and n, in one manner everywhere."""

from __future__ import annotations

from collections.abc import Sequence

from hub.core.money import exponent
from hub.exports.report.model import Money, Number, Share
from hub.metrics.compare import Difference
from hub.metrics.definition import Unit
from hub.metrics.interval import Estimate

INSUFFICIENT = "insufficient data"

_SUFFIX = {"percent": "\u00a0%", "points": "", "score": ""}


def money(amount: Money) -> str:
    """An amount with its currency; XXX is ISO 4217 for none.

    >>> money(Money(123456, "EUR")), money(Money(-5, "JPY")), money(Money(100, "XXX"))
    ('EUR 1,234.56', 'JPY -5', '1.00')
    """
    places = exponent(amount.currency)
    unit = "" if amount.currency == "XXX" else f"{amount.currency} "
    return f"{unit}{amount.minor / 10**places:,.{places}f}"


def n_text(n: int) -> str:
    """The number of observations, never torn apart at the end of a line."""
    return f"n\u00a0=\u00a0{n:,}"


def customers(number: int) -> str:
    """How many customers.

    >>> customers(1), customers(1200)
    ('1 customer', '1,200 customers')
    """
    return f"{number:,} customer{'' if number == 1 else 's'}"


def amounts(several: Sequence[Money]) -> Money | str | None:
    """A cell of what may be amounts in several currencies; None where there is none."""
    return several[0] if len(several) == 1 else ", ".join(map(money, several)) or None


def value_text(value: float, unit: Unit, currency: str = "") -> str:
    """A value in its unit.

    >>> value_text(12.345, "points"), value_text(-8.04, "points"), value_text(199, "money", "EUR")
    ('12.3', '−8.0', 'EUR 1.99')
    """
    if unit == "money":
        text = money(Money(round(value), currency))
    else:
        text = f"{value:,.1f}{_SUFFIX.get(unit, '')}"
    return text.replace("-", "−")


def interval_text(estimate: Estimate, unit: Unit, currency: str = "") -> str:
    """The interval, or that there is none."""
    if estimate.low is None or estimate.high is None:
        return "no interval: one observation"
    low, high = (value_text(v, unit, currency) for v in (estimate.low, estimate.high))
    return f"{low} to {high}"


def share_text(share: Share) -> str:
    """A share with its interval and n, or that there is too little data."""
    if share.estimate is None:
        return f"{INSUFFICIENT} ({n_text(share.n)})"
    told = value_text(share.estimate.value, "percent")
    return f"{told} ({interval_text(share.estimate, 'percent')}, {n_text(share.n)})"


def change_text(number: Number) -> str:
    """How much higher than the period before, and whether that shows."""
    change = number.change
    if change is None:
        return "no comparison with the month before"
    unit = "points" if number.unit == "percent" else number.unit
    told = signed(change.value, unit, number.currency)
    what = " points" if number.unit == "percent" else ""
    return f"{told}{what} against the month before: {verdict(change)}"


def signed(value: float, unit: Unit, currency: str = "") -> str:
    """A difference, with its sign."""
    text = value_text(abs(value), unit, currency)
    return ("+" if value >= 0 else "−") + text


def verdict(change: Difference) -> str:
    """Whether a difference is more than chance."""
    if not change.significant:
        return "no difference that shows"
    return "higher" if change.value > 0 else "lower"
