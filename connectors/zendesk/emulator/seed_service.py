"""Tickets, comments, metrics and CSAT as Zendesk would hold what the simulated world knows of them.

Of all surveys it has a place for one kind only: CSAT about a ticket.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from connectors.zendesk.emulator.account import GROUP_ID, Account
from connectors.zendesk.emulator.feedback import RATINGS, RESPONSES
from connectors.zendesk.emulator.help_desk import (
    NewComment,
    blank_metrics,
    comment_body,
    minutes,
    ticket_body,
)
from connectors.zendesk.emulator.tables import VISIBLE_AFTER_SECONDS, Body, stamp
from connectors.zendesk.emulator.ulids import ulid

if TYPE_CHECKING:
    from hub.emulation.world.model import SurveyResponse, Ticket

_PRIORITIES = {"low": "low", "medium": "normal", "high": "high", "urgent": "urgent"}
_CHANNELS = {"email": "email", "phone": "voice", "chat": "chat", "store": "web"}


def settled(account: Account, at: datetime) -> datetime:
    """When a record of the past was changed, by Zendesk's own books: exports show all of it."""
    return min(at, account.now() - timedelta(seconds=VISIBLE_AFTER_SECONDS))


def add_ticket(account: Account, ticket: Ticket, agents: Mapping[str, int]) -> None:
    """Add a ticket with its comments and metrics; ``agents`` are ids by name."""
    key, requester = int(ticket.ticket_id), int(ticket.local_id)
    text, channel = ticket.messages[0].text, _CHANNELS[ticket.channel]
    user = account.table("users").find(requester)
    body = ticket_body(account, key, requester, ticket.subject, text, channel) | {
        "created_at": stamp(ticket.created_at),
        "updated_at": stamp(ticket.updated_at),
        "priority": _PRIORITIES[ticket.priority],
        "organization_id": user.body["organization_id"] if user else None,
        "tags": [ticket.topic],
    }
    if ticket.agents:
        assignee = agents[ticket.agents[-1]]
        body |= {"status": ticket.status, "assignee_id": assignee, "group_id": GROUP_ID}
    account.table("tickets").add(body, settled(account, ticket.updated_at))
    account.metrics[key] = _metrics(account, ticket)
    for message in ticket.messages:
        author = agents.get(message.author, requester)
        said = NewComment(ticket_id=key, author_id=author, text=message.text)
        comment = comment_body(account, said, body["via"], message.sent_at)
        account.table("comments").add(comment, settled(account, message.sent_at))


def _metrics(account: Account, ticket: Ticket) -> Body:
    replies = [stamp(said.sent_at) for said in ticket.messages if said.author != "customer"]
    solved = minutes(ticket.created_at, ticket.solved_at)
    return blank_metrics(account, int(ticket.ticket_id), ticket.created_at) | {
        "updated_at": stamp(ticket.updated_at),
        "group_stations": 1 if ticket.agents else 0,
        "assignee_stations": len(ticket.agents),
        "reopens": ticket.reopens,
        "replies": len(replies),
        "assignee_updated_at": replies[-1] if replies else None,
        "status_updated_at": stamp(ticket.updated_at),
        "initially_assigned_at": replies[0] if replies else None,
        "assigned_at": replies[-1] if replies else None,
        "solved_at": stamp(ticket.solved_at) if ticket.solved_at else None,
        "latest_comment_added_at": stamp(ticket.messages[-1].sent_at),
        "reply_time_in_minutes": minutes(ticket.created_at, ticket.first_reply_at),
        "first_resolution_time_in_minutes": solved,
        "full_resolution_time_in_minutes": solved,
        "requester_wait_time_in_minutes": solved,
    }


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
