"""One customer's own metric values, as leaves of the profile."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hub.core.clock import from_micros
from hub.core.money import exponent
from hub.profile.leaf import Field, field, no_data
from hub.profile.sources import Number, Sources


def own_number(sources: Sources, metric: str) -> Number | None:
    """The customer's value; of several currencies the one for the currency they spent most in.

    Orders are counted over all currencies, the latest order is the latest of any, and who still
    buys in one currency has not churned.
    """
    found = {number.series: number for number in sources.numbers if number.metric == metric}
    if not found:
        return None
    if metric == "last_order":
        return max(found.values(), key=lambda number: number.value or 0)
    if metric == "churn":
        return min(found.values(), key=lambda number: (number.label == "churned", number.series))
    chosen = found.get(_currency(sources)) or found[min(found)]
    if metric == "orders":
        return replace(chosen, value=sum(number.value or 0 for number in found.values()))
    return chosen


def _currency(sources: Sources) -> str:
    spent = [number for number in sources.numbers if number.metric == "net_spend"]
    most = max(spent, key=lambda n: (major_units(n.value or 0, n.series), n.series), default=None)
    return "" if most is None else most.series


def metric_leaf(
    sources: Sources,
    metric: str,
    *,
    minor: bool = False,
    whole: bool = False,
    purpose: str = "service",
) -> Field:
    """The customer's value of a metric: money in major units, counts as whole numbers."""
    number = own_number(sources, metric)
    if number is None:
        return no_data()
    value: object = number.label if number.value is None else number.value
    if minor and number.value is not None:
        value = major_units(number.value, number.series)
    elif whole and number.value is not None:
        value = int(number.value)
    leaf = field(value, f"metric:{number.definition}", number.at, purpose=purpose)
    return leaf if number.status == "ok" else {**leaf, "status": number.status}


def instant(sources: Sources, metric: str) -> datetime | None:
    """The customer's value of a metric that is an instant."""
    number = own_number(sources, metric)
    return None if number is None or number.value is None else from_micros(int(number.value))


def major_units(minor: float, currency: str) -> float:
    """Minor units as a number people read, such as 12.34.

    >>> major_units(1234.4, "GBP"), major_units(1234, "JPY")
    (12.34, 1234.0)
    """
    places = exponent(currency)
    return round(minor / float(10**places), places)
