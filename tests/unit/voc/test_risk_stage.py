"""The risk stage: one timeline read once, one rise for each time that a risk becomes high."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from hub.core.clock import ManualClock, from_micros, to_micros
from hub.core.records import AnyRecord, Feedback, Interaction, Message, Ticket, encode
from hub.core.settings import DEFAULT_PURPOSES, LoopSection, RiskSection
from hub.store import assessments, bulk, cases, dirty, rises
from hub.store.cases import Case
from hub.store.engine import Store
from hub.store.rises import Rise
from hub.store.schema import cluster_members, consent_events, golden_records, source_records
from hub.voc import assessment, case_desk, case_run, case_steps, risk_run
from hub.voc.case_steps import Doer
from hub.voc.method import method
from hub.voc.own_scorer import Terms
from hub.voc.rise import why
from tests.conftest import quick_on_sqlite
from tests.unit.journeys.histories import History
from tests.unit.voc.complaints import KEYS

pytestmark = quick_on_sqlite
SHE, HE = "g1", "g2"


class Fading:
    """Customers who come every other day until their ticket goes round; then they do not."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store, self.clock, self.history = store, clock, History(store)
        self.began = clock.now()
        self.rids = {who: self.history.person(who, golden={"given_name": who}) for who in (SHE, HE)}

    def ago(self, days: float) -> datetime:
        return self.clock.now() - timedelta(days=days)

    def visits(self, who: str, *days_ago: float) -> None:
        for days in days_ago:
            at = self.ago(days)
            self.history.add(
                who, f"app/visits/{who}-{to_micros(at)}", Interaction(at=at, kind="login")
            )
        self.mark(who)

    def fades(self, who: str, gone: float = 20, again: str = "") -> None:
        """Regular for weeks, then a ticket that three have had in hand, and no visit since."""
        ticket = f"{who}{again}"
        self.visits(who, *(gone + 2 * n for n in range(10 if again else 35)))
        self.history.add(who, f"desk/tickets/{ticket}", self._ticket(gone))
        for n in range(4):
            at = self.ago(gone - n / 4)
            asked = Message(at=at, ticket=ticket, direction="in", text="Any news?")
            self.history.add(who, f"desk/messages/{ticket}-{n}", asked)

    def _ticket(self, gone: float, **more: object) -> Ticket:
        return Ticket(
            at=self.ago(gone), subject="Charged twice", assignee_stations=3, **more,  # type: ignore[arg-type]
        )  # fmt: skip

    def comes_back(self, who: str, gone: float = 20) -> None:
        """The ticket is solved, and they visit again."""
        solved = self._ticket(gone, status="solved", solved_at=self.ago(1))
        self._rewrite(who, solved)
        self.visits(who, *(n / 2 for n in range(1, 16)))

    def _rewrite(self, who: str, record: AnyRecord) -> None:
        with self.store.write() as connection:
            which = (source_records.c.source_id == who, source_records.c.entity == "ticket")
            change = update(source_records).where(*which)
            connection.execute(change.values(canonical=encode(record)))
        self.mark(who)

    def objects(self, who: str, purpose: str) -> None:
        """They refuse a purpose, whatever the channel."""
        now = to_micros(self.clock.now())
        event = {
            "event_id": "e1", "rid": self.rids[who], "purpose": purpose, "channel": "*",
            "brand": "", "decision": "object", "strength": "confirmed", "given_by": "self",
            "asserted_at": now, "asserted_as": "source", "observed_at": now,
            "origin": "human_act",
        }  # fmt: skip
        with self.store.write() as connection:
            bulk.insert(connection, consent_events, tuple(event), [tuple(event.values())])

    def mark(self, *golden_ids: str) -> None:
        seq = dirty.sequence(self.store)
        with self.store.write() as connection:
            for stage in ("risk", "cases"):
                dirty.mark(connection, stage, golden_ids, cause="test", seq=seq)

    def look(self, terms: Terms | None = None, **loop: object) -> risk_run.RiskReport:
        """A run: risk, then cases."""
        report = risk_run.run(self.store, terms or Terms())
        settings = LoopSection.model_validate(loop)
        case_run.run(self.store, settings, DEFAULT_PURPOSES, KEYS, actor="os:test")
        return report

    def rises(self, *who: str) -> list[Rise]:
        with self.store.read() as connection:
            found = rises.latest(connection, [self.rids[each] for each in who or (SHE,)])
        return list(found.values())

    def cases(self) -> list[Case]:
        with self.store.read() as connection:
            return [case for _, case in cases.customers(connection)]

    def act(self, kind: str) -> None:
        """Somebody takes the only case a step further."""
        (case,) = [each for each in self.cases() if each.state in cases.WAITING]
        now = to_micros(self.clock.now())
        doer = Doer("os:kim", now)
        step = (
            case_steps.assign(case, "Kim", doer)
            if kind == "assign"
            else case_steps.inform(case, "mail/1", now, doer)
        )
        case_desk.act(self.store, [case.case_id], lambda _case: step)

    def forgets_marks(self, *stages: dirty.Stage) -> None:
        """As if those stages had run."""
        with self.store.write() as connection:
            for stage in stages:
                dirty.done(connection, stage, dirty.waiting(connection, stage, 10))

    def waits(self, who: str) -> Sequence[str]:
        with self.store.read() as connection:
            stages: tuple[dirty.Stage, ...] = ("risk", "cases", "profile")
            keys = {
                stage: {m.key for m in dirty.waiting(connection, stage, 10)} for stage in stages
            }
        return [stage for stage in stages if who in keys[stage]]


