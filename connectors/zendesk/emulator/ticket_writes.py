"""Tickets that programs make and change, and the e-mail that Zendesk then sends.

The two standard triggers that write to customers are on: a new ticket with a public comment tells
its requester, and so does an agent's public comment. What they send is an effect of its own
(``emails``, with the id of who got it). Private comments and staff as requester send nothing.

A creation whose ``Idempotency-Key`` is known is answered as the first one was, and has no effect;
with other content it is refused. Zendesk remembers the keys of successful creations for two hours.

Source: Zendesk, "Tickets", "Ticketing introduction" (Idempotency) and "About the standard Support
triggers" (read November 2026). Unconfirmed: the codes inside ``details``, and that solving needs an
assignee also through the API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connectors.zendesk.emulator.account import OWNER_ID, Account, Kept
from connectors.zendesk.emulator.attributes import TICKET, typed
from connectors.zendesk.emulator.batches import attributes
from connectors.zendesk.emulator.help_desk import (
    NewComment,
    add_comment,
    blank_metrics,
    note_work,
    reply,
    ticket_body,
)
from connectors.zendesk.emulator.refusals import (
    Problem,
    idempotency_mismatch,
    invalid_attribute,
    record_invalid,
)
from connectors.zendesk.emulator.tables import Body, Entry, instant, stamp
from connectors.zendesk.emulator.tickets import KIND, ticket_json
from connectors.zendesk.emulator.wire import Answer, Call

KEYS_LIVE = timedelta(hours=2)

_STAFF = frozenset({"admin", "agent"})
_CHOICES: Mapping[str, frozenset[object]] = {
    "type": frozenset({"problem", "incident", "question", "task", None}),
    "status": frozenset({"new", "open", "pending", "hold", "solved"}),
    "priority": frozenset({"urgent", "high", "normal", "low", None}),
}
_LOOKUP = "x-idempotency-lookup"


def create_ticket(account: Account, call: Call) -> Answer:
    """The new ticket, or the answer that its idempotency key has had before."""
    key, content = call.headers.get("idempotency-key", ""), json.dumps(call.body, sort_keys=True)
    kept = account.idempotency.get(key)
    if kept is not None and account.now() - kept.at < KEYS_LIVE:
        if kept.content != content:
            raise idempotency_mismatch()
        return Answer(kept.body, 201, {_LOOKUP: "hit"})
    entry = _made(account, attributes(call.body, "ticket"))
    body = {"ticket": ticket_json(account, entry), "audit": _audit(account, entry.id)}
    if key:
        account.idempotency[key] = Kept(content, body, account.now())
    location = {"Location": f"/api/v2/tickets/{entry.id}.json"}
    return Answer(body, 201, location | ({_LOOKUP: "miss"} if key else {}))


def update_ticket(account: Account, call: Call) -> Answer:
    """The ticket with its new values, and the audit of the change."""
    entry = account.record(KIND, call.id("ticket_id"))
    wanted = attributes(call.body, "ticket")
    values = _accepted(account, wanted, entry.body)
    if entry.body["status"] == "closed":
        raise record_invalid([Problem("status", "Status: closed prevents ticket update")])
    comment = _comment(account, wanted, entry.id)
    changed = account.table(KIND).write(entry, values, account.now())
    if changed:
        account.log("update", KIND, entry.id, changed)
        note_work(account, entry, changed)
    if comment is not None:
        reply(account, comment, "api")
        _notify(account, entry, comment)
    return Answer({"ticket": ticket_json(account, entry), "audit": _audit(account, entry.id)})


def _made(account: Account, wanted: Mapping[str, Any]) -> Entry:
    values = {"requester_id": OWNER_ID} | _accepted(account, wanted, {})
    key, now = account.sequence.id(), account.now()
    comment = _comment(account, wanted, key)
    if comment is None:
        raise record_invalid([Problem("base", "Description: cannot be blank", "BlankValue")])
    subject = str(values.get("subject") or comment.text[:80])
    body = ticket_body(account, key, values["requester_id"], subject, comment.text, "api")
    body |= {**values, **account.stamps(), "submitter_id": OWNER_ID, "is_public": comment.public}
    entry = account.table(KIND).add(body, now)
    account.metrics[key] = blank_metrics(account, key, now)
    account.log("create", KIND, key, set(values))
    note_work(account, entry, set(values))
    add_comment(account, comment, "api")
    _notify(account, entry, comment)
    return entry


# --- what may be written ---------------------------------------------------------------------


def _accepted(account: Account, wanted: Mapping[str, Any], held: Body) -> Body:
    """The values as they are kept; nothing is changed.

    Raises:
        Refusal: 400 for a value of the wrong type, 422 with every rule that is broken.
    """
    values = typed(wanted, TICKET)
    problems = [*_bad_choices(values), *_bad_people(account, values)]
    whole = {**held, **values}
    if whole.get("status") == "solved" and whole.get("assignee_id") is None:
        problems.append(Problem("assignee_id", "Assignee: is required when solving", "BlankValue"))
    if problems:
        raise record_invalid(problems)
    if "due_at" in values:
        values["due_at"] = _due(values["due_at"]) if whole.get("type") == "task" else None
    if "subject" in values:
        values["raw_subject"] = values["subject"]
    return values


def _bad_choices(values: Body) -> list[Problem]:
    return [
        Problem(name, f"{name.title()}: is not included in the list", "InvalidValue")
        for name, allowed in _CHOICES.items()
        if name in values and values[name] not in allowed
    ]


def _bad_people(account: Account, values: Body) -> list[Problem]:
    users = account.table("users")
    found = []
    if "requester_id" in values and users.find(values["requester_id"]) is None:
        found.append(Problem("requester", "Requester: is not a user of this account", "NotFound"))
    assignee = values.get("assignee_id")
    agent = users.find(assignee) if assignee is not None else None
    if assignee is not None and (agent is None or agent.body["role"] not in _STAFF):
        found.append(Problem("assignee_id", "Assignee: is invalid", "InvalidValue"))
    return found


def _due(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return stamp(instant(text))
    except ValueError as error:
        raise invalid_attribute("due_at", "an ISO 8601 time") from error


def _comment(account: Account, wanted: Mapping[str, Any], ticket: int) -> NewComment | None:
    """What a request says in the ticket, or None; the author is whoever calls, unless named.

    Raises:
        Refusal: 400 for one that is no comment, 422 for one without text or of a stranger.
    """
    said = wanted.get("comment")
    if said is None:
        return None
    if not isinstance(said, dict) or not isinstance(said.get("public", True), bool):
        raise invalid_attribute("comment", "an object")
    text = said.get("body") or said.get("html_body")
    author = said.get("author_id", OWNER_ID)
    if not isinstance(text, str) or not text.strip():
        raise record_invalid([Problem("comment", "Comment: cannot be blank", "BlankValue")])
    if account.table("users").find(author) is None:
        raise record_invalid([Problem("comment", "Author: is invalid", "InvalidValue")])
    return NewComment(
        ticket_id=ticket, author_id=author, text=text, public=said.get("public", True)
    )


# --- what follows ----------------------------------------------------------------------------


def _notify(account: Account, ticket: Entry, comment: NewComment) -> None:
    """Let the standard triggers write to the requester."""
    requester = account.table("users").find(ticket.body["requester_id"])
    if comment.public and requester is not None and requester.body["role"] not in _STAFF:
        account.log("create", "emails", requester.id, set())


def _audit(account: Account, ticket: int) -> Body:
    """The last audit of a ticket, as far as it tells of comments."""
    comments = [e for e in account.table("comments").live() if e.body["ticket_id"] == ticket]
    last = max(comments, key=lambda entry: int(entry.id))
    event = {"id": last.id, "type": "Comment", "public": last.body["public"]}
    return {"id": last.body["audit_id"], "ticket_id": ticket, "events": [event]}
