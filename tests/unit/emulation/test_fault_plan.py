"""Which requests a scenario's faults strike: always the same ones."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.emulation.faults import Fault, FaultPlan, Scenario, retry_after_header

KIND = {"kind": "server_error"}


def struck(scenario: dict[str, object], requests: int, path: str = "/contacts") -> list[int]:
    """Ordinals of those of ``requests`` equal requests that meet a fault."""
    plan = FaultPlan(Scenario.model_validate(scenario))
    return [n for n in range(1, requests + 1) if plan.strike("GET", path)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param({"at": [2, 5]}, [2, 5], id="at-ordinals"),
        pytest.param({"every": 3}, [3, 6], id="every-third"),
        pytest.param({"times": 2}, [1, 2], id="first-two"),
        pytest.param({"every": 2, "times": 1}, [2], id="every-second-once"),
        pytest.param({"probability": 0.0}, [], id="never"),
        pytest.param({"probability": 1.0}, [1, 2, 3, 4, 5, 6], id="always"),
        pytest.param({"method": "POST"}, [], id="other-method"),
        pytest.param({"path": "*/deals*"}, [], id="other-path"),
    ],
)
def test_a_rule_strikes_exactly_these_of_six_requests(
    rule: dict[str, object], expected: list[int]
) -> None:
    """Each way to choose requests chooses the ones it says."""
    ordinals = struck({"faults": [KIND | rule]}, requests=6)

    assert ordinals == expected


def test_only_matching_requests_count_towards_an_ordinal() -> None:
    """The second search is "the second search", whatever else is asked in between."""
    plan = FaultPlan(Scenario.model_validate({"faults": [KIND | {"path": "*/search", "at": [2]}]}))

    hits = [bool(plan.strike("POST", path)) for path in ("/search", "/contacts", "/search")]

    assert hits == [False, False, True]


@given(seed=st.integers(0, 10**6))
def test_one_seed_gives_one_sequence_of_faults(seed: int) -> None:
    """A failure that was found once is found again with the same scenario."""
    scenario = {"seed": seed, "faults": [KIND | {"probability": 0.3}]}

    first, second = struck(scenario, requests=40), struck(scenario, requests=40)

    assert first == second


def test_another_fault_does_not_shift_what_chance_strikes() -> None:
    """Adding a fault to a scenario leaves the others where they were."""
    drawn = KIND | {"probability": 0.3}
    alone = struck({"seed": 5, "faults": [drawn]}, requests=60)
    silent = {"kind": "slow", "path": "/nowhere", "probability": 0.9}

    accompanied = struck({"seed": 5, "faults": [drawn, silent]}, requests=60)

    assert accompanied == alone


def test_seeds_differ() -> None:
    """The seed is used: two seeds do not strike the same sixty requests."""
    runs = {
        tuple(struck({"seed": seed, "faults": [KIND | {"probability": 0.3}]}, requests=60))
        for seed in range(5)
    }

    assert len(runs) == 5


def test_a_scenario_is_read_from_toml(tmp_path: Path) -> None:
    """What an admin writes for `--scenario` is what the plan gets."""
    file = tmp_path / "storm.toml"
    file.write_text(
        'name = "storm"\nseed = 7\n[[faults]]\nkind = "rate_limited"\n'
        'path = "*/search"\nat = [3]\nretry_after = "date"\nseconds = 12\n'
    )

    scenario = Scenario.load(file)

    (fault,) = scenario.faults
    assert (scenario.name, scenario.seed) == ("storm", 7)
    assert (fault.kind, fault.at, fault.retry_after, fault.seconds) == (
        "rate_limited",
        (3,),
        "date",
        12,
    )


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"kind": "meteorite"}, id="unknown-kind"),
        pytest.param(KIND | {"pth": "*"}, id="misspelt-key"),
        pytest.param(KIND | {"probability": 1.5}, id="impossible-probability"),
        pytest.param(KIND | {"status": 200}, id="no-error-status"),
    ],
)
def test_a_scenario_that_cannot_be_meant_is_refused(wrong: dict[str, object]) -> None:
    """A misspelt scenario must not run as a calm one."""
    with pytest.raises(ValidationError):
        Scenario.model_validate({"faults": [wrong]})


def test_replacing_a_scenario_starts_counting_anew() -> None:
    """A scenario posted in the middle of a test meets its first request as number one."""
    plan = FaultPlan(Scenario.model_validate({"faults": [KIND | {"at": [1]}]}))
    plan.strike("GET", "/")

    plan.replace(Scenario.model_validate({"faults": [KIND | {"at": [1]}]}))

    assert plan.strike("GET", "/")


@pytest.mark.parametrize(
    ("form", "header"),
    [
        pytest.param("absent", {}, id="absent"),
        pytest.param("zero", {"Retry-After": "0"}, id="zero"),
        pytest.param("seconds", {"Retry-After": "12"}, id="seconds"),
        pytest.param("date", {"Retry-After": "Thu, 01 Jan 2026 00:00:13 GMT"}, id="date"),
    ],
)
def test_retry_after_in_each_form(form: str, header: dict[str, str]) -> None:
    """A date is rounded up: a client that obeys it must not come back too early."""
    now = datetime(2026, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC)
    fault = Fault.model_validate({"kind": "rate_limited", "retry_after": form, "seconds": 12})

    assert retry_after_header(fault, now) == header
