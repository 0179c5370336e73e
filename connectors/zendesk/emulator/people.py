"""What happens to users: made, updated, deleted, erased, merged into one another.

Source: Zendesk, "Users" and "User Identities" (read November 2026). An e-mail address that an
update brings is added as a second identity; the first one stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from connectors.zendesk.emulator.attributes import BLANK_USER, USER, typed
from connectors.zendesk.emulator.refusals import (
    Problem,
    forbidden,
    invalid_attribute,
    not_found,
    record_invalid,
)
from connectors.zendesk.emulator.tables import Body, Entry, stamp
from hub.emulation.effects import Actor

if TYPE_CHECKING:
    from connectors.zendesk.emulator.account import Account

KIND, OWN = "users", "user_fields"
ROLES = frozenset({"end-user", "agent", "admin"})
ERASED_NAME = "Permanently Deleted User"
_SURVIVES_ERASURE = frozenset({"role", "time_zone", "iana_time_zone", "locale", "locale_id"})
_INHERITED = ("phone", "organization_id", "details", "notes", "email")
_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s.,;<>()]+(\.[^@\s.,;<>()]+)+")


def is_address(text: str) -> bool:
    """Whether Zendesk takes the text for an e-mail address."""
    return _EMAIL.fullmatch(text) is not None


class People:
    """Changes the users of one account by its rules."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def create(self, wanted: Mapping[str, Any], actor: Actor) -> Entry:
        """The new user; without ``skip_verify_email`` an e-mail goes out.

        Raises:
            Refusal: 400 or 422.
        """
        values = self._accepted(wanted, None)
        key = self._account.sequence.id()
        body = blank_user(self._account, key) | self._account.stamps() | values
        entry = self._account.table(KIND).add(body, self._account.now())
        self._account.directory.adopt(entry)
        self._account.log("create", KIND, key, set(values), actor)
        if values.get("email"):
            self._announce(entry, wanted, actor)
        return entry

    def update(self, entry: Entry, wanted: Mapping[str, Any], actor: Actor) -> set[str]:
        """Names of what really changed; custom fields as ``user_fields.key``.

        A second address is a change of the ``identities``.

        Raises:
            Refusal: 400 or 422; nothing changed then.
        """
        values = self._accepted(wanted, entry)
        second = self._second_address(entry, values)
        old = entry.body[OWN]
        own = {key: value for key, value in values.pop(OWN, {}).items() if old.get(key) != value}
        changed = {name for name, value in values.items() if entry.body[name] != value}
        names = changed | {f"{OWN}.{key}" for key in own} | ({"identities"} if second else set())
        if names:
            self._write(entry, values | {OWN: {**old, **own}})
            self._account.log("update", KIND, entry.id, names, actor)
        if second:
            self._account.directory.claim(second, entry)
        if second or "email" in changed:
            self._announce(entry, wanted, actor)
        return names

    def delete(self, entry: Entry, actor: Actor) -> None:
        """Delete softly: the record stays for the export, its addresses become free."""
        self._retire(entry)
        self._account.log("archive", KIND, entry.id, set(), actor)

    def restore(self, entry: Entry, actor: Actor) -> None:
        """Take back a soft deletion, as Zendesk's support can.

        Raises:
            Refusal: 422 if somebody else has the user's address or external id by now.
        """
        if problems := list(self._conflicts(entry.body, entry)):
            raise record_invalid(problems)
        entry.deleted = False
        self._write(entry, {"active": True})
        self._account.log("restore", KIND, entry.id, set(), actor)

    def erase(self, key: int, actor: Actor) -> Entry:
        """Delete for good a user who was deleted before; everything personal is gone.

        Raises:
            Refusal: 404 if the user is not deleted yet, or erased already.
        """
        entry = self._account.table(KIND).entries.get(key)
        if entry is None or not entry.deleted or entry.erased:
            raise not_found()
        blank = {k: value for k, value in BLANK_USER.items() if k not in _SURVIVES_ERASURE}
        gone = {**blank, "name": ERASED_NAME, "active": False}
        self._account.table(KIND).write(entry, gone, self._account.now())
        entry.erased = True
        self._account.log("erase", KIND, key, set(), actor)
        return entry

    def merge(self, loser: Entry, winner: Entry, actor: Actor) -> None:
        """Let ``winner`` absorb ``loser``: gaps are filled, addresses and tickets move.

        Raises:
            Refusal: 400 for one user twice, 403 for anybody but end users.
        """
        if loser is winner:
            raise invalid_attribute("id", "the id of another user")
        if {loser.body["role"], winner.body["role"]} != {"end-user"}:
            raise forbidden()
        filled = {name: loser.body[name] for name in _INHERITED if not winner.body[name]}
        own = {**loser.body[OWN], **_set(winner.body[OWN])}
        moved = self._retire(loser)
        self._write(winner, filled | {OWN: own})
        for email in moved:
            self._account.directory.claim(email, winner)
        self._move_tickets(loser.id, winner.id)
        self._account.log("merge", KIND, winner.id, {str(loser.id)}, actor)

    # --- rules -------------------------------------------------------------------------------

    def _accepted(self, wanted: Mapping[str, Any], entry: Entry | None) -> dict[str, Any]:
        """The attributes as they are kept.

        Raises:
            Refusal: 400 or 422.
        """
        values = typed(wanted, USER)
        problems: list[Problem] = []
        if values.get("email"):
            values["email"] = values["email"].strip().lower()
        if OWN in wanted:
            values[OWN], problems = self._account.fields[KIND].accept(wanted[OWN])
        problems += self._problems(values, entry)
        problems += self._conflicts(values, entry)
        if problems:
            raise record_invalid(problems)
        return values

    def _problems(self, values: Mapping[str, Any], entry: Entry | None) -> Iterator[Problem]:
        """What is wrong with values by themselves."""
        name = values.get("name", "" if entry is None else entry.body["name"])
        if not (name or "").strip():
            yield Problem("name", "Name: is too short (minimum is 1 characters)", "TooShort")
        email = values.get("email")
        if email and not is_address(email):
            yield Problem("email", f"Email: {email} is not properly formatted", "InvalidFormat")
        if values.get("role", "end-user") not in ROLES:
            yield Problem("role", "Role: is invalid", "InvalidValue")

    def _conflicts(self, values: Mapping[str, Any], entry: Entry | None) -> Iterator[Problem]:
        """What is wrong with values because of other records."""
        directory = self._account.directory
        email, external_id = values.get("email"), values.get("external_id")
        if email and directory.by_email(email) not in (None, entry):
            told = f"Email: {email} is already being used by another user"
            yield Problem("email", told, "DuplicateValue")
        if external_id and directory.by_external_id(external_id) not in (None, entry):
            told = f"External: {external_id} has already been taken"
            yield Problem("external_id", told, "DuplicateValue")
        employer = values.get("organization_id")
        if employer is not None and not self._account.table("organizations").find(employer):
            yield Problem("organization", "Organization: is invalid", "InvalidValue")

    # --- parts -------------------------------------------------------------------------------

    def _second_address(self, entry: Entry, values: dict[str, Any]) -> str:
        """The address that the update adds beside the first one; empty if it adds none."""
        email = values.pop("email", None)
        if not email or self._account.directory.by_email(email) is entry:
            return ""
        if entry.body["email"]:
            return str(email)
        values["email"] = email
        return ""

    def _announce(self, entry: Entry, wanted: Mapping[str, Any], actor: Actor) -> None:
        """Send the verification e-mail, unless a program asked for silence."""
        if actor == "api" and wanted.get("skip_verify_email") is not True:
            self._account.log("email", KIND, entry.id, {"verification"}, actor)

    def _write(self, entry: Entry, values: Mapping[str, Any]) -> None:
        """Write the values; the user counts as changed even if only the addresses did."""
        now = self._account.now()
        self._account.table(KIND).write(entry, {**values, "updated_at": stamp(now)}, now)
        self._account.table(KIND).move(entry, now)
        self._account.directory.adopt(entry)

    def _retire(self, entry: Entry) -> list[str]:
        """Delete a user softly; the addresses that are free from now on."""
        self._account.table(KIND).write(entry, {"active": False}, self._account.now())
        entry.deleted = True
        return self._account.directory.forget(entry)

    def _move_tickets(self, loser: int, winner: int) -> None:
        tickets = self._account.table("tickets")
        for entry in tickets.entries.values():
            if entry.body["requester_id"] == loser:
                tickets.write(entry, {"requester_id": winner}, self._account.now())


def blank_user(account: Account, key: int) -> Body:
    """A user of whom nothing is known yet."""
    return {"id": key, "url": account.url(KIND, key), **BLANK_USER}


def _set(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
