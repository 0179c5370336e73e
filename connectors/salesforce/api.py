"""Salesforce's endpoints: one method each, its answers as models whose fields may all be null.

The only module that knows paths and bodies.

Source: Salesforce REST API and Tooling API Developer Guides (read November 2026).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from connectors.salesforce.client import LocatorExpired
from connectors.salesforce.config import SalesforceSettings
from connectors.salesforce.describe import Described, Shape
from hub.core.connector import Context, Json, Row
from hub.core.conversion import convert
from hub.core.errors import StopRun
from hub.core.http import HttpClient, Response
from hub.core.pages import instant_of

BATCH = 200
"""Most records per ``composite/sobjects`` write."""
RETRIEVED = 2_000
"""Most records per ``composite/sobjects/{object}`` read."""

_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")


class Result(Struct, frozen=True, rename="camel"):
    """A page of a query's result."""

    total_size: int
    done: bool
    records: list[dict[str, Any]]
    next_records_url: str | None = None


class DeletedRecord(Struct, frozen=True):
    """One entry of the delete log."""

    id: str


class DeleteLog(Struct, frozen=True, rename="camel"):
    """What was deleted in a span of time, and how much of it the org still remembers."""

    deleted_records: list[DeletedRecord] | None = None
    earliest_date_available: str | None = None
    latest_date_covered: str | None = None

    @property
    def since(self) -> datetime | None:
        """Where the log begins: older entries were purged."""
        return instant_of(self.earliest_date_available)

    @property
    def to(self) -> datetime | None:
        """Up to where the log is complete."""
        return instant_of(self.latest_date_covered)


T = TypeVar("T")


