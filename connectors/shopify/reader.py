"""Reads one kind of record: everything that changed, and everything that is gone.

Every page leaves a checkpoint, so that a killed run loses one page at most:

1. The first time, and on ``--full``: every record by ascending id, without a filter, because a
   record that changes meanwhile must not leave the list. This pass is complete.
2. Later: the window ``[since - look-back, now]`` of times of change. Its upper end is fixed, or a
   busy shop would be read for ever; what changes meanwhile falls into the next window.
3. The search that serves windows may repeat a row at the edge of a page, and treats ``<`` as
   ``<=``: rows are told apart by id and time of change.
4. A query that may cost more than Shopify allows is asked again for half the page.
5. The cursor: the highest time of change seen, but never past the start of the pass less the
   search's lag, for what the search did not show yet must fall into the next window.
6. Every ``deletes_every``: the ids of all records, nothing else. Customers vanish from Shopify
   without a trace that could be polled; who is not listed is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from connectors.shopify.api import Api, Listed
from connectors.shopify.client import TooCostly
from connectors.shopify.documents import Kind
from connectors.shopify.rows import KEY, UPDATED
from hub.core.connector import Context, Page, Row, State
from hub.core.pages import epoch_millis, instant_of

FIRST_PAGE = 100
"""Nodes asked for to begin with; halved until Shopify takes the query."""

RowsOf = Callable[[list[Row]], list[Row]]
"""The rows of a page's nodes."""


class Progress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stream's checkpoint. Instants are milliseconds since 1970.

    Args:
        since: All that changed up to here is in; 0 before the first pass has ended.
        listed: When the last complete pass began.
        step: What the pass in progress is reading.
        after: Cursor of the last page read.
        until: Upper end of the window, exclusive.
        highest: Highest time of change that the pass has seen.
        latest: Where the cursor may move at most once the pass ends.
        started: When the pass in progress began.
    """

    since: int = 0
    listed: int = 0
    step: Literal["idle", "all", "window", "ids"] = "idle"
    after: str | None = None
    until: int = 0
    highest: int = 0
    latest: int = 0
    started: int = 0

    @property
    def state(self) -> State:
        """JSON for the store."""
        state: State = msgspec.to_builtins(self)
        return state


Pages = Generator[Page, None, Progress]
"""The pages of one pass, and how far it got."""


@dataclass(frozen=True, slots=True)
class ShopReader:
    """Reads one kind of record; a :class:`~hub.core.connector.Reader`.

    Args:
        kind: What to list.
        keys: Metafields to ask for, as ``namespace.key``.
        lookback: Seconds before the cursor that are read again.
        lag: Seconds that the search may be behind.
        ids_every: Seconds between two lists of all ids; None never lists them.
        rows_of: The rows of a page's nodes, where they are not the nodes themselves.
    """

    kind: Kind
    keys: tuple[str, ...]
    lookback: int
    lag: int
    ids_every: int | None
    rows_of: RowsOf = list

    def __call__(self, ctx: Context, state: State) -> Iterator[Page]:
        """The pass that an earlier run left unfinished, if any, then one up to the present."""
        api, progress = Api(ctx), msgspec.convert(state, Progress)
        if progress.step != "idle":
            progress = yield from self._pass(api, progress)
        progress = yield from self._pass(api, self._next(progress, ctx.clock.now()))
        if self.ids_every is not None and self._is_due(progress, ctx.clock.now()):
            started = epoch_millis(ctx.clock.now())
            yield from self._ids(api, replace(progress, step="ids", started=started))

    def _next(self, progress: Progress, now: datetime) -> Progress:
        return replace(
            progress,
            step="window" if progress.since else "all",
            started=epoch_millis(now),
            until=epoch_millis(now.replace(microsecond=0) + timedelta(seconds=1)),
            latest=epoch_millis(now - timedelta(seconds=self.lag)),
        )

    def _is_due(self, progress: Progress, now: datetime) -> bool:
        return epoch_millis(now) - progress.listed >= 1_000 * (self.ids_every or 0)

    def _pass(self, api: Api, progress: Progress) -> Pages:
        if progress.step == "ids":
            return (yield from self._ids(api, progress))
        return (yield from self._rows(api, progress))

    # 1, 2 ------------------------------------------------------------------------------------

    def _rows(self, api: Api, progress: Progress) -> Pages:
        size, last = FIRST_PAGE, [""]
        while progress.step != "idle":
            listed, size = self._page(api, progress, size)
            fresh = [node for node in listed.nodes if _version(node) not in last]  # 3
            last = [_version(node) for node in listed.nodes]
            whole = listed.after is None and progress.step == "all"
            progress = self._past(listed, progress)
            yield Page(self.rows_of(fresh), next_state=progress.state, complete=whole)
        return progress

    def _page(self, api: Api, progress: Progress, size: int) -> tuple[Listed, int]:
        """4. The next page, and the page size that Shopify takes."""
        while True:
            try:
                return self._asked(api, progress, size), size
            except TooCostly:
                if size == 1:
                    raise
                size //= 2

    def _asked(self, api: Api, progress: Progress, size: int) -> Listed:
        if progress.step == "all":
            return api.page(self.kind, self.keys, first=size, after=progress.after)
        return api.page(
            self.kind,
            self.keys,
            first=size,
            after=progress.after,
            query=window(progress.since - 1_000 * self.lookback, progress.until),
            sort=self.kind.window,
        )

    def _past(self, listed: Listed, progress: Progress) -> Progress:
        times = [epoch_millis(at) for row in listed.nodes if (at := instant_of(row.get(UPDATED)))]
        progress = replace(progress, highest=max(progress.highest, *times, 0), after=listed.after)
        return self._ended(progress) if listed.after is None else progress

    @staticmethod
    def _ended(progress: Progress) -> Progress:
        since = max(progress.since, min(progress.highest, progress.latest))  # 5
        listed = progress.started if progress.step == "all" else progress.listed
        return Progress(since=since, listed=listed)

    # 6 ---------------------------------------------------------------------------------------

    def _ids(self, api: Api, progress: Progress) -> Pages:
        while progress.step != "idle":
            begins = progress.after is None
            ids, after = api.ids(self.kind, progress.after)
            progress = replace(progress, after=after)
            if after is None:
                progress = Progress(since=progress.since, listed=progress.started)
            yield Page(
                (), next_state=progress.state, alive=ids, begins=begins, complete=after is None
            )
        return progress


def window(start: int, end: int) -> str:
    """A search for what changed from ``start`` to before ``end``, in milliseconds since 1970.

    >>> window(1_793_491_200_000, 1_793_491_260_500)
    "updated_at:>='2026-11-01T00:00:00Z' AND updated_at:<'2026-11-01T00:01:01Z'"
    """
    return f"updated_at:>='{_second(start)}' AND updated_at:<'{_second(end + 999)}'"


def _second(millis: int) -> str:
    found = instant_of(max(0, millis) // 1_000)
    assert found is not None
    return found.isoformat().replace("+00:00", "Z")


def _version(node: Row) -> str:
    return f"{node.get(KEY)} {node.get(UPDATED)}"
