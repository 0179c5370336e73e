"""Tickets opened again, or passed around, as cases: one for each episode, however often read."""

from __future__ import annotations

import pytest

from hub.core.clock import ManualClock, to_micros
from hub.core.records import PartyRef, Ticket, encode
from hub.core.settings import LoopRule
from hub.store import bulk
from hub.store.engine import Store
from hub.store.schema import facts, source_records, streams
from hub.voc import case_steps
from hub.voc.case_steps import Doer
from tests.conftest import quick_on_sqlite
from tests.unit.voc.complaints import RECORD, Complaints

pytestmark = quick_on_sqlite
RULES: tuple[LoopRule, ...] = ("detractor", "reopened_ticket", "passed_around")
HOUR = 3_600
CUSTOMER, TICKET = 1, 7_001


class Helpdesk(Complaints):
    """A business with tickets beside its surveys; one customer, one ticket, five hours old."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        super().__init__(store, clock, rules=RULES)
        columns = ("stream_id", "connection", "stream", "entity")
        self._insert(streams, columns, [(2, "desk", "tickets", "ticket")])
        self.customer(CUSTOMER)
        self.opened = self.ago(hours=5)

    def ticket(self, reopens: int = 0, **values: object) -> None:
        """An hour later the customer's ticket is read like this; it may be a new one."""
        self.clock.sleep(HOUR)
        ticket = Ticket(
            party=PartyRef(id=str(CUSTOMER)),
            at=self.opened,
            reopens=reopens,
            **values,  # type: ignore[arg-type]  # values of a ticket
        )
        now = to_micros(self.clock.now())
        row = (TICKET, 2, "t1", "ticket", 1, b"", b"", encode(ticket), now, now)
        with self.store.write() as connection:
            bulk.upsert(
                connection, source_records, RECORD, [row], key=("rid",), keep=("created_at",)
            )
            fact = [(TICKET, CUSTOMER, "ticket", to_micros(self.opened))]
            bulk.upsert(connection, facts, ("rid", "party_rid", "entity", "at"), fact, key=("rid",))
        self._mark_giver(CUSTOMER)
        self.run()

    def tell(self) -> None:
        """The customer who waits is told something, now."""
        now = to_micros(self.clock.now())
        self.take(case_steps.inform(self.only(), "mail/1", now, Doer("os:test", now)))


@pytest.fixture
def desk(store: Store, clock: ManualClock) -> Helpdesk:
    """A help desk with one customer."""
    return Helpdesk(store, clock)


def test_a_ticket_that_is_opened_again_has_one_case(desk: Helpdesk) -> None:
    """Not when it is opened first; then once, whatever else happens to it and however often."""
    desk.ticket()
    before = desk.cases()

    desk.ticket(reopens=1)
    case = desk.only()
    for status in ("pending", "solved", "open"):
        desk.ticket(reopens=2, status=status)

    assert before == []
    assert (case.rule, case.state) == ("reopened_ticket", "open")
    assert desk.only() == case
    assert case.at == to_micros(desk.ago(hours=3))


def test_a_ticket_joins_the_case_of_a_bad_answer(desk: Helpdesk) -> None:
    """Who complains twice waits for one word."""
    answer = desk.answer(CUSTOMER, 2)
    desk.run()

    desk.ticket(reopens=1)

    assert desk.answers_of(desk.only()) == [answer, TICKET]


def test_a_ticket_that_changes_after_the_word_opens_no_second_case(desk: Helpdesk) -> None:
    """Solving it, or reading it again, is no complaint."""
    desk.ticket(reopens=1)
    desk.tell()

    desk.ticket(reopens=1, status="solved", solved_at=desk.clock.now())

    assert desk.only().state == "informed"


def test_opened_again_after_the_word_it_is_the_next_case(desk: Helpdesk) -> None:
    """What the customer was told did not help."""
    desk.ticket(reopens=1)
    desk.tell()

    desk.ticket(reopens=2)
    desk.run()

    told, waiting = sorted(desk.cases(), key=lambda case: case.state)
    assert (told.state, waiting.state) == ("informed", "open")
    assert waiting.at == to_micros(desk.clock.now())


def test_an_old_ticket_is_history_until_it_is_opened_again(desk: Helpdesk) -> None:
    """A first read does not open cases of years ago; what happens from now on counts."""
    desk.opened = desk.ago(days=400)
    desk.ticket(reopens=1, solved_at=desk.ago(days=390))
    history = desk.only()

    desk.ticket(reopens=2)

    assert (history.state, history.reason) == ("suppressed", "history")
    assert desk.only().state == "open"


def test_the_rule_is_asked_for(desk: Helpdesk) -> None:
    """Without it in hub.toml a ticket opens no case."""
    desk.settings = desk.settings.model_copy(update={"rules": ("detractor",)})

    desk.ticket(reopens=3)

    assert desk.cases() == []


def test_a_correction_takes_the_case_back(desk: Helpdesk) -> None:
    """The source says that it was never opened again: nobody waits."""
    desk.ticket(reopens=1)

    desk.ticket()

    assert desk.only().reason == "answer_gone"


def test_the_third_pair_of_hands_opens_a_case(desk: Helpdesk) -> None:
    """Two are not many, and what many solved is solved; three without a solution are a case."""
    desk.ticket(assignee_stations=2)
    desk.ticket(assignee_stations=3, status="solved")
    before = desk.cases()

    for hands in (3, 3, 4):
        desk.ticket(assignee_stations=hands, status="pending")

    assert before == []
    assert (desk.only().rule, desk.only().state) == ("passed_around", "open")
    assert desk.only().at == to_micros(desk.ago(hours=2))


def test_who_was_passed_around_waits_for_a_word_even_when_it_is_solved(desk: Helpdesk) -> None:
    """They had to explain it to three people; and after the word nobody waits any more."""
    desk.ticket(assignee_stations=3)
    desk.ticket(assignee_stations=3, status="solved")
    waiting = desk.only().state

    desk.tell()
    desk.ticket(assignee_stations=3, status="closed")

    assert (waiting, desk.only().state) == ("open", "informed")


def test_passed_on_after_the_word_it_is_the_next_case(desk: Helpdesk) -> None:
    """Somebody told them something, and somebody else has it now."""
    desk.ticket(assignee_stations=3)
    desk.tell()

    desk.ticket(assignee_stations=4)
    desk.run()

    assert sorted(case.state for case in desk.cases()) == ["informed", "open"]


def test_a_ticket_is_the_same_case_by_either_rule(desk: Helpdesk) -> None:
    """Passed around first, opened again later: the customer still waits for one word."""
    desk.ticket(assignee_stations=3)
    first = desk.only()

    desk.ticket(reopens=1, assignee_stations=3)

    assert desk.only() == first