class Api:
    """The endpoints that the connector uses, one method each.

    Args:
        wire: The connection's HTTP client.
        version: API version, such as ``67.0``.
    """

    def __init__(self, wire: HttpClient, version: str) -> None:
        self._wire = wire
        self._base = f"/services/data/v{version}"

    @classmethod
    def of(cls, ctx: Context) -> Api:
        """The API of the connection that ``ctx`` is about."""
        settings: SalesforceSettings = ctx.config
        return cls(ctx.wire, settings.api_version)

    # The org.

    def versions(self) -> list[str]:
        """API versions of the org, oldest first."""
        found = _read(self._wire.get("/services/data/"), list[dict[str, Any]])
        return [str(each.get("version")) for each in found]

    def daily_requests(self) -> tuple[int, int] | None:
        """Requests left and allowed in 24 hours, or None if the org does not say."""
        body = _read(self._wire.get(f"{self._base}/limits"), dict[str, Any])
        told = body.get("DailyApiRequests")
        if not isinstance(told, dict):
            return None
        left, most = told.get("Remaining"), told.get("Max")
        return (left, most) if isinstance(left, int) and isinstance(most, int) else None

    def user_id(self) -> str:
        """Id of the user that the connection acts as.

        Raises:
            StopRun: If the org does not say.
        """
        body = _read(self._wire.get(self._base), dict[str, Any])
        last = str(body.get("identity") or "").rpartition("/")[2]
        if not is_id(last):
            raise StopRun("Salesforce does not say which user the connection acts as")
        return last

    def describe(self, sobject: str) -> Shape:
        """What the user sees of an object.

        Raises:
            ObjectNotVisible: If that is nothing.
        """
        answer = self._wire.get(f"{self._base}/sobjects/{sobject}/describe")
        return Shape.of(_read(answer, Described))

    # Records.

    def query(self, soql: str, *, with_deleted: bool = False) -> list[Row]:
        """Every record of the result, page after page.

        Raises:
            StopRun: If the pages do not add up to what Salesforce announced.
            QueryTooSlow: If Salesforce gave up.
        """
        try:
            return self._all_pages(soql, with_deleted)
        except LocatorExpired:  # too many open results in this org: ask for it afresh, once
            return self._all_pages(soql, with_deleted)

    def _all_pages(self, soql: str, with_deleted: bool) -> list[Row]:
        path = f"{self._base}/{'queryAll' if with_deleted else 'query'}"
        answer = self._wire.get(path, params={"q": soql})
        page = _read(answer, Result)
        records = list(page.records)
        while not page.done:
            if not page.next_records_url:
                raise StopRun(f"{answer.request}: the result goes on, but not where")
            page = _read(self._wire.get(page.next_records_url), Result)
            records += page.records
        if len(records) != page.total_size:
            raise StopRun(
                f"{answer.request}: {len(records)} of {page.total_size} records came. "
                "Nothing of them is kept; the next run asks again."
            )
        return [row_of(record) for record in records]

    def deleted(self, sobject: str, start: datetime, end: datetime) -> DeleteLog:
        """What was deleted from ``start`` to ``end``, which may lie 15 days back at most."""
        answer = self._wire.get(
            f"{self._base}/sobjects/{sobject}/deleted/",
            params={"start": _to_second(start), "end": _to_second(end)},
        )
        return _read(answer, DeleteLog)

    def retrieve(self, sobject: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Row]:
        """The live records among ``ids`` (up to 2,000), by id as it was asked for."""
        answer = self._ask(f"{self._base}/composite/sobjects/{sobject}", ids=ids, fields=fields)
        found = _read(answer, list[dict[str, Any] | None])
        if len(found) != len(ids):
            raise StopRun(f"{answer.request}: {len(found)} answers to {len(ids)} ids")
        return {
            asked: row_of(record)
            for asked, record in zip(ids, found, strict=True)
            if record is not None
        }

    def update(self, records: Sequence[Mapping[str, object]]) -> Response:
        """The answer to up to 200 updates; 400 means that the request as a whole was refused.

        Setting the same values again has no effect, so a lost answer is asked for once more.
        """
        return self._wire.patch(
            f"{self._base}/composite/sobjects",
            json={"allOrNone": False, "records": list(records)},
            idempotent=True,
            accept={HTTPStatus.BAD_REQUEST},
        )

    def upsert(self, sobject: str, key: str, records: Sequence[Mapping[str, object]]) -> Response:
        """The answer to up to 200 records that are found by ``key``, or made; 400 as above."""
        return self._wire.patch(
            f"{self._base}/composite/sobjects/{sobject}/{key}",
            json={"allOrNone": False, "records": list(records)},
            idempotent=True,
            accept={HTTPStatus.BAD_REQUEST},
        )

    def insert(self, records: Sequence[Mapping[str, object]]) -> Response:
        """The answer to up to 200 new records; 400 means that the request was refused whole."""
        return self._wire.post(
            f"{self._base}/composite/sobjects",
            json={"allOrNone": False, "records": list(records)},
            accept={HTTPStatus.BAD_REQUEST},
        )

    def create(
        self, sobject: str, values: Mapping[str, Json], *, tooling: bool = False
    ) -> Response:
        """The answer to the creation of one record; 400 says why there is none."""
        path = f"{self._base}/{'tooling/' if tooling else ''}sobjects/{sobject}"
        return self._wire.post(path, json=dict(values), accept={HTTPStatus.BAD_REQUEST})

    def _ask(self, path: str, **body: object) -> Response:
        return self._wire.post(path, json=msgspec.to_builtins(body), idempotent=True)


def row_of(record: Mapping[str, Any]) -> Row:
    """A record without Salesforce's wrapping, which names the API version in use."""
    return {
        name: row_of(value) if isinstance(value, dict) else value
        for name, value in record.items()
        if name != "attributes"
    }


def is_id(value: object) -> bool:
    """Whether ``value`` has the form of a record id: 15 or 18 letters and digits.

    >>> is_id("0035g0000000001AAA"), is_id("' OR Id != '")
    (True, False)
    """
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _to_second(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds")


def _read(answer: Response, kind: type[T]) -> T:
    try:
        return convert(answer.json, kind)
    except msgspec.ValidationError as err:
        raise StopRun(
            f"{answer.request}: the answer is not of a form that this connector knows ({err}). "
            "Compare api_version and base_url with what its README says."
        ) from err
