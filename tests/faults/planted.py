"""Bugs that the harness has to find, planted into the child: steps in the wrong order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hub.core.clock import to_micros
from hub.core.connector import Context, Page, RowResult, State, Stream
from hub.push import handover_send, send
from hub.push.report import PushReport
from hub.push.send import Claimed, Sender
from hub.push.settling import Settler
from hub.store.engine import Store
from hub.store.handovers import Handover
from hub.store.leases import Lease
from hub.store.outbox import Outcome
from hub.sync.ingest import Ingest
from hub.sync.pull import Puller, Source, StreamReport, register


def cursor_before_rows() -> None:
    """The checkpoint is saved in a transaction of its own, before the rows that it covers."""
    read_pages = Puller._read_pages

    def planted(
        self: Puller, source: Source, stream: Stream, lease: Lease, report: StreamReport
    ) -> None:
        def read(ctx: Context, state: State) -> Iterator[Page]:
            for page in stream.reader(ctx, state):
                _save_cursor(self.store, row_id, page)
                yield page

        row_id = register(self.store, source, stream)
        read_pages(self, source, replace(stream, reader=read), lease, report)

    Puller._read_pages = planted  # type: ignore[method-assign]


def _save_cursor(store: Store, stream_id: int, page: Page) -> None:
    ingest: Any = object.__new__(Ingest)
    ingest._target = type("Target", (), {"stream_id": stream_id})
    ingest._seen = None
    with store.write() as connection:
        ingest._save(connection, page, to_micros(store.clock.now()))


def receipt_before_send() -> None:
    """A batch is noted as written in the moment it is claimed."""
    claim = Sender._claim

    def planted(
        self: Sender, batch: Sequence[int], lease: Lease, report: PushReport
    ) -> list[Claimed]:
        claimed = claim(self, batch, lease, report)
        done = [RowResult(item.released.value.trace, ok=True) for item in claimed]
        self._receipt(claimed, done, lease, report)
        return claimed

    Sender._claim = planted  # type: ignore[method-assign]


def sent_without_reading_back() -> None:
    """Nobody looks whether a value arrived, when it is settled or before it is sent again."""
    vars(send)["same"] = lambda _there, _wanted: False
    Settler._settle_one = lambda *_rest: Outcome("pending")  # type: ignore[method-assign]


def task_sent_without_finding() -> None:
    """Nobody asks whether a task that was sent is there; it is just sent again."""

    def planted(row: Handover, _reference: str | None, now: int) -> Handover:
        return replace(row, status="wanted", updated_at=now)

    vars(handover_send)["_settled"] = planted


PLANTS: Mapping[str, Callable[[], None]] = {
    "cursor saved before rows": cursor_before_rows,
    "receipt before send": receipt_before_send,
    "sent again without reading back": sent_without_reading_back,
    "task sent again without finding": task_sent_without_finding,
}
