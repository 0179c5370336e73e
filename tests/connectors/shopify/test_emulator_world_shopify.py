"""The simulated world in Shopify's terms, what its users do later, and a restart."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connectors.shopify.emulator import ShopifyEmulator, create
from hub.core.clock import ManualClock
from hub.emulation.server import serve
from hub.emulation.world import World

if TYPE_CHECKING:
    from tests.connectors.shopify.conftest import Shopfront

    Open = Callable[[ShopifyEmulator], Shopfront]

STREAMS = ("customers", "customer_consents", "orders", "refunds", "products")


@pytest.fixture
def seeded(emulator: ShopifyEmulator, clock: ManualClock, world: World) -> ShopifyEmulator:
    """A shop that holds what the town's Shopify knows, at the end of the simulated year."""
    clock.sleep((world.end - clock.now()).total_seconds())
    emulator.seed(world)
    return emulator


def test_every_record_of_the_world_is_there_and_none_is_an_effect(
    seeded: ShopifyEmulator, world: World
) -> None:
    """Seeding is the past: the effect log starts empty. Returns are refunds of their orders."""
    orders = world.of("shopify", world.orders)
    returns = [order for order in orders if order.return_of]

    sizes = [len(seeded.live_ids(stream)) for stream in STREAMS]

    people = len(world.presences("shopify"))
    bought = len(orders) - len(returns)
    assert sizes == [people, people, bought, len(returns), len(world.products)]
    assert len(seeded.live_ids("abandoned_checkouts")) > 5
    assert len(seeded.effects) == 0


def test_a_presence_becomes_a_customer(
    seeded: ShopifyEmulator, open_shop: Open, world: World
) -> None:
    """Name, address, time and loyalty card are where Shopify has them."""
    presence = next(p for p in world.presences("shopify") if p.loyalty_no and p.street and p.email)
    document = """query($id: ID!) { customer(id: $id) {
      firstName lastName updatedAt defaultEmailAddress { emailAddress } defaultAddress { zip }
      metafield(namespace: "loyalty", key: "card_number") { value } } }"""

    found = open_shop(seeded).ask(document, id=f"gid://shopify/Customer/{presence.local_id}")

    customer = found["customer"]
    assert customer["firstName"] == presence.given_name
    assert customer["lastName"] == presence.family_name
    assert customer["defaultEmailAddress"]["emailAddress"] == presence.email.strip().lower()
    assert customer["defaultAddress"]["zip"] == presence.postcode
    assert customer["metafield"]["value"] == presence.loyalty_no
    assert customer["updatedAt"] >= presence.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_money_and_returns_add_up(seeded: ShopifyEmulator, open_shop: Open, world: World) -> None:
    """The order's total is that of its lines, and what was given back is taken off."""
    back = next(order for order in world.of("shopify", world.orders) if order.return_of)
    bought = next(o for o in world.orders if o.order_id == back.return_of and o.system == "shopify")
    document = """query($id: ID!) { order(id: $id) {
      totalPriceSet { shopMoney { amount currencyCode } } displayFinancialStatus
      totalRefundedSet { shopMoney { amount } } currentTotalPriceSet { shopMoney { amount } }
      lineItems(first: 9) { nodes { sku quantity currentQuantity } }
      refunds { refundLineItems(first: 9) { nodes { quantity lineItem { sku } } } } } }"""

    order = open_shop(seeded).ask(document, id=f"gid://shopify/Order/{bought.order_id}")["order"]

    def minor(name: str) -> Decimal:
        return Decimal(order[name]["shopMoney"]["amount"]) * 100

    assert minor("totalPriceSet") == bought.total
    assert minor("totalRefundedSet") == -back.total
    assert minor("currentTotalPriceSet") == bought.total + back.total
    assert order["totalPriceSet"]["shopMoney"]["currencyCode"] == bought.currency
    (returned,) = order["refunds"][0]["refundLineItems"]["nodes"]
    assert (returned["lineItem"]["sku"], -returned["quantity"]) == (
        back.lines[0].sku,
        back.lines[0].quantity,
    )
    kept = {line["sku"]: line["currentQuantity"] for line in order["lineItems"]["nodes"]}
    assert kept[back.lines[0].sku] < sum(
        line.quantity for line in bought.lines if line.sku == back.lines[0].sku
    )


def test_the_last_decision_is_the_state(seeded: ShopifyEmulator, world: World) -> None:
    """Shopify keeps one state per customer and channel, with its date if there was one."""
    expected = {(e.local_id, e.channel): e for e in world.of("shopify", world.consents)}

    for (local_id, channel), event in expected.items():
        customer = seeded.shop.customers.records[int(local_id)]
        consent = customer.email_consent if channel == "email" else customer.sms_consent
        wanted = "SUBSCRIBED" if event.decision == "grant" else "UNSUBSCRIBED"
        assert (consent.state, consent.updated_at) == (wanted, event.decided_at)


def test_two_seedings_give_the_same_shop(clock: ManualClock, world: World) -> None:
    """Same world, same state."""
    first, second = create(clock=clock), create(clock=clock)
    first.seed(world)
    second.seed(world)

    assert first.snapshot() == second.snapshot()


