"""What the customer said."""

from __future__ import annotations

from hub.core.records import Feedback
from hub.profile.figures import own_number
from hub.profile.happened import last_answer, latest
from hub.profile.leaf import Field, Group, field, no_data
from hub.profile.sources import Sources
from hub.profile.tone import LATEST, trend
from hub.store.cases import WAITING
from hub.text.reading import Models


def voice(sources: Sources, models: Models) -> Group:
    """Last answers, last words, and how the tone moved."""
    group: Group = {}
    for instrument in ("nps", "csat", "ces"):
        answer = last_answer(sources, instrument)
        if answer is None or own_number(sources, instrument) is None:
            group[instrument] = group[f"{instrument}_at"] = no_data()
            continue
        (source, at), feedback = answer
        group[instrument] = field(feedback.score, source, at, purpose="analytics")
        group[f"{instrument}_at"] = field(at.isoformat(), source, at, purpose="analytics")
    comment = latest(sources.facts, Feedback, lambda f: bool(f.comment))
    group["verbatim"] = (
        field(comment[1].comment, *comment[0], purpose="analytics") if comment else no_data()
    )
    group["sentiment_trend"] = _trend(sources, models)
    group["unanswered"] = _unanswered(sources)
    return group


def _trend(sources: Sources, models: Models) -> Field:
    moved = trend(sources.facts, models)
    if moved is None:
        return no_data(f"insufficient data: fewer than {2 * LATEST} texts that can be read")
    return field(round(moved.change, 2), moved.method, moved.at, purpose="analytics")


def _unanswered(sources: Sources) -> Field:
    """Answers that wait for a word, since the oldest of them."""
    if not sources.answers:
        return no_data()
    waiting = [each for each in sources.answers if each.case and each.case.state in WAITING]
    if not waiting:
        return field(0, "hub", None, purpose="analytics")
    oldest = waiting[0]
    return field(len(waiting), oldest.source, oldest.at, purpose="analytics")
