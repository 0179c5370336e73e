"""An Acme account on loopback, filled with the simulated world."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hub.core.clock import Clock
from hub.core.connector import Row
from hub.emulation.rest import Resource, RestEmulator

if TYPE_CHECKING:
    from hub.emulation.world import World


def acme(clock: Clock) -> RestEmulator:
    """An empty account; ``seed`` fills it."""
    return RestEmulator(
        "acme", clock, [Resource("customers", customers), Resource("orders", orders)], oauth=True
    )


def customers(world: "World") -> Iterator[Row]:
    """The customers that the world's till knows."""
    for known in world.presences("pos"):
        yield {
            "id": known.local_id,
            "email": known.email or None,
            "phone": known.phone or None,
            "first_name": known.given_name,
            "last_name": known.family_name,
            "loyalty_no": known.loyalty_no or None,
            "created_at": known.created_at.isoformat(),
            "updated_at": known.updated_at.isoformat(),
        }


def orders(world: "World") -> Iterator[Row]:
    """The receipts that the world's till printed."""
    for sale in world.of("pos", world.orders):
        yield {
            "id": sale.order_id,
            "customer_id": sale.local_id or None,
            "placed_at": sale.placed_at.isoformat(),
            "currency": sale.currency,
            "total": sale.total,
            "updated_at": sale.placed_at.isoformat(),
        }
