"""Zendesk's URL space: which endpoint answers which path, behind authentication and limits.

Every path is served with ``.json`` at its end and without.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.zendesk.emulator import (
    definitions,
    exports,
    feedback,
    job_statuses,
    organizations,
    ticket_writes,
    tickets,
    users,
)
from connectors.zendesk.emulator.access import ANONYMOUS, READ, WRITE, Caller
from connectors.zendesk.emulator.account import Account
from connectors.zendesk.emulator.limits import (
    CURSOR_EXPORTS,
    ERASE_USER,
    EXPORTS,
    LIST_TICKETS,
    UPDATE_TICKET,
    WRITE_ORGANIZATION,
    WRITE_USER,
)
from connectors.zendesk.emulator.refusals import (
    Refusal,
    conflict,
    edge_limited,
    invalid_attribute,
    malformed_json,
    method_not_allowed,
    no_endpoint,
    rate_limited,
    server_error,
)
from connectors.zendesk.emulator.staging import stage
from connectors.zendesk.emulator.wire import Answer, Call
from hub.emulation.faults import STAGED, retry_after_header
from hub.emulation.server import vendor_faults

ADMINS = frozenset({"admin"})
STAFF = frozenset({"admin", "agent"})
ROOT = "/api/v2"

Handler = Callable[[Account, Call], Answer]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint.

    Args:
        method: HTTP method.
        path: Starlette path under ``/api/v2``.
        handler: What answers.
        roles: Whose credentials may call it; none means that anybody may, even without one.
        limit: Name of its own rate limit.
    """

    method: str
    path: str
    handler: Handler
    roles: frozenset[str] = STAFF
    limit: str = ""


ENDPOINTS: Sequence[Endpoint] = (
    Endpoint("GET", "/incremental/users/cursor", exports.export_users, ADMINS, CURSOR_EXPORTS),
    Endpoint("GET", "/incremental/tickets/cursor", exports.export_tickets, ADMINS, CURSOR_EXPORTS),
    Endpoint("GET", "/incremental/organizations", exports.export_organizations, ADMINS, EXPORTS),
    Endpoint("GET", "/incremental/ticket_events", exports.export_ticket_events, ADMINS, EXPORTS),
    Endpoint("GET", "/users", users.list_users),
    Endpoint("POST", "/users", users.create_user, limit=WRITE_USER),
    Endpoint("GET", "/users/me", users.show_me, frozenset()),
    Endpoint("GET", "/users/show_many", users.show_many_users),
    Endpoint("PUT", "/users/update_many", users.update_many_users),
    Endpoint("POST", "/users/create_or_update", users.create_or_update_user, limit=WRITE_USER),
    Endpoint("POST", "/users/create_or_update_many", users.create_or_update_many_users),
    Endpoint("GET", "/users/{user_id}", users.get_user),
    Endpoint("PUT", "/users/{user_id}", users.update_user, limit=WRITE_USER),
    Endpoint("DELETE", "/users/{user_id}", users.delete_user),
    Endpoint("PUT", "/users/{user_id}/merge", users.merge_users),
    Endpoint("GET", "/deleted_users", users.list_deleted_users),
    Endpoint("GET", "/deleted_users/{user_id}", users.get_deleted_user),
    Endpoint("DELETE", "/deleted_users/{user_id}", users.erase_user, ADMINS, ERASE_USER),
    Endpoint("GET", "/user_fields", definitions.list_user_fields),
    Endpoint("POST", "/user_fields", definitions.create_user_field, ADMINS),
    Endpoint("GET", "/organization_fields", definitions.list_organization_fields),
    Endpoint("POST", "/organization_fields", definitions.create_organization_field, ADMINS),
    Endpoint("GET", "/organizations", organizations.list_organizations),
    Endpoint("GET", "/organizations/show_many", organizations.show_many_organizations),
    Endpoint("PUT", "/organizations/update_many", organizations.update_many_organizations),
    Endpoint("GET", "/organizations/{organization_id}", organizations.get_organization),
    Endpoint(
        "PUT",
        "/organizations/{organization_id}",
        organizations.update_organization,
        limit=WRITE_ORGANIZATION,
    ),
    Endpoint("GET", "/tickets", tickets.list_tickets, limit=LIST_TICKETS),
    Endpoint("POST", "/tickets", ticket_writes.create_ticket),
    Endpoint("GET", "/tickets/show_many", tickets.show_many_tickets),
    Endpoint("GET", "/tickets/{ticket_id}", tickets.get_ticket),
    Endpoint("PUT", "/tickets/{ticket_id}", ticket_writes.update_ticket, limit=UPDATE_TICKET),
    Endpoint("GET", "/tickets/{ticket_id}/comments", tickets.list_comments),
    Endpoint("GET", "/satisfaction_ratings", feedback.list_ratings),
    Endpoint("GET", "/guide/survey_responses", feedback.list_responses),
    Endpoint("GET", "/job_statuses", job_statuses.list_jobs),
    Endpoint("GET", "/job_statuses/show_many", job_statuses.show_many_jobs),
    Endpoint("GET", "/job_statuses/{job_id}", job_statuses.get_job),
)


