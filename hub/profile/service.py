"""What the customer needed help with."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.core.records import Ticket
from hub.profile.leaf import LATER, Group, field, no_data
from hub.profile.sources import Sources

RECENT_TICKET_DAYS = 30


def service(sources: Sources, now: datetime) -> Group:
    """Their tickets, as their sources have them at ``now``."""
    tickets = [(f, f.record) for f in sources.facts if isinstance(f.record, Ticket)]
    if not tickets:
        names = ("open_tickets", "recent_tickets", "reopens", "agents", "first_reply_seconds",
                 "resolution_seconds", "unresolved")  # fmt: skip
        return {name: no_data() for name in names} | {"promises": no_data(LATER)}
    last_fact, last = tickets[-1]
    where = (last_fact.source, last_fact.at)
    opened = [(f, t) for f, t in tickets if t.is_unsolved]
    recent = sum(now - f.at <= timedelta(days=RECENT_TICKET_DAYS) for f, _ in tickets)
    agents = {t.assignee for _, t in tickets if t.assignee}
    unresolved = field(opened[0][1].subject, opened[0][0].source, opened[0][0].at) if opened else (
        field(None, *where)
    )  # fmt: skip
    return {
        "open_tickets": field(len(opened), *where),
        "recent_tickets": field(recent, *where),
        "reopens": field(sum(t.reopens or 0 for _, t in tickets), *where),
        "agents": field(
            max([len(agents), *(t.assignee_stations or 0 for _, t in tickets)]), *where
        ),
        "first_reply_seconds": field(last.first_reply_seconds, *where),
        "resolution_seconds": field(last.full_resolution_seconds, *where),
        "unresolved": unresolved,
        "promises": no_data(LATER),
    }
