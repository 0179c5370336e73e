"""Writes withdrawals into HubSpot's subscription statuses, and believes only what it reads there.

1. Whose address: the one that the customer named, else the contact's own.
2. Which subscription types stand for the purpose, by hub.toml.
3. Unsubscribe each address from each of them.
4. Read the statuses back: a withdrawal is done when HubSpot says so itself.

Only withdrawals: HubSpot takes an opt-in after an opt-out from the customer's own hand alone, and
so does the hub.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.hubspot.api import Api, StatusChange, in_batches
from connectors.hubspot.config import HubSpotSettings
from connectors.hubspot.rows import KEY, row_of
from hub.core.connector import ConsentChange, Context, RowResult
from hub.core.released import Released


@dataclass(frozen=True, slots=True)
class _Target:
    """One change with the statuses that express it, or why there are none."""

    change: ConsentChange
    email: str = ""
    types: frozenset[int] = frozenset()
    refusal: str = ""


def write_consent(ctx: Context, batch: Sequence[Released[ConsentChange]]) -> list[RowResult]:
    """What became of each change, by HubSpot's own statuses after the write."""
    api = Api.of(ctx)
    targets = _targets(api, ctx.config, [released.value for released in batch])
    wanted = [
        StatusChange(target.email, type_id)
        for target in targets
        for type_id in sorted(target.types)
    ]
    for part in in_batches(wanted):
        api.write_statuses(part)  # 3
    return [_result(target, held) for target, held in _confirmed(api, targets)]  # 4


def read_back(ctx: Context, changes: Sequence[ConsentChange]) -> list[bool]:
    """Whether HubSpot now says what each change asked for."""
    api = Api.of(ctx)
    return [held for _, held in _confirmed(api, _targets(api, ctx.config, changes))]


def _targets(
    api: Api, settings: HubSpotSettings, changes: Sequence[ConsentChange]
) -> list[_Target]:
    emails = _own_addresses(api, [change.native_id for change in changes if not change.point])
    types = _types_by_purpose(api, settings)
    return [
        _target(change, change.point or emails.get(change.native_id), types) for change in changes
    ]


def _target(
    change: ConsentChange, email: str | None, types: Mapping[str, frozenset[int]]
) -> _Target:
    if change.decision != "withdraw":
        return _Target(change, refusal="an opt-in is the customer's own act, it is not written")
    if change.channel != "email" or email is None or "@" not in email:
        return _Target(change, refusal="HubSpot keeps consent by e-mail address only")
    if change.purpose not in types:
        return _Target(change, refusal=f"no subscription type stands for {change.purpose}")
    return _Target(change, email.lower(), types[change.purpose])


def _own_addresses(api: Api, ids: Iterable[str]) -> dict[str, str]:
    """1. The addresses of contacts, by record id."""
    found: dict[str, str] = {}
    for batch in in_batches(sorted(set(ids))):
        rows = [row_of(record) for record in api.read("contacts", batch, ["email"])]
        found |= {row[KEY]: str(row["email"]) for row in rows if row.get("email")}
    return found


def _types_by_purpose(api: Api, settings: HubSpotSettings) -> dict[str, frozenset[int]]:
    """2. Ids of the subscription types, by the purpose that they stand for."""
    found: dict[str, frozenset[int]] = {}
    for kind in api.subscription_types():
        purpose = settings.purpose_of(str(kind.id), kind.name or "")
        if purpose is not None:
            found[purpose] = found.get(purpose, frozenset()) | {int(kind.id)}
    return found


def _confirmed(api: Api, targets: Sequence[_Target]) -> list[tuple[_Target, bool]]:
    said: dict[str, list[dict[str, Any]]] = {}
    for batch in in_batches(sorted({target.email for target in targets if target.email})):
        said |= api.statuses(batch)
    return [(target, _is_held(target, said.get(target.email, []))) for target in targets]


def _is_held(target: _Target, statuses: Sequence[Mapping[str, Any]]) -> bool:
    refused = {s.get("subscriptionId") for s in statuses if s.get("status") == "UNSUBSCRIBED"}
    return bool(target.types) and target.types <= refused


def _result(target: _Target, held: bool) -> RowResult:
    if held:
        return RowResult(target.change.trace, ok=True)
    error = target.refusal or "HubSpot does not show the withdrawal"
    return RowResult(target.change.trace, ok=False, error=error, retryable=not target.refusal)
