"""Reads one kind of CRM record: everything that changed, and everything that is gone.

A pass, every page of which leaves a checkpoint, so that a killed run loses one page at most:

1. The window: records changed since the last pass, less the look-back; the first time, all.
2. The window's records by ascending id, each page from the last id on. HubSpot's search ends after
   10,000 results, and bulk edits give thousands of records one time of change: neither stops this.
3. What the search does not tell is asked for once per page: associations, subscription statuses.
4. The recycle bin, whole, since HubSpot lists it in no order of time.
5. What was in the bin when it was last read, and is not any more: whoever restores a record does
   not change it, so no window brings it. Those ids are looked up, 100 a request; mostly there are
   none. The checkpoint remembers 10,000 ids at most, some 150 kB: as many as HubSpot's own screen
   for restoring shows. One beyond them comes back with its next edit, or with a full pass.
6. The cursor: the highest time of change seen, but never past the start of the pass less the
   search's lag, for what the search did not show yet must fall into the next window.

A record that was erased for good, not archived, leaves no trace that could be polled; a full pass
finds it by its absence.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from connectors.hubspot.api import BATCH, Api, Filter, Statuses
from connectors.hubspot.rows import KEY, NOT_TOLD, STATUSES, aliases, row_of
from hub.core.batches import in_batches
from hub.core.connector import Context, Page, Row, State
from hub.core.conversion import convert
from hub.core.pages import epoch_millis, instant_of

REMEMBERED = 10_000
"""Ids of the recycle bin that a checkpoint keeps.

Source: HubSpot, "Restore deleted records" (read November 2026): 90 days, 10,000 records at a time.
"""

Enrich = Callable[[Api, Sequence[Row]], None]
"""Adds to the rows of a page what the search does not tell."""


class Progress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stream's checkpoint. Instants are milliseconds since 1970, as HubSpot's filters want them.

    Args:
        since: All that changed up to here is in; 0 before the first pass has ended.
        step: What the pass in progress is reading.
        after: The last id read, or the recycle bin's page token.
        highest: Highest time of change that the pass has seen.
        latest: Where the cursor may move at most once the pass ends.
        binned: Ids that were in the recycle bin before, less those that this pass met there again.
        met: Ids that this pass met in the recycle bin.
    """

    since: int = 0
    step: Literal["idle", "live", "archived"] = "idle"
    after: str = ""
    highest: int = 0
    latest: int = 0
    binned: tuple[str, ...] = ()
    met: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """JSON for the store."""
        state: State = msgspec.to_builtins(self)
        return state


Pages = Generator[Page, None, Progress]
"""The pages of one step, and how far it got."""


