"""Describes of a real org and rows of real ones: all of it maps, with every field nullable."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml  # type: ignore[import-untyped]

from connectors.salesforce import mapping, permissions
from connectors.salesforce.client import reason
from connectors.salesforce.config import SalesforceSettings
from connectors.salesforce.describe import Described, Shape
from hub.core.connector import Row
from hub.core.records import Record, decode, encode
from hub.core.secrets import Secret

VENDORS = Path(os.environ.get("CXHUB_SHARED", Path(__file__).parents[4] / "shared")) / "vendors"
SETTINGS = SalesforceSettings.model_validate(
    {
        "base_url": "https://acme.my.salesforce.com",
        "client_id": "key",
        "client_secret": Secret.of("secret"),
        "currency": "USD",
        "person_accounts": True,
    }
)
MAPS: Mapping[str, Callable[[Row, SalesforceSettings], Record]] = {
    "accounts": mapping.organisation,
    "contacts": mapping.contact,
    "leads": mapping.lead,
    "person_accounts": mapping.person_account,
    "cases": mapping.case,
    "opportunities": mapping.opportunity,
    "tasks": mapping.task,
    "events": mapping.event,
    "contact_consents": permissions.opt_outs,
    "lead_consents": partial(permissions.opt_outs, people="leads"),
}
SAMPLES: Mapping[str, tuple[str, int]] = {
    "sf_account_data.csv": ("accounts", 10),
    "sf_account_history_data.csv": ("accounts", 10),
    "sf_contact_data.csv": ("contacts", 4),
    "sf_contact_history_data.csv": ("contacts", 4),
    "sf_lead_data.csv": ("leads", 1),
    "sf_opportunity_data.csv": ("opportunities", 10),
    "sf_opportunity_history_data.csv": ("opportunities", 10),
    "sf_task_data.csv": ("tasks", 10),
    "sf_event_data.csv": ("events", 10),
}
DESCRIBES: Mapping[str, tuple[str, int]] = {
    "Account": ("accounts", 68),
    "Account_PersonAccount": ("person_accounts", 250),
    "Contact": ("contacts", 59),
    "Lead": ("leads", 54),
    "Case": ("cases", 35),
    "Opportunity": ("opportunities", 40),
    "Event": ("events", 48),
}
EXAMPLES: Mapping[str, Any] = {
    "boolean": True,
    "int": 7,
    "double": 7.5,
    "currency": 100.0,
    "percent": 20.0,
    "date": "2025-11-01",
    "datetime": "2025-11-01T09:30:00.000+0000",
    "address": {"city": "Perth", "street": None},
    "reference": "0035g0000000001AAA",
    "id": "0035g0000000001AAA",
}

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not VENDORS.exists(), reason="the shared data sets are not here"),
]


def sampled(file: str) -> Iterator[Row]:
    """Rows of a warehouse copy of Salesforce, with Salesforce's own field names and nulls."""
    with (VENDORS / "sample-rows/salesforce" / file).open(newline="") as lines:
        for row in csv.DictReader(lines):
            named = {api_name(k): spelled(v) for k, v in row.items() if not k.startswith("_")}
            yield {"CreatedDate": EXAMPLES["datetime"]} | {
                name: value
                for name, value in named.items()
                if (name, value) != ("CreatedDate", None)
            }


def api_name(column: str) -> str:
    """As Salesforce writes it: custom_field_c is Custom_Field__c, first_name is FirstName."""
    custom = column.endswith("_c")
    words = column.removesuffix("_c").split("_")
    joined = ("_" if custom else "").join(word.capitalize() for word in words)
    return f"{joined}__c" if custom else joined


def spelled(value: str) -> Any:
    """As Salesforce spells it: the warehouse empties nulls and shouts flags."""
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    return re.sub(r"^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$", r"\1T\2.000+0000", value) or None


