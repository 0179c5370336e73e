"""Salesforce on the wire: where it is, how to sign in, what it allows, what its errors mean.

Source: Salesforce REST API Developer Guide (read November 2026); header from recorded responses.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from connectors.salesforce.config import SalesforceSettings
from hub.core.auth import ClientCredentials, Grant, JwtBearer, OAuth, Refresh
from hub.core.errors import BudgetExhausted, HubError, NeedsReauth, RetryLater, StopRun
from hub.core.http import Http, Response
from hub.core.limits import Limits, PairMeter

_TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
_LOCKED_SECONDS = 2.0


LIMITS = Limits(
    parallel=4,
    meters=(
        # The window of 24 hours slides, so nobody says when it is renewed: look again in an hour.
        PairMeter("daily", header="sforce-limit-info", key="api-usage", window=3_600, daily=True),
    ),
)


def http(settings: SalesforceSettings) -> Http:
    """How to reach the org."""
    auth = OAuth(settings.base_url.rstrip("/") + _TOKEN_PATH, _grant(settings))
    return Http(settings.base_url, auth, LIMITS, translate)


def _grant(settings: SalesforceSettings) -> Grant:
    if settings.private_key is not None:
        assert settings.username
        return JwtBearer(
            settings.client_id, settings.username, settings.login_url, settings.private_key
        )
    assert settings.client_secret
    if settings.refresh_token is not None:
        return Refresh(settings.client_id, settings.client_secret, settings.refresh_token)
    return ClientCredentials(settings.client_id, settings.client_secret)


# --- errors ----------------------------------------------------------------------------------


class QueryTooSlow(StopRun):
    """Salesforce gave a query up after two minutes; half as wide a window may do."""


class LocatorExpired(StopRun):
    """The rest of a result is gone; the query has to be asked again."""


class DeletesUnknown(StopRun):
    """The delete log does not go back that far, or holds more than it hands out."""


class FieldNotVisible(StopRun):
    """A query names a field that does not exist, or that this user may not see."""


class ObjectNotVisible(StopRun):
    """An object does not exist, or this user may not see it."""


def translate(response: Response) -> HubError | None:
    """What an error answer means to the hub; None where its status says enough.

    Salesforce's prose quotes values and whole queries, so messages repeat codes and field names.
    """
    if response.status < HTTPStatus.BAD_REQUEST:
        return None  # the results of a batch are no answer to the whole
    code, message = _first(response.json)
    match code:
        case "INVALID_SESSION_ID":
            return NeedsReauth(f"the session was refused ({code}). {_RENEW}")
        case "REQUEST_LIMIT_EXCEEDED" if not message.startswith("Concurrent"):
            return BudgetExhausted(
                "the org's requests of the last 24 hours are used up. The checkpoint is kept; a "
                "later run goes on from there."
            )
        case "REQUEST_LIMIT_EXCEEDED":
            return RetryLater("too many long requests at once in this org")
        case "UNABLE_TO_LOCK_ROW":
            return RetryLater("the records are locked for a moment", after=_LOCKED_SECONDS)
        case "QUERY_TIMEOUT":
            return QueryTooSlow("the query took too long (QUERY_TIMEOUT)")
        case "INVALID_QUERY_LOCATOR":
            return LocatorExpired("the rest of the result is gone (INVALID_QUERY_LOCATOR)")
        case "EXCEEDED_ID_LIMIT" | "INVALID_REPLICATION_DATE":
            return DeletesUnknown(f"deletions cannot be told ({code})")
        case "INVALID_FIELD":
            return FieldNotVisible(f"a field is not visible (INVALID_FIELD). {_GRANT_FIELD}")
        case "INVALID_TYPE" | "NOT_FOUND":
            return ObjectNotVisible(f"the object is not visible ({code}). {_GRANT_OBJECT}")
        case "API_DISABLED_FOR_ORG" | "INSUFFICIENT_ACCESS" | "FUNCTIONALITY_NOT_ENABLED":
            return StopRun(f"the user may not do that ({code}). {_GRANT_OBJECT}")
        case _:
            return _by_status(response.status, response.json)


def _by_status(status: int, body: object) -> HubError | None:
    if status == HTTPStatus.UNAUTHORIZED:
        return NeedsReauth(f"the session was refused ({reason(body)}). {_RENEW}")
    if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.REQUEST_URI_TOO_LONG):
        return StopRun(f"Salesforce refused the request: {reason(body)}")
    return None


_RENEW = (
    "Look at the app under Setup > External Client App Manager: its OAuth flows, its run-as user, "
    "and whether the key and secret are the ones that hub.toml refers to."
)
_GRANT_FIELD = "Let the permission set of the hub's user read it (field-level security)."
_GRANT_OBJECT = "Grant the hub's user a permission set that reads the object, with API Enabled."


def reason(body: object) -> str:
    """Codes and field names of an error, without the values that its prose may quote.

    >>> reason([{"errorCode": "STRING_TOO_LONG", "message": "Ada …", "fields": ["Title"]}])
    'STRING_TOO_LONG in Title'
    >>> reason([{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "…", "fields": []}])
    'UNABLE_TO_LOCK_ROW'
    """
    errors = [error for error in body if isinstance(error, dict)] if isinstance(body, list) else []
    return "; ".join(map(_told, errors)) or "no code"


def _told(error: Mapping[str, Any]) -> str:
    code = str(error.get("errorCode") or error.get("statusCode") or "no code")
    fields = error.get("fields")
    named = ", ".join(map(str, fields)) if isinstance(fields, list) else ""
    return f"{code} in {named}" if named else code


def _first(body: object) -> tuple[str, str]:
    """Code and message of the first error of a top-level error list."""
    error = body[0] if isinstance(body, list) and body else None
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("errorCode") or ""), str(error.get("message") or "")
