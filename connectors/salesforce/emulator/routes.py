"""Which endpoint answers which path below a version.

Fixed words come before placeholders: "describe" is a path, not a record's id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from starlette.routing import compile_path

from connectors.salesforce.emulator import (
    batches,
    describe,
    limits,
    queries,
    replication,
    sobjects,
    tooling,
)
from connectors.salesforce.emulator.composite import composite
from connectors.salesforce.emulator.org import Org
from connectors.salesforce.emulator.refusals import method_not_allowed, not_found
from connectors.salesforce.emulator.wire import Answer, Call

Handler = Callable[[Org, Call], Answer]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method on one path below a version."""

    method: str
    path: str
    handler: Handler


def perform(org: Org, method: str, path: str, call: Call) -> Answer:
    """What the endpoint at ``path``, a path below the version, answers to a call.

    Raises:
        Refusal: With Salesforce's status and code.
    """
    wanted = path.rstrip("/") or "/"
    found = [(e, match.groupdict()) for e, route in _ROUTES if (match := route.match(wanted))]
    if not found:
        raise not_found()
    for endpoint, parameters in found:
        if endpoint.method == method:
            return endpoint.handler(org, replace(call, path=parameters))
    raise method_not_allowed(method, ",".join(dict.fromkeys(e.method for e, _ in found)))


def _several(org: Org, call: Call) -> Answer:
    return composite(org, call, perform)


_SOBJECT = "/sobjects/{sobject}"
_RECORD = "/sobjects/{sobject}/{record_id}"
_BATCH = "/composite/sobjects"
_TOOLING = "/tooling/sobjects/{sobject}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/", describe.list_resources),
    Endpoint("GET", "/limits", limits.list_limits),
    Endpoint("GET", "/limits/recordCount", limits.record_counts),
    Endpoint("GET", "/query", queries.query),
    Endpoint("GET", "/queryAll", queries.query_all),
    Endpoint("GET", "/query/{locator}", queries.more),
    Endpoint("GET", "/queryAll/{locator}", queries.more),
    Endpoint("GET", "/tooling/query", queries.tooling_query),
    Endpoint("GET", "/tooling/query/{locator}", queries.more),
    Endpoint("POST", _TOOLING, tooling.create_field),
    Endpoint("GET", _TOOLING + "/{record_id}", tooling.get_field),
    Endpoint("DELETE", _TOOLING + "/{record_id}", tooling.delete_field),
    Endpoint("POST", "/composite", _several),
    Endpoint("POST", _BATCH, batches.batch_create),
    Endpoint("PATCH", _BATCH, batches.batch_update),
    Endpoint("DELETE", _BATCH, batches.batch_delete),
    Endpoint("POST", _BATCH + "/{sobject}", batches.batch_read),
    Endpoint("GET", _BATCH + "/{sobject}", batches.batch_read),
    Endpoint("PATCH", _BATCH + "/{sobject}/{field}", batches.batch_upsert),
    Endpoint("GET", "/sobjects", describe.describe_global),
    Endpoint("GET", _SOBJECT + "/describe", describe.describe_object),
    Endpoint("GET", _SOBJECT + "/deleted", replication.list_deleted),
    Endpoint("GET", _SOBJECT + "/updated", replication.list_updated),
    Endpoint("GET", _SOBJECT, describe.brief_object),
    Endpoint("POST", _SOBJECT, sobjects.create_record),
    Endpoint("GET", _RECORD, sobjects.get_record),
    Endpoint("PATCH", _RECORD, sobjects.update_record),
    Endpoint("DELETE", _RECORD, sobjects.delete_record),
    Endpoint("GET", _SOBJECT + "/{field}/{value}", sobjects.get_by_key),
    Endpoint("PATCH", _SOBJECT + "/{field}/{value}", sobjects.upsert_record),
)
"""Everything that the org answers below ``/services/data/v67.0``."""

_ROUTES = [(endpoint, compile_path(endpoint.path)[0]) for endpoint in ENDPOINTS]
