"""How far a stream has been read: its checkpoint, and the arithmetic of its windows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from connectors.salesforce.rows import KEY
from connectors.salesforce.soql import MODIFIED
from hub.core.connector import Row, State
from hub.core.errors import StopRun
from hub.core.pages import instant_of

OLDEST = datetime(1999, 1, 1, tzinfo=UTC)
"""Before there was Salesforce."""
SECOND = timedelta(seconds=1)


class Progress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stream's checkpoint.

    Args:
        fields: What is read, with its types.
        since: All that changed up to here is in; None before the first pass has ended.
        until: End of the window of the pass in progress; None when there is none.
        whole: Whether that pass started from the beginning.
        at: Time of change of the last record read.
        after: Its id.
        highest: Highest time of change that the pass has seen.
        counted_to: Records that count from a later time than their last change on are in, of those
            whose time came up to here.
        deleted_to: Deletions are known up to here; None if they no longer can be.
        whole_at: When the last pass from the beginning began.
    """

    fields: dict[str, str] = {}
    since: datetime | None = None
    until: datetime | None = None
    whole: bool = False
    at: datetime | None = None
    after: str = ""
    highest: datetime | None = None
    counted_to: datetime | None = None
    deleted_to: datetime | None = None
    whole_at: datetime | None = None

    @property
    def begins(self) -> bool:
        """Whether a pass from the beginning has not brought anything yet."""
        return self.whole and self.at is None

    @property
    def state(self) -> State:
        """JSON for the store."""
        state: State = msgspec.to_builtins(self)
        return state

    def end(self, span: timedelta | None) -> datetime | None:
        """Where the next query stops: at most ``span`` ahead, and at the window's end if any."""
        ahead = (self.at or OLDEST) + span if span else None
        if ahead and self.until and ahead < self.until:
            return ahead
        return self.last

    @property
    def last(self) -> datetime | None:
        """Where the pass stops; None: at the very last record."""
        return None if self.whole else self.until

    def past(self, records: Sequence[Row]) -> Progress:
        """The progress once ``records`` are durable."""
        at = instant_of(records[-1][MODIFIED])
        after = str(records[-1][KEY])
        return replace(self, at=at, after=after, highest=later(self.highest, at))

    def ended(self, deleted_to: datetime | None) -> Progress:
        """The progress once the pass is over.

        The cursor is the highest time of change seen, but never past the start of the pass.
        """
        return Progress(
            fields=self.fields,
            since=later(self.since, sooner(self.highest, self.until)),
            deleted_to=deleted_to,
            whole_at=self.whole_at,
        )


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two instants; the one that there is."""
    return max((each for each in (one, other) if each is not None), default=None)


def sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two instants; the one that there is."""
    return min((each for each in (one, other) if each is not None), default=None)


def halved(start: datetime, end: datetime) -> timedelta:
    """Half the time from ``start`` to ``end``, in whole seconds.

    Raises:
        StopRun: If it cannot be halved: one second holds too much.
    """
    half = (end - start) // 2
    half -= timedelta(microseconds=half.microseconds)
    if half < SECOND:
        raise StopRun(
            f"the query about the records of {start.isoformat()} takes too long even alone. "
            "Read fewer fields, or ask Salesforce to index SystemModstamp"
        )
    return half
