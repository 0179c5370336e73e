"""What a sync says to people."""

from __future__ import annotations

from hub.cli.run import sync_lines
from hub.core.errors import NeedsReauth
from hub.sync.pull import StreamReport
from hub.sync.run import SyncReport


def test_a_reason_that_all_streams_share_is_told_once() -> None:
    """A refused token fails every stream of its connection; repeated, it would hide the rest."""
    reports = []
    for stream, reason in (("users", "no token"), ("tickets", "no token"), ("comments", "locked")):
        report = StreamReport("desk", stream)
        report.error = NeedsReauth(f"desk: {reason}")
        reports.append(report)

    lines = sync_lines(SyncReport("run", tuple(reports)))

    assert [line.partition(": ")[2] for line in lines if line.startswith("  ")] == [
        "desk: no token",
        "as above",
        "desk: locked",
    ]
