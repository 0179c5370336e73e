"""``hub check --connect``: credential, account, today's budget, scopes, consent mapping."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from connectors.hubspot.api import Api
from connectors.hubspot.client import MissingScopes
from connectors.hubspot.config import HubSpotSettings
from connectors.hubspot.tasks import OBJECT_TYPE as TASKS
from connectors.hubspot.writer import OBJECT_TYPE
from hub.core.connector import CheckItem, Context
from hub.core.errors import NeedsReauth

_READ = ("contacts", "companies", "deals", "tickets", "feedback_submissions")
_LEAST_LEFT = 0.1
_NOBODY = "nobody@example.invalid"


def check(ctx: Context) -> Sequence[CheckItem]:
    """What an admin must know before the first run; nothing is changed."""
    api, settings = Api.of(ctx), ctx.config
    try:
        return [
            _account(api, settings),
            *_budget(api),
            *_scopes(api),
            _consent(api, settings),
        ]
    except NeedsReauth as err:
        fix = "Renew the credential that hub.toml names, then check again"
        return [CheckItem("credential", False, str(err), fix)]


def _account(api: Api, settings: HubSpotSettings) -> CheckItem:
    details = api.details()
    currency = details.get("companyCurrency")
    detail = f"account {details.get('portalId')}, currency {currency}"
    if settings.currency in (None, currency):
        return CheckItem("account", True, detail)
    fix = f'Write currency = "{currency}", or leave the setting out'
    return CheckItem("account", False, f"{detail}, hub.toml says {settings.currency}", fix)


def _budget(api: Api) -> Iterator[CheckItem]:
    for usage in api.daily_usage():
        used, limit = usage.get("currentUsage"), usage.get("usageLimit")
        if isinstance(used, int) and isinstance(limit, int):
            fix = "Read less often, or wait until midnight in the account's time zone"
            enough = used <= limit * (1 - _LEAST_LEFT)
            yield CheckItem("requests today", enough, f"{used:,} of {limit:,} used", fix)


def _scopes(api: Api) -> Iterator[CheckItem]:
    for object_type in _READ:
        yield _allowed(f"read {object_type}", partial(api.search, object_type, (), limit=1))
    yield _allowed("see properties", partial(api.properties, OBJECT_TYPE))
    yield _allowed("read tasks", partial(api.search, TASKS, (), limit=1))
    yield _owners(api)


def _owners(api: Api) -> CheckItem:
    what = "look up owners"
    try:
        api.owner(_NOBODY)
    except MissingScopes as err:
        return CheckItem(what, True, f"tasks are handed over without one: {err}")
    return CheckItem(what, True)


def _allowed(what: str, attempt: Callable[[], object]) -> CheckItem:
    try:
        attempt()
    except MissingScopes as err:
        return CheckItem(what, False, str(err), "Add the scope, or leave the stream out")
    return CheckItem(what, True)


def _consent(api: Api, settings: HubSpotSettings) -> CheckItem:
    what = "read subscriptions"
    try:
        types = api.subscription_types()
    except MissingScopes as err:
        return CheckItem(what, False, str(err), "Add the scope, or leave the stream out")
    unmapped = [
        kind.name or str(kind.id)
        for kind in types
        if settings.purpose_of(str(kind.id), kind.name or "") is None
    ]
    if not unmapped:
        return CheckItem(what, True)
    told = ", ".join(unmapped)
    return CheckItem(what, True, f"types that stand for no purpose and are not read: {told}")
