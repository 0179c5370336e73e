"""How Zendesk says no: status and body of every error this emulator gives.

Four shapes are in use, and a client has to know all of them:

    {"error": "RecordNotFound", "description": "Not found"}
    {"error": {"title": "Forbidden", "message": "…"}}
    {"errors": [{"code": "InvalidPaginationDepth", "title": "…", "detail": "…"}]}
    {"error": "Couldn't authenticate you"}

Source: recorded bodies in public threads and vendor documentation (read November 2026). Codes,
which client programs branch on, are exact where they are known; prose is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.responses import JSONResponse, Response


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field of a record; ``code`` is empty where Zendesk gives none."""

    name: str
    description: str
    code: str = ""

    def detail(self) -> dict[str, str]:
        """The problem as one entry of an error's ``details``."""
        return {"description": self.description} | ({"error": self.code} if self.code else {})


@dataclass(eq=False)
class Refusal(Exception):
    """An error answer.

    Args:
        status: HTTP status.
        body: The JSON body.
        headers: Further response headers.
        page: Body of an answer that a proxy gives instead of Zendesk; it is not JSON.
    """

    status: int
    body: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)
    page: str = ""

    def response(self) -> Response:
        """The error as a whole HTTP answer."""
        headers = dict(self.headers)
        if self.page:
            return Response(self.page, self.status, headers, media_type="text/html")
        return JSONResponse(dict(self.body), self.status, headers)

    def code(self) -> str:
        """Zendesk's word for the error."""
        error = self.body.get("error", "")
        return str(error["title"] if isinstance(error, dict) else error)

    def prose(self) -> str:
        """What it says to people; the details of a record where there are any."""
        details = self.body.get("details")
        if isinstance(details, dict):
            return " ".join(row["description"] for rows in details.values() for row in rows)
        return str(self.body.get("description") or self.code())


def _said(status: int, error: str, description: str, **more: object) -> Refusal:
    return Refusal(status, {"error": error, "description": description, **more})


def invalid_attribute(name: str, expected: str, status: int = 400) -> Refusal:
    """400: a parameter has the wrong type or is missing."""
    message = (
        f"You passed an invalid value for the {name} attribute. "
        f"Invalid parameter: {name} must be {expected}"
    )
    return Refusal(status, {"error": {"title": "Invalid attribute", "message": message}})


def malformed_json() -> Refusal:
    """400: the body cannot be parsed."""
    return _said(400, "UnprocessableEntity", "Server could not parse JSON")


def invalid_value(description: str, status: int = 400) -> Refusal:
    """400 or 422: a value that has the right type and no sense."""
    return _said(status, "InvalidValue", description)


def too_many_values(limit: int) -> Refusal:
    """400: more records than one request may carry."""
    return _said(400, "TooManyValues", f"Expected up to {limit} values but got more")


def record_invalid(problems: Sequence[Problem]) -> Refusal:
    """422: a record would break a rule; every problem by field."""
    details: dict[str, list[dict[str, str]]] = {}
    for problem in problems:
        details.setdefault(problem.name, []).append(problem.detail())
    return _said(422, "RecordInvalid", "Record validation errors", details=details)


def idempotency_mismatch() -> Refusal:
    """400: an idempotency key that was used with other content."""
    told = "Request parameters don't match the given idempotency key"
    return _said(400, "IdempotentRequestError", told)


def not_found() -> Refusal:
    """404: no such record."""
    return _said(404, "RecordNotFound", "Not found")


def no_endpoint() -> Refusal:
    """404: no such path, or none on this account."""
    return _said(404, "InvalidEndpoint", "Not found")


def method_not_allowed() -> Refusal:
    """405: the path exists, the method does not."""
    return _said(405, "MethodNotAllowed", "Method not allowed")


def not_authenticated() -> Refusal:
    """401: no credential, or an API token that is unknown or deactivated."""
    return Refusal(401, {"error": "Couldn't authenticate you"})


def invalid_token() -> Refusal:
    """401: an access token that is unknown, revoked or expired; Zendesk does not say which."""
    description = (
        "The access token provided is expired, revoked, malformed or invalid for other reasons."
    )
    body = {"error": "invalid_token", "error_description": description}
    return Refusal(401, body, {"WWW-Authenticate": 'Bearer error="invalid_token"'})


def bad_grant(error: str, description: str) -> Refusal:
    """What the token endpoint answers (RFC 6749, 5.2)."""
    status = 401 if error == "invalid_client" else 400
    return Refusal(status, {"error": error, "error_description": description})


def forbidden() -> Refusal:
    """403: the credential is good, its role, its scope or the account's plan is not enough."""
    message = (
        "You do not have access to this page. "
        "Please contact the account owner of this help desk for further help."
    )
    return Refusal(403, {"error": {"title": "Forbidden", "message": message}})


def deep_offset() -> Refusal:
    """400: offset paging beyond page 100."""
    error = {
        "code": "InvalidPaginationDepth",
        "title": (
            "Pagination requests using Offset Pagination are limited to page 100 "
            "or up to 10000 records (page * per_page)"
        ),
        "detail": "There are limits to the page depth in Offset Pagination.",
    }
    return Refusal(400, {"errors": [error]})


def rate_limited(headers: Mapping[str, str]) -> Refusal:
    """429: over a limit."""
    description = "Number of allowed API requests per minute exceeded"
    body = {"error": "APIRateLimitExceeded", "description": description}
    return Refusal(429, body, headers)


def edge_limited(headers: Mapping[str, str]) -> Refusal:
    """429 as the edge words it, before Zendesk itself has seen the request."""
    body = {"detail": "Rate limited by Zendesk edge protection", "status": "429"}
    return Refusal(429, body, headers)


def too_many_jobs(job_type: str, current: Sequence[str]) -> Refusal:
    """429: as many jobs as may be queued or running are."""
    description = f"Too many {job_type} jobs are currently queued or running. Try again later."
    return _said(429, "TooManyJobs", description, current_job_ids=list(current))


def conflict() -> Refusal:
    """409: another request is changing the same record; what the body says is unconfirmed."""
    return _said(409, "Conflict", "Another request was changing the record")


def server_error(status: int) -> Refusal:
    """5xx: JSON from the application for 500, the proxy's page for the rest."""
    page = "" if status == 500 else f"<html><body><h1>{status}</h1></body></html>"
    return Refusal(status, {"error": "InternalError", "description": "Internal error"}, page=page)
