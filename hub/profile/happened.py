"""The latest thing of a kind that happened to a customer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from hub.core.records import Feedback
from hub.profile.sources import Fact, Sources

R = TypeVar("R")


def latest(
    facts: Iterable[Fact], kind: type[R], fits: Callable[[R], bool]
) -> tuple[tuple[str, datetime], R] | None:
    """Source, instant and record of the latest fact of that kind that fits."""
    found = None
    for fact in facts:
        if isinstance(fact.record, kind) and fits(fact.record):
            found = ((fact.source, fact.at), fact.record)
    return found


def last_answer(sources: Sources, instrument: str) -> tuple[tuple[str, datetime], Feedback] | None:
    """The latest answer with a score to the questions of an instrument, such as ``nps``."""
    return latest(
        sources.facts, Feedback, lambda f: f.instrument == instrument and f.score is not None
    )
