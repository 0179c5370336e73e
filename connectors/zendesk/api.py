"""Zendesk's endpoints: one method each, answers as rows whose every field may be null.

The only module that knows paths, bodies and the three ways in which Zendesk hands out a list:

    cursor exports    users, tickets          ``after_cursor`` until ``end_of_stream``
    exports by time   organizations, events   ``end_time`` until ``end_of_stream``
    lists             all others              ``page[after]`` while ``meta.has_more``

Source: Zendesk's API documentation (read November 2026).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from connectors.zendesk.client import TooRecent
from connectors.zendesk.rows import KEY, objects, part
from hub.core.batches import in_batches
from hub.core.connector import Context, Json, Row
from hub.core.errors import StopRun
from hub.core.http import HttpClient, Params, Response
from hub.core.pages import dig

BATCH = 100
"""Most records per page of a list, per look-up and per bulk update."""

Filter = str | int | Sequence[str]
"""What a list can be narrowed to."""

Owner = Literal["users", "organizations"]
"""Kind of record that has custom fields and is written to."""

_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
_SERVER_FAILED = range(HTTPStatus.INTERNAL_SERVER_ERROR, 600)


@dataclass(frozen=True, slots=True)
class Export:
    """One page of an export.

    Args:
        rows: The records.
        sides: What came beside them, by name.
        after: Where the next page begins: a cursor, or epoch seconds.
        end: Whether everything up to the present has been handed out.
    """

    rows: list[Row]
    sides: Mapping[str, list[Row]]
    after: str
    end: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list; ``after`` is the cursor of the next one, empty at the end."""

    rows: list[Row]
    after: str


@dataclass(frozen=True, slots=True)
class Job:
    """A background job: ``status`` is queued, working, completed, failed or killed."""

    id: str
    status: str
    results: Sequence[Row]

    @property
    def is_over(self) -> bool:
        """Whether it will not change any more."""
        return self.status in ("completed", "failed", "killed")


