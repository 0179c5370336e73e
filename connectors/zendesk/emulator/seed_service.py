"""Tickets, comments, metrics and CSAT as Zendesk would hold what the simulated world knows of them.

Of all surveys it has a place for one kind only: CSAT about a ticket.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.zendesk.emulator.account import GROUP_ID, Account
from connectors.zendesk.emulator.feedback import RATINGS, RESPONSES
from connectors.zendesk.emulator.tables import VISIBLE_AFTER_SECONDS, Body, stamp
from connectors.zendesk.emulator.ulids import ulid

if TYPE_CHECKING:
    from hub.emulation.world.model import SurveyResponse, Ticket, TicketMessage

_PRIORITIES = {"low": "low", "medium": "normal", "high": "high", "urgent": "urgent"}
_CHANNELS = {"email": "email", "phone": "voice", "chat": "chat", "store": "web"}


def settled(account: Account, at: datetime) -> datetime:
    """When a record of the past was changed, by Zendesk's own books: exports show all of it."""
    return min(at, account.now() - timedelta(seconds=VISIBLE_AFTER_SECONDS))


def add_ticket(account: Account, ticket: Ticket, agents: Mapping[str, int]) -> None:
    """Add a ticket with its comments and metrics; ``agents`` are ids by name."""
    key, requester = int(ticket.ticket_id), int(ticket.local_id)
    via = {"channel": _CHANNELS[ticket.channel], "source": {"from": {}, "to": {}, "rel": None}}
    assignee = agents[ticket.agents[-1]] if ticket.agents else None
    user = account.table("users").find(requester)
    body: Body = {
        "url": account.url("tickets", key),
        "id": key,
        "external_id": None,
        "via": via,
        "created_at": stamp(ticket.created_at),
        "updated_at": stamp(ticket.updated_at),
        "type": "question",
        "subject": ticket.subject,
        "raw_subject": ticket.subject,
        "description": ticket.messages[0].text,
        "priority": _PRIORITIES[ticket.priority],
        "status": ticket.status if ticket.agents else "new",
        "recipient": None,
        "requester_id": requester,
        "submitter_id": requester,
        "assignee_id": assignee,
        "organization_id": user.body["organization_id"] if user else None,
        "group_id": GROUP_ID if assignee else None,
        "collaborator_ids": [],
        "follower_ids": [],
        "problem_id": None,
        "has_incidents": False,
        "is_public": True,
        "due_at": None,
        "tags": [ticket.topic],
        "custom_fields": [],
        "satisfaction_rating": {"score": "unoffered"},
        "sharing_agreement_ids": [],
        "allow_channelback": False,
        "from_messaging_channel": False,
    }
    account.table("tickets").add(body, settled(account, ticket.updated_at))
    account.metrics[key] = _metrics(account, ticket)
    for message in ticket.messages:
        _add_comment(account, key, message, agents.get(message.author, requester), via)


def _add_comment(
    account: Account, ticket: int, message: TicketMessage, author: int, via: Mapping[str, Any]
) -> None:
    body = {
        "id": account.sequence.id(),
        "type": "Comment",
        "author_id": author,
        "body": message.text,
        "html_body": f'<div class="zd-comment">{message.text}</div>',
        "plain_body": message.text,
        "public": True,
        "attachments": [],
        "audit_id": account.sequence.id(),
        "via": dict(via),
        "created_at": stamp(message.sent_at),
        "metadata": {"system": {}, "custom": {}},
        "ticket_id": ticket,
    }
    account.table("comments").add(body, settled(account, message.sent_at))