def test_later_edits_are_played_as_the_users_own(
    seeded: ShopifyEmulator, open_shop: Open, world: World
) -> None:
    """A withdrawal and new orders: whenever those were placed, a window up to now finds them."""
    seeded.clock.sleep(86_400)
    late = seeded.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    kinds = {change.kind for change in world.later_changes if change.system == "shopify"}

    seeded.apply(world.later_changes)

    effects = seeded.effects.since()
    document = "query($q: String) { orders(first: 50, query: $q) { nodes { id } } }"
    found = open_shop(seeded).ask(document, q=f"updated_at:>='{late}'")["orders"]["nodes"]
    ordered = {effect.id for effect in effects if effect.object == "orders"}
    assert kinds == {"new_order", "withdrawal"}
    assert {effect.actor for effect in effects} == {"user"}
    assert {effect.method for effect in effects} == {"create", "consent"}
    assert {node["id"] for node in found} == ordered


def command(op: str, object_: str, **more: Any) -> dict[str, Any]:
    return {"op": op, "object": object_, **more}


def test_users_change_the_shop_over_the_control_plane(shop: Shopfront) -> None:
    """A product, a customer, an order, a refund, a consent, a merge, deletions: one effect each."""

    def mutate(sent: dict[str, Any]) -> str:
        answer = shop.raw("POST", "/__emulator__/mutate", json=sent)
        assert answer.status_code == 200, answer.text
        return str(answer.json().get("id", ""))

    cup = {"title": "Cup", "sku": "CUP", "price": 450, "productType": "Cups"}
    product = mutate(command("create", "products", properties=cup))
    ann = mutate(command("create", "customers", properties={"firstName": "Ann"}))
    bea = mutate(command("create", "customers", properties={"firstName": "Bea"}))
    left = {"customer": ann, "lines": {"CUP": 1}}
    checkout = mutate(command("create", "abandoned_checkouts", properties=left))
    order = mutate(command("create", "orders", properties={"customer": ann, "lines": {"CUP": 3}}))
    mutate(command("create", "refunds", properties={"order": order, "lines": {"CUP": 1}}))
    mutate(command("update", "orders", id=order, properties={"note": "gift"}))
    mutate(command("merge", "customers", id=ann, other=bea))
    mutate(command("archive", "abandoned_checkouts", id=checkout))
    mutate(command("archive", "products", id=product))
    mutate(command("archive", "customers", id=ann))

    effects = shop.emulator.effects.since(actor="user")
    assert [(effect.method, effect.object) for effect in effects] == [
        ("create", "products"),
        ("create", "customers"),
        ("create", "customers"),
        ("create", "abandoned_checkouts"),
        ("create", "orders"),
        ("create", "refunds"),
        ("update", "orders"),
        ("merge", "customers"),
        ("delete", "abandoned_checkouts"),
        ("delete", "products"),
        ("delete", "orders"),  # a customer who ordered can only go after the order
        ("delete", "customers"),
    ]
    assert not any(shop.emulator.live_ids(stream) for stream in STREAMS)


def test_an_edit_can_be_backdated(shop: Shopfront) -> None:
    """The test of late commits chooses record and time."""
    ann = shop.add_customer()
    at = "2025-12-31T00:00:00Z"

    shop.mutate("update", "customers", id=ann, properties={"note": "x"}, modified_at=at)

    document = "query($id: ID!) { customer(id: $id) { updatedAt } }"
    assert shop.ask(document, id=ann)["customer"]["updatedAt"] == at


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"op": "explode"}, id="unknown-operation"),
        pytest.param(command("archive", "customers", id="404"), id="no-such-record"),
        pytest.param(command("archive", "customers"), id="incomplete"),
        pytest.param(command("archive", "carts", id="1"), id="unknown-stream"),
        pytest.param(
            command("create", "orders", properties={"lines": {"NONE": 1}}), id="unknown-article"
        ),
        pytest.param(
            command("create", "customers", properties={"email": "none"}), id="refused-by-shopify"
        ),
    ],
)
def test_a_wrong_command_is_explained(shop: Shopfront, sent: dict[str, Any]) -> None:
    """A test's own mistake is told at once."""
    answer = shop.raw("POST", "/__emulator__/mutate", json=sent)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_shop_survives_a_restart(clock: ManualClock, world: World, tmp_path: Path) -> None:
    """State, unique values and the numbering of effects go on in a second life."""
    effects, state = tmp_path / "effects.jsonl", tmp_path / "state.json"
    first = create(clock=clock, effects_file=effects, state_file=state)
    with serve(first):
        first.seed(world)
        first.apply(world.later_changes)

    second = create(clock=clock, effects_file=effects, state_file=state)

    refund = next(iter(second.shop.refunds.values()))
    order = second.shop.orders.records[refund.order_number]
    assert second.snapshot() == first.snapshot()
    assert second.effects.since() == first.effects.since()
    assert second.shop.emails == first.shop.emails
    assert refund.lines[0].line_item in order.lines
    assert any(refund.lines[0].line_item is line for line in order.lines)
    second.close()


def test_the_connector_loads_without_graphql() -> None:
    """Only who runs an emulator pays for the library."""
    code = "import sys, connectors.shopify.connector; print('graphql' in sys.modules)"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "False"
