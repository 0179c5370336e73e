"""Writes withdrawals as the org models them, and believes only what it reads there.

1. Whose record: a contact, a lead or a person account, by its id.
2. Its opt-out box, if one stands for channel and purpose.
3. The consent records of its individual for that channel and purpose, where the org keeps such.
4. Tick the box, set the consent records to OptOut, both at once for up to 200 records; say when
   and by whom where the hub's user may.
5. Read both back: a withdrawal is done when Salesforce says so itself.

Only withdrawals: an opt-in is the customer's own act, and a box that is unticked is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from connectors.salesforce.api import BATCH, RETRIEVED, Api, is_id
from connectors.salesforce.client import FieldNotVisible, ObjectNotVisible, reason
from connectors.salesforce.config import SalesforceSettings
from connectors.salesforce.enrich import nothing_more, with_purposes
from connectors.salesforce.permissions import CHANNELS, OPTED_OUT
from connectors.salesforce.rows import KEY, PURPOSE
from connectors.salesforce.soql import IDS_AT_ONCE, among, select
from hub.core.batches import in_batches
from hub.core.clock import iso_z
from hub.core.connector import ConsentChange, Context, Row, RowResult
from hub.core.released import Released
from hub.core.values import flag, text

CONSENT_OBJECT = "ContactPointTypeConsent"
_BOXES: Mapping[str, str] = {"email": "HasOptedOutOfEmail", "phone": "DoNotCall"}


@dataclass(frozen=True, slots=True)
class _Person:
    """How one object spells a person's consent."""

    sobject: str
    prefix: str = ""

    @property
    def individual(self) -> str:
        """Field that names the individual."""
        return f"{self.prefix}IndividualId"

    @property
    def boxes(self) -> list[str]:
        """The opt-out boxes."""
        return [self.prefix + box for box in _BOXES.values()]


_PEOPLE: Mapping[str, _Person] = {
    "003": _Person("Contact"),
    "00Q": _Person("Lead"),
    "001": _Person("Account", "Person"),
}
"""Object by the first three characters of an id."""


@dataclass(frozen=True, slots=True)
class _Target:
    """One change with the box and the consent records that express it, or why there are none."""

    change: ConsentChange
    person: _Person | None = None
    box: str = ""
    consents: frozenset[str] = frozenset()
    refusal: str = ""
    not_held: bool = False


def write_consent(ctx: Context, batch: Sequence[Released[ConsentChange]]) -> list[RowResult]:
    """What became of each change, by what Salesforce shows after the write."""
    api = Api.of(ctx)
    targets = _targets(ctx, api, [released.value for released in batch])
    for part in in_batches([*_updates(targets, _evidence(ctx, api, targets))], BATCH):  # 4
        _send(ctx, api, part)
    return [_result(target, held) for target, held in _confirmed(api, targets)]  # 5


def read_back(ctx: Context, changes: Sequence[ConsentChange]) -> list[bool]:
    """Whether Salesforce now says what each change asked for."""
    api = Api.of(ctx)
    return [held for _, held in _confirmed(api, _targets(ctx, api, changes))]


# --- 1, 2, 3 ---------------------------------------------------------------------------------


def _targets(ctx: Context, api: Api, changes: Sequence[ConsentChange]) -> list[_Target]:
    ids = {change.native_id for change in changes if is_id(change.native_id)}
    shown = {person.sobject: _visible(api, person) for person in _people(ids)}
    individuals = {
        record_id: str(row[person.individual])
        for person in _people(ids)
        for record_id, row in _rows(api, person, ids, [person.individual]).items()
        if row.get(person.individual)
    }
    consents = _consents(ctx, api, sorted(set(individuals.values())))
    return [
        _target(ctx.config, change, shown, consents.get(individuals.get(change.native_id, ""), []))
        for change in changes
    ]


def _target(
    settings: SalesforceSettings,
    change: ConsentChange,
    shown: Mapping[str, frozenset[str]],
    consents: Iterable[Row],
) -> _Target:
    person = _PEOPLE.get(change.native_id[:3])
    if change.decision != "withdraw":
        return _Target(change, refusal="an opt-in is the customer's own act, it is not written")
    if person is None or not is_id(change.native_id):
        return _Target(change, refusal="the id is not that of a contact, lead or person account")
    box = _box(settings, change, person)
    if box and box not in shown[person.sobject]:
        return _Target(
            change,
            refusal=f"{person.sobject}: {box} is not visible. "
            "Let the hub's user read and edit the field",
        )
    about = frozenset(row[KEY] for row in consents if _is_about(settings, change, row))
    if not box and not about:
        told = f"no box and no consent record stands for {change.purpose} by {change.channel}"
        return _Target(change, refusal=told, not_held=True)
    return _Target(change, person, box, about)


def _box(settings: SalesforceSettings, change: ConsentChange, person: _Person) -> str:
    name = _BOXES.get(change.channel)
    return person.prefix + name if name and change.purpose in settings.opt_out_purposes else ""


def _is_about(settings: SalesforceSettings, change: ConsentChange, row: Row) -> bool:
    purpose = settings.purpose_of(text(row, "DataUsePurposeId"), text(row, PURPOSE))
    channel = CHANNELS.get(text(row, "ContactPointType") or "")
    return (purpose, channel) == (change.purpose, change.channel)


