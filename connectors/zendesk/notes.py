"""Tells agents something at a ticket: an internal comment, which the customer never sees.

1. Comments have no key of their own, so the last line of a note names the hub's. Comments cannot be
   edited: a line that is there stays there.
2. The ticket's comments are read before one is added: a note that stands is left as it is, also
   where its text would be another one by now.
3. A comment is never sent twice blindly. If the answer to it gets lost, the result is ambiguous,
   and the comments tell the next time.

Comments with that line are the hub's own, and are not read back as messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from connectors.zendesk.api import BATCH, Api
from connectors.zendesk.client import NotOffered, reason
from connectors.zendesk.rows import KEY, objects
from hub.core.connector import Context, Creator, Note, Row, RowResult
from hub.core.errors import OutcomeUnknown
from hub.core.pages import dig
from hub.core.released import Released

_MARK = re.compile(r"\(cxhub:([a-z0-9-]{1,64})\)\s*$")


def write(ctx: Context, batch: Sequence[Released[Note]]) -> list[RowResult]:
    """What became of each note."""
    return [_written(Api.of(ctx), released.value) for released in batch]


def find(ctx: Context, notes: Sequence[Note]) -> Mapping[str, str]:
    """Ids of the comments that stand, by key."""
    api, found = Api.of(ctx), dict[str, str]()
    for ticket in dict.fromkeys(note.native_id for note in notes):
        try:
            found |= _standing(api, ticket)
        except NotOffered:
            continue  # a ticket that is gone took its comments along
    return {note.key: found[note.key] for note in notes if note.key in found}


def key_of(comment: Row) -> str | None:
    """1. The hub's key of a comment that it wrote itself, or None.

    >>> key_of({"body": "Ada has called before. (cxhub:card-1)"}), key_of({"body": "Hello"})
    ('card-1', None)
    """
    found = _MARK.search(str(comment.get("plain_body") or comment.get("body") or ""))
    return found[1] if found else None


def _standing(api: Api, ticket: str) -> dict[str, str]:
    """Ids of a ticket's notes by key."""
    if not ticket.isdecimal():
        raise NotOffered("no ticket id")
    return {key: str(row[KEY]) for row in api.comments(ticket) if (key := key_of(row))}


def _written(api: Api, note: Note) -> RowResult:
    try:
        standing = _standing(api, note.native_id)  # 2
    except NotOffered as err:
        return RowResult(note.key, ok=False, error=str(err))
    if note.key in standing:
        return RowResult(note.key, ok=True, reference=standing[note.key])
    comment = {"body": f"{note.body}\n\n(cxhub:{note.key})", "public": False}
    try:  # 3
        answer = api.update_ticket(note.native_id, {"comment": comment}, idempotent=False)
    except OutcomeUnknown as err:
        return RowResult(note.key, ok=False, error=str(err), ambiguous=True)
    if answer.status >= HTTPStatus.BAD_REQUEST:
        return RowResult(note.key, ok=False, error=reason(answer.json))
    made = [e for e in objects(dig(answer.json, "audit.events")) if e.get("type") == "Comment"]
    return RowResult(note.key, ok=True, reference=str(made[0].get(KEY)) if made else "")


NOTES: Creator[Note] = Creator(stream="tickets", batch=BATCH, write=write, find=find)
"""Notes at a ticket."""
