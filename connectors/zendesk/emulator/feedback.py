"""Endpoints of CSAT: ratings on accounts of old, survey responses on new ones; never both.

Source: Zendesk, "Satisfaction Ratings" and "CSAT Survey Responses" (read November 2026).
Unconfirmed: that both are filtered by when they were offered, however late the answer, and that the
kind that an account lacks is answered by 403 (ratings) and 404 (survey responses).
"""

from __future__ import annotations

from functools import partial

from connectors.zendesk.emulator.account import Account
from connectors.zendesk.emulator.paging import by_cursor, paged
from connectors.zendesk.emulator.refusals import forbidden, invalid_attribute, no_endpoint
from connectors.zendesk.emulator.tables import Entry, instant
from connectors.zendesk.emulator.ulids import millis_of
from connectors.zendesk.emulator.wire import Answer, Call

RATINGS, RESPONSES = "satisfaction_ratings", "survey_responses"
_PLAIN = frozenset({"offered", "unoffered", "good", "bad"})
_RECEIVED = frozenset({"good", "bad"})
_SCORES = _PLAIN | {
    f"{score}{suffix}"
    for score in ("received", "good", "bad")
    for suffix in ("", "_with_comment", "_without_comment")
}


def list_ratings(account: Account, call: Call) -> Answer:
    """The ratings of a time and a score, oldest first."""
    if account.feedback != "legacy":
        raise forbidden()
    start, end = call.number("start_time"), call.number("end_time")
    score = call.query.get("score", "")
    if score and score not in _SCORES:
        raise invalid_attribute("score", "a known score")
    entries = [
        entry
        for entry in account.table(RATINGS).live()
        if _within(_second(entry), start, end) and (not score or _scores(entry, score))
    ]
    return paged(call, RATINGS, entries, partial(account.shown, RATINGS))


def list_responses(account: Account, call: Call) -> Answer:
    """The survey responses of a time (milliseconds), a ticket or a person, oldest first."""
    if account.feedback != "surveys":
        raise no_endpoint()
    start = call.number("filter[created_at_start]")
    end = call.number("filter[created_at_end]")
    subjects, people = call.listed("filter[subject_zrns]"), call.listed("filter[responder_ids]")
    entries = [
        entry
        for entry in account.table(RESPONSES).live()
        if _within(millis_of(entry.id), start, end)
        and (not subjects or set(subjects) & set(entry.body["subject_zrns"]))
        and (not people or str(entry.body["responder_id"]) in people)
    ]
    return by_cursor(call, RESPONSES, entries, partial(account.shown, RESPONSES))


def _within(at: int, start: int | None, end: int | None) -> bool:
    return (start is None or at >= start) and (end is None or at <= end)


def _scores(entry: Entry, wanted: str) -> bool:
    base, _, suffix = wanted.partition("_")
    held = entry.body["score"]
    if held not in (_RECEIVED if base == "received" else {base}):
        return False
    has_comment = bool(entry.body.get("comment"))
    return {"": True, "with_comment": has_comment, "without_comment": not has_comment}[suffix]


def _second(entry: Entry) -> int:
    return int(instant(entry.body["created_at"]).timestamp())
