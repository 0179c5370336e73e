"""What a row's own object does not tell: who an individual is, and what a purpose is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from connectors.salesforce.api import RETRIEVED, Api, in_batches
from connectors.salesforce.client import FieldNotVisible, ObjectNotVisible
from connectors.salesforce.rows import INDIVIDUAL, KEY, PARTIES, PURPOSE, REFUSALS
from connectors.salesforce.soql import IDS_AT_ONCE, among, select
from hub.core.connector import Context, Row

Enrich = Callable[[Context, Api, Sequence[Row]], None]
"""Adds to the rows of a page what their object does not tell."""

_REACHED_AT = ("Email", "Phone", "MobilePhone")


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
            query = select((KEY, "Name"), "DataUsePurpose", [among(KEY, batch)])
            names |= {row[KEY]: row.get("Name") for row in _shown(ctx, api, query)}
        for row in rows:
            row[PURPOSE] = names.get(row.get("DataUsePurposeId") or "")

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
        for row in _by_id(_shown(ctx, api, select(fields, sobject, conditions))):
            yield str(row.pop("IndividualId")), row
    if person_accounts:
        yield from _person_accounts(ctx, api, individuals)


def _person_accounts(
    ctx: Context, api: Api, individuals: Sequence[str]
) -> Iterator[tuple[str, Row]]:
    own = {"Email": "PersonEmail", "Phone": "Phone", "MobilePhone": "PersonMobilePhone"}
    fields = (KEY, "PersonIndividualId", *own.values())
    query = select(fields, "Account", [among("PersonIndividualId", individuals)])
    for row in _by_id(_shown(ctx, api, query)):
        named: Mapping[str, object] = {name: row.get(there) for name, there in own.items()}
        yield str(row["PersonIndividualId"]), {KEY: row[KEY], **named}


def _shown(ctx: Context, api: Api, query: str) -> list[Row]:
    """The result, empty where the org does not show what is asked for: then nothing is known."""
    try:
        return api.query(query)
    except (FieldNotVisible, ObjectNotVisible) as err:
        ctx.log.warning("%s", err)
        return []


def _ids(rows: Sequence[Row], field: str) -> list[str]:
    return sorted({value for row in rows if isinstance(value := row.get(field), str)})


def _by_id(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: str(row[KEY]))
