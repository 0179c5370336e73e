"""The numbers of the loop: who was told, in time, what came of it, and what is still owed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from sqlalchemy import Connection, select

from hub.audit import log
from hub.core.clock import to_micros
from hub.core.ids import IdSource
from hub.core.records import Feedback
from hub.core.settings import LoopSection, MetricsSection
from hub.metrics.definition import LOOP
from hub.metrics.facts import facts_of
from hub.metrics.interval import Estimate, wilson
from hub.metrics.run import snapshot_event
from hub.metrics.snapshot import Measured, keep
from hub.store import cases
from hub.store.cases import WAITING, Case, State
from hub.store.engine import Store
from hub.store.records import chunks
from hub.store.schema import cluster_members, order_entries
from hub.voc.case_trigger import asks

_DAY: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What came of a word.

    Args:
        better: Whether the next answer to the same question asks for no reply; None without one.
        bought: Whether they bought within the window; None if they never had, or it is open.
    """

    better: bool | None
    bought: bool | None


def measure(
    store: Store, loop: LoopSection, metrics: MetricsSection, *, ids: IdSource, actor: str
) -> int:
    """Bring the numbers of the loop up to date; returns how many snapshots are new."""
    now = to_micros(store.clock.now())
    with store.write() as connection:
        held = [case for _, case in cases.customers(connection)]
        measured = [
            *rates(held, now, metrics.confidence),
            *recovery(_aftermaths(connection, loop.recovery_window, now), metrics.confidence),
            *debt(cases.answered_at(connection), now),
        ]
        fresh = keep(connection, measured, min_n=metrics.min_n, ids=ids, now=now, among=LOOP)
        if fresh:
            log.record(connection, snapshot_event(measured, fresh, actor, now))
    return fresh


def rates(held: Iterable[Case], now: int, confidence: float) -> Iterator[Measured]:
    """The closed-loop rate and its share on time, per rule."""
    by_rule: dict[str, list[Case]] = defaultdict(list)
    for case in held:
        by_rule[case.rule].append(case)
    for rule, found in sorted(by_rule.items()):
        standing = [case for case in found if case.state != "suppressed"]
        pending = [case for case in standing if case.state in WAITING and case.due_at >= now]
        set_aside = Counter(case.reason for case in found if case.state == "suppressed")
        detail = {
            **_states(standing),
            "within_their_time": len(pending),
            **{f"not_counted_{why}": number for why, number in sorted(set_aside.items())},
        }
        told = [case for case in standing if case.informed_at is not None]
        due = [case for case in standing if case.due_at < now]  # else the quick would count alone
        in_time = [case for case in due if (case.informed_at or now) <= case.due_at]
        period = (min(case.at for case in found), max(case.at for case in found))
        yield Measured(
            "closed_loop", rule, _share(len(told), len(standing), confidence), period,
            "provisional" if pending else "ok", detail,
        )  # fmt: skip
        on_time = _share(len(in_time), len(due), confidence)
        yield Measured("closed_loop_on_time", rule, on_time, period, detail=detail)


def _states(standing: Sequence[Case]) -> dict[str, int]:
    counts = Counter(case.state for case in standing)
    declined = sum(case.reason == "declined" for case in standing)
    return {**dict(sorted(counts.items())), "declined": declined}


def _share(hits: int, n: int, confidence: float) -> Estimate | None:
    return wilson(hits, n, confidence) if n else None


def recovery(aftermaths: Sequence[Aftermath], confidence: float) -> Iterator[Measured]:
    """Later scores, and later purchases, of those who were told."""
    better = [each.better for each in aftermaths if each.better is not None]
    bought = [each.bought for each in aftermaths if each.bought is not None]
    for series, found in (("score", better), ("purchase", bought)):
        if found:
            share = wilson(sum(found), len(found), confidence)
            yield Measured("recovery", series, share, detail={"told": len(aftermaths)})


def debt(answers: Sequence[tuple[State, int]], now: int) -> Iterator[Measured]:
    """How many answers wait for a word, and for how long."""
    if answers:
        ages = [(now - at) // _DAY for state, at in answers if state in WAITING]
        detail = {"median_days": median(ages), "oldest_days": max(ages)} if ages else {}
        count = Estimate(float(len(ages)), None, None, len(answers))
        yield Measured("feedback_debt", "", count, detail=detail)


def _aftermaths(connection: Connection, window: int, now: int) -> list[Aftermath]:
    told = [
        (golden_id, case)
        for golden_id, case in cases.customers(connection)
        if golden_id is not None and case.informed_at is not None
    ]
    customers = sorted({golden_id for golden_id, _ in told})
    said: dict[str, list[tuple[int, int, Feedback]]] = defaultdict(list)
    for rid, golden_id, at, feedback in facts_of(connection, Feedback, customers):
        said[golden_id or ""].append((at, rid, feedback))
    bought = _purchases(connection, customers)
    return [
        Aftermath(
            better(case, sorted(said[golden_id], key=lambda each: each[:2])),
            came_back(case.informed_at or 0, bought.get(golden_id, ()), window * _DAY, now),
        )
        for golden_id, case in told
    ]


def better(case: Case, said: Sequence[tuple[int, int, Feedback]]) -> bool | None:
    """Whether the next answer to the question of a case, after the word, asks for no reply.

    Args:
        case: Its customer was told something.
        said: Instant, row id and content of all answers of the customer, oldest first.
    """
    asked = next((_question(each) for _, rid, each in said if rid == case.rid), None)
    later = (
        asks(each) is None
        for at, _, each in said
        if at > (case.informed_at or 0) and each.score is not None and _question(each) == asked
    )
    return next(later, None)


def _question(said: Feedback) -> tuple[object, ...]:
    return said.instrument, said.scale_min, said.scale_max


def came_back(told_at: int, bought: Sequence[int], window: int, now: int) -> bool | None:
    """Whether somebody who had bought before buys within ``window`` after the word.

    None while that is open, and for who never bought before.

    >>> came_back(10, [5, 12], 4, 20), came_back(10, [5], 4, 20), came_back(10, [5], 4, 12)
    (True, False, None)
    """
    if not any(at <= told_at for at in bought):
        return None
    if any(told_at < at <= told_at + window for at in bought):
        return True
    return False if told_at + window < now else None


def _purchases(connection: Connection, customers: Sequence[str]) -> Mapping[str, list[int]]:
    entry = order_entries.c
    found: dict[str, list[int]] = defaultdict(list)
    for chunk in chunks(customers):
        query = (
            select(cluster_members.c.golden_id, entry.at)
            .join(order_entries, entry.party_rid == cluster_members.c.rid)
            .where(entry.positive.is_(True), entry.cancelled.is_(False))
        )
        rows = connection.execute(query.where(cluster_members.c.golden_id.in_(chunk)).distinct())
        for golden_id, at in rows:
            found[golden_id].append(at)
    return found
