"""Every error of the hub; the type says what the engine does next.

    HubError
    ├── ConfigError          stop before starting; the admin edits hub.toml            exit 2
    ├── NeedsReauth          stop this connection; the admin renews a credential       exit 4
    ├── Unavailable          stop this run; a system or the database is out of reach   exit 5
    │   ├── RetryLater       wait (``after`` seconds if the vendor said so), then try again
    │   └── OutcomeUnknown   a write may have taken effect; read back before sending again
    ├── StopRun              stop this stream now, keep its checkpoint; others go on   exit 1
    │   ├── BudgetExhausted  the vendor's daily budget is spent; resume after ``resets_at``
    │   ├── LeaseLost        another process took over this run slot; nothing was written
    │   └── Stopping         the hub was told to stop; the next run goes on from here
    ├── SkipRecord           put this one record into quarantine with its reason; go on
    ├── StoreError           the database refused; nothing was half-written            exit 5
    │   └── StoreConflict    another transaction was faster; repeat this one           exit 5
    ├── NotFound             the id or name that was asked for does not exist          exit 1
    └── TamperEvident        a proof did not verify                                    exit 1

A message says what happened, to which connection and record id, and the next step. It never
carries personal data or a secret: those stay in the quarantined row, masked.
"""

from __future__ import annotations

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_CONFIG = 2
EXIT_PARTIAL = 3
EXIT_AUTH = 4
EXIT_UNAVAILABLE = 5
EXIT_INTERRUPTED = 130


class HubError(Exception):
    """A failure whose message is written for the admin.

    Args:
        message: What happened, to which connection or record, and what to do next.
        code: Stable identifier ``HUB-nnn``; ``hub explain HUB-nnn`` says more.
    """

    exit_code = EXIT_FAILED
    default_code = "HUB-100"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(_legible(message))
        self.code = code or self.default_code


def _legible(message: str) -> str:
    """``message`` as any terminal, log and database takes it: what it quotes may be binary."""
    if message.replace("\n", "").isprintable():
        return message
    return "".join(
        each if each == "\n" or each.isprintable() else each.encode("unicode_escape").decode()
        for each in message
    )


class ConfigError(HubError):
    """The configuration cannot be used; nothing was started."""

    exit_code = EXIT_CONFIG
    default_code = "HUB-200"


class NeedsReauth(HubError):
    """The vendor refused the credential; only a person can renew it."""

    exit_code = EXIT_AUTH
    default_code = "HUB-400"


class Unavailable(HubError):
    """A system is out of reach; what was committed stays committed."""

    exit_code = EXIT_UNAVAILABLE
    default_code = "HUB-500"


class RetryLater(Unavailable):
    """The vendor asked for patience.

    Args:
        after: Seconds to wait, or None when the vendor did not say.
    """

    default_code = "HUB-501"

    def __init__(self, message: str, *, after: float | None = None, code: str | None = None):
        super().__init__(message, code=code)
        self.after = after


class OutcomeUnknown(Unavailable):
    """A write was sent and its answer lost: it may or may not have taken effect.

    The engine reads the records back before it sends them again.
    """

    default_code = "HUB-502"


class StopRun(HubError):
    """This stream stops here; its checkpoint is kept and other streams go on."""

    default_code = "HUB-110"


class BudgetExhausted(StopRun):
    """The vendor's budget for the day is spent; the run resumes from its checkpoint.

    Args:
        resets_in: Seconds until the budget is renewed, or None when unknown.
    """

    default_code = "HUB-111"

    def __init__(self, message: str, *, resets_in: float | None = None, code: str | None = None):
        super().__init__(message, code=code)
        self.resets_in = resets_in


class LeaseLost(StopRun):
    """Another process owns this run slot now; the write was refused and rolled back."""

    default_code = "HUB-112"


class Stopping(StopRun):
    """The hub was told to stop: the run leaves off at a checkpoint, the next one goes on there."""


class SkipRecord(HubError):
    """One record cannot be used; it goes to quarantine and the page goes on.

    Args:
        reason: Short machine-readable reason, such as ``bad-date``.
        where: Place in the source, such as ``sales.csv:17:4`` or ``contacts/512.email``.
    """

    default_code = "HUB-120"

    def __init__(self, message: str, *, reason: str, where: str = "", code: str | None = None):
        super().__init__(message, code=code)
        self.reason = reason
        self.where = where


class StoreError(HubError):
    """The database refused; the transaction was rolled back whole."""

    exit_code = EXIT_UNAVAILABLE
    default_code = "HUB-510"


class StoreConflict(StoreError):
    """Two transactions wanted the same row; this one was rolled back and may be tried again."""

    default_code = "HUB-517"


class NotFound(HubError):
    """The id or name that was asked for does not exist."""

    default_code = "HUB-130"


class TamperEvident(HubError):
    """A proof did not verify; the message names the first place that differs."""

    default_code = "HUB-140"