@pytest.fixture
def club(store: Store, clock: ManualClock) -> Fading:
    """Two customers without a past."""
    return Fading(store, clock)


def test_who_says_nothing_has_a_case_once_the_risk_is_high(club: Fading) -> None:
    """S0-01 with the settings as shipped: nobody asked, nobody complained, somebody is told."""
    club.fades(SHE)
    club.visits(HE, 1, 3, 5)

    report = club.look(rules=["high_risk"])

    (case,), (rise,) = club.cases(), club.rises()
    assert report.rose == 1
    assert (case.rule, case.state, case.party_rid) == ("high_risk", "open", club.rids[SHE])
    assert case.at == rise.at == to_micros(club.clock.now())
    assert f"desk/tickets/{SHE}" in {record for each in why(rise) for record in each.records}
    assert "high_risk" in LoopSection().rules


def test_a_rise_is_seen_once(club: Fading) -> None:
    """However often, and on however many days, she is looked at while the risk is high."""
    club.fades(SHE)
    club.look()
    first = club.rises(), club.cases()

    for _ in range(3):
        club.clock.sleep(86_400)
        club.mark(SHE)
        assert club.look().rose == 0

    assert (club.rises(), club.cases()) == first


def test_late_records_move_no_rise(club: Fading) -> None:
    """The hub saw it when it saw it: an older message changes the risk, not its rise."""
    club.fades(SHE)
    club.look()
    (rise,), (case,) = club.rises(), club.cases()

    late = Message(at=club.ago(25), ticket=SHE, direction="in", text="And once more, please.")
    club.history.add(SHE, "desk/messages/late", late)
    club.mark(SHE)
    club.look()

    assert club.rises() == [rise]
    assert club.cases() == [case]


def test_a_risk_that_falls_by_itself_takes_its_case_along(club: Fading) -> None:
    """There is nothing to do any more; nobody is told that the case was closed."""
    club.fades(SHE)
    club.look(rules=["high_risk"])
    club.comes_back(SHE)

    club.look(rules=["high_risk"])

    (rise,), (case,) = club.rises(), club.cases()
    assert rise.ended_at == to_micros(club.clock.now())
    assert (case.state, case.reason) == ("suppressed", "risk_fell")


def test_what_somebody_has_in_hand_goes_on_when_the_risk_falls(club: Fading) -> None:
    """It may have fallen because they called: they are to say so."""
    club.fades(SHE)
    club.look(rules=["high_risk"])
    club.act("assign")
    club.comes_back(SHE)

    club.look(rules=["high_risk"])

    assert [case.state for case in club.cases()] == ["assigned"]


def test_who_complains_while_somebody_has_them_in_hand_waits_for_one_word(club: Fading) -> None:
    """The risk fell, the call is still to be made, and now they answer badly: one case."""
    club.fades(SHE)
    club.look(rules=["high_risk", "detractor"])
    club.act("assign")
    club.comes_back(SHE)
    club.look(rules=["high_risk", "detractor"])
    low = Feedback(at=club.ago(0.1), instrument="nps", score=2, scale_min=0, scale_max=10)
    club.history.add(SHE, "surveys/answers/1", low)
    club.mark(SHE)

    club.look(rules=["high_risk", "detractor"])

    assert [case.state for case in club.cases()] == ["assigned"]


