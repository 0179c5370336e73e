"""HubSpot's URL space: which endpoint answers which path, behind authentication and limits.

Dated paths (``/crm/objects/2026-09/…``) are the form in which routes are written; the older form
(``/crm/v3/objects/…``) is rewritten to it, since both reach the same endpoints.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.hubspot.emulator import (
    batches,
    bonds,
    objects,
    preferences,
    property_definitions,
    quotas,
    search,
)
from connectors.hubspot.emulator.access import (
    CONSENT_SCOPES,
    OBJECT_SCOPES,
    OWNER_SCOPE,
    SCHEMA_SCOPES,
    require,
)
from connectors.hubspot.emulator.account import Account
from connectors.hubspot.emulator.control import stage
from connectors.hubspot.emulator.refusals import (
    Refusal,
    invalid,
    method_not_allowed,
    not_found,
    rate_limited,
    server_error,
    uri_too_long,
)
from connectors.hubspot.emulator.wire import Answer, Call
from hub.emulation.faults import STAGED, retry_after_header
from hub.emulation.server import vendor_faults

DATED_VERSIONS = frozenset({"2026-03", "2026-09"})
VERSIONS = DATED_VERSIONS | {"v1", "v3", "v4"}
MAX_URI = 16_000

Scopes = Literal["objects", "schemas", "consent", "owners", "none"]
Handler = Callable[[Account, Call], Answer]

_OLD_FORM = re.compile(r"/crm/(v\d)/(objects|properties|associations|limits|owners)(/?.*)")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method on one path.

    Args:
        scopes: Family of scopes that it asks for.
        writes: Whether it asks for the scope to write.
    """

    method: str
    path: str
    handler: Handler
    scopes: Scopes = "objects"
    writes: bool = False
    search: bool = False


_OBJECTS = "/crm/objects/{version}/{object_type}"
_PROPERTIES = "/crm/properties/{version}/{object_type}"
_BONDS = "/crm/associations/{version}/{from_type}/{to_type}/batch"
_CONSENT = "/communication-preferences/{version}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("POST", _OBJECTS + "/search", search.search_records, search=True),
    Endpoint("POST", _OBJECTS + "/merge", objects.merge_records, writes=True),
    Endpoint("POST", _OBJECTS + "/gdpr-delete", objects.erase_contact, writes=True),
    Endpoint("POST", _OBJECTS + "/batch/read", batches.batch_read),
    Endpoint("POST", _OBJECTS + "/batch/create", batches.batch_create, writes=True),
    Endpoint("POST", _OBJECTS + "/batch/update", batches.batch_update, writes=True),
    Endpoint("POST", _OBJECTS + "/batch/upsert", batches.batch_upsert, writes=True),
    Endpoint("POST", _OBJECTS + "/batch/archive", batches.batch_archive, writes=True),
    Endpoint("GET", _OBJECTS, objects.list_records),
    Endpoint("POST", _OBJECTS, objects.create_record, writes=True),
    Endpoint("GET", _OBJECTS + "/{record_id}/associations/{to_type}", bonds.list_associations),
    Endpoint("GET", _OBJECTS + "/{record_id}", objects.get_record),
    Endpoint("PATCH", _OBJECTS + "/{record_id}", objects.update_record, writes=True),
    Endpoint("DELETE", _OBJECTS + "/{record_id}", objects.archive_record, writes=True),
    Endpoint("POST", _BONDS + "/read", bonds.read_associations),
    Endpoint("POST", _BONDS + "/create", bonds.create_associations, writes=True),
    Endpoint("POST", _BONDS + "/archive", bonds.cut_associations, writes=True),
    Endpoint("GET", _PROPERTIES + "/groups", property_definitions.list_groups, "schemas"),
    Endpoint("POST", _PROPERTIES + "/groups", property_definitions.create_group, "schemas", True),
    Endpoint(
        "POST",
        _PROPERTIES + "/batch/create",
        property_definitions.batch_create_properties,
        "schemas",
        True,
    ),
    Endpoint(
        "POST", _PROPERTIES + "/batch/read", property_definitions.batch_read_properties, "schemas"
    ),
    Endpoint("GET", _PROPERTIES, property_definitions.list_properties, "schemas"),
    Endpoint("POST", _PROPERTIES, property_definitions.create_property, "schemas", True),
    Endpoint("GET", _PROPERTIES + "/{property}", property_definitions.get_property, "schemas"),
    Endpoint(
        "PATCH", _PROPERTIES + "/{property}", property_definitions.update_property, "schemas", True
    ),
    Endpoint(
        "DELETE",
        _PROPERTIES + "/{property}",
        property_definitions.archive_property,
        "schemas",
        True,
    ),
    Endpoint("GET", _CONSENT + "/definitions", preferences.list_definitions, "consent"),
    Endpoint("POST", _CONSENT + "/statuses/batch/read", preferences.batch_read_statuses, "consent"),
    Endpoint(
        "POST",
        _CONSENT + "/statuses/batch/write",
        preferences.batch_write_statuses,
        "consent",
        True,
    ),
    Endpoint(
        "POST",
        _CONSENT + "/statuses/batch/unsubscribe-all/read",
        preferences.batch_read_opt_outs,
        "consent",
    ),
    Endpoint(
        "POST",
        _CONSENT + "/statuses/batch/unsubscribe-all",
        preferences.batch_write_opt_outs,
        "consent",
        True,
    ),
    Endpoint(
        "GET", _CONSENT + "/statuses/{email}/unsubscribe-all", preferences.read_opt_out, "consent"
    ),
    Endpoint(
        "POST",
        _CONSENT + "/statuses/{email}/unsubscribe-all",
        preferences.write_opt_out,
        "consent",
        True,
    ),
    Endpoint("GET", _CONSENT + "/statuses/{email}", preferences.read_statuses, "consent"),
    Endpoint("POST", _CONSENT + "/statuses/{email}", preferences.write_status, "consent", True),
    Endpoint("GET", "/account-info/{version}/details", quotas.details, "none"),
    Endpoint(
        "GET", "/account-info/{version}/api-usage/daily/private-apps", quotas.daily_usage, "none"
    ),
    Endpoint("GET", "/crm/owners/{version}", quotas.list_owners, "owners"),
    Endpoint("GET", "/crm/limits/{version}/records", quotas.record_limits, "none"),
    Endpoint(
        "GET", "/crm/limits/{version}/custom-properties", quotas.custom_property_limits, "none"
    ),
)


