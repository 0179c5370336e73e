"""Who has which address and which external id: both are unique among the users of an account.

Source: Zendesk, "User Identities" (read November 2026). External ids are one whatever their case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.zendesk.emulator.tables import Body, Entry, stamp

if TYPE_CHECKING:
    from connectors.zendesk.emulator.account import Account


@dataclass(frozen=True, slots=True)
class Address:
    """One e-mail address of a user: an identity, in Zendesk's word."""

    id: int
    user_id: int
    value: str
    created_at: str


class Directory:
    """Finds the live users of an account by what is theirs alone."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._addresses: dict[str, Address] = {}
        self._by_external: dict[str, int] = {}
        self._external_of: dict[int, str] = {}

    def by_email(self, email: str) -> Entry | None:
        """The user who has that address, first or second."""
        held = self._addresses.get(email.strip().lower())
        return self._live(held.user_id) if held else None

    def by_external_id(self, external_id: str) -> Entry | None:
        """The user with that external id, whatever its case."""
        return self._live(self._by_external.get(external_id.lower()))

    def adopt(self, entry: Entry) -> None:
        """Learn the first address and the external id that a user's record shows."""
        self._drop_external_id(entry)
        if external_id := entry.body["external_id"]:
            self._by_external[external_id.lower()] = entry.id
            self._external_of[entry.id] = external_id.lower()
        if email := entry.body["email"]:
            self.claim(email.lower(), entry)

    def claim(self, email: str, entry: Entry) -> None:
        """Give an address to a user, beside those that the user has."""
        held = self._addresses.get(email)
        if held is None or held.user_id != entry.id:
            number, now = self._account.sequence.id(), stamp(self._account.now())
            self._addresses[email] = Address(number, entry.id, email, now)

    def forget(self, entry: Entry) -> list[str]:
        """The addresses that a user had, which are free from now on."""
        mine = [mail for mail, held in self._addresses.items() if held.user_id == entry.id]
        for email in mine:
            del self._addresses[email]
        self._drop_external_id(entry)
        return mine

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

    def _drop_external_id(self, entry: Entry) -> None:
        if held := self._external_of.pop(entry.id, ""):
            del self._by_external[held]

    def _identity(self, address: Address, owner: Entry) -> Body:
        return {
            "url": self._account.url(f"users/{owner.id}/identities", address.id),
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
        return self._account.table("users").find(key)
