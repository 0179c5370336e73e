"""Who is in a segment and who was: as a run finds it, through merges, splits and new versions."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import update

from hub.segments.files import shipped
from hub.store.schema import order_entries
from tests.conftest import quick_on_sqlite
from tests.unit.segments.crowd import Crowd, dynamic, names, written

DAY = 86_400_000_000
REPEAT = dynamic("repeat", "value.orders >= 2")


@pytest.fixture
def repeat(tmp_path):
    return written(tmp_path, REPEAT)


@quick_on_sqlite
def test_a_member_enters_and_leaves_with_the_facts(crowd: Crowd, repeat):
    """Two orders make a member; when one turns out to be cancelled, the row is closed."""
    crowd.person(1)
    crowd.order(1, "a", 1_000, crowd.clock.now())
    row = crowd.order(1, "b", 1_000, crowd.clock.now())
    crowd.look(repeat)
    began = crowd.now
    crowd.clock.sleep(3_600)
    cancel(crowd, row["rid"])

    crowd.look(repeat)

    (spell,) = crowd.spells("g1")
    assert (spell.segment, spell.since, spell.until) == ("repeat", began, crowd.now)
    assert crowd.members("repeat") == []


def test_as_of_tells_who_was_in_it_then(crowd: Crowd, repeat):
    """Half-open: in from the instant of entering, out from the instant of leaving."""
    crowd.person(1)
    crowd.buys(1, 1)
    row = crowd.order(1, "b", 1_000, crowd.clock.now())
    crowd.look(repeat)
    began = crowd.now
    crowd.clock.sleep(3_600)
    cancel(crowd, row["rid"])
    crowd.look(repeat)
    ended = crowd.now

    told = [crowd.members("repeat", at) for at in (began - 1, began, ended - 1, ended, None)]

    assert told == [[], ["g1"], ["g1"], [], []]


@quick_on_sqlite
def test_nothing_new_writes_nothing(crowd: Crowd, repeat):
    """A look at the same facts an hour later leaves every row as it is."""
    crowd.person(1)
    crowd.buys(1, 2)
    crowd.look(repeat)
    before = crowd.spells("g1")
    crowd.clock.sleep(3_600)
    crowd.mark("profile", "g1")

    crowd.look(repeat)

    assert crowd.spells("g1") == before


@quick_on_sqlite
def test_a_changed_file_looks_at_everybody(crowd: Crowd, tmp_path):
    """Nobody is marked by an edit of the file, and still everybody's membership follows it."""
    crowd.person(1)
    crowd.person(2)
    crowd.buys(1, 1)
    crowd.buys(2, 2)
    crowd.look(written(tmp_path, REPEAT))
    crowd.clock.sleep(60)

    crowd.look(written(tmp_path, dynamic("repeat", "value.orders >= 1", version=2)))

    assert crowd.standing() == {("g1", "repeat", 2), ("g2", "repeat", 2)}


@quick_on_sqlite
def test_a_new_version_does_not_break_a_spell(crowd: Crowd, tmp_path):
    """Who fits both versions has been in it all the time; the row of each version is kept."""
    crowd.person(1)
    crowd.buys(1, 2)
    crowd.look(written(tmp_path, REPEAT))
    began = crowd.now
    crowd.clock.sleep(60)

    crowd.look(written(tmp_path, dynamic("repeat", "value.orders > 1", version=2)))

    (spell,) = crowd.spells("g1")
    assert (spell.since, spell.until, spell.version) == (began, None, 2)
    assert len(crowd.standing()) == 1


@quick_on_sqlite
def test_a_segment_that_was_removed_has_no_members(crowd: Crowd, repeat, tmp_path):
    """Its rows are closed and stay for as-of questions."""
    crowd.person(1)
    crowd.buys(1, 2)
    crowd.look(repeat)
    crowd.clock.sleep(60)

    crowd.look(written(tmp_path, dynamic("other", "value.orders > 5"), name="b.toml"))

    assert (crowd.members("repeat"), crowd.members("repeat", crowd.now - 1)) == ([], ["g1"])


def test_a_merge_moves_the_membership_with_its_history(crowd: Crowd, repeat):
    """The survivor has been a member since the first of the two was."""
    for rid in (1, 2):
        crowd.person(rid)
    crowd.buys(2, 2)
    crowd.look(repeat)
    began = crowd.now
    crowd.clock.sleep(3_600)
    crowd.merge("g2", into="g1")

    crowd.look(repeat)

    assert crowd.members("repeat") == ["g1"]
    assert crowd.members("repeat", began) == ["g2"]
    (spell,) = crowd.spells("g1")
    assert (spell.golden_id, spell.since, spell.until) == ("g1", began, None)


def test_a_split_takes_its_past_along(crowd: Crowd, repeat):
    """Who is split off was a member as part of the other; who stays behind is one no more."""
    crowd.person(1)
    crowd.customer(2, "g1")
    crowd.buys(2, 2)
    crowd.look(repeat)
    began = crowd.now
    crowd.clock.sleep(3_600)
    crowd.split(2, away="g9")

    crowd.look(repeat)

    assert crowd.members("repeat") == ["g9"]
    assert [(s.since, s.until) for s in crowd.spells("g9")] == [(began, None)]
    assert [(s.since, s.until) for s in crowd.spells("g1")] == [(began, crowd.now)]


