"""A world in which people leave for reasons: reproducible, valid, and silent about the reasons."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from hub.core.ids import SourceKey
from hub.core.records import (
    AnyRecord,
    Feedback,
    Interaction,
    Message,
    Order,
    Person,
    Subscription,
    Ticket,
    decode,
    encode,
)
from hub.emulation.world.churn import CAUSES, ChurnWorld, Subscriber, known
from hub.emulation.world.churn.habits import HIDDEN

SECOND = timedelta(seconds=1)
LATER = datetime.max.replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> ChurnWorld:
    return ChurnWorld.build(7, subscribers=150)


def left(world: ChurnWorld) -> list[Subscriber]:
    """Who left within the year."""
    return [s for s in world.subscribers if s.fate.left_at and s.fate.left_at < world.end]


def stayed(world: ChurnWorld) -> list[Subscriber]:
    return [s for s in world.subscribers if s.fate.left_at is None]


def had(people: Iterable[Subscriber], cause: str) -> list[Subscriber]:
    """Those to whom it happened."""
    return [s for s in people if any(each.cause == cause for each in s.fate.happenings)]


def words(record: AnyRecord) -> Iterator[str]:
    """Everything that a record says in words of the world, names and free comments aside."""
    match record:
        case Ticket():
            yield from (record.subject or "", record.body or "", record.category or "")
            yield from (record.channel or "", record.assignee or "")
        case Message():
            yield from (record.text or "", record.author or "", record.channel or "")
        case Interaction():
            yield from (record.kind, record.subject or "")
        case Subscription():
            yield record.plan or ""
        case Order():
            yield from (item.sku or "" for item in record.items)


def said(people: Iterable[Subscriber]) -> Counter[str]:
    """With how many people each of those words is met, before they left."""
    met: Counter[str] = Counter()
    for each in people:
        before = (told for told in each.told if told.at < (each.fate.left_at or LATER))
        met.update({word for told in before for word in words(told.record)})
    return met


def last_day(each: Subscriber) -> datetime:
    """When somebody left who did."""
    assert each.fate.left_at is not None
    return each.fate.left_at


def test_the_same_seed_makes_the_same_bytes(tmp_path):
    """Records and truth of two builds are byte for byte alike; another seed's are not."""
    files = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        built = ChurnWorld.build(seed, subscribers=8)
        built.write_records(tmp_path / f"{name}.jsonl")
        built.write_truth(tmp_path / f"{name}.json")
        files.append([(tmp_path / f"{name}.{kind}").read_bytes() for kind in ("jsonl", "json")])

    same, again, other = files

    assert same == again
    assert same[0] != other[0] and same[1] != other[1]


def test_more_subscribers_change_nobodys_story(world):
    """Chances depend on the seed and a customer's number: the first ones are as before."""
    few = ChurnWorld.build(7, subscribers=5)

    for one, other in zip(few.subscribers, world.subscribers, strict=False):
        assert one.fate == other.fate
        assert one.told[1:] == other.told[1:]  # the first is the person, named by the town


def test_every_record_is_canonical_and_knows_its_customer(world):
    """Records survive the strict decoder, keys parse, nobody's fact hangs on somebody else."""
    for each in world.subscribers:
        for told in each.told:
            assert decode(encode(told.record)) == told.record
            assert str(SourceKey.parse(told.source)) == told.source
            if not isinstance(told.record, Person):
                assert told.record.party.id == each.id


def test_no_cause_leaks_into_a_record(world, tmp_path):
    """Neither an id nor a text holds the name of a cause or a word of the truth file."""
    world.write_records(tmp_path / "records.jsonl")
    names = [*CAUSES, *(name.replace("_", " ") for name in CAUSES), "leaver", "churn", "leaves_at"]

    text = (tmp_path / "records.jsonl").read_text().lower()

    assert [name for name in names if name in text] == []


def test_ids_say_nothing_but_whose_record_it_is(world):
    """An id is the customer's number and a count."""
    for each in world.subscribers:
        for told in each.told:
            assert re.fullmatch(rf"{each.id[1:]}-\d{{4}}", SourceKey.parse(told.source).source_id)


def test_who_leaves_says_nothing_that_who_stays_does_not(world):
    """No sentence, page, plan or agent that several leavers share is theirs alone."""
    theirs, others = said(left(world)), said(stayed(world))

    assert [word for word, people in theirs.items() if people >= 5 and not others[word]] == []


def test_records_end_when_the_customer_leaves(world):
    """The last thing told is the end of the contract; nothing is told before its own instant."""
    for each in left(world):
        assert each.told[-1].at == each.fate.left_at
        last = each.told[-1].record
        assert isinstance(last, Subscription) and last.ended_at == each.fate.left_at
    for each in world.subscribers:
        assert all(told.at < world.end for told in each.told)
        assert all(
            told.record.at <= told.at
            for told in each.told
            if isinstance(told.record, Interaction | Message | Order | Feedback | Ticket)
        )


