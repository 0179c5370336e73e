"""``hub journeys``: what an admin reads, and what a program gets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click
import pytest

from hub.app import load
from hub.cli import journey_reports as reports
from hub.cli.main import run
from hub.core.records import Feedback, Interaction, Ticket
from hub.journeys.funnel import Funnel
from hub.journeys.segments import Field
from hub.metrics.journeys import Precision, change_of_completion, completion
from tests.unit.journeys.histories import History
from tests.unit.journeys.traces import day

MAP = """\
id = "setup"
version = 1
title = "Setting up"
goal = "Be ready on the first day."
owner = "Kim"
last_reviewed = 2020-01-01
window = "30d"
[[stages]]
id = "start"
title = "Start"
goal = "I want to begin."
touchpoints = [{ kind = "log_in" }]
pains = [{ what = "No invitation", work = 1 }]
[[stages]]
id = "done"
title = "Done"
goal = "I want to be through."
within = "2d"
touchpoints = [{ kind = "usage" }]
"""


@pytest.fixture(scope="module")
def toml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hub.toml of a hub of four customers, with two versions of one map."""
    folder = tmp_path_factory.mktemp("journeys")
    toml = folder / "hub.toml"
    toml.write_text('[hub]\ndata_dir = "."\n[metrics]\nmin_n = 2\n')
    maps = folder / "journeys"
    maps.mkdir()
    (maps / "setup.toml").write_text(MAP)
    (maps / "setup-2.toml").write_text(
        MAP.replace("version = 1", "version = 2").replace('"2d"', '"5d"')
    )
    history = History(load(toml).open_store())
    known = {
        "g1": (1, 2, "Engineer"), "g2": (1, 9, "Engineer"), "g3": (1, None, "Buyer"),
        "g4": (100, 101, None),
    }  # fmt: skip
    for golden_id, (began, ended, role) in known.items():
        history.person(golden_id, golden={"job_title": role} if role else {})
        history.add(golden_id, f"app/in/{golden_id}", Interaction(at=day(began), kind="login"))
        if ended:
            used = Interaction(at=day(ended), kind="usage", channel="app")
            history.add(golden_id, f"app/use/{golden_id}", used)
    history.add("g3", "desk/tickets/1", Ticket(at=day(3), channel="email"))
    bad = Feedback(at=day(9.1), instrument="csat", score=1, scale_min=1, scale_max=5)
    history.add("g2", "desk/ratings/1", bad)
    history.add(None, "app/in/nobody", Interaction(at=day(1), kind="login"))
    return toml


