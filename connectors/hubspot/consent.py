"""Writes withdrawals into HubSpot's subscription statuses, and believes only what it reads there.

1. Whose address: the one that the customer named, else the contact's own.
2. Which subscription types stand for the purpose, by hub.toml.
3. Unsubscribe each address from each of them, once, however many contacts have it. If HubSpot
   refuses a batch as a whole (400), it is halved until the bad address stands alone; of 100 changes
   one bad one costs at most 14 requests more.
4. Read the statuses back: a withdrawal is done when HubSpot says so itself. One that it neither
   shows nor refused for good is tried again.

Only withdrawals: HubSpot takes an opt-in after an opt-out from the customer's own hand alone, and
so does the hub.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from connectors.hubspot.api import BATCH, Api, StatusChange, Statuses, dicts
from connectors.hubspot.client import TEMPORARY, reason
from connectors.hubspot.config import HubSpotSettings
from connectors.hubspot.rows import KEY, row_of
from hub.core.batches import in_batches
from hub.core.connector import ConsentChange, Context, RowResult
from hub.core.http import Response
from hub.core.pages import dig
from hub.core.released import Released


@dataclass(frozen=True, slots=True)
class _Target:
    """One change with the statuses that express it, or why there are none."""

    change: ConsentChange
    email: str = ""
    types: frozenset[int] = frozenset()
    refusal: str = ""
    not_held: bool = False

    @property
    def wanted(self) -> list[StatusChange]:
        """The statuses."""
        return [StatusChange(self.email, type_id) for type_id in sorted(self.types)]


def write_consent(ctx: Context, batch: Sequence[Released[ConsentChange]]) -> list[RowResult]:
    """What became of each change, by HubSpot's own statuses after the write."""
    api = Api.of(ctx)
    targets = _targets(api, ctx.config, [released.value for released in batch])
    wanted = dict.fromkeys(change for target in targets for change in target.wanted)
    refused: dict[StatusChange, str] = {}
    for part in in_batches([*wanted], BATCH):
        refused |= _refused(api, part)  # 3
    lacking = _lacking(api, targets)  # 4
    return [
        _result(target, missing, refused) for target, missing in zip(targets, lacking, strict=True)
    ]


def read_back(ctx: Context, changes: Sequence[ConsentChange]) -> list[bool]:
    """Whether HubSpot now says what each change asked for."""
    api = Api.of(ctx)
    targets = _targets(api, ctx.config, changes)
    lacking = _lacking(api, targets)
    return [
        bool(target.types) and not missing for target, missing in zip(targets, lacking, strict=True)
    ]


def _targets(
    api: Api, settings: HubSpotSettings, changes: Sequence[ConsentChange]
) -> list[_Target]:
    emails = _own_addresses(api, [change.native_id for change in changes if not change.point])
    types = _types_by_purpose(api, settings)
    return [
        _target(change, settings, change.point or emails.get(change.native_id), types)
        for change in changes
    ]


def _target(
    change: ConsentChange,
    settings: HubSpotSettings,
    email: str | None,
    types: Mapping[str, frozenset[int]],
) -> _Target:
    if change.decision != "withdraw":
        return _Target(change, refusal="an opt-in is the customer's own act, it is not written")
    if change.channel != "email":
        told = "HubSpot keeps consent by e-mail address only"
        return _Target(change, refusal=told, not_held=True)
    if change.purpose not in settings.purposes:
        told = f"no subscription type stands for {change.purpose}: add it to subscriptions"
        return _Target(change, refusal=told, not_held=True)
    if change.purpose not in types:
        told = f"the account does not have the subscription type that stands for {change.purpose}"
        return _Target(change, refusal=told)
    if email is None or "@" not in email:
        return _Target(change, refusal="HubSpot keeps consent by e-mail address only; here is none")
    return _Target(change, email.lower(), types[change.purpose])


def _own_addresses(api: Api, ids: Iterable[str]) -> dict[str, str]:
    """1. The addresses of contacts, by record id."""
    found: dict[str, str] = {}
    for batch in in_batches(sorted(set(ids)), BATCH):
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


def _refused(api: Api, changes: Sequence[StatusChange]) -> dict[StatusChange, str]:
    """3. What HubSpot refuses for good among these changes, and why."""
    answer = api.write_statuses(changes)
    if answer.status < HTTPStatus.BAD_REQUEST:
        return dict(_refused_parts(answer, changes))
    if len(changes) == 1:
        return {changes[0]: reason(answer.json)}
    middle = len(changes) // 2
    return _refused(api, changes[:middle]) | _refused(api, changes[middle:])


def _refused_parts(
    answer: Response, changes: Sequence[StatusChange]
) -> Iterator[tuple[StatusChange, str]]:
    """The changes that were not taken, if each error is one for good.

    Errors do not say which change they are about: while one of them may pass, all may.
    """
    errors = dicts(dig(answer.json, "errors"))
    if not errors or any(error.get("category") in TEMPORARY for error in errors):
        return
    taken = {
        (str(done.get("subscriberIdString")).lower(), done.get("subscriptionId"))
        for done in dicts(dig(answer.json, "results"))
    }
    for change in changes:
        if (change.subscriber_id_string, change.subscription_id) not in taken:
            yield change, reason(errors[0])


def _lacking(api: Api, targets: Sequence[_Target]) -> list[list[StatusChange]]:
    """4. For each target, the statuses that HubSpot does not show."""
    said: dict[str, Statuses] = {}
    for batch in in_batches(sorted({target.email for target in targets if target.email}), BATCH):
        said |= api.statuses(batch)
    shown = {
        StatusChange(email, status["subscriptionId"])
        for email, statuses in said.items()
        for status in statuses or ()
        if status.get("status") == "UNSUBSCRIBED" and "subscriptionId" in status
    }
    return [[change for change in target.wanted if change not in shown] for target in targets]


def _result(
    target: _Target, missing: Sequence[StatusChange], refused: Mapping[StatusChange, str]
) -> RowResult:
    trace = target.change.trace
    if target.refusal:
        return RowResult(trace, ok=False, error=target.refusal, not_held=target.not_held)
    if not missing:
        return RowResult(trace, ok=True)
    told = [refused[change] for change in missing if change in refused]
    error = told[0] if told else "HubSpot does not show the withdrawal"
    return RowResult(trace, ok=False, error=error, retryable=len(told) < len(missing))
