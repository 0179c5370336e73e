"""``hub cases``: what staff see and do, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.app import load
from hub.cli.main import run
from hub.core.clock import ManualClock, SystemClock
from hub.store.schema import audit_leaves
from tests.unit.voc.complaints import Complaints


@pytest.fixture(scope="module")
def toml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hub.toml of a hub with five customers who are unhappy since an hour ago."""
    toml = tmp_path_factory.mktemp("cases") / "hub.toml"
    toml.write_text('[hub]\ndata_dir = "."\ntime_zone = "UTC"\n')
    with load(toml).open_hub("os:test") as hub:
        desk = Complaints(hub.store, ManualClock(SystemClock().now()))
        for rid in range(1, 6):
            desk.customer(rid)
            desk.answer(rid, 3, at=desk.ago(hours=rid))
        desk.run()
    return toml


@pytest.fixture
def cases(toml: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs ``hub cases``; returns its JSON, or what it printed if text or a failure is wanted."""

    def ask(*arguments: str, text: bool = False, code: int = 0) -> Any:
        ended = run(["cases", *arguments, *([] if text else ["--json"]), "--config", str(toml)])
        printed = capsys.readouterr()
        assert ended == code, printed.err
        return printed.err if code else printed.out if text else json.loads(printed.out)

    return ask


def of(cases: Callable[..., Any], customer: str) -> str:
    """The case of a customer."""
    (found,) = (each for each in cases("list", "--all") if each["customer"] == customer)
    return str(found["case"])


def test_the_list_begins_with_who_waits_longest(cases):
    """Due first at the top, with a customer and a team."""
    listed = cases("list")

    assert [each["due_at"] for each in listed] == sorted(each["due_at"] for each in listed)
    assert listed[0]["team"] == "customer care"
    assert "customer care" in cases("list", text=True)


def test_the_list_names_customers_and_leaves_a_trace(cases, toml):
    """With their names, within eighty columns; who looked at whom is in the audit log."""
    listed, text = cases("list"), cases("list", text=True)

    assert {each["name"] for each in listed} == {f"Customer {n}" for n in range(1, 6)}
    assert "Customer 5" in text
    assert max(map(len, text.splitlines())) <= 80
    with load(toml).open_store().read() as connection:
        leaves = [bytes(body) for body in connection.execute(select(audit_leaves.c.body)).scalars()]
    assert any(b'"how":"cases"' in body for body in leaves)
    assert not any(b"Customer 5" in body for body in leaves)


def test_a_case_goes_from_hand_to_hand_to_its_end(cases):
    """Assigned, told, closed; every step is there with who took it."""
    case = of(cases, "g1")

    states = [
        cases("assign", case, "--to", "Kim")["state"],
        cases("inform", case, "--message", "desk/comments/77")["state"],
        cases("close", case)["state"],
    ]

    shown = cases("show", case)
    assert states == ["assigned", "informed", "closed"]
    assert [event["kind"] for event in shown["events"]] == [
        "opened", "assigned", "informed", "closed",
    ]  # fmt: skip
    assert (shown["owner"], shown["message"], shown["reason"]) == (
        "Kim", "desk/comments/77", "resolved",
    )  # fmt: skip
    assert shown["answers"][0]["score"] == 3
    assert "told" in cases("show", case, text=True)


def test_a_case_shows_the_whole_episode(cases):
    """What it rests on, and all that happened to the customer since, from every system."""
    case = of(cases, "g2")

    shown, text = cases("show", case), cases("show", case, text=True)

    (answer,) = shown["answers"]
    assert [each["sources"] for each in shown["episode"]] == [[answer["source"]]]
    assert "since then\n" in text


def test_nothing_closes_before_the_customer_was_told(cases):
    """The refusal says what to do, and the case is as it was."""
    case = of(cases, "g2")

    said = cases("close", case, code=1)

    assert "HUB-160" in said
    assert f"hub cases inform {case} --message REFERENCE" in said
    assert cases("show", case)["state"] == "open"


@pytest.mark.parametrize("verb", ["inform", "decline"])
def test_a_word_without_a_reference_is_none(cases, verb):
    """Neither a missing nor an empty one passes."""
    case = of(cases, "g2")

    assert "HUB-203" in cases(verb, case, code=2)
    assert "HUB-160" in cases(verb, case, "--message", " ", code=1)
    assert cases("show", case)["state"] == "open"


def test_declined_and_explained_is_an_end(cases):
    """With the message that explains it, the customer was told."""
    case = of(cases, "g3")

    ended = cases("decline", case, "--message", "mail-9")

    assert (ended["state"], ended["reason"], ended["message"]) == ("closed", "declined", "mail-9")
    assert ended["informed_at"] is not None


def test_nobody_was_told_before_they_answered_or_tomorrow(cases):
    """An instant that cannot be is refused with both sides of it."""
    case = of(cases, "g4")

    for never in ("2020-01-01", "2099-01-01T09:00"):
        assert "cannot have been told" in cases(
            "inform", case, "--message", "m", "--at", never, code=1
        )


def test_no_such_case(cases):
    """A word on where to look."""
    assert "hub cases list --all" in cases("show", "nonsense", code=1)


def test_lists_are_narrowed(cases):
    """By state, team and what is overdue."""
    assert cases("list", "--state", "suppressed") == []
    assert cases("list", "--team", "web") == []
    assert cases("list", "--overdue") == []


def test_a_dry_run_says_what_would_happen_and_writes_nothing(cases):
    """Every verb that writes; what would be refused is refused."""
    case = of(cases, "g5")
    verbs = [
        ("assign", case, "--to", "Kim"),
        ("inform", case, "--message", "m"),
        ("decline", case, "--message", "m"),
    ]

    would = [cases(*verb, "--dry-run")["state"] for verb in verbs]
    refused = cases("close", case, "--dry-run", code=1)

    shown = cases("show", case)
    assert would == ["assigned", "informed", "closed"]
    assert "HUB-160" in refused
    assert (shown["state"], [event["kind"] for event in shown["events"]]) == ("open", ["opened"])
    assert "nothing was written" in cases(*verbs[0], "--dry-run", text=True)


def test_several_cases_take_a_step_together_or_not_at_all(cases):
    """One that does not exist keeps the other where it was; one named twice takes one step."""
    case, other = of(cases, "g5"), of(cases, "g4")

    cases("assign", case, "nonsense", "--to", "Kim", code=1)
    before = cases("show", case)["state"]
    taken = cases("assign", case, other, case, "--to", "Kim")

    assert before == "open"
    assert [each["owner"] for each in taken] == ["Kim", "Kim"]
    assert [each["kind"] for each in cases("show", case)["events"]] == ["opened", "assigned"]
