"""Where vendors push: ``POST /hooks/CONNECTION``, or ``/hooks/CONNECTION/NAME`` of several.

    200  taken, or taken before; it is in the database       401  not the vendor's, or too old
    404  no such connection or webhook                       413  larger than any vendor sends
    408  the body did not come in time                       503  not now: the vendor tries again

Anyone may call this door, so an answer says nothing about the hub, and a refusal is one line in the
log without a word of the body.

Source: Shopify demands 401 for a bad signature and gives up after five seconds; HubSpot repeats
whatever is not answered with 2xx (their documentation, read November 2026).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hub.core.connector import Delivery
from hub.core.errors import HubError, SkipRecord
from hub.sync.inbox import Inbox

MOST_BYTES = 4 * 1024 * 1024
"""Largest body that is read; an order of a thousand lines has a tenth of it."""
BODY_SECONDS = 5.0
"""How long a body may take to arrive."""

_log = logging.getLogger(__name__)


class _Refused(Exception):
    """The request ends here, with this status."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status
        self.said = said


def routes(
    inboxes: Mapping[str, Inbox],
    unready: Collection[str],
    taken: Callable[[str], None],
) -> list[Route]:
    """The routes under ``/hooks``.

    Args:
        inboxes: By connection, those that have webhooks.
        unready: Connections that cannot start now; what is pushed to them is to come again.
        taken: Told the connection of every new delivery, once it is durable.
    """

    async def receive(request: Request) -> Response:
        name = request.path_params["connection"]
        try:
            inbox, webhook = _addressed(request, inboxes, unready)
            delivery = await _delivery(request)
            status, said = await run_in_threadpool(_accept, inbox, webhook, delivery)
        except _Refused as refused:
            return PlainTextResponse(refused.said, refused.status)
        if said == "new":
            taken(name)
        return PlainTextResponse("" if status == 200 else said, status)

    paths = ("/hooks/{connection}", "/hooks/{connection}/{webhook}")
    return [Route(path, receive, methods=["POST"]) for path in paths]


def _addressed(
    request: Request, inboxes: Mapping[str, Inbox], unready: Collection[str]
) -> tuple[Inbox, str]:
    name = request.path_params["connection"]
    if name in unready:
        raise _Refused(503, "not now")
    inbox = inboxes.get(name)
    if inbox is None:
        raise _Refused(404, "nothing is taken here")
    only = next(iter(inbox.webhooks)) if len(inbox.webhooks) == 1 else ""
    webhook = request.path_params.get("webhook", only)
    if webhook not in inbox.webhooks:
        raise _Refused(404, "nothing is taken here")
    return inbox, webhook


async def _delivery(request: Request) -> Delivery:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _body(request)
    except TimeoutError as err:
        raise _Refused(408, "the body did not come in time") from err
    except ClientDisconnect as err:
        raise _Refused(400, "the body was cut") from err
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Delivery(request.method, str(request.url), headers, body)


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise _Refused(413, "the body is too large")
        parts.append(part)
    return b"".join(parts)


def _accept(inbox: Inbox, webhook: str, delivery: Delivery) -> tuple[int, str]:
    try:
        return 200, "new" if inbox.accept(webhook, delivery) else "known"
    except SkipRecord as err:
        _log.warning("%s: refused a delivery to %s: %s", inbox.name, webhook, err)
        return 401, "refused"
    except HubError as err:
        _log.error("%s: cannot take a delivery now: error %s: %s", inbox.name, err.code, err)
        return 503, "not now"
