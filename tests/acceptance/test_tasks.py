"""A bad answer becomes exactly one case and one task in HubSpot, as it is typed and over HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.hubspot.emulator import HubSpotEmulator, create
from hub import pipeline
from hub.app import load
from hub.cli.receiving import tell_others
from hub.emulation.faults import Scenario
from hub.emulation.server import serve
from tests.acceptance.help_desk import ANSWERS as ANSWERS_SAY
from tests.acceptance.help_desk import CUSTOMERS as CUSTOMERS_SAY
from tests.acceptance.help_desk import answers, typist

CRM = """
[loop]
tasks = "crm"
rules = ["detractor", "low_satisfaction", "high_effort", "reopened_ticket", "high_risk"]

[connections.crm]
connector = "hubspot"
mode = "sync"
streams = ["contacts"]
settings.base_url = "{url}"
settings.token = "${{env:HUBSPOT_TOKEN}}"
"""
EFFORTS_AND_TICKETS = """
[connections.desk.settings.streams.efforts]
files = "efforts*.csv"
entity = "feedback"
key = ["no"]
timezone = "UTC"
constants = { instrument = "ces", scale_min = "1", scale_max = "7" }
columns = { at = "at", party = "who", score = "score", comment = "why" }

[connections.desk.settings.streams.tickets]
files = "tickets.csv"
entity = "ticket"
key = ["no"]
timezone = "UTC"
columns = { at = "at", party = "who", subject = "subject", reopens = "reopens" }

[connections.desk.settings.streams.stuck]
files = "stuck.csv"
entity = "ticket"
key = ["no"]
timezone = "UTC"
columns = { at = "at", party = "who", subject = "subject", assignee_stations = "hands" }

[connections.desk.settings.streams.visits]
files = "visits*.csv"
entity = "interaction"
key = ["no"]
timezone = "UTC"
constants = { kind = "login" }
columns = { at = "at", party = "who" }
"""
DESK = CUSTOMERS_SAY + ANSWERS_SAY + EFFORTS_AND_TICKETS
CUSTOMERS = "id,name,email\n1,Ada Byron,ada@example.org\n2,Bob Hay,bob@example.org\n"
CREATE = "POST /crm/objects/2026-09/tasks/batch/create"
UPDATE = "POST /crm/objects/2026-09/tasks/batch/update"
ADA = {"email": "ada@example.org", "firstname": "Ada", "lastname": "Byron"}


class Account:
    """The emulated account, and the hub beside it."""

    def __init__(self, emulator: HubSpotEmulator, type_: Callable[..., Any]) -> None:
        self.emulator = emulator
        self.type = type_

    @property
    def tasks(self) -> list[dict[str, str]]:
        """The properties of every task that stands there."""
        return [record.properties for record in self.emulator.account.tables["tasks"].in_order()]

    def calls(self, what: str) -> int:
        """How often the hub asked for it."""
        return self.emulator.calls.counts().get(what, 0)

    def strike(self, kind: str) -> None:
        """Let the next creation of a task meet trouble."""
        fault = {"kind": kind, "path": "/crm/objects/*/tasks/batch/create", "times": 1}
        self.emulator.faults.replace(Scenario.model_validate({"faults": [fault]}))

    def approve(self) -> None:
        """Somebody looks at what would be written, and lets the hub write from now on."""
        self.type("run")
        for plan in self.type("plan"):
            self.type("push", "--approve", plan["plan"])

    def contact(self, **properties: str) -> str:
        """Id of a contact that a user adds."""
        new = {"op": "create", "object": "contacts", "properties": properties}
        return str(self.emulator.mutate(new)["id"])


@pytest.fixture
def account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Account]:
    """A hub that reads answers from files and hands its tasks to HubSpot."""
    monkeypatch.chdir(tmp_path)
    emulator = create()
    monkeypatch.setenv("HUBSPOT_TOKEN", emulator.token)
    (tmp_path / "files").mkdir()
    (tmp_path / "files/customers.csv").write_text(CUSTOMERS)

    with serve(emulator) as url:
        Path("hub.toml").write_text(CRM.format(url=url) + DESK)
        account = Account(emulator, typist(capsys))
        account.approve()
        yield account


def ticket(reopens: int, subject: str = "Broken") -> None:
    """The help desk's file: one ticket of the second customer."""
    at = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = ["no,at,who,subject,reopens", f'1,{at.isoformat()},2,"{subject}",{reopens}', ""]
    Path("files/tickets.csv").write_text("\n".join(rows))


