"""The shop's two endpoints: one for tokens, one for everything else.

Source: Shopify "GraphQL Admin API reference" and "API limits" (read November 2026).
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard
from urllib.parse import parse_qsl

import orjson
from graphql import ExecutionResult, GraphQLError, execute, value_from_ast_untyped
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.shopify.emulator import versions
from connectors.shopify.emulator.documents import Document, read
from connectors.shopify.emulator.limits import (
    MAX_QUERY_COST,
    Priced,
    Pricing,
    actual_cost,
    requested_cost,
)
from connectors.shopify.emulator.refusals import (
    Refusal,
    internal_error,
    throttled,
    too_costly,
)
from connectors.shopify.emulator.request import Request
from connectors.shopify.emulator.schema import schema
from connectors.shopify.emulator.shop import Shop
from connectors.shopify.emulator.trouble import stage
from hub.emulation.faults import retry_after_header
from hub.emulation.server import vendor_faults

Json = Mapping[str, Any]
STAGED = ("late_commit", "plateau", "schema_drift")


@dataclass(frozen=True, slots=True)
class Call:
    """What the body of a GraphQL request asks for."""

    document: Document
    variables: dict[str, Any]
    operation: str | None


def api(shop: Shop) -> ASGIApp:
    """The shop's API as an ASGI application."""

    async def token(request: HttpRequest) -> Response:
        try:
            return _json(shop.access.grant(await _form(request)))
        except Refusal as refusal:
            return refusal.response()

    async def graphql(request: HttpRequest) -> Response:
        try:
            return await _graphql(shop, request)
        except Refusal as refusal:
            return refusal.response()

    async def unrouted(_request: HttpRequest, _error: Exception) -> Response:
        return Refusal(404).response()

    routes = [
        Route("/admin/oauth/access_token", token, methods=["POST"]),
        Route("/admin/api/{version}/graphql.json", graphql, methods=["POST"]),
    ]
    return Starlette(routes=routes, exception_handlers={404: unrouted, 405: unrouted})


async def _form(request: HttpRequest) -> Mapping[str, str]:
    raw = await request.body()
    if "json" in request.headers.get("content-type", ""):
        body = _parsed(raw)
        return {key: str(value) for key, value in body.items()}
    return dict(parse_qsl(raw.decode(errors="replace")))


# --- GraphQL ---------------------------------------------------------------------------------


async def _graphql(shop: Shop, http: HttpRequest) -> Response:
    """The answer to one GraphQL request.

    1. the version, 2. the token, 3. injected trouble of HTTP, 4. the document, 5. its cost, 6. what
    a fault stages in the data, 7. execution.
    """
    # 1
    asked = http.path_params["version"]
    served = versions.served_by(asked)
    # 2
    token = shop.access.check(http.headers.get("x-shopify-access-token", ""))
    # 3
    _refuse_on_fault(shop, http, token.value)
    # 4
    call = _call(await http.body(), http.headers.get("content-type", ""))
    headers = dict(versions.headers(asked, served))
    if call.document.errors:
        return _json({"errors": [error.formatted for error in call.document.errors]}, headers)
    if call.document.deprecated:
        headers["x-shopify-api-deprecated-reason"] = ", ".join(call.document.deprecated)
    # 5, 6, 7
    try:
        return _json(_answer(shop, http, Request(shop, token.scopes, served), call), headers)
    except GraphQLError as error:
        return _json({"errors": [error.formatted]}, headers)


def _answer(shop: Shop, http: HttpRequest, request: Request, call: Call) -> Json:
    # 5
    priced = _priced(call)
    cost = requested_cost(priced)
    if cost > MAX_QUERY_COST:
        raise too_costly(cost, MAX_QUERY_COST)
    if _is_throttled(shop, http, cost):
        told = {"cost": _cost(shop, cost, None)}
        return {"errors": [throttled().formatted], "extensions": told}
    # 6
    for _ in vendor_faults(http.scope, "server_error"):
        raise internal_error(shop.request_id())
    for kind in STAGED:
        for fault in vendor_faults(http.scope, kind):
            stage(shop, fault)
    # 7
    request.spoiled = sum(fault.count for fault in vendor_faults(http.scope, "partial_failure"))
    return _executed(request, call, priced)


