"""Whether a connector keeps what the contract promises."""

from __future__ import annotations

from collections.abc import Collection

from hub.testing import Check, Grade, Subject, conduct


def assert_kept(check: Check, subject: Subject, not_claimed: Collection[str] = ()) -> None:
    """The check does not fail; what the connector does not claim is of the gold grade alone."""
    if check.id in not_claimed:
        assert check.grade is Grade.GOLD
        return

    finding = conduct(check, subject)

    assert finding.outcome != "failed", finding.detail
