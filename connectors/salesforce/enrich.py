"""What a row's own object does not tell: who an individual is, and what a purpose is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from connectors.salesforce.api import RETRIEVED, Api
from connectors.salesforce.client import FieldNotVisible, ObjectNotVisible
from connectors.salesforce.permissions import OPTED_OUT, is_purpose_hidden
from connectors.salesforce.rows import BEGUN, INDIVIDUAL, KEY, PARTIES, PURPOSE, REFUSALS
from connectors.salesforce.soql import IDS_AT_ONCE, among, select
from hub.core.batches import in_batches
from hub.core.connector import Context, Row
from hub.core.pages import instant_of

Enrich = Callable[[Context, Api, Sequence[Row]], None]
"""Adds to the rows of a page what their object does not tell."""

_REACHED_AT = ("Email", "Phone", "MobilePhone")

_HIDDEN_PURPOSE = (
    "ContactPointTypeConsent: %d opt-outs whose data use purpose is not visible are taken to "
    "refuse every purpose that one could be about. Let the permission set of the hub's user read "
    "DataUsePurpose and its Name, or name the purposes by their ids in data_use_purposes"
)


def nothing_more(_ctx: Context, _api: Api, _rows: Sequence[Row]) -> None:
    """Adds nothing: the record's fields say it all."""


def with_refusals(individual: str) -> Enrich:
    """Adds what the individual refuses that the field ``individual`` names.

    An individual may be linked long after it was read; that moves the record it is linked to.
    """

    def enrich(ctx: Context, api: Api, rows: Sequence[Row]) -> None:
        found: dict[str, Row] = {}
        for batch in in_batches(_ids(rows, individual), RETRIEVED):
            found |= _refusals(ctx, api, batch)
        for row in rows:
            row[INDIVIDUAL] = found.get(row.get(individual) or "")

    return enrich


def with_parties(individual: str, *, person_accounts: bool) -> Enrich:
    """Adds who the individual is that the field ``individual`` names.

    Args:
        individual: Field of the row that holds the individual's id.
        person_accounts: Whether some of them are person accounts.
    """

    def enrich(ctx: Context, api: Api, rows: Sequence[Row]) -> None:
        found: dict[str, list[Row]] = {}
        for batch in in_batches(_ids(rows, individual), IDS_AT_ONCE):
            for who, person in _people(ctx, api, batch, person_accounts):
                found.setdefault(who, []).append(person)
        for row in rows:
            row[PARTIES] = found.get(row.get(individual) or "", [])

    return enrich


def with_purposes(then: Enrich) -> Enrich:
    """Adds what ``then`` adds, and the name of the data use purpose."""

    def enrich(ctx: Context, api: Api, rows: Sequence[Row]) -> None:
        then(ctx, api, rows)
        names: dict[str, str] = {}
        for batch in in_batches(_ids(rows, "DataUsePurposeId"), IDS_AT_ONCE):
            found = _shown(ctx, api, "DataUsePurpose", (KEY, "Name"), [among(KEY, batch)])
            names |= {row[KEY]: row.get("Name") for row in found}
        for row in rows:
            row[PURPOSE] = names.get(row.get("DataUsePurposeId") or "")
        refusals = (row for row in rows if row.get("PrivacyConsentStatus") == OPTED_OUT)
        unknown = sum(is_purpose_hidden(row, ctx.config) for row in refusals)
        if unknown:
            ctx.log.warning(_HIDDEN_PURPOSE, unknown)

    return enrich


def with_term(then: Enrich) -> Enrich:
    """Adds what ``then`` adds, and whether a consent counts yet.

    A row has no clock of its own. That it counts is read again when its time has come, since
    nothing about the record changes then.
    """

    def enrich(ctx: Context, api: Api, rows: Sequence[Row]) -> None:
        then(ctx, api, rows)
        now = ctx.clock.now()
        for row in rows:
            start = row.get("EffectiveFrom")
            row[BEGUN] = not start or ((at := instant_of(start)) is not None and at <= now)

    return enrich


def _refusals(ctx: Context, api: Api, ids: Sequence[str]) -> Mapping[str, Row]:
    """What individuals refuse, by id: as much of it as the org shows."""
    try:
        shown = api.describe("Individual").visible(REFUSALS)
        return api.retrieve("Individual", ids, [KEY, *shown])
    except ObjectNotVisible as err:
        ctx.log.warning("%s", err)
        return {}


def _people(
    ctx: Context, api: Api, individuals: Sequence[str], person_accounts: bool
) -> Iterator[tuple[str, Row]]:
    """Individual and person, contacts before leads before person accounts, each by id."""
    not_hidden = ["IsPersonAccount = false"] if person_accounts else []
    for sobject, also in (("Contact", not_hidden), ("Lead", [])):
        fields = (KEY, "IndividualId", *_REACHED_AT)
        conditions = [among("IndividualId", individuals), *also]
        for row in _by_id(_shown(ctx, api, sobject, fields, conditions)):
            yield str(row.pop("IndividualId")), row
    if person_accounts:
        yield from _person_accounts(ctx, api, individuals)


def _person_accounts(
    ctx: Context, api: Api, individuals: Sequence[str]
) -> Iterator[tuple[str, Row]]:
    own = {"Email": "PersonEmail", "Phone": "Phone", "MobilePhone": "PersonMobilePhone"}
    fields = (KEY, "PersonIndividualId", *own.values())
    conditions = [among("PersonIndividualId", individuals)]
    for row in _by_id(_shown(ctx, api, "Account", fields, conditions)):
        named: Mapping[str, object] = {name: row.get(there) for name, there in own.items()}
        yield str(row["PersonIndividualId"]), {KEY: row[KEY], **named}


def _shown(
    ctx: Context, api: Api, sobject: str, fields: Sequence[str], conditions: Sequence[str]
) -> list[Row]:
    """What the org shows of the records: a hidden field is left out, the others are still known.

    Empty where it shows neither the object nor the field that the conditions are about.
    """
    try:
        try:
            return api.query(select(fields, sobject, conditions))
        except FieldNotVisible:
            shown = api.describe(sobject).visible(fields)
            return api.query(select(shown, sobject, conditions))
    except (FieldNotVisible, ObjectNotVisible) as err:
        ctx.log.warning("%s: %s", sobject, err)
        return []


def _ids(rows: Sequence[Row], field: str) -> list[str]:
    return sorted({value for row in rows if isinstance(value := row.get(field), str)})


def _by_id(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: str(row[KEY]))
