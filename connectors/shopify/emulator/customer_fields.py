"""The fields of customers and of their consent that are more than an attribute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.shopify.emulator.connections import Connection, listed, page
from connectors.shopify.emulator.queries import order_listing
from connectors.shopify.emulator.records import Consent, Customer, Money, total
from connectors.shopify.emulator.request import (
    Info,
    Resolver,
    always,
    reading,
    request_of,
    shop_of,
)
from connectors.shopify.emulator.sales_records import Order


def _display_name(customer: Customer, info: Info) -> str:
    """The name; nothing where personal data is not shown, since it may not be null."""
    return customer.display_name if shop_of(info).protected == "full" else ""


def _addresses(customer: Customer, info: Info, **arguments: Any) -> Connection:
    shown = customer.addresses if shop_of(info).protected == "full" else []
    return page(listed(shown), arguments)


def _with_email(customer: Customer, _info: Info) -> Customer | None:
    """The customer stands for their own address, where there is one."""
    return customer if customer.email else None


def _with_phone(customer: Customer, _info: Info) -> Customer | None:
    return customer if customer.phone else None


def _old_email_consent(customer: Customer, _info: Info) -> Consent | None:
    return customer.email_consent if customer.email else None


def _old_sms_consent(customer: Customer, _info: Info) -> Consent | None:
    return customer.sms_consent if customer.phone else None


def _sms_state(consent: Consent, _info: Info) -> str:
    return "NEVER_SUBSCRIBED" if consent.state == "NOT_SUBSCRIBED" else consent.state


def _known_level(consent: Consent, _info: Info) -> str:
    return consent.opt_in_level or "UNKNOWN"


def _unsubscribe_url(customer: Customer, info: Info) -> str:
    return f"https://{shop_of(info).domain}/account/unsubscribe?customer={customer.number}"


def _amount_spent(customer: Customer, info: Info) -> Money:
    shop = shop_of(info)
    spent = [order.current_total_price_set for order in shop.orders_of(customer)]
    return total(spent, shop.currency)


def _number_of_orders(customer: Customer, _info: Info) -> str:
    return str(len(customer.order_numbers))


def _orders(customer: Customer, info: Info, **arguments: Any) -> Connection:
    return page(order_listing(info, arguments, customer.order_numbers), arguments)


def _last_order(customer: Customer, info: Info) -> Order | None:
    request = request_of(info)
    orders = [order for order in request.shop.orders_of(customer) if request.shows(order)]
    return orders[-1] if orders else None


def _first_addresses(customer: Customer, info: Info, first: int | None = None) -> list[Any]:
    return customer.addresses[:first] if shop_of(info).protected == "full" else []


FIELDS: Mapping[str, Resolver] = {
    "Customer.addresses": _first_addresses,
    "Customer.addressesV2": _addresses,
    "Customer.amountSpent": _amount_spent,
    "Customer.dataSaleOptOut": always(False),
    "Customer.defaultEmailAddress": _with_email,
    "Customer.defaultPhoneNumber": _with_phone,
    "Customer.displayName": _display_name,
    "Customer.emailMarketingConsent": _old_email_consent,
    "Customer.lastOrder": _last_order,
    "Customer.numberOfOrders": _number_of_orders,
    "Customer.orders": _orders,
    "Customer.smsMarketingConsent": _old_sms_consent,
    "Customer.unsubscribeUrl": _unsubscribe_url,
    "Customer.validEmailAddress": always(True),
    "Customer.verifiedEmail": always(True),
    "CustomerEmailAddress.emailAddress": reading("email"),
    "CustomerEmailAddress.marketingOptInLevel": reading("email_consent.opt_in_level"),
    "CustomerEmailAddress.marketingState": reading("email_consent.state"),
    "CustomerEmailAddress.marketingUnsubscribeUrl": _unsubscribe_url,
    "CustomerEmailAddress.marketingUpdatedAt": reading("email_consent.updated_at"),
    "CustomerEmailAddress.validFormat": always(True),
    "CustomerEmailMarketingConsentState.consentUpdatedAt": reading("updated_at"),
    "CustomerEmailMarketingConsentState.marketingOptInLevel": reading("opt_in_level"),
    "CustomerEmailMarketingConsentState.marketingState": reading("state"),
    "CustomerPhoneNumber.marketingCollectedFrom": reading("sms_consent.collected_from"),
    "CustomerPhoneNumber.marketingOptInLevel": reading("sms_consent.opt_in_level"),
    "CustomerPhoneNumber.marketingState": reading("sms_consent.state"),
    "CustomerPhoneNumber.marketingUpdatedAt": reading("sms_consent.updated_at"),
    "CustomerPhoneNumber.phoneNumber": reading("phone"),
    "CustomerPhoneNumber.smsMarketingConsent": reading("sms_consent"),
    "CustomerSmsMarketingConsent.state": _sms_state,
    "CustomerSmsMarketingConsentState.consentCollectedFrom": reading("collected_from"),
    "CustomerSmsMarketingConsentState.consentUpdatedAt": reading("updated_at"),
    "CustomerSmsMarketingConsentState.marketingOptInLevel": _known_level,
    "CustomerSmsMarketingConsentState.marketingState": reading("state"),
}
"""Resolvers of customers, their address, their telephone and their consent."""
