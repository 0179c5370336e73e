"""Incremental exports: users and tickets by cursor, organizations and ticket events by time.

Both leave out the last minute. The cursor exports follow Zendesk's own order of changes, so a
record whose ``updated_at`` is old still arrives when it was changed just now. The time-based ones
know nothing but a time: rows at the edge of a page come twice, and whatever is stamped below the
edge later is never seen again.

Source: Zendesk, "Using the Incremental Exports API" and "Incremental Exports" (read November 2026).
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from connectors.zendesk.emulator.account import Account
from connectors.zendesk.emulator.paging import decode, encode
from connectors.zendesk.emulator.refusals import invalid_attribute, invalid_value
from connectors.zendesk.emulator.tables import VISIBLE_AFTER_SECONDS, Entry, Place, instant
from connectors.zendesk.emulator.tickets import event_json, with_metrics
from connectors.zendesk.emulator.wire import Answer, Call

MAX_PER_PAGE = 1000


def export_users(account: Account, call: Call) -> Answer:
    """Users that changed, deleted ones among them with ``active: false``."""
    entries, body = _by_cursor(account, call, "users")
    if "identities" in call.includes():
        body["identities"] = account.directory.identities(entries)
    return Answer({"users": [account.shown("users", entry) for entry in entries], **body})


def export_tickets(account: Account, call: Call) -> Answer:
    """Tickets that changed, deleted ones with the status ``deleted``."""
    entries, body = _by_cursor(account, call, "tickets")
    return Answer({**with_metrics(account, call, entries), **body})


def export_organizations(account: Account, call: Call) -> Answer:
    """Organizations that changed; deleted ones are simply gone."""
    entries = [(_second(entry), entry) for entry in account.table("organizations").live()]
    page, body = _by_time(account, call, entries)
    rows = [account.shown("organizations", entry) for entry in page]
    return Answer({"organizations": rows, "count": len(rows), **body})


def export_ticket_events(account: Account, call: Call) -> Answer:
    """What happened to tickets; comments with their text if ``comment_events`` is included."""
    entries = [(entry.generated, entry) for entry in account.table("comments").live()]
    page, body = _by_time(account, call, entries)
    whole = "comment_events" in call.includes()
    rows = [event_json(account, entry, whole=whole) for entry in page]
    return Answer({"ticket_events": rows, "count": len(rows), **body})


# --- by cursor -------------------------------------------------------------------------------


def _by_cursor(account: Account, call: Call, kind: str) -> tuple[list[Entry], dict[str, object]]:
    size = _size(account, call)
    entries = account.table(kind).changed_after(_start(account, call, kind), account.now())
    if call.flag("exclude_deleted"):
        entries = [entry for entry in entries if not entry.deleted]
    page = entries[:size]
    cursor = encode(kind, page[-1].place) if page else call.query.get("cursor")
    url = None
    if cursor is not None:
        kept = {k: v for k, v in call.query.items() if k not in ("start_time", "cursor")}
        url = f"{call.url}?{urlencode(kept | {'cursor': cursor})}"
    return page, {
        "after_cursor": cursor,
        "after_url": url,
        "before_cursor": None,
        "before_url": None,
        "end_of_stream": len(page) == len(entries),
    }


def _start(account: Account, call: Call, kind: str) -> Place:
    cursor = call.query.get("cursor")
    if cursor is not None:
        generated, sequence = decode(kind, cursor)
        return (generated, sequence)
    return (_start_time(account, call) - 1, account.sequence.changes)


# --- by time ---------------------------------------------------------------------------------


def _by_time(
    account: Account, call: Call, entries: Sequence[tuple[int, Entry]]
) -> tuple[list[Entry], dict[str, object]]:
    """One page and where it ends; it grows past its size while rows share the last second."""
    start, size = _start_time(account, call), _size(account, call)
    last = int(account.now().timestamp()) - VISIBLE_AFTER_SECONDS
    due = sorted((e for e in entries if start <= e[0] <= last), key=lambda e: (e[0], str(e[1].id)))
    end = min(size, len(due))
    while 0 < end < len(due) and due[end][0] == due[end - 1][0]:
        end += 1
    end_time = due[end - 1][0] if end else None
    kept = {name: value for name, value in call.query.items() if name != "start_time"}
    url = f"{call.url}?{urlencode(kept | {'start_time': end_time})}" if end_time else None
    page = [entry for _, entry in due[:end]]
    return page, {"end_time": end_time, "next_page": url, "end_of_stream": end < size}


def _second(entry: Entry) -> int:
    return int(instant(entry.body["updated_at"]).timestamp())


def _start_time(account: Account, call: Call) -> int:
    start = call.number("start_time")
    if start is None:
        raise invalid_attribute("start_time", "an integer")
    if start > int(account.now().timestamp()) - VISIBLE_AFTER_SECONDS:
        told = "Too recent start_time. Use a start_time older than 60 seconds"
        raise invalid_value(told, 422)
    return start


def _size(account: Account, call: Call) -> int:
    size = call.number("per_page")
    size = account.export_page if size is None else size
    if not 1 <= size <= MAX_PER_PAGE:
        raise invalid_attribute("per_page", f"an integer from 1 to {MAX_PER_PAGE}")
    return min(size, account.export_page)