def test_a_detractor_has_one_case_and_one_task_until_they_were_told(account: Account) -> None:
    """Duplicate answers, a late one and three runs: one of each; told, the task is ticked off."""
    contact = account.contact(**ADA)
    answers("answers1", (1, 5, 1, 3), (2, 4, 2, 9))
    account.type("run")
    account.type("run")
    answers("answers2", (1, 5, 1, 3), (3, 3, 1, 0))
    account.type("run")
    (case,) = account.type("cases", "list")
    (open_task,) = [dict(task) for task in account.tasks]

    account.type("cases", "inform", case["case"], "--message", "mail/77")
    account.type("push")
    account.type("run")

    (task,) = account.tasks
    (handed,) = account.type("cases", "show", case["case"])["handovers"]
    bonds = account.emulator.account.associations
    assert open_task["hs_task_status"] == "NOT_STARTED"
    assert "Nobody called back" in open_task["hs_task_body"]
    assert f"hub cases show {case['case']}" in open_task["hs_task_body"]
    assert (task["hs_task_status"], task["cxhub_key"]) == ("COMPLETED", f"case-{case['case']}")
    assert (handed["status"], handed["over"], handed["key"]) == ("done", True, task["cxhub_key"])
    assert bonds.of(("tasks", handed["reference"]), "contacts") == [contact]
    assert account.calls(CREATE) == 1
    assert (
        len(account.type("audit", "search", "--kind", "task.handed")) == account.calls(UPDATE) + 1
    )


def test_each_difficult_interaction_has_one_task_with_owner_and_due_date(account: Account) -> None:
    """High effort, a ticket opened again, a bad answer that comes on top: one task an episode."""
    account.contact(**ADA)
    account.contact(email="bob@example.org")
    account.emulator.mutate({"op": "add_owner", "email": "kim@example.org", "id": "77"})
    ticket(reopens=0)
    answers("efforts1", (1, 5, 1, 2))
    account.type("run")
    effort = account.tasks

    ticket(reopens=1)
    answers("answers1", (2, 3, 1, 4))
    answers("efforts2", (1, 5, 1, 2))
    account.type("run")
    ticket(reopens=1, subject="Broken, please")
    for case in account.type("cases", "list"):
        account.type("cases", "assign", case["case"], "--to", "kim@example.org")
    account.type("run")

    cases = {case["rule"]: case for case in account.type("cases", "list")}
    tasks = {task["cxhub_key"]: task for task in account.tasks}
    assert [task["hs_task_subject"] for task in effort] == [
        "Answer a customer who found it hard to get something done"
    ]
    assert (set(cases), len(tasks)) == ({"high_effort", "reopened_ticket"}, 2)
    for case in cases.values():
        task = tasks[f"case-{case['case']}"]
        due, wanted = map(datetime.fromisoformat, (task["hs_timestamp"], case["due_at"]))
        assert wanted - due < timedelta(milliseconds=1)
        assert task["hubspot_owner_id"] == "77"
        assert f"rule {case['rule']}" in task["hs_task_body"]
    assert "nps 4 of 10" in tasks[f"case-{cases['high_effort']['case']}"]["hs_task_body"]


def table(name: str, head: str, *rows: tuple[object, ...]) -> None:
    """A file of the help desk's folder; a row begins with its age in days."""
    now = datetime.now(UTC)
    lines = [
        ",".join(map(str, (n, (now - timedelta(days=row[0])).isoformat(), *row[1:])))  # type: ignore[arg-type]
        for n, row in enumerate(rows)
    ]
    Path(f"files/{name}.csv").write_text("\n".join([f"no,at,{head}", *lines, ""]))


def test_who_says_nothing_has_one_task_before_they_leave(account: Account) -> None:
    """S0-01: no answer, no complaint; the reasons stand where staff work, until they are told."""
    account.contact(**ADA)
    table("visits1", "who", *((20 + 2 * n, 1) for n in range(35)), *((n, 2) for n in range(5)))
    account.type("run")
    before = len(account.tasks)

    table("stuck", "who,subject,hands", (20, 1, "Charged twice", 3))
    rose = [account.type("run")["risk"]["rose"] for _ in range(2)]
    (case,) = account.type("cases", "list")
    shown = account.type("cases", "show", case["case"])
    (rise,) = shown["rises"]
    (open_task,) = [dict(task) for task in account.tasks]
    account.type("cases", "inform", case["case"], "--message", "call/7")
    account.type("run")

    assert (before, rose, case["rule"], case["state"]) == (0, [1, 0], "high_risk", "open")
    assert open_task["hs_task_subject"] == "Speak to a customer who may leave"
    assert f"{rise['points']} of 100" in open_task["hs_task_body"]
    assert "+20 uses it much less than before" in open_task["hs_task_body"]
    assert "desk/stuck/0" in {key for why in rise["reasons"] for key in why["records"]}
    assert {"ticket_opened", "log_in"} == {each["kind"] for each in shown["episode"]}
    assert [task["hs_task_status"] for task in account.tasks] == ["COMPLETED"]


