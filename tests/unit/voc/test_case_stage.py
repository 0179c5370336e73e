"""From bad answers to cases: one per customer and episode, whatever comes late, twice or not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from hub.core.clock import ManualClock, to_micros
from hub.core.records import Feedback
from hub.store.engine import Store
from hub.store.schema import audit_leaves
from hub.voc import case_steps
from hub.voc.case_steps import Doer
from hub.voc.case_trigger import asks
from tests.unit.voc.complaints import Complaints


@pytest.fixture
def desk(store: Store, clock: ManualClock) -> Complaints:
    """Two customers who have not said anything yet."""
    desk = Complaints(store, clock)
    desk.customer(1)
    desk.customer(2)
    return desk


def doer(desk: Complaints) -> Doer:
    return Doer("os:kim", to_micros(desk.clock.now()))


def tell(desk: Complaints) -> None:
    """The only case: its customer is told now."""
    case = desk.only()
    desk.take(case_steps.inform(case, "mail-7", doer(desk).now, doer(desk)))


@pytest.mark.parametrize(
    ("instrument", "score", "scale", "rule"),
    [
        ("nps", 0, (0, 10), "detractor"), ("nps", 6, (0, 10), "detractor"),
        ("nps", 7, (0, 10), None), ("nps", 5.5, (0, 10), None), ("nps", -1, (0, 10), None),
        ("nps", 1, (1, 5), None), ("csat", 2, (1, 5), "low_satisfaction"),
        ("csat", 3, (1, 5), None), ("csat", 0, (1, 5), None), ("csat", None, (1, 5), None),
        ("csat", 0, (0, 1), "low_satisfaction"), ("csat", 1, (0, 1), None),
        ("csat", 1, (1, 2), "low_satisfaction"), ("ces", 3, (1, 7), "high_effort"),
        ("ces", 4, (1, 7), None), ("rating", 1, (1, 5), None), ("nps", 1, (None, None), None),
    ],
)  # fmt: skip
def test_an_answer_asks_for_a_reply_on_its_own_scale(instrument, score, scale, rule):
    """What does not fit its instrument asks for nothing; no scale is read as another."""
    low, high = scale
    said = Feedback(
        at=datetime(2026, 1, 1, tzinfo=UTC), instrument=instrument, score=score, scale_min=low,
        scale_max=high,
    )  # fmt: skip

    assert asks(said) == rule


def test_a_bad_answer_opens_a_case_and_a_good_one_none(desk):
    """The detractor's goes to the team; effort is no rule unless the business asks for it."""
    desk.answer(1, 3)
    desk.answer(2, 9)
    desk.answer(2, 1, "ces")

    assert desk.run() == {"opened": 1}

    assert (desk.only().rule, desk.only().state) == ("detractor", "open")
    assert desk.only().team == "customer care"


def test_the_clock_runs_from_the_answer_and_over_the_weekend(desk):
    """48 hours of calendar time after a Friday's answer is Sunday, however late the hub heard."""
    friday = desk.clock.now() + timedelta(days=1)
    desk.answer(1, 3, at=friday)
    desk.clock.sleep(36 * 3_600)

    desk.run()

    assert desk.only().due_at - desk.only().at == 48 * 3_600 * 1_000_000
    assert desk.only().opened_at == to_micros(desk.clock.now())


def test_answers_before_anybody_spoke_are_one_case(desk):
    """A second bad answer, and an earlier one that comes late, wait for the same word."""
    second = desk.answer(1, 3, at=desk.ago(hours=2))
    desk.run()
    first_name = desk.only().case_id
    third = desk.answer(1, 1, "csat")
    first = desk.answer(1, 5, at=desk.ago(days=1))

    desk.run()

    assert desk.only().case_id == first_name
    assert desk.answers_of(desk.only()) == [second, third, first]
    assert desk.only().at == to_micros(desk.ago(days=1))


def test_an_unhappy_answer_after_the_word_is_a_new_case(desk):
    """Who was told something and is unhappy again waits again."""
    desk.answer(1, 3)
    desk.run()
    desk.clock.sleep(3_600)
    tell(desk)
    desk.clock.sleep(3_600)
    desk.answer(1, 2)

    desk.run()

    assert [case.state for case in desk.cases()] == ["informed", "open"]


def test_running_again_does_nothing(desk):
    """The same events again, as after a restart: no step, no case, no audit leaf."""
    desk.answer(1, 3)
    desk.run()
    before = desk.cases()
    desk.mark("g1", "g2")

    assert desk.run() == {}
    assert desk.cases() == before


