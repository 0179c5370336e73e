"""``hub emulate``: an account to try a connector on, described so that it can be pasted."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from hub.cli.main import run
from hub.emulation.faults import FaultPlan
from hub.emulation.scenarios import NAMED, named

HUB = str(Path(sys.executable).with_name("hub"))
PATIENCE = 60.0


@pytest.fixture
def play() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts ``hub emulate`` and waits until it says that it plays; ends what the test left."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [HUB, "emulate", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stderr is not None
        assert "playing" in process.stderr.readline()
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=PATIENCE)


def test_what_is_printed_can_be_pasted(play, tmp_path, monkeypatch):
    """The printed lines make a hub.toml that reads the account; SIGTERM ends it with 0."""
    process = play("hubspot", "--people", "15", "--plan", "oauth", "--scenario", "plateau")
    lines = _printed(process)
    (tmp_path / "hub.toml").write_text("\n".join(line for line in lines if _is_toml(line)))
    for line in lines:
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            monkeypatch.setenv(name, value)
    url = lines[0].removeprefix("# ")

    settings = ["--config", str(tmp_path / "hub.toml"), "--stream", "contacts"]
    code = run(["sync", "hubspot", *settings])
    seen = httpx.get(f"{url}/__emulator__/calls").json()

    struck = {fault for call in seen["calls"] for fault in call["faults"]}
    assert (code, struck) == (0, {"plateau"})
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def _printed(process: subprocess.Popen[str]) -> list[str]:
    """The lines up to the last setting; the process goes on."""
    assert process.stdout is not None
    lines: list[str] = []
    while not any(line.startswith("ticket_agents") for line in lines):
        lines.append(process.stdout.readline().rstrip("\n"))
    return lines


def _is_toml(line: str) -> bool:
    return not line.startswith(("#", "export "))


def test_for_programs_it_prints_json(play):
    """One document, then nothing more on stdout until it ends."""
    process = play("hubspot", "--people", "0", "--json")

    process.send_signal(signal.SIGINT)
    printed, said = process.communicate(timeout=PATIENCE)

    document = json.loads(printed)
    assert document["settings"]["base_url"] == document["url"]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", document["url"])
    assert (process.returncode, said) == (0, "stopped after 0 calls\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["hubspt"], 2, "hubspot"),
        (["csv"], 1, "has no emulator"),
        (["hubspot", "--plan", "gold"], 1, 'no plan "gold". It has: private_free'),
        (["hubspot", "--scenario", "storm"], 1, "Scenarios: plateau"),
        (["hubspot", "--scenario", "bad.toml"], 2, "not a scenario"),
    ],
    ids=["vendor", "no-emulator", "plan", "scenario", "file"],
)
def test_what_there_is_not_is_said_with_what_there_is(
    arguments, code, said, capsys, tmp_path, monkeypatch
):
    """Nothing starts, and the message names the choice."""
    monkeypatch.chdir(tmp_path)
    Path("bad.toml").write_text('[[faults]]\nkind = "earthquake"\n')

    assert run(["emulate", *arguments]) == code
    assert said in capsys.readouterr().err


def test_the_list_names_vendors_plans_and_scenarios(capsys):
    """With what each scenario stages."""
    assert run(["emulate", "--list", "--json"]) == 0

    listed = json.loads(capsys.readouterr().out)
    assert "private_pro" in listed["vendors"]["hubspot"]
    assert "csv" not in listed["vendors"]
    assert listed["scenarios"].keys() == NAMED.keys()


@pytest.mark.parametrize("name", NAMED)
def test_every_named_scenario_strikes_within_forty_requests(name):
    """None of them is a name for calm weather, under any of three seeds."""
    for seed in (1, 2, 3):
        plan = FaultPlan(named(name, seed))

        struck = [fault.kind for _ in range(40) for fault in plan.strike("POST", "/anything")]

        assert struck
