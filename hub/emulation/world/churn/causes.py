"""Why customers leave: what happens to them, how often, and how long until they go.

Causes act by chance and with a delay. To most of those to whom one happens nothing follows: they
stay, with the same tickets, silences and failed payments in their records.

Every share here is chosen; these are the published figures that they were chosen beside:

- 26.5 % of 7,043 customers left in the Telco Customer Churn set; subscriptions at Stripe lose 36 to
  43 % a year by industry (Churnkey with Stripe, "Involuntary churn benchmarks"). Here: 20 to 35 %.
- Failed payments are 20 to 40 % of churn and about half of them are recovered (median 47.6 %;
  RetentionLens, "The state of involuntary churn"). Here: half are, and they are about a fifth.
- The kinds of reasons: Keaveney 1995, Journal of Marketing 59(2), 71-82 (pricing, service failure
  and the response to it, involuntary switching). Their frequencies differ so much between methods
  and trades (East et al., Journal of Business Research) that none is taken over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from hub.emulation.world.churn.habits import Habits
from hub.emulation.world.dice import chance, moment_between

UNRESOLVED_ISSUE = "unresolved_issue"
COMPLAINT_UNHEARD = "complaint_unheard"
NOT_ADOPTED = "not_adopted"
ONE_OFF_NEED = "one_off_need"
PRICE_RISE = "price_rise"
TERM_END = "term_end"
FAILED_PAYMENT = "failed_payment"
MOVED_AWAY = "moved_away"


@dataclass(frozen=True, slots=True)
class Cause:
    """How a cause works. Nobody is held to a contract: who wants to leave may.

    Args:
        share: Of the customers to whom it can happen, those to whom it does within the year.
        leaves: Of those, who leave because of it.
        delay: Days from its beginning to the end, at least and at most.
        fades: Of those who leave, who come less often before they do.
    """

    share: float
    leaves: float
    delay: tuple[int, int]
    fades: float


CAUSES: Mapping[str, Cause] = {
    UNRESOLVED_ISSUE: Cause(0.17, 0.40, (28, 80), 0.75),
    COMPLAINT_UNHEARD: Cause(0.08, 0.50, (24, 60), 0.85),
    NOT_ADOPTED: Cause(0.22, 0.45, (35, 110), 1.0),
    ONE_OFF_NEED: Cause(0.11, 0.50, (30, 90), 1.0),
    PRICE_RISE: Cause(1.0, 0.05, (15, 70), 0.35),
    TERM_END: Cause(1.0, 0.20, (60, 60), 0.40),
    FAILED_PAYMENT: Cause(0.22, 0.50, (24, 35), 0.05),
    MOVED_AWAY: Cause(0.035, 1.0, (1, 30), 0.0),
}
DECISION = timedelta(days=60)
"""How long before the end of a yearly contract they make up their mind."""

PRICE_LETTER = timedelta(days=180)
"""When everybody is told of the new price, after the world began."""

SETTLED = timedelta(days=35)
"""Nothing but a poor start happens to somebody who has just come."""


@dataclass(frozen=True, slots=True)
class Happening:
    """A cause at work on one customer.

    Args:
        cause: One of :data:`CAUSES`.
        at: When it began.
        leaves_at: When they leave because of it; None if they get over it.
        fades: Whether they come less often: until they leave, or for some weeks.
    """

    cause: str
    at: datetime
    leaves_at: datetime | None
    fades: bool


@dataclass(frozen=True, slots=True)
class Fate:
    """What happened to one customer, as only the world knows it.

    Args:
        happenings: In order of time, up to their leaving.
        left_at: When they left; None if they stayed. It may lie after the end of the world: then
            they are on their way out and nobody can say yet who was right.
        cause: Why; None if they stayed.
    """

    happenings: tuple[Happening, ...]
    left_at: datetime | None
    cause: str | None


def fate(rng: Random, habits: Habits, start: datetime, end: datetime) -> Fate:
    """The fate of a customer: the first of their happenings to make them leave does."""
    found = sorted(_happenings(rng, habits, start, end), key=lambda each: each.at)
    leaving = [(each.leaves_at, each.cause) for each in found if each.leaves_at]
    left_at, cause = min(leaving, default=(None, None))
    kept = tuple(each for each in found if left_at is None or each.at < left_at)
    return Fate(kept, left_at, cause)


def _happenings(rng: Random, habits: Habits, start: datetime, end: datetime) -> Iterator[Happening]:
    for name, cause in CAUSES.items():
        at = _beginning(rng, name, habits, start, end)
        happens, leaves = chance(rng, cause.share), chance(rng, cause.leaves)
        delay = timedelta(days=rng.randint(*cause.delay))
        fades = chance(rng, cause.fades if leaves else cause.fades / 2)
        if at is not None and happens and at < end:
            yield Happening(name, at, at + delay if leaves else None, fades)


def _beginning(
    rng: Random, cause: str, habits: Habits, start: datetime, end: datetime
) -> datetime | None:
    """When that cause begins for them, if it happens; None if it cannot."""
    whenever = moment_between(rng, max(start, habits.joined) + SETTLED, end)
    if cause == NOT_ADOPTED:
        return habits.joined if habits.joined >= start else None
    if cause == PRICE_RISE:
        letter = start + PRICE_LETTER
        return letter if not habits.term and habits.joined < letter - SETTLED else None
    if cause == TERM_END:
        return habits.term_end(start) - DECISION if habits.term else None
    if cause == FAILED_PAYMENT:
        return None if habits.term else habits.payment_after(whenever)
    return whenever