@pytest.mark.parametrize("told", [False, True])
def test_a_second_rise_is_a_second_case_only_after_a_word(club: Fading, told: bool) -> None:
    """Without one the first goes on, from the new instant."""
    club.fades(SHE)
    club.look(rules=["high_risk"])
    if told:
        club.act("inform")
    club.comes_back(SHE)
    club.clock.sleep(3_600)
    club.look(rules=["high_risk"])
    club.clock.sleep(40 * 86_400)
    club.fades(SHE, again="-2")

    club.look(rules=["high_risk"])

    assert [case.state for case in club.cases()] == (["informed", "open"] if told else ["open"])
    assert club.cases()[-1].at == to_micros(club.clock.now())


def test_who_had_faded_long_before_the_hub_looked_is_history(club: Fading) -> None:
    """A hub that is new does not hand out everybody who ever left quietly."""
    club.visits(HE, 1, 2)
    club.fades(SHE, gone=30)

    club.look(rules=["high_risk"], look_back="14d")

    (rise,), (case,) = club.rises(), club.cases()
    assert (case.state, case.reason) == ("suppressed", "history")
    assert club.clock.now() - from_micros(rise.since) > timedelta(days=14)


def test_two_who_turn_out_to_be_one_have_one_case(club: Fading) -> None:
    """Each had a rise of their own; the word is one."""
    for who in (SHE, HE):
        club.fades(who)
    club.look(rules=["high_risk"])
    with club.store.write() as connection:
        connection.execute(update(cluster_members).values(golden_id=SHE))
        connection.execute(delete(golden_records).where(golden_records.c.golden_id == HE))
    club.mark(SHE, HE)

    club.look(rules=["high_risk"])

    assert sorted((case.state, case.reason) for case in club.cases()) == [
        ("open", None), ("suppressed", "joined"),
    ]  # fmt: skip
    with club.store.read() as connection:
        assert assessments.held(connection, [SHE, HE]).keys() == {SHE}


def test_an_unknown_risk_ends_no_rise(club: Fading) -> None:
    """That the hub sees less of them is no reason to stop."""
    club.fades(SHE)
    club.look(rules=["high_risk"])
    blind = Terms(by=method(Path(), RiskSection(floor=100)))

    club.look(blind, rules=["high_risk"])

    with club.store.read() as connection:
        told = assessment.read(assessments.held(connection, [SHE])[SHE])
    assert told.standing.band == "unknown"
    assert [rise.ended_at for rise in club.rises()] == [None]
    assert [case.state for case in club.cases()] == ["open"]


def test_who_refused_to_be_scored_has_no_case_of_a_score(club: Fading) -> None:
    """An objection to analytics (GDPR Art. 21) holds what rests on nothing else."""
    club.fades(SHE)
    club.objects(SHE, "analytics")

    club.look(rules=["high_risk"])

    assert [(case.state, case.reason) for case in club.cases()] == [("suppressed", "no_contact")]


def test_only_what_moved_is_handed_on(club: Fading) -> None:
    """Who says the same as before is marked for nobody."""
    club.fades(SHE)
    club.forgets_marks("cases")
    risk_run.run(club.store, Terms())
    first = club.waits(SHE)
    club.mark(SHE)
    club.forgets_marks("cases", "profile")

    risk_run.run(club.store, Terms())

    assert (first, club.waits(SHE)) == (["cases", "profile"], [])


def test_a_day_that_changes_nothing_writes_nothing(club: Fading) -> None:
    """Of who has no past every day says the same."""
    club.look()
    club.clock.sleep(86_400)

    report = club.look()

    assert (report.looked_at, report.changed) == (2, 0)


def test_what_is_kept_is_what_was_read(club: Fading) -> None:
    """Bytes and back: every reason, instant and record."""
    club.fades(SHE)
    risk_run.run(club.store, Terms())

    with club.store.read() as connection:
        (body,) = assessments.held(connection, [SHE]).values()
        known = connection.execute(select(golden_records.c.golden_id)).scalars().all()

    told = assessment.read(body)
    assert assessment.body(told) == body
    assert told.standing.band == "high"
    assert told.unsolved is not None and told.unsolved.source == f"desk/tickets/{SHE}"
    assert told.advice is not None and told.advice.points < (told.standing.risk.points or 0)
    assert set(known) == {SHE, HE}