@quick_on_sqlite
def test_an_undone_merge_leaves_one_spell(crowd: Crowd, repeat):
    """Who was a member alone, then as part of another, then alone again was one all the time."""
    for rid in (1, 2):
        crowd.person(rid)
    crowd.buys(2, 2)
    crowd.look(repeat)
    began = crowd.now
    crowd.clock.sleep(3_600)
    crowd.merge("g2", into="g1")
    crowd.look(repeat)
    joined = crowd.now
    crowd.clock.sleep(3_600)
    crowd.split(2, away="g2")

    crowd.look(repeat)

    assert [(s.since, s.until) for s in crowd.spells("g2")] == [(began, None)]
    assert [(s.since, s.until) for s in crowd.spells("g1")] == [(joined, crowd.now)]


def test_a_list_follows_its_records_and_former_ids(crowd: Crowd, tmp_path):
    """A record on the list makes its customer a member, whoever they are by then."""
    (tmp_path / "vip.csv").write_text("customer,why\ng3,friend\n")
    static = 'kind = "static"\nmembers = ["g1"]\ncsv = "vip.csv"'
    listed = written(tmp_path, f'id = "vip"\nversion = 1\ntitle = "V"\nowner = "Kim"\n{static}')
    for rid in (1, 2, 3):
        crowd.person(rid)
    crowd.look(listed)
    crowd.clock.sleep(60)
    crowd.merge("g1", into="g2")

    crowd.look(listed)

    assert crowd.members("vip") == ["g2", "g3"]


@quick_on_sqlite
def test_an_event_lets_in_for_its_window_and_no_longer(crowd: Crowd, tmp_path):
    """A review counts on the day that is 30 days after it, and not on the next."""
    event = 'kind = "event"\nevent = { kinds = ["review"], within = "30d" }'
    wrote = written(tmp_path, f'id = "wrote"\nversion = 1\ntitle = "W"\nowner = "Kim"\n{event}')
    for rid, ago in ((1, 30), (2, 31)):
        crowd.person(rid)
        crowd.reviews(rid, ago)
    crowd.look(wrote)
    first = crowd.members("wrote")
    crowd.clock.sleep(86_400)

    crowd.look(wrote)

    assert (first, crowd.members("wrote")) == (["g1"], [])


@quick_on_sqlite
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_step_by_step_gives_what_one_look_gives(crowd: Crowd, seed):
    """After every event the members are those that a look at everybody finds."""
    chance = random.Random(seed)
    segments, moves = shipped(), 4
    for rid in range(1, 7):
        crowd.person(rid)
        crowd.buys(rid, chance.randrange(3), ago=chance.choice((1, 60, 120, 300)))
    for _ in range(moves):
        happen(crowd, chance)
        crowd.clock.sleep(chance.choice((60, 86_400)))
        crowd.look(segments)
        step_by_step = crowd.standing()
        for golden_id in {who for who, _, _ in step_by_step}:
            crowd.mark("metrics", golden_id)
        crowd.look(segments)

        assert crowd.standing() == step_by_step


def happen(crowd: Crowd, chance: random.Random) -> None:
    rid = chance.randrange(1, 7)
    match chance.randrange(3):
        case 0:
            crowd.order(rid, f"x{chance.random()}", chance.randrange(100, 9_000), crowd.clock.now())
        case 1:
            crowd.answer(rid, "nps", chance.randrange(11), at=crowd.clock.now())
        case _:
            crowd.reviews(rid, chance.randrange(100))


def cancel(crowd: Crowd, rid: int) -> None:
    with crowd.store.write() as connection:
        entry = update(order_entries).where(order_entries.c.rid == rid)
        connection.execute(entry.values(cancelled=True))
    crowd.mark("facts", 1)


@quick_on_sqlite
def test_everybody_is_in_exactly_one_stage(crowd: Crowd):
    """The life cycle partitions all, recency and frequency those who have bought."""
    chance = random.Random(3)
    for rid in range(1, 11):
        crowd.person(rid)
        crowd.buys(rid, chance.randrange(4), chance.randrange(100, 999), chance.randrange(400))

    crowd.look()

    for rid in range(1, 11):
        own = [segment for who, segment, _ in crowd.standing() if who == f"g{rid}"]
        groups = [shipped().named(each).segment.exclusive_group for each in own]
        assert groups.count("lifecycle") == 1
        assert groups.count("rfm") == ("lead" not in own)


@quick_on_sqlite
def test_a_group_takes_the_first_that_fits(crowd: Crowd, tmp_path):
    """The order of the file decides between two segments of an exclusive group."""
    more = 'exclusive_group = "size"'
    both = written(
        tmp_path,
        dynamic("big", "value.orders >= 2", more=more),
        dynamic("any", "value.orders >= 1", more=more),
    )
    crowd.person(1)
    crowd.buys(1, 2)

    crowd.look(both)

    assert names(crowd.spells("g1")) == ["big"]
