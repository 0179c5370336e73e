"""Endpoints that say what was deleted or changed in a span of time.

Source: Salesforce REST API, "sObject Get Deleted" and "Get Updated"; SOAP API, "getDeleted()" (read
November 2026): seconds are ignored, the span is at least a minute, deletions are known for 15 days
and changes for 30.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from connectors.salesforce.emulator.catalogue import SObject
from connectors.salesforce.emulator.org import Org
from connectors.salesforce.emulator.records import BIN_LIFE
from connectors.salesforce.emulator.refusals import (
    invalid_replication_date,
    not_found,
    too_many_ids,
)
from connectors.salesforce.emulator.values import instant_of, stamp
from connectors.salesforce.emulator.wire import Answer, Call

MOST_IDS = 600_000
CHANGES_KNOWN = timedelta(days=30)
_MINUTE = timedelta(minutes=1)


def list_deleted(org: Org, call: Call) -> Answer:
    """Ids and times of the records that were deleted, losers of merges among them.

    Raises:
        Refusal: 400 for a span that cannot be asked for, or with too many deletions in it.
    """
    kind, start, end = _asked(org, call, BIN_LIFE)
    known_from = max(org.now() - BIN_LIFE, org.log_purged_at or org.now() - BIN_LIFE)
    deleted = [
        {"id": record.id, "deletedDate": stamp(record.deleted_at)}
        for record in org.table(kind.name).binned()
        if record.deleted_at is not None and start <= record.deleted_at < end
    ]
    if len(deleted) > MOST_IDS:
        raise too_many_ids()
    return Answer(
        {
            "deletedRecords": deleted,
            "earliestDateAvailable": stamp(known_from),
            "latestDateCovered": stamp(min(end, org.now())),
        }
    )


def list_updated(org: Org, call: Call) -> Answer:
    """Ids of the live records that were created or changed.

    Raises:
        Refusal: 400 for a span that cannot be asked for, or with too many changes in it.
    """
    kind, start, end = _asked(org, call, CHANGES_KNOWN)
    first, last = stamp(start), stamp(end)
    table = org.table(kind.name)
    ids = [r.id for r in table.live() if first <= r.values["SystemModstamp"] < last]
    if len(ids) > MOST_IDS:
        raise too_many_ids()
    return Answer({"ids": ids, "latestDateCovered": stamp(min(end, org.now()))})


def _asked(org: Org, call: Call, known: timedelta) -> tuple[SObject, datetime, datetime]:
    kind = org.kind(call.path["sobject"])
    if not kind.replicateable:
        raise not_found()
    start, end = (_minute(call, name) for name in ("start", "end"))
    if end - start < _MINUTE:
        raise invalid_replication_date("startDate must precede endDate by more than one minute")
    if start < org.now() - known - _MINUTE:
        raise invalid_replication_date(f"startDate is more than {known.days} days ago")
    return kind, start, end


def _minute(call: Call, name: str) -> datetime:
    try:
        instant = instant_of(call.query.get(name, "").replace("Z", "+00:00"))
    except ValueError as error:
        raise invalid_replication_date(f"{name} is no date and time") from error
    # What is asked for to the second is answered to the minute; the end then lies one further.
    floor = instant.replace(second=0, microsecond=0)
    return floor + _MINUTE if name == "end" and floor != instant else floor
