"""The desk where improvements are worked on: looked at, taken further, and measured again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

import orjson
from sqlalchemy import Connection

from hub.core.clock import from_micros
from hub.core.errors import HubError, NotFound
from hub.core.settings import LoopSection, MetricsSection, PurposeSection
from hub.metrics.baseline import WINDOW
from hub.metrics.months import DAY
from hub.privacy import permissions as consent
from hub.store import themes
from hub.store.engine import Store
from hub.store.themes import ANYTHING, Improvement, Step
from hub.voc.case_run import refuses
from hub.voc.theme_again import Again, remeasured
from hub.voc.theme_run import keep
from hub.voc.theme_weeks import begins, weeks


@dataclass(frozen=True, slots=True)
class Audience:
    """The customers who spoke of a theme, until something was changed.

    Args:
        golden_ids: Those who may be told of it.
        refused: How many refused to be contacted on every channel.
    """

    golden_ids: tuple[str, ...]
    refused: int


def act(
    store: Store,
    improvement_ids: Sequence[str],
    step: Callable[[Connection, Improvement], Step],
    *,
    dry_run: bool = False,
) -> list[Step]:
    """The steps that were taken, all or none, written with their audit leaves.

    Args:
        store: The database.
        improvement_ids: Which improvements.
        step: Takes one of them further.
        dry_run: Whether the steps are only tried: nothing is written.

    Raises:
        NotFound: If there is no such improvement.
        HubError: If one cannot take the step; nothing is written.
    """
    with store.read() if dry_run else store.write() as connection:
        taken = [step(connection, get(connection, each)) for each in dict.fromkeys(improvement_ids)]
        if not dry_run:
            keep(connection, taken)
    return taken


def get(connection: Connection, improvement_id: str) -> Improvement:
    """The improvement.

    Raises:
        NotFound: If there is none of that id.
    """
    found = themes.get(connection, improvement_id)
    if found is None:
        raise NotFound(f'there is no improvement "{improvement_id}". See: hub themes list --all')
    return found


def together(connection: Connection, held: Improvement) -> list[tuple[Improvement, int]]:
    """Other themes of the week that mostly the same customers spoke of, and how many of them.

    They may be one cause in two words: what is done about one is done about both.
    """
    own = _spoke(connection, held)
    found = [
        (other, len(own & theirs))
        for other in themes.listed(connection)
        if other.week == held.week and other.theme != held.theme and other.state != "withdrawn"
        if 2 * len(own & (theirs := _spoke(connection, other))) > len(own | theirs)
    ]
    return sorted(found, key=lambda each: (-each[1], each[0].theme))


def _spoke(connection: Connection, held: Improvement) -> set[str]:
    until = held.week + 7 * DAY
    return set(themes.speakers(connection, held.theme, held.week, until))


def audience(
    connection: Connection,
    held: Improvement,
    loop: LoopSection,
    purposes: Mapping[str, PurposeSection],
    now: int,
) -> Audience:
    """Who spoke of the theme from the week in which it rose until something was changed."""
    until = held.acted_at or now
    spoke = themes.speakers(connection, held.theme, held.week, until)
    said = consent.load(connection, spoke, purposes, now)
    may = tuple(who for who in spoke if not refuses(said[who], loop.purpose, purposes))
    return Audience(may, len(spoke) - len(may))


def again(
    connection: Connection, held: Improvement, given: MetricsSection, zone: tzinfo, now: int
) -> Again:
    """What became of the theme's share of the customers who wrote.

    Raises:
        HubError: If too few customers wrote before or after something was changed.
    """
    bounds = begins(held.week - WINDOW * 7 * DAY, now, zone)
    told = themes.mentions(connection, bounds[0], 1, (held.theme, ANYTHING))
    found = remeasured(
        weeks(told, bounds), held.theme, held.week, held.acted_at or now, given.confidence
    )
    for name, n in (("before", found.before.n), ("after", found.after.n)):
        if n < given.min_n:
            raise HubError(
                f"improvement {held.improvement_id}: insufficient data: in the weeks {name} the"
                f" change {n} customers wrote, {given.min_n} are needed. Measure again later",
                code="HUB-165",
            )
    return found


def document(held: Improvement) -> dict[str, object]:
    """An improvement for a program: instants in ISO 8601, no word of a single customer's."""
    instants = ("week", "found_at", "owned_at", "due_at", "acted_at", "told_at", "settled_at")
    told = {name: getattr(held, name) for name in instants}
    return {
        "improvement": held.improvement_id,
        "theme": held.theme,
        "state": held.state,
        "owner": held.owner,
        "action": held.action,
        "customers_told": held.told,
        "message": held.message,
        "evidence": orjson.loads(held.evidence),
        "result": None if held.result is None else orjson.loads(held.result),
        **{name: None if at is None else from_micros(at).isoformat() for name, at in told.items()},
    }
