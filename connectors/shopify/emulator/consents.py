"""Which marketing states an app may set.

Source: Shopify Admin GraphQL 2026-10, ``CustomerEmailMarketingConsentInput`` and the two consent
mutations: three states are accepted, an address is needed. That subscribing needs an opt-in level:
shopify-api-ruby#1287 (REST). Recorded answers: a state that cannot be set is an error of GraphQL,
not a user error. Unconfirmed: the other wordings; that the level stays when somebody leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.shopify.emulator.records import Consent
from connectors.shopify.emulator.refusals import InputRefused, UserError, not_settable
from connectors.shopify.emulator.shop import Shop

SETTABLE = ("SUBSCRIBED", "UNSUBSCRIBED", "PENDING")


def decided(
    shop: Shop, channel: str, given: Mapping[str, Any], known: Consent, point: str | None
) -> Consent:
    """The marketing state that an input stands for; unchanged if it says what is so already.

    Args:
        shop: Whose time it is.
        channel: ``email`` or ``sms``.
        given: ``marketingState``, ``marketingOptInLevel`` and ``consentUpdatedAt``.
        known: The state so far.
        point: The customer's address or telephone, if there is one.

    Raises:
        GraphQLError: If the state is none that anybody sets.
        InputRefused: If an app may not set it so.
    """
    state, level = given["marketingState"], given.get("marketingOptInLevel")
    if state not in SETTABLE:
        raise not_settable(state)
    if not point:
        what = "an email address" if channel == "email" else "a phone number"
        said = f"Customer must have {what} to update their marketing consent"
        raise InputRefused(UserError(said, ["customerId"], "INVALID"))
    if state == "SUBSCRIBED" and level is None:
        said = "Marketing opt in level is required to subscribe"
        raise _refused(channel, "marketingOptInLevel", said, "MISSING_ARGUMENT")
    at = given.get("consentUpdatedAt")
    if at is not None and at > shop.now():
        said = "Consent updated at cannot be in the future"
        raise _refused(channel, "consentUpdatedAt", said, "INVALID")
    if at is None and known.state == state and level in (None, known.opt_in_level):
        return known
    return Consent(state, level or known.opt_in_level, at or shop.now(), "OTHER")


def _refused(channel: str, field: str, message: str, code: str) -> InputRefused:
    return InputRefused(UserError(message, [f"{channel}MarketingConsent", field], code))
