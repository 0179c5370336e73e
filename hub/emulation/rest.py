"""An emulator of any plain REST vendor, declared by what it holds.

    RestEmulator("acme", clock, [Resource("customers", customer_rows)], token="…")

For connectors whose vendor speaks like this, and for the scaffold of ``hub connectors new``; a
vendor with manners of its own gets an emulator of its own.

    POST  /token                    client credentials → a token for 30 minutes; with a desk of
                                    another app, whatever grant that app has
    GET   /v1/{resource}            limit, cursor, updated_since; ordered by (updated_at, id);
                                    {"data": [...], "next_cursor": "…" | null}; deleted rows stay,
                                    with "deleted": true; ids=1,2 reads live rows by id
    PATCH /v1/{resource}            {"updates": [{"id", "values"}]} → {"results": [{"id", "ok"}]}
    GET   /v1/{resource}/fields     own fields; POST {"name", "type"} adds one, 409 if it exists
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hub.core.clock import Clock
from hub.core.connector import Row
from hub.core.pages import instant_of
from hub.core.secrets import Secret
from hub.emulation.effects import Actor, CallLog, EffectLog
from hub.emulation.faults import STAGED, Fault, FaultPlan, retry_after_header
from hub.emulation.oauth import App, GrantRefused, TokenDesk, TokenRefused
from hub.emulation.server import vendor_faults

if TYPE_CHECKING:
    from hub.emulation.world import World

TOKEN = "rest-emulator-token"  # noqa: S105 - opens an emulator on loopback, nothing else
_TOKEN_LIFE = timedelta(minutes=30)
_PAGE = 25


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of record.

    Args:
        name: Path segment; the name of the stream that reads it.
        rows: The world's records as the vendor shows them, each with ``id`` and ``updated_at``.
    """

    name: str
    rows: Callable[[World], Iterable[Row]]


class _Refused(Exception):
    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.response = JSONResponse({"error": reason}, status, headers)


class RestEmulator:
    """One account of the vendor; see :class:`hub.emulation.server.Emulator`.

    Args:
        name: Connector name.
        clock: The vendor's time.
        resources: What it holds.
        token: API token that it accepts; with ``oauth``, the client secret.
        oauth: Whether it issues access tokens, which expire, instead of taking ``token`` itself.
        page_size: Most rows per page.
        max_batch: Most updates per request.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        resources: Sequence[Resource],
        *,
        token: str = TOKEN,
        oauth: bool = False,
        page_size: int = _PAGE,
        max_batch: int = 50,
    ) -> None:
        self.name = name
        self.clock = clock
        self.effects = EffectLog(clock)
        self.calls = CallLog(clock)
        self.faults = FaultPlan()
        self.app: ASGIApp = _api(self)
        self.token = token
        self.oauth = oauth
        self.page_size = page_size
        self.max_batch = max_batch
        self.tables: dict[str, dict[str, Row]] = {resource.name: {} for resource in resources}
        self.fields: dict[str, dict[str, str]] = {resource.name: {} for resource in resources}
        self._resources = resources
        self.desk = TokenDesk(clock, App(f"{name}-client", token), life=_TOKEN_LIFE)
        if not oauth:
            self.desk.accept(token)

    def seed(self, world: World) -> None:
        """Fill it with the world's records; seeding is no effect."""
        for resource in self._resources:
            self.tables[resource.name] = {str(row["id"]): row for row in resource.rows(world)}

    def settings(self, url: str) -> dict[str, Any]:
        """``url`` with ``token``, or with ``client_id`` and ``client_secret``."""
        secret = Secret.of(self.token)
        if self.oauth:
            return {"url": url, "client_id": self.desk.app.client_id, "client_secret": secret}
        return {"url": url, "token": secret}

    def live_ids(self, stream: str) -> Collection[str]:
        """Ids of the rows that are not deleted."""
        return {key for key, row in self.tables[stream].items() if not row.get("deleted")}

    def snapshot(self) -> Mapping[str, object]:
        """Every row and every own field."""
        return {"rows": self.tables, "fields": self.fields}

    def mutate(self, command: Mapping[str, object]) -> Mapping[str, object]:
        """``update`` or ``archive`` one record, as a user of the vendor would.

        Raises:
            ValueError: If the command or the record is unknown.
        """
        match command:
            case {"op": "update", "object": str(name), "id": str(key), "properties": dict(values)}:
                return {"changed": sorted(self.change(name, key, values, "user", new=True))}
            case {"op": "archive", "object": str(name), "id": str(key)}:
                self.change(name, key, {"deleted": True}, "user", new=True)
                return {"done": True}
        raise ValueError(f"not a command of the {self.name} emulator")

    def close(self) -> None:
        """Nothing to keep."""
        self.effects.close()

    # What its API does.

    def change(
        self, name: str, key: str, values: Mapping[str, Any], actor: Actor, *, new: bool = False
    ) -> set[str]:
        """The fields that really changed; a change moves ``updated_at``, an equal value nothing.

        Raises:
            ValueError: If the record does not exist or, unless ``new``, has no such field.
        """
        row = self.tables[name].get(key)
        if row is None or row.get("deleted"):
            raise ValueError("no such record")
        unknown = set() if new else set(values) - set(row) - set(self.fields[name])
        if unknown:
            raise ValueError(f"no such field: {min(unknown)}")
        changed = {field for field, value in values.items() if row.get(field) != value}
        if changed:
            row.update(values, updated_at=self.clock.now().isoformat())
            self.effects.append("update", name, key, changed, actor=actor)
        return changed