def described(name: str) -> Shape:
    """The recorded describe of an object, through the connector's own parsing."""
    file = VENDORS / "salesforce" / f"GET_sobjects_{name}_describe.yaml"
    body = yaml.safe_load(file.read_text())["response"]["body"]["string"]
    return Shape.of(msgspec.convert(json.loads(body), Described))


@pytest.mark.parametrize("file", SAMPLES)
def test_every_sampled_row_maps(file: str) -> None:
    """None is skipped, and each record survives storage."""
    stream, count = SAMPLES[file]
    rows = list(sampled(file))

    records = [MAPS[stream](row, SETTINGS) for row in rows]

    assert len(records) == len(rows) >= count
    assert [decode(encode(record)) for record in records] == records


def test_a_sampled_lead_keeps_its_values() -> None:
    """Name, address and what it was converted to."""
    [lead] = [mapping.lead(row, SETTINGS) for row in sampled("sf_lead_data.csv")]

    assert (lead.given_name, lead.family_name, lead.emails) == ("H", "Croc", ["h@gmail.com"])
    assert lead.lifecycle == "converted lead"
    assert lead.attributes["ConvertedContactId"] == "0031G00001QtDPlQAN"


@pytest.mark.parametrize("name", DESCRIBES)
def test_a_recorded_describe_is_read(name: str) -> None:
    """Every field with its type, and those that the stream needs among them."""
    stream, count = DESCRIBES[name]
    shape = described(name)

    visible = shape.visible(mapping.wanted(stream, SETTINGS))

    assert len(shape.fields) == count
    assert shape.logs_deletes
    assert {"Id", "SystemModstamp", "IsDeleted"} <= shape.fields.keys()
    assert len(visible) >= len(mapping.FIELDS[stream]) * 0.7
    assert "CreatedDate" in visible


@pytest.mark.parametrize("name", DESCRIBES)
def test_a_record_of_every_described_field_maps(name: str) -> None:
    """With a value of each field's own type, and with null in every single one."""
    stream, _ = DESCRIBES[name]
    shape = described(name)
    row = {each.name: EXAMPLES.get(each.type or "", "text") for each in shape.fields.values()}

    whole = MAPS[stream](row, SETTINGS)

    assert decode(encode(whole)) == whole
    for field in row.keys() - {"Id", "CreatedDate"}:
        with_null = MAPS[stream]({**row, field: None}, SETTINGS)
        assert decode(encode(with_null)) == with_null


def test_the_recorded_contact_hides_its_opt_outs() -> None:
    """Field-level security took them away: nothing is claimed, least of all consent."""
    shape = described("Contact")

    visible = shape.visible(mapping.wanted("contact_consents", SETTINGS))

    assert "HasOptedOutOfEmail" not in visible
    row = dict.fromkeys(visible) | {"Id": EXAMPLES["id"], "Email": "ada@example.com"}
    assert permissions.opt_outs(row, SETTINGS).claims == []


def test_the_recorded_person_account_shows_its_boxes() -> None:
    """They are read under their names on the account."""
    shape = described("Account_PersonAccount")

    visible = shape.visible(mapping.wanted("person_account_consents", SETTINGS))

    assert {"PersonHasOptedOutOfEmail", "PersonDoNotCall"} <= visible.keys()
    row = {"Id": "0015g0000000001AAA", "PersonHasOptedOutOfEmail": True}
    signal = permissions.opt_outs(row, SETTINGS, people="person_accounts")
    assert [claim.channel for claim in signal.claims] == ["email"]


def test_recorded_errors_are_told_by_their_codes() -> None:
    """Every error list of the recorded exchanges has a code that the hub repeats."""
    found = []
    for file in sorted((VENDORS / "salesforce").glob("Test*.yaml")):
        for line in re.findall(r"errorCode\\?\"\s*:\s*\\?\"([A-Z_]+)", file.read_text()):
            found.append(reason([{"errorCode": line, "message": "…"}]))

    assert found
    assert "no code" not in found
