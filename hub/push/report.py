"""What a push did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from hub.core.errors import HubError

_OUTCOMES: Final = {
    "done": "written", "pending": "retry", "claimed": "unanswered", "refused": "failed",
}  # fmt: skip


@dataclass(slots=True)
class PushReport:
    """What a push did.

    Args:
        plan_id: The plan that was sent.
        destination: ``connection/writer``.
        counts: Records by outcome: written, failed, unchanged, withheld, retry, unanswered.
        calls: Write calls to the vendor.
        errors: Vendor's reason to number of records.
        provisioned: Fields that were created.
        stopped: Why it stopped early, or None.
    """

    plan_id: str
    destination: str
    counts: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    provisioned: tuple[str, ...] = ()
    stopped: HubError | None = None

    def note(self, status: str) -> None:
        """Count one record by the status that its outbox row has now."""
        self.counts[_OUTCOMES.get(status, status)] += 1

    def add(self, other: PushReport) -> None:
        """Add what another push to the same destination did."""
        self.counts += other.counts
        self.calls += other.calls
        self.errors += other.errors
        self.provisioned += other.provisioned
        self.stopped = self.stopped or other.stopped
