"""The canonical records: what every connector maps to and every room below reads.

One struct per entity of the field. A record holds what the source said, not yet normalised
(``hub.core.normalise`` does that); every field but the ones that make the record meaningful is
optional, because every vendor field is nullable. ``attributes`` keeps what has no canonical field.

Money is integer minor units with an ISO 4217 currency; unit prices are decimal strings, since
prices such as 0.001 GBP exist. Instants are timezone-aware.

A record does not carry its own identity: the stream says which field is the key, and the runtime
builds the :class:`~hub.core.ids.SourceKey` (connection, stream, source id).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct, ValidationError, field
from msgspec.json import Decoder, Encoder

Scalar = str | int | float | bool | None

Instant = Annotated[datetime, Meta(tz=True)]
"""An instant names its time zone, or it is no place on the time line."""
Key = Annotated[str, Meta(max_length=512)]
"""A name that the store looks up: longer ones do not fit PostgreSQL's indexes."""
Int64 = Annotated[int, Meta(ge=-(10**18), le=10**18)]
"""A number that the store adds up in 64 bits."""
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Decision = Literal["grant", "deny", "withdraw", "object", "restrict", "unrestrict", "expire"]
Strength = Literal["confirmed", "single", "inferred", "imported", "unknown"]
Origin = Literal["human_act", "source_sync", "echo"]


class Part(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A piece of a record."""


class PartyRef(Part, frozen=True, kw_only=True):
    """Which person or organisation a fact belongs to, as the source names it.

    ``by="id"`` names a record of ``stream`` in the same connection; a fact may arrive before it,
    then the hub keeps a place for it. The other kinds name a contact point or card, for sources
    such as POS exports that know nothing else of the customer.
    """

    id: Key
    stream: str = "customers"
    by: Literal["id", "email", "phone", "loyalty"] = "id"


class Address(Part, frozen=True, kw_only=True):
    """A postal address as given."""

    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    region: str | None = None
    postcode: str | None = None
    country: str | None = None


def one_line(value: object) -> str:
    """A value for people; an address in postal order, whatever the order it was stored in.

    >>> one_line({"city": "Perth", "postcode": "6000", "line1": "1 Hay St"})
    '1 Hay St, Perth, 6000'
    """
    if not isinstance(value, Mapping):
        return str(value)
    return ", ".join(str(value[part]) for part in Address.__struct_fields__ if value.get(part))


class Identifier(Part, frozen=True, kw_only=True):
    """A number that a person has one of, such as a loyalty card: two different ones disagree."""

    kind: str
    value: str


class ConsentClaim(Part, frozen=True, kw_only=True):
    """What a source says about one permission. A field that is absent makes no claim at all.

    A record that claimed a grant and does so no longer has ended it; it never ends a refusal.

    ``point`` is the e-mail or phone it is about; None means the whole person. ``asserted_at`` is
    when the customer decided, None when the source does not know.
    """

    purpose: str
    channel: str
    decision: Decision
    point: str | None = None
    strength: Strength = "unknown"
    origin: Origin = "source_sync"
    asserted_at: Instant | None = None
    valid_until: Instant | None = None
    basis: str | None = None
    jurisdiction: str | None = None
    notice: str | None = None
    evidence: str | None = None
    given_by: Literal["self", "parent", "agent"] = "self"


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="entity"):
    """Base of the canonical records."""

    entity_name: ClassVar[str]

    attributes: dict[str, Scalar] = field(default_factory=dict)


class _Party(Record, frozen=True, kw_only=True):
    emails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    addresses: list[Address] = field(default_factory=list)
    identifiers: list[Identifier] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    """Source ids of the same stream that the vendor merged into this record."""
    created_at: Instant | None = None
    updated_at: Instant | None = None


class Person(_Party, frozen=True, kw_only=True, tag="person"):
    """A customer, lead, contact or end user."""

    entity_name: ClassVar[str] = "person"

    full_name: str | None = None
    title: str | None = None
    given_name: str | None = None
    middle_name: str | None = None
    family_name: str | None = None
    nickname: str | None = None
    birth_date: date | None = None
    gender: str | None = None
    language: str | None = None
    job_title: str | None = None
    organisation: PartyRef | None = None
    organisation_name: str | None = None
    lifecycle: str | None = None
    owner: str | None = None
    consents: list[ConsentClaim] = field(default_factory=list)


class Organisation(_Party, frozen=True, kw_only=True, tag="organisation"):
    """An account or company."""

    entity_name: ClassVar[str] = "organisation"

    name: str | None = None
    domain: str | None = None
    industry: str | None = None
    employees: int | None = None


class Membership(Record, frozen=True, kw_only=True, tag="membership"):
    """A person's place in an organisation."""

    entity_name: ClassVar[str] = "membership"

    party: PartyRef
    organisation: PartyRef
    role: str | None = None
    since: Instant | None = None
    until: Instant | None = None


class Deal(Record, frozen=True, kw_only=True, tag="deal"):
    """An opportunity in a sales pipeline."""

    entity_name: ClassVar[str] = "deal"

    party: PartyRef | None = None
    organisation: PartyRef | None = None
    name: str | None = None
    pipeline: str | None = None
    stage: str | None = None
    status: Literal["open", "won", "lost"] = "open"
    amount_minor: Int64 | None = None
    currency: Currency | None = None
    created_at: Instant | None = None
    closed_at: Instant | None = None
    owner: str | None = None


class OrderItem(Part, frozen=True, kw_only=True):
    """One line inside an order; ``amount_minor`` is what the customer pays for the line."""

    sku: str | None = None
    name: str | None = None
    quantity: Int64 = 1
    unit_price: Decimal | None = None
    amount_minor: Int64 = 0


class Refund(Part, frozen=True, kw_only=True):
    """Money given back on an order."""

    at: Instant
    amount_minor: Int64
    reason: str | None = None


class Order(Record, frozen=True, kw_only=True, tag="order"):
    """A whole order, as an e-commerce system keeps it. ``total_minor`` includes everything."""

    entity_name: ClassVar[str] = "order"

    order_ref: Key
    at: Instant
    currency: Currency
    total_minor: Int64
    party: PartyRef | None = None
    channel: str | None = None
    store: str | None = None
    cancelled: bool = False
    items: list[OrderItem] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)


