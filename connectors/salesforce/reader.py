"""Reads one object: everything that changed, and everything that is gone.

A pass, every page of which leaves a checkpoint, so that a killed run loses one page at most:

1. Describe: which of the wanted fields the org shows. What changed about them goes into the log; a
   field that appeared was never read, so the pass starts from the beginning.
2. So it does when deletions can no longer be told: Salesforce logs them for 15 days and purges big
   logs earlier. And now and then for formula fields, which change without moving their record.
3. The window: from the highest time of change seen, less the look-back, to the start of the pass.
   A pass from the beginning has no end but the last record, so that one which changes meanwhile is
   met under its new time; whoever is then not met is gone.
4. Its records in the order of (SystemModstamp, Id), each page from the last one on: thousands of
   records with one time of change neither loop nor get lost. ``queryAll`` brings deleted ones and
   the losers of merges along. A query that takes too long is asked again about half the time.
5. Fields that do not fit into the URL are asked for by id and joined.
6. Any other pass looks into the delete log for records that left the recycle bin, too.
7. Records that count from a time on which they name themselves do not change when it comes: those
   whose time came since the last pass are read again.
8. The cursor: the highest time of change seen, but never past the start of the pass.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from connectors.salesforce.api import RETRIEVED, Api
from connectors.salesforce.client import (
    DeletesUnknown,
    FieldNotVisible,
    ObjectNotVisible,
    QueryTooSlow,
)
from connectors.salesforce.describe import SchemaChange, Shape
from connectors.salesforce.enrich import Enrich
from connectors.salesforce.progress import OLDEST, SECOND, Progress, halved, sooner
from connectors.salesforce.rows import DELETED, KEY, MASTER
from connectors.salesforce.soql import MODIFIED, Slice, fitting, select
from hub.core.batches import in_batches
from hub.core.clock import iso_z
from hub.core.connector import Context, Page, Row, State
from hub.core.conversion import convert
from hub.core.errors import StopRun
from hub.core.pages import instant_of

DELETE_LOG = timedelta(days=15)
"""How long deletions can be asked for. Source: REST API, sObject Get Deleted."""

_ALWAYS = (KEY, MODIFIED, DELETED, MASTER)

Pages = Generator[Page, None, Progress]
"""The pages of one step, and how far it got."""


@dataclass(frozen=True, slots=True)
class SObjectReader:
    """Reads one object; a :class:`~hub.core.connector.Reader`.

    Args:
        sobject: API name.
        wanted: Fields to ask for, where the org shows them.
        lookback: Seconds before the cursor that are read again.
        page_size: Records per page.
        formula_refresh: Seconds after which formula fields are read again.
        where: Further condition on the records.
        optional: Whether an org may well be without the object.
        enrich: Completes the rows of a page.
        counts_from: Field that says from when a record counts, if that may be after its change.
        own: Field that only the hub's own records fill; those are left out.
    """

    sobject: str
    wanted: tuple[str, ...]
    lookback: int
    page_size: int
    formula_refresh: int
    where: str
    optional: bool
    enrich: Enrich
    counts_from: str = ""
    own: str = ""

    def __call__(self, ctx: Context, state: State) -> Iterator[Page]:
        """The pass that an earlier run left unfinished, if any, then one up to the present.

        Raises:
            ObjectNotVisible: If the org does not show the object, but could be expected to.
        """
        api, progress = Api.of(ctx), convert(state, Progress)
        try:
            shape = api.describe(self.sobject)
        except ObjectNotVisible:
            if state or not self.optional:
                raise
            ctx.log.warning("%s: the org does not show it; nothing is read", self.sobject)
            return
        progress = self._noted(ctx, shape, progress)  # 1
        if progress.until is not None:
            progress = yield from self._pass(ctx, api, shape, progress)
        done = yield from self._pass(ctx, api, shape, self._begun(ctx, shape, progress))
        if shape.logs_deletes and done.deleted_to is None:  # 2
            yield from self._pass(ctx, api, shape, self._begun(ctx, shape, done))

    # 1, 2, 3 ---------------------------------------------------------------------------------

    def _noted(self, ctx: Context, shape: Shape, progress: Progress) -> Progress:
        """The progress under the fields that are visible now."""
        if MODIFIED not in shape.fields:
            raise StopRun(f"{self.sobject}: {MODIFIED} is not visible, so changes cannot be told")
        fields = shape.visible(dict.fromkeys((*_ALWAYS, *self.wanted)))
        if not progress.fields:
            return replace(progress, fields=fields)
        change = SchemaChange.between(progress.fields, fields)
        for line in change.told():
            ctx.log.warning("%s: %s", self.sobject, line)
        if change.added:
            ctx.log.warning("%s: read from the beginning, for the new fields", self.sobject)
            return Progress(fields=fields)
        return replace(progress, fields=fields)

    def _begun(self, ctx: Context, shape: Shape, progress: Progress) -> Progress:
        """A new pass up to now."""
        now = ctx.clock.now()
        until = now.replace(microsecond=0) + SECOND
        overlap = timedelta(seconds=self.lookback)
        if progress.since is None or self._must_start_over(ctx, shape, progress, now):
            return Progress(
                fields=progress.fields, since=progress.since, until=until, whole=True, whole_at=now
            )
        start = progress.since - overlap
        return replace(
            progress, until=until, whole=False, at=start, after="", highest=progress.since
        )

    def _must_start_over(
        self, ctx: Context, shape: Shape, progress: Progress, now: datetime
    ) -> bool:
        if shape.logs_deletes and not self._is_logged(progress, now):  # 2
            ctx.log.warning("%s: the delete log has a gap; all records are read", self.sobject)
            return True
        formulas = shape.formulas(progress.fields)
        last, age = progress.whole_at or OLDEST, timedelta(seconds=self.formula_refresh)
        return bool(formulas) and now - last >= age

    def _is_logged(self, progress: Progress, now: datetime) -> bool:
        """Whether the delete log reaches back to what is known."""
        known, overlap = progress.deleted_to, timedelta(seconds=self.lookback)
        return known is not None and now - (known - overlap) < DELETE_LOG

    # 4, 5 ---------------------------------------------------------------------------------

    def _pass(self, ctx: Context, api: Api, shape: Shape, progress: Progress) -> Pages:
        span: timedelta | None = None
        begins = progress.begins
        while True:
            end = progress.end(span)
            try:
                records = self._next(api, progress, end)
                whole = self._joined(api, records, progress)
            except QueryTooSlow:
                span = halved(progress.at or OLDEST, end or ctx.clock.now())
                continue
            except FieldNotVisible as err:
                progress = self._without_hidden(ctx, api, progress, err)
                continue
            page = self._page(ctx, api, whole, begins)
            progress = progress.past(records) if records else progress
            is_short = len(records) < self.page_size
            if is_short and end == progress.last:
                return (yield from self._ended(ctx, api, shape, progress, page))
            if is_short:
                progress, span = replace(progress, at=end, after=""), span and span * 2
            yield dataclasses.replace(page, next_state=progress.state)
            begins = False

    def _next(self, api: Api, progress: Progress, end: datetime | None) -> list[Row]:
        """The next records by (SystemModstamp, Id), with the fields that fit into the URL."""
        conditions = self._conditions(progress, end)
        names = self._inside(progress)
        query = select(names, self.sobject, conditions, ordered=True, limit=self.page_size)
        records = api.query(query, with_deleted=True)
        self._check_order(records, progress)
        return records

    def _conditions(self, progress: Progress, end: datetime | None) -> list[str]:
        conditions = [*Slice(progress.at, progress.after, end).conditions()]
        return conditions + ([self.where] if self.where else [])

    def _inside(self, progress: Progress) -> list[str]:
        """5. The fields that fit into the URL, beside the longest conditions that there can be."""
        longest = self._conditions(Progress(at=OLDEST, after="0" * 18), OLDEST)
        bare = select((), self.sobject, longest, ordered=True, limit=self.page_size)
        names = list(progress.fields)
        return names[: fitting(names, bare)]

    def _check_order(self, records: list[Row], progress: Progress) -> None:
        """Raise for a page by whose last record paging would loop or skip."""
        last, seen = progress.at or OLDEST, {progress.after}
        for record in records:
            at, key = instant_of(record.get(MODIFIED)), record.get(KEY)
            if at is None or at < last or not isinstance(key, str) or key in seen:
                raise StopRun(
                    f"{self.sobject}: a page repeats itself, is out of order, or lacks {MODIFIED}"
                )
            last = at
            seen.add(key)

    def _joined(self, api: Api, records: list[Row], progress: Progress) -> list[Row]:
        """5. The records with the fields that did not fit; one that vanished meanwhile is left out.

        Its deletion comes later in the same order.
        """
        names = list(progress.fields)[len(self._inside(progress)) :]
        if not names:
            return records
        live = [record[KEY] for record in records if not is_deleted(record)]
        rest: dict[str, Row] = {}
        for batch in in_batches(live, RETRIEVED):
            rest |= api.retrieve(self.sobject, batch, names)
        joined = ({**rest.get(record[KEY], {}), **record} for record in records)
        return [record for record in joined if is_deleted(record) or record[KEY] in rest]

    def _page(self, ctx: Context, api: Api, records: Sequence[Row], begins: bool) -> Page:
        """The page that the records make; its checkpoint is for the caller to add."""
        rows = [row for row in records if not is_deleted(row) and not row.get(self.own)]
        self.enrich(ctx, api, rows)
        gone = [record for record in records if is_deleted(record)]
        merges = {row[KEY]: str(row[MASTER]) for row in gone if row.get(MASTER)}
        deletes = [row[KEY] for row in gone if row[KEY] not in merges]
        return Page(rows, deletes=deletes, merges=merges, begins=begins)

    def _without_hidden(
        self, ctx: Context, api: Api, progress: Progress, err: FieldNotVisible
    ) -> Progress:
        """The progress without the fields that were hidden or deleted while it was running."""
        shown = api.describe(self.sobject).visible(progress.fields)
        change = SchemaChange.between(progress.fields, shown)
        if not change.removed:
            raise err
        for line in change.told():
            ctx.log.warning("%s: %s", self.sobject, line)
        return replace(progress, fields=shown)

    # 6, 7, 8 ---------------------------------------------------------------------------------

    def _ended(self, ctx: Context, api: Api, shape: Shape, progress: Progress, page: Page) -> Pages:
        """The last pages of the pass, with all that is gone."""
        known, gone = progress.until, list[str]()
        if shape.logs_deletes and not progress.whole:
            gone, known = self._gone(ctx, api, progress)
        done = progress.ended(known)  # 8
        if self.counts_from in progress.fields and progress.until:
            done = replace(done, counted_to=progress.until - SECOND)
            for batch in in_batches(self._due(api, progress, done), self.page_size):
                yield self._page(ctx, api, batch, False)
        yield dataclasses.replace(
            page,
            next_state=done.state,
            deletes=[*page.deletes, *gone],
            complete=progress.whole,
        )
        return done

    def _due(self, api: Api, progress: Progress, done: Progress) -> list[Row]:
        """7. The records whose time came since the last pass; one from the beginning met them."""
        if progress.whole or done.counted_to is None:
            return []
        start = progress.counted_to or OLDEST
        conditions = [
            f"{self.counts_from} > {iso_z(start)}",
            f"{self.counts_from} <= {iso_z(done.counted_to)}",
        ]
        return api.query(select(progress.fields, self.sobject, conditions))

    def _gone(
        self, ctx: Context, api: Api, progress: Progress
    ) -> tuple[list[str], datetime | None]:
        """Ids that left the recycle bin or lie in it, and up to where that is known."""
        now = ctx.clock.now()
        start = (progress.deleted_to or now) - timedelta(seconds=self.lookback)
        try:
            log = api.deleted(self.sobject, start, now)
        except DeletesUnknown:
            return [], None
        if log.since is not None and log.since > start:  # it was purged
            return [], None
        logged = list(dict.fromkeys(record.id for record in log.deleted_records or ()))
        gone: list[str] = []
        for batch in in_batches(logged, RETRIEVED):
            live = api.retrieve(self.sobject, batch, [KEY])  # undeleted ones stay in the log
            gone += [record_id for record_id in batch if record_id not in live]
        return gone, sooner(log.to, now)


def is_deleted(record: Mapping[str, object]) -> bool:
    """Whether the record lies in the recycle bin."""
    return record.get(DELETED) is True
