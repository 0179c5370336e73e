"""Writes withdrawals into Shopify's marketing states, and believes only what it reads there.

1. What the customers' own e-mail addresses and phones are, and what state each is in: Shopify keeps
   one marketing state per customer and channel, that of the address they have now.
2. Set the state of each address that is not unsubscribed already.
3. Read the states back: a withdrawal is done when Shopify says so itself.

Only withdrawals: an opt-in is the customer's own act.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.shopify.api import LOOKED_UP, Api
from connectors.shopify.config import ShopifySettings
from connectors.shopify.documents import CUSTOMER_CONSENTS
from connectors.shopify.rows import KEY, inside
from hub.core.batches import in_batches
from hub.core.connector import ConsentChange, Context, Row, RowResult
from hub.core.released import Released
from hub.core.values import lower, text

_OUT = "UNSUBSCRIBED"


@dataclass(frozen=True, slots=True)
class _Target:
    """One change with the state that expresses it, or why there is none."""

    change: ConsentChange
    state: str | None = None
    refusal: str = ""
    not_held: bool = False

    @property
    def held(self) -> bool:
        """Whether Shopify says what the change asks for."""
        return not self.refusal and self.state == _OUT


def write_consent(ctx: Context, batch: Sequence[Released[ConsentChange]]) -> list[RowResult]:
    """What became of each change, by Shopify's own states after the write."""
    api, changes = Api(ctx), [released.value for released in batch]
    refused = {
        target.change.trace: _set(api, target.change)  # 2
        for target in _targets(api, ctx.config, changes)
        if not target.refusal and not target.held
    }
    return [
        _result(target, refused.get(target.change.trace, ""))
        for target in _targets(api, ctx.config, changes)  # 3
    ]


def read_back(ctx: Context, changes: Sequence[ConsentChange]) -> list[bool]:
    """Whether Shopify now says what each change asked for."""
    return [target.held for target in _targets(Api(ctx), ctx.config, changes)]


def _targets(
    api: Api, settings: ShopifySettings, changes: Sequence[ConsentChange]
) -> list[_Target]:
    """1."""
    rows: dict[str, Row] = {}
    for batch in in_batches(sorted({change.native_id for change in changes}), LOOKED_UP):
        rows |= {str(row[KEY]): row for row in api.by_id(CUSTOMER_CONSENTS, batch, ())}
    return [_target(change, rows.get(change.native_id), settings) for change in changes]


def _target(change: ConsentChange, row: Row | None, settings: ShopifySettings) -> _Target:
    if change.decision != "withdraw":
        return _Target(change, refusal="an opt-in is the customer's own act, it is not written")
    if change.purpose != settings.purpose:
        told = f"marketing does not stand for {change.purpose} there"
        return _Target(change, refusal=told, not_held=True)
    if change.channel not in ("email", "sms"):
        told = "Shopify keeps consent to e-mail and SMS only"
        return _Target(change, refusal=told, not_held=True)
    if row is None:
        return _Target(change, refusal="there is no such customer any more")
    point, state = _said(row, change.channel)
    if point is None or (change.point and _bare(change.point) != _bare(point)):
        return _Target(change, refusal="the customer does not have that address there (any more)")
    return _Target(change, state)


def _said(row: Row, channel: str) -> tuple[str | None, str | None]:
    """The customer's address in a channel, and its marketing state."""
    if channel == "email":
        email = inside(row, "defaultEmailAddress")
        return lower(email, "emailAddress"), text(email, "marketingState")
    phone = inside(row, "defaultPhoneNumber")
    return text(phone, "phoneNumber"), text(inside(phone, "smsMarketingConsent"), "state")


def _bare(point: str) -> str:
    """An address without what people and systems spell differently."""
    return "".join(each for each in point.lower() if not each.isspace() and each not in "-().")


def _set(api: Api, change: ConsentChange) -> str:
    """Shopify's codes if it refused to set the state."""
    state: Mapping[str, object] = {"marketingState": _OUT}
    if change.channel == "email":
        asked = {"customerId": change.native_id, "emailMarketingConsent": state}
        errors = api.set_email_consent(asked)
    else:
        errors = api.set_sms_consent({"customerId": change.native_id, "smsMarketingConsent": state})
    return ", ".join(sorted({str(error.get("code") or "refused") for error in errors}))


def _result(target: _Target, refused: str) -> RowResult:
    if target.held:
        return RowResult(target.change.trace, ok=True)
    error = target.refusal or refused or "Shopify does not show the withdrawal"
    final = bool(target.refusal or refused)
    return RowResult(
        target.change.trace, ok=False, error=error, retryable=not final, not_held=target.not_held
    )
