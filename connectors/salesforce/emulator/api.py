"""The org on the wire: its token endpoint, and what stands before every other one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.salesforce.emulator import describe, limits
from connectors.salesforce.emulator.org import INTEGRATION_USER, Org
from connectors.salesforce.emulator.refusals import (
    Refusal,
    bad_json,
    gone,
    headers_too_large,
    not_found,
    query_timeout,
    request_limit,
    server_error,
    unsupported_media,
    uri_too_long,
)
from connectors.salesforce.emulator.routes import perform
from connectors.salesforce.emulator.trouble import stage
from connectors.salesforce.emulator.wire import Answer, Call
from hub.emulation.faults import Fault, retry_after_header
from hub.emulation.oauth import GrantRefused
from hub.emulation.server import vendor_faults

MAX_HEAD = 16_384
"""Bytes of the request line, and of request line and headers together.

Source: Salesforce REST API, "Status Codes and Error Responses": 414 and 431.
"""


def api(org: Org) -> ASGIApp:
    """The org's API as an ASGI application."""
    every = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"]
    routes = [
        Route("/services/oauth2/token", _token_endpoint(org), methods=["POST"]),
        Route("/services/data/{rest:path}", _data_endpoint(org), methods=every),
        Route("/services/data", _data_endpoint(org), methods=every),
    ]

    async def unrouted(request: Request, error: Exception) -> Response:
        return not_found().response()

    return Starlette(routes=routes, exception_handlers={404: unrouted, 405: unrouted})


def _data_endpoint(org: Org) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        try:
            response = _response(await _answer(org, request))
        except Refusal as refusal:
            response = refusal.response()
        response.headers.update(limits.usage_header(org))
        return response

    return answer


async def _answer(org: Org, request: Request) -> Answer:
    """Answer a request after what Salesforce's edge checks.

    1. a head that is too long, 2. the list of versions, which anybody may see, 3. a version that
    does not exist, 4. the session, 5. the day's requests, 6. injected trouble.
    """
    # 1
    _check_head(request)
    # 2
    path = request.url.path.removeprefix("/services/data").strip("/")
    if not path and request.method == "GET":
        return describe.list_versions(org, Call("", {}))
    # 3
    version, _, rest = path.partition("/")
    _check_version(org, version)
    # 4
    token = org.access.authenticate(request.headers.get("authorization", ""))
    # 5
    limits.admit(org)
    # 6
    _meet_trouble(org, request, token)
    body = await _json_body(request)
    return perform(org, request.method, f"/{rest}", _call(request, version, body))


def _check_head(request: Request) -> None:
    scope = request.scope
    line = len(scope["raw_path"]) + len(scope["query_string"]) + 1
    if line > MAX_HEAD:
        raise uri_too_long()
    if line + sum(len(name) + len(value) + 4 for name, value in scope["headers"]) > MAX_HEAD:
        raise headers_too_large()


def _check_version(org: Org, version: str) -> None:
    number = version.removeprefix("v").removesuffix(".0")
    if version != f"v{number}.0" or not number.isdecimal():
        raise not_found()
    if describe.OLDEST <= int(number) < describe.OLDEST_SUPPORTED:
        raise gone(version)
    if not describe.OLDEST_SUPPORTED <= int(number) <= org.newest_version:
        raise not_found()


def _meet_trouble(org: Org, request: Request, token: str) -> None:
    scope = request.scope
    for _ in vendor_faults(scope, "expired_token"):
        org.access.end(token)
    for fault in vendor_faults(scope, "rate_limited"):
        headers = retry_after_header(fault, org.now())
        raise request_limit(_POLICIES.get(fault.policy, fault.policy), headers)
    for fault in vendor_faults(scope, "server_error"):
        raise _server_trouble(fault)
    for kind in ("late_commit", "plateau", "schema_drift"):
        for fault in vendor_faults(scope, kind):
            stage(org, fault)


_POLICIES = {"": "ConcurrentPerOrgLongTxn", "DAILY": "TotalRequests"}
"""Salesforce's name for a limit, by the policy of a fault: too many at once, or in a day."""


def _server_trouble(fault: Fault) -> Refusal:
    return query_timeout() if fault.policy == "QUERY_TIMEOUT" else server_error(fault.status)


async def _json_body(request: Request) -> object:
    raw = await request.body()
    if not raw:
        return None
    if "json" not in request.headers.get("content-type", ""):
        raise unsupported_media()
    try:
        return json.loads(raw)
    except ValueError as error:
        raise bad_json("The HTTP entity body is not a JSON document") from error


def _call(request: Request, version: str, body: object) -> Call:
    spoiled = tuple(
        fault.policy or "UNABLE_TO_LOCK_ROW"
        for fault in vendor_faults(request.scope, "partial_failure")
        for _ in range(fault.count)
    )
    headers: Mapping[str, str] = dict(request.headers)
    query = dict(request.query_params)
    return Call(version, {}, query, headers, body, str(request.base_url).rstrip("/"), spoiled)


def _response(answer: Answer) -> Response:
    if answer.body is None:
        return Response(status_code=answer.status)
    return JSONResponse(answer.body, answer.status)


def _token_endpoint(org: Org) -> Callable[[Request], Any]:
    async def token(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        basic = request.headers.get("authorization", "")
        base_url = str(request.base_url).rstrip("/")
        try:
            granted = org.access.grant(form, basic, base_url, INTEGRATION_USER, org.now())
        except GrantRefused as refused:
            body = {"error": refused.error, "error_description": refused.description}
            return JSONResponse(body, 400)
        return JSONResponse(granted)

    return token
