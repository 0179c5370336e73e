"""Endpoints of users: list, show, create or update, update many, merge, delete for good.

Agents change end users; other agents and admins are changed by admins alone.

Source: Zendesk, "Users" (read November 2026): agents may update users "with restrictions on certain
actions"; that staff is one of them is unconfirmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from connectors.zendesk.emulator.access import Caller
from connectors.zendesk.emulator.account import OWNER_ID, Account
from connectors.zendesk.emulator.attributes import USER
from connectors.zendesk.emulator.batches import attributes, batch, queue
from connectors.zendesk.emulator.directory import Directory
from connectors.zendesk.emulator.jobs import Result
from connectors.zendesk.emulator.paging import paged
from connectors.zendesk.emulator.people import KIND
from connectors.zendesk.emulator.refusals import (
    forbidden,
    invalid_attribute,
    not_found,
)
from connectors.zendesk.emulator.tables import Body, Entry
from connectors.zendesk.emulator.wire import Answer, Call

_ANONYMOUS: Mapping[str, Any] = {
    "id": None,
    "url": None,
    "name": "Anonymous user",
    "email": "invalid@example.com",
    "role": "end-user",
    "active": True,
    "user_fields": {},
}
_DELETED_KEYS = (
    "id",
    "url",
    "name",
    "email",
    "created_at",
    "updated_at",
    "time_zone",
    "phone",
    "shared_phone_number",
    "photo",
    "locale_id",
    "locale",
    "organization_id",
    "role",
    "active",
)


def show_me(account: Account, call: Call) -> Answer:
    """The user of the credential; without one an anonymous visitor, and still 200."""
    if not call.caller.role:
        return Answer({"user": dict(_ANONYMOUS)})
    return Answer({"user": account.shown(KIND, account.record(KIND, OWNER_ID))})


def list_users(account: Account, call: Call) -> Answer:
    """The users that are not deleted, by id."""
    roles = {call.query["role"]} if "role" in call.query else set(call.query.getlist("role[]"))
    external_id = call.query.get("external_id")
    entries = [
        entry
        for entry in account.table(KIND).live()
        if (not roles or entry.body["role"] in roles)
        and (external_id is None or _same(entry.body["external_id"], external_id))
    ]
    return paged(call, KIND, entries, partial(account.shown, KIND))


def get_user(account: Account, call: Call) -> Answer:
    """One user, deleted or not, but no erased one."""
    return Answer({"user": account.shown(KIND, _any_user(account, call.id("user_id")))})


def show_many_users(account: Account, call: Call) -> Answer:
    """The users of those ids, or external ids, that are there."""
    directory = account.directory
    if "external_ids" in call.query:
        named = [directory.by_external_id(name) for name in call.listed("external_ids")]
    else:
        named = [account.table(KIND).find(key) for key in call.ids()]
    entries = [entry for entry in named if entry is not None]
    body: dict[str, object] = {KIND: [account.shown(KIND, entry) for entry in entries]}
    if "identities" in call.includes():
        body["identities"] = directory.identities(entries)
    return Answer(body | {"count": len(entries), "next_page": None, "previous_page": None})


def update_user(account: Account, call: Call) -> Answer:
    """The user with the new values."""
    entry = account.record(KIND, call.id("user_id"))
    _require_rank(call.caller, entry)
    account.people.update(entry, attributes(call.body, "user"), "api")
    return Answer({"user": account.shown(KIND, entry)})


def create_user(account: Account, call: Call) -> Answer:
    """The new user."""
    entry = account.people.create(attributes(call.body, "user"), "api")
    return _created(account, entry)


def create_or_update_user(account: Account, call: Call) -> Answer:
    """The user, found by external id or address, or made."""
    wanted = attributes(call.body, "user")
    entry = found(account.directory, wanted)
    if entry is None:
        return _created(account, account.people.create(wanted, "api"))
    _require_rank(call.caller, entry)
    account.people.update(entry, wanted, "api")
    return Answer({"user": account.shown(KIND, entry)}, headers=_location(entry))


def create_or_update_many_users(account: Account, call: Call) -> Answer:
    """The job that creates or updates up to 100 users."""
    _require_bulk(account)
    wanted = [dict(row) for row in batch(call, KIND, USER).records]
    tasks = [partial(_upsert, account, call.caller, row) for row in wanted]
    return queue(account, call, "UserBulkCreateOrUpdateJob", tasks)


def update_many_users(account: Account, call: Call) -> Answer:
    """The job that updates up to 100 users, each its own way or all alike."""
    _require_bulk(account)
    request = batch(call, KIND, USER)
    wanted = [{**(request.shared or {}), **row} for row in request.records]
    tasks = [partial(_update, account, call.caller, row) for row in wanted]
    return queue(account, call, "UserBulkUpdateJobV2", tasks)


def merge_users(account: Account, call: Call) -> Answer:
    """The user that is left; the one that the path names is absorbed."""
    loser = account.record(KIND, call.id("user_id"))
    winner_id = attributes(call.body, "user").get("id")
    if not isinstance(winner_id, int):
        raise invalid_attribute("id", "an integer")
    winner = account.record(KIND, winner_id)
    account.people.merge(loser, winner, "api")
    return Answer({"user": account.shown(KIND, winner)})


def delete_user(account: Account, call: Call) -> Answer:
    """The user, who is deleted softly."""
    entry = account.record(KIND, call.id("user_id"))
    if entry.id == OWNER_ID:
        raise forbidden()
    account.people.delete(entry, "api")
    return Answer({"user": account.shown(KIND, entry)})


def list_deleted_users(account: Account, call: Call) -> Answer:
    """The users that are deleted, for good or not, by id."""
    entries = account.table(KIND).entries
    gone = [entries[key] for key in sorted(entries) if entries[key].deleted]
    return paged(call, "deleted_users", gone, _deleted)


def get_deleted_user(account: Account, call: Call) -> Answer:
    """One user who is deleted, but not for good."""
    entry = account.table(KIND).entries.get(call.id("user_id"))
    if entry is None or not entry.deleted or entry.erased:
        raise not_found()
    return Answer({"deleted_user": _deleted(entry)})


def erase_user(account: Account, call: Call) -> Answer:
    """The user who is deleted for good."""
    entry = account.people.erase(call.id("user_id"), "api")
    return Answer({"deleted_user": _deleted(entry)})


# --- work of jobs ----------------------------------------------------------------------------


def _upsert(account: Account, caller: Caller, wanted: Mapping[str, Any]) -> Result:
    entry = found(account.directory, wanted)
    if entry is None:
        return {"id": account.people.create(wanted, "api").id, "status": "Created"}
    _require_rank(caller, entry)
    account.people.update(entry, wanted, "api")
    return {"id": entry.id, "status": "Updated"}


def _update(account: Account, caller: Caller, wanted: Mapping[str, Any]) -> Result:
    entry = _addressed(account, wanted)
    _require_rank(caller, entry)
    values = {name: value for name, value in wanted.items() if name != "id"}
    account.people.update(entry, values, "api")
    return {"id": entry.id, "action": "update", "success": True, "status": "Updated"}


def _addressed(account: Account, wanted: Mapping[str, Any]) -> Entry:
    if "id" in wanted:
        return account.record(KIND, wanted["id"])
    entry = account.directory.by_external_id(str(wanted.get("external_id", "")))
    if entry is None:
        raise not_found()
    return entry


# --- parts -----------------------------------------------------------------------------------


def found(directory: Directory, wanted: Mapping[str, Any]) -> Entry | None:
    """The user whom an upsert means: by external id first, then by address."""
    for name, find in (("external_id", directory.by_external_id), ("email", directory.by_email)):
        value = wanted.get(name)
        if isinstance(value, str) and value and (entry := find(value)):
            return entry
    return None


def _created(account: Account, entry: Entry) -> Answer:
    return Answer({"user": account.shown(KIND, entry)}, 201, _location(entry))


def _location(entry: Entry) -> dict[str, str]:
    return {"Location": f"/api/v2/users/{entry.id}.json"}


def _require_rank(caller: Caller, entry: Entry) -> None:
    if caller.role != "admin" and entry.body["role"] != "end-user":
        raise forbidden()


def _require_bulk(account: Account) -> None:
    if not account.bulk:
        raise forbidden()


def _any_user(account: Account, key: int) -> Entry:
    entry = account.table(KIND).entries.get(key)
    if entry is None or entry.erased:
        raise not_found()
    return entry


def _deleted(entry: Entry) -> Body:
    shown = {name: entry.body[name] for name in _DELETED_KEYS}
    return shown | {"url": shown["url"].replace("/users/", "/deleted_users/").removesuffix(".json")}


def _same(held: str | None, wanted: str) -> bool:
    return held is not None and held.lower() == wanted.lower()
