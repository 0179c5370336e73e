"""HubSpot on the wire: where it is, how to sign in, what it allows, what its errors mean.

Source: HubSpot's API documentation (read November 2026); header names from recorded responses.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from connectors.hubspot.config import HubSpotSettings
from hub.core.auth import OAuth, Refresh, StaticToken
from hub.core.errors import BudgetExhausted, HubError, NeedsReauth, RetryLater, StopRun
from hub.core.http import Http, Response
from hub.core.limits import HeaderMeter, Lane, Limits
from hub.core.pages import dig

LIMITS = Limits(
    parallel=4,
    lanes=(Lane("/search", per_second=4),),  # HubSpot allows 5 a second to the whole account
    meters=(
        HeaderMeter(
            "10 seconds",
            remaining="x-hubspot-ratelimit-remaining",
            limit="x-hubspot-ratelimit-max",
            resets="x-hubspot-ratelimit-interval-milliseconds",
            unit="milliseconds",
        ),
        HeaderMeter(
            "daily",
            remaining="x-hubspot-ratelimit-daily-remaining",
            limit="x-hubspot-ratelimit-daily",
            window=3_600,  # it ends at midnight in the account's time zone: look again in an hour
            daily=True,
        ),
    ),
)
TEMPORARY = frozenset({"INTERNAL_ERROR", "RATE_LIMITS", "LOCKED", "TIMEOUT"})
"""Categories of an item's error that may be gone at the next attempt."""
_LOCKED_SECONDS = 2.0
_MALFORMED_TOKEN = 530


def http(settings: HubSpotSettings) -> Http:
    """How to reach the account."""
    return Http(settings.base_url, _credential(settings), LIMITS, translate)


def _credential(settings: HubSpotSettings) -> StaticToken | OAuth:
    if settings.token is not None:
        return StaticToken(settings.token)
    assert settings.client_id and settings.client_secret and settings.refresh_token
    grant = Refresh(settings.client_id, settings.client_secret, settings.refresh_token)
    return OAuth(f"/oauth/{settings.api_version}/token", grant)


# --- errors ----------------------------------------------------------------------------------


class MissingScopes(StopRun):
    """The credential is good, but was not granted everything that the request needs."""


def translate(response: Response) -> HubError | None:
    """What an error answer means to the hub; None where its status says enough.

    HubSpot's prose quotes property values, so messages repeat categories and codes only.
    """
    body = response.json if isinstance(response.json, dict) else {}
    match response.status:
        case HTTPStatus.UNAUTHORIZED:
            category = body.get("category") or "no category"
            return NeedsReauth(f"the token was refused ({category}). {_RENEW}")
        case HTTPStatus.FORBIDDEN:
            return _missing_scopes(body)
        case HTTPStatus.LOCKED:
            return RetryLater("the records are locked for a moment", after=_LOCKED_SECONDS)
        case HTTPStatus.TOO_MANY_REQUESTS if body.get("policyName") == "DAILY":
            return BudgetExhausted(
                "the account's requests for today are used up. The checkpoint is kept; a run after "
                "midnight (in the account's time zone) goes on from there."
            )
        case HTTPStatus.BAD_REQUEST | HTTPStatus.CONFLICT:
            return StopRun(f"HubSpot refused the request: {reason(body)}")
        case status if status == _MALFORMED_TOKEN:
            return NeedsReauth(f"the token is not one of HubSpot's (530). {_RENEW}")
        case _:
            return None


_RENEW = (
    "Copy the key again from Settings > Integrations > Service keys (or the private app's Auth "
    "tab) into the variable or file that hub.toml names."
)


def _missing_scopes(body: Mapping[str, Any]) -> MissingScopes:
    scopes = dig(dict(body), "context.missingScopes")
    named = ", ".join(map(str, scopes)) if isinstance(scopes, list) else "a scope"
    return MissingScopes(
        f"the key lacks {named}. Add it under Settings > Integrations > Service keys (or the "
        "private app's Scopes tab)."
    )


def reason(body: object) -> str:
    """Category and codes of an error, without the values that its prose may quote.

    >>> reason({"category": "VALIDATION_ERROR", "errors": [{"code": "INVALID_DATE", "in": "born"}]})
    'VALIDATION_ERROR (INVALID_DATE in born)'
    """
    error = body if isinstance(body, dict) else {}
    listed = error.get("errors")
    details = [item for item in listed if isinstance(item, dict)] if listed else []
    codes = [" in ".join(str(d[k]) for k in ("code", "in") if d.get(k)) for d in details]
    missing = dig(error, "context.properties")
    if isinstance(missing, list):
        codes.append(f"required: {', '.join(map(str, missing))}")
    known = "; ".join(code for code in codes if code)
    category = str(error.get("category") or "no category")
    return f"{category} ({known})" if known else category
