"""Attributes of users and organizations: which are writable, of what type, and what they start as.

An attribute that Zendesk does not know is ignored; one of the wrong type is refused.

Source: Zendesk, "Users" and "Organizations" (read November 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.zendesk.emulator.refusals import invalid_attribute


@dataclass(frozen=True, slots=True)
class Kind:
    """The type of an attribute, and how Zendesk calls it."""

    type: Any
    told: str


_TEXT, _FLAG = Kind(str | None, "a string"), Kind(bool, "a boolean")
_LIST, _NUMBER = Kind(list, "an array"), Kind(int | None, "an integer")

USER: Mapping[str, Kind] = {
    "name": _TEXT,
    "email": _TEXT,
    "alias": _TEXT,
    "details": _TEXT,
    "notes": _TEXT,
    "phone": _TEXT,
    "external_id": _TEXT,
    "locale": _TEXT,
    "time_zone": _TEXT,
    "signature": _TEXT,
    "ticket_restriction": _TEXT,
    "role": _TEXT,
    "verified": _FLAG,
    "suspended": _FLAG,
    "moderator": _FLAG,
    "only_private_comments": _FLAG,
    "organization_id": _NUMBER,
    "tags": _LIST,
}
"""What may be written of a user, custom fields apart."""

ORGANIZATION: Mapping[str, Kind] = {
    "name": _TEXT,
    "details": _TEXT,
    "notes": _TEXT,
    "external_id": _TEXT,
    "shared_tickets": _FLAG,
    "shared_comments": _FLAG,
    "domain_names": _LIST,
    "tags": _LIST,
}
"""What may be written of an organization, custom fields apart."""

TICKET: Mapping[str, Kind] = {
    "subject": _TEXT,
    "type": _TEXT,
    "status": _TEXT,
    "priority": _TEXT,
    "external_id": _TEXT,
    "due_at": _TEXT,
    "requester_id": _NUMBER,
    "assignee_id": _NUMBER,
    "tags": _LIST,
}
"""What may be written of a ticket, custom fields and comments apart."""

BLANK_USER: Mapping[str, Any] = {
    "name": "",
    "email": None,
    "time_zone": "Brisbane",
    "iana_time_zone": "Australia/Brisbane",
    "phone": None,
    "shared_phone_number": None,
    "photo": None,
    "locale_id": 1,
    "locale": "en-US",
    "organization_id": None,
    "role": "end-user",
    "verified": False,
    "external_id": None,
    "tags": [],
    "alias": None,
    "active": True,
    "shared": False,
    "shared_agent": False,
    "last_login_at": None,
    "two_factor_auth_enabled": None,
    "signature": None,
    "details": None,
    "notes": None,
    "role_type": None,
    "custom_role_id": None,
    "moderator": False,
    "ticket_restriction": "requested",
    "only_private_comments": False,
    "restricted_agent": True,
    "suspended": False,
    "default_group_id": None,
    "report_csv": False,
    "user_fields": {},
}
"""A user of whom nothing is known yet."""

BLANK_ORGANIZATION: Mapping[str, Any] = {
    "name": "",
    "shared_tickets": False,
    "shared_comments": False,
    "external_id": None,
    "domain_names": [],
    "details": None,
    "notes": None,
    "group_id": None,
    "tags": [],
    "organization_fields": {},
}
"""An organization of which nothing is known yet."""


def typed(wanted: Mapping[str, Any], kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """The attributes that Zendesk knows, of those that a request names.

    Raises:
        Refusal: 400 if one of them has the wrong type.
    """
    known = {name: value for name, value in wanted.items() if name in kinds}
    for name, value in known.items():
        if not isinstance(value, kinds[name].type):
            raise invalid_attribute(name, kinds[name].told)
    return known