class Api:
    """The endpoints that the connector uses, one method each.

    Args:
        wire: The connection's HTTP client.
    """

    def __init__(self, wire: HttpClient) -> None:
        self._wire = wire

    @classmethod
    def of(cls, ctx: Context) -> Api:
        """The API of the connection that ``ctx`` is about."""
        return cls(ctx.wire)

    # Exports and lists.

    def export(self, kind: str, cursor: str, include: str) -> Export:
        """One page of a cursor export, from its beginning if ``cursor`` is empty.

        A page that follows names its cursor and no start; what to side-load is said every time,
        because the cursor holds a place and nothing else.
        """
        place: Params = {"cursor": cursor} if cursor else {"start_time": 0}
        answer = self._wire.get(
            f"/api/v2/incremental/{kind}/cursor", params={**place, "include": include or None}
        )
        after = dig(answer.json, "after_cursor")
        return _export(answer, kind, str(after) if after else cursor)

    def export_by_time(self, kind: str, name: str, start: int, include: str = "") -> Export:
        """One page of an export by time: records changed at ``start`` (epoch seconds) or later."""
        asked = {"start_time": start, "include": include or None}
        try:
            answer = self._wire.get(f"/api/v2/incremental/{kind}", params=asked)
        except TooRecent:  # all that is older has been handed out
            return Export([], {}, str(start), end=True)
        end_time = dig(answer.json, "end_time")
        return _export(answer, name, str(end_time) if isinstance(end_time, int) else str(start))

    def listed(self, path: str, name: str, after: str = "", **params: Filter) -> Listed:
        """One page of a list; ``params`` are its filters, brackets included."""
        asked: Params = {"page[size]": BATCH, "page[after]": after or None, **params}
        answer = self._wire.get(f"/api/v2/{path}", params=asked)
        more = dig(answer.json, "meta.has_more") and dig(answer.json, "meta.after_cursor")
        return Listed(_rows(answer, name), str(more or ""))

    def _every(self, path: str, name: str, **params: Filter) -> list[Row]:
        """Every row of a list, page after page."""
        page = self.listed(path, name, "", **params)
        found = page.rows
        while page.after:
            page = self.listed(path, name, page.after, **params)
            found += page.rows
        return found

    def offered(self, path: str, name: str, **params: str | int) -> None:
        """Nothing, if the account has that list.

        Raises:
            NotOffered: If it has not.
        """
        answer = self._wire.get(f"/api/v2/{path}", params={"page[size]": 1, **params})
        _rows(answer, name)

    # Records by id.

    def read(self, kind: Owner | Literal["tickets"], ids: Iterable[str]) -> list[Row]:
        """The records that exist among any number of ids, asked for 100 at a time."""
        known = sorted({native_id for native_id in ids if native_id.isdecimal()})
        found: list[Row] = []
        for batch in in_batches(known, BATCH):
            asked = {"ids": ",".join(batch)}
            found += _rows(self._wire.get(f"/api/v2/{kind}/show_many", params=asked), kind)
        return found

    def completed(self, kind: str, native_id: str, include: str) -> Export:
        """One record, if it exists, with what the export would bring beside it."""
        asked = {"ids": native_id, "include": include or None}
        answer = self._wire.get(f"/api/v2/{kind}/show_many", params=asked)
        return Export(_rows(answer, kind), _sides(answer.json), "", end=True)

    def update_many(self, kind: Owner, records: Sequence[Mapping[str, Any]]) -> Response:
        """The answer to up to 100 updates by id: a job, 403 where bulk import is off.

        400 and 422 refuse the request as a whole. Setting the same values again has no effect, so a
        lost answer is asked for once more.
        """
        return self._wire.put(
            f"/api/v2/{kind}/update_many",
            json={kind: list(records)},
            idempotent=True,
            accept={HTTPStatus.FORBIDDEN, *_REFUSED},
        )

    def update(self, kind: Owner, native_id: str, values: Mapping[str, Any]) -> Response:
        """The answer to one update: whatever is wrong may be the record's own.

        Only a credential that is refused, and limits, are surely not.
        """
        return self._wire.put(
            f"/api/v2/{kind}/{native_id}",
            json={kind.removesuffix("s"): dict(values)},
            idempotent=True,
            accept={
                HTTPStatus.FORBIDDEN,
                HTTPStatus.NOT_FOUND,
                HTTPStatus.CONFLICT,
                *_REFUSED,
                *_SERVER_FAILED,
            },
        )

    def job(self, job_id: str) -> Job | None:
        """How a background job stands; None once Zendesk has forgotten it."""
        answer = self._wire.get(
            f"/api/v2/job_statuses/{job_id}", accept={HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
        )
        return None if answer.status >= HTTPStatus.BAD_REQUEST else job_of(answer)

    # Tickets, as work and as a place for notes.

    def tickets_of(self, external_id: str) -> list[Row]:
        """The tickets of that external id; Zendesk lets several have the same one."""
        return self.listed("tickets", "tickets", external_id=external_id).rows

    def create_ticket(self, ticket: Mapping[str, Any], key: str) -> Response:
        """The answer to a new ticket; sent again within two hours, ``key`` makes it the same one.

        Source: Zendesk, "Ticketing introduction", Idempotency (read November 2026).
        """
        return self._wire.post(
            "/api/v2/tickets",
            json={"ticket": dict(ticket)},
            headers={"Idempotency-Key": key},
            idempotent=True,
            accept=_REFUSED,
        )

    def update_ticket(
        self, native_id: str, values: Mapping[str, Any], *, idempotent: bool
    ) -> Response:
        """The answer to one update of a ticket; a second comment would be a second one."""
        return self._wire.put(
            f"/api/v2/tickets/{native_id}",
            json={"ticket": dict(values)},
            idempotent=idempotent,
            accept={HTTPStatus.NOT_FOUND, *_REFUSED},
        )

    def comments(self, ticket: str) -> list[Row]:
        """Every comment of a ticket.

        Raises:
            NotOffered: If there is no such ticket, or the credential may not see it.
        """
        return self._every(f"tickets/{ticket}/comments", "comments")

    def staff(self) -> dict[str, int]:
        """Ids of the active agents and admins by e-mail, in lower case."""
        return {
            str(row["email"]).lower(): row[KEY]
            for row in self._every("users", "users", **{"role[]": ("agent", "admin")})
            if row.get("email") and row.get("active") is not False
        }

    # Custom fields.

    def fields(self, kind: Owner) -> set[str]:
        """Keys of the custom fields that exist."""
        name = f"{kind.removesuffix('s')}_fields"
        return {str(row.get("key")) for row in self._every(name, name)}

    def create_field(self, kind: Owner, definition: Mapping[str, Json]) -> bool:
        """Whether the custom field was created; one that exists already is left as it is."""
        one = f"{kind.removesuffix('s')}_field"
        answer = self._wire.post(
            f"/api/v2/{one}s",
            json={one: dict(definition)},
            idempotent=True,
            accept={HTTPStatus.UNPROCESSABLE_ENTITY},
        )
        if answer.status < HTTPStatus.BAD_REQUEST:
            return True
        if str(definition.get("key")) in self.fields(kind):
            return False
        raise StopRun(f"{answer.request}: the field {definition.get('key')} cannot be created")

    # The account.

    def me(self) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        """Whose credential it is, and the headers of the answer."""
        answer = self._wire.get("/api/v2/users/me")
        return part(dig(answer.json, "user")), answer.headers


def job_of(answer: Response) -> Job:
    """The background job that an answer tells of.

    Raises:
        StopRun: If it tells of none.
    """
    told = part(dig(answer.json, "job_status"))
    if not told.get("id"):
        raise _unknown_form(answer, "job_status")
    return Job(str(told["id"]), str(told.get("status")), objects(told.get("results")))


def _export(answer: Response, name: str, after: str) -> Export:
    end = dig(answer.json, "end_of_stream")
    if not isinstance(end, bool):
        raise _unknown_form(answer, "end_of_stream")
    return Export(_rows(answer, name), _sides(answer.json), after, end)


def _sides(body: Mapping[str, Any]) -> dict[str, list[Row]]:
    return {side: objects(rows) for side, rows in body.items() if isinstance(rows, list)}


def _rows(answer: Response, name: str) -> list[Row]:
    found = dig(answer.json, name)
    if not isinstance(found, list):
        raise _unknown_form(answer, name)
    return objects(found)


def _unknown_form(answer: Response, name: str) -> StopRun:
    return StopRun(
        f"{answer.request}: the answer has no {name}, so it is not of a form that this connector "
        "knows. Check that subdomain (or base_url) names a Zendesk account"
    )
