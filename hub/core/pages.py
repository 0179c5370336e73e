"""Declarative readers: a REST listing as a value, so that an author's stream is a few lines.

    Rest("/v1/customers", items="data", pages=CursorPages("cursor", "next_cursor"),
         since=From("updated_since", Since("updated_at", lookback=600)))

What a reader does:

1. the lower bound: the saved cursor less the look-back, from the records' own times, never a clock
2. pages until the paging says that there are no more; a page that repeats itself is an error
3. after each page of an ordered listing the highest cursor seen; of an unordered one the old
   cursor is held until the pass ends
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

import orjson

from hub.core.clock import iso_z
from hub.core.connector import CheckItem, Context, Page, Reject, Row, Since, State, Stream
from hub.core.errors import StopRun
from hub.core.http import Params, Response

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Instant = Callable[[datetime], str | int]
"""Writes an instant as the vendor's filter wants it."""


def epoch_seconds(instant: datetime) -> int:
    """Whole seconds since 1970, rounded down."""
    return int(instant.timestamp() // 1)


def epoch_millis(instant: datetime) -> int:
    """Whole milliseconds since 1970, rounded down."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def instant_of(value: object) -> datetime | None:
    """The instant that a row's cursor field holds: RFC 3339 text, epoch seconds or milliseconds.

    A number from 10^11 on is milliseconds (as seconds it would lie after the year 5138). Text
    without a zone is UTC. None when there is no instant.
    """
    if isinstance(value, str) and not value.isdecimal():
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            return None
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    number = float(value)
    try:
        return _EPOCH + timedelta(seconds=number / 1000 if number >= 1e11 else number)
    except (OverflowError, ValueError):  # beyond the year 9999, or no number at all
        return None


@dataclass(frozen=True, slots=True)
class From:
    """Where an incremental listing starts.

    Args:
        param: Parameter that takes the lower bound (inclusive).
        since: The stream's cursor; give the same value to ``Stream.cursor``.
        write: Writes the bound as the vendor wants it.
    """

    param: str
    since: Since
    write: Instant = iso_z


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of a listing: path (or same-origin link) and parameters."""

    path: str
    params: Params


class Paging(Protocol):
    """How a vendor hands out a listing in pages."""

    def first(self, ask: Ask) -> Ask:
        """The request for the first page."""

    def following(self, ask: Ask, response: Response, rows: list[Row]) -> Ask | None:
        """The request after ``ask``, which brought ``rows``; None at the end."""


@dataclass(frozen=True, slots=True)
class OnePage:
    """The whole listing comes at once."""

    def first(self, ask: Ask) -> Ask:
        """The only request."""
        return ask

    def following(self, ask: Ask, response: Response, rows: list[Row]) -> None:
        """None."""


@dataclass(frozen=True, slots=True)
class CursorPages:
    """Each page carries an opaque token for the next one.

    Args:
        param: Parameter that takes the token.
        next: Path of the token in the answer, such as ``paging.next.after``.
        more: Path of a flag that says whether there is more, where a token alone does not.
        alone: Whether later pages take the token and nothing else (Zendesk).
    """

    param: str
    next: str
    more: str = ""
    alone: bool = False

    def first(self, ask: Ask) -> Ask:
        """The listing without a token."""
        return ask

    def following(self, ask: Ask, response: Response, rows: list[Row]) -> Ask | None:
        """The same request with the next token."""
        token = dig(response.json, self.next)
        if not token or (self.more and not dig(response.json, self.more)):
            return None
        return Ask(ask.path, {**({} if self.alone else ask.params), self.param: token})


@dataclass(frozen=True, slots=True)
class LinkPages:
    """Each page carries the URL of the next one, in the body or in a ``Link`` header (RFC 8288).

    Args:
        next: Path of the URL in the answer; empty reads ``Link: <…>; rel="next"``.
    """

    next: str = ""

    def first(self, ask: Ask) -> Ask:
        """The listing."""
        return ask

    def following(self, ask: Ask, response: Response, rows: list[Row]) -> Ask | None:
        """The linked request."""
        link = dig(response.json, self.next) if self.next else _link(response.headers)
        return Ask(link, {}) if link else None


@dataclass(frozen=True, slots=True)
class OffsetPages:
    """Pages are counted; the end is an empty page.

    Prefer any other paging the vendor has: rows that change while a listing is paged by offset move
    between pages and are missed, which only the next look-back repairs.

    Args:
        param: Parameter that takes the offset or the page number.
        size_param: Parameter that takes the page size.
        size: Rows per page.
        count: Whether ``param`` counts rows or pages.
        start: Value of the first page.
        cap: Rows that the vendor hands out at most; going past it stops the run.
    """

    param: str = "offset"
    size_param: str = "limit"
    size: int = 100
    count: Literal["rows", "pages"] = "rows"
    start: int = 0
    cap: int | None = None

    def first(self, ask: Ask) -> Ask:
        """The listing from ``start``."""
        place = {self.size_param: self.size, self.param: self.start}
        return replace(ask, params={**ask.params, **place})

    def following(self, ask: Ask, response: Response, rows: list[Row]) -> Ask | None:
        """The next page, until one is empty.

        Raises:
            StopRun: If the vendor's cap is reached with rows left.
        """
        if not rows:
            return None
        position = ask.params[self.param]
        if not isinstance(position, int):
            raise TypeError(f"{self.param} is not a whole number")
        seen = (position - self.start) * (self.size if self.count == "pages" else 1) + len(rows)
        if self.cap is not None and seen >= self.cap:
            raise StopRun(
                f"the listing is longer than the {self.cap} rows that it hands out by offset. "
                "Read it by key or by cursor."
            )
        step = len(rows) if self.count == "rows" else 1
        return replace(ask, params={**ask.params, self.param: position + step})


@dataclass(frozen=True, slots=True)
class KeysetPages:
    """Each page starts after the last key of the one before; survives equal times and edits.

    Args:
        param: Parameter that takes the last key.
        key: Path of the key in a row; the listing is in its order.
        size_param: Parameter that takes the page size; empty sends none.
        size: Rows per page.
    """

    param: str
    key: str = "id"
    size_param: str = ""
    size: int = 100

    def first(self, ask: Ask) -> Ask:
        """The listing from its start."""
        sized = {self.size_param: self.size} if self.size_param else {}
        return replace(ask, params={**ask.params, **sized})

    def following(self, ask: Ask, response: Response, rows: list[Row]) -> Ask | None:
        """The rows after the last key, until a page is empty."""
        if not rows:
            return None
        return replace(ask, params={**ask.params, self.param: dig(rows[-1], self.key)})


@dataclass(frozen=True, slots=True)
class Rest:
    """Reads one REST listing; a :class:`~hub.core.connector.Reader`.

    Args:
        path: Path under the connection's base URL.
        items: Path of the rows in the answer; empty when the answer is the list itself.
        params: Parameters of every page.
        pages: How the listing is paged.
        since: Where an incremental listing starts; None reads all of it on every run.
        method: POST sends the parameters as JSON, for searches that only read.
    """

    path: str
    items: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    pages: Paging = field(default_factory=OnePage)
    since: From | None = None
    method: Literal["GET", "POST"] = "GET"

    def __call__(self, ctx: Context, state: State) -> Iterator[Page]:
        """The listing from ``state`` on, page by page.

        Raises:
            StopRun: If an answer has no rows where they belong, or a page repeats itself.
        """
        seen: Instants = Instants(self.since, state)
        ask: Ask | None = self.pages.first(Ask(self.path, {**self.params, **seen.bound()}))  # 1
        while ask is not None:
            response = self._answer(ctx, ask)
            rows, rejects = self._rows(ctx, response)
            following = self.pages.following(ask, response, rows)  # 2
            if following == ask:
                raise StopRun(f"{ctx.connection}: {self.path} leads from a page to itself")
            seen.take(rows)
            ask = following
            yield Page(
                rows,
                next_state=seen.state(last=ask is None),  # 3
                rejects=rejects,
                complete=ask is None and seen.whole,
            )

    def _answer(self, ctx: Context, ask: Ask) -> Response:
        if self.method == "POST":
            return ctx.wire.post(ask.path, json=dict(ask.params), idempotent=True)
        return ctx.wire.get(ask.path, params=ask.params)

    def _rows(self, ctx: Context, response: Response) -> tuple[list[Row], list[Reject]]:
        found = dig(response.json, self.items) if self.items else response.json
        if not isinstance(found, list):
            where = f"'{self.items}'" if self.items else "the answer"
            raise StopRun(
                f"{ctx.connection}: {response.request}: {where} is not a list of records. "
                "The system's interface is not the one that this connector was written for."
            )
        rejects = [
            Reject("not-an-object", "a record must be a JSON object", f"{self.path}[{n}]", dump)
            for n, dump in ((n, orjson.dumps(r)) for n, r in enumerate(found) if not _is_row(r))
        ]
        return [row for row in found if _is_row(row)], rejects


def first_pages(*streams: Stream) -> Callable[[Context], list[CheckItem]]:
    """A ``Connector.check`` that reads the first page of each stream; errors say what is wrong."""

    def check(ctx: Context) -> list[CheckItem]:
        for stream in streams:
            next(stream.reader(ctx, {}), None)
        return [CheckItem(f"{stream.name} can be read", ok=True) for stream in streams]

    return check


class Instants:
    """The highest cursor value that a pass has seen, as stream state.

    Args:
        start: Where the listing starts, or None for a full pass.
        state: Checkpoint of the run before.
    """

    def __init__(self, start: From | None, state: State) -> None:
        self._start = start
        self._old = state
        self._highest = instant_of(state.get("since")) if start else None
        self.whole = self._highest is None
        """Whether this pass has no lower bound and so sees every live record."""

    def bound(self) -> dict[str, str | int]:
        """The parameter that holds the lower bound; empty on a full pass."""
        if self._start is None or self._highest is None:
            return {}
        lower = self._highest - timedelta(seconds=self._start.since.lookback)
        return {self._start.param: self._start.write(lower)}

    def take(self, rows: list[Row]) -> None:
        """Note the rows' cursor values; a row without one does not move the cursor."""
        if self._start is None:
            return
        field_ = self._start.since.field
        found = [at for row in rows if (at := instant_of(dig(row, field_))) is not None]
        self._highest = max([*found, *([self._highest] if self._highest else [])], default=None)

    def state(self, *, last: bool) -> State | None:
        """The checkpoint after the page just taken; None holds the old one."""
        ordered = self._start is not None and self._start.since.ordered
        if not last and not ordered:
            return None
        if self._highest is None:
            return dict(self._old)
        return {**self._old, "since": self._highest.isoformat()}


def dig(value: Any, path: str) -> Any:
    """What stands at a dotted path of parsed JSON; None where the path ends early.

    >>> dig({"paging": {"next": {"after": "42"}}}, "paging.next.after")
    '42'
    """
    for part in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


_LINK_NEXT = re.compile(r'<([^>]+)>\s*;[^,]*\brel="?next\b"?')


def _link(headers: Mapping[str, str]) -> str | None:
    found = _LINK_NEXT.search(headers.get("link", ""))
    return found[1] if found else None


def _is_row(value: object) -> bool:
    return isinstance(value, dict)
