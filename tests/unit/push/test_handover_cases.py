"""Which cases ask for a task, and of which system."""

from __future__ import annotations

import pytest

from hub.core.clock import ManualClock, to_micros
from hub.core.connector import Task
from hub.core.settings import LoopSection
from hub.push.handover import Wanted
from hub.push.handover_cases import origin
from hub.store import handovers
from hub.store.engine import Store
from hub.store.handovers import Handover
from hub.voc import case_steps
from hub.voc.case_steps import Doer
from tests.conftest import quick_on_sqlite
from tests.unit.voc.complaints import Complaints

pytestmark = quick_on_sqlite


class Business(Complaints):
    """Customers who complain, and what systems were handed of it."""

    def due(self, name: str, tasks: str | None) -> list[Wanted[Task]]:
        """What a connection is to hold when ``tasks`` names one."""
        found = origin(LoopSection(tasks=tasks))
        with self.store.read() as connection:
            due = list(found.due(connection, name))
            assert found.concerns(connection, name) == bool(due)
        return due

    def handed(self, case_id: str, name: str, status: handovers.Status = "done") -> None:
        """The task of a case is there, or on its way."""
        digest = b"d" if status == "done" else None
        row = Handover(
            f"case-{case_id}", "task", case_id, name, 1, "g1", status, False, digest, b"d", "task",
            1, "x", "7", None, 1, 0, 0, 0,
        )  # fmt: skip
        with self.store.write() as connection:
            handovers.write(connection, [row])

    def tell(self) -> None:
        """The only customer who waits is told something."""
        now = to_micros(self.clock.now())
        self.take(case_steps.inform(self.only(), "mail/1", now, Doer("os:test", now)))


@pytest.fixture
def business(store: Store, clock: ManualClock) -> Business:
    """One unhappy customer with a case."""
    made = Business(store, clock)
    made.customer(1)
    made.answer(1, 2)
    made.run()
    return made


def test_who_waits_has_a_task_in_the_system_that_is_named(business: Business) -> None:
    """And in no other one; without a name nobody has any."""
    (wanted,) = business.due("crm", "crm")

    assert (wanted.about, wanted.golden_id, wanted.over) == (business.only().case_id, "g1", False)
    assert (business.due("desk", "crm"), business.due("crm", None)) == ([], [])


def test_who_was_told_has_none_but_where_one_stands(business: Business) -> None:
    """A task that was handed over is told that it is over."""
    case = business.only().case_id
    business.tell()
    before = business.due("crm", "crm")

    business.handed(case, "crm")

    assert before == []
    assert [wanted.over for wanted in business.due("crm", "crm")] == [True]


@pytest.mark.parametrize(("status", "stays"), [("done", 1), ("sending", 1), ("nowhere", 0)])
def test_a_task_stays_in_the_system_that_was_handed_it(
    business: Business, status: handovers.Status, stays: int
) -> None:
    """Another name in hub.toml moves only what no system has."""
    business.handed(business.only().case_id, "crm", status)

    assert len(business.due("crm", "desk")) == stays
    assert len(business.due("desk", "desk")) == 1
