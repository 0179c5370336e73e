"""Customers are made, changed, merged and deleted as Shopify does; consent has its own rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.connectors.shopify.conftest import Shopfront

CUSTOMER = """id firstName lastName note tags updatedAt state
  defaultEmailAddress { emailAddress marketingState marketingOptInLevel marketingUpdatedAt }
  defaultPhoneNumber { phoneNumber smsMarketingConsent { state optInLevel updatedAt } }
  addressesV2(first: 5) { nodes { city countryCodeV2 } }
  orders(first: 5) { nodes { id customer { id } } } canDelete numberOfOrders"""
READ = f"query Read($id: ID!) {{ customer(id: $id) {{ {CUSTOMER} }} }}"
UPDATE = f"""mutation Update($input: CustomerInput!) {{ customerUpdate(input: $input) {{
  customer {{ {CUSTOMER} }} userErrors {{ field message }} }} }}"""
CREATE = UPDATE.replace("customerUpdate", "customerCreate")
PUT = f"""mutation Put($identifier: CustomerSetIdentifiers, $input: CustomerSetInput!) {{
  customerSet(identifier: $identifier, input: $input) {{
    customer {{ {CUSTOMER} }} userErrors {{ field message code }} }} }}"""
DELETE = """mutation Delete($input: CustomerDeleteInput!) { customerDelete(input: $input) {
  deletedCustomerId shop { id } userErrors { field message } } }"""
MERGE = """mutation Merge($one: ID!, $two: ID!, $override: CustomerMergeOverrideFields) {
  customerMerge(customerOneId: $one, customerTwoId: $two, overrideFields: $override) {
    resultingCustomerId job { id done } userErrors { field message code } } }"""
EMAIL = """mutation Email($input: CustomerEmailMarketingConsentUpdateInput!) {
  customerEmailMarketingConsentUpdate(input: $input) {
    customer { id } userErrors { field message code } } }"""
SMS = EMAIL.replace("Email", "Sms")


def read(shop: Shopfront, customer: str) -> dict[str, Any]:
    found: dict[str, Any] = shop.ask(READ, id=customer)["customer"]
    return found


def payload(shop: Shopfront, document: str, **variables: Any) -> dict[str, Any]:
    """What the document's one mutation returned."""
    (found,) = shop.ask(document, **variables).values()
    return dict(found)


def add_order(shop: Shopfront, customer: str) -> str:
    """Id of a new order of one cup."""
    if not shop.emulator.shop.variants:
        cup = {"title": "Cup", "sku": "CUP-1", "price": 450}
        shop.mutate("create", "products", properties=cup)
    new = {"customer": customer, "lines": {"CUP-1": 1}}
    return shop.mutate("create", "orders", properties=new)


# --- create, update, set ---------------------------------------------------------------------


def test_a_customer_is_created_with_consent_and_metafields(shop: Shopfront) -> None:
    """One input carries the person, the consent that was given and what an app adds."""
    given = {
        "email": " Ann@Example.com ",
        "phone": "(07) 5550 0166",
        "emailMarketingConsent": {
            "marketingState": "SUBSCRIBED",
            "marketingOptInLevel": "SINGLE_OPT_IN",
        },
        "metafields": [
            {"namespace": "cxhub", "key": "vip", "type": "boolean", "value": "true"},
        ],
    }

    made = payload(shop, CREATE, input=given)["customer"]

    assert made["defaultEmailAddress"]["emailAddress"] == "ann@example.com"
    assert made["defaultEmailAddress"]["marketingState"] == "SUBSCRIBED"
    assert made["defaultPhoneNumber"]["phoneNumber"] == "+61755500166"
    assert [m.value for m in shop.emulator.shop.metafields.of(made["id"])] == ["true"]


def test_nothing_is_created_if_a_metafield_is_wrong(shop: Shopfront) -> None:
    """The refusal of a part is the refusal of the whole."""
    bad = {"namespace": "cxhub", "key": "vip", "type": "boolean", "value": "perhaps"}

    refused = payload(shop, CREATE, input={"email": "ann@example.com", "metafields": [bad]})

    assert refused["customer"] is None
    assert refused["userErrors"][0]["field"] == ["metafields", "0", "value"]
    assert not shop.emulator.live_ids("customers")


