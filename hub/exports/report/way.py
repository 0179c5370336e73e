"""The customers' way, as far as files show it: who comes back, and where they meet the business."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from sqlalchemy import Connection, func, select

from hub.core.clock import from_micros
from hub.exports.report.ground import Ground
from hub.exports.report.model import Bars, Block, Share, Table
from hub.journeys import kinds
from hub.journeys.definition import Journey
from hub.journeys.timeline import said
from hub.metrics.formulas import Basis
from hub.metrics.interval import wilson
from hub.metrics.orders import Order
from hub.store.schema import cluster_members, order_entries

_STEPS = ("1st", "2nd", "3rd", "4th")


@dataclass(frozen=True, slots=True)
class Step:
    """From one visit to the next.

    Args:
        visit: Which visit it starts from, the first being 1.
        entered: Customers who made it.
        again: Those who came again within the horizon.
        open: Those who have not, and still may.
        wait: Median days until they came; None if nobody did.
    """

    visit: int
    entered: int
    again: int
    open: int
    wait: int | None


def steps(orders: Iterable[Order], basis: Basis) -> list[Step]:
    """From each of the first three visits to the next; the orders of a day are one visit."""
    days = _days(orders, basis)
    today = from_micros(basis.reference - 1).astimezone(basis.zone).toordinal()
    return [_step(days, visit, today, basis.settings.churn_horizon) for visit in (1, 2, 3)]


def _days(orders: Iterable[Order], basis: Basis) -> list[list[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for order in orders:
        found[order.golden_id].add(from_micros(order.at).astimezone(basis.zone).toordinal())
    return [sorted(each) for each in found.values()]


def _step(days: Sequence[Sequence[int]], visit: int, today: int, horizon: int) -> Step:
    entered = [each for each in days if len(each) >= visit]
    gaps = [each[visit] - each[visit - 1] for each in entered if len(each) > visit]
    waits = [gap for gap in gaps if gap <= horizon]
    still = sum(len(each) == visit and today - each[-1] <= horizon for each in entered)
    return Step(visit, len(entered), len(waits), still, round(median(waits)) if waits else None)


def who_comes_back(orders: Sequence[Order], basis: Basis) -> Iterator[Block]:
    """Who comes again after the first, second and third visit."""
    rows = [(_named(each), each, _share(each, basis)) for each in steps(orders, basis)]
    if any(share.estimate for _, _, share in rows):
        told = tuple((name, share) for name, _, share in rows if share.estimate)
        yield Bars("Who comes again after each visit", told)
    yield Table(
        "From visit to visit",
        ("step", "customers", "came again", "share", "still may", "days until then, the median"),
        tuple(
            (name, each.entered, each.again, share, each.open, each.wait)
            for name, each, share in rows
            if each.entered
        ),
        f"Again: within {basis.settings.churn_horizon} days, as churn has it. The share is of those"
        " of whom it is known. A day with orders is one visit.",
    )


def _named(step: Step) -> str:
    return f"{_STEPS[step.visit - 1]} to {_STEPS[step.visit]} visit"


def _share(step: Step, basis: Basis) -> Share:
    decided, least = step.entered - step.open, basis.settings.min_n
    known = decided >= max(1, least)
    return Share(wilson(step.again, decided, basis.settings.confidence) if known else None, decided)


# --- where customers meet the business -------------------------------------------------------


@dataclass(slots=True)
class Met:
    """What happened of one kind: how often, and to whom."""

    number: int = 0
    people: set[str] = field(default_factory=set)


def met(ground: Ground, journey: Journey, orders: Sequence[Order]) -> Mapping[int, dict[str, Met]]:
    """Position of the stage to what customers met there, by kind."""
    place = {point.kind: at for at, point in reversed([*journey.touchpoints()])}
    found: dict[int, dict[str, Met]] = defaultdict(dict)

    def note(at: int | None, kind: str, who: str, number: int = 1) -> None:
        if at is not None:
            each = found[at].setdefault(kind, Met())
            each.number += number
            each.people.add(who)

    for order in orders:
        note(place.get(kinds.ORDER), kinds.ORDER, order.golden_id)
    for who, number in _returns(ground.connection):
        note(place.get(kinds.RETURN), kinds.RETURN, who, number)
    for who, event in said(ground.connection):
        if event.at <= ground.now:
            note(journey.stage_of(event), event.kind, who)
    return found


def _returns(connection: Connection) -> list[tuple[str, int]]:
    """Customer, and how many receipts of theirs brought something back."""
    entry, member = order_entries.c, cluster_members.c
    query = (
        select(member.golden_id, func.count(entry.order_ref.distinct()))
        .join(cluster_members, member.rid == entry.party_rid)
        .where(entry.kind == "return")
        .group_by(member.golden_id)
    )
    return [(who, number) for who, number in connection.execute(query)]


def where_they_meet(journey: Journey, found: Mapping[int, Mapping[str, Met]]) -> Table:
    """The map: every stage, what customers want there, and what the files show of it."""
    rows = []
    for at, stage in enumerate(journey.stages):
        here = found.get(at, {})
        shown = sorted(here.items(), key=lambda each: (-each[1].number, each[0]))
        what = ", ".join(f"{kind.replace('_', ' ')} {each.number:,}" for kind, each in shown)
        people = len(set().union(*(each.people for each in here.values()))) if here else None
        rows.append((stage.title, stage.goal, what or "no file tells of it", people))
    return Table(
        "Where customers meet you",
        ("stage", "what they want", "what the files show", "customers"),
        tuple(rows),
        "A stage of which no file tells is a stage at which nobody would notice a customer leave.",
    )