def _people(ids: Iterable[str]) -> list[_Person]:
    """The kinds of person that the ids are of."""
    prefixes = sorted({record_id[:3] for record_id in ids})
    return [_PEOPLE[prefix] for prefix in prefixes if prefix in _PEOPLE]


def _visible(api: Api, person: _Person) -> frozenset[str]:
    """The boxes that the org shows; none of an object that it does not show."""
    try:
        return frozenset(api.describe(person.sobject).visible(person.boxes))
    except ObjectNotVisible:
        return frozenset()


def _rows(api: Api, person: _Person, ids: Iterable[str], names: Sequence[str]) -> dict[str, Row]:
    """The person's records among ``ids``; none where the object or a field is not visible."""
    own = sorted(each for each in ids if _PEOPLE.get(each[:3]) == person)
    found: dict[str, Row] = {}
    try:
        for batch in in_batches(own, RETRIEVED):
            found |= api.retrieve(person.sobject, batch, [KEY, *names])
    except (FieldNotVisible, ObjectNotVisible):
        return {}
    return found


def _consents(ctx: Context, api: Api, individuals: Sequence[str]) -> dict[str, list[Row]]:
    """Consent records by individual; none where the org keeps none, or shows none."""
    rows: list[Row] = []
    fields = (KEY, "PartyId", "ContactPointType", "DataUsePurposeId")
    try:
        for batch in in_batches(individuals, IDS_AT_ONCE):
            rows += api.query(select(fields, CONSENT_OBJECT, [among("PartyId", batch)]))
    except (FieldNotVisible, ObjectNotVisible):
        return {}
    with_purposes(nothing_more)(ctx, api, rows)
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row["PartyId"]), []).append(row)
    return found


# --- 4, 5 ------------------------------------------------------------------------------------


def _send(ctx: Context, api: Api, updates: Sequence[Mapping[str, object]]) -> None:
    """Send the updates; a call that is refused whole is halved until the bad one stands alone.

    That one goes into the log. Whether the others took effect is for the reading back to say.
    """
    answer = api.update(updates)
    if answer.status < HTTPStatus.BAD_REQUEST:
        return
    if len(updates) == 1:
        ctx.log.warning("%s: withdrawal refused: %s", updates[0]["id"], reason(answer.json))
        return
    middle = len(updates) // 2
    _send(ctx, api, updates[:middle])
    _send(ctx, api, updates[middle:])


def _evidence(ctx: Context, api: Api, targets: Sequence[_Target]) -> dict[str, object]:
    """When and by whom, as far as it may be written: no refusal fails for want of its evidence."""
    if not any(target.consents for target in targets):
        return {}
    fields = api.describe(CONSENT_OBJECT).fields
    told = {"CaptureDate": iso_z(ctx.clock.now()), "CaptureSource": "cxhub"}
    return {name: said for name, said in told.items() if name in fields and fields[name].updateable}


def _updates(
    targets: Sequence[_Target], evidence: Mapping[str, object]
) -> Iterator[dict[str, object]]:
    """One update per record, whatever it has to say: the same id twice in a call is refused.

    Objects stand together, since a call whose objects alternate more than ten times is refused.
    """
    ticked: dict[tuple[str, str], dict[str, object]] = {}
    for target in targets:
        if target.person is not None and target.box:
            key = (target.person.sobject, target.change.native_id)
            ticked.setdefault(key, {})[target.box] = True
    for (sobject, record_id), boxes in sorted(ticked.items(), key=lambda item: item[0]):
        yield {"attributes": {"type": sobject}, "id": record_id, **boxes}
    for consent in sorted({each for target in targets for each in target.consents}):
        yield {
            "attributes": {"type": CONSENT_OBJECT},
            "id": consent,
            "PrivacyConsentStatus": OPTED_OUT,
            **evidence,
        }


def _confirmed(api: Api, targets: Sequence[_Target]) -> list[tuple[_Target, bool]]:
    ids = {target.change.native_id for target in targets if target.box}
    boxes: dict[str, Row] = {}
    for person in _people(ids):
        shown = sorted({t.box for t in targets if t.person == person and t.box})
        boxes |= _rows(api, person, ids, shown)
    out = _opted_out(api, sorted({each for target in targets for each in target.consents}))
    return [
        (target, _is_held(target, boxes.get(target.change.native_id, {}), out))
        for target in targets
    ]


def _opted_out(api: Api, consents: Sequence[str]) -> frozenset[str]:
    held: set[str] = set()
    for batch in in_batches(consents, RETRIEVED):
        rows = api.retrieve(CONSENT_OBJECT, batch, [KEY, "PrivacyConsentStatus"])
        held |= {key for key, row in rows.items() if row.get("PrivacyConsentStatus") == OPTED_OUT}
    return frozenset(held)


def _is_held(target: _Target, row: Row, opted_out: frozenset[str]) -> bool:
    if target.refusal:
        return False
    return (not target.box or flag(row, target.box) is True) and target.consents <= opted_out


def _result(target: _Target, held: bool) -> RowResult:
    if held:
        return RowResult(target.change.trace, ok=True)
    error = target.refusal or "Salesforce does not show the withdrawal"
    return RowResult(
        target.change.trace, ok=False, error=error, retryable=not target.refusal,
        not_held=target.not_held,
    )  # fmt: skip
