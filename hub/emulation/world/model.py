"""What exists in a simulated world: the truth, and what each system believes.

Everything here is vendor-neutral and immutable. A *person* is the truth; a *presence* is what one
system holds about that person, with that system's gaps and errors. Facts (orders, tickets, survey
responses, consent decisions …) name the system that recorded them, the local id they hang on there,
and the true person, so that an emulator or a file writer needs nothing else.

Times are timezone-aware UTC; money is integer minor units with a currency; an empty string in a
presence means that the system has no value.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

SHOP_TIME = "Australia/Brisbane"
"""Time zone of every store and office: UTC+10 all year, so local files need no DST rule."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody lives or an organisation sits."""

    street: str
    city: str
    state: str
    postcode: str
    country: str = "AU"


@dataclass(frozen=True, slots=True)
class TruePerson:
    """One human being, as only the simulator knows them.

    Attributes:
        gender: ``f`` or ``m``; decides given names and nicknames only.
        nickname: What friends (and some systems) say instead of the given name; may be empty.
        former_family_name: Surname before a marriage or divorce; may be empty.
        emails: Personal addresses, oldest first; the last one is in use today.
        work_email: Address at the employer, possibly a role address; may be empty.
        phones: Oldest first; the last one is in use today.
        addresses: Oldest first; the last one is today's.
        loyalty_no: Number of the card that was issued to this person; empty without a card.
        joined: First day as a customer.
        left: Day after which the person does nothing any more, or None for a loyal customer.
    """

    person_id: str
    household_id: str
    gender: str
    given_name: str
    nickname: str
    family_name: str
    former_family_name: str
    born: date
    emails: tuple[str, ...]
    work_email: str
    phones: tuple[str, ...]
    addresses: tuple[Address, ...]
    organisation_id: str
    job_title: str
    language: str
    loyalty_no: str
    joined: date
    left: date | None


@dataclass(frozen=True, slots=True)
class Household:
    """People under one roof; they share an address and, often, an e-mail or a phone.

    Attributes:
        kind: ``single``, ``couple``, ``family`` (parents and child), ``twins`` or ``namesakes``
            (father and son of the same name).
    """

    household_id: str
    kind: str
    members: tuple[str, ...]
    shares_email: bool
    shares_phone: bool


@dataclass(frozen=True, slots=True)
class Organisation:
    """A business customer; some of the people work there."""

    organisation_id: str
    name: str
    domain: str
    phone: str
    address: Address
    industry: str


@dataclass(frozen=True, slots=True)
class Presence:
    """One person record as one system holds it: with nicknames, typos, gaps and placeholders.

    Attributes:
        born: ISO date as that system has it (``1900-01-01`` is a placeholder); may be empty.
        organisation_id: The organisation this record is associated with; may be empty.
        duplicate_of: Local id of the person's earlier record in the same system; may be empty.
    """

    system: str
    local_id: str
    person_id: str
    given_name: str
    family_name: str
    email: str
    phone: str
    born: str
    street: str
    city: str
    state: str
    postcode: str
    country: str
    loyalty_no: str
    organisation_id: str
    job_title: str
    language: str
    created_at: datetime
    updated_at: datetime
    duplicate_of: str = ""

    @property
    def key(self) -> str:
        """``system/local id``, the name of this record in the truth file."""
        return f"{self.system}/{self.local_id}"


