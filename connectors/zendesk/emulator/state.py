"""The whole account as JSON, and back: for looking at it, and for surviving a restart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from connectors.zendesk.emulator.account import Account
from connectors.zendesk.emulator.directory import Address
from connectors.zendesk.emulator.fields import CustomField
from connectors.zendesk.emulator.tables import Body, Entry


class EntryState(BaseModel):
    """One record with its place in the export."""

    model_config = ConfigDict(frozen=True)

    body: Body
    generated: int
    sequence: int
    deleted: bool = False
    erased: bool = False


class AccountState(BaseModel):
    """Everything that makes up an account, but not its credentials, limits and jobs."""

    model_config = ConfigDict(frozen=True)

    records: dict[str, list[EntryState]]
    addresses: list[Address]
    metrics: dict[int, Body]
    fields: dict[str, list[CustomField]]
    retired: dict[str, set[str]]
    changes: int
    next_id: int


def dump(account: Account) -> Mapping[str, Any]:
    """The account as JSON."""
    return AccountState(
        records={
            name: [_kept(entry) for entry in table.entries.values()]
            for name, table in account.tables.items()
        },
        addresses=account.directory.addresses(),
        metrics=account.metrics,
        fields={kind: list(fields.defined.values()) for kind, fields in account.fields.items()},
        retired={kind: fields.retired for kind, fields in account.fields.items()},
        changes=account.sequence.changes,
        next_id=account.sequence.next_id,
    ).model_dump(mode="json")


def restore(account: Account, dumped: str) -> None:
    """Bring an empty account into the dumped state; restoring is no effect."""
    state = AccountState.model_validate_json(dumped)
    for name, entries in state.records.items():
        table = account.table(name)
        for kept in entries:
            entry = Entry(dict(kept.body), kept.generated, kept.sequence, kept.deleted, kept.erased)
            table.entries[entry.id] = entry
    account.directory.learn(state.addresses)
    for user in account.table("users").live():
        account.directory.adopt(user)
    account.metrics.update(state.metrics)
    for kind, fields in state.fields.items():
        account.fields[kind].defined.update({field.key: field for field in fields})
        account.fields[kind].retired.update(state.retired[kind])
    account.sequence.changes = state.changes
    account.sequence.next_id = state.next_id


def _kept(entry: Entry) -> EntryState:
    return EntryState(
        body=entry.body,
        generated=entry.generated,
        sequence=entry.sequence,
        deleted=entry.deleted,
        erased=entry.erased,
    )