def test_an_update_changes_what_it_names(shop: Shopfront) -> None:
    """Other values stay, the time moves, and the log names the fields."""
    ann = shop.add_customer(note="regular")
    shop.emulator.clock.sleep(60)
    before = len(shop.emulator.effects)

    payload(shop, UPDATE, input={"id": ann, "lastName": "Lee", "firstName": "P0"})

    found = read(shop, ann)
    assert (found["lastName"], found["note"]) == ("Lee", "regular")
    assert found["updatedAt"] == "2026-01-01T00:01:00Z"
    assert [e.fields for e in shop.emulator.effects.since(before)] == [("last_name",)]


def test_an_update_that_changes_nothing_is_no_effect(shop: Shopfront) -> None:
    """Neither in the log nor in the time of change."""
    ann, before = shop.add_customer(), len(shop.emulator.effects)
    before = len(shop.emulator.effects)
    shop.emulator.clock.sleep(60)

    payload(shop, UPDATE, input={"id": ann, "firstName": "P0"})

    assert read(shop, ann)["updatedAt"] == "2026-01-01T00:00:00Z"
    assert len(shop.emulator.effects) == before


def test_set_replaces_lists_wholesale(shop: Shopfront) -> None:
    """Addresses that are not sent are gone, so a careful writer never sends any."""
    ann = shop.add_customer()
    both = [{"city": "Perth", "countryCode": "AU"}, {"city": "Hobart", "countryCode": "AU"}]
    payload(shop, PUT, identifier={"id": ann}, input={"addresses": both})

    payload(shop, PUT, identifier={"id": ann}, input={"addresses": both[1:]})

    assert [a["city"] for a in read(shop, ann)["addressesV2"]["nodes"]] == ["Hobart"]


@pytest.mark.parametrize("known", [True, False], ids=["updates", "creates"])
def test_set_by_email_updates_or_creates(shop: Shopfront, known: bool) -> None:
    """An upsert by a unique key; the key stands in the input too."""
    ann = shop.add_customer() if known else ""

    made = payload(
        shop,
        PUT,
        identifier={"email": "P0@example.com"},
        input={"email": "p0@example.com", "lastName": "Lee"},
    )["customer"]

    assert (made["id"] == ann) is known
    assert made["lastName"] == "Lee"
    assert len(shop.emulator.live_ids("customers")) == 1


# --- delete and merge ------------------------------------------------------------------------


def test_a_customer_without_orders_is_deleted(shop: Shopfront) -> None:
    """The address is free again afterwards."""
    ann = shop.add_customer()

    gone = payload(shop, DELETE, input={"id": ann})

    assert gone["deletedCustomerId"] == ann
    assert shop.ask(READ, id=ann) == {"customer": None}
    assert shop.add_customer() != ann


def test_a_customer_with_orders_stays(shop: Shopfront) -> None:
    """Shopify deletes nobody who ever ordered; it says so in advance."""
    ann = shop.add_customer()
    add_order(shop, ann)
    before = len(shop.emulator.effects)

    refused = payload(shop, DELETE, input={"id": ann})

    assert refused["deletedCustomerId"] is None
    assert refused["userErrors"][0]["field"] == ["id"]
    assert read(shop, ann)["canDelete"] is False
    assert len(shop.emulator.effects) == before


def test_a_merge_moves_orders_and_fills_gaps(shop: Shopfront) -> None:
    """The survivor keeps its own values; the other one's id leads nowhere."""
    ann, bea = shop.add_customer(0), shop.add_customer(1, phone="07 5550 0166", note="VIP")
    order = add_order(shop, bea)

    merged = payload(shop, MERGE, one=bea, two=ann)

    found = read(shop, ann)
    assert merged["resultingCustomerId"] == ann
    assert merged["job"]["done"] is True
    assert [node["id"] for node in found["orders"]["nodes"]] == [order]
    assert (found["firstName"], found["note"]) == ("P0", "VIP")
    assert found["defaultPhoneNumber"]["phoneNumber"] == "+61755500166"
    assert shop.ask(READ, id=bea) == {"customer": None}


def test_who_survives_a_merge_follows_shopifys_order(shop: Shopfront) -> None:
    """The override, then the only one with an address, then consent, then the second."""
    ann, bea = shop.add_customer(0), shop.add_customer(1)
    cid = shop.mutate("create", "customers", properties={"firstName": "Cid"})
    dan, eve = shop.add_customer(3), shop.add_customer(4)
    shop.emulator.mutate({"op": "consent", "id": dan, "state": "SUBSCRIBED"})

    overridden = payload(shop, MERGE, one=ann, two=bea, override={"customerIdOfEmailToKeep": ann})
    addressed = payload(shop, MERGE, one=ann, two=cid)
    agreed = payload(shop, MERGE, one=dan, two=eve)
    second = payload(shop, MERGE, one=ann, two=shop.add_customer(5))

    survivors = [p["resultingCustomerId"] for p in (overridden, addressed, agreed)]
    assert survivors == [ann, ann, dan]
    assert second["resultingCustomerId"] not in (ann, None)


