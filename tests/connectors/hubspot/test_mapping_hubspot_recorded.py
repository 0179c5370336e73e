"""Pages and rows of real accounts: every one of them maps, with every field nullable."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from connectors.hubspot import mapping
from connectors.hubspot.api import CrmRecord
from connectors.hubspot.config import HubSpotSettings
from connectors.hubspot.rows import aliases, row_of
from hub.core.connector import Row
from hub.core.records import Deal, Organisation, Person, Ticket, decode, encode
from hub.core.secrets import Secret

VENDORS = Path(os.environ.get("CXHUB_SHARED", Path(__file__).parents[4] / "shared")) / "vendors"
SETTINGS = HubSpotSettings.model_validate({"token": Secret.of("pat-na1-test"), "currency": "USD"})
MAPS: Mapping[str, Callable[[Row, HubSpotSettings], Person | Organisation | Deal | Ticket]] = {
    "contacts": mapping.person,
    "companies": mapping.organisation,
    "deals": mapping.deal,
    "tickets": mapping.ticket,
}

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not VENDORS.exists(), reason="the shared data sets are not here"),
]


def recorded(file: str) -> list[Row]:
    """The rows of a recorded page, through the connector's own parsing."""
    results = json.loads((VENDORS / "hubspot-pages" / file).read_text())["results"]
    return [row_of(record) for record in msgspec.convert(results, list[CrmRecord])]


def sampled(file: str, prefix: str = "property_") -> Iterator[Row]:
    """Rows of a warehouse copy of HubSpot, with HubSpot's own property names and nulls."""
    with (VENDORS / "sample-rows/hubspot" / file).open(newline="") as lines:
        for row in csv.DictReader(lines):
            named = {k.removeprefix(prefix): spelled(v) for k, v in row.items() if prefix in k}
            yield named | {"hs_object_id": row.get("id") or row.get("deal_id")}


def spelled(value: str) -> str | None:
    """As HubSpot spells it: the warehouse drops the zero of early hours and empties nulls."""
    return re.sub(r"^(\d{4}-\d\d-\d\d) (\d):", r"\1 0\2:", value) or None


@pytest.mark.parametrize(
    ("stream", "file"),
    [
        ("contacts", "mock_contacts_data.json"),
        ("contacts", "mock_contacts_with_history.json"),
        ("companies", "mock_companies_data.json"),
        ("deals", "mock_deals_data.json"),
        ("tickets", "mock_tickets_data.json"),
    ],
)
def test_a_recorded_page_maps(stream: str, file: str) -> None:
    """Every record of it becomes a record of the hub that survives storage."""
    rows = recorded(file)
    records = [MAPS[stream](row, SETTINGS) for row in rows]

    assert len(records) == 2
    assert [decode(encode(record)) for record in records] == records
    assert all(getattr(record, "created_at", True) for record in records)


def test_a_recorded_contact_keeps_its_values() -> None:
    """Names, address and employer of the first recorded contact."""
    maria = mapping.person(recorded("mock_contacts_with_history.json")[0], SETTINGS)

    assert (maria.given_name, maria.emails) == ("Maria", ["emailmaria@hubspot.com"])
    assert (maria.addresses[0].city, maria.organisation_name) == ("Brisbane", "HubSpot")


@pytest.mark.parametrize(
    ("stream", "file"),
    [
        ("contacts", "contact_data.csv"),
        ("companies", "company_data.csv"),
        ("deals", "deal_data.csv"),
        ("tickets", "ticket_data.csv"),
    ],
)
def test_every_sampled_row_maps(stream: str, file: str) -> None:
    """None is skipped."""
    rows = list(sampled(file))

    records = [MAPS[stream](row, SETTINGS) for row in rows]

    assert len(records) == len(rows) > 20
    assert [decode(encode(record)) for record in records] == records


def test_a_sampled_contact_names_the_records_merged_into_it() -> None:
    """The first sampled contact absorbed three others."""
    first = next(sampled("contact_data.csv"))

    assert aliases(first) == ["76340251", "46897301", "76226001"]