@pytest.mark.slow
def test_a_task_does_not_wait_for_the_turn_of_its_system(account: Account) -> None:
    """What a run of one connection brought is handed to the other right after it."""
    account.contact(**ADA)
    account.type("sync", "crm")
    answers("answers1", (1, 5, 1, 3))
    app = load(Path("hub.toml"))
    turns = {name: threading.Lock() for name in app.enabled}

    with app.open_hub("os:test") as hub:
        with app.lanes(["desk"]) as lanes:
            pipeline.run(hub, lanes, actor="os:test")
        before = list(account.tasks)
        tell_others(app, hub, "desk", turns, lambda _seconds, _reason: None)

    assert (before, len(account.tasks)) == ([], 1)


def test_a_hub_killed_between_send_and_receipt_hands_over_once(account: Account) -> None:
    """The next run asks HubSpot first and sends nothing again."""
    account.contact(**ADA)
    answers("answers1", (1, 5, 1, 3))

    died = _killed_at("handover answered")
    unknown = account.type("status")["handed"]
    account.type("run")

    assert died == -signal.SIGKILL
    assert unknown[0]["sending"] == 1
    assert (account.calls(CREATE), account.calls(UPDATE), len(account.tasks)) == (1, 0, 1)
    assert account.type("status")["handed"][0]["done"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["timeout_after_effect", "rate_limited", "reset", "server_error"])
def test_trouble_on_the_wire_hands_over_once(account: Account, kind: str) -> None:
    """An answer that is lost after the effect, a 429, a cut line: one task in the end."""
    account.contact(**ADA)
    answers("answers1", (1, 5, 1, 3))
    account.strike(kind)

    account.type("run")
    account.type("run")

    assert len(account.tasks) == 1
    assert account.calls(UPDATE) == 0


@pytest.mark.slow
def test_a_customer_whom_hubspot_does_not_know_is_told_of(account: Account) -> None:
    """The case says so, and so does the status; when a contact appears it gets the task."""
    answers("answers1", (1, 5, 1, 3))

    account.type("run")
    (case,) = account.type("cases", "list")
    (waiting,) = account.type("cases", "show", case["case"])["handovers"]
    (standing,) = account.type("status")["handed"]
    account.contact(**ADA)
    account.type("run")

    assert (waiting["status"], waiting["reason"]) == ("nowhere", "no contacts record there")
    assert (standing["destination"], standing["nowhere"]) == ("crm/tasks", 1)
    assert len(account.tasks) == 1


@pytest.mark.slow
def test_a_connection_that_observes_gets_no_task(account: Account) -> None:
    """The plan lists what would be handed over; nothing is written to HubSpot."""
    account.contact(**ADA)
    answers("answers1", (1, 5, 1, 3))
    Path("hub.toml").write_text(Path("hub.toml").read_text().replace('"sync"', '"observe"'))

    account.type("run")
    (plan,) = [each for each in account.type("plan") if each["destination"] == "crm/tasks"]

    assert [handover["over"] for handover in plan["handovers"]] == [False]
    assert (account.tasks, account.calls(CREATE)) == ([], 0)


def test_tasks_for_a_system_that_keeps_none_are_a_mistake_in_hub_toml(account: Account) -> None:
    """With the place, the reason and the connections that may be named instead."""
    text = Path("hub.toml").read_text()

    Path("hub.toml").write_text(text.replace('tasks = "crm"', 'tasks = "desk"'))
    keeps_none = account.type("run")
    Path("hub.toml").write_text(text.replace('tasks = "crm"', 'tasks = "crn"'))
    unknown = account.type("run")

    assert "loop.tasks" in keeps_none and "crm" in keeps_none
    assert "loop.tasks" in unknown and 'did you mean "crm"' in unknown


def _killed_at(boundary: str) -> int:
    """How a ``hub run`` of its own process ended that SIGKILL met at a boundary."""
    script = (
        "import os, signal; from hub.core import boundary; from hub.cli.main import run\n"
        f"boundary.listen(lambda name: name == {boundary!r} and os.kill(os.getpid(), 9))\n"
        "run(['run'])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", script], env=environment, check=False, capture_output=True
    ).returncode
