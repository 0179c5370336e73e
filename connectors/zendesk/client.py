"""Zendesk on the wire: where it is, how to sign in, what it allows, what its errors mean.

Source: Zendesk's API documentation (read November 2026); header names from recorded responses.
"""

from __future__ import annotations

from datetime import date
from http import HTTPStatus

from connectors.zendesk.config import ZendeskSettings
from connectors.zendesk.rows import objects, part
from hub.core.auth import Auth, BasicAuth, ClientCredentials, Legacy, OAuth, Refresh
from hub.core.errors import HubError, NeedsReauth, RetryLater, StopRun
from hub.core.http import Http, Response
from hub.core.limits import FieldsMeter, HeaderMeter, Limits

TOKENS_END = date(2027, 4, 30)
"""Day on which Zendesk deactivates every API token; one that is idle for 30 days goes before."""
_INSTEAD = (
    "Create an OAuth client under Admin Center > Apps and integrations > APIs > OAuth clients, and "
    "write its client_id and client_secret instead of email and api_token"
)

_EXPORTS = "zendesk-ratelimit-incremental-exports"

LIMITS = Limits(
    parallel=4,
    meters=(
        HeaderMeter(
            "minute",
            remaining="x-rate-limit-remaining",
            limit="x-rate-limit",
            resets="ratelimit-reset",
        ),
        # Exports have budgets of their own; those by time share one, so it is read for each path.
        FieldsMeter("cursor export", f"{_EXPORTS}-cursor", path="/cursor"),
        FieldsMeter("organization export", _EXPORTS, path="/incremental/organizations"),
        FieldsMeter("event export", _EXPORTS, path="/incremental/ticket_events"),
    ),
)


def http(settings: ZendeskSettings) -> Http:
    """How to reach the account."""
    return Http(settings.root, _credential(settings), LIMITS, translate)


def _credential(settings: ZendeskSettings) -> Auth:
    if settings.api_token is not None:
        token = BasicAuth(f"{settings.email}/token", settings.api_token)
        return Legacy(token, TOKENS_END, _INSTEAD)
    assert settings.client_id and settings.client_secret
    client = settings.client_id, settings.client_secret
    if settings.refresh_token is not None:
        return OAuth("/oauth/tokens", Refresh(*client, settings.refresh_token))
    return OAuth("/oauth/tokens", ClientCredentials(*client, settings.scope))


# --- errors ----------------------------------------------------------------------------------


class NotOffered(StopRun):
    """The account's plan does not have it, or the credential's role may not see it."""


class TooRecent(StopRun):
    """An export was asked for the last minute, which Zendesk does not hand out yet."""


def translate(response: Response) -> HubError | None:
    """What an error answer means to the hub; None where its status says enough.

    Zendesk's prose quotes values, so messages repeat codes and field names only.
    """
    told = reason(response.json)
    match response.status:
        case HTTPStatus.UNAUTHORIZED:
            return NeedsReauth(f"the credential was refused ({told}). {_RENEW}")
        case HTTPStatus.FORBIDDEN:
            return NotOffered(
                f"not permitted ({told}). Either the account's plan does not have it, or the "
                "credential is not an admin's, or the OAuth scope is too narrow"
            )
        case HTTPStatus.NOT_FOUND:
            return NotOffered(f"there is no such thing in this account ({told})")
        case HTTPStatus.CONFLICT:
            return RetryLater("another request was changing the same record", after=_CONFLICT)
        case HTTPStatus.TOO_MANY_REQUESTS if told == _TOO_MANY_JOBS:
            return RetryLater("Zendesk has as many bulk updates under way as it takes", after=_JOB)
        case HTTPStatus.UNPROCESSABLE_ENTITY if _TOO_RECENT in str(response.json):
            return TooRecent("nothing of the last minute is handed out")
        case HTTPStatus.BAD_REQUEST | HTTPStatus.UNPROCESSABLE_ENTITY:
            return StopRun(f"Zendesk refused the request: {told}")
        case _:
            return None


_CONFLICT, _JOB = 2.0, 30.0
"""Seconds to wait for another request, and for another job, to end: Zendesk does not say."""
_TOO_MANY_JOBS, _TOO_RECENT = "TooManyJobs", "Too recent start_time"
_RENEW = (
    "Compare client_id and client_secret with Admin Center > Apps and integrations > APIs > OAuth "
    "clients (a used or revoked refresh token must be authorised anew), then check again."
)


def reason(body: object) -> str:
    """Code and fields of an error in any of Zendesk's shapes, without the values of its prose.

    >>> reason({"error": "RecordInvalid", "details": {"phone": [{"error": "InvalidFormat"}]}})
    'RecordInvalid (phone: InvalidFormat)'
    >>> reason({"error": {"title": "Forbidden", "message": "You do not have access"}})
    'Forbidden'
    >>> reason({"errors": [{"code": "TooManyRequests", "title": "Too many requests"}]})
    'TooManyRequests'
    """
    error = part(body)
    code = error.get("error")
    if isinstance(code, dict):
        code = code.get("title")
    if code is None:
        code = ", ".join(str(item.get("code")) for item in objects(error.get("errors")))
    fields = [_field(name, faults) for name, faults in part(error.get("details")).items()]
    told = str(code or "no code")
    return f"{told} ({'; '.join(fields)})" if fields else told


def _field(name: str, faults: object) -> str:
    codes = [str(fault["error"]) for fault in objects(faults) if fault.get("error")]
    return f"{name}: {', '.join(codes)}" if codes else name
