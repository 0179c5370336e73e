"""Reads everything that changed, and everything that is gone, in Zendesk's three ways of telling.

Cursor exports (users, tickets). ``after_cursor`` is the only state: Zendesk keeps the order, and
holds back its last minute so that nothing commits behind the cursor. What is gone comes in the
export itself (``active: false``, ``status: "deleted"``); for users, the list of the deleted ones is
read besides, since one that was erased for good between two runs may not come any more.

Exports by time (organizations, ticket events). ``end_time`` is the state. A page begins with the
second in which the one before ended, so its first records are often repeats and are dropped. A page
holds its last second whole, however many records that are; if it held but that one second, the next
page begins a second later. Organizations that are deleted just stop coming: the ids of those that
are there are listed at the end of each pass.

Lists (ratings, survey responses). They can be asked from a time of *offering* on, and are answered
later: each pass goes back by as long as an answer may take. Where the account's plan has no such
list, the stream is empty and says so.

Every page leaves a checkpoint, so that a killed run loses one page at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from connectors.zendesk.api import Api, Export
from connectors.zendesk.client import NotOffered
from connectors.zendesk.rows import KEY
from hub.core.connector import Context, Page, Row, State
from hub.core.conversion import convert
from hub.core.errors import StopRun
from hub.core.pages import epoch_millis, instant_of

RowsOf = Callable[[Api, Export], list[Row]]
"""The rows of an export's page."""
IsGone = Callable[[Row], bool]
"""Whether a row tells of a record that is gone."""


def split(rows: Sequence[Row], is_gone: IsGone) -> tuple[list[Row], list[str]]:
    """The rows of live records, and the ids of those that are gone."""
    gone = [str(row[KEY]) for row in rows if is_gone(row)]
    return [row for row in rows if not is_gone(row)], gone


