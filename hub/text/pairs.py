"""The business's own labelled texts: what customers wrote beside a score they gave.

The score is read on its own scale. Its position between the scale's ends decides: up to 0.4
negative, from 0.6 positive, neutral between; the answers of NPS go by its own groups, 0-6, 7-8,
9-10. A scale whose ends are not told, or whose direction is not (CES on anything but 1-7), labels
nothing.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from sqlalchemy import Connection, select

from hub.core.records import Feedback, decode
from hub.store.schema import facts, source_records
from hub.text.language import identify, read_as
from hub.text.sentiment import Label
from hub.text.tokens import is_word, tokenise
from hub.text.training import Pair

NEGATIVE_TO, POSITIVE_FROM = 0.4, 0.6
NPS_NEGATIVE_TO, NPS_POSITIVE_FROM = 0.6, 0.9
KINDS: Final = frozenset({"survey", "review"})
"""Feedback whose score is the writer's own; staff give scores of others."""


def own_pairs(connection: Connection, assumed: str) -> dict[str, list[Pair]]:
    """Labelled comments by language, ``unknown`` among them; nothing else of the feedback.

    Args:
        connection: To read from.
        assumed: Language of comments too short to tell.
    """
    query = (
        select(source_records.c.canonical)
        .join(facts, facts.c.rid == source_records.c.rid)
        .where(facts.c.entity == "feedback")
    )
    pairs: dict[str, list[Pair]] = defaultdict(list)
    for body in connection.execute(query).scalars():
        feedback = decode(body)
        if isinstance(feedback, Feedback):
            tokens = tokenise(feedback.comment or "")
            label = label_of_score(feedback)
            if label is not None and any(map(is_word, tokens)):
                language = read_as(tokens, identify(tokens), assumed)
                pairs[language].append(Pair(feedback.comment or "", label))
    return dict(pairs)


def label_of_score(feedback: Feedback) -> Label | None:
    """How the writer's own score labels what they wrote; None if it does not.

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 1, 1, tzinfo=UTC)
    >>> label_of_score(Feedback(at=at, instrument="rating", score=4, scale_min=1, scale_max=5))
    'positive'
    """
    score, low, high = feedback.score, feedback.scale_min, feedback.scale_max
    if score is None or low is None or high is None or not low <= score <= high or low >= high:
        return None
    if feedback.kind not in KINDS or (feedback.instrument == "ces" and (low, high) != (1, 7)):
        return None
    negative_to, positive_from = NEGATIVE_TO, POSITIVE_FROM
    if feedback.instrument == "nps":
        negative_to, positive_from = NPS_NEGATIVE_TO, NPS_POSITIVE_FROM
    position = (score - low) / (high - low)
    if position <= negative_to:
        return "negative"
    return "positive" if position >= positive_from else "neutral"
