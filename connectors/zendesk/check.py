"""``hub check --connect``: credential, role, limits, exports, CSAT, fields, bulk import."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from http import HTTPStatus

from connectors.zendesk.api import Api
from connectors.zendesk.client import NotOffered
from connectors.zendesk.config import ZendeskSettings
from connectors.zendesk.fields import OWNED
from connectors.zendesk.rows import METRIC_SETS
from hub.core.connector import CheckItem, Context
from hub.core.errors import NeedsReauth

_ADMIN = "Let the OAuth client act for an admin, and give it the scopes read and write"
_ASK = "Zendesk's support switches bulk import on if the account's owner asks for it"


def check(ctx: Context) -> Sequence[CheckItem]:
    """What an admin must know before the first run; nothing is changed."""
    api, settings = Api.of(ctx), ctx.config
    try:
        user, headers = api.me()
        return [
            _credential(settings),
            _role(str(user.get("role"))),
            _limit(headers),
            *_exports(api),
            *_feedback(api),
            *_fields(api, settings),
            _bulk(api),
        ]
    except NeedsReauth as err:
        fix = "Renew the credential that hub.toml names, then check again"
        return [CheckItem("credential", False, str(err), fix)]


def _credential(settings: ZendeskSettings) -> CheckItem:
    return CheckItem(
        "credential", True, "a legacy API token" if settings.is_legacy else "an OAuth client"
    )


def _role(role: str) -> CheckItem:
    return CheckItem("role", role == "admin", f"{role}; exports need an admin", _ADMIN)


def _limit(headers: Mapping[str, str]) -> CheckItem:
    limit = headers.get("x-rate-limit")
    told = f"{limit} requests a minute" if limit else "the account does not say"
    return CheckItem("limits", True, told)


def _exports(api: Api) -> Iterator[CheckItem]:
    yield _allowed("read users", partial(api.export, "users", "", ""), _ADMIN)
    yield _allowed("read tickets", partial(api.export, "tickets", "", METRIC_SETS), _ADMIN)


def _allowed(what: str, attempt: Callable[[], object], fix: str) -> CheckItem:
    try:
        attempt()
    except NotOffered as err:
        return CheckItem(what, False, str(err), fix)
    return CheckItem(what, True)


def _feedback(api: Api) -> Iterator[CheckItem]:
    """An account has one kind of CSAT, or none; both are fine."""
    for path, name in (
        ("satisfaction_ratings", "satisfaction_ratings"),
        ("guide/survey_responses", "survey_responses"),
    ):
        offered = _allowed(name, partial(api.offered, path, name), "").ok
        told = "" if offered else "not on this plan: the stream is empty"
        yield CheckItem(f"read {name}", True, told)


def _fields(api: Api, settings: ZendeskSettings) -> Iterator[CheckItem]:
    """Fields that settings name and nobody created; the hub creates its own when it writes."""
    named = {*settings.consent_keys, *([settings.birth_date] if settings.birth_date else ())}
    missing = sorted(key for key in named - api.fields("users") if not key.startswith(OWNED))
    fix = (
        "Correct the key in hub.toml, or create the field under Admin Center > People > User fields"
    )
    told = f"missing: {', '.join(missing)}" if missing else ""
    yield CheckItem("user fields", not missing, told, fix)


def _bulk(api: Api) -> CheckItem:
    """An update of no record changes nothing, and is refused all the same where bulk is off."""
    refused = api.update_many("users", []).status == HTTPStatus.FORBIDDEN
    told = f"off: one request per record. {_ASK}" if refused else ""
    return CheckItem("bulk updates", True, told)