def _api(emulator: RestEmulator) -> ASGIApp:
    def guarded(
        answer: Callable[[RestEmulator, Request, bytes], Response],
    ) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            try:
                _guard(emulator, request)
                return answer(emulator, request, body)
            except _Refused as refusal:
                return refusal.response
            except ValueError as err:
                return JSONResponse({"error": str(err)}, 400)

        return endpoint

    async def token(request: Request) -> Response:
        try:
            granted = emulator.desk.grant(dict(parse_qsl((await request.body()).decode())))
        except GrantRefused as refused:
            return JSONResponse({"error": refused.error}, 401)
        life = int(_TOKEN_LIFE.total_seconds())
        renewal = {"refresh_token": granted.refresh_token} if granted.refresh_token else {}
        return JSONResponse({"access_token": granted.value, "expires_in": life, **renewal})

    return Starlette(
        routes=[
            Route("/token", token, methods=["POST"]),
            Route("/v1/{resource}", guarded(_list), methods=["GET"]),
            Route("/v1/{resource}", guarded(_update), methods=["PATCH"]),
            Route("/v1/{resource}/fields", guarded(_fields), methods=["GET", "POST"]),
        ]
    )


def _guard(emulator: RestEmulator, request: Request) -> None:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    try:
        for _ in vendor_faults(request.scope, "expired_token"):
            emulator.desk.expire(token)
        emulator.desk.check(token)
    except TokenRefused as refused:
        raise _Refused(401, "invalid_token") from refused
    for fault in vendor_faults(request.scope, "rate_limited"):
        raise _Refused(429, "too_many_requests", retry_after_header(fault, emulator.clock.now()))
    for fault in vendor_faults(request.scope, "server_error"):
        raise _Refused(fault.status, "internal_error")
    if request.path_params["resource"] not in emulator.tables:
        raise _Refused(404, "no such resource")
    for fault in vendor_faults(request.scope, *STAGED):
        _stage(emulator, fault, fault.object_type or request.path_params["resource"])


def _stage(emulator: RestEmulator, fault: Fault, name: str) -> None:
    """Bring about what the fault describes before the request that struck it is answered."""
    now = emulator.clock.now()
    chosen = sorted(emulator.live_ids(name))[: fault.count]
    for key in chosen:
        row = emulator.tables[name][key]
        match fault.kind:
            case "plateau":
                row["updated_at"] = now.isoformat()
            case "late_commit":
                emulator.change(name, key, {"touched": len(emulator.effects)}, "user", new=True)
                row["updated_at"] = (now - timedelta(seconds=fault.seconds)).isoformat()
            case "schema_drift" if fault.change == "add":
                row[fault.field] = "new"
            case "schema_drift" if fault.change == "remove":
                row.pop(fault.field, None)
            case "schema_drift":
                row[fault.field] = [row.get(fault.field)]


def _list(emulator: RestEmulator, request: Request, body: bytes) -> Response:
    name, query = request.path_params["resource"], request.query_params
    if "ids" in query:
        wanted = set(query["ids"].split(",")).intersection(emulator.live_ids(name))
        return JSONResponse({"data": [emulator.tables[name][key] for key in sorted(wanted)]})
    since = instant_of(query["updated_since"]) if "updated_since" in query else None
    after = _position(query["cursor"]) if "cursor" in query else None
    ordered = sorted((_place(row), row) for row in emulator.tables[name].values())
    rows = [
        row
        for place, row in ordered
        if (since is None or place[0] >= since) and (after is None or place > after)
    ]
    size = min(int(query.get("limit", emulator.page_size)), emulator.page_size)
    more = len(rows) > size
    token = _token(_place(rows[size - 1])) if more else None
    return JSONResponse({"data": rows[:size], "next_cursor": token})


_Place = tuple[datetime, str]


def _place(row: Row) -> _Place:
    return datetime.fromisoformat(row["updated_at"]), str(row["id"])


def _token(place: _Place) -> str:
    return base64.urlsafe_b64encode(f"{place[0].isoformat()}|{place[1]}".encode()).decode()


def _position(token: str) -> _Place:
    try:
        updated, key = base64.urlsafe_b64decode(token).decode().split("|", 1)
    except (binascii.Error, ValueError) as err:
        raise _Refused(400, "invalid cursor") from err
    return datetime.fromisoformat(updated), key


def _update(emulator: RestEmulator, request: Request, body: bytes) -> Response:
    updates = json.loads(body)["updates"]
    if len(updates) > emulator.max_batch:
        raise _Refused(400, f"at most {emulator.max_batch} updates per request")
    failing = sum(fault.count for fault in vendor_faults(request.scope, "partial_failure"))
    name = request.path_params["resource"]
    results = [_one(emulator, name, update, fails=n < failing) for n, update in enumerate(updates)]
    return JSONResponse({"results": results})


def _one(emulator: RestEmulator, name: str, update: Row, *, fails: bool) -> Row:
    key = str(update["id"])
    if fails:
        return {"id": key, "ok": False, "error": "locked", "retryable": True}
    try:
        emulator.change(name, key, update["values"], "api")
    except ValueError as err:
        return {"id": key, "ok": False, "error": str(err), "retryable": False}
    return {"id": key, "ok": True}


def _fields(emulator: RestEmulator, request: Request, body: bytes) -> Response:
    name = request.path_params["resource"]
    fields = emulator.fields[name]
    if request.method == "GET":
        return JSONResponse({"data": [{"name": n, "type": t} for n, t in fields.items()]})
    wanted = json.loads(body)
    if wanted["name"] in fields:
        raise _Refused(409, "the field exists")
    fields[wanted["name"]] = wanted["type"]
    emulator.effects.append("create", f"{name}/fields", wanted["name"])
    return JSONResponse(wanted, 201)
