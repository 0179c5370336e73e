"""kill -9 at every named boundary and at random times: nothing is lost, nothing is done twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.conftest import Databases, quick_on_sqlite
from tests.faults.harness import POINTS, REQUEST_SENT, AtPoint, AtTime, Ground, Kill, Outcome, play
from tests.faults.histogram import KILL
from tests.faults.planted import PLANTS
from tests.faults.verdict import Verdict, judge

RANDOM_KILLS = range(36)
"""Seeds; each gives one or two kills, fifty or more in all on each database."""

FIRST_CONTACT, FIRST_TASK = 3, 10
"""Which request with an effect writes the first profiles, and which hands over the first tasks."""

Note = Callable[[str, object], None]


@pytest.fixture
def record(
    record_property: Note, request: pytest.FixtureRequest
) -> Callable[[Outcome, Verdict], None]:
    """Keeps where the kills of a test landed, for the histogram."""

    def keep(outcome: Outcome, verdict: Verdict) -> None:
        database = request.node.callspec.params["databases"]
        way = "at a random time" if "seed" in request.node.callspec.params else "at a boundary"
        for landing in outcome.landings:
            parts = (
                database, way, landing.stage, landing.after, len(verdict.lost),
                len(verdict.doubled), max(outcome.resumed),
            )  # fmt: skip
            record_property(KILL, "|".join(map(str, parts)))

    return keep


Record = Callable[[Outcome, Verdict], None]


def test_an_undisturbed_hub_does_everything_once(undisturbed: Outcome) -> None:
    """What all others are compared with: each field sent once, changed once, nothing waits."""
    fields = Counter(sent.partition(" = ")[0] for sent in undisturbed.sends)

    assert len(fields) > 100
    assert {*fields.values(), *undisturbed.sends.values(), *undisturbed.effects.values()} == {1}
    assert undisturbed.photograph["waiting work"] == Counter()
    assert all(undisturbed.photograph[kind] for kind in ("cases", "case events", "themes"))
    assert judge(undisturbed, undisturbed).clean


@quick_on_sqlite
def test_a_hub_killed_in_the_middle_of_a_request_goes_on(
    ground: Ground, undisturbed: Outcome, database: str, tmp_path: Path, record: Record
) -> None:
    """It ends with the same rows, tasks, profiles and effects as one that was left alone.

    It dies once over a profile, and once over a task.
    """
    kills = [AtPoint(REQUEST_SENT, at) for at in (FIRST_CONTACT, FIRST_TASK - FIRST_CONTACT)]

    outcome = play(ground, database, tmp_path, kills)

    verdict = judge(undisturbed, outcome)
    record(outcome, verdict)
    assert [landing.after for landing in outcome.landings] == [REQUEST_SENT, REQUEST_SENT]
    assert verdict.clean, verdict


@pytest.mark.slow
def test_a_hub_that_is_killed_again_and_again_gets_through(
    ground: Ground, undisturbed: Outcome, database: str, tmp_path: Path, record: Record
) -> None:
    """One life after the other ends a step further on, and the last one finds nothing missing."""
    points = ("page committed", "component committed", "outbox claimed", "receipt committed")
    kills = [*map(AtPoint, points), AtPoint(REQUEST_SENT), AtPoint("leaf sequenced")]

    outcome = play(ground, database, tmp_path, kills)

    verdict = judge(undisturbed, outcome)
    record(outcome, verdict)
    assert len(outcome.landings) == len(kills)
    assert verdict.clean, verdict


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.5], ids=["first", "middle"])
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_a_boundary_leaves_no_trace(
    ground: Ground,
    undisturbed: Outcome,
    database: str,
    tmp_path: Path,
    record: Record,
    point: str,
    share: float,
) -> None:
    """The first time that it is passed, and half-way through the run."""
    occurrence = 1 + int(undisturbed.passings()[point] * share)

    outcome = play(ground, database, tmp_path, [AtPoint(point, occurrence)])

    verdict = judge(undisturbed, outcome)
    record(outcome, verdict)
    assert [landing.after for landing in outcome.landings] == [point]
    assert verdict.clean, verdict


@pytest.mark.slow
@pytest.mark.parametrize("seed", RANDOM_KILLS)
def test_a_kill_at_a_random_time_leaves_no_trace(
    ground: Ground,
    undisturbed: Outcome,
    databases: Databases,
    tmp_path: Path,
    record: Record,
    seed: int,
) -> None:
    """Once, and in some lives a second time while it is recovering."""
    random, through = Random(seed), undisturbed.seconds[0]
    outcome = Outcome()
    for attempt in range(10):  # a life that was through before its kill counts for nothing
        kills: list[Kill] = [AtTime(random.uniform(0, through)), AtTime(random.uniform(0, through))]
        folder = tmp_path / str(attempt)
        folder.mkdir()
        outcome = play(ground, databases.migrated(), folder, kills)
        if outcome.landings:
            break

    verdict = judge(undisturbed, outcome)
    record(outcome, verdict)
    assert outcome.landings
    assert verdict.clean, verdict


@pytest.mark.parametrize(
    ("bug", "point", "occurrence", "seen"),
    [
        pytest.param(
            "cursor saved before rows", "page fetched", 1, "source records", marks=pytest.mark.slow
        ),
        pytest.param("receipt before send", "outbox claimed", 1, "sends", marks=pytest.mark.slow),
        pytest.param(
            "sent again without reading back",
            REQUEST_SENT,
            FIRST_CONTACT,
            "sends",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "task sent again without finding",
            REQUEST_SENT,
            FIRST_TASK,
            "sends",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_planted_bug_is_found(
    ground: Ground,
    undisturbed: Outcome,
    sqlite_databases: Databases,
    tmp_path: Path,
    bug: str,
    point: str,
    occurrence: int,
    seen: str,
) -> None:
    """The harness reports what a hub with this bug loses or does twice."""
    kill = AtPoint(point, occurrence)

    outcome = play(ground, sqlite_databases.migrated(), tmp_path, [kill], plant=bug)

    verdict = judge(undisturbed, outcome)
    said = {line.partition(":")[0] for line in (*verdict.lost, *verdict.doubled)}
    assert seen in said


def test_every_planted_bug_is_tried() -> None:
    """A bug that no test plants proves nothing."""
    marks = test_a_planted_bug_is_found.pytestmark  # type: ignore[attr-defined]
    tried = {getattr(case, "values", case)[0] for case in marks[0].args[1]}

    assert tried == set(PLANTS)