class OrderLine(Record, frozen=True, kw_only=True, tag="order_line"):
    """One line of a receipt, as a POS export keeps it; lines of one ``order_ref`` are an order.

    ``cancelled`` marks a line of a cancelled or credited receipt.
    """

    entity_name: ClassVar[str] = "order_line"

    order_ref: Key
    at: Instant
    currency: Currency
    party: PartyRef | None = None
    sku: str | None = None
    name: str | None = None
    quantity: Int64 = 1
    unit_price: Decimal | None = None
    amount_minor: Int64 = 0
    cancelled: bool = False
    channel: str | None = None
    store: str | None = None


class Cart(Record, frozen=True, kw_only=True, tag="cart"):
    """An open or abandoned checkout."""

    entity_name: ClassVar[str] = "cart"

    at: Instant
    party: PartyRef | None = None
    currency: Currency | None = None
    total_minor: Int64 | None = None
    completed_at: Instant | None = None
    items: list[OrderItem] = field(default_factory=list)


class Product(Record, frozen=True, kw_only=True, tag="product"):
    """Something that can be bought."""

    entity_name: ClassVar[str] = "product"

    sku: str | None = None
    name: str | None = None
    category: str | None = None
    unit_price: Decimal | None = None
    currency: Currency | None = None


class Subscription(Record, frozen=True, kw_only=True, tag="subscription"):
    """A contract that renews; the base of contractual churn."""

    entity_name: ClassVar[str] = "subscription"

    party: PartyRef
    started_at: Instant
    plan: str | None = None
    ended_at: Instant | None = None
    end_reason: Literal["cancelled", "payment_failed", "completed", "paused"] | None = None
    trial_until: Instant | None = None
    amount_minor: Int64 | None = None
    currency: Currency | None = None
    period: Literal["week", "month", "quarter", "year"] | None = None


class LoyaltyEntry(Record, frozen=True, kw_only=True, tag="loyalty_entry"):
    """A movement of points, or the balance and tier a scheme reports."""

    entity_name: ClassVar[str] = "loyalty_entry"

    party: PartyRef
    at: Instant
    points: int = 0
    balance: int | None = None
    tier: str | None = None
    reason: str | None = None
    expires_at: Instant | None = None


class Ticket(Record, frozen=True, kw_only=True, tag="ticket"):
    """A support case. Durations are seconds, as the source measured them."""

    entity_name: ClassVar[str] = "ticket"

    party: PartyRef | None = None
    organisation: PartyRef | None = None
    at: Instant
    subject: str | None = None
    body: str | None = None
    status: Literal["new", "open", "pending", "on_hold", "solved", "closed", "deleted"] = "open"
    priority: str | None = None
    channel: str | None = None
    category: str | None = None
    assignee: str | None = None
    solved_at: Instant | None = None
    reopens: int | None = None
    assignee_stations: int | None = None
    replies: int | None = None
    first_reply_seconds: int | None = None
    full_resolution_seconds: int | None = None
    requester_wait_seconds: int | None = None

    @property
    def is_unsolved(self) -> bool:
        """Whether somebody still waits for a solution."""
        return self.status in ("new", "open", "pending", "on_hold")


