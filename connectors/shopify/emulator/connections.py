"""Pages of a connection: ``first``/``after`` and ``last``/``before``, at most 250 nodes each.

Source: Shopify "Paginating results with GraphQL" and "Shopify API limits" (read November 2026):
250 nodes a page, 25,000 nodes deep. Recorded answers: the texts about ``first`` and ``last`` and
about cursors, with the code ``BAD_REQUEST``. Unconfirmed: what is said of a page that is too long
or too deep.
"""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from connectors.shopify.emulator.refusals import bad_request
from connectors.shopify.emulator.tables import Entry

MAX_PAGE = 250
MAX_DEPTH = 25_000
"""Nodes that one query pages through; beyond, it has to be narrowed."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One node with the cursor that points at it."""

    cursor: str
    node: Any


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where a page stands in its connection."""

    start_cursor: str | None
    end_cursor: str | None
    has_previous_page: bool
    has_next_page: bool


@dataclass(frozen=True, slots=True)
class Connection:
    """One page."""

    edges: Sequence[Edge]
    page_info: PageInfo

    @property
    def nodes(self) -> list[Any]:
        """The nodes without their cursors."""
        return [edge.node for edge in self.edges]


@dataclass(frozen=True, slots=True)
class Listing:
    """Entries in an order, of which a connection shows pages.

    Args:
        order: Name of the order, so that a cursor of another one is noticed.
        entries: Sorted by value, then number.
        low: Where the listing begins among the entries.
        high: Where it ends.
        accept: Whether the record of that number belongs to it.
        node: The record of a number.
        depth: How many nodes may be paged through.
    """

    order: str
    entries: Sequence[Entry]
    low: int
    high: int
    accept: Callable[[int], bool]
    node: Callable[[int], Any]
    depth: int = MAX_DEPTH


def listed(nodes: Sequence[Any]) -> Listing:
    """A listing of what hangs on one record, in its own order."""
    entries = [(position, position) for position in range(len(nodes))]
    return Listing("position", entries, 0, len(nodes), lambda _: True, nodes.__getitem__)


def within(entries: Sequence[Entry], low: Any, high: Any) -> tuple[int, int]:
    """Positions of the entries whose value is ``low`` or more and less than ``high``."""
    return bisect_left(entries, (low,)), bisect_left(entries, (high,))


def page(listing: Listing, arguments: Mapping[str, Any]) -> Connection:
    """The page that ``first``, ``last``, ``after``, ``before`` and ``reverse`` ask for.

    Raises:
        GraphQLError: If they do not ask for a page, or for one that is too deep.
    """
    size, backwards = _size(arguments)
    reverse = bool(arguments.get("reverse"))
    low, high = _between(listing, arguments, reverse=reverse)
    descending = reverse != backwards
    deep = (listing.high - high) if descending else (low - listing.low)
    if deep >= listing.depth:
        raise bad_request(f"Pagination is limited to {listing.depth} objects; narrow the query")
    positions = range(high - 1, low - 1, -1) if descending else range(low, high)
    found = list(islice(_accepted(listing, positions), size + 1))
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    edges = [Edge(_cursor(listing.order, entry), listing.node(entry[1])) for entry in found]
    beyond = arguments.get("before" if backwards else "after") is not None
    return Connection(
        edges,
        PageInfo(
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
            has_previous_page=more if backwards else beyond,
            has_next_page=beyond if backwards else more,
        ),
    )


def cursor_of(number: int) -> str:
    """The cursor that points at a record in a listing by id."""
    return _cursor("id", (number, number))


def _accepted(listing: Listing, positions: Iterable[int]) -> Iterable[Entry]:
    entries, accept = listing.entries, listing.accept
    return (entries[at] for at in positions if accept(entries[at][1]))


def _size(arguments: Mapping[str, Any]) -> tuple[int, bool]:
    first, last = arguments.get("first"), arguments.get("last")
    if first is None and last is None:
        raise bad_request("you must provide one of first or last")
    if first is not None and last is not None:
        raise bad_request("providing both first and last is not supported")
    name, size = ("last", last) if first is None else ("first", first)
    if not isinstance(size, int) or not 0 <= size <= MAX_PAGE:
        raise bad_request(f"{name} must be between 0 and {MAX_PAGE}")
    return size, first is None


def _between(listing: Listing, arguments: Mapping[str, Any], *, reverse: bool) -> tuple[int, int]:
    """Positions of what lies behind ``after`` and before ``before``."""
    low, high = listing.low, listing.high
    for name in ("after", "before"):
        cursor = arguments.get(name)
        if cursor is None:
            continue
        entry = _entry(listing.order, cursor)
        if (name == "after") != reverse:
            low = max(low, bisect_right(listing.entries, entry))
        else:
            high = min(high, bisect_left(listing.entries, entry))
    return low, max(low, high)


def _cursor(order: str, entry: Entry) -> str:
    value, number = entry
    if isinstance(value, datetime):
        value = value.isoformat()
    body = {"last_id": number, "last_value": value, "order": order}
    return base64.b64encode(json.dumps(body, separators=(",", ":")).encode()).decode()


def _entry(order: str, cursor: str) -> Entry:
    try:
        body = json.loads(base64.b64decode(cursor, validate=True))
        value, number = body["last_value"], int(body["last_id"])
        same = body["order"] == order
        if order.endswith("_at"):
            value = datetime.fromisoformat(value)
    except (binascii.Error, ValueError, KeyError, TypeError) as err:
        raise bad_request(f"Invalid cursor: {cursor[:40]}") from err
    if not same:
        raise bad_request("Invalid cursor for current pagination sort.")
    return value, number
