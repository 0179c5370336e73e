"""Rows of a warehouse copy of real accounts: every one of them maps."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from connectors.zendesk import rows
from connectors.zendesk.config import ZendeskSettings
from connectors.zendesk.connector import ZENDESK
from hub.core.connector import Row
from hub.core.records import decode, encode
from hub.core.secrets import Secret

VENDORS = Path(os.environ.get("CXHUB_SHARED", Path(__file__).parents[4] / "shared")) / "vendors"
FOLDER = VENDORS / "sample-rows" / "zendesk"
SETTINGS = ZendeskSettings.model_validate(
    {"subdomain": "acme", "client_id": "cxhub", "client_secret": Secret.of("zd-test")}
)
MAPS = {stream.name: stream.map for stream in ZENDESK.streams_for(SETTINGS)}

MAPPED: Mapping[str, str] = {
    "user_data.csv": "users",
    "user_data_snowflake.csv": "users",
    "organization_data.csv": "organizations",
    "ticket_data.csv": "tickets",
    "ticket_comment_data.csv": "comments",
}
NOT_READ: Mapping[str, str] = {
    "audit_log_data.csv": "who changed the account's settings",
    "brand_data.csv": "brands are named by the connection",
    "brand_data_postgres.csv": "brands are named by the connection",
    "group_data.csv": "teams of agents",
    "daylight_time_data.csv": "business hours: durations are read in calendar hours",
    "schedule_data.csv": "business hours",
    "schedule_holiday_data.csv": "business hours",
    "ticket_schedule_data.csv": "business hours",
    "time_zone_data.csv": "business hours",
    "sla_policy_metric_history_data.csv": "targets, not what happened",
    "ticket_sla_policy_data.csv": "targets, not what happened",
    "ticket_chat_data.csv": "a warehouse table of chats, which tickets hold as comments",
    "ticket_chat_event_data.csv": "a warehouse table of chats",
    "ticket_form_history_data.csv": "forms",
    "ticket_field_history_data.csv": "changes of fields: metric sets sum them up",
    "domain_name_data.csv": "part of an organization, joined below",
    "organization_tag_data.csv": "tags: kept in the raw row only",
    "organization_tag_data_snowflake.csv": "tags",
    "ticket_tag_data.csv": "tags",
    "user_tag_data.csv": "tags",
    "user_tag_data_snowflake.csv": "tags",
}

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not VENDORS.exists(), reason="the shared data sets are not here"),
]


def sampled(file: str) -> Iterator[Row]:
    """Rows with Zendesk's own names and nulls, in the types that JSON has for them."""
    with (FOLDER / file).open(newline="") as lines:
        for held in csv.DictReader(lines):
            row = {name.strip('"').lower(): spelled(value) for name, value in held.items()}
            yield {
                **row,
                "active": row.get("active") != "FALSE",
                "via": {"channel": row.get("via_channel")},
                "author_id": row.get("user_id"),
                "created_at": row.get("created_at") or row.get("created"),
            }


def spelled(value: str) -> str | None:
    """As Zendesk spells it: the warehouse drops the T and the zone, and empties nulls."""
    return re.sub(r"^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$", r"\1T\2Z", value) or None


@pytest.mark.parametrize(("file", "stream"), MAPPED.items())
def test_every_sampled_row_maps(file: str, stream: str) -> None:
    """None is skipped, each survives storage."""
    held = list(sampled(file))

    records = [MAPS[stream](rows.flat(row)) for row in held]

    assert len(records) == len(held) >= 10
    assert [decode(encode(record)) for record in records] == records


def test_sixty_rows_are_mapped() -> None:
    """All rows of the objects that the connector reads."""
    assert sum(len(list(sampled(file))) for file in MAPPED) == 60


def test_every_file_is_read_or_left_with_a_reason() -> None:
    """A new file in the set is a question to this connector."""
    assert {path.name for path in FOLDER.glob("*.csv")} == MAPPED.keys() | NOT_READ.keys()
    assert all(NOT_READ.values())


def test_an_organization_has_its_domains() -> None:
    """They lie in a table of their own in the warehouse, and inside the record at Zendesk."""
    named = [row for row in sampled("domain_name_data.csv") if row["domain_name"]]
    [whole] = [
        {**next(sampled("organization_data.csv")), "domain_names": [named[0]["domain_name"]]}
    ]

    acme = MAPS["organizations"](rows.flat(whole))

    assert getattr(acme, "domain", None) == named[0]["domain_name"]


def test_a_sampled_ticket_keeps_its_values() -> None:
    """Requester, status and channel of a solved ticket."""
    solved = next(row for row in sampled("ticket_data.csv") if row["status"] == "solved")

    ticket = MAPS["tickets"](solved)

    assert ticket.party.id == solved["requester_id"]  # type: ignore[attr-defined]
    assert (ticket.status, ticket.channel) == ("solved", "email")  # type: ignore[attr-defined]
