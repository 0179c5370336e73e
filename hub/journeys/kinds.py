"""The closed vocabulary of a timeline: what an event can be, and which happens first in a tie.

A vendor's own word for an interaction becomes one of these; a word that the hub does not know is
``other``, never a guess, and keeps its name in the record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

LOG_IN: Final = "log_in"
PAGE_VIEW: Final = "page_view"
USAGE: Final = "usage"
CART: Final = "cart"
ORDER: Final = "order"
RETURN: Final = "return"
REFUND: Final = "refund"
LOYALTY: Final = "loyalty"
DEAL_OPENED: Final = "deal_opened"
DEAL_WON: Final = "deal_won"
DEAL_LOST: Final = "deal_lost"
SUBSCRIPTION_STARTED: Final = "subscription_started"
PAYMENT: Final = "payment"
PAYMENT_FAILED: Final = "payment_failed"
SUBSCRIPTION_ENDED: Final = "subscription_ended"
CAMPAIGN: Final = "campaign"
VISIT: Final = "visit"
CALL: Final = "call"
CHAT: Final = "chat"
TICKET_OPENED: Final = "ticket_opened"
MESSAGE_IN: Final = "message_in"
MESSAGE_OUT: Final = "message_out"
NOTE: Final = "note"
TRANSCRIPT: Final = "transcript"
STAFF_OBSERVATION: Final = "staff_observation"
USABILITY_FINDING: Final = "usability_finding"
TASK_OPENED: Final = "task_opened"
TASK_DONE: Final = "task_done"
TICKET_SOLVED: Final = "ticket_solved"
SURVEY: Final = "survey"
REVIEW: Final = "review"
OTHER: Final = "other"

MEANINGS: Final[Mapping[str, str]] = {
    LOG_IN: "the customer logged in",
    PAGE_VIEW: "they looked at a page or screen",
    USAGE: "they used the product, or searched in it",
    CART: "they filled a cart or began a checkout",
    ORDER: "they ordered; the lines of a receipt are one order",
    RETURN: "they brought something back",
    REFUND: "they got money back",
    LOYALTY: "their points moved, or their tier",
    DEAL_OPENED: "a sale to them began",
    DEAL_WON: "it was won",
    DEAL_LOST: "it was lost",
    SUBSCRIPTION_STARTED: "a contract began",
    PAYMENT: "a payment went through",
    PAYMENT_FAILED: "a payment failed",
    SUBSCRIPTION_ENDED: "a contract ended, or will",
    CAMPAIGN: "a campaign reached them, or was opened, clicked, left",
    VISIT: "they met somebody: a visit, a meeting, an appointment",
    CALL: "they spoke by phone",
    CHAT: "they chatted",
    TICKET_OPENED: "they opened a ticket",
    MESSAGE_IN: "they wrote a message",
    MESSAGE_OUT: "they were written to",
    NOTE: "staff left a remark that the customer never saw",
    TRANSCRIPT: "what was said was written down",
    STAFF_OBSERVATION: "staff noticed something",
    USABILITY_FINDING: "a test with users found something",
    TASK_OPENED: "somebody owes them work",
    TASK_DONE: "that work was done",
    TICKET_SOLVED: "a ticket was solved, the last time if it was opened again",
    SURVEY: "they were asked and may have answered",
    REVIEW: "they wrote a review",
    OTHER: "an interaction that its source names in a word of its own",
}
"""Every kind and what it says, in the order in which events of one instant are told: a cause comes
before its answer."""

KINDS: Final = tuple(MEANINGS)

RANK: Final = {kind: rank for rank, kind in enumerate(KINDS)}

CONTACTS: Final = frozenset({CALL, CHAT, VISIT, TICKET_OPENED, MESSAGE_IN})
"""Kinds in which the customer turns to somebody."""

FEEDBACK: Final = frozenset({SURVEY, REVIEW})
"""Kinds in which the customer says what they think of it."""

INTERNAL: Final = frozenset(
    {NOTE, STAFF_OBSERVATION, USABILITY_FINDING, TASK_OPENED, TASK_DONE, TRANSCRIPT, PAYMENT}
)
"""Kinds that staff know of and the customer does not meet: no touchpoints."""

_WORDS: Final = {
    LOG_IN: "login log_in signin sign_in session_start",
    PAGE_VIEW: "view page_view pageview screen_view",
    USAGE: "usage use feature search session api_call",
    CART: "cart add_to_cart checkout checkout_started",
    RETURN: "return returned",
    REFUND: "refund refunded",
    CAMPAIGN: "campaign sent delivered opened open clicked click bounced bounce unsubscribed "
    "unsubscribe campaign_email",
    VISIT: "visit store_visit meeting appointment demo",
    CALL: "call phone phone_call inbound_call outbound_call",
    CHAT: "chat live_chat messaging",
    PAYMENT: "payment paid payment_succeeded payment_received invoice_paid charge",
    PAYMENT_FAILED: "payment_failed failed_payment charge_failed",
}
_KIND_OF: Final = {word: kind for kind, words in _WORDS.items() for word in words.split()}


def of_interaction(word: str) -> str:
    """The kind that a source's own word for an interaction stands for.

    >>> of_interaction("Log-in"), of_interaction("clicked"), of_interaction("fax")
    ('log_in', 'campaign', 'other')
    """
    return _KIND_OF.get(re.sub(r"[\s-]+", "_", word.strip().lower()), OTHER)
