"""Fills an account with what the simulated world's Zendesk holds; plays the world's later edits.

The world is vendor-neutral; this module says how Zendesk would hold it. What Zendesk would never
have accepted (an address without a dot, a second user with the same e-mail) is left off, and so is
what it has no place for: of all surveys it knows CSAT about a ticket only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.zendesk.emulator.access import API_USER
from connectors.zendesk.emulator.account import OWNER_ID, Account
from connectors.zendesk.emulator.organizations import blank_organization
from connectors.zendesk.emulator.people import blank_user, is_address
from connectors.zendesk.emulator.seed_service import add_feedback, add_ticket, settled
from connectors.zendesk.emulator.tables import stamp

if TYPE_CHECKING:
    from hub.emulation.world import World
    from hub.emulation.world.model import Change, Presence

SYSTEM = "zendesk"
FIRST_AGENT = OWNER_ID + 1
FIRST_ORGANIZATION = 30_001
OPENED = timedelta(days=900)
"""How long before the world's end its help desk was opened."""

CUSTOM_FIELDS: tuple[tuple[str, str, str], ...] = (
    ("loyalty_number", "Loyalty number", "text"),
    ("date_of_birth", "Date of birth", "date"),
)
"""Key, title and type of what this business added to its users."""

_LOCALES = {"en": "en-AU", "fr": "fr", "de": "de", "es": "es"}


def open_account(account: Account, at: datetime) -> None:
    """Let in the owner, who is there from the first day."""
    _add_user(account, OWNER_ID, "Account Owner", at, email=API_USER, role="admin", verified=True)


def seed_from(world: World, account: Account) -> None:
    """Fill the account; records keep the world's ids and times, and nothing is logged as effect."""
    opened = world.end - OPENED
    for key, title, kind in CUSTOM_FIELDS:
        wanted = {"key": key, "title": title, "type": kind}
        account.fields["users"].add(wanted, account.sequence.id(), stamp(opened))
    agents = _hire(world, account, opened)
    employers = _add_organizations(world, account, opened)
    for presence in world.presences(SYSTEM):
        _add_presence(account, presence, employers)
    for ticket in world.of(SYSTEM, world.tickets):
        add_ticket(account, ticket, agents)
    for answer in world.of(SYSTEM, world.surveys):
        about = account.table("tickets").find(int(answer.about)) if answer.about else None
        if answer.instrument == "CSAT" and about is not None:
            add_feedback(account, answer, about.body)


def apply_changes(changes: Iterable[Change], account: Account) -> None:
    """Play later edits of Zendesk's own users, each an effect of a user at the account's time."""
    for change in changes:
        if change.system != SYSTEM:
            continue
        entry = account.record("users", int(change.local_id))
        if change.kind == "deleted_contact":
            account.people.delete(entry, "user")
        elif change.kind == "merged_contact":
            loser = account.record("users", int(change.merged_id))
            account.people.merge(loser, entry, "user")
        elif change.presence is not None:
            values = _profile(change.presence)
            if entry.body["email"]:
                values.pop("email", None)
            account.people.update(entry, values, "user")


# --- people ----------------------------------------------------------------------------------


def _hire(world: World, account: Account, at: datetime) -> dict[str, int]:
    """The agents of every ticket, by name."""
    tickets = world.of(SYSTEM, world.tickets)
    names = sorted({name for ticket in tickets for name in ticket.agents})
    for key, name in enumerate(names, FIRST_AGENT):
        email = f"{name.lower()}@support.example.com"
        _add_user(account, key, name, at, email=email, role="agent", verified=True)
    return {name: key for key, name in enumerate(names, FIRST_AGENT)}


def _add_organizations(world: World, account: Account, at: datetime) -> dict[str, int]:
    """Every organisation of the world; ids by mail domain, which Zendesk assigns users by."""
    table = account.table("organizations")
    employers = {}
    for key, known in enumerate(world.organisations, FIRST_ORGANIZATION):
        body = blank_organization(account, key) | {
            "name": known.name,
            "domain_names": [known.domain],
            "details": f"{known.address.city} {known.address.state}",
            "tags": [re.sub(r"\W+", "_", known.industry.lower())],
            "created_at": stamp(at),
            "updated_at": stamp(at),
        }
        table.add(body, at)
        employers[known.domain] = key
    return employers


def _add_presence(account: Account, presence: Presence, employers: Mapping[str, int]) -> None:
    values = _profile(presence)
    email = values.get("email", "")
    if account.directory.by_email(email):
        del values["email"]
    own = values.pop("user_fields")
    kept, _ = account.fields["users"].accept(own)
    values["organization_id"] = employers.get(email.partition("@")[2])
    created, updated = presence.created_at, presence.updated_at
    body = blank_user(account, int(presence.local_id)) | values
    body |= {"user_fields": kept, "created_at": stamp(created), "updated_at": stamp(updated)}
    account.directory.adopt(account.table("users").add(body, settled(account, updated)))


def _profile(presence: Presence) -> dict[str, Any]:
    """What an agent enters about a person."""
    place = f"{presence.city} {presence.state} {presence.postcode}".strip()
    values: dict[str, Any] = {
        "name": f"{presence.given_name} {presence.family_name}".strip(),
        "phone": presence.phone or None,
        "locale": _LOCALES.get(presence.language, "en-US"),
        "details": ", ".join(part for part in (presence.street, place) if part) or None,
        "user_fields": {
            "loyalty_number": presence.loyalty_no or None,
            "date_of_birth": presence.born or None,
        },
    }
    email = presence.email.strip().lower()
    return values | ({"email": email} if is_address(email) else {})


def _add_user(account: Account, key: int, name: str, at: datetime, **values: object) -> None:
    times = {"created_at": stamp(at), "updated_at": stamp(at)}
    body = blank_user(account, key) | {"name": name, **times, **values}
    account.directory.adopt(account.table("users").add(body, at))
