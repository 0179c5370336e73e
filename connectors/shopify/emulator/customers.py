"""The rules that guard every change of a customer, whoever makes it.

Source: Shopify Admin GraphQL 2026-10 (``customerUpdate``, ``customerSet``, ``customerMerge``,
``customerDelete`` and their user errors). Unconfirmed: the wording, 255 characters for names, 250
tags, and that an address is kept in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.shopify.emulator.records import Address, Consent, Customer
from connectors.shopify.emulator.refusals import InputRefused, UserError
from connectors.shopify.emulator.shop import Shop
from hub.core.normalise import phone as e164
from hub.emulation.effects import Actor

MAX_LENGTH = 255
MAX_NOTE = 5_000
MAX_TAGS = 250
_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s.,;<>()]+(\.[^@\s.,;<>()]+)+")
_NAMES = ("first_name", "last_name")
_CONTACTS = ("email", "phone")
WRITABLE = (*_NAMES, *_CONTACTS, "note", "locale", "tags", "tax_exempt", "addresses")


def create(shop: Shop, values: Mapping[str, Any], *, actor: Actor) -> Customer:
    """The new customer.

    Raises:
        InputRefused: If a value is not acceptable or belongs to somebody else.
    """
    kept = accepted(shop, values, None)
    if not any(kept.get(name) for name in (*_NAMES, *_CONTACTS)):
        what = "Customer must have a name, phone number or email address"
        raise InputRefused(UserError(what, None, "BLANK"))
    now = shop.now()
    customer = Customer(shop.customers.next_number(), now, now)
    _assign(shop, customer, kept)
    shop.keep(customer)
    shop.log("create", customer, set(kept), actor=actor)
    return customer


def update(shop: Shop, customer: Customer, values: Mapping[str, Any], *, actor: Actor) -> set[str]:
    """Names of what really changed.

    Raises:
        InputRefused: If a value is not acceptable or belongs to somebody else; nothing changed.
    """
    kept = accepted(shop, values, customer)
    changed = {name for name, value in kept.items() if getattr(customer, name) != value}
    if changed:
        _assign(shop, customer, {name: kept[name] for name in changed})
        shop.touch(customer)
        shop.log("update", customer, changed, actor=actor)
    return changed


def delete(shop: Shop, customer: Customer, *, actor: Actor) -> None:
    """Take a customer out of the shop for good.

    Raises:
        InputRefused: If the customer ever ordered.
    """
    if not customer.can_delete:
        said = "Customer can’t be deleted because they have associated orders"
        raise InputRefused(UserError(said, ["id"]))
    _take_out(shop, customer)
    shop.log("delete", customer, actor=actor)


def merge(shop: Shop, kept: Customer, lost: Customer, *, actor: Actor) -> None:
    """Let ``kept`` absorb ``lost``: its values win, gaps are filled, orders and metafields move.

    Raises:
        InputRefused: If both are the same.
    """
    if kept is lost:
        raise InputRefused(
            UserError("Customers IDs should not match", ["customerOneId"], "INVALID_CUSTOMER_ID")
        )
    _take_out(shop, lost)
    inherited = {
        name: value
        for name in (*_NAMES, *_CONTACTS, "note")
        if getattr(kept, name) is None and (value := getattr(lost, name)) is not None
    }
    for contact, consent in (("email", "email_consent"), ("phone", "sms_consent")):
        if contact in inherited:  # a subscription is one of the address, and comes along with it
            setattr(kept, consent, getattr(lost, consent))
    inherited["tags"] = tuple(dict.fromkeys((*kept.tags, *lost.tags)))
    _assign(shop, kept, inherited)
    for order in shop.orders_of(lost):
        order.customer_number = kept.number
        shop.keep(order)
    for checkout in shop.checkouts.in_order():
        if checkout.customer_number == lost.number:
            checkout.customer_number = kept.number
    kept.order_numbers = sorted((*kept.order_numbers, *lost.order_numbers))
    shop.merged[lost.number] = kept.number
    shop.touch(kept)
    shop.log("merge", kept, (lost.id,), actor=actor)


def set_consent(
    shop: Shop, customer: Customer, channel: str, consent: Consent, *, actor: Actor
) -> bool:
    """Whether the marketing state on ``email`` or ``sms`` is another one now."""
    name = f"{channel}_consent"
    if getattr(customer, name) == consent:
        return False
    setattr(customer, name, consent)
    shop.touch(customer)
    method, stream = "consent", "customer_consents"
    shop.effects.append(method, stream, customer.id, (channel, consent.state), actor=actor)
    return True


def _take_out(shop: Shop, customer: Customer) -> None:
    shop.customers.remove(customer.number)
    shop.metafields.forget(customer.id)
    _claim(shop, customer, {"email": None, "phone": None})


def _assign(shop: Shop, customer: Customer, values: Mapping[str, Any]) -> None:
    _claim(shop, customer, values)
    for name, value in values.items():
        setattr(customer, name, value)


def _claim(shop: Shop, customer: Customer, values: Mapping[str, Any]) -> None:
    """Keep the books of who has which address and telephone."""
    for name, book in (("email", shop.emails), ("phone", shop.phones)):
        if name not in values:
            continue
        if (before := getattr(customer, name)) and book.get(before) == customer.number:
            del book[before]
        if values[name]:
            book[values[name]] = customer.number


# --- what is acceptable ----------------------------------------------------------------------


def accepted(shop: Shop, values: Mapping[str, Any], customer: Customer | None) -> dict[str, Any]:
    """The values as they are kept; nothing is changed.

    Raises:
        InputRefused: With one error per value that is not acceptable.
    """
    kept: dict[str, Any] = {}
    errors: list[UserError] = []
    for name in WRITABLE:
        if name in values:
            try:
                kept[name] = _kept(shop, name, values[name], customer)
            except InputRefused as refused:
                errors.extend(refused.errors)
    if errors:
        raise InputRefused(*errors)
    return kept


def _kept(shop: Shop, name: str, value: Any, customer: Customer | None) -> Any:
    match name:
        case "email" | "phone":
            book = shop.emails if name == "email" else shop.phones
            return _own(book, name, contact(name, value), customer)
        case "tags":
            return _tags(value or ())
        case "addresses":
            return [Address(shop.next_number(), **address) for address in value or ()]
        case "tax_exempt":
            return bool(value)
        case "locale":
            return value or "en"
        case _:
            return _text(name, value, MAX_NOTE if name == "note" else MAX_LENGTH)


def contact(name: str, value: str | None) -> str | None:
    """An ``email`` or ``phone`` in the form in which it is kept.

    >>> contact("email", " Ann@Example.com"), contact("phone", "(04) 3671-9342")
    ('ann@example.com', '+61436719342')

    Raises:
        InputRefused: If it is none.
    """
    return _email(value) if name == "email" else _phone(value)


def _text(name: str, value: str | None, longest: int) -> str | None:
    if value and len(value) > longest:
        said = f"{_spoken(name)} is too long (maximum is {longest} characters)"
        raise InputRefused(UserError(said, [name], "TOO_LONG"))
    return value or None


def _email(value: str | None) -> str | None:
    kept = (value or "").strip().lower()
    if kept and not _EMAIL.fullmatch(kept):
        raise InputRefused(UserError("Email is invalid", ["email"], "INVALID"))
    return _text("email", kept, MAX_LENGTH)


def _phone(value: str | None) -> str | None:
    kept = e164(value) if value else ""
    if value and not kept:
        raise InputRefused(UserError("Phone is invalid", ["phone"], "INVALID"))
    return kept or None


def _own(
    book: Mapping[str, int], name: str, value: str | None, customer: Customer | None
) -> str | None:
    holder = book.get(value) if value else None
    if holder is not None and (customer is None or holder != customer.number):
        said = f"{_spoken(name)} has already been taken"
        raise InputRefused(UserError(said, [name], "TAKEN"))
    return value


def _tags(value: Any) -> tuple[str, ...]:
    kept = tuple(sorted({str(tag).strip() for tag in value} - {""}))
    if len(kept) > MAX_TAGS or any(len(tag) > MAX_LENGTH for tag in kept):
        raise InputRefused(UserError("Tags are too many or too long", ["tags"], "TOO_LONG"))
    return kept


def _spoken(name: str) -> str:
    return name.replace("_", " ").capitalize()
