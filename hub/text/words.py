"""The customer's own words in a record."""

from __future__ import annotations

from hub.core.records import Feedback, Message, Record, Ticket


def is_answer(record: Record) -> bool:
    """Whether the words are an answer or a review, as models of sentiment are trained on."""
    return isinstance(record, Feedback)


def words_of(record: Record) -> str | None:
    r"""What the customer wrote in ``record``; None where it holds nobody's words, or others' too.

    A transcript has two voices, a staff observation is the staff's, and a private message was
    never the customer's.

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 1, 1, tzinfo=UTC)
    >>> words_of(Ticket(at=at, subject="Late", body="Where is it?"))
    'Late\nWhere is it?'
    >>> words_of(Message(at=at, direction="out", text="We are sorry")) is None
    True
    """
    match record:
        case Ticket():
            parts = [record.subject, record.body]
        case Message(direction="in", public=True):
            parts = [record.text]
        case Feedback(kind="survey" | "review"):
            parts = [record.comment]
        case _:
            parts = []
    return "\n".join(part for part in parts if part) or None
