"""Shopify on the wire: where it is, how to sign in, what it allows, what its errors mean.

GraphQL reports most failures with HTTP 200, so every answer is read before it is believed: one with
errors, without data, or served by another API version is never a page of nothing.

Source: Shopify's API documentation (read November 2026); header names from recorded responses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Any

from connectors.shopify.config import ShopifySettings
from hub.core.auth import Auth, ClientCredentials, Legacy, OAuth, Refresh, StaticToken
from hub.core.errors import HubError, NeedsReauth, RetryLater, StopRun
from hub.core.http import Http, Response
from hub.core.limits import CostMeter, Limits
from hub.core.pages import dig

LIMITS = Limits(parallel=4, meters=(CostMeter("query cost"),), slow_below=0)
HEADER = "X-Shopify-Access-Token"
LEGACY_ENDS = date(2027, 1, 1)
"""Day from which Shopify rejects tokens that do not expire."""


def http(settings: ShopifySettings) -> Http:
    """How to reach the shop."""
    return Http(
        settings.base,
        _credential(settings),
        LIMITS,
        partial(translate, version=settings.api_version),
    )


def _credential(settings: ShopifySettings) -> Auth:
    if settings.token is not None:
        return Legacy(StaticToken(settings.token, HEADER, prefix=""), LEGACY_ENDS, _INSTEAD)
    assert settings.client_id and settings.client_secret
    grant = (
        ClientCredentials(settings.client_id, settings.client_secret)
        if settings.refresh_token is None
        else Refresh(settings.client_id, settings.client_secret, settings.refresh_token)
    )
    return OAuth("/admin/oauth/access_token", grant, header=HEADER, prefix="")


_INSTEAD = "Make an app in the Dev Dashboard, and set its client_id and client_secret instead."


# --- errors ----------------------------------------------------------------------------------


class TooCostly(StopRun):
    """The query was refused because it might return too much; a smaller page is served."""


class NotVisible(StopRun):
    """The app may not see a part of what was asked for: a scope or an approval is missing."""


def translate(response: Response, *, version: str) -> HubError | None:
    """What an answer means to the hub; None where its status says enough or all is well.

    Shopify's prose quotes values, so messages repeat codes and field names only.
    """
    match response.status:
        case status if status < HTTPStatus.BAD_REQUEST:
            return _other_version(response, version) or _failure(response)
        case HTTPStatus.UNAUTHORIZED:
            return NeedsReauth(f"the token was refused (401). {_RENEW}")
        case HTTPStatus.FORBIDDEN:
            return NotVisible(f"the app lacks a scope, or its access was revoked (403). {_RENEW}")
        case HTTPStatus.NOT_FOUND:
            return StopRun(_NO_SHOP)
        case HTTPStatus.PAYMENT_REQUIRED | HTTPStatus.LOCKED:
            return StopRun(_INACTIVE)
        case _:
            return None


def _other_version(response: Response, version: str) -> StopRun | None:
    """Shopify serves an unknown version by its oldest one, without an error."""
    served = response.headers.get("x-shopify-api-version")
    if served in (None, version):
        return None
    return StopRun(
        f"version {version} was asked for, {served} answered: Shopify does not serve that version "
        "(any more). Nothing was read. Set api_version to one that the connector's README names."
    )


def _failure(response: Response) -> HubError | None:
    """The error that a GraphQL answer with status 200 reports, if any."""
    body = response.json if isinstance(response.json, dict) else {}
    errors = body.get("errors")
    if not errors:
        return None if isinstance(body.get("data"), dict) else StopRun(_NO_DATA)
    told = [error for error in errors if isinstance(error, dict)] if _is_list(errors) else []
    codes = {str(dig(error, "extensions.code") or "no code") for error in told}
    if "THROTTLED" in codes:
        return RetryLater("the query cost more points than are left", after=_restored_in(body))
    if "INTERNAL_SERVER_ERROR" in codes:
        return RetryLater("Shopify failed inside (INTERNAL_SERVER_ERROR)")
    if "MAX_COST_EXCEEDED" in codes:
        return TooCostly("the query may cost more than a single one is allowed to")
    if "SHOP_INACTIVE" in codes:
        return StopRun(_INACTIVE)
    if "ACCESS_DENIED" in codes:
        return _denied(told)
    return StopRun(f"Shopify refused the query: {', '.join(sorted(codes)) or 'no code'}")


def _restored_in(body: Mapping[str, Any]) -> float | None:
    """Seconds until the points that the query needs are there again."""
    cost = dig(dict(body), "extensions.cost")
    asked, left, rate = (
        dig(cost, path)
        for path in (
            "requestedQueryCost",
            "throttleStatus.currentlyAvailable",
            "throttleStatus.restoreRate",
        )
    )
    if not all(isinstance(figure, int | float) for figure in (asked, left, rate)) or not rate:
        return None
    return max(0.0, float(asked - left) / float(rate))


def _denied(errors: Sequence[Mapping[str, Any]]) -> NotVisible:
    """Names what may not be seen, by its place in the query, without indices."""
    paths = [error["path"] for error in errors if _is_list(error.get("path"))]
    named = sorted({".".join(part for part in path if isinstance(part, str)) for path in paths})
    return NotVisible(
        f"this app may not see {', '.join(named) or 'what was asked for'}. Grant the scope, or "
        "request access to protected customer data (Dev Dashboard > the app > API access), "
        "then release a version and approve it in the shop."
    )


_RENEW = (
    "Compare client_id and client_secret with the app's settings in the Dev Dashboard, and see in "
    "the shop under Settings > Apps that the app is still installed."
)
_NO_DATA = "the answer holds neither data nor errors: not Shopify, or a proxy in between"
_NO_SHOP = (
    "there is no such shop, or no such API version (404). Compare the setting shop with Settings > "
    "Domains, and api_version with the connector's README"
)
_INACTIVE = "the shop is closed, frozen or not paid for; it answers again once it is open"


def _is_list(value: object) -> bool:
    return isinstance(value, list)