# --- consent ---------------------------------------------------------------------------------


def consent(shop: Shopfront, customer: str, channel: str, state: str, **more: Any) -> list[Any]:
    """The user errors of a consent update."""
    name = f"{channel}MarketingConsent"
    given = {"customerId": customer, name: {"marketingState": state, **more}}
    document = EMAIL if channel == "email" else SMS
    errors: list[Any] = payload(shop, document, input=given)["userErrors"]
    return errors


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_somebody_leaves_a_list_and_reading_back_says_so(shop: Shopfront, channel: str) -> None:
    """The state, the level that was once given, and the time."""
    ann = shop.add_customer(phone="07 5550 0166")
    consent(shop, ann, channel, "SUBSCRIBED", marketingOptInLevel="CONFIRMED_OPT_IN")
    shop.emulator.clock.sleep(60)
    before = len(shop.emulator.effects)

    errors = consent(shop, ann, channel, "UNSUBSCRIBED")

    found = read(shop, ann)
    email = found["defaultEmailAddress"]
    sms = found["defaultPhoneNumber"]["smsMarketingConsent"]
    shown = {
        "email": (
            email["marketingState"],
            email["marketingOptInLevel"],
            email["marketingUpdatedAt"],
        ),
        "sms": (sms["state"], sms["optInLevel"], sms["updatedAt"]),
    }
    assert errors == []
    assert shown[channel] == ("UNSUBSCRIBED", "CONFIRMED_OPT_IN", "2026-01-01T00:01:00Z")
    assert [(e.method, e.object, e.id) for e in shop.emulator.effects.since(before)] == [
        ("consent", "customer_consents", ann)
    ]


def test_leaving_twice_is_one_effect(shop: Shopfront) -> None:
    """The second time nothing changes, not even the date."""
    ann = shop.add_customer()
    consent(shop, ann, "email", "UNSUBSCRIBED")
    before = len(shop.emulator.effects)
    shop.emulator.clock.sleep(60)

    consent(shop, ann, "email", "UNSUBSCRIBED")

    assert len(shop.emulator.effects) == before


def test_consent_moves_the_customers_time(shop: Shopfront) -> None:
    """So that a window over ``updated_at`` finds it."""
    ann = shop.add_customer()
    shop.emulator.clock.sleep(60)

    consent(shop, ann, "email", "UNSUBSCRIBED", consentUpdatedAt="2025-12-31T00:00:00Z")

    found = read(shop, ann)
    assert found["updatedAt"] == "2026-01-01T00:01:00Z"
    assert found["defaultEmailAddress"]["marketingUpdatedAt"] == "2025-12-31T00:00:00Z"


@pytest.mark.parametrize(
    ("channel", "state", "more", "code", "field"),
    [
        ("sms", "UNSUBSCRIBED", {}, "INVALID", "customerId"),
        ("email", "SUBSCRIBED", {}, "MISSING_ARGUMENT", "marketingOptInLevel"),
        (
            "email",
            "UNSUBSCRIBED",
            {"consentUpdatedAt": "2026-01-02T00:00:00Z"},
            "INVALID",
            "consentUpdatedAt",
        ),
    ],
    ids=["no-phone", "no-level", "in-the-future"],
)
def test_consent_that_an_app_may_not_set(
    shop: Shopfront, channel: str, state: str, more: dict[str, str], code: str, field: str
) -> None:
    """With evidence, for a point of contact that exists, in the past."""
    ann = shop.add_customer()
    before = len(shop.emulator.effects)

    (error,) = consent(shop, ann, channel, state, **more)

    assert (error["code"], error["field"][-1]) == (code, field)
    assert len(shop.emulator.effects) == before


def test_nobody_has_consented_at_first(shop: Shopfront) -> None:
    """Each field has its own word for it."""
    found = read(shop, shop.add_customer(phone="07 5550 0166"))

    assert found["defaultEmailAddress"]["marketingState"] == "NOT_SUBSCRIBED"
    assert found["defaultPhoneNumber"]["smsMarketingConsent"]["state"] == "NEVER_SUBSCRIBED"