def test_nobody_knows_of_the_end_before_it_comes(world):
    """A second before they leave, no contract says more than its own term."""
    for each in left(world):
        before = known(each.told, last_day(each) - SECOND)
        contracts = [record for record in before.values() if isinstance(record, Subscription)]
        assert [contract.end_reason for contract in contracts] == [None]
        assert all(contract.ended_at is None or contract.period == "year" for contract in contracts)


def test_the_past_is_known_as_it_was(world):
    """A ticket that is solved now was open on the day that it was opened."""
    subscriber, solved = next(
        (each, told)
        for each in world.subscribers
        for told in each.told
        if isinstance(told.record, Ticket) and told.record.status == "solved"
    )

    first = known(subscriber.told, solved.record.at)[solved.source]

    assert isinstance(first, Ticket)
    assert (first.status, first.assignee, first.solved_at) == ("new", None, None)
    assert known(subscriber.told, world.end)[solved.source] == solved.record


def test_a_hidden_system_tells_nothing(world):
    """Who is not known to the app has no log-in in the records."""
    assert set().union(*(each.hidden for each in world.subscribers)) == set(HIDDEN)
    for each in world.subscribers:
        told_by = {SourceKey.parse(told.source).connection for told in each.told}
        assert not told_by & each.hidden


def test_the_truth_file_names_the_reason_of_everybody_who_left(world, tmp_path):
    """Left and cause come together, and the cause is one that happened to them."""
    world.write_truth(tmp_path / "truth.json")

    people = json.loads((tmp_path / "truth.json").read_text())["subscribers"]

    assert list(people) == [each.id for each in world.subscribers]
    for each in people.values():
        assert (each["left_at"] is None) == (each["cause"] is None)
        deadly = {(h["leaves_at"], h["cause"]) for h in each["happenings"] if h["leaves_at"]}
        assert each["cause"] is None or (each["left_at"], each["cause"]) == min(deadly)


def test_healthy_customers_have_the_same_surface(world):
    """Stayers have tickets that nobody solved, failed payments and weeks without a log-in."""
    calm = stayed(world)
    open_tickets = [
        each
        for each in calm
        if any(
            isinstance(record, Ticket) and record.status != "solved"
            for record in known(each.told, world.end).values()
        )
    ]
    failed = [
        each
        for each in calm
        if any(
            isinstance(told.record, Interaction) and told.record.kind == "payment_failed"
            for told in each.told
        )
    ]

    assert len(open_tickets) >= len(calm) // 20
    assert len(failed) >= len(calm) // 20
    assert sum(_longest_pause(each) >= timedelta(days=21) for each in calm) >= len(calm) // 4


def _longest_pause(each: Subscriber) -> timedelta:
    """Between two log-ins."""
    days = [told.at for told in each.told if told.source.startswith("app/log_ins/")]
    return max((b - a for a, b in pairwise(days)), default=timedelta(0))


def test_some_leave_without_a_trace(world):
    """Not everybody can be seen: some come as often as ever in their last month."""
    month = timedelta(days=30)
    unchanged = 0
    for each in left(world):
        visits = Counter(
            (last_day(each) - told.at) // month
            for told in each.told
            if told.source.startswith("app/log_ins/")
        )
        unchanged += visits[0] >= max(2, visits[1])

    assert unchanged >= len(left(world)) // 10


def test_the_page_about_the_world_tells_its_base_rates():
    """Each row of the table in the documentation has the figures of CAUSES."""
    page = Path(__file__).parents[3] / "docs" / "explanation" / "churn-world.md"
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|", page.read_text(), re.M)

    assert [name for name, *_ in rows] == list(CAUSES)
    for name, happens, leave, days in rows:
        cause = CAUSES[name]
        assert happens.startswith("all" if cause.share == 1 else f"{100 * cause.share:g} %")
        assert leave == ("all" if cause.leaves == 1 else f"{100 * cause.leaves:g} %")
        assert days == "–".join(str(day) for day in dict.fromkeys(cause.delay))


def test_a_town_has_no_more_people_than_telephone_numbers():
    """A world that is too large is refused."""
    with pytest.raises(ValueError, match="people"):
        ChurnWorld.build(1, subscribers=1_000_000)


@pytest.mark.slow
def test_base_rates_are_what_the_table_says():
    """Over two worlds, people leave as often as CAUSES says, within sampling error."""
    worlds = [ChurnWorld.build(seed, subscribers=400) for seed in (11, 12)]
    everybody = [each for world in worlds for each in world.subscribers]
    gone = [each for world in worlds for each in left(world)]

    assert 0.20 <= len(gone) / len(everybody) <= 0.35
    reasons = Counter(each.fate.cause for each in gone)
    assert set(reasons) == set(CAUSES)
    assert 0.14 <= reasons["failed_payment"] / len(gone) <= 0.30
    for name in ("unresolved_issue", "complaint_unheard", "not_adopted", "failed_payment"):
        met = had(everybody, name)
        leaving = sum(
            happening.leaves_at is not None
            for each in met
            for happening in each.fate.happenings
            if happening.cause == name
        )
        assert leaving / len(met) == pytest.approx(CAUSES[name].leaves, abs=0.15)
    issues = len(had(everybody, "unresolved_issue")) / len(everybody)
    assert issues == pytest.approx(CAUSES["unresolved_issue"].share, abs=0.04)
