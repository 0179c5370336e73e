"""The salesforce connector: its streams, its writers, and what it leaves undone.

The folder:

config.py       what an admin writes in hub.toml
client.py       how the org is reached: credential, limits, errors in the hub's words
api.py          its endpoints, one method each
soql.py         its query language, as far as it is spoken here
describe.py     what the org shows of an object, and what changed about that
reader.py       everything that changed, and everything that is gone
progress.py     how far a stream has been read
enrich.py       what a record's own object does not tell
rows.py         what a row is
mapping.py      rows as canonical records
permissions.py  rows as claims about permission
fields.py       what the hub writes, as custom fields
provision.py    makes those fields exist and visible
writer.py       profiles into contacts, leads and person accounts
tasks.py        work handed to the people who use the org
batches.py      many records in one request, each with its own result
consent.py      withdrawals into opt-outs and consent records
check.py        what an admin must know before the first run
emulator/       an org on loopback that refuses what Salesforce refuses
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from connectors.salesforce import mapping, permissions
from connectors.salesforce.check import check
from connectors.salesforce.client import http
from connectors.salesforce.config import SalesforceSettings
from connectors.salesforce.consent import read_back, write_consent
from connectors.salesforce.enrich import (
    Enrich,
    nothing_more,
    with_parties,
    with_purposes,
    with_refusals,
    with_term,
)
from connectors.salesforce.fields import FIELDS, TASK_KEY, names
from connectors.salesforce.reader import SObjectReader
from connectors.salesforce.rows import KEY
from connectors.salesforce.soql import MODIFIED
from connectors.salesforce.tasks import tasks
from connectors.salesforce.writer import profile_writer
from hub.core.clock import Clock
from hub.core.connector import (
    Connector,
    Emulator,
    FullPass,
    Row,
    Since,
    Stream,
    Unsupported,
    Writer,
)
from hub.core.records import (
    ConsentSignal,
    Deal,
    Interaction,
    Organisation,
    Person,
    Record,
    Task,
    Ticket,
)

RowMapping = Callable[[Row, SalesforceSettings], Record]
"""A function of ``mapping.py`` or ``permissions.py``."""


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a stream comes from.

    Args:
        name: The stream.
        sobject: Object that it reads.
        entity: What its rows become.
        map: How.
        people: Whether some of the object's records are people and others are not: those that the
            stream wants.
        optional: Whether an org may well be without the object.
        related: Whether rows say if their account is a person.
        enrich: Completes the rows of a page.
        counts_from: Field that says from when a record counts, if that may be after its change.
        own: Field that only the hub's own records fill; those are left out.
    """

    name: str
    sobject: str
    entity: type[Record]
    map: RowMapping
    people: bool | None = None
    optional: bool = False
    related: bool = False
    enrich: Enrich = nothing_more
    counts_from: str = ""
    own: str = ""


def streams(settings: SalesforceSettings) -> tuple[Stream, ...]:
    """Everything that is read. A person's opt-outs are a record of their own beside it."""
    return tuple(_stream(settings, source) for source in _sources(settings))


def _sources(settings: SalesforceSettings) -> Iterator[_Source]:
    of_individual = partial(with_parties, person_accounts=settings.person_accounts)
    yield _Source("accounts", "Account", Organisation, mapping.organisation, people=False)
    yield _Source("contacts", "Contact", Person, mapping.contact, people=False)
    yield _Source("leads", "Lead", Person, mapping.lead)
    if settings.person_accounts:
        yield _Source("person_accounts", "Account", Person, mapping.person_account, people=True)
    yield _Source("cases", "Case", Ticket, mapping.case, related=True)
    yield _Source("opportunities", "Opportunity", Deal, mapping.opportunity, related=True)
    yield _Source("tasks", "Task", Task, mapping.task, related=True, own=TASK_KEY.name)
    yield _Source("events", "Event", Interaction, mapping.event, related=True)
    yield from _opt_outs(settings)
    yield _Source(
        "individuals",
        "Individual",
        ConsentSignal,
        permissions.individual,
        optional=True,
        enrich=of_individual(KEY),
    )
    yield _Source(
        "contact_point_consents",
        "ContactPointTypeConsent",
        ConsentSignal,
        permissions.contact_point,
        optional=True,
        enrich=with_purposes(with_term(of_individual("PartyId"))),
        counts_from="EffectiveFrom",
    )


def _opt_outs(settings: SalesforceSettings) -> Iterator[_Source]:
    signal, told = ConsentSignal, with_refusals("IndividualId")
    boxes = permissions.opt_outs
    yield _Source("contact_consents", "Contact", signal, boxes, people=False, enrich=told)
    yield _Source("lead_consents", "Lead", signal, partial(boxes, people="leads"), enrich=told)
    if settings.person_accounts:
        boxes, told = partial(boxes, people="person_accounts"), with_refusals("PersonIndividualId")
        yield _Source("person_account_consents", "Account", signal, boxes, people=True, enrich=told)


def _stream(settings: SalesforceSettings, source: _Source) -> Stream:
    related = ("Account.IsPersonAccount",) if source.related and settings.person_accounts else ()
    return Stream(
        name=source.name,
        entity=source.entity,
        map=lambda row: source.map(row, settings),
        key=KEY,
        reader=SObjectReader(
            sobject=source.sobject,
            wanted=(*related, *mapping.wanted(source.name, settings)),
            lookback=settings.lookback,
            page_size=settings.page_size,
            formula_refresh=settings.formula_refresh,
            where=_only(settings, source.people),
            optional=source.optional,
            enrich=source.enrich,
            counts_from=source.counts_from,
            own=source.own,
        ),
        cursor=Since(MODIFIED, lookback=settings.lookback),
        deletes=FullPass(),  # and each run names what was deleted or merged
        ignore=names(FIELDS) | {MODIFIED},  # the hub's own writes move no more than these
        updated=MODIFIED,
        mapping_version=mapping.version(settings),
    )


def _only(settings: SalesforceSettings, people: bool | None) -> str:
    if people is None or not settings.person_accounts:
        return ""
    return f"IsPersonAccount = {str(people).lower()}"


def writers(settings: SalesforceSettings) -> tuple[Writer, ...]:
    """One writer for each kind of person: all records of a customer get the same golden id."""
    found = [
        profile_writer("profiles", "contacts", "Contact"),
        profile_writer("lead_profiles", "leads", "Lead"),
    ]
    if settings.person_accounts:
        found.append(profile_writer("person_account_profiles", "person_accounts", "Account"))
    return tuple(found)


def emulator(clock: Clock, plan: str = "enterprise") -> Emulator:
    """An empty org on loopback that lives on ``clock``."""
    from connectors.salesforce.emulator import create  # a web server: only where one is wanted

    return create(clock=clock, plan=plan)


PLANS = ("developer", "enterprise", "unmetered")
"""Request plans of the emulator."""


SALESFORCE = Connector(
    name="salesforce",
    summary="Salesforce: people, accounts, cases, deals, activities, consent; writes profiles back",
    config=SalesforceSettings,
    streams=streams,
    http=http,
    writers=writers,
    tasks=tasks,
    notes=Unsupported("comments of a case have no key; the card is a field of the contact"),
    check=check,
    emulator=emulator,
    plans={plan: partial(emulator, plan=plan) for plan in PLANS},
    webhooks=Unsupported(
        "change data capture is gRPC with three days' memory; polling misses less"
    ),
    erase=Unsupported("later: a deleted record lies in the recycle bin for 15 days"),
    write_consent=write_consent,
    read_back=read_back,
    homepage="https://developer.salesforce.com/docs/platform/api-rest/overview",
)
