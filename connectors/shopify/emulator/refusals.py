"""How Shopify says no: HTTP statuses, GraphQL errors with a code, and user errors.

Source: Shopify "API response status and error codes" and "GraphQL Admin API rate limits" (read
November 2026); recorded answers in public issues (ACCESS_DENIED: subscriptions-reference-app#13,
cost limit: shopify-app-js#577). Unconfirmed: the bodies of 402, 423, 429 and 430.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from graphql import GraphQLError
from starlette.responses import JSONResponse, Response

REASONS: Mapping[int, str] = {
    401: "[API] Invalid API key or access token (unrecognized login or wrong password)",
    402: "Unavailable Shop",
    403: "[API] This request is forbidden for this app",
    404: "Not Found",
    406: "Not Acceptable",
    423: "Locked",
    430: "Shopify Security Rejection",
}
"""What stands under ``errors``; other statuses carry their own phrase."""


class Refusal(Exception):
    """A request that does not get as far as GraphQL.

    Args:
        status: HTTP status.
        body: Of the answer; by default what Shopify says with that status.
        headers: Further headers.
    """

    def __init__(
        self,
        status: int,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body or {"errors": REASONS.get(status) or HTTPStatus(status).phrase}
        self.headers = headers

    def response(self) -> Response:
        """The answer."""
        return JSONResponse(self.body, self.status, self.headers)


# --- errors inside an answer with HTTP 200 ---------------------------------------------------


def bad_request(message: str) -> GraphQLError:
    """Arguments that fit the schema and still make no sense."""
    return GraphQLError(message, extensions={"code": "BAD_REQUEST"})


def access_denied(field: str, scope: str) -> GraphQLError:
    """The token lacks a scope that the field needs."""
    required = f"`{scope}` access scope."
    return GraphQLError(
        f"Access denied for {field} field. Required access: {required}",
        extensions={
            "code": "ACCESS_DENIED",
            "documentation": "https://shopify.dev/api/usage/access-scopes",
            "requiredAccess": required,
        },
    )


def not_approved(field: str) -> GraphQLError:
    """The app was not approved for a field of protected customer data."""
    return GraphQLError(
        f"This app is not approved to use the {field} field.",
        extensions={
            "code": "ACCESS_DENIED",
            "documentation": "https://shopify.dev/docs/apps/launch/protected-customer-data",
        },
    )


def not_settable(state: str) -> GraphQLError:
    """A marketing state that is only ever read."""
    said = f"Cannot specify {state} as a marketing state input"
    return GraphQLError(said, extensions={"code": "INVALID"})


def invalid_id(value: str) -> GraphQLError:
    """An argument that is no global id."""
    return GraphQLError(
        f"Invalid global id '{value[:80]}'", extensions={"code": "argumentLiteralsIncompatible"}
    )


def too_many(name: str, most: int) -> GraphQLError:
    """A list argument that is longer than is taken at once."""
    return GraphQLError(
        f"The input array size for {name} is greater than the maximum allowed of {most}",
        extensions={"code": "MAX_INPUT_SIZE_EXCEEDED"},
    )


def too_costly(cost: float, most: float) -> GraphQLError:
    """A query whose cost no bucket may pay at once."""
    return GraphQLError(
        f"Query cost is {cost:.0f}, which exceeds the single query max cost limit ({most:.0f}).",
        extensions={"code": "MAX_COST_EXCEEDED", "cost": round(cost), "maxCost": round(most)},
    )


def throttled() -> GraphQLError:
    """The bucket is too empty for the query."""
    return GraphQLError(
        "Throttled",
        extensions={
            "code": "THROTTLED",
            "documentation": "https://shopify.dev/api/usage/rate-limits",
        },
    )


def internal_error(request_id: str) -> GraphQLError:
    """Something broke inside, although the answer comes with HTTP 200."""
    return GraphQLError(
        f"Internal error. Looks like something went wrong on our end.\nRequest ID: {request_id}",
        extensions={"code": "INTERNAL_SERVER_ERROR", "requestId": request_id},
    )


# --- errors that a mutation returns ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UserError:
    """What is wrong with the input of a mutation.

    Args:
        field: Path to the input field; None for an error of the whole.
        code: Of the mutation's own enum; unused where its errors have no code.
    """

    message: str
    field: Sequence[str] | None = None
    code: str | None = None


class InputRefused(Exception):
    """A mutation that changes nothing because of these errors."""

    def __init__(self, *errors: UserError) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors
