"""The law of the cases stage: after every event, the cases are what the answers say.

The other side is a definition in a few lines, which knows no stage: the bad answers of a customer
and the risk that is high, cut where they were told something. Answers come late, twice, changed and
not at all, people turn out to be one or two, staff are at work in between.
"""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import select

from hub.core.clock import ManualClock, to_micros
from hub.core.errors import HubError
from hub.core.records import Feedback, decode
from hub.store import cases, rises
from hub.store.engine import Store
from hub.store.schema import cluster_members, facts, source_records
from hub.voc import case_steps
from hub.voc.case_steps import Doer
from tests.unit.voc.complaints import Complaints

PEOPLE = 4
SET_ASIDE = {"joined", "answer_gone", "customer_gone", "risk_fell"}


class World:
    """Throws events at a business."""

    def __init__(self, desk: Complaints, seed: int) -> None:
        self.desk, self.dice = desk, random.Random(seed)
        self.answers: list[int] = []
        self.taken: list[tuple[object, ...]] = []
        self.high: set[int] = set()
        for rid in range(1, PEOPLE + 1):
            desk.customer(rid)

    def step(self) -> str:
        weights = {
            "answer": 20, "correct": 8, "take_back": 6, "bring_back": 4, "move": 6, "leave": 2,
            "refuse": 3, "forgive": 3, "work": 25, "sleep": 10, "rise": 8, "fall": 6,
        }  # fmt: skip
        kind = self.dice.choices(list(weights), list(weights.values()))[0]
        getattr(self, kind)()
        return kind

    def someone(self) -> int:
        return self.dice.randint(1, PEOPLE)

    def late(self):
        return self.desk.clock.now() - timedelta(hours=self.dice.expovariate(1 / 40))

    def answer(self) -> None:
        at = self.late() - timedelta(days=self.dice.choice((0, 0, 0, 60)))
        score, instrument = self.dice.choice(((3, "nps"), (9, "nps"), (1, "csat"), (5, "csat")))
        self.answers.append(self.desk.answer(self.someone(), score, instrument, at))

    def correct(self) -> None:
        if self.answers:
            at = self.dice.choice((None, self.late()))
            self.desk.says_now(self.dice.choice(self.answers), self.dice.choice((2, 8)), at)

    def take_back(self) -> None:
        if self.answers:
            self.taken.append(self.desk.take_back(self.answers.pop()))

    def bring_back(self) -> None:
        if self.taken:
            row = self.taken.pop()
            self.desk.bring_back(row)
            self.answers.append(int(str(row[0])))

    def move(self) -> None:
        self.desk.customer(self.someone(), f"g{self.someone()}")

    def rise(self) -> None:
        who = self.someone()
        if who not in self.high:
            self.desk.risk_rises(who, self.dice.choice((0, 3, 40)))
            self.high.add(who)

    def fall(self) -> None:
        if self.high:
            self.desk.risk_falls(self.high.pop())

    def leave(self) -> None:
        self.desk.leaves(self.someone())

    def refuse(self) -> None:
        self.desk.refuses(self.someone())

    def forgive(self) -> None:
        self.desk.forgets_refusals(self.someone())

    def work(self) -> None:
        """Somebody takes whatever step of whatever case; most that cannot be are refused."""
        found = self.desk.cases()
        if not found:
            return
        case = self.dice.choice(found)
        now = to_micros(self.desk.clock.now())
        doer = Doer("os:kim", now)
        steps = (
            lambda: case_steps.assign(case, "Kim", doer),
            lambda: case_steps.inform(case, "mail", now, doer),
            lambda: case_steps.close(case, doer),
            lambda: case_steps.decline(case, "mail", now, doer),
        )
        with suppress(HubError):
            self.desk.take(self.dice.choice(steps)())

    def sleep(self) -> None:
        self.desk.clock.sleep(self.dice.randrange(1, 30) * 3_600)


def asking(store: Store) -> dict[str, list[tuple[int, int, bool]]]:
    """Per customer: instant, row id and whether it is history, of all that asks, in order."""
    with store.read() as connection:
        rows = connection.execute(
            select(cluster_members.c.golden_id, source_records, facts.c.at)
            .join(facts, facts.c.party_rid == cluster_members.c.rid)
            .join(source_records, source_records.c.rid == facts.c.rid)
        ).all()
    found: dict[str, list[tuple[int, int, bool]]] = {}
    for row in rows:
        said = decode(row.canonical)
        assert isinstance(said, Feedback)
        if said.score is not None and said.score <= (6 if said.instrument == "nps" else 2):
            old = row.created_at - row.at > 30 * 86_400_000_000
            found.setdefault(row.golden_id, []).append((min(row.at, row.changed_at), row.rid, old))
    with store.read() as connection:
        customers = list(
            connection.execute(select(cluster_members.c.golden_id).distinct()).scalars()
        )
        for who, high in rises.standing(connection, customers).items():
            for each in high:
                old = each.at - each.since > 30 * 86_400_000_000
                found.setdefault(who, []).append((each.at, each.party_rid, old))
    return {who: sorted(answers) for who, answers in found.items()}


def cut(answers: list[tuple[int, int, bool]], words: list[int]) -> list[list[int]]:
    """The definition: two answers wait together unless a word, or an age, lies between them."""
    found: dict[object, list[int]] = {}
    for at, rid, old in answers:
        later = [word for word in words if word >= at]
        found.setdefault(min(later) if later else old, []).append(rid)
    return list(found.values())


def check(desk: Complaints) -> None:
    """Every episode has one case of its own, and no other case stands."""
    answers = asking(desk.store)
    with desk.store.read() as connection:
        whose = {case.case_id: (who, case) for who, case in cases.customers(connection)}
        every = [rid for given in answers.values() for _, rid, _ in given]
        now_in = cases.of_answers(connection, every)
    standing = set()
    for who, given in answers.items():
        at = {rid: when for when, rid, _ in given}
        words = [
            case.informed_at for customer, case in whose.values()
            if customer == who and case.informed_at is not None
        ]  # fmt: skip
        for episode in cut(given, words):
            (name,) = {now_in[rid] for rid in episode}
            customer, case = whose[name]
            assert customer == who
            assert case.reason not in SET_ASIDE
            assert case.informed_at is not None or case.at == at[episode[0]]
            assert name not in standing, "two episodes in one case"
            standing.add(name)
    for name, (_, case) in whose.items():
        in_hand = (case.rule, case.state) == ("high_risk", "assigned")
        settled = case.informed_at is not None or case.reason in SET_ASIDE
        assert name in standing or settled or in_hand


def play(desk: Complaints, events: int, seed: int) -> Counter[str]:
    world, counts = World(desk, seed), Counter[str]()
    for _ in range(events):
        counts[world.step()] += 1
        desk.run()
        check(desk)
        desk.mark(*(f"g{rid}" for rid in range(1, PEOPLE + 1)))
        assert desk.run() == {}, "everybody at once gives something else than one by one"
    return counts


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_after_every_event_the_cases_are_what_the_answers_say(store: Store, clock: ManualClock):
    """Fifteen events; after each everybody is looked at again, and nothing happens."""
    counts = play(Complaints(store, clock), 15, seed=4)

    assert len(counts) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_after_each_of_many_events_too(store: Store, clock: ManualClock, seed: int):
    """Sixty on either database, with two seeds."""
    play(Complaints(store, clock), 60, seed=seed)
