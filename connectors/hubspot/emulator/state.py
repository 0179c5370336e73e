"""The whole account as JSON, and back: for looking at it, and for surviving a restart."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from connectors.hubspot.emulator.account import Account
from connectors.hubspot.emulator.associations import Node
from connectors.hubspot.emulator.catalogue import Property
from connectors.hubspot.emulator.records import Record
from connectors.hubspot.emulator.subscriptions import Status


class RecordState(BaseModel):
    """One record's values; its history is not kept."""

    model_config = ConfigDict(frozen=True)

    properties: dict[str, str]
    archived_at: str | None = None


class AccountState(BaseModel):
    """Everything that makes up an account, but not its credentials and limits."""

    model_config = ConfigDict(frozen=True)

    records: dict[str, dict[str, RecordState]]
    merged: dict[str, dict[str, str]]
    properties: dict[str, dict[str, Property]]
    groups: dict[str, dict[str, str]]
    required: dict[str, set[str]]
    bonds: list[tuple[Node, Node]]
    statuses: list[tuple[str, int, Status]]
    opted_out: dict[str, str]
    blocklist: set[str]
    owners: dict[str, str] = {}


def dump(account: Account) -> Mapping[str, object]:
    """The account as JSON."""
    records = {
        name: {r.id: _kept(r) for r in table.records.values()}
        for name, table in account.tables.items()
    }
    statuses = [(*key, status) for key, status in account.subscriptions.statuses.items()]
    state = AccountState(
        records=records,
        merged={name: table.merged for name, table in account.tables.items()},
        properties=account.properties,
        groups=account.groups,
        required=account.required,
        bonds=account.associations.bonds(),
        statuses=statuses,
        opted_out=account.subscriptions.opted_out,
        blocklist=account.blocklist,
        owners=account.owners,
    )
    return state.model_dump(mode="json")


def restore(account: Account, dumped: str) -> None:
    """Bring an empty account into the dumped state; restoring is no effect."""
    state = AccountState.model_validate_json(dumped)
    for name, table in account.tables.items():
        account.properties[name].update(state.properties.get(name, {}))
        account.groups[name].update(state.groups.get(name, {}))
        table.merged.update(state.merged.get(name, {}))
        for record_id, kept in state.records.get(name, {}).items():
            table.adopt(Record(record_id, dict(kept.properties), kept.archived_at))
    account.required.update(state.required)
    account.blocklist |= state.blocklist
    account.owners.update(state.owners)
    account.subscriptions.opted_out.update(state.opted_out)
    for email, type_id, status in state.statuses:
        account.subscriptions.statuses[email, type_id] = status
    for one, other in state.bonds:
        account.associations.link(one, other)


def _kept(record: Record) -> RecordState:
    return RecordState(properties=record.properties, archived_at=record.archived_at)
