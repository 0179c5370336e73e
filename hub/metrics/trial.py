"""Trials that became paying, by contract and within a stated window."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo

from hub.metrics.contract import Contract, newest_months
from hub.metrics.interval import wilson
from hub.metrics.months import DAY, begin, label
from hub.metrics.snapshot import Measured


def trials(
    contracts: Iterable[Contract], start: int, end: int, window_days: int, now: int
) -> dict[str, int]:
    """Trials begun in the period, by what became of them within ``window_days``.

    ``paid`` and ``not_paid`` make the rate, ``payment_failed`` of them is involuntary. ``open``:
    the window is not over, so nothing is known yet. ``no_trial``: the person was paying when the
    trial began; a change of plan is no conversion.
    """
    held: dict[str, list[Contract]] = defaultdict(list)
    for each in contracts:
        held[each.person].append(each)
    counts = dict.fromkeys(("paid", "not_paid", "payment_failed", "open", "no_trial"), 0)
    for own in held.values():
        for trial in own:
            if trial.is_trial and start <= trial.start < end:
                for outcome in _outcome(trial, own, window_days * DAY, now):
                    counts[outcome] += 1
    return counts


def overall(
    contracts: Sequence[Contract], now: int, zone: tzinfo, window_days: int, confidence: float
) -> Iterator[Measured]:
    """Conversion of the newest complete months, provisional while windows are open."""
    for month in newest_months(contracts, now, zone):
        start, end = begin(month, zone), begin(month + 1, zone)
        counts = trials(contracts, start, end, window_days, now)
        if known := counts["paid"] + counts["not_paid"]:
            yield Measured(
                "trial_to_paid", label(month), wilson(counts["paid"], known, confidence),
                (start, end - 1), status="provisional" if counts["open"] else "ok", detail=counts,
            )  # fmt: skip


def _outcome(trial: Contract, own: Sequence[Contract], window: int, now: int) -> Iterator[str]:
    others = [each for each in own if each is not trial]
    if any(each.pays_at(trial.start) for each in others):
        yield "no_trial"
        return
    until = trial.start + window
    if any(
        each.paid_from <= min(until, now) and (each.end is None or each.end > each.paid_from)
        for each in own
        if each.paid_from >= trial.start
    ):
        yield "paid"
    elif now < until:
        yield "open"
    else:
        yield "not_paid"
        if trial.reason == "payment_failed":
            yield "payment_failed"
