"""E-mail subscription types and who said yes or no to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

State = Literal["SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"]
LegalBasis = Literal[
    "LEGITIMATE_INTEREST_PQL",
    "LEGITIMATE_INTEREST_CLIENT",
    "LEGITIMATE_INTEREST_OTHER",
    "PERFORMANCE_OF_CONTRACT",
    "CONSENT_WITH_NOTICE",
    "NON_GDPR",
    "PROCESS_AND_STORE",
]


@dataclass(frozen=True, slots=True)
class SubscriptionType:
    """One kind of e-mail that people can subscribe to."""

    id: int
    name: str
    purpose: str
    description: str = ""

    def json(self) -> dict[str, object]:
        """The definition as the API shows it."""
        return {
            "id": str(self.id),
            "name": self.name,
            "description": self.description,
            "purpose": self.purpose,
            "communicationMethod": "Email",
            "isActive": True,
            "isDefault": False,
            "isInternal": False,
            "createdAt": "2025-01-01T00:00:00.000Z",
            "updatedAt": "2025-01-01T00:00:00.000Z",
        }


DEFAULT_TYPES = (
    SubscriptionType(101, "Marketing Information", "Marketing", "Offers and news"),
    SubscriptionType(102, "Customer Service Communication", "Service", "Surveys and follow-up"),
    SubscriptionType(103, "One to One", "Sales", "Personal messages of our staff"),
)


@dataclass(frozen=True, slots=True)
class Status:
    """What one address said about one subscription type.

    Attributes:
        by_person: The person decided (form, unsubscribe link), not a program.
        timestamp: ISO 8601, or empty while nothing was said.
    """

    state: State = "NOT_SPECIFIED"
    legal_basis: LegalBasis | None = None
    explanation: str | None = None
    by_person: bool = False
    timestamp: str = ""


class Subscriptions:
    """Statuses by address and subscription type."""

    def __init__(self, types: tuple[SubscriptionType, ...] = DEFAULT_TYPES) -> None:
        self.types = {kind.id: kind for kind in types}
        self.statuses: dict[tuple[str, int], Status] = {}
        self.opted_out: dict[str, str] = {}

    def status(self, email: str, type_id: int) -> Status:
        """What the address said; a refusal of everything covers each type."""
        status = self.statuses.get((email, type_id), Status())
        if email in self.opted_out and status.state != "UNSUBSCRIBED":
            return replace(status, state="UNSUBSCRIBED", timestamp=self.opted_out[email])
        return status

    def set(self, email: str, type_id: int, status: Status) -> bool:
        """Whether the state or its legal basis is another one now."""
        before = self.statuses.get((email, type_id), Status())
        if (before.state, before.legal_basis) == (status.state, status.legal_basis):
            return False
        self.statuses[email, type_id] = status
        return True

    def opt_out(self, email: str, timestamp: str) -> bool:
        """Whether this is the address's first refusal of everything."""
        first = email not in self.opted_out
        self.opted_out.setdefault(email, timestamp)
        return first

    def forget(self, email: str) -> None:
        """Drop what is known of an address that was erased."""
        self.opted_out.pop(email, None)
        for type_id in self.types:
            self.statuses.pop((email, type_id), None)