class _Progress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A checkpoint."""

    @property
    def state(self) -> State:
        """JSON for the store."""
        state: State = msgspec.to_builtins(self)
        return state


# --- cursor exports --------------------------------------------------------------------------


class CursorProgress(_Progress, frozen=True, kw_only=True):
    """How far a cursor export was read."""

    cursor: str = ""


@dataclass(frozen=True, slots=True)
class CursorExport:
    """Reads a cursor export; a :class:`~hub.core.connector.Reader`.

    Args:
        kind: ``users`` or ``tickets``.
        include: What is side-loaded.
        rows_of: Rows of a page.
        is_gone: Whether a row tells of a record that is gone.
        gone_list: List of records that are gone for good, and its name; empty if there is none.
    """

    kind: str
    include: str
    rows_of: RowsOf
    is_gone: IsGone
    gone_list: str = ""

    def __call__(self, ctx: Context, state: State) -> Iterator[Page]:
        """The pages after the cursor, then what is gone for good."""
        api, progress = Api.of(ctx), convert(state, CursorProgress)
        end = False
        while not end:
            page = api.export(self.kind, progress.cursor, self.include)
            _refuse_circle(ctx, self.kind, page, page.after == progress.cursor)
            progress, end = CursorProgress(cursor=page.after), page.end
            rows, gone = split(self.rows_of(api, page), self.is_gone)
            yield Page(rows, next_state=progress.state, deletes=gone)
        if self.gone_list:
            for ids, _ in _listed_ids(api, self.gone_list):
                if ids:
                    yield Page((), next_state=progress.state, deletes=ids)


def _listed_ids(api: Api, name: str) -> Iterator[tuple[list[str], bool]]:
    """The ids of a list page by page, and whether that was the last one."""
    after, last = "", False
    while not last:
        page = api.listed(name, name, after)
        after, last = page.after, not page.after
        yield [str(row[KEY]) for row in page.rows], last


def _refuse_circle(ctx: Context, kind: str, page: Export, stands: bool) -> None:
    if stands and not page.end:
        raise StopRun(
            f"{ctx.connection}: the export of {kind} leads from a page to itself. Nothing is lost: "
            "the checkpoint stays where it is. Report it to Zendesk with the time of this run"
        )


# --- exports by time -------------------------------------------------------------------------


class TimeProgress(_Progress, frozen=True, kw_only=True):
    """How far an export by time was read.

    Args:
        since: End time of the last page, epoch seconds.
        passed: Whether a whole pass has ended, so that later ones bring changes.
    """

    since: int = 0
    passed: bool = False


@dataclass(frozen=True, slots=True)
class TimeExport:
    """Reads an export by time; a :class:`~hub.core.connector.Reader`.

    Args:
        kind: Last part of the path.
        name: What the records are called in the answer.
        lookback: Seconds that each run reads again.
        rows_of: Rows of a page.
        is_gone: Whether a row tells of a record that is gone.
        include: What is side-loaded.
        alive_list: List of the records that are there, and its name, where the export does not tell
            which ones are not; empty if it is not needed.
    """

    kind: str
    name: str
    lookback: int
    rows_of: RowsOf
    is_gone: IsGone
    include: str = ""
    alive_list: str = ""

    def __call__(self, ctx: Context, state: State) -> Iterator[Page]:
        """The pages from the last end time on, less the look-back, then who is there."""
        api, progress = Api.of(ctx), convert(state, TimeProgress)
        start, known, end = max(0, progress.since - self.lookback), frozenset[str](), False
        while not end:
            page = api.export_by_time(self.kind, self.name, start, self.include)
            _refuse_circle(ctx, self.kind, page, not page.rows)
            fresh = [row for row in page.rows if _mark(row) not in known]
            reached, known, end = int(page.after), frozenset(map(_mark, page.rows)), page.end
            start = max(reached, start + 1)
            progress = replace(progress, since=max(progress.since, reached))
            kept = Export(fresh, page.sides, page.after, page.end)
            yield self._page(api, kept, progress)
        if self.alive_list:
            for ids, last in _listed_ids(api, self.alive_list):
                yield Page((), next_state=progress.state, alive=ids, complete=last)

    def _page(self, api: Api, page: Export, progress: TimeProgress) -> Page:
        """A page; the last one of a pass from the beginning saw everything that there is."""
        rows, gone = split(self.rows_of(api, page), self.is_gone)
        saved = replace(progress, passed=progress.passed or page.end)
        whole = page.end and not progress.passed and not self.alive_list
        return Page(rows, next_state=saved.state, deletes=gone, complete=whole)


def _mark(row: Row) -> str:
    """Tells a repeat from a record that has changed again."""
    return f"{row.get(KEY)} {row.get('updated_at')}"


# --- lists -----------------------------------------------------------------------------------


class ListProgress(_Progress, frozen=True, kw_only=True):
    """How far a list was read; instants are milliseconds since 1970.

    Args:
        since: Latest offer that earlier passes have seen; 0 before one has ended.
        latest: Latest offer that this pass has seen.
        after: Cursor of the page that comes next in this pass.
    """

    since: int = 0
    latest: int = 0
    after: str = ""


@dataclass(frozen=True, slots=True)
class AnswerList:
    """Reads what customers answered; a :class:`~hub.core.connector.Reader`.

    Args:
        path: Below ``/api/v2``.
        name: What the records are called in the answer.
        start: Parameter that takes the earliest offer.
        in_millis: Whether it takes milliseconds rather than seconds.
        offered: Field of a row that holds the time of its offer.
        window: Seconds for which an answer may still come or change.
        row_of: Row of a record.
    """

    path: str
    name: str
    start: str
    in_millis: bool
    offered: str
    window: int
    row_of: Callable[[Mapping[str, Any]], Row] = dict

    def __call__(self, ctx: Context, state: State) -> Iterator[Page]:
        """The pages of offers whose answers may have come since."""
        pages = self._pages(Api.of(ctx), convert(state, ListProgress))
        try:
            first = next(pages)
        except NotOffered as err:
            ctx.log.info("%s: not on this plan, so nothing is read (%s)", self.name, err)
            return
        yield first
        yield from pages

    def _pages(self, api: Api, progress: ListProgress) -> Iterator[Page]:
        whole, last = not progress.since, False
        while not last:
            page = api.listed(self.path, self.name, progress.after, **self._bound(progress))
            rows, last = [self.row_of(row) for row in page.rows], not page.after
            progress = self._past(rows, progress, page.after)
            saved = ListProgress(since=progress.latest) if last else progress
            yield Page(rows, next_state=saved.state, complete=whole and last)

    def _bound(self, progress: ListProgress) -> dict[str, str | int]:
        earliest = max(0, progress.since - 1_000 * self.window)
        return {self.start: earliest if self.in_millis else earliest // 1_000}

    def _past(self, rows: Sequence[Row], progress: ListProgress, after: str) -> ListProgress:
        times = [epoch_millis(at) for row in rows if (at := instant_of(row.get(self.offered)))]
        latest = max(progress.since, progress.latest, *times, 0)
        return replace(progress, latest=latest, after=after)
