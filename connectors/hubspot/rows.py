"""What a row is, and how it is read.

A *row* is the properties of one CRM record, beside what its own endpoint does not tell:

    {"hs_object_id": "512", "email": "…", "lastmodifieddate": "…",
     "associated contacts": ["101"], "subscription statuses": [{…}]}

HubSpot's own names have no blanks, so the added ones cannot collide with a property. Every property
is text or null, whatever its type; a reader takes null for "nothing known", and refuses a row only
for a value that is there and cannot be what it should.
"""

from __future__ import annotations

from connectors.hubspot.api import CrmRecord
from hub.core.connector import Row
from hub.core.values import Values, listed

KEY = "hs_object_id"
CONTACTS = "associated contacts"
COMPANIES = "associated companies"
TICKETS = "associated tickets"
STATUSES = "subscription statuses"
NOT_TOLD = "not told"
"""In place of an address's statuses, where HubSpot refuses to look the address up."""

MERGED = ("hs_merged_object_ids", "hs_calculated_merged_vids")

VALUES = Values("HubSpot", KEY)


def row_of(record: CrmRecord) -> Row:
    """The row of a record as received."""
    return {**(record.properties or {}), KEY: record.id}


def aliases(row: Row) -> list[str]:
    """Ids of the records that were merged into this one, without their times of merging."""
    merged = [item.partition(":")[0] for name in MERGED for item in listed(row, name)]
    return [item for item in dict.fromkeys(merged) if item and item != row.get(KEY)]


def associated(row: Row, name: str) -> list[str]:
    """Ids of the associated records that the row names under ``name``, ascending."""
    value = row.get(name)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
