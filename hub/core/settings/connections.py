"""Sections of what the hub is connected to, and why data may leave it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, get_args

from pydantic import Field, JsonValue

from hub.core.settings.section import Purpose, Schedule, Section


class PushField(Section):
    """One field of the profile that is written into a system, and why it may be."""

    source: Annotated[str, Field(alias="from", pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*)*$")]
    """Path in unified_profile_v1, such as "voice.nps"."""
    purpose: Purpose
    """Purpose under which the value is disclosed; the gate asks consent for it."""


class PushSection(Section):
    """What goes out to one system, over the connector's default mapping."""

    enabled: bool = True
    """False withholds every write to this system."""
    defaults: bool = True
    """False drops the connector's default mapping, so that only ``fields`` is written."""
    fields: Mapping[str, PushField] = {}
    """Destination field to profile path and purpose."""
    max_fields: Annotated[int, Field(ge=1, le=1_000)] = 40
    """Fields that a record there may be given; one more, and nothing is written."""
    notes: bool = False
    """Whether a new ticket of a known customer gets their context card as an internal note, once;
    under the purpose service, and never while it is in doubt who the customer is."""


class ConnectionSection(Section):
    """One system that the hub is connected to."""

    connector: Annotated[str, Field(min_length=1)]
    """Which connector speaks to it: see ``hub connectors list``."""
    mode: Literal["observe", "sync"] = "observe"
    """observe only reads; sync also writes what an approved plan says."""
    enabled: bool = True
    """False leaves the connection out of every run."""
    schedule: Schedule | None = None
    """When ``hub serve`` reads it; without one it is read by ``hub sync`` and ``hub run``."""
    streams: tuple[str, ...] | None = None
    """Streams to read; the default is all that the connector offers."""
    brand: Annotated[str, Field(min_length=1)] | None = None
    """Brand that its records belong to; a permission given to one brand holds for no other."""
    settings: Mapping[str, JsonValue] = {}
    """The connector's own settings; ``hub connectors list`` and its README say which."""
    push: PushSection = PushSection()
    """What is written back."""


Basis = Literal["consent", "legitimate_interest", "contract", "legal_obligation"]


Channel = Literal["email", "sms", "phone", "post", "push", "messaging", "web", "in_person"]


CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)


class PurposeSection(Section):
    """Why personal data is used. Source: GDPR Art. 5(1)(b), 6(1); APP 6."""

    description: Annotated[str, Field(min_length=1)]
    """What the customer was told."""
    basis: Basis
    """Lawful basis; only ``consent`` needs a grant in the ledger, an objection stops
    ``legitimate_interest``."""
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] = CHANNELS
    """Channels the purpose covers."""
    min_notice_version: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """A grant under an older notice counts as pending."""
    max_fields: Annotated[int, Field(ge=1, le=1_000)] | None = None
    """Fields that a record of any system may be given under this purpose; one more, and nothing is
    written there."""

    @property
    def needs_consent(self) -> bool:
        """Whether a grant must stand in the ledger before anything is released."""
        return self.basis == "consent"


DEFAULT_PURPOSES: Final[Mapping[str, PurposeSection]] = {
    "service": PurposeSection(
        description="Serve the customer: orders, questions, complaints, context for staff.",
        basis="contract",
    ),
    "marketing": PurposeSection(
        description="Send offers and news about our products.",
        basis="consent",
        channels=("email", "sms", "phone", "post", "push", "messaging"),
    ),
    "analytics": PurposeSection(
        description="Measure satisfaction, loyalty and churn to improve what we offer.",
        basis="legitimate_interest",
    ),
}
"""What ``hub init`` writes, and what applies when hub.toml has no [purposes]."""
