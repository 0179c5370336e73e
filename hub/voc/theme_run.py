"""The themes stage: what customers speak of, and which of it rises.

1. Everybody, if texts are read otherwise than before; else who was marked.
2. Their texts, read for themes; a text keeps its own, however late it came.
3. The newest weeks, each held against those before it (:mod:`hub.voc.theme_rise`).
4. The improvements brought to what the weeks say, each step with its audit leaf.

The weeks are counted anew from all texts, so that a late text, a merge or a text that its source
took back gives the same as if it had always been so. Weeks older than the look-back stay as found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final

import orjson
from sqlalchemy import Connection, select

from hub.audit import log
from hub.audit.log import AuditEvent
from hub.core.boundary import reached
from hub.core.clock import from_micros, to_micros
from hub.core.records import Feedback, Message, Ticket
from hub.core.settings import TextSection, ThemesSection
from hub.metrics.baseline import WINDOW
from hub.metrics.facts import facts_of
from hub.metrics.months import DAY
from hub.store import bulk, dirty, themes
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.schema import golden_records, meta
from hub.store.themes import ANYTHING, Step
from hub.text.reading import Models
from hub.text.sources import load_models
from hub.text.topics import VERSION, topics
from hub.text.words import is_answer, words_of
from hub.voc.case_steps import Doer
from hub.voc.theme_rise import Rise, rises
from hub.voc.theme_steps import reconcile
from hub.voc.theme_weeks import begins, weeks

BATCH: Final = 500
"""Customers whose texts are read in one transaction."""

_WEEK: Final = 7 * DAY
_SECOND: Final = 1_000_000
_LAST: Final = "themes.weighed"


@dataclass(frozen=True, slots=True)
class ThemesReport:
    """What the stage did.

    Args:
        looked_at: Customers whose texts were read.
        steps: Kind of step to how many.
    """

    looked_at: int
    steps: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Terms:
    """By which settings themes rise.

    Args:
        themes: When a rise counts.
        look_back: Seconds; weeks that began earlier are history.
        zone: On whose clocks a week begins.
    """

    themes: ThemesSection
    look_back: int
    zone: tzinfo


def run(store: Store, text: TextSection, terms: Terms, keys: Keys, *, actor: str) -> ThemesReport:
    """Bring themes and improvements up to date with the store; returns what happened.

    Args:
        store: The database.
        text: How texts are read.
        terms: When a rise counts.
        keys: Names the improvements.
        actor: Who asked, for the log.
    """
    with store.read() as connection:
        models = load_models(connection, text)
    basis = f"{VERSION} {models.methods} {orjson.dumps(dict(text.aspects)).decode()}"
    dirty.mark_all_if_new(store, "themes", basis, select(golden_records.c.golden_id))
    looked_at = _read_all(store, models)
    doer = Doer(actor, to_micros(store.clock.now()))
    weighed = f"{begins(doer.now, doer.now, terms.zone)[0]} {terms}"
    with store.write() as connection:
        if _last(connection) == weighed:
            return ThemesReport(0)
        themes.forget_lost(connection)
        taken = list(_weigh(connection, terms, keys, doer))
        keep(connection, taken)
        _weighed(connection, weighed)
    counts = Counter(step.kind for step in taken)
    return ThemesReport(looked_at, dict(sorted(counts.items())))


# 2 ---------------------------------------------------------------------------------------------


def _read_all(store: Store, models: Models) -> int:
    looked_at = 0
    while True:
        with store.write() as connection:
            marks = dirty.waiting(connection, "themes", BATCH)
            if not marks:
                return looked_at
            who = [mark.key for mark in marks]
            themes.note(connection, dict(_read(connection, who, models)))
            _weighed(connection, "")  # a run that is killed before it has weighed them, will
            dirty.done(connection, "themes", marks)
        reached("themes committed")
        looked_at += len(marks)


def _read(
    connection: Connection, golden_ids: Sequence[str], models: Models
) -> Iterable[tuple[int, frozenset[str]]]:
    for kind in (Ticket, Message, Feedback):
        for rid, _, _, record in facts_of(connection, kind, golden_ids):
            words = words_of(record)
            if words is not None:
                found = topics(words, models, answer=is_answer(record))
                yield rid, found | {ANYTHING}


# 3, 4 ------------------------------------------------------------------------------------------


def found(connection: Connection, terms: Terms, now: int) -> tuple[int, list[Rise]]:
    """Begin of the first week that is not history, and what rose from then on."""
    first = now - terms.look_back * _SECOND
    bounds = begins(first - WINDOW * _WEEK, now, terms.zone)
    given = terms.themes
    told = weeks(themes.mentions(connection, bounds[0], given.min_customers), bounds)
    since = begins(first, first, terms.zone)[0]
    return since, [
        rise
        for place, week in enumerate(told)
        if week.begin >= since
        for rise in rises(
            told, place, is_over=bounds[place + 1] <= now, min_customers=given.min_customers,
            false_alarms=given.false_alarms,
        )
    ]  # fmt: skip


def _weigh(connection: Connection, terms: Terms, keys: Keys, doer: Doer) -> Iterable[Step]:
    since, rose = found(connection, terms, doer.now)
    return reconcile(rose, themes.listed(connection), keys.case, doer, since)


def keep(connection: Connection, steps: Sequence[Step]) -> None:
    """Write steps of improvements with their audit leaves, in the caller's transaction."""
    themes.write(connection, steps)
    log.record_many(connection, [_leaf(step) for step in steps])


def _leaf(step: Step) -> AuditEvent:
    """The audit event of a step; theme, owner and message may name people, so they stay out."""
    held = step.improvement
    return AuditEvent(
        kind=f"improvement.{step.kind}",
        actor=step.actor,
        at=from_micros(step.at),
        what={"improvement": held.improvement_id, "week": held.week, "step": held.steps},
    )


def _weighed(connection: Connection, basis: str) -> None:
    bulk.upsert(connection, meta, ("key", "value"), [(_LAST, basis)], key=("key",))


def _last(connection: Connection) -> str | None:
    return connection.execute(select(meta.c.value).where(meta.c.key == _LAST)).scalar()