def _metrics(account: Account, ticket: Ticket) -> Body:
    replies = [message for message in ticket.messages if message.author != "customer"]
    solved = _minutes(ticket.created_at, ticket.solved_at)
    key = account.sequence.id()
    return {
        "url": account.url("ticket_metrics", key),
        "id": key,
        "ticket_id": int(ticket.ticket_id),
        "created_at": stamp(ticket.created_at),
        "updated_at": stamp(ticket.updated_at),
        "group_stations": 1 if ticket.agents else 0,
        "assignee_stations": len(ticket.agents),
        "reopens": ticket.reopens,
        "replies": len(replies),
        "assignee_updated_at": stamp(replies[-1].sent_at) if replies else None,
        "requester_updated_at": stamp(ticket.messages[0].sent_at),
        "status_updated_at": stamp(ticket.updated_at),
        "initially_assigned_at": stamp(replies[0].sent_at) if replies else None,
        "assigned_at": stamp(replies[-1].sent_at) if replies else None,
        "solved_at": stamp(ticket.solved_at) if ticket.solved_at else None,
        "latest_comment_added_at": stamp(ticket.messages[-1].sent_at),
        "reply_time_in_minutes": _minutes(ticket.created_at, ticket.first_reply_at),
        "first_resolution_time_in_minutes": solved,
        "full_resolution_time_in_minutes": solved,
        "agent_wait_time_in_minutes": _minutes(ticket.created_at, None),
        "requester_wait_time_in_minutes": solved,
        "on_hold_time_in_minutes": {"calendar": 0, "business": 0},
    }


def _minutes(start: datetime, end: datetime | None) -> dict[str, int | None]:
    """Minutes between two moments; this help desk never closes, so business hours are all."""
    passed = None if end is None else int((end - start).total_seconds()) // 60
    return {"calendar": passed, "business": passed}


# --- feedback --------------------------------------------------------------------------------


def add_feedback(account: Account, answer: SurveyResponse, ticket: Body) -> None:
    """Add an answer about a ticket, in the form that the account has."""
    if account.feedback == "legacy":
        rating = _rating(account, answer, ticket)
        account.table(RATINGS).add(rating, answer.answered_at)
        shown = {name: rating[name] for name in ("id", "score", "comment")}
        ticket["satisfaction_rating"] = shown
    else:
        account.table(RESPONSES).add(_response(answer), answer.answered_at)


def _rating(account: Account, answer: SurveyResponse, ticket: Body) -> Body:
    key = int(answer.response_id)
    return {
        "url": account.url(RATINGS, key),
        "id": key,
        "assignee_id": ticket["assignee_id"],
        "group_id": ticket["group_id"],
        "requester_id": int(answer.local_id),
        "ticket_id": ticket["id"],
        "score": _category(answer),
        "comment": answer.comment or None,
        "reason": None,
        "reason_id": None,
        "created_at": stamp(answer.asked_at),
        "updated_at": stamp(answer.answered_at),
    }


def _response(answer: SurveyResponse) -> Body:
    at = answer.answered_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    times = {"created_at": at, "updated_at": at}
    scale = {
        "type": "rating_scale",
        "rating": answer.score,
        "rating_category": _category(answer),
        "question": {
            "id": "01J58KJ9RAE0D2EK7HRVM7RATE",
            "type": "rating_scale_numeric",
            "sub_type": "customer_satisfaction",
        },
        **times,
    }
    question = {"id": "01J58KJ9RAE0D2EK7HRVM7PENS", "type": "open_ended"}
    said: Body = {"type": "skipped"}
    if answer.comment:
        said = {"type": "open_ended", "value": answer.comment}
    zrn = f"zen:ticket:{answer.about}"
    return {
        "id": ulid(answer.asked_at, int(answer.response_id)),
        "responder_id": int(answer.local_id),
        "subject_zrns": [zrn],
        "subjects": [{"id": answer.about, "type": "ticket", "zrn": zrn}],
        "survey": {"id": "01J58KJ9RAE0D2EK7HRVM7CSAT", "version": 1, "state": "enabled"},
        "answers": [scale, {**said, "question": question, **times}],
        "expires_at": stamp(answer.answered_at + timedelta(days=28)),
    }


def _category(answer: SurveyResponse) -> str:
    """Zendesk's two groups: the upper two points of five are good."""
    share = (answer.score - answer.scale_min) / (answer.scale_max - answer.scale_min)
    return "good" if share >= 0.75 else "bad"
