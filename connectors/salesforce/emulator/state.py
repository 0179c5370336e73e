"""The whole org as JSON, and back: for looking at it, and for surviving a restart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from connectors.salesforce.emulator.fields import Field
from connectors.salesforce.emulator.org import Org
from connectors.salesforce.emulator.records import Record
from connectors.salesforce.emulator.values import Json


class RecordState(BaseModel):
    """One record."""

    model_config = ConfigDict(frozen=True)

    values: dict[str, Json]
    deleted_at: datetime | None = None


class OrgState(BaseModel):
    """Everything that makes up an org, but not its sessions, cursors and limits."""

    model_config = ConfigDict(frozen=True)

    records: dict[str, dict[str, RecordState]]
    fields: dict[str, dict[str, Field]]
    hidden: dict[str, set[str]]
    out_of_sight: set[str] = set()
    read_only: dict[str, set[str]]
    duplicate_rules: set[str]
    log_purged_at: datetime | None


def dump(org: Org) -> Mapping[str, object]:
    """The org as JSON."""
    records = {
        name: {
            record.id: RecordState(values=record.values, deleted_at=record.deleted_at)
            for record in table.records.values()
        }
        for name, table in org.tables.items()
    }
    state = OrgState(
        records=records,
        fields=org.fields,
        hidden=org.hidden,
        out_of_sight=org.out_of_sight,
        read_only=org.read_only,
        duplicate_rules=org.duplicate_rules,
        log_purged_at=org.log_purged_at,
    )
    return state.model_dump(mode="json")


def restore(org: Org, dumped: str) -> None:
    """Bring an empty org into the dumped state; restoring is no effect."""
    state = OrgState.model_validate_json(dumped)
    for name, table in org.tables.items():
        org.fields[name] = dict(state.fields[name])
        for record_id, kept in state.records[name].items():
            table.add(Record(record_id, dict(kept.values), kept.deleted_at))
    org.hidden.update(state.hidden)
    org.out_of_sight |= state.out_of_sight
    org.read_only.update(state.read_only)
    org.duplicate_rules |= state.duplicate_rules
    org.log_purged_at = state.log_purged_at
