"""Tickets as answers show them: the ticket, its comments, its metrics, its events.

Source: Zendesk, "Tickets", "Ticket Comments", "Ticket Metrics" and "Incremental Exports" (read
November 2026).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from connectors.zendesk.emulator.account import Account
from connectors.zendesk.emulator.paging import paged
from connectors.zendesk.emulator.tables import Body, Entry, stamp_of
from connectors.zendesk.emulator.wire import Answer, Call

KIND = "tickets"


def list_comments(account: Account, call: Call) -> Answer:
    """The comments of one ticket, oldest first."""
    ticket = account.record(KIND, call.id("ticket_id"))
    entries = comments_of(account, ticket.id)
    if call.query.get("sort") == "-created_at" or call.query.get("sort_order") == "desc":
        entries = entries[::-1]
    return paged(call, "comments", entries, partial(comment_json, account))


def list_tickets(account: Account, call: Call) -> Answer:
    """The tickets that are not deleted, by id; only those of an external id if one is named."""
    named = call.query.get("external_id")
    live = account.table(KIND).live()
    entries = [e for e in live if named is None or e.body["external_id"] == named]
    return paged(call, KIND, entries, partial(ticket_json, account))


def get_ticket(account: Account, call: Call) -> Answer:
    """One ticket."""
    entry = account.record(KIND, call.id("ticket_id"))
    return Answer({"ticket": ticket_json(account, entry)})


def show_many_tickets(account: Account, call: Call) -> Answer:
    """The tickets of those ids that are there."""
    named = [account.table(KIND).find(key) for key in call.ids()]
    entries = [entry for entry in named if entry is not None]
    return Answer({**with_metrics(account, call, entries), "count": len(entries)})


def comments_of(account: Account, ticket_id: int) -> list[Entry]:
    """The comments of a ticket, oldest first."""
    found = [e for e in account.table("comments").live() if e.body["ticket_id"] == ticket_id]
    return sorted(found, key=lambda entry: (entry.body["created_at"], entry.id))


def ticket_json(account: Account, entry: Entry) -> Body:
    """A ticket as the API shows it; a deleted one keeps its shape and loses its status."""
    body = account.shown(KIND, entry) | {"generated_timestamp": entry.generated}
    return body | ({"status": "deleted"} if entry.deleted else {})


def with_metrics(account: Account, call: Call, entries: Sequence[Entry]) -> dict[str, object]:
    """Those tickets, and what Zendesk measured of them if the call includes ``metric_sets``."""
    rows = [ticket_json(account, entry) for entry in entries]
    if "metric_sets" not in call.includes():
        return {KIND: rows}
    found = {entry.id: account.metrics[entry.id] for entry in entries if not entry.deleted}
    if account.listed_metrics:
        return {KIND: rows, "metric_sets": list(found.values())}
    return {KIND: [row | {"metric_set": found.get(row["id"])} for row in rows]}


def comment_json(account: Account, entry: Entry) -> Body:
    """A comment as the API shows it, which does not name its ticket."""
    shown = account.shown("comments", entry)
    return {name: value for name, value in shown.items() if name != "ticket_id"}


def event_json(account: Account, entry: Entry, *, whole: bool) -> Body:
    """The event by which a comment came about.

    Args:
        account: The account.
        entry: The comment.
        whole: Whether its text is shown, or only that there is one.
    """
    comment = account.shown("comments", entry)
    return {
        "id": comment["audit_id"],
        "ticket_id": comment["ticket_id"],
        "timestamp": entry.generated,
        "created_at": stamp_of(entry.generated),
        "updater_id": comment["author_id"],
        "via": comment["via"]["channel"],
        "system": {},
        "metadata": {},
        "merged_ticket_ids": [],
        "event_type": "Audit",
        "child_events": [_child(comment, whole=whole)],
    }


def _child(comment: Body, *, whole: bool) -> dict[str, Any]:
    bare = {
        "id": comment["id"],
        "via": comment["via"],
        "via_reference_id": None,
        "event_type": "Comment",
    }
    if not whole:
        return bare | {"comment_present": True, "comment_public": comment["public"]}
    kept = {name: value for name, value in comment.items() if name not in ("ticket_id", "metadata")}
    return bare | kept
