"""Open cursors: the pages of a query that were not fetched yet.

Source: Salesforce REST API, "Query More Results"; public threads on INVALID_QUERY_LOCATOR: a user
holds ten cursors, and one that nobody asks for is gone after fifteen minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors.salesforce.emulator.ids import numbered
from connectors.salesforce.emulator.refusals import invalid_locator
from connectors.salesforce.emulator.soql import Query

LIFE = timedelta(minutes=15)
MOST = 10


@dataclass(frozen=True, slots=True)
class Cursor:
    """The result of a query as far as it is settled: which records, in which order.

    Args:
        ids: Records that matched when the query ran; their values are read page by page.
        with_deleted: Whether it came from ``queryAll``.
        tooling: Whether it was asked of the Tooling API.
    """

    query: Query
    ids: Sequence[str]
    page_size: int
    with_deleted: bool
    tooling: bool
    used_at: datetime


class Locators:
    """The cursors that the integration user holds."""

    def __init__(self) -> None:
        self._open: dict[str, Cursor] = {}
        self._opened = 0

    def open(self, cursor: Cursor) -> str:
        """The locator of a new cursor; the eleventh closes the oldest."""
        self._opened += 1
        name = numbered("01g", self._opened)
        self._open[name] = cursor
        while len(self._open) > MOST:
            del self._open[next(iter(self._open))]
        return name

    def find(self, locator: str, now: datetime) -> tuple[str, Cursor, int]:
        """The cursor's name, the cursor, and where the page begins that ``locator`` names.

        Raises:
            Refusal: 400 ``INVALID_QUERY_LOCATOR``.
        """
        name, _, start = locator.partition("-")
        cursor = self._open.get(name)
        if cursor is None or not start.isdecimal() or now - cursor.used_at >= LIFE:
            raise invalid_locator()
        self._open[name] = replace(cursor, used_at=now)
        return name, cursor, int(start)
