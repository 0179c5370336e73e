"""Signals of contract and payment: what ends by itself unless somebody does something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from hub.core.records import Interaction, Subscription
from hub.journeys import kinds
from hub.journeys.event import Event
from hub.text.tokens import tokenise
from hub.voc.past import Past
from hub.voc.signal import MONTH, Finding, Signal

_CONTRACT_DAYS: Final = 60
_PAGES: Final = frozenset(
    {"plan", "plans", "price", "prices", "pricing", "cancel", "cancellation", "downgrade"}
)
"""Words in the names of pages that somebody looks at who thinks of changing or leaving."""


def contract_ends(past: Past) -> Sequence[Finding]:
    """A contract that runs out within 60 days, and nobody speaks of renewal.

    A cancellation that is already given is no risk any more: it has happened.
    """
    return [
        Finding(
            max(event.at - timedelta(days=_CONTRACT_DAYS), event.record.started_at),
            f"a contract ends in {-past.age(event.at):.0f} days and nothing is done to renew it",
            (event,),
        )
        for event in past.ahead
        if event.kind == kinds.SUBSCRIPTION_ENDED
        and isinstance(event.record, Subscription)
        and event.record.end_reason in (None, "completed")
        and -past.age(event.at) < _CONTRACT_DAYS
        and not list(_renewals(past, event))
    ]


def _renewals(past: Past, ending: Event) -> Iterator[Event]:
    began = ending.at - timedelta(days=_CONTRACT_DAYS)
    talks = {kinds.DEAL_OPENED, kinds.DEAL_WON, kinds.SUBSCRIPTION_STARTED}
    for event in past.of(talks):
        if event.at > began and event.source != ending.source:
            yield event


def looked_around(past: Past) -> Sequence[Finding]:
    """A look at plans, prices or how to leave, while a contract runs out."""
    since = min((finding.at for finding in contract_ends(past)), default=None)
    return [
        Finding(event.at, f'looked at "{event.record.subject}" while a contract runs out', (event,))
        for event in past.of({kinds.PAGE_VIEW})
        if since is not None and event.at >= since and isinstance(event.record, Interaction)
        if _PAGES.intersection(token.form for token in tokenise(event.record.subject or ""))
    ]


def failed_payment(past: Past) -> Sequence[Finding]:
    """Payments that failed and were not mended by one that went through; each try adds."""
    mended = past.of({kinds.PAYMENT, kinds.ORDER, kinds.SUBSCRIPTION_STARTED})
    latest = mended[-1].at if mended else datetime.min.replace(tzinfo=past.now.tzinfo)
    return [
        Finding(event.at, "a payment failed", (event,))
        for event in past.of({kinds.PAYMENT_FAILED}, days=60)
        if event.at > latest
    ]


def running(past: Past) -> list[Event]:
    """The beginnings of contracts that have not ended."""
    return [
        event
        for event in past.of({kinds.SUBSCRIPTION_STARTED})
        if isinstance(event.record, Subscription)
        and (event.record.ended_at is None or event.record.ended_at > past.now)
    ]


_CONTRACTS = frozenset({kinds.SUBSCRIPTION_STARTED, kinds.SUBSCRIPTION_ENDED})
_PAGE_VIEWS = frozenset({kinds.PAGE_VIEW})
_PAYMENTS = frozenset({kinds.PAYMENT_FAILED, kinds.SUBSCRIPTION_STARTED})

SIGNALS: Final = (
    Signal("contract-ends", 15, 15, None, (_CONTRACTS,), contract_ends),
    Signal("looked-around", 15, 15, MONTH, (_CONTRACTS, _PAGE_VIEWS), looked_around),
    Signal("failed-payment", 20, 60, 14, (_PAYMENTS,), failed_payment, involuntary=True),
)
