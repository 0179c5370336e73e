"""Reads one kind of record: everything that changed, and everything that is gone.

Every page leaves a checkpoint, so that a killed run loses one page at most:

1. The first time, and on ``--full``: every record, without a window, because a record that changes
   meanwhile must not leave the list. This pass is complete.
2. Later: the window ``[since - look-back, now]`` of times of change. Its upper end is fixed, or a
   busy shop would be read for ever; what changes meanwhile falls into the next window.
3. Either by ascending id, each page from the last id on, as a search of its own: Shopify pages
   25,000 records deep at most, and bulk edits give as many records one time of change. No record
   comes twice, and Shopify's ``<``, which lets the bound itself through, does no harm.
4. A query that may cost more than Shopify allows is asked again for half the page.
5. The cursor: the highest time of change seen, but never past the start of the pass less the
   search's lag, for what the search did not show yet must fall into the next window.
6. Every ``deletes_every``: the ids of all records, nothing else. Customers vanish from Shopify
   without a trace that could be polled; who is not listed is gone. The list comes from the search,
   which lags: who is listed again is read by id, for that brings what Shopify really holds.

Source: "Shopify API limits", pagination limits (read November 2026).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from connectors.shopify.api import Api
from connectors.shopify.client import TooCostly
from connectors.shopify.documents import Kind
from connectors.shopify.rows import KEY, UPDATED
from hub.core.batches import in_batches
from hub.core.connector import ById, Context, Page, Row, State
from hub.core.conversion import convert
from hub.core.errors import StopRun
from hub.core.pages import epoch_millis, instant_of

RowsOf = Callable[[list[Row]], list[Row]]
"""The rows of a page's nodes."""


class Progress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stream's checkpoint. Instants are milliseconds since 1970.

    Args:
        since: All that changed up to here is in; 0 before the first pass has ended.
        listed: When the last pass began that met every record.
        step: What the pass in progress is reading.
        after: Number of the last id read.
        until: Upper end of the window, exclusive.
        highest: Highest time of change that the pass has seen.
        latest: Where the cursor may move at most once the pass ends.
        started: When the pass in progress began.
    """

    since: int = 0
    listed: int = 0
    step: Literal["idle", "all", "window", "ids"] = "idle"
    after: int = 0
    until: int = 0
    highest: int = 0
    latest: int = 0
    started: int = 0

    def saved(self) -> State:
        """The checkpoint as JSON."""
        plain: State = msgspec.to_builtins(self)
        return plain


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
        api, progress = Api(ctx), convert(state, Progress)
        if progress.step != "idle":
            progress = yield from self._pass(api, progress)
        progress = yield from self._pass(api, self._next(progress, ctx.clock.now()))
        now = epoch_millis(ctx.clock.now())
        if self.ids_every is not None and now - progress.listed >= 1_000 * self.ids_every:
            yield from self._pass(api, replace(progress, step="ids", started=now))

    def _next(self, progress: Progress, now: datetime) -> Progress:
        return replace(
            progress,
            step="window" if progress.since else "all",
            started=epoch_millis(now),
            until=epoch_millis(now) + 1,
            latest=epoch_millis(now - timedelta(seconds=self.lag)),
        )

    def _pass(self, api: Api, progress: Progress) -> Pages:
        if progress.step == "ids":
            return (yield from self._ids(api, progress))
        return (yield from self._rows(api, progress))

    # 1, 2 ------------------------------------------------------------------------------------

    def _rows(self, api: Api, progress: Progress) -> Pages:
        size, more = self.kind.page, True
        while more:
            nodes, more, size = self._page(api, progress, size)
            progress = self._past(nodes, progress)
            whole = progress.step == "all" and not more
            progress = progress if more else self._ended(progress)
            yield Page(self.rows_of(nodes), next_state=progress.saved(), complete=whole)
        return progress

    def _page(self, api: Api, progress: Progress, size: int) -> tuple[list[Row], bool, int]:
        """4. The next nodes, whether there are more, and the page size that Shopify takes."""
        query = search(progress.after, self._window(progress), only=self.kind.only)
        while True:
            try:
                return *api.page(self.kind, self.keys, first=size, query=query), size
            except TooCostly:
                if size == 1:
                    raise
                size //= 2

    def _window(self, progress: Progress) -> tuple[int, int] | None:
        if progress.step == "all":
            return None
        return progress.since - 1_000 * self.lookback, progress.until

    def _past(self, nodes: list[Row], progress: Progress) -> Progress:
        times = [epoch_millis(at) for row in nodes if (at := instant_of(row.get(UPDATED)))]
        after = last_number([str(row.get(KEY)) for row in nodes], progress.after)
        return replace(progress, after=after, highest=max(progress.highest, *times, 0))

    @staticmethod
    def _ended(progress: Progress) -> Progress:
        since = max(progress.since, min(progress.highest, progress.latest))  # 5
        listed = progress.started if progress.step == "all" else progress.listed
        return Progress(since=since, listed=listed)

    # 6 ---------------------------------------------------------------------------------------

    def _ids(self, api: Api, progress: Progress) -> Pages:
        more = True
        while more:
            begins = progress.after == 0
            ids, more = api.ids(self.kind, query=search(progress.after))
            progress = replace(progress, after=last_number(ids, progress.after))
            if not more:
                progress = Progress(since=progress.since, listed=progress.started)
            yield Page((), next_state=progress.saved(), alive=ids, begins=begins, complete=not more)
        return progress


def by_id(kind: Kind, keys: tuple[str, ...]) -> ById:
    """Reads single records: what Shopify holds, where its search still says otherwise."""

    def read(ctx: Context, ids: Sequence[str]) -> Iterator[Row]:
        api = Api(ctx)
        for batch in in_batches(ids, kind.page):
            yield from _asked(api, batch)

    def _asked(api: Api, ids: Sequence[str]) -> list[Row]:
        try:
            return api.by_id(kind, ids, keys)
        except TooCostly:
            if len(ids) == 1:
                raise
        middle = len(ids) // 2
        return [*_asked(api, ids[:middle]), *_asked(api, ids[middle:])]

    return read


def search(after: int, window: tuple[int, int] | None = None, *, only: str = "") -> str | None:
    """What follows the id ``after`` and changed in ``window`` (milliseconds); None is everything.

    >>> search(7, (1_793_491_200_000, 1_793_491_260_500))
    "id:>=8 AND updated_at:>='2026-11-01T00:00:00Z' AND updated_at:<'2026-11-01T00:01:01Z'"
    """
    terms = [only] if only else []
    terms += [f"id:>={after + 1}"] if after else []
    if window is not None:
        start, end = (_second(max(0, millis)) for millis in (window[0], window[1] + 999))
        terms += [f"updated_at:>='{start}'", f"updated_at:<'{end}'"]
    return " AND ".join(terms) or None


def _second(millis: int) -> str:
    """Times of change are whole seconds."""
    found = instant_of(millis // 1_000)
    assert found is not None
    return found.isoformat().replace("+00:00", "Z")


def last_number(ids: Iterable[str], after: int) -> int:
    """The number of the last of some ascending global ids, or ``after`` if there are none.

    Raises:
        StopRun: If they do not ascend from ``after``: Shopify passes over a search term that it
            does not understand, and the pass would go round for ever.
    """
    for each in ids:
        digits = each.rpartition("/")[2]
        number = int(digits) if digits.isdecimal() else -1
        if number <= after:
            raise StopRun(f"the list is not in the order of ids: {each} after {after}")
        after = number
    return after
