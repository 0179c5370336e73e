"""How HubSpot says no: status, category and body of every error this emulator gives.

Shapes: recorded and published error bodies (HubSpot "Handling errors", read November 2026; the 409
and property-validation bodies as quoted in public threads). ``category`` and the codes inside
``message`` are what client programs branch on, so they are exact; prose is not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from starlette.responses import JSONResponse, Response

SCOPES_PAGE = "https://developers.hubspot.com/scopes"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one property value or one part of a request."""

    code: str
    message: str
    name: str = ""

    def detail(self) -> dict[str, object]:
        """The problem as one entry of an error's ``errors``."""
        body: dict[str, object] = {"message": self.message, "code": self.code}
        if self.name:
            body |= {"in": self.name, "context": {"propertyName": [self.name]}}
        return body


@dataclass(eq=False)
class Refusal(Exception):
    """An error answer.

    Args:
        status: HTTP status.
        category: HubSpot's category, such as ``VALIDATION_ERROR``.
        message: HubSpot's prose.
        errors: Entries of ``errors``.
        context: Entries of ``context``.
        extra: Further top-level keys, such as ``policyName``.
        headers: Further response headers.
        page: Body of an answer that a proxy gives instead of HubSpot; it is not JSON.
    """

    status: int
    category: str
    message: str
    errors: Sequence[Mapping[str, object]] = ()
    context: Mapping[str, Sequence[str]] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    page: str = ""

    def body(self) -> dict[str, object]:
        """The error as it stands in a batch's ``errors`` (no correlation id there)."""
        body: dict[str, object] = {"status": "error", "message": self.message}
        if self.errors:
            body["errors"] = list(self.errors)
        if self.context:
            body["context"] = {key: list(values) for key, values in self.context.items()}
        return body | {"category": self.category} | dict(self.extra)

    def response(self, correlation_id: str) -> Response:
        """The error as a whole HTTP answer."""
        headers = dict(self.headers)
        if self.page:
            return Response(self.page, self.status, headers, media_type="text/html")
        body = self.body() | {"correlationId": correlation_id}
        return JSONResponse(body, self.status, headers)


def invalid(message: str, *problems: Problem, **extra: object) -> Refusal:
    """400: the request does not make sense."""
    details = [problem.detail() for problem in problems]
    return Refusal(400, "VALIDATION_ERROR", message, details, extra=extra)


def invalid_values(problems: Iterable[Problem]) -> Refusal:
    """400: property values were refused; the message embeds one JSON object per value."""
    listed = list(problems)
    rows = [{"isValid": False} | _embedded(problem) for problem in listed]
    message = f"Property values were not valid: {json.dumps(rows)}"
    return invalid(message, *listed)


def _embedded(problem: Problem) -> dict[str, str]:
    row = asdict(problem)
    return {"message": row["message"], "error": row["code"], "name": row["name"]}


def missing_required(object_type: str, names: Iterable[str]) -> Refusal:
    """400: properties that the object or the account's rules demand are not set."""
    message = f"Error creating {object_type.upper()}. Some required properties were not set."
    return Refusal(400, "VALIDATION_ERROR", message, context={"properties": sorted(names)})


def not_found(message: str = "resource not found", ids: Sequence[str] = ()) -> Refusal:
    """404: no such path or record."""
    context = {"ids": ids} if ids else {}
    return Refusal(404, "OBJECT_NOT_FOUND", message, context=context)


def method_not_allowed(method: str) -> Refusal:
    """405: the path exists, the method does not."""
    return Refusal(405, "METHOD_NOT_ALLOWED", f"The method '{method}' is not allowed here.")


def contact_exists(existing_id: str) -> Refusal:
    """409: another contact has that e-mail address."""
    message = f"Contact already exists. Existing ID: {existing_id}"
    return Refusal(409, "CONFLICT", message, extra={"error": "CONTACT_EXISTS"})


def already_exists(message: str) -> Refusal:
    """409: a definition of that name exists."""
    return Refusal(409, "OBJECT_ALREADY_EXISTS", message)


def unauthenticated() -> Refusal:
    """401: no credential, or one that was never issued."""
    message = "Authentication credentials not found. This API supports OAuth 2.0 authentication."
    return Refusal(401, "INVALID_AUTHENTICATION", message)


def expired(minutes: int) -> Refusal:
    """401: the credential was good until ``minutes`` ago."""
    message = f"The OAuth token used to make this call expired {minutes} minute(s) ago."
    return Refusal(401, "EXPIRED_AUTHENTICATION", message)


def malformed_token() -> Refusal:
    """530: the edge could not route the request, because the token is not one of HubSpot's."""
    return Refusal(530, "", "", page="error code: 1016")


def missing_scopes(scopes: Sequence[str]) -> Refusal:
    """403: the credential is good, the app was not granted enough."""
    message = (
        "This app hasn't been granted all required scopes to make this call. "
        f"Read more about required scopes here: {SCOPES_PAGE}."
    )
    detail = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": list(scopes)},
    }
    extra = {"links": {"scopes": SCOPES_PAGE}}
    return Refusal(403, "MISSING_SCOPES", message, [detail], {"missingScopes": scopes}, extra)


def rate_limited(policy: str, headers: Mapping[str, str] | None = None) -> Refusal:
    """429: over a limit. HubSpot does not always say how long to wait."""
    message = f"You have reached your {policy.lower()} limit."
    extra = {"errorType": "RATE_LIMIT", "policyName": policy}
    return Refusal(429, "RATE_LIMITS", message, extra=extra, headers=headers or {})


def server_error(status: int) -> Refusal:
    """5xx: HubSpot's own error body for 500, the proxy's page for the rest."""
    page = "" if status == 500 else f"<html><body><h1>{status}</h1></body></html>"
    return Refusal(status, "INTERNAL_ERROR", "internal error", page=page)


def not_processed() -> Refusal:
    """One item of a batch failed at HubSpot; it may go through the next time."""
    return Refusal(500, "INTERNAL_ERROR", "This record could not be processed now")


def uri_too_long() -> Refusal:
    """414: the proxy refuses the request line."""
    return Refusal(414, "", "", page="<html><body><h1>414 URI Too Long</h1></body></html>")


def bad_grant(status: str, message: str) -> Refusal:
    """400 of the token endpoint, whose ``status`` names the mistake."""
    return Refusal(400, "VALIDATION_ERROR", message, extra={"status": status})