class Message(Record, frozen=True, kw_only=True, tag="message"):
    """One message of a conversation, in or out."""

    entity_name: ClassVar[str] = "message"

    at: Instant
    party: PartyRef | None = None
    ticket: str | None = None
    direction: Literal["in", "out"] = "in"
    public: bool = True
    channel: str | None = None
    author: str | None = None
    text: str | None = None


class Interaction(Record, frozen=True, kw_only=True, tag="interaction"):
    """What the customer did or received: page view, log-in, usage, call, visit, e-mail event."""

    entity_name: ClassVar[str] = "interaction"

    at: Instant
    kind: str
    party: PartyRef | None = None
    channel: str | None = None
    subject: str | None = None
    campaign: str | None = None
    seconds: int | None = None


class Feedback(Record, frozen=True, kw_only=True, tag="feedback"):
    """What a customer said: survey response, review, transcript or staff observation.

    ``instrument`` names the question family (``nps``, ``csat``, ``ces``, ``rating``); the scale's
    ends travel with every response, so that 1-5 is never read as 0-10.
    """

    entity_name: ClassVar[str] = "feedback"

    at: Instant
    instrument: str
    party: PartyRef | None = None
    score: float | None = None
    scale_min: float | None = None
    scale_max: float | None = None
    comment: str | None = None
    survey: str | None = None
    wave: str | None = None
    ticket: str | None = None
    channel: str | None = None
    kind: Literal["survey", "review", "transcript", "staff_observation", "usability_finding"] = (
        "survey"
    )
    verified: bool | None = None


class ConsentSignal(Record, frozen=True, kw_only=True, tag="consent_signal"):
    """Permissions of one party, from a source that keeps them apart from the person."""

    entity_name: ClassVar[str] = "consent_signal"

    party: PartyRef
    claims: list[ConsentClaim]


class Task(Record, frozen=True, kw_only=True, tag="task"):
    """Work that somebody owes the customer."""

    entity_name: ClassVar[str] = "task"

    at: Instant
    party: PartyRef | None = None
    subject: str | None = None
    due_at: Instant | None = None
    done_at: Instant | None = None
    owner: str | None = None
    reason: str | None = None


Party = Person | Organisation
PARTIES = (Person, Organisation)
"""The same for ``isinstance``, which takes a tuple five times faster than a union."""

AnyRecord = (
    Person
    | Organisation
    | Membership
    | Deal
    | Order
    | OrderLine
    | Cart
    | Product
    | Subscription
    | LoyaltyEntry
    | Ticket
    | Message
    | Interaction
    | Feedback
    | ConsentSignal
    | Task
)

ENTITIES: dict[str, type[Record]] = {
    cls.entity_name: cls
    for cls in (
        Person,
        Organisation,
        Membership,
        Deal,
        Order,
        OrderLine,
        Cart,
        Product,
        Subscription,
        LoyaltyEntry,
        Ticket,
        Message,
        Interaction,
        Feedback,
        ConsentSignal,
        Task,
    )
}
"""Entity name to struct, in the order of the documentation."""

_encoder = Encoder(order="deterministic")
_decoder: Decoder[AnyRecord] = Decoder(AnyRecord)


def encode(record: Record) -> bytes:
    """The record as canonical JSON, defaults left out: equal records are equal bytes.

    >>> encode(Person(given_name="Ada"))
    b'{"entity":"person","given_name":"Ada"}'
    """
    return _encoder.encode(record)


def mistake(err: ValidationError) -> str:
    """What is wrong with a record, without the value that is.

    >>> try:
    ...     decode(b'{"entity":"deal","status":"ada@example.org"}')
    ... except ValidationError as err:
    ...     mistake(err)
    'Invalid enum value - at `$.status`'
    """
    return re.sub(r"(?s)'.*' - at", "- at", str(err))


def decode(data: bytes | str) -> AnyRecord:
    """The record that :func:`encode` wrote, every field type-checked.

    Raises:
        msgspec.ValidationError: If a field has the wrong type; the message names the path.
    """
    return _decoder.decode(data)
