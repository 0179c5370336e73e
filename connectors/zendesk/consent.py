"""Writes withdrawals into custom user fields, and believes only what it reads there.

1. Which checkbox stands for the purpose on that channel, by hub.toml.
2. The hub's own fields are created where they are missing; a business's own are not.
3. Untick the box and date the decision.
4. Read the users back: a withdrawal is done when Zendesk shows it.

Zendesk has no consent of its own. Only withdrawals are written: an opt-in is the customer's own
act. A box belongs to the whole user, so a withdrawal for one address covers all of a user's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.zendesk.api import BATCH, Api
from connectors.zendesk.config import ConsentField, ZendeskSettings
from connectors.zendesk.fields import OWNED, consent_definitions
from connectors.zendesk.rows import KEY
from connectors.zendesk.writer import Updates
from hub.core.batches import in_batches
from hub.core.connector import Change, ConsentChange, Context, Row, RowResult, Value
from hub.core.released import Released


@dataclass(frozen=True, slots=True)
class _Target:
    """One change with the field that expresses it, or why there is none."""

    change: ConsentChange
    field: ConsentField | None = None
    refusal: str = ""
    not_held: bool = False


def write_consent(ctx: Context, batch: Sequence[Released[ConsentChange]]) -> list[RowResult]:
    """What became of each change, by Zendesk's own fields after the write."""
    targets = _targets(ctx.config, [released.value for released in batch])
    wanted = [change for target in targets for change in _changes(ctx, target)]
    _create_missing(Api.of(ctx), [target.field for target in targets if target.field])
    updates = Updates("users")
    for part in in_batches(wanted, BATCH):
        updates.send(ctx, part)
    held = _held(Api.of(ctx), targets)
    return [_result(target, ok) for target, ok in zip(targets, held, strict=True)]


def read_back(ctx: Context, changes: Sequence[ConsentChange]) -> list[bool]:
    """Whether Zendesk now shows what each change asked for."""
    return _held(Api.of(ctx), _targets(ctx.config, changes))


def _targets(settings: ZendeskSettings, changes: Sequence[ConsentChange]) -> list[_Target]:
    return [_target(settings, change) for change in changes]


def _target(settings: ZendeskSettings, change: ConsentChange) -> _Target:
    if change.decision != "withdraw":
        return _Target(change, refusal="an opt-in is the customer's own act, it is not written")
    field = settings.consent_field(change.purpose, change.channel)  # 1
    if field is None:
        told = f"no user field stands for {change.purpose} by {change.channel}: add it to consents"
        return _Target(change, refusal=told, not_held=True)
    return _Target(change, field)


def _create_missing(api: Api, fields: Sequence[ConsentField]) -> None:
    """2. The hub's own fields, created once."""
    present = api.fields("users") if fields else set()
    for field in dict.fromkeys(fields):
        for definition in consent_definitions(field):
            key = str(definition["key"])
            if key.startswith(OWNED) and key not in present:
                api.create_field("users", definition)
                present.add(key)


def _changes(ctx: Context, target: _Target) -> list[Change]:
    """3. What expresses a withdrawal."""
    if target.field is None:
        return []
    values: dict[str, Value] = {target.field.field: False}
    if target.field.decided is not None:
        values[target.field.decided] = ctx.clock.now().date().isoformat()
    return [Change(target.change.native_id, values, target.change.trace)]


def _held(api: Api, targets: Sequence[_Target]) -> list[bool]:
    """4. Whether each change stands in its user's fields."""
    ids = [target.change.native_id for target in targets if target.field]
    users = {str(row[KEY]): row for row in api.read("users", ids)}
    return [_shows(users.get(target.change.native_id), target.field) for target in targets]


def _shows(user: Row | None, field: ConsentField | None) -> bool:
    own = user.get("user_fields") if user else None
    if field is None or not isinstance(own, dict) or own.get(field.field) is not False:
        return False
    return field.decided is None or bool(own.get(field.decided))


def _result(target: _Target, held: bool) -> RowResult:
    if held:
        return RowResult(target.change.trace, ok=True)
    error = target.refusal or "Zendesk does not show the withdrawal"
    return RowResult(
        target.change.trace, ok=False, error=error, retryable=not target.refusal,
        not_held=target.not_held,
    )  # fmt: skip