def api(account: Account) -> ASGIApp:
    """The account's API as an ASGI application."""
    routes = [
        Route(ROOT + endpoint.path, _answering(account, endpoint), methods=[endpoint.method])
        for endpoint in ENDPOINTS
    ]
    routes.append(Route("/oauth/tokens", _token_endpoint(account), methods=["POST"]))

    async def unrouted(request: Request, error: Exception) -> Response:
        wrong_method = isinstance(error, HTTPException) and error.status_code == 405
        return (method_not_allowed() if wrong_method else no_endpoint()).response()

    handlers = {404: unrouted, 405: unrouted}
    return _without_suffix(Starlette(routes=routes, exception_handlers=handlers))


_PATH = "zendesk.path"


def _without_suffix(app: ASGIApp) -> ASGIApp:
    async def shorten(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        await app({**scope, "path": path.removesuffix(".json"), _PATH: path}, receive, send)

    return shorten


def _answering(account: Account, endpoint: Endpoint) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        account.settle()
        key = ""
        try:
            caller = _authenticate(account, request)
            call = await _call(request, caller)
            key = _limit_key(endpoint, call)
            account.limiter.admit(account.now(), endpoint.limit, key)
            _authorise(endpoint, caller)
            _meet_faults(account, request)
            response = _response(endpoint.handler(account, call))
        except Refusal as refusal:
            response = refusal.response()
        response.headers.update(account.limiter.headers(account.now(), endpoint.limit, key))
        return response

    return answer


def _authenticate(account: Account, request: Request) -> Caller:
    authorization = request.headers.get("authorization", "")
    caller = account.access.authenticate(authorization)
    for _ in vendor_faults(request.scope, "expired_token"):
        if caller is not ANONYMOUS:
            account.access.expire(authorization)
    return caller


def _authorise(endpoint: Endpoint, caller: Caller) -> None:
    if endpoint.roles:
        caller.require(endpoint.roles, READ if endpoint.method == "GET" else WRITE)


def _meet_faults(account: Account, request: Request) -> None:
    for fault in vendor_faults(request.scope, "rate_limited"):
        headers = retry_after_header(fault, account.now())
        raise edge_limited(headers) if fault.policy == "edge" else rate_limited(headers)
    for fault in vendor_faults(request.scope, "server_error"):
        raise conflict() if fault.status == HTTPStatus.CONFLICT else server_error(fault.status)
    for fault in vendor_faults(request.scope, *STAGED):
        stage(account, fault)


def _limit_key(endpoint: Endpoint, call: Call) -> str:
    """What the endpoint's own limit is counted by: one record for writes, else the account."""
    if endpoint.limit == WRITE_USER:
        wanted = call.body.get("user") if isinstance(call.body, dict) else None
        named = wanted if isinstance(wanted, dict) else {}
        return call.parameters.get("user_id") or str(named.get("external_id") or named.get("email"))
    return call.parameters.get("organization_id") or call.parameters.get("ticket_id", "")


async def _call(request: Request, caller: Caller) -> Call:
    return Call(
        base=f"{request.url.scheme}://{request.url.netloc}",
        path=request.scope[_PATH],
        parameters=request.path_params,
        query=request.query_params,
        body=await _json_body(request),
        caller=caller,
        headers=dict(request.headers),
        spoiled=sum(fault.count for fault in vendor_faults(request.scope, "partial_failure")),
    )


async def _json_body(request: Request) -> object:
    if request.method not in ("POST", "PUT"):
        return {}
    raw = await request.body()
    if not raw:
        return {}
    if "json" not in request.headers.get("content-type", ""):
        raise invalid_attribute("body", "sent as application/json", 415)
    try:
        return json.loads(raw)
    except ValueError as error:
        raise malformed_json() from error


def _response(answer: Answer) -> Response:
    if answer.body is None:
        return Response(status_code=answer.status, headers=dict(answer.headers))
    return JSONResponse(dict(answer.body), answer.status, dict(answer.headers))


def _token_endpoint(account: Account) -> Callable[[Request], object]:
    async def token(request: Request) -> Response:
        try:
            return JSONResponse(account.access.grant(await _form(request)))
        except Refusal as refusal:
            return refusal.response()

    return token


async def _form(request: Request) -> dict[str, object]:
    """The fields of a token request, sent as JSON or as a form."""
    raw = await request.body()
    if "json" not in request.headers.get("content-type", ""):
        return dict(parse_qsl(raw.decode()))
    try:
        found = json.loads(raw)
    except ValueError as error:
        raise malformed_json() from error
    return found if isinstance(found, dict) else {}
