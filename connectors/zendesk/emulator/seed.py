"""Fills an account with what the simulated world's Zendesk holds; plays the world's later edits.

The world is vendor-neutral; this module says how Zendesk would hold it. What Zendesk would never
have accepted (an address without a dot, a second user with the same e-mail) is left off, and so is
what it has no place for: of all surveys it knows CSAT about a ticket only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.zendesk.emulator.access import API_USER
from connectors.zendesk.emulator.account import GROUP_ID, OWNER_ID, Account
from connectors.zendesk.emulator.feedback import RATINGS, RESPONSES
from connectors.zendesk.emulator.organizations import blank_organization
from connectors.zendesk.emulator.people import blank_user
from connectors.zendesk.emulator.tables import VISIBLE_AFTER_SECONDS, Body, stamp
from connectors.zendesk.emulator.ulids import ulid

if TYPE_CHECKING:
    from hub.emulation.world import World
    from hub.emulation.world.model import Change, Presence, SurveyResponse, Ticket, TicketMessage

SYSTEM = "zendesk"
FIRST_AGENT = OWNER_ID + 1
FIRST_ORGANIZATION = 30_001
OPENED = timedelta(days=900)
"""How long before the world's end its help desk was opened."""

CUSTOM_FIELDS: tuple[tuple[str, str, str], ...] = (
    ("loyalty_number", "Loyalty number", "text"),
    ("date_of_birth", "Date of birth", "date"),
)
"""Key, title and type of what this business added to its users."""

_LOCALES = {"en": "en-AU", "fr": "fr", "de": "de", "es": "es"}
_PRIORITIES = {"low": "low", "medium": "normal", "high": "high", "urgent": "urgent"}
_CHANNELS = {"email": "email", "phone": "voice", "chat": "chat", "store": "web"}
_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s.,;<>()]+(\.[^@\s.,;<>()]+)+")


def open_account(account: Account, at: datetime) -> None:
    """Let in the owner, who is there from the first day."""
    _add_user(account, OWNER_ID, "Account Owner", at, email=API_USER, role="admin", verified=True)


def seed_from(world: World, account: Account) -> None:
    """Fill the account; records keep the world's ids and times, and nothing is logged as effect."""
    opened = world.end - OPENED
    for key, title, kind in CUSTOM_FIELDS:
        wanted = {"key": key, "title": title, "type": kind}
        account.fields["users"].add(wanted, account.sequence.id(), stamp(opened))
    agents = _hire(world, account, opened)
    employers = _add_organizations(world, account, opened)
    for presence in world.presences(SYSTEM):
        _add_presence(account, presence, employers)
    for ticket in world.of(SYSTEM, world.tickets):
        _add_ticket(account, ticket, agents)
    for answer in world.of(SYSTEM, world.surveys):
        about = account.table("tickets").find(int(answer.about)) if answer.about else None
        if answer.instrument == "CSAT" and about is not None:
            _add_feedback(account, answer, about.body)


def apply_changes(changes: Iterable[Change], account: Account) -> None:
    """Play later edits of Zendesk's own users, each an effect of a user at the account's time."""
    for change in changes:
        if change.system != SYSTEM:
            continue
        entry = account.record("users", int(change.local_id))
        if change.kind == "deleted_contact":
            account.people.delete(entry, "user")
        elif change.kind == "merged_contact":
            loser = account.record("users", int(change.merged_id))
            account.people.merge(loser, entry, "user")
        elif change.presence is not None:
            values = _profile(change.presence)
            if entry.body["email"]:
                values.pop("email", None)
            account.people.update(entry, values, "user")


# --- people ----------------------------------------------------------------------------------


def _hire(world: World, account: Account, at: datetime) -> dict[str, int]:
    """The agents of every ticket, by name."""
    tickets = world.of(SYSTEM, world.tickets)
    names = sorted({name for ticket in tickets for name in ticket.agents})
    for key, name in enumerate(names, FIRST_AGENT):
        email = f"{name.lower()}@support.example.com"
        _add_user(account, key, name, at, email=email, role="agent", verified=True)
    return {name: key for key, name in enumerate(names, FIRST_AGENT)}


def _add_organizations(world: World, account: Account, at: datetime) -> dict[str, int]:
    """Every organisation of the world; ids by mail domain, which Zendesk assigns users by."""
    table = account.table("organizations")
    employers = {}
    for key, known in enumerate(world.organisations, FIRST_ORGANIZATION):
        body = blank_organization(account, key) | {
            "name": known.name,
            "domain_names": [known.domain],
            "details": f"{known.address.city} {known.address.state}",
            "tags": [re.sub(r"\W+", "_", known.industry.lower())],
            "created_at": stamp(at),
            "updated_at": stamp(at),
        }
        table.add(body, at)
        employers[known.domain] = key
    return employers


def _add_presence(account: Account, presence: Presence, employers: Mapping[str, int]) -> None:
    values = _profile(presence)
    email = values.get("email", "")
    if account.people.by_email(email):
        del values["email"]
    own = values.pop("user_fields")
    kept, _ = account.fields["users"].accept(own)
    values["organization_id"] = employers.get(email.partition("@")[2])
    created, updated = presence.created_at, presence.updated_at
    body = blank_user(account, int(presence.local_id)) | values
    body |= {"user_fields": kept, "created_at": stamp(created), "updated_at": stamp(updated)}
    account.people.adopt(account.table("users").add(body, _settled(account, updated)))


def _profile(presence: Presence) -> dict[str, Any]:
    """What an agent enters about a person."""
    place = f"{presence.city} {presence.state} {presence.postcode}".strip()
    values: dict[str, Any] = {
        "name": f"{presence.given_name} {presence.family_name}".strip(),
        "phone": presence.phone or None,
        "locale": _LOCALES.get(presence.language, "en-US"),
        "details": ", ".join(part for part in (presence.street, place) if part) or None,
        "user_fields": {
            "loyalty_number": presence.loyalty_no or None,
            "date_of_birth": presence.born or None,
        },
    }
    email = presence.email.strip().lower()
    return values | ({"email": email} if _EMAIL.fullmatch(email) else {})


def _settled(account: Account, at: datetime) -> datetime:
    """When a record of the past was changed, by Zendesk's own books: exports show all of it."""
    return min(at, account.now() - timedelta(seconds=VISIBLE_AFTER_SECONDS))


def _add_user(account: Account, key: int, name: str, at: datetime, **values: object) -> None:
    times = {"created_at": stamp(at), "updated_at": stamp(at)}
    body = blank_user(account, key) | {"name": name, **times, **values}
    account.people.adopt(account.table("users").add(body, at))


# --- tickets ---------------------------------------------------------------------------------


def _add_ticket(account: Account, ticket: Ticket, agents: Mapping[str, int]) -> None:
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
    account.table("tickets").add(body, _settled(account, ticket.updated_at))
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
    account.table("comments").add(body, _settled(account, message.sent_at))


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


def _add_feedback(account: Account, answer: SurveyResponse, ticket: Body) -> None:
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
