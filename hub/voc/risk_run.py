"""The risk stage: the timelines of customers whose records moved are read, once for all who ask.

1. Whose: those who were marked; everybody when a new day has begun, since silence alone moves a
   risk, and when patterns, models or what the whole hub hears of are new.
2. What each timeline says is kept (:mod:`hub.voc.assessment`).
3. A risk that became high is kept as a rise, and ends when it is not any more. Its instant is when
   the hub saw it, so that no late record moves it; while a risk is unknown it neither rises nor
   ends.
4. Who moved is marked for the profile, and whose rise began or ended for the cases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from hub.core.boundary import reached
from hub.core.clock import to_micros
from hub.journeys import timeline
from hub.journeys.event import Event
from hub.metrics.day import today
from hub.store import assessments, dirty, rises
from hub.store.engine import Store
from hub.store.records import chunks
from hub.store.rises import Rise
from hub.store.schema import golden_records
from hub.text.sources import load_models
from hub.voc import assessment, rise
from hub.voc.assessment import Assessment
from hub.voc.own_past import own_tide
from hub.voc.own_scorer import Terms, own_scorer
from hub.voc.scoring import WEEK, Scorer

BATCH = timeline.AT_ONCE
"""Customers looked at in one transaction, from the timelines that are held for them."""


@dataclass(frozen=True, slots=True)
class RiskReport:
    """What the stage did: customers looked at, of whom something moved, and risks that rose."""

    looked_at: int
    changed: int
    rose: int


def run(store: Store, terms: Terms) -> RiskReport:
    """Read the timeline of everybody who was marked; returns what moved."""
    everybody = select(golden_records.c.golden_id)
    with store.read() as connection:
        now = today(connection, store.clock.now(), terms.zone)
        models = load_models(connection, terms.text)
    basis = (
        f"{assessment.VERSION} {now.date()} {terms.zone} {models.methods} {terms.text.competitors}"
        f" {terms.by.basis} {terms.horizon_days}"
    )
    dirty.mark_all_if_new(store, "risk", basis, everybody)
    with store.read() as connection:
        if not dirty.count(connection, "risk"):
            return RiskReport(0, 0, 0)  # before anything is read for nobody
        tide = own_tide(connection)
        scorer = own_scorer(connection, terms, now, tide)
    # What the hub hears of decides everybody's coverage, and the tide what they are held against.
    shared = f"{scorer.weigh((), now).unseen} {tide(now)} {tide(now - WEEK)}"
    dirty.mark_all_if_new(store, "risk", shared, everybody, what="shared")
    looked_at = changed = rose = 0
    while True:
        seq = dirty.sequence(store)
        with store.write() as connection:
            marks = dirty.waiting(connection, "risk", BATCH)
            if not marks:
                break
            read = _read(connection, [mark.key for mark in marks], now, scorer)
            moved = _keep(connection, read)
            dirty.mark(connection, "profile", moved, cause="risk", seq=seq)
            began, ended = _rises(connection, read, now, scorer, to_micros(store.clock.now()))
            dirty.mark(connection, "cases", {*began, *ended}, cause="risk", seq=seq)
            dirty.done(connection, "risk", marks)
        reached("risk committed")
        looked_at += len(marks)
        changed += len(moved)
        rose += len(began)
    return RiskReport(looked_at, changed, rose)


@dataclass(frozen=True, slots=True)
class _Read:
    """A customer's timeline, and what it says; None of who has left the hub."""

    events: Sequence[Event]
    says: Assessment | None


def _read(
    connection: Connection, golden_ids: Sequence[str], now: datetime, scorer: Scorer
) -> dict[str, _Read]:
    here: set[str] = set()
    for chunk in chunks(golden_ids):
        query = select(golden_records.c.golden_id).where(golden_records.c.golden_id.in_(chunk))
        here.update(connection.execute(query).scalars())
    told = timeline.load(connection, here)
    return {
        who: _Read(told[who], assessment.assessment(told[who], now, scorer))
        if who in here
        else _Read((), None)
        for who in golden_ids
    }


# 2 -------------------------------------------------------------------------------------------


def _keep(connection: Connection, read: Mapping[str, _Read]) -> set[str]:
    """Whose timeline says something else than before."""
    before = assessments.held(connection, list(read))
    bodies = {who: assessment.body(each.says) for who, each in read.items() if each.says}
    moved = {who: body for who, body in bodies.items() if body != before.get(who)}
    assessments.keep(connection, moved)
    gone = before.keys() - bodies.keys()
    assessments.forget(connection, gone)
    return moved.keys() | gone


# 3 -------------------------------------------------------------------------------------------


def _rises(
    connection: Connection,
    read: Mapping[str, _Read],
    now: datetime,
    scorer: Scorer,
    seen_at: int,
) -> tuple[set[str], set[str]]:
    """Whose risk became high, and whose is not any more."""
    standing = rises.standing(connection, list(read))
    bands = {who: each.says.standing.band for who, each in read.items() if each.says}
    began = {who for who, band in bands.items() if band == "high" and not standing[who]}
    ended = {
        who for who, band in bands.items() if band in ("low", "medium", "left") and standing[who]
    }
    anchors = rises.anchors(connection, began)
    rises.begin(
        connection,
        [_risen(anchors[who], read[who], now, scorer, seen_at) for who in sorted(began)],
    )
    rises.end(connection, [each for who in sorted(ended) for each in standing[who]], seen_at)
    return began, ended


def _risen(anchor: int, read: _Read, now: datetime, scorer: Scorer, seen_at: int) -> Rise:
    assert read.says is not None  # whose risk is high has a timeline
    risk = read.says.standing.risk
    since = to_micros(rise.high_since(read.events, now, scorer))
    return Rise(anchor, seen_at, min(since, seen_at), risk.points or 0, rise.reasons(risk))
