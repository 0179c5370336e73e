"""Themes, step by step, are what one run over everything gives."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from hub.core.clock import ManualClock
from hub.store.engine import Store
from hub.store.schema import theme_mentions
from tests.unit.voc.writers import LABEL, OTHER, Writers, usual


def test_step_by_step_is_as_if_all_had_been_there_at_once(store: Store, clock: ManualClock) -> None:
    """Late, changed, taken back, merged in any order, run after every few: as one run of the end.

    Compared are the themes that are found, with their weeks.
    """
    dice = Random(7)
    desk = usual(Writers(store, clock), weeks=10)
    texts: list[int] = []
    for _ in range(60):
        now, rid = desk.clock.now(), dice.randrange(200, 230)
        at = now - timedelta(days=dice.choice([0, 0, 5, 5, 5, 12, 12, 40]))
        match dice.randrange(6):
            case 0 | 1 | 2:
                texts.append(desk.write(rid, dice.choice([LABEL, LABEL, OTHER]), at))
            case 3 if texts:
                desk.take_back(texts.pop(dice.randrange(len(texts))))
            case 4 if texts:
                desk.says_now(dice.choice(texts), dice.choice([LABEL, OTHER]), at)
            case 5:
                desk.customer(rid, f"g{dice.randrange(200, 230)}")
        if dice.random() < 0.3:
            desk.run()
    desk.run()
    step_by_step = {(each.theme, each.week) for each in desk.improvements("found")}
    with store.write() as connection:
        connection.execute(theme_mentions.delete())
        connection.exec_driver_sql("DELETE FROM improvements")
        connection.exec_driver_sql("DELETE FROM improvement_events")
        connection.exec_driver_sql(
            "DELETE FROM meta WHERE key IN ('themes.basis', 'themes.weighed')"
        )

    desk.run()

    assert {(each.theme, each.week) for each in desk.improvements("found")} == step_by_step
    assert step_by_step