def api(account: Account) -> ASGIApp:
    """The account's API as an ASGI application."""
    routes = [
        Route(endpoint.path, _answering(account, endpoint), methods=[endpoint.method])
        for endpoint in ENDPOINTS
    ]
    routes.append(Route("/oauth/{version}/token", _token_endpoint(account), methods=["POST"]))

    async def unrouted(request: Request, error: Exception) -> Response:
        wrong_method = isinstance(error, HTTPException) and error.status_code == 405
        refusal = method_not_allowed(request.method) if wrong_method else not_found()
        return refusal.response(account.correlation_id())

    handlers = {404: unrouted, 405: unrouted}
    return _rewriting(Starlette(routes=_by_path(routes), exception_handlers=handlers))


def _by_path(routes: Sequence[Route]) -> list[Route]:
    # Fixed words come before placeholders: "groups" is a path, not a property called "groups".
    return sorted(routes, key=lambda route: [p.startswith("{") for p in route.path.split("/")])


def _rewriting(app: ASGIApp) -> ASGIApp:
    async def rewrite(scope: Scope, receive: Receive, send: Send) -> None:
        if old := _OLD_FORM.fullmatch(scope["path"]):
            version, family, rest = old.groups()
            scope = {**scope, "path": f"/crm/{family}/{version}{rest}"}
        await app(scope, receive, send)

    return rewrite


def _answering(account: Account, endpoint: Endpoint) -> Callable[[Request], object]:
    async def answer(request: Request) -> Response:
        try:
            _guard(account, endpoint, request)
            body = await _json_body(request)
            outcome = endpoint.handler(account, _call(endpoint, request, body))
        except Refusal as refusal:
            response = refusal.response(account.correlation_id())
        else:
            response = _response(outcome)
        return _with_headers(account, endpoint, response)

    return answer


def _guard(account: Account, endpoint: Endpoint, request: Request) -> None:
    """Refuse what HubSpot's edge refuses, and stage the faults that were left to the vendor.

    1. a request line that is too long, 2. a version that does not exist, 3. credential and scope,
    4. rate limits, 5. injected trouble.
    """
    # 1
    if len(str(request.url)) > MAX_URI:
        raise uri_too_long()
    # 2
    if request.path_params["version"] not in VERSIONS:
        raise not_found()
    # 3
    authorization = request.headers.get("authorization", "")
    credential = account.access.authenticate(authorization)
    require(credential, _needed_scope(account, endpoint, request))
    # 4
    account.limiter.admit(account.now(), search=endpoint.search)
    # 5
    for _ in vendor_faults(request.scope, "expired_token"):
        account.access.expire(authorization)
    for fault in vendor_faults(request.scope, "rate_limited"):
        policy = fault.policy or "TEN_SECONDLY_ROLLING"
        raise rate_limited(policy, retry_after_header(fault, account.now()))
    for fault in vendor_faults(request.scope, "server_error"):
        raise server_error(fault.status)
    for fault in vendor_faults(request.scope, *STAGED):
        stage(account, fault)


def _needed_scope(account: Account, endpoint: Endpoint, request: Request) -> str:
    if endpoint.scopes == "none":
        return ""
    if endpoint.scopes == "consent":
        return CONSENT_SCOPES[endpoint.writes]
    if endpoint.scopes == "owners":
        return OWNER_SCOPE
    path = request.path_params
    kind = account.table(path.get("object_type") or path["from_type"]).kind.name
    family = OBJECT_SCOPES if endpoint.scopes == "objects" else SCHEMA_SCOPES
    return family[kind][endpoint.writes]


async def _json_body(request: Request) -> object:
    if request.method not in ("POST", "PATCH", "PUT"):
        return {}
    raw = await request.body()
    if not raw:
        return {}
    if "json" not in request.headers.get("content-type", ""):
        raise Refusal(415, "VALIDATION_ERROR", "HTTP 415 Unsupported Media Type")
    try:
        return json.loads(raw)
    except ValueError as error:
        raise invalid("Invalid input JSON: the body could not be parsed") from error


def _call(endpoint: Endpoint, request: Request, body: object) -> Call:
    """The call; a fault spoils a batch that only reads if it names its path."""
    faults = vendor_faults(request.scope, "partial_failure")
    spoiled = sum(fault.count for fault in faults if endpoint.writes or fault.path != "*")
    version = request.path_params["version"]
    return Call(version, request.path_params, request.query_params, body, spoiled)


def _response(answer: Answer) -> Response:
    if answer.body is None:
        return Response(status_code=answer.status)
    return JSONResponse(dict(answer.body), answer.status)


def _with_headers(account: Account, endpoint: Endpoint, response: Response) -> Response:
    if not endpoint.search:
        response.headers.update(account.limiter.headers(account.now()))
    return response


def _token_endpoint(account: Account) -> Callable[[Request], object]:
    async def token(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        try:
            return JSONResponse(account.access.grant(form))
        except Refusal as refusal:
            return refusal.response(account.correlation_id())

    return token
