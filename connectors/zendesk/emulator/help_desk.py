"""How tickets come about: a request, replies to it, and what Zendesk measures of both.

Source: Zendesk, "Tickets", "Ticket Comments" and "Ticket Metrics" (read November 2026).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from connectors.zendesk.emulator.account import Account
from connectors.zendesk.emulator.tables import Body, Entry, instant, stamp
from hub.emulation.effects import Actor

_BLANK: Mapping[str, Any] = {
    "external_id": None,
    "type": "question",
    "priority": None,
    "status": "new",
    "recipient": None,
    "assignee_id": None,
    "organization_id": None,
    "group_id": None,
    "collaborator_ids": [],
    "follower_ids": [],
    "problem_id": None,
    "has_incidents": False,
    "is_public": True,
    "due_at": None,
    "tags": [],
    "custom_fields": [],
    "satisfaction_rating": {"score": "unoffered"},
    "sharing_agreement_ids": [],
    "allow_channelback": False,
    "from_messaging_channel": False,
}
_SOLVED = ("solved", "closed")


class NewTicket(BaseModel):
    """What a person asks for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requester_id: int
    subject: str
    text: str
    channel: str = "email"


class NewComment(BaseModel):
    """What somebody says in a ticket; an internal note is not ``public``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ticket_id: int
    author_id: int
    text: str
    public: bool = True


def open_ticket(account: Account, new: NewTicket) -> Entry:
    """The ticket of a person who writes to the help desk now.

    Raises:
        Refusal: 404 if nobody has that id.
    """
    requester = account.record("users", new.requester_id)
    now, key = account.now(), account.sequence.id()
    body = ticket_body(account, key, requester.id, new.subject, new.text, new.channel)
    body |= {"organization_id": requester.body["organization_id"], **account.stamps()}
    entry = account.table("tickets").add(body, now)
    account.metrics[key] = blank_metrics(account, key, now)
    account.log("create", "tickets", key, {"subject"}, "user")
    add_comment(account, NewComment(ticket_id=key, author_id=requester.id, text=new.text), "user")
    return entry


def reply(account: Account, new: NewComment, actor: Actor = "user") -> Entry:
    """The comment, which moves its ticket too; the first public one of an agent is measured.

    Raises:
        Refusal: 404 if there is no such ticket or author.
    """
    ticket, author = (
        account.record("tickets", new.ticket_id),
        account.record("users", new.author_id),
    )
    if author.body["role"] != "end-user" and new.public:
        _measure(account, ticket)
    ticket.body["updated_at"] = stamp(account.now())
    account.table("tickets").move(ticket, account.now())
    return add_comment(account, new, actor)


def note_work(account: Account, ticket: Entry, changed: Collection[str]) -> None:
    """Measure that a ticket got another assignee, was solved, or was opened again.

    Unconfirmed: that one that was opened again has no ``solved_at`` until it is solved anew.
    """
    metrics, now = account.metrics[ticket.id], stamp(account.now())
    if "assignee_id" in changed and ticket.body["assignee_id"] is not None:
        metrics["assignee_stations"] += 1
        metrics["assigned_at"] = now
        metrics["initially_assigned_at"] = metrics["initially_assigned_at"] or now
    if "status" in changed:
        metrics["status_updated_at"] = now
        was_solved, is_solved = metrics["solved_at"], ticket.body["status"] in _SOLVED
        metrics["reopens"] += bool(was_solved) and not is_solved
        metrics["solved_at"] = (was_solved or now) if is_solved else None


def ticket_body(
    account: Account, key: int, requester: int, subject: str, text: str, channel: str
) -> Body:
    """A ticket as it is when it comes in; its time stamps are still to be set."""
    return {
        "url": account.url("tickets", key),
        "id": key,
        **_BLANK,
        "via": {"channel": channel, "source": {"from": {}, "to": {}, "rel": None}},
        "subject": subject,
        "raw_subject": subject,
        "description": text,
        "requester_id": requester,
        "submitter_id": requester,
    }


def comment_body(account: Account, new: NewComment, via: Mapping[str, Any], at: datetime) -> Body:
    """A comment with ids of its own."""
    return {
        "id": account.sequence.id(),
        "type": "Comment",
        "author_id": new.author_id,
        "body": new.text,
        "html_body": f'<div class="zd-comment">{new.text}</div>',
        "plain_body": new.text,
        "public": new.public,
        "attachments": [],
        "audit_id": account.sequence.id(),
        "via": dict(via),
        "created_at": stamp(at),
        "metadata": {"system": {}, "custom": {}},
        "ticket_id": new.ticket_id,
    }


def blank_metrics(account: Account, ticket: int, at: datetime) -> Body:
    """What Zendesk measures of a ticket that nobody has touched yet."""
    key = account.sequence.id()
    return {
        "url": account.url("ticket_metrics", key),
        "id": key,
        "ticket_id": ticket,
        "created_at": stamp(at),
        "updated_at": stamp(at),
        "group_stations": 0,
        "assignee_stations": 0,
        "reopens": 0,
        "replies": 0,
        "assignee_updated_at": None,
        "requester_updated_at": stamp(at),
        "status_updated_at": stamp(at),
        "initially_assigned_at": None,
        "assigned_at": None,
        "solved_at": None,
        "latest_comment_added_at": stamp(at),
        "reply_time_in_minutes": minutes(at, None),
        "first_resolution_time_in_minutes": minutes(at, None),
        "full_resolution_time_in_minutes": minutes(at, None),
        "agent_wait_time_in_minutes": minutes(at, None),
        "requester_wait_time_in_minutes": minutes(at, None),
        "on_hold_time_in_minutes": {"calendar": 0, "business": 0},
    }


def minutes(start: datetime, end: datetime | None) -> dict[str, int | None]:
    """Minutes between two moments; this help desk never closes, so business hours are all."""
    passed = None if end is None else int((end - start).total_seconds()) // 60
    return {"calendar": passed, "business": passed}


def add_comment(account: Account, new: NewComment, actor: Actor) -> Entry:
    """The comment of a ticket that is there."""
    via = account.record("tickets", new.ticket_id).body["via"]
    body = comment_body(account, new, via, account.now())
    entry = account.table("comments").add(body, account.now())
    account.metrics[new.ticket_id]["latest_comment_added_at"] = body["created_at"]
    account.log("create", "comments", entry.id, {"body"}, actor)
    return entry


def _measure(account: Account, ticket: Entry) -> None:
    metrics = account.metrics[ticket.id]
    if metrics["replies"] == 0:
        asked = instant(ticket.body["created_at"])
        metrics["reply_time_in_minutes"] = minutes(asked, account.now())
    metrics["replies"] += 1
