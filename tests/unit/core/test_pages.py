"""Declarative readers: every row once, the cursor from the rows, held when unordered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from hub.core.auth import NoAuth
from hub.core.clock import iso_z
from hub.core.connector import Connector, Context, Page, Reader, Since, State
from hub.core.errors import RetryLater, StopRun
from hub.core.http import Http
from hub.core.pages import (
    CursorPages,
    From,
    KeysetPages,
    LinkPages,
    OffsetPages,
    Rest,
    dig,
    epoch_millis,
    epoch_seconds,
    instant_of,
)
from hub.testing.client import open_context
from hub.testing.scripted import ScriptedServer, scripted

UPDATED = Since("updated_at", lookback=60)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted() as found:
        yield found


class Settings(BaseModel):
    url: str


@pytest.fixture
def ctx(server: ScriptedServer) -> Iterator[Context]:
    connector = Connector(
        name="acme",
        summary="",
        config=Settings,
        streams=(),
        check=lambda ctx: (),
        http=lambda settings: Http(settings.url, NoAuth(), attempts=2),
    )
    with open_context(connector, {"url": server.url}) as found:
        yield found


def read(ctx: Context, reader: Reader, state: State | None = None) -> list[Page]:
    return list(reader(ctx, state or {}))


def rows(*ids: int, day: int = 1) -> list[dict[str, Any]]:
    return [{"id": n, "updated_at": f"2026-01-{day:02}T00:00:{n:02}Z"} for n in ids]


def ids(pages: list[Page]) -> list[int]:
    return [row["id"] for page in pages for row in page.rows]


def test_cursor_pages_follow_the_token(server: ScriptedServer, ctx: Context) -> None:
    """The token is added to the parameters of the first request."""
    server.then(200, {"results": rows(1, 2), "paging": {"next": {"after": "x2"}}})
    server.then(200, {"results": rows(3)})

    pages = read(
        ctx, Rest("/v1/c", "results", {"limit": 2}, CursorPages("after", "paging.next.after"))
    )

    assert ids(pages) == [1, 2, 3]
    assert server.requests() == ["GET /v1/c?limit=2", "GET /v1/c?limit=2&after=x2"]


def test_cursor_pages_may_travel_alone_and_stop_on_a_flag(
    server: ScriptedServer, ctx: Context
) -> None:
    """A vendor that keeps handing out tokens says by a flag when it is done."""
    server.then(200, {"users": rows(1), "after_cursor": "a", "more": True})
    server.then(200, {"users": rows(2), "after_cursor": "b", "more": False})

    paging = CursorPages("cursor", "after_cursor", more="more", alone=True)
    pages = read(ctx, Rest("/u", "users", {"start_time": 0}, paging))

    assert ids(pages) == [1, 2]
    assert server.requests()[1] == "GET /u?cursor=a"


def test_link_pages_follow_body_and_header(server: ScriptedServer, ctx: Context) -> None:
    """Absolute links of the same origin, from the answer or from RFC 8288's header."""
    server.then(200, {"items": rows(1), "next": f"{server.url}/c?page=2"})
    server.then(200, {"items": rows(2), "next": None})
    by_body = read(ctx, Rest("/c", "items", pages=LinkPages("next")))
    server.then(200, rows(3), headers={"Link": f'<{server.url}/d?page=2>; rel="next"'}, at="/d")
    server.then(200, rows(4), headers={"Link": f'<{server.url}/d>; rel="prev"'}, at="/d")

    by_header = read(ctx, Rest("/d", pages=LinkPages()))

    assert (ids(by_body), ids(by_header)) == ([1, 2], [3, 4])


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        ("rows", ["limit=2&offset=0", "limit=2&offset=2", "limit=2&offset=3"]),
        ("pages", ["limit=2&offset=0", "limit=2&offset=1", "limit=2&offset=2"]),
    ],
)
def test_offset_pages_end_with_an_empty_page(
    server: ScriptedServer, ctx: Context, count: Any, expected: list[str]
) -> None:
    """A short page is not the end: vendors filter rows after cutting pages."""
    server.then(200, rows(1, 2)).then(200, rows(3)).then(200, [])

    pages = read(ctx, Rest("/c", pages=OffsetPages(size=2, count=count)))

    assert ids(pages) == [1, 2, 3]
    assert [seen.path.split("?")[1] for seen in server.seen] == expected


