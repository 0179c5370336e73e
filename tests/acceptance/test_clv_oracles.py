"""Predicted value on real data: the published oracle, and data that carry no drop-out.

Source: CDNOW: Fader, Hardie and Lee 2005, Fader and Hardie 2013; Online Retail: Chen, Sain and
Guo 2012.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from benchmarks import cdnow
from benchmarks.retail import SHARED
from hub.core.clock import to_micros
from hub.metrics.clv import bg_nbd, gamma_gamma, predicted
from hub.metrics.clv.bg_nbd import Purchases
from hub.metrics.clv.history import histories
from hub.metrics.clv.predicted import Terms
from hub.metrics.orders import Order

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.exists(), reason=f"no {SHARED.name} beside the project"),
]
LONDON = ZoneInfo("Europe/London")


def test_the_published_habits_of_cdnow():
    """Fitted are r .243, alpha 4.414, a .793, b 2.426, log-likelihood -9582.43."""
    model = bg_nbd.fit(cdnow.purchases())

    fitted = (model.r, model.alpha, model.a, model.b)
    assert fitted == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=5e-4)
    assert model.log_likelihood == pytest.approx(-9582.43, abs=0.005)
    assert bg_nbd.degeneracy(model, cdnow.purchases().repeaters) is None


def test_the_published_customer_of_cdnow():
    """(2, 30.43, 38.86) is expected to buy 1.226 times in the next 39 weeks."""
    customer = Purchases(np.array([2.0]), np.array([30.43]), np.array([38.86]))

    expected = bg_nbd.expected_purchases(bg_nbd.fit(cdnow.purchases()), 39.0, customer)

    assert expected[0] == pytest.approx(1.226, abs=5e-4)


def test_the_published_values_of_cdnow():
    """Fitted are p 6.25, q 3.74, v 15.44 over 946 customers who came back; correlation 0.114."""
    x, value = cdnow.values()

    model = gamma_gamma.fit(x, value)

    assert len(x) == 946
    assert (model.p, model.q, model.v) == pytest.approx((6.25, 3.74, 15.44), abs=5e-3)
    assert gamma_gamma.correlation(x, value) == pytest.approx(0.114, abs=5e-4)


@pytest.mark.slow
def test_online_retail_shows_no_drop_out():
    """Cut at 1 September 2011 the fit is degenerate: P(alive) is refused, purchases are counted."""
    known = histories(retail_orders(), date(2011, 9, 1), LONDON)

    (prediction,) = predicted.predict(known, Terms(99, 0.0, 1.0))

    assert len(known) == pytest.approx(3_317, abs=15)
    assert prediction.status == "degenerate fit"
    assert prediction.alive is None
    assert "no drop-out" in str(prediction.detail["why"])
    assert sum(prediction.purchases) == pytest.approx(3_574, rel=0.1)


def retail_orders() -> Iterator[Order]:
    """One order per invoice of a known customer, by the population of the order metrics."""
    net: dict[tuple[str, str, str], int] = defaultdict(int)
    with gzip.open(SHARED, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            quantity, price = int(row["Quantity"]), float(row["UnitPrice"])
            if row["CustomerID"] and quantity > 0 and price > 0:
                key = (row["CustomerID"], row["InvoiceNo"], row["InvoiceDate"])
                net[key] += round(100 * quantity * price)
    for (customer, invoice, at), minor in net.items():
        if not invoice.startswith("C"):
            yield Order(customer, "GBP", to_micros(_instant(at)), minor)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)
