"""The mutations of customers and of their marketing consent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.shopify.emulator import customers
from connectors.shopify.emulator.consents import decided
from connectors.shopify.emulator.metafield_writes import check_metafields, set_metafields
from connectors.shopify.emulator.payloads import Input, Payload, check_spoiled, mutation
from connectors.shopify.emulator.records import Consent, Customer, gid, split_gid
from connectors.shopify.emulator.refusals import InputRefused, UserError, invalid_id
from connectors.shopify.emulator.request import Info, Resolver, shop_of
from connectors.shopify.emulator.shop import Shop


def _customer(shop: Shop, customer_id: str, field: str, code: str = "INVALID") -> Customer:
    """The customer of a global id.

    Raises:
        GraphQLError: If it is not the global id of a customer.
        InputRefused: If there is none.
    """
    kind, number = split_gid(customer_id)
    if kind != "Customer":
        raise invalid_id(customer_id)
    if number not in shop.customers.records:
        raise InputRefused(UserError("Customer does not exist", [field], code))
    return shop.customers.records[number]


_PLAIN = {
    "firstName": "first_name",
    "lastName": "last_name",
    "taxExempt": "tax_exempt",
    "email": "email",
    "phone": "phone",
    "note": "note",
    "locale": "locale",
    "tags": "tags",
}


def _values(given: Input) -> dict[str, Any]:
    values = {ours: given[theirs] for theirs, ours in _PLAIN.items() if theirs in given}
    if "addresses" in given:
        values["addresses"] = [_address(address) for address in given["addresses"] or ()]
    return values


def _address(given: Input) -> dict[str, Any]:
    renamed = {
        "countryCode": "country_code",
        "provinceCode": "province_code",
        "firstName": "first_name",
        "lastName": "last_name",
    }
    return {renamed.get(name, name): value for name, value in given.items()}


def _create(info: Info, input: Input) -> Payload:
    check_spoiled(info)
    shop = shop_of(info)
    if input.get("id"):
        raise InputRefused(UserError("Cannot specify id when creating", ["id"]))
    consents = {
        channel: decided(shop, channel, given, Consent(), input.get(point))
        for channel, point in (("email", "email"), ("sms", "phone"))
        if (given := input.get(f"{channel}MarketingConsent"))
    }
    metafields = _metafields(input, gid("Customer", 0))
    check_metafields(shop, metafields)
    customer = customers.create(shop, _values(input), actor="api")
    for channel, consent in consents.items():
        customers.set_consent(shop, customer, channel, consent, actor="api")
    set_metafields(shop, _metafields(input, customer.id), actor="api")
    return {"customer": customer}


def _update(info: Info, input: Input) -> Payload:
    check_spoiled(info)
    shop = shop_of(info)
    if not input.get("id"):
        raise InputRefused(UserError("Customer id is required", ["id"]))
    customer = _customer(shop, input["id"], "id")
    for channel in ("email", "sms"):
        name = f"{channel}MarketingConsent"
        if name in input:
            instead = f"customer{channel.capitalize()}MarketingConsentUpdate"
            said = f"To update {name}, please use the {instead} Mutation instead"
            raise InputRefused(UserError(said, [name]))
    customers.accepted(shop, _values(input), customer)
    set_metafields(shop, _metafields(input, customer.id), actor="api")
    customers.update(shop, customer, _values(input), actor="api")
    return {"customer": customer}


def _metafields(given: Input, owner_id: str) -> list[Input]:
    return [
        {"key": "", "value": "", **metafield, "ownerId": owner_id}
        for metafield in given.get("metafields") or ()
    ]


def _set(info: Info, input: Input, identifier: Input | None = None) -> Payload:
    check_spoiled(info)
    shop = shop_of(info)
    customer = _identified(shop, input, identifier)
    if customer is None:
        return {"customer": customers.create(shop, _values(input), actor="api")}
    customers.update(shop, customer, _values(input), actor="api")
    return {"customer": customer}


def _identified(shop: Shop, input: Input, identifier: Input | None) -> Customer | None:
    """Whom ``customerSet`` is about; None for a new customer."""
    if identifier is None:
        return _customer(shop, input["id"], "id", "NOT_FOUND") if input.get("id") else None
    if input.get("id"):
        said = "The id field is not allowed if identifier is provided."
        raise InputRefused(UserError(said, ["input", "id"], "ID_NOT_ALLOWED"))
    ((name, value),) = identifier.items()
    if name == "id":
        return _customer(shop, value, "identifier", "NOT_FOUND")
    if not input.get(name):
        said = "The input field corresponding to the identifier is required."
        raise InputRefused(UserError(said, ["input"], "MISSING_FIELD_REQUIRED"))
    wanted = customers.contact(name, value)
    if wanted is None or wanted != customers.contact(name, input[name]):
        said = "The identifier value does not match the value of the corresponding input field."
        raise InputRefused(UserError(said, ["input"], "INPUT_MISMATCH"))
    return shop.customer_by(name, wanted)


def _delete(info: Info, input: Input) -> Payload:
    check_spoiled(info)
    shop = shop_of(info)
    customer = _customer(shop, input["id"], "id")
    customers.delete(shop, customer, actor="api")
    return {"deletedCustomerId": customer.id, "shop": shop}


def _merge(info: Info, **arguments: Any) -> Payload:
    check_spoiled(info)
    shop = shop_of(info)
    one, two = (
        _customer(shop, arguments[name], name, "INVALID_CUSTOMER_ID")
        for name in ("customerOneId", "customerTwoId")
    )
    override = arguments.get("overrideFields") or {}
    kept = _surviving(one, two, override.get("customerIdOfEmailToKeep"))
    customers.merge(shop, kept, two if kept is one else one, actor="api")
    return {
        "resultingCustomerId": kept.id,
        "job": {"id": gid("Job", shop.next_number()), "done": True},
    }


def _surviving(one: Customer, two: Customer, email_of: str | None) -> Customer:
    """Who is kept, by the order that the mutation's description gives."""
    if email_of is not None:
        named = {one.id: one, two.id: two}.get(email_of)
        if named is None or not named.email:
            said = "The customer does not have the attribute to keep"
            raise InputRefused(UserError(said, ["overrideFields"], "OVERRIDE_ATTRIBUTE_INVALID"))
        return named
    if bool(one.email) != bool(two.email):
        return one if one.email else two
    return one if one.email and _standing(one) > _standing(two) else two