def test_offset_pages_stop_at_the_vendors_cap(server: ScriptedServer, ctx: Context) -> None:
    """Beyond the cap the vendor repeats or refuses; the run says so instead of ending early."""
    server.then(200, rows(1, 2)).then(200, rows(3, 4))

    with pytest.raises(StopRun, match="longer than the 4 rows"):
        read(ctx, Rest("/c", pages=OffsetPages(size=2, cap=4)))


def test_keyset_pages_start_after_the_last_key(server: ScriptedServer, ctx: Context) -> None:
    """Equal times beyond a page's size are no trouble: the key orders them."""
    server.then(200, rows(1, 2)).then(200, rows(5)).then(200, [])

    pages = read(ctx, Rest("/c", pages=KeysetPages("after_id", size_param="limit", size=2)))

    assert ids(pages) == [1, 2, 5]
    assert server.requests()[1:] == ["GET /c?limit=2&after_id=2", "GET /c?limit=2&after_id=5"]


def test_a_page_that_leads_to_itself_stops(server: ScriptedServer, ctx: Context) -> None:
    """A vendor's loop is an error, not an endless run."""
    server.then(200, {"items": rows(1), "next": "same"})

    with pytest.raises(StopRun, match="from a page to itself"):
        read(ctx, Rest("/c", "items", {"cursor": "same"}, CursorPages("cursor", "next")))


@pytest.mark.parametrize(
    "answer",
    [{"error": "gone"}, {"results": None}, {"results": {"1": {}}}, {}],
    ids=["other shape", "null", "object", "empty object"],
)
def test_an_answer_without_its_list_is_an_error(
    server: ScriptedServer, ctx: Context, answer: Any
) -> None:
    """A changed interface must not look like an empty system."""
    server.then(200, answer)

    with pytest.raises(StopRun, match="'results' is not a list of records"):
        read(ctx, Rest("/c", "results"))


def test_a_failed_page_is_never_an_empty_one(server: ScriptedServer, ctx: Context) -> None:
    """The pages before it stand; the pass does not end as if it were complete."""
    server.then(200, {"items": rows(1), "next": "b"}).then(500)

    reader = Rest("/c", "items", pages=CursorPages("cursor", "next"))(ctx, {})
    first = next(reader)

    assert not first.complete
    with pytest.raises(RetryLater):
        next(reader)


def test_rows_that_are_no_objects_are_rejected_alone(server: ScriptedServer, ctx: Context) -> None:
    """One odd element goes to quarantine as it came; the others are rows."""
    server.then(200, [{"id": 1}, "surprise", {"id": 2}])

    (page,) = read(ctx, Rest("/c"))

    assert ids([page]) == [1, 2]
    assert [(reject.where, reject.raw) for reject in page.rejects] == [("/c[1]", b'"surprise"')]


def test_post_searches_are_sent_again(server: ScriptedServer, ctx: Context) -> None:
    """A search by POST only reads, so trouble costs a wait and no row."""
    server.then(503).then(200, {"results": rows(1)})

    pages = read(ctx, Rest("/search", "results", {"limit": 5}, method="POST"))

    assert ids(pages) == [1]
    assert server.seen[1].body == b'{"limit":5}'


def test_the_cursor_is_the_highest_time_seen(server: ScriptedServer, ctx: Context) -> None:
    """Never the clock: a record that commits late would be lost for ever."""
    server.then(200, rows(1, 3, 2))

    (page,) = read(ctx, Rest("/c", since=From("since", UPDATED)))

    assert page.next_state == {"since": "2026-01-01T00:00:03+00:00"}


def test_the_next_run_looks_back(server: ScriptedServer, ctx: Context) -> None:
    """The saved cursor less the declared look-back, in the vendor's own format."""
    server.then(200, [])
    state = {"since": "2026-01-01T00:10:00+00:00"}

    (page,) = read(ctx, Rest("/c", since=From("since", UPDATED, epoch_seconds)), state)

    assert server.requests() == [f"GET /c?since={1767225600 + 540}"]
    assert page.next_state == state