@dataclass(frozen=True, slots=True)
class CrmReader:
    """Reads one kind of record; a :class:`~hub.core.connector.Reader`.

    Args:
        object_type: Plural name, as in paths.
        properties: What to ask for.
        modified: Property that holds the time of the last change.
        lookback: Seconds before the cursor that are read again.
        lag: Seconds that the search may be behind.
        enrich: Completes the rows of a page.
    """

    object_type: str
    properties: tuple[str, ...]
    modified: str
    lookback: int
    lag: int
    enrich: Enrich

    def __call__(self, ctx: Context, state: State) -> Iterator[Page]:
        """The pass that an earlier run left unfinished, if any, then one up to the present."""
        api, progress = Api.of(ctx), convert(state, Progress)
        if progress.step != "idle":
            progress = yield from self._pass(api, progress)
        latest = epoch_millis(ctx.clock.now() - timedelta(seconds=self.lag))
        yield from self._pass(api, replace(progress, step="live", latest=latest))

    def again(self, ctx: Context, ids: Sequence[str]) -> Page:
        """The records of these ids as they are now; those that are gone are its deletes."""
        return self._again(Api.of(ctx), ids)

    def _again(self, api: Api, ids: Sequence[str]) -> Page:
        rows: list[Row] = []
        for batch in in_batches(ids, BATCH):
            found = [
                row_of(record) for record in api.read(self.object_type, batch, self.properties)
            ]
            self.enrich(api, found)
            rows += found
        merges = {merged: str(row[KEY]) for row in rows for merged in aliases(row)}
        here = {str(row[KEY]) for row in rows} | merges.keys()
        return Page(rows, deletes=[each for each in ids if each not in here], merges=merges)

    def _pass(self, api: Api, progress: Progress) -> Pages:
        if progress.step == "live":
            progress = yield from self._live(api, progress)
        return (yield from self._archived(api, progress))

    def _live(self, api: Api, progress: Progress) -> Pages:
        more = True
        while more:
            records, more = api.search(self.object_type, self._window(progress), self.properties)
            if not records:
                break
            rows = [row_of(record) for record in records]
            self.enrich(api, rows)  # 3
            progress = self._past(rows, progress)
            merges = {merged: str(row[KEY]) for row in rows for merged in aliases(row)}
            yield Page(rows, next_state=progress.state, merges=merges)
        return replace(progress, step="archived", after="")

    def _window(self, progress: Progress) -> list[Filter]:
        filters = [Filter(KEY, "GT", progress.after or "0")]  # 2
        if progress.since:  # 1
            start = progress.since - 1_000 * self.lookback
            filters.append(Filter(self.modified, "GTE", str(start)))
        return filters

    def _past(self, rows: Sequence[Row], progress: Progress) -> Progress:
        times = [epoch_millis(at) for row in rows if (at := instant_of(row.get(self.modified)))]
        return replace(progress, after=str(rows[-1][KEY]), highest=max(progress.highest, *times, 0))

    def _archived(self, api: Api, progress: Progress) -> Pages:
        token: str | None = progress.after
        while token is not None:  # 4
            ids, token = api.archived(self.object_type, token or None)
            progress = self._met(ids, progress)
            if token is None:
                for batch in in_batches(progress.binned, BATCH):  # 5
                    yield self._again(api, batch)
            whole = token is None and not progress.since
            progress = self._ended(progress) if token is None else replace(progress, after=token)
            yield Page((), next_state=progress.state, deletes=ids, complete=whole)
        return progress

    @staticmethod
    def _met(ids: Sequence[str], progress: Progress) -> Progress:
        again = frozenset(ids)
        return replace(
            progress,
            binned=tuple(each for each in progress.binned if each not in again),
            met=(*progress.met, *ids)[:REMEMBERED],
        )

    @staticmethod
    def _ended(progress: Progress) -> Progress:
        since = max(progress.since, min(progress.highest, progress.latest))
        return Progress(since=since, binned=progress.met)  # 6


# --- 3 ---------------------------------------------------------------------------------------


def nothing_more(_api: Api, _rows: Sequence[Row]) -> None:
    """Adds nothing: the record's properties say it all."""


def with_associations(from_type: str, to_types: Mapping[str, str]) -> Enrich:
    """Adds ids of associated records.

    Args:
        from_type: Kind of the records being read.
        to_types: Kind of the associated records, to the name that the row gives them.
    """

    def enrich(api: Api, rows: Sequence[Row]) -> None:
        ids = [str(row[KEY]) for row in rows]
        for to_type, name in to_types.items():
            found = api.associated(from_type, to_type, ids)
            for row in rows:
                row[name] = found.get(row[KEY], [])

    return enrich


def with_statuses(api: Api, rows: Sequence[Row]) -> None:
    """Adds what each contact's address said about every subscription type."""
    named = (str(row.get("email")).lower() for row in rows)
    addresses = {address for address in named if "@" in address}
    said: dict[str, Statuses] = {}
    for batch in in_batches(sorted(addresses), BATCH):
        said |= api.statuses(batch)
    for row in rows:
        statuses = said.get(str(row.get("email")).lower(), [])
        row[STATUSES] = NOT_TOLD if statuses is None else statuses