def _standing(customer: Customer) -> tuple[bool, bool, bool]:
    agreed = customer.email_consent.state in ("SUBSCRIBED", "PENDING")
    return customer.state == "ENABLED", agreed, customer.state == "INVITED"


def _consent_update(channel: str) -> Callable[..., Payload]:
    def update(info: Info, input: Input) -> Payload:
        check_spoiled(info)
        shop = shop_of(info)
        customer = _customer(shop, input["customerId"], "customerId")
        known, point = (
            (customer.email_consent, customer.email)
            if channel == "email"
            else (customer.sms_consent, customer.phone)
        )
        consent = decided(shop, channel, input[f"{channel}MarketingConsent"], known, point)
        customers.set_consent(shop, customer, channel, consent, actor="api")
        return {"customer": customer}

    return update


def _with_shop(resolve: Resolver) -> Resolver:
    """``customerDelete`` names the shop even when it refuses."""

    def resolved(root: object, info: Info, **arguments: Any) -> Payload:
        return {"shop": shop_of(info), **resolve(root, info, **arguments)}

    return resolved


FIELDS: Mapping[str, Resolver] = {
    "Mutation.customerCreate": mutation(_create, customer=None),
    "Mutation.customerDelete": _with_shop(mutation(_delete, deletedCustomerId=None)),
    "Mutation.customerEmailMarketingConsentUpdate": mutation(
        _consent_update("email"), "input", customer=None
    ),
    "Mutation.customerMerge": mutation(_merge, resultingCustomerId=None, job=None),
    "Mutation.customerSet": mutation(_set, customer=None),
    "Mutation.customerSmsMarketingConsentUpdate": mutation(
        _consent_update("sms"), "input", customer=None
    ),
    "Mutation.customerUpdate": mutation(_update, customer=None),
}
"""Resolvers of the mutations of customers."""
