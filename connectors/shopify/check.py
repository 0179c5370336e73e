"""``hub check --connect``: credential, shop, scopes, protected customer data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.shopify.api import Api
from connectors.shopify.client import NotVisible
from connectors.shopify.config import ShopifySettings
from connectors.shopify.rows import inside, objects
from hub.core.connector import CheckItem, Context, Row
from hub.core.errors import NeedsReauth
from hub.core.values import text

_SCOPES = (
    ("read customers", "read_customers"),
    ("read orders, refunds, abandoned checkouts", "read_orders"),
    ("read products", "read_products"),
    ("write profiles and withdrawals", "write_customers"),
)
_ALL_ORDERS = "read_all_orders"


def check(ctx: Context) -> Sequence[CheckItem]:
    """What an admin must know before the first run; nothing is changed."""
    api, settings = Api(ctx), ctx.config
    try:
        account = api.account()
    except NeedsReauth as err:
        fix = "Renew the credential that hub.toml names, then check again"
        return [CheckItem("credential", False, str(err), fix)]
    return [
        *_credential(ctx),
        _shop(account, settings),
        *_scopes(account),
        _visible(api),
    ]


def _credential(ctx: Context) -> Iterator[CheckItem]:
    if (notice := ctx.wire.notice()) is not None:
        yield CheckItem("credential", True, notice)
    signed = ctx.config.client_secret is not None
    yield CheckItem("webhooks", True, "are verified" if signed else "need client_secret")


def _shop(account: Row, settings: ShopifySettings) -> CheckItem:
    shop = inside(account, "shop")
    domain = text(shop, "myshopifyDomain")
    currency, plan = text(shop, "currencyCode"), text(inside(shop, "plan"), "publicDisplayName")
    detail = f"{domain}, currency {currency}, plan {plan}, API {settings.api_version}"
    fix = f'Write shop = "{domain}"'
    return CheckItem("shop", domain == settings.shop, detail, fix)


def _scopes(account: Row) -> Iterator[CheckItem]:
    granted = {text(s, "handle") for s in objects(inside(account, "currentAppInstallation"), _LIST)}
    fix = "Add the scope to the app, release a version, and approve it in the shop"
    for what, scope in _SCOPES:
        # Shopify lists a write scope only, where it implies the read scope.
        held = {scope, scope.replace("read_", "write_")} & granted
        yield CheckItem(what, bool(held), "" if held else f"{scope} is not granted", fix)
    if _ALL_ORDERS not in granted:
        detail = f"without {_ALL_ORDERS}, Shopify shows orders of the last 60 days only"
        yield CheckItem("read old orders", True, detail)


_LIST = "accessScopes"


def _visible(api: Api) -> CheckItem:
    what = "protected customer data"
    fix = "Request access to name, e-mail, phone and address: Dev Dashboard > the app > API access"
    try:
        customers = api.some_customers()
    except NotVisible as err:
        return CheckItem(what, False, str(err), fix)
    names = ("firstName", "lastName", "defaultEmailAddress", "defaultPhoneNumber")
    hidden = customers and not any(row.get(name) for row in customers for name in names)
    detail = "no name, e-mail or phone is visible to this app" if hidden else ""
    return CheckItem(what, not hidden, detail, fix)
