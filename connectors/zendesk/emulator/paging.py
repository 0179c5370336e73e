"""Lists page by page: cursors (``page[size]``), and offsets (``page``) down to page 100.

Cursors are opaque: a client that makes one up, or uses one of another list, is refused.

Source: Zendesk, "Pagination" (read November 2026).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from connectors.zendesk.emulator.refusals import deep_offset, invalid_attribute, invalid_value
from connectors.zendesk.emulator.wire import Answer, Call

MAX_PAGE = 100
MAX_OFFSET_PAGE = 100
MAX_OFFSET = 10_000


class Item(Protocol):
    """Anything that a list holds."""

    @property
    def id(self) -> Any:
        """Its native id."""


ItemT = TypeVar("ItemT", bound=Item)
Show = Callable[[ItemT], dict[str, Any]]


def paged(call: Call, name: str, items: Sequence[ItemT], show: Show[ItemT]) -> Answer:
    """One page of a list, by cursor if the client asked for one, else by offset.

    Args:
        call: The request.
        name: Key of the rows in the answer.
        items: All that the list holds, in its order.
        show: How one of them stands in the answer.

    Raises:
        Refusal: 400.
    """
    if not any(parameter.startswith("page[") for parameter in call.query):
        return _by_offset(call, name, items, show)
    answer, start, size = _by_cursor(call, name, items, show)
    meta = answer["meta"]
    links = {
        "next": _link(call, "page[after]", meta["after_cursor"], size)
        if meta["has_more"]
        else None,
        "prev": _link(call, "page[before]", meta["before_cursor"], size) if start else None,
    }
    return Answer(answer | {"links": links})


def by_cursor(call: Call, name: str, items: Sequence[ItemT], show: Show[ItemT]) -> Answer:
    """One page of a list that knows no offsets and names no URLs.

    Raises:
        Refusal: 400.
    """
    return Answer(_by_cursor(call, name, items, show)[0])


def encode(stream: str, place: Sequence[int | str]) -> str:
    """An opaque cursor to a place of a stream."""
    text = json.dumps([stream, *place])
    return base64.urlsafe_b64encode(f"{_digest(text)}{text}".encode()).decode().rstrip("=")


def decode(stream: str, cursor: str) -> list[Any]:
    """The place that a cursor of that stream stands for.

    Raises:
        Refusal: 400 if Zendesk never gave that cursor for that stream.
    """
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError) as error:
        raise _invalid_cursor() from error
    digest, text = text[:_DIGEST], text[_DIGEST:]
    if digest != _digest(text):
        raise _invalid_cursor()
    origin, *place = json.loads(text)
    if origin != stream:
        raise _invalid_cursor()
    return list(place)


_DIGEST = 8


def _digest(text: str) -> str:
    return hashlib.blake2s(text.encode(), digest_size=_DIGEST // 2).hexdigest()


def _invalid_cursor() -> Exception:
    return invalid_value("The cursor is invalid")


def _by_cursor(
    call: Call, name: str, items: Sequence[ItemT], show: Show[ItemT]
) -> tuple[dict[str, Any], int, int]:
    """The rows with their cursors, the position of the first one, and the size asked for."""
    size = _size(call, "page[size]")
    after, before = call.query.get("page[after]"), call.query.get("page[before]")
    start = 0
    if after is not None:
        start = _following(items, decode(call.stream, after)[0])
    elif before is not None:
        start = max(0, _following(items, decode(call.stream, before)[0]) - 1 - size)
    page = items[start : start + size]
    meta = {
        "has_more": start + size < len(items),
        "after_cursor": encode(call.stream, [page[-1].id]) if page else None,
        "before_cursor": encode(call.stream, [page[0].id]) if page else None,
    }
    return {name: [show(item) for item in page], "meta": meta}, start, size


def _following(items: Sequence[Item], key: Any) -> int:
    """Where the items after ``key`` begin, whether or not that one is still there."""
    keys = [item.id for item in items]
    if key in keys:
        return keys.index(key) + 1
    return sum(1 for other in keys if other <= key)


def _by_offset(call: Call, name: str, items: Sequence[ItemT], show: Show[ItemT]) -> Answer:
    page = call.number("page") or 1
    size = min(call.number("per_page") or MAX_PAGE, MAX_PAGE)
    if page > MAX_OFFSET_PAGE or page * size > MAX_OFFSET:
        raise deep_offset()
    start = (page - 1) * size
    more = start + size < len(items)
    return Answer(
        {
            name: [show(item) for item in items[start : start + size]],
            "count": len(items),
            "next_page": _page_url(call, page + 1, size) if more else None,
            "previous_page": _page_url(call, page - 1, size) if page > 1 else None,
        }
    )


def _size(call: Call, name: str) -> int:
    size = call.number(name)
    size = MAX_PAGE if size is None else size
    if not 1 <= size <= MAX_PAGE:
        raise invalid_attribute(name, f"an integer from 1 to {MAX_PAGE}")
    return size


def _link(call: Call, name: str, cursor: str | None, size: int) -> str:
    kept = {k: v for k, v in call.query.items() if not k.startswith("page[")}
    return f"{call.url}?{urlencode(kept | {name: cursor, 'page[size]': size})}"


def _page_url(call: Call, page: int, size: int) -> str:
    kept = {k: v for k, v in call.query.items() if k not in ("page", "per_page")}
    return f"{call.url}?{urlencode(kept | {'page': page, 'per_page': size})}"
