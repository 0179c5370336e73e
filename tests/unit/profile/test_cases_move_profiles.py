"""A case that moves moves the profile: flag, card and next action follow within the same cycle."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from sqlalchemy import select

from hub.core.clock import ManualClock, to_micros
from hub.profile.paths import value_at
from hub.store import dirty
from hub.store.engine import Store
from hub.store.schema import profiles
from hub.voc import case_steps
from hub.voc.case_steps import Doer
from tests.unit.profile.stages import look
from tests.unit.voc.complaints import Complaints


@pytest.fixture
def desk(sqlite_store: Store, clock: ManualClock) -> Complaints:
    """Two customers with profiles; one of them has just given a 3."""
    store = sqlite_store
    desk = Complaints(store, clock)
    desk.customer(1)
    desk.customer(2)
    seq = dirty.sequence(store)
    with store.write() as connection:
        dirty.mark(connection, "profile", ["g1", "g2"], cause="test", seq=seq)
    look(store)
    desk.answer(1, 3)
    return desk


def told(desk: Complaints, golden_id: str = "g1") -> dict[str, Any]:
    with desk.store.read() as connection:
        query = select(profiles.c.body).where(profiles.c.golden_id == golden_id)
        body: dict[str, Any] = orjson.loads(connection.execute(query).scalar_one())
    return body


def marked(desk: Complaints) -> list[str]:
    with desk.store.read() as connection:
        return [mark.key for mark in dirty.waiting(connection, "profile", 10)]


def test_each_step_of_a_case_marks_its_customer_alone(desk: Complaints) -> None:
    """Opened, told: in the transaction of the step, and nobody else is looked at."""
    desk.run()
    opened = marked(desk)
    look(desk.store)

    doer = Doer("os:kim", to_micros(desk.clock.now()))
    desk.take(case_steps.inform(desk.only(), "mail-7", doer.now, doer))

    assert opened == ["g1"]
    assert marked(desk) == ["g1"]


def test_flag_card_and_action_follow_the_case(desk: Complaints) -> None:
    """While they wait they are unresolved; told, they are not, and nothing is left to do."""
    desk.run()
    look(desk.store)
    waiting = told(desk)

    desk.clock.sleep(3_600)
    doer = Doer("os:kim", to_micros(desk.clock.now()))
    desk.take(case_steps.inform(desk.only(), "mail-7", doer.now, doer))
    look(desk.store)
    after = told(desk)

    paths = ("risk.unresolved_detractor", "suppress.marketing", "voice.unanswered")
    assert [value_at(waiting, path) for path in paths] == [True, True, 1]
    assert [value_at(after, path) for path in paths] == [False, False, 0]
    lines = [str(value_at(each, "card.text")).splitlines() for each in (waiting, after)]
    assert lines[0][3] == "Open: a case: 1 answer without a reply"
    assert lines[0][4].startswith("Next: tell the customer what came of their answer. Do not:")
    assert lines[1][3] == "Open: nothing"


def test_who_may_not_be_contacted_stays_unhappy(desk: Complaints) -> None:
    """The case is suppressed, so nobody is to tell them; marketing is held all the same."""
    desk.refuses(1)
    desk.run()
    look(desk.store)

    found = told(desk)

    assert found["risk"]["unresolved_detractor"]["reason"].endswith("they refuse to be contacted")
    assert value_at(found, "suppress.marketing") is True
    assert value_at(found, "voice.unanswered") == 0
