"""The law of handing over: through any trouble, nothing is made twice, and in the end all is there.

The system on the other side makes what it is sent, even what it has already; it counts how often
that would have been a second one, and answers as systems do: late, partly, wrongly or not at all.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from hub.core import boundary
from hub.core.clock import ManualClock
from hub.core.connector import Context, RowResult, Task
from hub.core.errors import OutcomeUnknown, RetryLater
from hub.core.released import Released
from hub.store import handovers
from hub.store.engine import Store
from tests.unit.push.test_handovers import Crm, Desk, Killed

PEOPLE = 5
STEPS = 25
DAY = 86_401


@dataclass
class Rough(Crm):
    """A system in trouble; it knows of each item what it was told last.

    Args:
        dice: What happens next.
        store: Of the hub, to know what it was told that it has.
    """

    dice: random.Random = field(default_factory=random.Random)
    store: Store | None = None
    there: dict[str, Task] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    calm: bool = False

    def write(self, _ctx: Context, batch: Sequence[Released[Any]]) -> list[RowResult]:
        trouble = "none" if self.calm else self.dice.choice(_TROUBLE)
        if trouble == "busy":
            raise RetryLater("later")
        results = [self._take(released.value, trouble) for released in batch]
        if trouble == "lost":
            raise OutcomeUnknown("the answer was lost")
        return [] if trouble == "silent" else results

    def _take(self, task: Task, trouble: str) -> RowResult:
        if trouble in ("refused", "locked") or (trouble == "partly" and self.dice.random() < 0.5):
            return RowResult(task.key, ok=False, error=trouble, retryable=trouble != "refused")
        if self._hub_has(task.key) is None:
            self.made[task.key] += 1  # the hub wants it made, and it is
        self.there[task.key] = task
        return RowResult(task.key, ok=True, reference=task.key)

    def _hub_has(self, key: str) -> bytes | None:
        assert self.store is not None
        with self.store.read() as connection:
            return handovers.get(connection, [key])[key].digest

    def find(self, _ctx: Context, items: Sequence[Any]) -> dict[str, str]:
        return {item.key: item.key for item in items if item.key in self.there}


_TROUBLE = ("none", "none", "busy", "lost", "silent", "refused", "locked", "partly")
_DEATHS = ("handover claimed", "handover answered", "handover committed")


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 10))]
)
def test_nothing_is_made_twice_and_in_the_end_all_is_there(
    store: Store, clock: ManualClock, seed: int
) -> None:
    """Customers, wishes, deaths, refusals, records that come late: one of each in the end."""
    dice = random.Random(seed)
    crm = Rough(dice=dice, store=store)
    desk = Desk(store, clock, crm)
    wishes: dict[str, str] = {}
    for number in range(1, PEOPLE + 1):
        desk.record(number, f"g{number}", str(number))

    for step in range(STEPS):
        _happens(desk, dice, wishes, step)
        _run(desk, dice)

    crm.calm = True
    for _ in range(2):  # what was refused is tried again a day later
        clock.sleep(DAY)
        desk.run()
    assert set(crm.made.values()) <= {1}, crm.made
    for key, text in wishes.items():
        assert crm.there[key].body == f"{text} task", key
    before = crm.there.copy()
    assert desk.run().counts["handed"] == 0 and crm.there == before


def _happens(desk: Desk, dice: random.Random, wishes: dict[str, str], step: int) -> None:
    number = dice.randint(1, PEOPLE + 1)  # one of them has no record there before the end
    key = f"case-{number}"
    if dice.random() < 0.6:
        wishes[key] = f"text {step}"
        desk.want(key, f"g{number}", text=wishes[key])
    if step == STEPS - 1:
        desk.record(PEOPLE + 1, f"g{PEOPLE + 1}", "99")


def _run(desk: Desk, dice: random.Random) -> None:
    """One run, which may die on the way."""
    death = dice.choice((None, None, *_DEATHS))

    def listener(reached: str) -> None:
        if reached == death:
            raise Killed

    boundary.listen(listener)
    try:
        desk.run()
    except Killed:
        pass
    finally:
        boundary.listen(None)
