"""Who may call: tokens of the two grants, static ones, and the scopes that fields need.

Source: Shopify "Using the client credentials grant" (tokens live 24 hours), "Offline access tokens"
(60 minutes, the refresh token is replaced at each use and lives 90 days) and "Access scopes" (read
November 2026); orders older than 60 days need ``read_all_orders``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from connectors.shopify.emulator.refusals import Refusal
from hub.core.clock import Clock
from hub.emulation.oauth import AccessToken, App, GrantRefused, TokenDesk, TokenRefused

TOKEN_LIFE = timedelta(hours=24)
OFFLINE_TOKEN_LIFE = timedelta(minutes=60)
REFRESH_TOKEN_LIFE = timedelta(days=90)
ORDERS_VISIBLE = timedelta(days=60)
"""Age up to which orders are shown without ``read_all_orders``."""

ALL_SCOPES = frozenset({"write_customers", "read_orders", "read_all_orders", "read_products"})
"""What the connector asks for; a scope to write includes the one to read."""

FIELD_SCOPES: Mapping[str, str] = {
    "QueryRoot.customer": "read_customers",
    "QueryRoot.customerByIdentifier": "read_customers",
    "QueryRoot.customers": "read_customers",
    "QueryRoot.customersCount": "read_customers",
    "QueryRoot.order": "read_orders",
    "QueryRoot.orders": "read_orders",
    "QueryRoot.ordersCount": "read_orders",
    "QueryRoot.abandonedCheckouts": "read_orders",
    "QueryRoot.product": "read_products",
    "QueryRoot.products": "read_products",
    "Customer.orders": "read_orders",
    "Customer.lastOrder": "read_orders",
    "Order.customer": "read_customers",
    "AbandonedCheckout.customer": "read_customers",
    "LineItem.product": "read_products",
    "LineItem.variant": "read_products",
    "AbandonedCheckoutLineItem.product": "read_products",
    "AbandonedCheckoutLineItem.variant": "read_products",
    "Mutation.customerCreate": "write_customers",
    "Mutation.customerDelete": "write_customers",
    "Mutation.customerEmailMarketingConsentUpdate": "write_customers",
    "Mutation.customerMerge": "write_customers",
    "Mutation.customerSet": "write_customers",
    "Mutation.customerSmsMarketingConsentUpdate": "write_customers",
    "Mutation.customerUpdate": "write_customers",
}
"""Scope that a field needs."""

OWNER_SCOPES: Mapping[str, str] = {
    "Customer": "customers",
    "Order": "orders",
    "Refund": "orders",
    "AbandonedCheckout": "orders",
    "Product": "products",
    "ProductVariant": "products",
}
"""Family of scopes that guards records, metafields and definitions of a kind."""

PROTECTED_FIELDS = frozenset(
    {
        "Customer.firstName",
        "Customer.lastName",
        "Customer.email",
        "Customer.phone",
        "Customer.defaultEmailAddress",
        "Customer.defaultPhoneNumber",
        "Customer.defaultAddress",
        "Order.email",
        "Order.phone",
        "Order.billingAddress",
        "Order.shippingAddress",
        "AbandonedCheckout.billingAddress",
        "AbandonedCheckout.shippingAddress",
    }
)
"""Nullable fields of protected customer data, level 2: name, address, telephone, e-mail."""


def granted(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes with those that they include.

    >>> sorted(granted(["write_customers"]))
    ['read_customers', 'write_customers']
    """
    given = frozenset(scopes)
    reading = (scope.replace("write_", "read_", 1) for scope in given if scope[:6] == "write_")
    return given | frozenset(reading)


class Access:
    """The tokens of one app in one shop.

    Args:
        clock: The shop's time.
        app: Credentials of the app.
        token: A static token, as admins made them by hand until 2026.
        scopes: What every token grants.
    """

    def __init__(self, clock: Clock, app: App, token: str, scopes: Iterable[str]) -> None:
        self.scopes = granted(scopes)
        self.app = app
        self._own = TokenDesk(clock, app, life=TOKEN_LIFE, scopes=self.scopes)
        self._offline = TokenDesk(
            clock, app, life=OFFLINE_TOKEN_LIFE, rotates=True, scopes=self.scopes
        )
        self._own.accept(token)

    def grant(self, form: Mapping[str, str]) -> Mapping[str, object]:
        """The answer of the token endpoint.

        Raises:
            Refusal: 400 or 401 with an OAuth error.
        """
        refreshes = form.get("grant_type") == "refresh_token"
        desk, life = (self._offline, OFFLINE_TOKEN_LIFE) if refreshes else (self._own, TOKEN_LIFE)
        try:
            token = desk.grant(form)
        except GrantRefused as refused:
            raise _no_token(refused) from refused
        body: dict[str, object] = {
            "access_token": token.value,
            "scope": ",".join(sorted(self.scopes)),
            "expires_in": int(life.total_seconds()) - 1,
        }
        if refreshes:
            body["refresh_token"] = token.refresh_token
            body["refresh_token_expires_in"] = int(REFRESH_TOKEN_LIFE.total_seconds())
        return body

    def check(self, token: str) -> AccessToken:
        """What the token of a request allows.

        Raises:
            Refusal: 401.
        """
        try:
            return self._desk(token).check(token)
        except TokenRefused as refused:
            raise Refusal(401) from refused

    def expire(self, token: str) -> None:
        """End the life of ``token``; a static one only fails this once.

        Raises:
            Refusal: 401, always.
        """
        if self.check(token).expires_at is not None:
            self._desk(token).expire(token)
        raise Refusal(401)

    def _desk(self, token: str) -> TokenDesk:
        try:
            self._offline.check(token)
        except TokenRefused as refused:
            return self._own if refused.reason == "unknown" else self._offline
        return self._offline


def _no_token(refused: GrantRefused) -> Refusal:
    body = {"error": refused.error, "error_description": refused.description}
    status = 401 if refused.error == "invalid_client" else 400
    return Refusal(status, body)