def test_a_kill_after_the_commit_makes_no_second_case(desk, monkeypatch):
    """The stage dies between two batches: the marks that are left are all that is done again."""
    monkeypatch.setattr("hub.voc.case_run.BATCH", 1)
    desk.answer(1, 3)
    desk.answer(2, 3)

    def die(_place: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr("hub.voc.case_run.reached", die)
        with pytest.raises(KeyboardInterrupt):
            desk.run()
    assert len(desk.cases()) == 1

    assert desk.run() == {"opened": 1}
    assert len(desk.cases()) == 2


def test_a_merge_leaves_one_case_and_a_split_gives_the_other_back(desk):
    """Two customers who turn out to be one wait for one word; the case at work goes on."""
    desk.answer(1, 3)
    desk.clock.sleep(60)
    desk.answer(2, 3)
    desk.run()
    second = desk.cases()[1]
    desk.take(case_steps.assign(second, "Kim", doer(desk)))

    desk.customer(1, "g2")
    desk.run()

    joined, standing = desk.cases()
    assert (standing.case_id, standing.state) == (second.case_id, "assigned")
    assert (joined.state, joined.reason, joined.joined_to) == (
        "suppressed", "joined", second.case_id,
    )  # fmt: skip

    desk.customer(1, "g1")
    desk.run()

    assert [case.state for case in desk.cases()] == ["open", "assigned"]


def test_a_deleted_answer_suppresses_its_case_until_it_is_back(desk):
    """The reason is recorded, and the same case goes on."""
    row = desk.take_back(desk.answer(1, 3))
    desk.bring_back(row)
    desk.run()
    desk.take_back(int(str(row[0])))
    desk.run()
    assert (desk.only().state, desk.only().reason) == ("suppressed", "answer_gone")

    desk.bring_back(row)
    desk.run()

    assert desk.only().state == "open"
    assert desk.kinds(desk.only()) == ["opened", "suppressed", "revived"]


def test_a_corrected_score_takes_the_case_away(desk):
    """The source says 9 instead of 3: nobody waits for a word."""
    fact = desk.answer(1, 3)
    desk.run()
    desk.says_now(fact, 9)

    desk.run()

    assert (desk.only().state, desk.only().reason) == ("suppressed", "answer_gone")


def test_an_answer_given_anew_after_the_word_is_a_new_case(desk):
    """The vendor keeps one row per customer: a later bad score in it is a new complaint."""
    fact = desk.answer(1, 3)
    desk.run()
    desk.clock.sleep(60)
    tell(desk)
    desk.clock.sleep(60)
    desk.says_now(fact, 2)

    desk.run()

    assert [case.state for case in desk.cases()] == ["informed", "open"]


def test_who_refuses_contact_has_a_case_with_that_reason(desk):
    """Nobody is to speak to them: recorded, not forgotten; and it goes on when they allow it."""
    desk.answer(1, 3)
    desk.refuses(1)
    desk.run()
    assert (desk.only().state, desk.only().reason) == ("suppressed", "no_contact")
    assert desk.kinds(desk.only()) == ["suppressed"]

    desk.forgets_refusals(1)
    desk.run()

    assert desk.only().state == "open"


def test_history_opens_no_case(desk):
    """A survey of last year that is read today: recorded as history, never overdue."""
    desk.answer(1, 3, at=desk.ago(days=200))
    fresh = desk.answer(1, 3, at=desk.ago(days=1))

    desk.run()

    assert [(case.state, case.reason) for case in desk.cases()] == [
        ("suppressed", "history"), ("open", None),
    ]  # fmt: skip
    assert desk.answers_of(desk.cases()[1]) == [fresh]


def test_a_customer_who_left_waits_no_more(desk):
    """Their record was deleted at its source: suppressed with that reason."""
    desk.answer(1, 3)
    desk.run()

    desk.leaves(1)
    desk.run()

    assert (desk.only().state, desk.only().reason) == ("suppressed", "customer_gone")
    desk.customer(1)
    desk.run()
    assert desk.only().state == "open"


def test_an_overdue_case_is_escalated_once(desk):
    """After 48 hours without a word, in the next run and never again."""
    desk.answer(1, 3)
    desk.run()
    desk.clock.sleep(48 * 3_600)
    assert desk.run() == {}
    desk.clock.sleep(1)

    assert desk.run() == {"escalated": 1}
    assert desk.run() == {}


def test_new_rules_look_at_everybody(desk):
    """Effort becomes a reason for a case: an answer that was read before opens one."""
    desk.answer(1, 2, "ces")
    desk.run()
    assert desk.cases() == []
    desk.settings = desk.settings.model_copy(
        update={"rules": ("high_effort",), "teams": {"high_effort": "web"}}
    )

    desk.run()

    assert [(case.rule, case.team) for case in desk.cases()] == [("high_effort", "web")]


def test_every_step_has_one_leaf_without_a_name(desk):
    """Who has the case and what was written stay in the case; the log has its states."""
    desk.answer(1, 3)
    desk.run()
    desk.take(case_steps.assign(desk.only(), "kim@example.org", doer(desk)))
    tell(desk)

    with desk.store.read() as connection:
        query = select(audit_leaves.c.kind, audit_leaves.c.body, audit_leaves.c.subject)
        leaves = connection.execute(query.where(audit_leaves.c.kind.like("case.%"))).all()

    assert sorted(leaf.kind for leaf in leaves) == ["case.assigned", "case.informed", "case.opened"]
    assert len({leaf.subject for leaf in leaves}) == 1
    assert not any(word in bytes(leaf.body) for leaf in leaves for word in (b"kim@", b"mail-7"))
