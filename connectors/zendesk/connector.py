"""The zendesk connector: its streams, its writers, and what it leaves undone.

The folder:

config.py    what an admin writes in hub.toml
client.py    how Zendesk is reached: credential, limits, errors in the hub's words
api.py       its endpoints, one method each
reader.py    everything that changed, and everything that is gone, in Zendesk's three ways
rows.py      what a row is
streams.py   which reader and which map make a stream
mapping.py   rows as canonical records
fields.py    what the hub writes, as Zendesk's custom fields
writer.py    profiles into users and organizations
consent.py   withdrawals into custom user fields
tasks.py     work handed to agents as tickets
notes.py     internal comments at a ticket
webhook.py   what Zendesk pushes
check.py     what an admin must know before the first run
emulator/    an account on loopback that refuses what Zendesk refuses
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from connectors.zendesk.check import check
from connectors.zendesk.client import http
from connectors.zendesk.config import ZendeskSettings
from connectors.zendesk.consent import read_back, write_consent
from connectors.zendesk.notes import NOTES
from connectors.zendesk.streams import streams
from connectors.zendesk.tasks import TASKS
from connectors.zendesk.webhook import WEBHOOK
from connectors.zendesk.writer import writers
from hub.core.clock import Clock
from hub.core.connector import Connector, Emulator, Unsupported, Webhook


def webhooks(settings: ZendeskSettings) -> Mapping[str, Webhook]:
    """The webhook of the account's events, if its secret is set."""
    return {"events": WEBHOOK} if settings.webhook_secret is not None else {}


def emulator(clock: Clock, plan: str = "professional") -> Emulator:
    """An empty account on loopback that lives on ``clock``."""
    from connectors.zendesk.emulator import create  # a web server: only where one is wanted

    return create(clock=clock, plan=plan)


PLANS = ("team", "growth", "professional", "enterprise", "high_volume", "unmetered")
"""Rate plans of the emulator."""


ZENDESK = Connector(
    name="zendesk",
    summary="Zendesk: users, organizations, tickets, comments, CSAT, consent; writes profiles back",
    config=ZendeskSettings,
    streams=streams,
    http=http,
    writers=lambda _settings: writers(),
    tasks=TASKS,
    notes=NOTES,
    webhooks=webhooks,
    check=check,
    emulator=emulator,
    plans={plan: partial(emulator, plan=plan) for plan in PLANS},
    erase=Unsupported("later: deleting a user for good cannot be undone"),
    write_consent=write_consent,
    read_back=read_back,
    homepage="https://developer.zendesk.com/api-reference/",
)