def test_an_ordered_listing_saves_after_each_page(server: ScriptedServer, ctx: Context) -> None:
    """A crash re-reads one page, not the listing."""
    server.then(200, {"items": rows(1), "next": "b"}).then(200, {"items": rows(2)})

    reader = Rest("/c", "items", pages=CursorPages("c", "next"), since=From("since", UPDATED))

    assert [page.next_state for page in read(ctx, reader)] == [
        {"since": "2026-01-01T00:00:01+00:00"},
        {"since": "2026-01-01T00:00:02+00:00"},
    ]


def test_an_unordered_listing_holds_the_old_cursor(server: ScriptedServer, ctx: Context) -> None:
    """A crash in the middle must not skip the older rows of later pages."""
    server.then(200, {"items": rows(9), "next": "b"}).then(200, {"items": rows(2)})
    unordered = From("since", Since("updated_at", ordered=False))

    pages = read(ctx, Rest("/c", "items", pages=CursorPages("c", "next"), since=unordered))

    assert [page.next_state for page in pages] == [None, {"since": "2026-01-01T00:00:09+00:00"}]


def test_only_a_pass_without_a_lower_bound_is_complete(
    server: ScriptedServer, ctx: Context
) -> None:
    """Deletion by absence needs a pass that saw every live record."""
    server.then(200, rows(1))
    reader = Rest("/c", since=From("since", UPDATED))

    (full,) = read(ctx, reader)
    (later,) = read(ctx, reader, dict(full.next_state or {}))

    assert (full.complete, later.complete) == (True, False)


@given(
    times=st.lists(st.integers(0, 4_000_000_000).map(lambda s: datetime.fromtimestamp(s / 7, UTC))),
    size=st.integers(1, 5),
    ordered=st.booleans(),
)
def test_no_change_is_ever_skipped(times: list[datetime], size: int, ordered: bool) -> None:
    """Law: the saved cursor never passes a row that was not yielded with or before it."""
    records = [{"id": n, "updated_at": iso_z(t)} for n, t in enumerate(times)]
    if ordered:
        records.sort(key=lambda row: str(row["updated_at"]))
    start = From("since", Since("updated_at", ordered=ordered))
    with scripted() as server:
        cuts = range(0, max(1, len(records)), size)
        for cut in cuts:
            more = cut + size < len(records)
            chunk = records[cut : cut + size]
            server.then(200, {"items": chunk, "next": f"c{cut}" if more else None})
        connector = Connector(
            "acme", "", Settings, (), lambda ctx: (), http=lambda s: Http(s.url, NoAuth())
        )
        with open_context(connector, {"url": server.url}) as ctx:
            pages = read(ctx, Rest("/c", "items", pages=CursorPages("c", "next"), since=start))

    unseen = {row["id"]: instant_of(row["updated_at"]) for row in records}
    for page in pages:
        for row in page.rows:
            del unseen[row["id"]]
        if page.next_state and unseen:
            saved = datetime.fromisoformat(page.next_state["since"])
            assert all(at is not None and at >= saved for at in unseen.values())
    assert unseen == {}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-01-01T09:00:00+09:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T00:00:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T00:00:00.000+0000", datetime(2026, 1, 1, tzinfo=UTC)),
        (1767225600, datetime(2026, 1, 1, tzinfo=UTC)),
        (1767225600000, datetime(2026, 1, 1, tzinfo=UTC)),
        ("1767225600000", datetime(2026, 1, 1, tzinfo=UTC)),
        (None, None),
        ("yesterday", None),
        (True, None),
        ({}, None),
        (1e300, None),
        (-1e300, None),
    ],
)
def test_cursor_values_in_every_shape(value: object, expected: datetime | None) -> None:
    """Zones, no zone, epoch seconds and milliseconds; anything else is no instant."""
    assert instant_of(value) == expected


def test_bounds_are_rounded_down() -> None:
    """A bound rounded up would skip the rows of that fraction of a second."""
    at = datetime(2026, 1, 1, 0, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=10)))

    assert instant_of(iso_z(at)) == at.astimezone(UTC).replace(microsecond=999_000)
    assert epoch_seconds(at) * 1000 <= epoch_millis(at) < at.timestamp() * 1000


def test_dig_stops_where_the_path_ends() -> None:
    """A missing branch is None, whatever stands there instead."""
    assert dig({"a": {"b": None}}, "a.b.c") is None
    assert dig([1], "a") is None
