"""Endpoints and rules of organizations: unique names, unique external ids, updates in bulk.

Source: Zendesk, "Organizations" (read November 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from connectors.zendesk.emulator.account import Account
from connectors.zendesk.emulator.attributes import BLANK_ORGANIZATION, ORGANIZATION, typed
from connectors.zendesk.emulator.batches import attributes, batch, queue
from connectors.zendesk.emulator.jobs import Result
from connectors.zendesk.emulator.paging import paged
from connectors.zendesk.emulator.refusals import (
    Problem,
    not_found,
    record_invalid,
)
from connectors.zendesk.emulator.tables import Body, Entry
from connectors.zendesk.emulator.wire import Answer, Call
from hub.emulation.effects import Actor

KIND = "organizations"
_OWN = "organization_fields"


def list_organizations(account: Account, call: Call) -> Answer:
    """The organizations that are there, by id."""
    return paged(call, KIND, list(account.table(KIND).live()), partial(account.shown, KIND))


def get_organization(account: Account, call: Call) -> Answer:
    """One organization."""
    entry = account.record(KIND, call.id("organization_id"))
    return Answer({"organization": account.shown(KIND, entry)})


def show_many_organizations(account: Account, call: Call) -> Answer:
    """The organizations of those ids that are there."""
    named = [account.table(KIND).find(key) for key in call.ids()]
    rows = [account.shown(KIND, entry) for entry in named if entry is not None]
    return Answer({KIND: rows, "count": len(rows), "next_page": None, "previous_page": None})


def update_organization(account: Account, call: Call) -> Answer:
    """The organization with the new values."""
    entry = account.record(KIND, call.id("organization_id"))
    change(account, entry, attributes(call.body, "organization"), "api")
    return Answer({"organization": account.shown(KIND, entry)})


def update_many_organizations(account: Account, call: Call) -> Answer:
    """The job that updates up to 100 organizations, each its own way or all alike."""
    request = batch(call, KIND, ORGANIZATION)
    wanted = [{**(request.shared or {}), **row} for row in request.records]
    tasks = [partial(_update, account, row) for row in wanted]
    return queue(account, call, "OrganizationBulkUpdateJob", tasks)


# --- changes ---------------------------------------------------------------------------------


def create(account: Account, wanted: Mapping[str, Any], actor: Actor) -> Entry:
    """The new organization.

    Raises:
        Refusal: 400 or 422.
    """
    values = _accepted(account, wanted, None)
    key = account.sequence.id()
    body = blank_organization(account, key) | account.stamps()
    entry = account.table(KIND).add(body | values, account.now())
    account.log("create", KIND, key, set(values), actor)
    return entry


def change(account: Account, entry: Entry, wanted: Mapping[str, Any], actor: Actor) -> set[str]:
    """Names of the fields that really changed; custom ones as ``organization_fields.key``.

    Raises:
        Refusal: 400 or 422; nothing changed then.
    """
    values = _accepted(account, wanted, entry)
    old = entry.body[_OWN]
    own = {key: v for key, v in values.pop(_OWN, {}).items() if old.get(key) != v}
    changed = {name for name, value in values.items() if entry.body[name] != value}
    changed |= {f"{_OWN}.{key}" for key in own}
    if changed:
        account.table(KIND).write(entry, values | {_OWN: {**old, **own}}, account.now())
        account.log("update", KIND, entry.id, changed, actor)
    return changed


def delete(account: Account, entry: Entry, actor: Actor) -> None:
    """Take the organization out; its users stay, without one."""
    entry.deleted = True
    users = account.table("users")
    for user in users.entries.values():
        if user.body["organization_id"] == entry.id:
            users.write(user, {"organization_id": None}, account.now())
    account.log("archive", KIND, entry.id, set(), actor)


def _update(account: Account, wanted: Mapping[str, Any]) -> Result:
    entry = _addressed(account, wanted)
    values = {name: value for name, value in wanted.items() if name != "id"}
    change(account, entry, values, "api")
    return {"id": entry.id, "action": "update", "success": True, "status": "Updated"}


def _addressed(account: Account, wanted: Mapping[str, Any]) -> Entry:
    if "id" in wanted:
        return account.record(KIND, wanted["id"])
    entry = _holder(account, "external_id", str(wanted.get("external_id", "")))
    if entry is None:
        raise not_found()
    return entry


def blank_organization(account: Account, key: int) -> Body:
    """An organization of which nothing is known yet."""
    return {"id": key, "url": account.url(KIND, key), **BLANK_ORGANIZATION}


# --- rules -----------------------------------------------------------------------------------


def _accepted(account: Account, wanted: Mapping[str, Any], entry: Entry | None) -> dict[str, Any]:
    values = typed(wanted, ORGANIZATION)
    problems: list[Problem] = []
    if _OWN in wanted:
        values[_OWN], problems = account.fields[KIND].accept(wanted[_OWN])
    name = values.get("name", "" if entry is None else entry.body["name"])
    if not (name or "").strip():
        problems.append(Problem("name", "Name: cannot be blank", "BlankValue"))
    for unique in ("name", "external_id"):
        held = values.get(unique)
        holder = _holder(account, unique, held) if held else None
        if holder is not None and holder is not entry:
            told = f"{unique.capitalize()}: {held} has already been taken"
            problems.append(Problem(unique, told, "DuplicateValue"))
    if problems:
        raise record_invalid(problems)
    return values


def _holder(account: Account, name: str, value: str) -> Entry | None:
    held = value.lower()
    live = account.table(KIND).live()
    return next((e for e in live if str(e.body[name] or "").lower() == held), None)
