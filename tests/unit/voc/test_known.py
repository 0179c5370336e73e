"""What a hub hears of: kinds with their newest instant, over all customers."""

from __future__ import annotations

import pytest

from hub.core.records import Interaction, Order, PartyRef, Subscription
from hub.store.engine import Store
from hub.voc.known import known_kinds
from tests.unit.journeys.histories import History
from tests.unit.voc.stories import day


@pytest.fixture
def history(store: Store) -> History:
    """A store without customers."""
    return History(store)


def test_every_kind_is_known_by_its_newest_event(history):
    """Of two customers' log-ins the later one counts, and what lies ahead is not heard yet."""
    history.add("g1", "app/visits/1", Interaction(at=day(1), kind="login"))
    history.add("g2", "app/visits/2", Interaction(at=day(5), kind="login"))
    history.add("g2", "app/visits/3", Interaction(at=day(40), kind="login"))
    contract = Subscription(party=PartyRef(id="1"), started_at=day(2), ended_at=day(60))
    history.add("g1", "crm/contracts/1", contract)

    with history.store.read() as connection:
        found = known_kinds(connection, day(30))

    assert found == {"log_in": day(5), "subscription_started": day(2)}


def test_orders_are_known_by_their_entries(history):
    """Orders lie in a table of their own."""
    history.add(
        "g1", "shop/orders/1", Order(order_ref="1", at=day(0), currency="AUD", total_minor=1)
    )

    with history.store.read() as connection:
        assert set(known_kinds(connection, day(30))) == {"order"}


def test_an_empty_hub_hears_of_nothing(history):
    """Then every risk is unknown."""
    with history.store.read() as connection:
        assert known_kinds(connection, day(30)) == {}
