"""Endpoints of custom fields: list and create, for users and for organizations."""

from __future__ import annotations

from typing import Any

from connectors.zendesk.emulator.account import Account
from connectors.zendesk.emulator.batches import attributes
from connectors.zendesk.emulator.fields import CustomField
from connectors.zendesk.emulator.paging import paged
from connectors.zendesk.emulator.tables import stamp
from connectors.zendesk.emulator.wire import Answer, Call


def list_user_fields(account: Account, call: Call) -> Answer:
    """The custom fields of users, in the order of their creation."""
    return _list(account, call, "users")


def create_user_field(account: Account, call: Call) -> Answer:
    """The new custom field of users."""
    return _create(account, call, "users")


def list_organization_fields(account: Account, call: Call) -> Answer:
    """The custom fields of organizations, in the order of their creation."""
    return _list(account, call, "organizations")


def create_organization_field(account: Account, call: Call) -> Answer:
    """The new custom field of organizations."""
    return _create(account, call, "organizations")


def _list(account: Account, call: Call, kind: str) -> Answer:
    fields = list(account.fields[kind].defined.values())
    return paged(call, _plural(kind), fields, lambda field: _json(account, kind, field))


def _create(account: Account, call: Call, kind: str) -> Answer:
    singular = _plural(kind)[:-1]
    wanted = attributes(call.body, singular)
    now = stamp(account.now())
    made = account.fields[kind].add(wanted, account.sequence.id(), now)
    account.log("create", _plural(kind), made.key, set())
    return Answer({singular: _json(account, kind, made)}, 201)


def _json(account: Account, kind: str, field: CustomField) -> dict[str, Any]:
    return field.shown(account.url(_plural(kind), field.id))


def _plural(kind: str) -> str:
    return f"{kind[:-1]}_fields"
