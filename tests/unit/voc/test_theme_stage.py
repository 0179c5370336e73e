"""Themes: one mention is none, twenty are; one loud customer is one; late data, kills, history."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from hub.core.clock import ManualClock
from hub.store import themes
from hub.store.engine import Store
from hub.store.schema import audit_leaves, theme_mentions
from hub.voc import theme_run
from tests.conftest import Databases
from tests.unit.voc.writers import LABEL, OTHER, Writers, usual


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One database, but for the test that says otherwise."""
    return sqlite_databases


@pytest.fixture
def desk(store: Store, clock: ManualClock) -> Writers:
    return usual(Writers(store, clock))


def last_week(desk: Writers) -> datetime:
    """A day of the last week that is over: the clock stands on a Thursday."""
    return desk.clock.now() - timedelta(days=5)


def test_one_mention_is_no_alert_and_twenty_are(desk):
    """The same theme, in the week that is over: once as usual, then by twenty customers."""
    desk.write(200, LABEL, last_week(desk))
    first = desk.run()
    desk.write_all(range(201, 220), LABEL, last_week(desk))
    second = desk.run()

    assert first == {}
    assert second["found"] >= 1
    assert "return label" in desk.open_themes()


def test_who_shouts_is_one_customer(desk):
    """Twenty texts of one customer are one mention."""
    for _ in range(20):
        desk.write(200, LABEL, last_week(desk))

    assert desk.run() == {}


def test_the_running_week_need_not_end(desk):
    """Twenty customers since yesterday are found today."""
    desk.write_all(range(200, 220), LABEL)

    desk.run()

    assert "return label" in desk.open_themes()


def test_everybody_writing_more_of_everything_is_no_theme(desk):
    """Half as many again of all themes: no share has risen, and no volume by more than chance."""
    desk.write_all(range(15), OTHER, last_week(desk))

    assert desk.run() == {}


def test_praise_is_no_theme(desk):
    """Twenty customers who like the delivery are nobody's task."""
    desk.write_all(
        range(200, 220), "I love the quick delivery, excellent service!", last_week(desk)
    )

    assert desk.run() == {}


def test_a_young_business_has_no_baseline(store, clock):
    """Seven weeks are too few to say what is usual."""
    desk = usual(Writers(store, clock), weeks=7)
    desk.write_all(range(200, 220), LABEL)

    assert desk.run() == {}


def test_a_rise_of_long_ago_is_history(desk):
    """What rose two months before the hub read it is nobody's task."""
    desk.write_all(range(200, 220), LABEL, desk.clock.now() - timedelta(days=60))

    assert desk.run() == {}


def test_the_next_week_of_the_same_theme_is_the_same_task(desk):
    """Until it is settled, the theme that goes on rising has one improvement."""
    desk.write_all(range(200, 220), LABEL)
    desk.run()
    desk.clock.sleep(7 * 86_400)
    desk.write_all(range(220, 260), LABEL)
    desk.run()

    assert desk.open_themes().count("return label") == 1


def test_what_late_data_disprove_is_withdrawn_and_found_again_when_they_prove_it(desk):
    """Nobody has taken it: the source takes texts back, and brings them again."""
    facts = desk.write_all(range(200, 220), LABEL)
    desk.run()
    for fact in facts[1:]:
        desk.take_back(fact)
    desk.run()
    gone = desk.open_themes()
    desk.write_all(range(200, 220), LABEL)
    desk.run()

    assert gone == []
    (again,) = [each for each in desk.improvements() if each.theme == "return label"]
    assert (again.state, again.steps) == ("found", 3)
    with desk.store.read() as connection:
        kept = connection.execute(
            select(theme_mentions.c.rid).where(theme_mentions.c.rid.in_(facts))
        )
        assert set(kept.scalars()) == {facts[0]}


def test_people_who_turn_out_to_be_one_are_counted_as_one(desk):
    """Twenty records of four customers are four mentions: too few."""
    desk.write_all(range(200, 220), LABEL)
    desk.run()
    for rid in range(200, 220):
        desk.customer(rid, f"merged{rid % 4}")
    desk.run()

    assert desk.open_themes() == []


def test_an_unchanged_second_run_does_nothing(desk, monkeypatch):
    """Nothing is counted again until something is marked or a week is over."""
    desk.write_all(range(200, 220), LABEL)
    desk.run()
    monkeypatch.setattr(theme_run, "found", lambda *_: pytest.fail("weighed again"))

    assert desk.run() == {}


def test_a_run_that_died_before_it_weighed_is_made_up_for(desk, monkeypatch):
    """The texts are read and their marks gone; the next run finds what rose all the same."""
    desk.run()
    desk.write_all(range(200, 220), LABEL)
    with monkeypatch.context() as patch:
        patch.setattr(themes, "forget_lost", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            desk.run()

    desk.run()

    assert "return label" in desk.open_themes()


def test_each_finding_has_one_audit_leaf_without_a_word_of_customers(desk):
    """A theme is a customer's phrase: it stays in the table."""
    desk.write_all(range(200, 220), LABEL)
    desk.run()

    with desk.store.read() as connection:
        rows = connection.execute(
            select(audit_leaves).where(audit_leaves.c.kind == "improvement.found")
        ).all()
    assert len(rows) == len(desk.improvements())
    assert not any("label" in str(row) for row in rows)
