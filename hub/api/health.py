"""Whether the hub is alive and ready, for supervisors and load balancers."""

from __future__ import annotations

from collections.abc import Callable, Collection

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.core.errors import StoreError
from hub.store import slots
from hub.store.engine import Store
from hub.store.upgrade import HEAD, current

Reasons = Callable[[], list[str]]
"""Why the hub is not ready; empty if it is."""


def reasons(store: Store, connections: Collection[str]) -> list[str]:
    """What stands in the way of work: database, schema, credentials that were refused.

    Anyone who reaches the port may read it, so it names no host, user or path.
    """
    try:
        with store.read() as connection:
            schema = current(connection)
            refused = slots.refused(connection, connections) if schema == HEAD else []
    except StoreError as err:
        return [f"the database is out of reach ({err.code}); the hub's log says more"]
    if schema != HEAD:
        return [f"the database has schema {schema or 'none'}, this hub needs {HEAD}"]
    return [
        f"{name}: the system refused the credential. Renew it, then: hub check --connect {name}"
        for name in refused
    ]


def routes(why_not: Reasons) -> list[Route]:
    """``/livez``: 200 while the process answers. ``/readyz``: 200, or 503 with the reasons."""

    async def livez(_: Request) -> Response:
        return JSONResponse({"alive": True})

    def readyz(_: Request) -> Response:  # a plain function: the database is asked on a thread
        found = why_not()
        return JSONResponse(
            {"ready": not found, "reasons": found}, status_code=503 if found else 200
        )

    return [Route("/livez", livez), Route("/readyz", readyz)]
