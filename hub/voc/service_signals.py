"""Signals of service and voice: what went unsolved, had to be said twice, or was said badly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from statistics import fmean
from typing import Final

from hub.core.records import Feedback
from hub.journeys import kinds
from hub.journeys.event import Event
from hub.journeys.score import survey_score
from hub.journeys.threads import Thread
from hub.text.emotions import Feeling
from hub.text.reading import emotions_of, sentiment_of
from hub.text.tokens import tokenise
from hub.text.words import is_answer, words_of
from hub.voc.past import OUTBOUND, Past
from hub.voc.signal import MONTH, QUARTER, Finding, Signal

_PATIENCE: Final = 3.0
"""Days that an issue may take before it counts."""
_LONG: Final = 14.0
"""Days from which it counts in full."""
_AGAIN: Final = timedelta(days=7)
_WRITTEN: Final = kinds.FEEDBACK | {kinds.TICKET_OPENED, kinds.MESSAGE_IN}
_UNASKED = frozenset({kinds.TICKET_OPENED, kinds.MESSAGE_IN})
_DISPLEASED: Final[frozenset[Feeling]] = frozenset({"angry", "disappointed", "frustrated"})
_LATEST, _MOST = 3, 12
"""Texts that tone is read from: the latest, and at most so many in all."""


def open_issue(past: Past) -> Sequence[Finding]:
    """A ticket that waits; more with every day up to two weeks, and less once nobody stirs."""
    return [
        Finding(
            issue.events[-1].at,
            f"{issue.subject} is unresolved after {past.age(issue.opening.at):.0f} days",
            issue.events,
            min(1.0, past.age(issue.opening.at) / _LONG),
        )
        for issue in past.issues
        if issue.unresolved and past.age(issue.opening.at) >= _PATIENCE
    ]


def repeat_contact(past: Past) -> Sequence[Finding]:
    """The customer turned to somebody twice within a week about one issue, unasked, unsolved."""
    found = []
    for thread in past.threads:
        unasked = _unasked(thread)
        again = [pair for pair in pairwise(unasked) if pair[1].at - pair[0].at <= _AGAIN]
        if again and not _is_settled(thread, again[-1][1]):
            about = thread.topic or "one issue"
            text = f"{len(unasked)} contacts about {about}, two of them within 7 days"
            found.append(Finding(again[-1][1].at, text, tuple(unasked)))
    return found


def _is_settled(thread: Thread, contact: Event) -> bool:
    """Whether it was solved after that contact: then it was effort, and is no grievance."""
    return any(e.kind == kinds.TICKET_SOLVED and e.at >= contact.at for e in thread.events)


def _unasked(thread: Thread) -> list[Event]:
    """Contacts that do not answer what the business wrote just before."""
    before: list[Event | None] = [None, *thread.events]
    return [
        event
        for last, event in zip(before, thread.events, strict=False)
        if event.kind in kinds.CONTACTS and not (last and last.kind == kinds.MESSAGE_OUT)
    ]


def reopened(past: Past) -> Sequence[Finding]:
    """A ticket that was opened again."""
    return [
        Finding(issue.events[-1].at, f"{issue.subject} was opened again", issue.events)
        for issue in past.issues
        if issue.reopened
    ]


def low_score(past: Past) -> Sequence[Finding]:
    """A detractor, or a score in the lowest quarter, whom nobody has spoken to since."""
    latest = max((event.at for event in past.of(OUTBOUND)), default=None)
    return [
        Finding(event.at, f"a low {_instrument(event)} score, and nobody has answered", (event,))
        for event in past.of(kinds.FEEDBACK, days=60)
        if _is_low(event) and (latest is None or latest < event.at)
    ]


def complaint(past: Past) -> Sequence[Finding]:
    """The customer wrote, unasked, of being angry, disappointed or frustrated, and is not won back.

    Only a good score later on ends it: that somebody answered, or called it solved, is not their
    word. A survey is asked for, and has its score.

    Source: ISO 10002 (a complaint is an expression of dissatisfaction made to an organisation).
    """
    pleased = max((e.at for e in past.of(kinds.FEEDBACK) if _is_high(e)), default=None)
    return [
        Finding(event.at, f"wrote of being {feelings[0]}", (event,))
        for event in past.of(_UNASKED, days=QUARTER)
        if (feelings := _displeased(past, event)) and (pleased is None or pleased < event.at)
    ]


def _displeased(past: Past, event: Event) -> list[Feeling]:
    named = emotions_of(words_of(event.record) or "", past.reading.models)
    return [each.feeling for each in named if each.feeling in _DISPLEASED]


def negative_tone(past: Past) -> Sequence[Finding]:
    """The latest three texts sound worse than those before; much worse counts double."""
    written = [e for e in past.of(_WRITTEN) if words_of(e.record) is not None][-_MOST:]
    if len(written) < 2 * _LATEST:
        return []  # as for nearly everybody: nothing is read in vain
    felt = [(e, _polarity(past, e)) for e in written]
    read = [(e, polarity) for e, polarity in felt if polarity is not None]
    if len(read) < 2 * _LATEST:
        return []
    latest = read[-_LATEST:]
    change = fmean(p for _, p in latest) - fmean(p for _, p in read[:-_LATEST])
    if change > -0.3:
        return []
    text = f"the latest {_LATEST} texts sound worse than those before ({change:+.1f})"
    share = 1.0 if change <= -0.6 else 0.5
    return [Finding(latest[-1][0].at, text, tuple(e for e, _ in latest), share)]


def competitor_named(past: Past) -> Sequence[Finding]:
    """The customer wrote of a competitor."""
    found = []
    for event in past.of(_WRITTEN, days=QUARTER):
        tokens = tokenise(words_of(event.record) or "")
        names = {match.value for match in past.reading.competitors.find(tokens)}
        if names:
            found.append(Finding(event.at, f"wrote of {', '.join(sorted(names))}", (event,)))
    return found


def promoter(past: Past) -> Sequence[Finding]:
    """The latest answer within a quarter would recommend, or is in the top quarter."""
    scored = [e for e in past.of(kinds.FEEDBACK, days=QUARTER) if survey_score(e) is not None]
    if not scored or not _is_high(scored[-1]):
        return []
    text = f"a high {_instrument(scored[-1])} score"
    return [Finding(scored[-1].at, text, (scored[-1],))]


def recovered(past: Past) -> Sequence[Finding]:
    """A ticket that was solved, and rated well after that."""
    found = []
    for issue in past.issues:
        solved = [e for e in issue.events if e.kind == kinds.TICKET_SOLVED]
        rated = [e for e in issue.events if e.kind in kinds.FEEDBACK and _is_high(e)]
        if solved and not issue.unresolved and rated and rated[-1].at >= solved[-1].at:
            text = f"{issue.subject} was solved, and rated well"
            found.append(Finding(rated[-1].at, text, (solved[-1], rated[-1])))
    return found


def _instrument(event: Event) -> str:
    return event.record.instrument.upper() if isinstance(event.record, Feedback) else event.kind


def _is_low(event: Event) -> bool:
    score, is_nps = survey_score(event), _is_nps(event)
    return score is not None and (score <= 0.2 if is_nps else score <= -0.5)


def _is_high(event: Event) -> bool:
    score, is_nps = survey_score(event), _is_nps(event)
    return score is not None and (score >= 0.8 if is_nps else score >= 0.5)


def _is_nps(event: Event) -> bool:
    """NPS asks on 0-10 and calls 0-6 detractors and 9-10 promoters: 0.2 and 0.8 of -1 to 1."""
    record = event.record
    return isinstance(record, Feedback) and record.instrument == "nps" and record.scale_max == 10


def _polarity(past: Past, event: Event) -> float | None:
    words = words_of(event.record) or ""
    models, answer = past.reading.models, is_answer(event.record)
    return sentiment_of(words, models, answer=answer).polarity


_TICKETS = frozenset({kinds.TICKET_OPENED})
_CONTACTS = frozenset(kinds.CONTACTS)
_FEEDBACK = frozenset(kinds.FEEDBACK)
_TEXTS = frozenset(_WRITTEN)

SIGNALS: Final = (
    Signal("open-issue", 10, 10, MONTH, (_TICKETS,), open_issue),
    Signal("repeat-contact", 10, 10, MONTH, (_CONTACTS,), repeat_contact),
    Signal("reopened", 5, 5, MONTH, (_TICKETS,), reopened),
    Signal("low-score", 15, 15, 30, (_FEEDBACK,), low_score),
    Signal("complaint", 15, 15, MONTH, (_UNASKED,), complaint),
    Signal("negative-tone", 10, 10, MONTH, (_TEXTS,), negative_tone),
    Signal("competitor-named", 5, 5, 60, (_TEXTS,), competitor_named),
    Signal("promoter", -10, -10, 60, (_FEEDBACK,), promoter),
    Signal("recovered", -5, -5, 60, (_TICKETS, _FEEDBACK), recovered),
)
