"""The rules of users: who may share what, what an update changes, how two become one.

Source: Zendesk, "Users" and "User Identities" (read November 2026). An e-mail address that an
update brings is added as a second identity; the first one stays. Addresses and external ids are
unique, external ids whatever their case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.zendesk.emulator.refusals import (
    Problem,
    Refusal,
    forbidden,
    invalid_attribute,
    not_found,
    record_invalid,
)
from connectors.zendesk.emulator.tables import Body, Entry, stamp
from hub.emulation.effects import Actor

if TYPE_CHECKING:
    from connectors.zendesk.emulator.account import Account

KIND = "users"
ROLES = frozenset({"end-user", "agent", "admin"})
ERASED_NAME = "Permanently Deleted User"
_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s.,;<>()]+(\.[^@\s.,;<>()]+)+")

_TEXTS = frozenset(
    {
        "name",
        "alias",
        "details",
        "notes",
        "phone",
        "external_id",
        "locale",
        "time_zone",
        "signature",
        "ticket_restriction",
        "role",
    }
)
_FLAGS = frozenset({"verified", "suspended", "moderator", "only_private_comments"})
_BLANK: Mapping[str, Any] = {
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


@dataclass(frozen=True, slots=True)
class Address:
    """One e-mail address of a user: an identity, in Zendesk's word."""

    id: int
    user_id: int
    value: str
    created_at: str


