"""A journey's own figures, what changed between versions, the process found, the board."""

from __future__ import annotations

import pytest

from hub.core.records import Feedback, Interaction, Ticket
from hub.journeys.board import board
from hub.journeys.definition import Pain
from hub.journeys.difference import Change, difference
from hub.journeys.discovery import MORE, Edge, discover, stage_names, touchpoint
from hub.journeys.funnel import funnel
from hub.journeys.performance import performance
from hub.journeys.timeline import events_of
from tests.unit.journeys.traces import ALWAYS, day, journey, people, trace

ABC = journey("abc")
DAY = 86_400


def test_performance_of_a_known_log():
    """Four customers: two completed in 2 and 10 days, one lost in silence, one still open."""
    answer = Feedback(at=day(1), instrument="csat", score=1, scale_min=1, scale_max=5)
    too_late = Feedback(at=day(4), instrument="csat", score=5, scale_min=1, scale_max=5)
    log = [
        trace("a0 b1 c2", Interaction(at=day(1.5), kind="call"), answer, too_late, who="1"),
        trace("a0 b5 c10", Ticket(at=day(6)), Ticket(at=day(7)), who="2"),
        trace("a0 b1", who="3"),
        trace("a95 b96", who="4"),
        trace("c1", who="5"),
    ]

    found = performance(ABC, log, day(100))

    assert (found.started, found.completed, found.open) == (4, 2, 1)
    assert (found.duration, found.duration_p90) == (6 * DAY, 10 * DAY)
    assert found.contacts == 0.75
    assert (found.felt, found.answers) == (-1.0, 1)
    assert found.outcomes == {"completed": 2, "open": 1, "silent": 1}


def test_a_journey_that_nobody_began_has_no_figures():
    """Zero customers are told as zero, and nothing is divided by them."""
    found = performance(ABC, people("c1"), ALWAYS)

    assert (found.started, found.duration, found.contacts, found.felt) == (0, None, None, None)
    assert found.outcomes == {}


def test_two_versions_differ_in_what_was_changed():
    """Added, removed and moved stages, and each field and touchpoint of the others."""
    old = journey("abcd", window="30d")
    new = journey("acbe", window="14d", version=2, within={"c": "3d"})

    assert difference(old, new) == [
        Change("journey", "version", 1, 2),
        Change("journey", "window", "30d", "14d"),
        Change("d", "removed", "D", None),
        Change("e", "added", None, "E"),
        Change("b", "moved", "after a", "after c"),
        Change("c", "within", None, "3d"),
    ]


def test_a_stage_that_others_passed_has_not_moved():
    """A new stage at the front moves nobody; one stage brought forward is one change."""
    assert [c.what for c in difference(journey("abc"), journey("xabc"))] == ["added"]
    assert [(c.where, c.after) for c in difference(journey("abcd"), journey("dabc"))] == [
        ("d", "first")
    ]


def test_touchpoints_are_told_one_by_one():
    """What was met in any channel is now met in the app only."""
    old = journey("ab")
    stages = [stage.model_dump(exclude={"within"}) for stage in old.stages]
    stages[1]["touchpoints"] = [{"kind": "usage", "about": "b", "channel": "app"}]
    new = journey("ab", stages=stages)

    assert difference(old, new) == [
        Change("b", "touchpoint removed", "usage about b", None),
        Change("b", "touchpoint added", None, "usage by app about b"),
    ]


def test_equal_versions_do_not_differ():
    """Nothing is told where nothing changed."""
    assert difference(ABC, journey("abc")) == []


def test_a_known_log_gives_its_known_graph():
    """Edges, returns and waits of three customers, by the stages of a map."""
    log = people("a0 b1 c2", "a0 b3 a4 b5", "a0 a1")

    found = discover(log, ALWAYS, name_of=stage_names(ABC))

    assert found.people == 3
    assert found.paths == ((("a",), 1), (("a", "b", "a", "b"), 1), (("a", "b", "c"), 1))
    assert found.edges == (
        Edge("a", "b", times=3, people=2, wait=1 * DAY, returns=1),
        Edge("a", "a", times=1, people=1, wait=1 * DAY, returns=1),
        Edge("b", "a", times=1, people=1, wait=1 * DAY, returns=1),
        Edge("b", "c", times=1, people=1, wait=1 * DAY, returns=0),
    )
    assert [(e.before, e.after) for e in found.loops] == [("a", "a"), ("a", "b"), ("b", "a")]
    assert (found.waits[0].before, found.waits[0].after) == ("a", "b")


def test_without_a_map_the_steps_are_touchpoints():
    """Kind and channel, what staff alone see left out, and nothing that is still to come."""
    events = [
        *events_of("c/s/1", Interaction(at=day(1), kind="login", channel="app")),
        *events_of("c/s/2", Interaction(at=day(2), kind="call")),
        *events_of("c/s/3", Feedback(at=day(2), instrument="csat", kind="staff_observation")),
        *events_of("c/s/4", Interaction(at=day(9), kind="login")),
    ]

    found = discover([events], day(8))

    assert found.paths == ((("log_in/app", "call/phone"), 1),)
    assert touchpoint(events[2]) is None


def test_the_commonest_path_comes_first_and_long_ones_are_cut():
    """A path of more than twelve changes ends in dots."""
    long = " ".join(f"{'ab'[n % 2]}{n}" for n in range(20))

    found = discover(people("a0 b1", "a2 b3", long), ALWAYS, name_of=stage_names(ABC))

    assert found.paths[0] == (("a", "b"), 2)
    assert found.paths[1][0][-1] == MORE
    assert len(found.paths[1][0]) == 13


def test_the_board_ranks_pains_by_what_they_cost():
    """Ten lost in silence at a cost of 5, four unpaid at 1: the cheap one first.

    High is the impact of a fifth of all losses.
    """
    pains = {
        "a": [Pain(what="Nobody calls back", work=5, reason="silent")],
        "b": [
            Pain(what="Card declined", work=1, reason="payment_failed"),
            Pain(what="Form too long", work=2, reason="asked_for_help"),
            Pain(what="Everything", work=4),
        ],
    }
    stages = [stage.model_copy(update={"pains": pains.get(stage.id, ())}) for stage in ABC.stages]
    painful = ABC.model_copy(update={"stages": tuple(stages)})
    log = [trace("a0", who=f"s{n}") for n in range(10)]
    log += [
        trace("a0 b1", Interaction(at=day(2), kind="payment_failed"), who=f"u{n}") for n in range(4)
    ]

    ranked = board(painful, funnel(painful, log, ALWAYS))

    assert [(item.what, item.lost, item.quadrant) for item in ranked] == [
        ("Card declined", 4, "quick win"),
        ("Nobody calls back", 10, "big bet"),
        ("Everything", 4, "big bet"),
        ("Form too long", 0, "fill-in"),
    ]
    assert ranked[1].share == pytest.approx(10 / 14)
