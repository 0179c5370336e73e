"""What a row is.

A *row* is one record as Zendesk's export shows it, beside what came with it, and with its custom
fields side by side, so that those which the hub itself writes can be left out of the comparison:

    {"id": 512, "email": "…", "user field plan": "gold", "user field cxhub_golden_id": "…",
     "identities": [{…}]}

Zendesk's own names have no blanks, so the added ones cannot collide with any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.core.clock import iso_z
from hub.core.connector import Row

KEY = "id"
TICKET = "ticket_id"
IDENTITIES = "identities"
METRICS = "metric_set"
METRIC_SETS = "metric_sets"
OFFERED = "offered at"
REQUESTER = "ticket requester"
AUTHOR_ROLE = "author role"

_CUSTOM = {"user_fields": "user field", "organization_fields": "organization field"}
_ULID = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def user_field(key: str) -> str:
    """Name in a row of the custom user field ``key``."""
    return f"user field {key}"


def organization_field(key: str) -> str:
    """Name in a row of the custom organization field ``key``."""
    return f"organization field {key}"


def objects(value: object) -> list[Row]:
    """The objects of a list; nothing of anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def part(value: object) -> Mapping[str, Any]:
    """An object inside a row; an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def flat(record: Mapping[str, Any]) -> Row:
    """The row of a user or organization as received."""
    row: Row = {}
    for name, value in record.items():
        if name in _CUSTOM and isinstance(value, dict):
            row |= {f"{_CUSTOM[name]} {key}": held for key, held in value.items()}
        else:
            row[name] = value
    return row


def permissions(row: Row, keys: Sequence[str]) -> Row:
    """What ``keys``, custom user fields that stand for permissions, say about a user."""
    kept = (KEY, "updated_at", "active", "email", "phone", *map(user_field, keys))
    return {name: row[name] for name in kept if name in row}


def with_identities(users: Sequence[Row], identities: Sequence[Row]) -> list[Row]:
    """The rows of users, each with the addresses and numbers that Zendesk knows it by."""
    found: dict[Any, list[Row]] = {}
    for identity in identities:
        found.setdefault(identity.get("user_id"), []).append(identity)
    return [{**flat(user), IDENTITIES: found.get(user.get(KEY), [])} for user in users]


def with_metrics(tickets: Sequence[Row], metrics: Sequence[Row]) -> list[Row]:
    """The rows of tickets, each with what Zendesk measured of it.

    Accounts were seen that answer with the metrics inside the tickets, and others beside them.
    """
    found = {metric.get(TICKET): metric for metric in metrics}
    return [{METRICS: found.get(ticket.get(KEY)), **ticket} for ticket in tickets]


def comments(event: Mapping[str, Any]) -> list[Row]:
    """The comments among the changes of one ticket event, each with its ticket."""
    return [
        {"created_at": event.get("created_at"), **change, TICKET: event.get(TICKET)}
        for change in objects(event.get("child_events"))
        if change.get("event_type") in _COMMENTS
    ]


_COMMENTS = ("Comment", "VoiceComment")


def offered(response: Mapping[str, Any]) -> Row:
    """A survey response with the time when it was offered, which its id begins with.

    >>> offered({"id": "01J1WB51MG6HXTYWE6Q0C93RNW"})["offered at"]
    '2024-07-03T13:04:44.176Z'
    >>> offered({"id": "17"})["offered at"] is None
    True

    Source: https://github.com/ulid/spec (the first ten characters are milliseconds since 1970).
    """
    return {**response, OFFERED: _ulid_time(str(response.get(KEY)))}


def _ulid_time(ulid: str) -> str | None:
    if len(ulid) != 26 or any(letter not in _ULID for letter in ulid):
        return None
    millis = 0
    for letter in ulid[:10]:
        millis = millis * 32 + _ULID.index(letter)
    return iso_z(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millis))
