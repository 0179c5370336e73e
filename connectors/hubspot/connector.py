"""The hubspot connector: its streams, its writer, and what it leaves undone.

The folder:

config.py    what an admin writes in hub.toml
client.py    how HubSpot is reached: credential, limits, errors in the hub's words
api.py       its endpoints, one method each
reader.py    everything that changed, and everything that is gone
rows.py      what a row is, and how its values are read
mapping.py   rows as canonical records
fields.py    what the hub writes, as HubSpot's properties
batches.py   records to write, and what HubSpot says about each
writer.py    profiles into contacts
tasks.py     tasks for the people who work in HubSpot
webhook.py   what HubSpot pushes, read again
consent.py   withdrawals into subscription statuses
check.py     what an admin must know before the first run
emulator/    an account on loopback that refuses what HubSpot refuses
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from connectors.hubspot import mapping
from connectors.hubspot.check import check
from connectors.hubspot.client import http
from connectors.hubspot.config import HubSpotSettings
from connectors.hubspot.consent import read_back, write_consent
from connectors.hubspot.fields import FIELDS, names
from connectors.hubspot.reader import (
    CrmReader,
    Enrich,
    nothing_more,
    with_associations,
    with_statuses,
)
from connectors.hubspot.rows import COMPANIES, CONTACTS, KEY, TICKETS
from connectors.hubspot.tasks import TASKS
from connectors.hubspot.webhook import webhook
from connectors.hubspot.writer import PROFILES
from hub.core.clock import Clock
from hub.core.connector import (
    Connector,
    Emulator,
    FullPass,
    Row,
    Since,
    Stream,
    Unsupported,
    Webhook,
)
from hub.core.records import (
    ConsentSignal,
    Deal,
    Feedback,
    Organisation,
    Person,
    Record,
    Ticket,
)

RowMapping = Callable[[Row, HubSpotSettings], Record]
"""A function of ``mapping.py``."""


def streams(settings: HubSpotSettings) -> tuple[Stream, ...]:
    """Everything that is read. A contact's subscriptions are a record of their own beside it."""
    parties = {"contacts": CONTACTS, "companies": COMPANIES}
    about = {"contacts": CONTACTS, "tickets": TICKETS}
    return (
        _stream(settings, "contacts", Person, mapping.person),
        _stream(settings, "companies", Organisation, mapping.organisation),
        _stream(settings, "deals", Deal, mapping.deal, with_associations("deals", parties)),
        _stream(settings, "tickets", Ticket, mapping.ticket, with_associations("tickets", parties)),
        _stream(
            settings,
            "feedback_submissions",
            Feedback,
            mapping.feedback,
            with_associations("feedback_submissions", about),
        ),
        _stream(settings, "subscriptions", ConsentSignal, mapping.permissions, with_statuses),
    )


def _stream(
    settings: HubSpotSettings,
    name: str,
    entity: type[Record],
    map_row: RowMapping,
    enrich: Enrich = nothing_more,
) -> Stream:
    object_type = "contacts" if name == "subscriptions" else name
    modified = "lastmodifieddate" if object_type == "contacts" else "hs_lastmodifieddate"
    return Stream(
        name=name,
        entity=entity,
        map=lambda row: map_row(row, settings),
        key=KEY,
        reader=CrmReader(
            object_type=object_type,
            properties=mapping.properties(name, settings),
            modified=modified,
            lookback=settings.lookback,
            lag=settings.search_lag,
            enrich=enrich,
        ),
        cursor=Since(modified, lookback=settings.lookback, ordered=False),
        deletes=FullPass(),  # and each run names what is in the recycle bin
        ignore=names(FIELDS) | {modified},  # the hub's own writes move no more than these
        updated=modified,
        mapping_version=mapping.version(settings),
    )


def webhooks(settings: HubSpotSettings) -> Mapping[str, Webhook]:
    """The app's webhook, if its address and secret are set."""
    if settings.webhook_url is None:
        return {}
    readers = {stream.name: stream.reader for stream in streams(settings)}
    return {"app": webhook({n: r for n, r in readers.items() if isinstance(r, CrmReader)})}


def emulator(clock: Clock, plan: str = "private_pro") -> Emulator:
    """An empty account on loopback that lives on ``clock``."""
    from connectors.hubspot.emulator import create  # a web server: only where one is wanted

    return create(clock=clock, plan=plan)


PLANS = (
    "private_free", "private_pro", "private_enterprise", "private_limit_increase", "oauth",
    "unmetered",
)  # fmt: skip
"""Rate plans of the emulator."""


HUBSPOT = Connector(
    name="hubspot",
    summary="HubSpot: contacts, companies, deals, tickets, feedback, consent; writes profiles back",
    config=HubSpotSettings,
    streams=streams,
    http=http,
    writers=(PROFILES,),
    tasks=TASKS,
    check=check,
    emulator=emulator,
    plans={plan: partial(emulator, plan=plan) for plan in PLANS},
    webhooks=webhooks,
    erase=Unsupported("later: gdpr-delete cannot be undone and blocks the address for good"),
    write_consent=write_consent,
    read_back=read_back,
    homepage="https://developers.hubspot.com/docs",
)
