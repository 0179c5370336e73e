"""The trouble that a fault scenario stages in the data: plateaus, late commits, schema drift."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connectors.zendesk.emulator.account import Account
from connectors.zendesk.emulator.control import table_of
from connectors.zendesk.emulator.fields import CustomField
from connectors.zendesk.emulator.tables import (
    VISIBLE_AFTER_SECONDS,
    Entry,
    Table,
    restamp,
    stamp,
)
from hub.emulation.faults import Fault


def stage(account: Account, fault: Fault) -> None:
    """Bring about what the fault describes, before the request that met it is answered."""
    table = table_of(account, fault.object_type or "users")
    match fault.kind:
        case "plateau":
            _plateau(account, table, fault)
        case "late_commit":
            _commit_late(account, table, fault)
        case "schema_drift":
            _drift(account, table, fault)


def _visible(account: Account) -> datetime:
    """The latest moment that exports show."""
    return account.now() - timedelta(seconds=VISIBLE_AFTER_SECONDS)


def _plateau(account: Account, table: Table, fault: Fault) -> None:
    """Give many records one modification time, as a bulk edit a minute ago does."""
    moment = _visible(account)
    for entry in list(table.live())[: fault.count]:
        restamp(table, entry, moment)
        table.move(entry, moment)


def _commit_late(account: Account, table: Table, fault: Fault) -> None:
    """Let changes become visible now whose ``updated_at`` is past already.

    Exports by cursor show them, since Zendesk orders those by when a change was generated. The
    time-based ones stamp an event with the past itself.
    """
    moment = account.now() - timedelta(seconds=fault.seconds)
    for entry in _chosen(table, fault):
        name, value = _small_change(account, table, entry)
        entry.body[name] = value
        restamp(table, entry, moment)
        table.move(entry, moment if table.name == "comments" else _visible(account))
        account.log("update", table.name, entry.id, {name}, "user")


def _small_change(account: Account, table: Table, entry: Entry) -> tuple[str, Any]:
    """A field that people edit, and a value that it did not have."""
    told = f"Edited {len(account.effects) + 1}"
    match table.name:
        case "tickets":
            return "subject", told
        case "comments":
            return "body", told
        case "satisfaction_ratings":
            return "comment", told
        case "survey_responses":
            return "answers", _answered(entry.body["answers"], told)
    return "notes", told


def _answered(answers: list[dict[str, Any]], comment: str) -> list[dict[str, Any]]:
    open_ended = {"type": "open_ended", "value": comment}
    first, *others = answers
    return [first, *({**other, **open_ended} for other in others[:1]), *others[1:]]


def _chosen(table: Table, fault: Fault) -> list[Entry]:
    entries = list(table.live())
    draw = random.Random(f"{fault.kind}:{fault.count}")  # noqa: S311 - repeatable chance
    return draw.sample(entries, min(fault.count, len(entries)))


def _drift(account: Account, table: Table, fault: Fault) -> None:
    """Add, remove or retype a field while a sync is running."""
    if table.name not in account.fields:
        _drift_rows(account.drifted.setdefault(table.name, {}), fault)
        return
    defined = account.fields[table.name].defined
    if fault.change == "add":
        number = account.sequence.id()
        now = stamp(account.now())
        added = CustomField(number, fault.field, fault.field, "text", created_at=now)
        defined.setdefault(fault.field, added)
    elif fault.change == "remove":
        account.fields[table.name].remove(fault.field)
    elif fault.field in defined:
        defined[fault.field] = replace(defined[fault.field], type="decimal")


def _drift_rows(extra: dict[str, object], fault: Fault) -> None:
    if fault.change == "remove":
        extra.pop(fault.field, None)
    else:
        extra[fault.field] = "new" if fault.change == "add" else ["new"]