@pytest.fixture
def asked(toml: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs ``hub journeys``; returns its JSON, or its text as lines."""

    def ask(*arguments: str, text: bool = False, code: int = 0) -> Any:
        form = [] if text else ["--json"]
        ended = run(["journeys", *arguments, *form, "--config", str(toml)])
        printed = capsys.readouterr()
        assert ended == code, printed.err
        return printed.out.splitlines() if text else json.loads(printed.out)

    return ask


def test_every_version_is_listed(asked):
    """The newest is current; each says who keeps it and when it is due."""
    listed = asked("list")

    assert [(j["journey"], j["version"], j["current"]) for j in listed] == [
        ("setup", 2, True), ("setup", 1, False),
    ]  # fmt: skip
    assert listed[0]["review_due"] == "2020-03-31"
    assert "setup@2" in asked("list", text=True)[1]


def test_a_map_is_shown_and_compared(asked):
    """What a stage is for in its customers' words; what the new version changed."""
    assert '   "I want to begin."' in asked("show", text=True)
    assert asked("show", "setup@1")["stages"][1]["within"] == "2d"
    assert asked("diff", "setup@1", "setup@2", text=True) == [
        "journey: version 1 -> 2",
        "done: within 2d -> 5d",
        "setup@1 to setup@2: 2 changes",
    ]


def test_the_funnel_has_intervals_and_reasons(asked):
    """Three of four went on; the fourth is lost at the first step with an issue unresolved."""
    found = asked("funnel")

    assert (found["started"], found["completed"], found["lost"]) == (4, 3, 1)
    start = found["stages"][0]
    assert start["rate"]["value"] == 75.0
    assert start["rate"]["low"] < 75 < start["rate"]["high"]
    assert start["losses"] == {"unresolved_issue": 1}
    assert any("unresolved_issue 1" in line for line in asked("funnel", text=True))


def test_before_and_after_a_change_are_compared(asked):
    """Two of three before, one of one since: too few to say anything."""
    changed = asked("funnel", "--change", "2026-02-01")["change"]

    assert (changed["before"]["started"], changed["after"]["started"]) == (3, 1)
    assert changed["difference"] is None
    assert asked("funnel", "--change", "2026-02-01", text=True)[-1] == "change: insufficient data"


def test_a_funnel_is_split_by_what_is_known(asked):
    """Two engineers, one buyer, one of whom the role is not known: each with their own losses."""
    segments = asked("funnel", "--by", "job_title")["segments"]

    told = {role: (each["started"], each["completed"]) for role, each in segments.items()}
    assert told == {"Buyer": (1, 0), "Engineer": (2, 2), "unknown": (1, 1)}
    assert asked("funnel", "--by", "job_title", text=True)[-3].split()[:2] == ["Buyer", "1"]


def test_the_inventory_flags_what_nobody_is_asked_about(asked):
    """Log-ins and tickets are flagged, use is not; a ticket is not on this map."""
    found = asked("inventory")
    rows = {row["kind"]: row for row in found["touchpoints"]}

    assert {kind for kind, row in rows.items() if row["unheard"]} == {"log_in", "ticket_opened"}
    assert rows["ticket_opened"]["stage"] is None
    assert found["records_of_no_known_customer"] == 1
    assert asked("inventory", text=True)[-2:] == [
        "4 touchpoints, 2 that nobody is asked about",
        "not counted: 1 record of no known customer",
    ]


def test_drift_tells_an_overdue_review_first(asked):
    """Then what customers meet that nobody drew; a schedule sees the exit code."""
    found, lines = asked("drift", code=3), asked("drift", text=True, code=3)

    assert found["days_overdue"] > 0
    assert {row["kind"] for row in found["unmapped"]} == {"ticket_opened", "survey"}
    assert lines[0].startswith("OVERDUE: review due 2020-03-31")


def test_conformance_counts_what_differs(asked):
    """One came late under the limit of the new version, one not at all."""
    found = asked("conformance")

    assert (found["customers"], found["conforming"]) == (4, 2)
    assert found["stages"][1] == {
        "stage": "done", "skipped": 0, "repeated": 0, "wrong-order": 0, "too-slow": 2,
    }  # fmt: skip


def test_the_other_reports_answer(asked):
    """Curve, performance, paths, board and diagram of the same four customers."""
    assert [point["stage"] for point in asked("curve", "--words")] == ["start", "done"]
    assert asked("performance")["duration"] == 86_400
    assert asked("paths", "--stages")["paths"][0] == {"steps": ["start", "done"], "customers": 3}
    assert asked("board")[0]["what"] == "No invitation"
    assert asked("diagram")["mermaid"].startswith("flowchart LR")
    for report in ("curve", "performance", "paths", "board", "diagram"):
        assert asked(report, text=True)


def test_a_journey_that_is_not_there_is_guessed(toml, capsys):
    """A misspelt name says which one was meant."""
    code = run(["journeys", "show", "setpu", "--config", str(toml)])

    assert code == 1
    assert 'did you mean "setup"?' in capsys.readouterr().err


def funnel_of(started: int, completed: int, still_open: int = 0) -> Funnel:
    return Funnel("setup@1", started, completed, still_open, ())


def test_a_rise_of_activation_is_told_with_its_interval():
    """55 to 78 % of 400 each: 23 points, and no chance; the open ones are not counted."""
    precision = Precision(min_n=10, confidence=0.95)

    change = change_of_completion(funnel_of(400, 220), funnel_of(450, 312, 50), precision)

    assert change is not None
    assert change.value == pytest.approx(23.0)
    assert 16 < change.low < 23 < change.high < 30
    assert change.significant


def test_too_few_customers_have_no_rate():
    """Nine decided of ten needed: no number, whatever the share."""
    assert completion(funnel_of(12, 9, 3), Precision(min_n=10, confidence=0.95)) is None


def test_a_funnel_may_be_split_by_every_shared_field():
    """What the command offers is what the segments know, and nothing that names a person."""
    (offered,) = [option.type for option in reports.funnel.params if option.name == "by"]

    assert isinstance(offered, click.Choice)
    assert tuple(offered.choices) == get_args(Field)
    assert not {"email", "full_name", "phone"} & set(offered.choices)
