"""``hub check --connect``: credential, version, budget, objects, consent fields, writing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.salesforce import mapping
from connectors.salesforce.api import Api
from connectors.salesforce.client import ObjectNotVisible
from connectors.salesforce.config import SalesforceSettings
from connectors.salesforce.describe import Shape
from connectors.salesforce.soql import MODIFIED
from hub.core.connector import CheckItem, Context
from hub.core.errors import NeedsReauth

_OBJECTS = {
    "Account": "accounts",
    "Contact": "contacts",
    "Lead": "leads",
    "Case": "cases",
    "Opportunity": "opportunities",
    "Task": "tasks",
    "Event": "events",
}
_CONSENTS = "ContactPointTypeConsent"
_OPTIONAL = {"Individual": "individuals", _CONSENTS: "contact_point_consents"}
_PURPOSES = "DataUsePurpose"
_BOXES = ("HasOptedOutOfEmail", "DoNotCall", "HasOptedOutOfFax")
_TELLING = {
    _CONSENTS: ("DataUsePurposeId", "CaptureDate", "EffectiveFrom", "EffectiveTo"),
    _PURPOSES: ("Name",),
}
"""Without these fields a consent record is read on the restrictive side."""
_LEAST_LEFT = 0.1
_SHOW = "Let the permission set of the hub's user read these fields (field-level security)"
_GRANT = "Let the permission set of the hub's user read it, or leave the stream out"


def check(ctx: Context) -> Sequence[CheckItem]:
    """What an admin must know before the first run; nothing is changed."""
    api, settings = Api.of(ctx), ctx.config
    try:
        shapes = {name: _shape(api, name) for name in (*_OBJECTS, *_OPTIONAL, _PURPOSES)}
        return [
            _version(api, settings),
            *_budget(api),
            *(_object(shapes[name], name, stream) for name, stream in _OBJECTS.items()),
            *(_optional(shapes[name], name) for name in _OPTIONAL),
            *_consent(shapes),
            *_purposes(shapes),
            *_person_accounts(shapes["Account"], settings),
            *_writing(shapes),
        ]
    except NeedsReauth as err:
        fix = "Renew the credential that hub.toml names, then check again"
        return [CheckItem("credential", False, str(err), fix)]


def _shape(api: Api, sobject: str) -> Shape | None:
    try:
        return api.describe(sobject)
    except ObjectNotVisible:
        return None


def _version(api: Api, settings: SalesforceSettings) -> CheckItem:
    offered = api.versions()
    newest = offered[-1] if offered else "none"
    detail = f"hub.toml asks for {settings.api_version}, the org's newest is {newest}"
    fix = f'Write api_version = "{newest}", or leave the setting out'
    return CheckItem("API version", settings.api_version in offered, detail, fix)


def _budget(api: Api) -> Iterator[CheckItem]:
    told = api.daily_requests()
    if told is not None:
        left, most = told
        detail = f"{left:,} of {most:,} requests left in 24 hours"
        fix = "Read less often, or ask Salesforce for more requests"
        yield CheckItem("requests", left >= most * _LEAST_LEFT, detail, fix)


def _object(shape: Shape | None, sobject: str, stream: str) -> CheckItem:
    what = f"read {sobject}"
    if shape is None or MODIFIED not in shape.fields:
        return CheckItem(what, False, "the org does not show it to the hub's user", _GRANT)
    hidden = [name for name in mapping.FIELDS[stream] if name not in shape.fields]
    detail = f"not there, or not visible: {', '.join(hidden)}" if hidden else ""
    return CheckItem(what, True, detail)


def _optional(shape: Shape | None, sobject: str) -> CheckItem:
    off = "not there: Data Protection and Privacy is off, or the hub's user may not see it"
    return CheckItem(f"read {sobject}", True, off if shape is None else "")


def _consent(shapes: dict[str, Shape | None]) -> Iterator[CheckItem]:
    """An opt-out that is hidden is no permission, but nobody is stopped by it either."""
    for sobject in ("Contact", "Lead"):
        shape = shapes[sobject]
        hidden = [name for name in _BOXES if shape is None or name not in shape.fields]
        detail = f"opt-outs that the hub cannot see: {', '.join(hidden)}" if hidden else ""
        yield CheckItem(f"see opt-outs of {sobject}", not hidden, detail, _SHOW)


def _purposes(shapes: dict[str, Shape | None]) -> Iterator[CheckItem]:
    """A refusal of a purpose that is hidden is taken for one of every purpose."""
    if shapes[_CONSENTS] is None:
        return
    hidden = [
        f"{sobject}.{name}"
        for sobject, names in _TELLING.items()
        for name in names
        if (shape := shapes[sobject]) is None or name not in shape.fields
    ]
    detail = f"taken on the restrictive side, for want of {', '.join(hidden)}" if hidden else ""
    yield CheckItem("see what consents are about", not hidden, detail, _SHOW)


def _person_accounts(account: Shape | None, settings: SalesforceSettings) -> Iterator[CheckItem]:
    if account is None or ("IsPersonAccount" in account.fields) == settings.person_accounts:
        return
    has = "has" if "IsPersonAccount" in account.fields else "has no"
    fix = f"Write person_accounts = {str(not settings.person_accounts).lower()}"
    yield CheckItem("person accounts", False, f"the org {has} person accounts", fix)


def _writing(shapes: dict[str, Shape | None]) -> Iterator[CheckItem]:
    for sobject in ("Contact", "Lead"):
        shape = shapes[sobject]
        may = shape is not None and shape.updateable
        detail = "" if may else "read only: profiles and withdrawals cannot be written"
        yield CheckItem(f"write {sobject}", True, detail)