def _refuse_on_fault(shop: Shop, http: HttpRequest, token: str) -> None:
    for _ in vendor_faults(http.scope, "expired_token"):
        shop.access.expire(token)
    for fault in vendor_faults(http.scope, "rate_limited"):
        if fault.policy != "THROTTLED":
            raise Refusal(429, headers=retry_after_header(fault, shop.now()))
    for fault in vendor_faults(http.scope, "server_error"):
        if fault.policy != "INTERNAL_SERVER_ERROR":
            raise Refusal(fault.status)


def _call(raw: bytes, content_type: str) -> Call:
    if "application/graphql" in content_type:
        return Call(read(raw.decode(errors="replace")), {}, None)
    if "application/json" not in content_type:
        raise Refusal(415)
    body = _parsed(raw)
    query, variables = body.get("query"), body.get("variables") or {}
    if not isinstance(query, str) or not query.strip():
        raise Refusal(400, {"errors": {"query": "Required parameter missing or invalid"}})
    if not isinstance(variables, dict):
        raise Refusal(400, {"errors": {"variables": "Required parameter missing or invalid"}})
    return Call(read(query), variables, body.get("operationName"))


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError as err:
        raise Refusal(400) from err
    if not isinstance(body, dict):
        raise Refusal(400)
    return body


def _executed(request: Request, call: Call, priced: tuple[Priced, ...]) -> Json:
    document = call.document.ast
    assert document is not None
    requested = requested_cost(priced)
    result = execute(
        schema(),
        document,
        context_value=request,
        variable_values=call.variables,
        operation_name=call.operation,
        is_awaitable=_never,
    )
    assert isinstance(result, ExecutionResult)
    for error in result.errors or ():
        _reraise_our_own(error)
    paid = min(requested, actual_cost(priced, result.data or {}))
    request.shop.bucket.take(paid, request.shop.now())
    cost = _cost(request.shop, requested, paid)
    extensions: dict[str, object] = {"cost": cost}
    if request.warnings:
        extensions["search"] = request.warnings
    errors = {"errors": [e.formatted for e in result.errors]} if result.errors else {}
    return {"data": result.data, **errors, "extensions": extensions}


def _never(_value: object) -> TypeGuard[Awaitable[Any]]:
    """No resolver here is asynchronous, and looking each time costs a fifth of the run."""
    return False


def _reraise_our_own(error: GraphQLError) -> None:
    """A resolver's own mistake is not one of the vendor's answers: the server fails on it."""
    cause = error.original_error
    if cause is not None and not isinstance(cause, GraphQLError):
        raise cause


# --- cost ------------------------------------------------------------------------------------


def _priced(call: Call) -> tuple[Priced, ...]:
    operation = call.document.operation(call.operation)
    defaults = {
        node.variable.name.value: value_from_ast_untyped(node.default_value)
        for node in operation.variable_definitions or ()
        if node.default_value is not None
    }
    variables = {**defaults, **call.variables}
    return Pricing(schema(), call.document.fragments, variables).operation(operation)


def _is_throttled(shop: Shop, http: HttpRequest, cost: int) -> bool:
    """Whether the bucket cannot pay; it pays after execution, for what came back."""
    claimed = [fault.policy for fault in vendor_faults(http.scope, "rate_limited")]
    return "THROTTLED" in claimed or shop.bucket.available(shop.now()) < cost


def _cost(shop: Shop, requested: int, actual: int | None) -> Json:
    return {
        "requestedQueryCost": requested,
        "actualQueryCost": actual,
        "throttleStatus": {
            "maximumAvailable": float(shop.bucket.size),
            "currentlyAvailable": int(shop.bucket.available(shop.now())),
            "restoreRate": float(shop.bucket.restore_rate),
        },
    }


def _json(body: Json, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), media_type="application/json", headers=headers)