@dataclass(frozen=True, slots=True)
class OrganisationPresence:
    """One company record as one system holds it."""

    system: str
    local_id: str
    organisation_id: str
    name: str
    domain: str
    phone: str
    city: str
    state: str
    country: str
    industry: str
    created_at: datetime
    updated_at: datetime
    duplicate_of: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """One article of the catalogue; ``price`` in minor units."""

    sku: str
    title: str
    category: str
    price: int


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of a receipt; quantity and amount are negative on a return."""

    number: int
    sku: str
    title: str
    quantity: int
    unit_price: int
    amount: int


@dataclass(frozen=True, slots=True)
class Order:
    """One receipt or web order.

    Attributes:
        local_id: The customer record it names in that system; empty when nobody was identified.
        person_id: Who really bought it.
        return_of: Order id of the purchase that this return reverses; empty for a purchase.
    """

    system: str
    order_id: str
    local_id: str
    person_id: str
    placed_at: datetime
    store: str
    currency: str
    lines: tuple[OrderLine, ...]
    return_of: str = ""

    @property
    def total(self) -> int:
        """Net amount in minor units; negative for a return."""
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, slots=True)
class Deal:
    """One sales opportunity with an organisation; ``amount`` in minor units.

    Attributes:
        stage: ``qualified``, ``proposal``, ``won`` or ``lost``.
        organisation_local_id: The company record of that system.
    """

    system: str
    deal_id: str
    local_id: str
    person_id: str
    organisation_id: str
    organisation_local_id: str
    name: str
    stage: str
    amount: int
    currency: str
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class TicketMessage:
    """One message inside a ticket; ``author`` is ``customer`` or an agent's name."""

    author: str
    text: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request for help.

    Attributes:
        status: ``open``, ``pending`` or ``solved``.
        agents: Everybody who handled it, in order; more than one means that it was passed on.
        reopens: How often it was opened again after being solved.
        first_reply_at: First public answer of an agent, or None while nobody answered.
        solved_at: Last time it was solved, or None while it is open.
    """

    system: str
    ticket_id: str
    local_id: str
    person_id: str
    channel: str
    topic: str
    subject: str
    priority: str
    status: str
    agents: tuple[str, ...]
    reopens: int
    created_at: datetime
    first_reply_at: datetime | None
    solved_at: datetime | None
    updated_at: datetime
    messages: tuple[TicketMessage, ...]


@dataclass(frozen=True, slots=True)
class SurveyResponse:
    """One answer to one question.

    Attributes:
        instrument: ``NPS`` (0-10), ``CSAT`` (1-5) or ``CES`` (1-7, CES 2.0: high is easy).
        touchpoint: What the question was about: ``relationship``, ``purchase`` or ``support``.
        about: The ticket or order it followed; may be empty.
    """

    system: str
    response_id: str
    local_id: str
    person_id: str
    instrument: str
    scale_min: int
    scale_max: int
    score: int
    comment: str
    language: str
    touchpoint: str
    about: str
    asked_at: datetime
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """A public opinion about one product, one to five stars."""

    system: str
    review_id: str
    local_id: str
    person_id: str
    sku: str
    rating: int
    text: str
    language: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """Something done in the app; ``kind`` is ``login``, ``view``, ``search`` or ``cart``."""

    system: str
    event_id: str
    local_id: str
    person_id: str
    kind: str
    detail: str
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class CampaignEvent:
    """What became of one marketing e-mail.

    Attributes:
        kind: ``sent``, ``opened``, ``clicked``, ``bounced`` or ``unsubscribed``.
    """

    system: str
    event_id: str
    local_id: str
    person_id: str
    campaign: str
    kind: str
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class LoyaltyEntry:
    """Points earned (positive) or redeemed (negative)."""

    system: str
    entry_id: str
    local_id: str
    person_id: str
    points: int
    reason: str
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """One decision of a person about one purpose on one channel, as one system recorded it.

    Attributes:
        decision: ``grant``, ``deny`` or ``withdraw``.
        point: The e-mail or phone the decision was given for; empty = the whole record.
        decided_at: None when the system shows the state but not when it came about.
        evidence: What proves a human act (``form``, ``double-opt-in``, ``call``); may be empty.
        notice: Version of the notice that was shown; may be empty.
    """

    system: str
    event_id: str
    local_id: str
    person_id: str
    purpose: str
    channel: str
    decision: str
    point: str
    decided_at: datetime | None
    evidence: str
    notice: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """One corrupt line planted on purpose after ``after_row`` good rows of ``file``.

    Attributes:
        reason: As the csv connector names it: ``bad-date``, ``too-few-columns``,
            ``too-many-columns``, ``nul``, ``field-too-long`` or ``unreadable-encoding``.
    """

    file: str
    after_row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """One edit that happens after the first sync, for a later run to pick up.

    Attributes:
        kind: ``new_order``, ``withdrawal``, ``edited_contact``, ``merged_contact`` or
            ``deleted_contact``.
        local_id: The record that is changed, that survives a merge, or that is deleted.
        merged_id: The record that a merge swallows; empty otherwise.
        order: The order of a ``new_order``.
        consent: The decision of a ``withdrawal``.
        presence: The record after an ``edited_contact``.
    """

    kind: str
    system: str
    local_id: str
    at: datetime
    merged_id: str = ""
    order: Order | None = None
    consent: ConsentEvent | None = None
    presence: Presence | None = None
