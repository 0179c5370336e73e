"""The trouble that a fault scenario stages in the org's data.

Beside what every emulator stages: a ``server_error`` of the policy ``QUERY_TIMEOUT`` gives a query
up, a ``rate_limited`` of the policy ``DAILY`` says that the day is used up (without a policy, that
too much happens at once), and a ``partial_failure`` of the policy ``DUPLICATES_DETECTED`` blocks
records as a duplicate rule does (without a policy, they are locked).
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from connectors.salesforce.emulator.catalogue import SObject
from connectors.salesforce.emulator.fields import field_of
from connectors.salesforce.emulator.ids import numbered
from connectors.salesforce.emulator.org import USERS, Org
from connectors.salesforce.emulator.records import Record
from connectors.salesforce.emulator.streams import kind_of, records_of
from connectors.salesforce.emulator.values import stamp
from hub.emulation.faults import Fault


def stage(org: Org, fault: Fault) -> None:
    """Bring about what the fault describes, before the request that struck it is answered."""
    if fault.kind == "plateau":
        _plateau(org, fault)
    elif fault.kind == "late_commit":
        _commit_late(org, fault)
    else:
        _drift(org, kind_of(org, fault.object_type or "contacts"), fault)


def _plateau(org: Org, fault: Fault) -> None:
    """Give many records one modification time, as a bulk update does."""
    moment = stamp(org.now())
    for record in islice(records_of(org, fault.object_type or "contacts"), fault.count):
        record.values["SystemModstamp"] = moment


def _commit_late(org: Org, fault: Fault) -> None:
    """Let records change now under a modification time that is already past."""
    stream = fault.object_type or "contacts"
    for record in _chosen(org, stream, fault):
        org.update(kind_of(org, stream), record, {"OwnerId": _next_owner(record)}, actor="user")
        moment = stamp(org.now() - timedelta(seconds=fault.seconds))
        record.values |= {"SystemModstamp": moment, "LastModifiedDate": moment}


def _next_owner(record: Record) -> str:
    owners = [numbered("005", number) for number in range(1, len(USERS) + 1)]
    return owners[(owners.index(record.values["OwnerId"]) + 1) % len(owners)]


def _chosen(org: Org, stream: str, fault: Fault) -> list[Record]:
    records = list(records_of(org, stream))
    draw = random.Random(f"{fault.kind}:{fault.count}")  # noqa: S311 - repeatable chance
    return draw.sample(records, min(fault.count, len(records)))


def _drift(org: Org, kind: SObject, fault: Fault) -> None:
    """Add, remove or retype a field while a sync is running."""
    fields = org.fields[kind.name]
    if fault.change == "add":
        fields[fault.field] = replace(field_of(f"{fault.field} string 80"), permissionable=False)
    elif fault.change == "retype":
        fields[fault.field] = replace(fields[fault.field], type="double", length=0)
    else:
        del fields[fault.field]
        for record in org.tables[kind.name].records.values():
            record.values.pop(fault.field, None)