class People:
    """The users of one account, found by id, address or external id."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._addresses: dict[str, Address] = {}
        self._external: dict[str, int] = {}

    def by_email(self, email: str) -> Entry | None:
        """The live user who has that address, first or second."""
        held = self._addresses.get(email.strip().lower())
        return self._live(held.user_id) if held else None

    def by_external_id(self, external_id: str) -> Entry | None:
        """The live user with that external id, whatever its case."""
        return self._live(self._external.get(external_id.lower()))

    def adopt(self, entry: Entry) -> None:
        """Learn the address and the external id of a user who is there already."""
        if email := entry.body["email"]:
            self._claim(email.lower(), entry)
        if external_id := entry.body["external_id"]:
            self._external[external_id.lower()] = entry.id

    def addresses(self) -> list[Address]:
        """Every address in use, first or second."""
        return list(self._addresses.values())

    def learn(self, addresses: Iterable[Address]) -> None:
        """Take over addresses as another life of the account knew them."""
        self._addresses |= {address.value: address for address in addresses}

    def identities(self, users: Iterable[Entry]) -> list[Body]:
        """The identities of those users as the API shows them."""
        wanted = {entry.id: entry for entry in users}
        return [
            self._identity(address, wanted[address.user_id])
            for address in self._addresses.values()
            if address.user_id in wanted
        ]

    # --- changes -----------------------------------------------------------------------------

    def create(self, wanted: Mapping[str, Any], actor: Actor) -> Entry:
        """The new user; without ``skip_verify_email`` an e-mail goes out.

        Raises:
            Refusal: 400 or 422.
        """
        values = self._accepted(wanted, None)
        key = self._account.sequence.id()
        body = blank_user(self._account, key) | self._account.stamps()
        entry = self._account.table(KIND).add(body | values, self._account.now())
        self.adopt(entry)
        self._account.log("create", KIND, key, set(values), actor)
        if values.get("email"):
            self._announce(entry, wanted, actor)
        return entry

    def update(self, entry: Entry, wanted: Mapping[str, Any], actor: Actor) -> set[str]:
        """Names of the fields that really changed; custom fields as ``user_fields.key``.

        Raises:
            Refusal: 400 or 422; nothing changed then.
        """
        values = self._accepted(wanted, entry)
        second = self._second_address(entry, values)
        own = values.pop("user_fields", {})
        old = entry.body["user_fields"]
        changed_own = {key for key, value in own.items() if old.get(key) != value}
        changed = {name for name, value in values.items() if entry.body[name] != value}
        if changed or changed_own or second:
            self._forget_external(entry, values)
            self._account.table(KIND).write(
                entry, values | {"user_fields": {**old, **own}}, self._account.now()
            )
            self._touch(entry)
            self.adopt(entry)
        names = changed | {f"user_fields.{key}" for key in changed_own}
        if second:
            self._claim(second, entry)
            names.add("identities")
        if names:
            self._account.log("update", KIND, entry.id, names, actor)
        if second or "email" in changed:
            self._announce(entry, wanted, actor)
        return names

    def delete(self, entry: Entry, actor: Actor) -> None:
        """Delete softly: the record stays for the export, its address becomes free."""
        self._retire(entry)
        self._account.log("archive", KIND, entry.id, set(), actor)

    def restore(self, entry: Entry, actor: Actor) -> None:
        """Take back a soft deletion, as Zendesk's support can."""
        entry.deleted = False
        self._account.table(KIND).write(entry, {"active": True}, self._account.now())
        self.adopt(entry)
        self._account.log("restore", KIND, entry.id, set(), actor)

    def erase(self, key: int, actor: Actor) -> Entry:
        """Delete for good a user who was deleted before; everything personal is gone.

        Raises:
            Refusal: 404 if the user is not deleted yet, or erased already.
        """
        entry = self._account.table(KIND).entries.get(key)
        if entry is None or not entry.deleted or entry.erased:
            raise not_found()
        kept = {"id", "url", "created_at", "role", "time_zone", "locale", "locale_id"}
        blank = {name: value for name, value in _BLANK.items() if name not in kept}
        gone = {**blank, "name": ERASED_NAME, "active": False, "user_fields": {}}
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
        moved = [mail for mail, held in self._addresses.items() if held.user_id == loser.id]
        filled = {
            name: loser.body[name]
            for name in ("phone", "organization_id", "details", "notes")
            if not winner.body[name] and loser.body[name]
        }
        if not winner.body["email"] and loser.body["email"]:
            filled["email"] = loser.body["email"]
        own = {**loser.body["user_fields"], **_set(winner.body["user_fields"])}
        self._retire(loser)
        self._account.table(KIND).write(winner, filled | {"user_fields": own}, self._account.now())
        self._touch(winner)
        for email in moved:
            self._claim(email, winner)
        self._move_tickets(loser.id, winner.id)
        self._account.log("merge", KIND, winner.id, {str(loser.id)}, actor)

    # --- rules -------------------------------------------------------------------------------

    def _accepted(self, wanted: Mapping[str, Any], entry: Entry | None) -> dict[str, Any]:
        values = {name: _typed(name, value) for name, value in wanted.items() if _is_known(name)}
        problems: list[Problem] = []
        if "user_fields" in wanted:
            own, problems = self._account.fields[KIND].accept(wanted["user_fields"])
            values["user_fields"] = own
        problems += self._name_problems(values, entry)
        problems += self._email_problems(values, entry)
        problems += self._other_problems(values, entry)
        if problems:
            raise record_invalid(problems)
        return values

    def _name_problems(self, values: Mapping[str, Any], entry: Entry | None) -> list[Problem]:
        name = values.get("name", "" if entry is None else entry.body["name"])
        if (name or "").strip():
            return []
        return [Problem("name", "Name: is too short (minimum is 1 characters)", "TooShort")]

    def _email_problems(self, values: dict[str, Any], entry: Entry | None) -> list[Problem]:
        email = values.get("email")
        if not email:
            return []
        values["email"] = email = email.strip().lower()
        if not _EMAIL.fullmatch(email):
            return [Problem("email", f"Email: {email} is not properly formatted", "InvalidFormat")]
        holder = self.by_email(email)
        if holder is None or holder is entry:
            return []
        told = f"Email: {email} is already being used by another user"
        return [Problem("email", told, "DuplicateValue")]

    def _other_problems(self, values: Mapping[str, Any], entry: Entry | None) -> list[Problem]:
        problems = []
        if external_id := values.get("external_id"):
            holder = self.by_external_id(external_id)
            if holder is not None and holder is not entry:
                told = f"External: {external_id} has already been taken"
                problems.append(Problem("external_id", told, "DuplicateValue"))
        if values.get("role", "end-user") not in ROLES:
            problems.append(Problem("role", "Role: is invalid", "InvalidValue"))
        organization = values.get("organization_id")
        if organization is not None and not self._account.table("organizations").find(organization):
            problems.append(Problem("organization", "Organization: is invalid", "InvalidValue"))
        return problems

    def _second_address(self, entry: Entry, values: dict[str, Any]) -> str:
        """The address that the update adds beside the first one; empty if it adds none."""
        email = values.pop("email", None)
        if not email or self.by_email(email) is entry:
            return ""
        if entry.body["email"]:
            return str(email)
        values["email"] = email
        return ""

    # --- parts -------------------------------------------------------------------------------

    def _announce(self, entry: Entry, wanted: Mapping[str, Any], actor: Actor) -> None:
        """Send the verification e-mail, unless a program asked for silence."""
        if actor == "api" and wanted.get("skip_verify_email") is not True:
            self._account.log("email", KIND, entry.id, {"verification"}, actor)

    def _retire(self, entry: Entry) -> None:
        self._account.table(KIND).write(entry, {"active": False}, self._account.now())
        entry.deleted = True
        self._addresses = {m: a for m, a in self._addresses.items() if a.user_id != entry.id}
        self._external = {x: k for x, k in self._external.items() if k != entry.id}

    def _touch(self, entry: Entry) -> None:
        """A second address changes no field, but the user all the same."""
        entry.body["updated_at"] = stamp(self._account.now())
        self._account.table(KIND).move(entry, self._account.now())

    def _forget_external(self, entry: Entry, values: Mapping[str, Any]) -> None:
        if "external_id" in values and entry.body["external_id"]:
            self._external.pop(entry.body["external_id"].lower(), None)

    def _move_tickets(self, loser: int, winner: int) -> None:
        tickets = self._account.table("tickets")
        for entry in tickets.entries.values():
            if entry.body["requester_id"] == loser:
                tickets.write(entry, {"requester_id": winner}, self._account.now())

    def _claim(self, email: str, entry: Entry) -> None:
        held = self._addresses.get(email)
        if held is None or held.user_id != entry.id:
            number, now = self._account.sequence.id(), stamp(self._account.now())
            self._addresses[email] = Address(number, entry.id, email, now)

    def _identity(self, address: Address, owner: Entry) -> Body:
        return {
            "url": self._account.url(f"{KIND}/{owner.id}/identities", address.id),
            "id": address.id,
            "user_id": owner.id,
            "type": "email",
            "value": address.value,
            "verified": owner.body["verified"],
            "primary": owner.body["email"] == address.value,
            "created_at": address.created_at,
            "updated_at": address.created_at,
            "undeliverable_count": 0,
            "deliverable_state": "deliverable",
        }

    def _live(self, key: int | None) -> Entry | None:
        return self._account.table(KIND).find(key)


def blank_user(account: Account, key: int) -> Body:
    """A user of whom nothing is known yet."""
    return {"id": key, "url": account.url(KIND, key), **_BLANK}


def _set(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _is_known(name: str) -> bool:
    return name in _TEXTS | _FLAGS | {"email", "tags", "organization_id"}


def _typed(name: str, value: object) -> Any:
    """The value, if it has the type that the attribute wants.

    Raises:
        Refusal: 400.
    """
    if name in _TEXTS | {"email"}:
        return _checked(name, value, str | None, "a string")
    if name in _FLAGS:
        return _checked(name, value, bool, "a boolean")
    if name == "organization_id":
        return _checked(name, value, int | None, "an integer")
    return _checked(name, value, list, "an array")


def _checked(name: str, value: object, kind: Any, told: str) -> Any:
    if not isinstance(value, kind):
        raise _wrong(name, told)
    return value


def _wrong(name: str, told: str) -> Refusal:
    return invalid_attribute(name, told)
