"""``hub risk`` and ``hub postmortem``: what staff read, and the trace that it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.app import load
from hub.cli.main import run
from hub.core.records import AnyRecord, Feedback, Interaction, PartyRef, Subscription, Ticket
from hub.store.schema import audit_leaves
from hub.voc.learning import looks
from hub.voc.own_past import own_past
from hub.voc.register import SHIPPED
from hub.voc.reweighing import Card, Gain, Reweighing, keep
from hub.voc.risk import VERSION, assess
from tests.unit.journeys.histories import History

NOW = datetime(2026, 6, 1, tzinfo=UTC)

NAMES = {
    "g1": "Ann\x1b[2J " + "von Wolfeschlegelsteinhausen " * 4,
    "g2": "Bo Ray",
    "g3": "\u674e\u5c0f\u9f99" * 12,
}


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def _contract(ended: float | None = None) -> Subscription:
    return Subscription(
        party=PartyRef(id="1"),
        started_at=ago(200),
        ended_at=None if ended is None else ago(ended),
        end_reason=None if ended is None else "cancelled",
    )


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, History]:
    """One customer in trouble, one who is well, one who has left."""
    toml = tmp_path_factory.mktemp("risk") / "hub.toml"
    toml.write_text('[hub]\ndata_dir = "."\ntime_zone = "UTC"\n')
    history = History(load(toml).open_store())
    stuck = Ticket(at=ago(20), channel="email", subject="Invoice twice", assignee_stations=3)
    low = Feedback(at=ago(2), instrument="nps", score=2, scale_min=0, scale_max=10)
    past: dict[str, list[AnyRecord]] = {
        "g1": [stuck, low, _contract()],
        "g2": [_contract()],
        "g3": [_contract(ended=30), Ticket(at=ago(60), subject="Cannot connect")],
    }
    visits = {"g1": range(30, 140, 4), "g2": range(1, 140, 4), "g3": range(70, 140, 4)}
    for golden_id, records in past.items():
        golden = {"job_title": "Buyer", "full_name": NAMES[golden_id]}
        history.person(golden_id, email=f"{golden_id}@example.com", golden=golden)
        visited = [Interaction(at=ago(each), kind="login") for each in visits[golden_id]]
        for number, record in enumerate([*records, *visited]):
            stream = record.entity_name
            history.add(golden_id, f"desk/{stream}/{golden_id}-{number}", record)
    return toml, history


@pytest.fixture
def asked(hub: tuple[Path, History], capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs a command; returns its JSON, or its text."""

    def ask(*arguments: str, text: bool = False, code: int = 0) -> Any:
        form = [] if text else ["--json"]
        if arguments[0] != "check" and "--at" not in arguments:
            form += ["--at", NOW.date().isoformat()]
        ended = run([*arguments, *form, "--config", str(hub[0])])
        printed = capsys.readouterr()
        assert ended == code, printed.err
        return printed.err if code else printed.out if text else json.loads(printed.out)

    return ask


def test_the_list_puts_those_first_who_may_leave(asked):
    """The one in trouble with points and main reason; the one who has left is not at risk."""
    found, text = asked("risk", "list"), asked("risk", "list", "--top", "1", text=True)

    assert [each["golden_id"] for each in found["customers"]] == ["g1"]
    assert found["bands"] == {"high": 1, "medium": 0, "low": 1, "unknown": 0}
    assert text.splitlines()[1].split()[:2] == [str(found["customers"][0]["points"]), "high"]
    assert "2 customers: 1 high, 0 medium, 1 low" in text


@pytest.mark.parametrize(("command", "who"), [(("risk", "list"), "g1"), (("postmortem",), "g3")])
def test_a_list_calls_customers_by_name_within_eighty_columns(asked, command, who):
    """However long the name, whatever it would do to a terminal; the id stands with the reason."""
    found, text = asked(*command), asked(*command, text=True)

    assert [each["name"] for each in found["customers"]] == [NAMES[who]]
    assert f"[{who}]" in text
    assert "\x1b" not in text
    assert f"  {NAMES[who][:3]}" in text
    assert max(map(columns, text.splitlines())) <= 80


def columns(line: str) -> int:
    """Columns of a terminal: a Chinese letter takes two."""
    return sum(1 + (letter > "\u3000") for letter in line)


def test_a_customer_is_told_with_reasons_records_and_what_would_help(asked):
    """Every reason adds up, names its records, and closing the ticket lowers it."""
    found = asked("risk", "show", "g1@example.com")

    assert found["points"] == sum(reason["points"] for reason in found["reasons"])
    assert all(reason["evidence"] for reason in found["reasons"])
    actions = {each["action"]: each["points"] for each in found["would_lower"]}
    assert actions['close ticket g1-0 "Invoice twice"'] < found["points"]
    assert found["register"]["role"] == "assisting"
    text = asked("risk", "show", "g1", text=True)
    assert 'close ticket g1-0 "Invoice twice": lowers it to' in text
    assert "[desk/ticket/g1-0" in text
    assert "Head of customer experience answers for it" in " ".join(text.split())


def test_a_look_into_the_past_tells_the_past(asked):
    """As of the day before the low score, it is not held against anybody."""
    before = asked("risk", "show", "g1", "--at", ago(3).date().isoformat())
    today = asked("risk", "show", "g1")

    signals = [{reason["signal"] for reason in each["reasons"]} for each in (before, today)]
    assert "low-score" not in signals[0]
    assert "low-score" in signals[1]


def test_the_post_mortem_names_what_was_unresolved(asked):
    """The ticket that was open when the contract ended, and the last 90 days."""
    found = asked("postmortem", "g3")

    assert found["left_at"] == ago(30).isoformat()
    assert found["matters"][0]["unresolved"]
    assert "Cannot connect" in found["matters"][0]["text"]
    text = asked("postmortem", "g3", text=True)
    assert 'UNRESOLVED: ticket g3-1 "Cannot connect": unresolved after 30 days' in text


def test_everybody_who_has_left_has_a_post_mortem(asked):
    """Without a name, those who left last, each with what was open; the others are not in it."""
    found, text = asked("postmortem"), asked("postmortem", text=True)

    assert [each["golden_id"] for each in found["customers"]] == ["g3"]
    assert 'ticket g3-1 "Cannot connect": unresolved after 30 days' in text
    assert " ".join(text.split()).endswith(
        "1 customer left, the latest 1 shown: 1 with something unresolved, 0 with nothing on record"
    )


def test_who_is_still_there_has_no_post_mortem(asked):
    """It says so, and why it thinks so."""
    assert asked("postmortem", "g2")["left_at"] is None
    assert "g2 has not left" in asked("postmortem", "g2", text=True)


def test_every_look_is_in_the_audit_log(asked, hub):
    """Risk and post-mortem are personal: who looked is on record, without a value."""
    toml, history = hub

    asked("risk", "show", "g1")
    asked("postmortem", "g3")

    with history.store.read() as connection:
        bodies = [bytes(body) for body in connection.execute(select(audit_leaves.c.body)).scalars()]
    assert any(b'"how":"risk"' in body for body in bodies)
    assert any(b'"how":"postmortem"' in body for body in bodies)
    assert not any(b"Invoice" in body or b"example.com" in body for body in bodies)
    assert toml.exists()


def test_without_an_entry_in_the_register_nothing_is_scored(asked, hub):
    """A register of the business's own that forgets the score stops the command and the check."""
    register = hub[0].parent / "decisions"
    register.mkdir()
    path = register / "own.toml"
    path.write_text(
        '[[decisions]]\nscore = "credit"\nversion = 1\ninputs = ["order"]\n'
        'decision = "Limit"\nrole = "sole"\nowner = "Kim"\n'
    )

    try:
        refused = [asked(*words, text=True, code=2) for words in (["risk", "list"], ["check"])]
    finally:
        path.unlink()
        register.rmdir()

    assert all("the score risk@3 has no entry in the register" in each for each in refused)


def test_patterns_of_ones_own_replace_the_shipped_ones(asked, hub):
    """A file beside hub.toml decides which stories are looked for, and a mistake is told."""
    folder = hub[0].parent / "patterns"
    folder.mkdir()
    path = folder / "own.toml"
    own = '[[patterns]]\nid = "own"\nversion = 1\nsays = "wrote"\npoints = 7\n'
    path.write_text(own + 'first = { kinds = ["ticket_opened"] }\n')

    try:
        signals = {each["signal"]: each for each in asked("risk", "show", "g1")["reasons"]}
        path.write_text(own + 'first = { kinds = ["tickets"] }\n')
        refused = asked("risk", "show", "g1", text=True, code=2)
    finally:
        path.unlink()
        folder.rmdir()

    assert signals["own"]["evidence"] == ["desk/ticket/g1-0"]
    assert "many-agents-no-answer" not in signals
    assert "own.toml:6:20: patterns[0].first.kinds[0]: no kind of event" in refused


def test_health_is_told_beside_the_risk(asked):
    """Each part with its score; the one in trouble has a ticket that waits and a bad word."""
    found, text = asked("risk", "show", "g1"), asked("risk", "show", "g1", text=True)

    parts = {each["part"]: each["score"] for each in found["health"]["parts"]}
    assert parts["service"] == 50
    assert parts["voice"] == 20
    assert found["health"]["colour"] in ("amber", "red")
    assert f"health {found['health']['points']} of 100 ({found['health']['colour']})" in text


def test_with_little_past_no_model_is_learnt(hub, capsys):
    """One customer who left teaches nothing: it says how many are needed, and ends with 1."""
    command = ["risk", "train", "--json", "--config", str(hub[0])]

    dry, promoted = run(command), run([*command, "--promote"])

    assert (dry, promoted) == (0, 1)
    assert "insufficient" in capsys.readouterr().out
    assert not (hub[0].parent / "models").exists()


def _trained(wins: bool) -> Reweighing:
    caught = Gain(points=0.2, trained=0.22, low=0.01 if wins else -0.01, high=0.03)
    auc = Gain(points=0.7, trained=0.7, low=-0.005, high=0.005)
    at = NOW.isoformat()
    card = Card(
        trained_at=at, first=at, last=at, tested_from=at, ahead_days=90, customers=900,
        snapshots=9_000, leavers=90, tested_on=3_000, tested_leavers=40, caught=caught, auc=auc,
    )  # fmt: skip
    return Reweighing(score=VERSION, factors={"open-issue": 2.0, "low-score": 0.5}, card=card)


@pytest.mark.parametrize("wins", [True, False], ids=["wins", "does-not"])
def test_only_a_model_that_wins_is_kept(wins, tmp_path, monkeypatch, capsys):
    """Without --promote nothing is written; with it, the file and a line in the audit log."""
    toml = tmp_path / "hub.toml"
    toml.write_text('[hub]\ndata_dir = "."\ntime_zone = "UTC"\n')
    store = load(toml).open_store()
    monkeypatch.setattr("hub.voc.learning.learn", lambda *_: _trained(wins))
    command, path = ["risk", "train", "--config", str(toml)], tmp_path / "models" / "risk.json"

    dry = run(command)
    after_dry = path.exists()
    promoted = run([*command, "--promote"])

    with store.read() as connection:
        kinds = connection.execute(select(audit_leaves.c.kind)).scalars().all()
    assert (dry, after_dry, promoted) == (0, False, 0 if wins else 1)
    assert path.exists() is wins
    assert ("risk.trained" in kinds) is wins
    said = " ".join(capsys.readouterr().out.split())
    assert "leavers alerted within budget 22.0%, by the points 20.0%, difference +2.0%" in said
    assert ("not better than the points for sure" in said) is not wins


def test_a_trained_model_is_used_once_somebody_answers_for_it(asked, hub, capsys):
    """Switched on but not in the register: refused. Named there: its factors are in the reasons."""
    toml, folder = hub[0], hub[0].parent
    plain = {each["signal"]: each["points"] for each in asked("risk", "show", "g1")["reasons"]}
    before, model = toml.read_text(), _trained(wins=True)
    entry = SHIPPED.read_text().replace(
        'score = "risk"', f'score = "risk"\nmodel = "{model.model_id}"'
    )
    (folder / "decisions").mkdir()

    try:
        keep(model, folder / "models" / "risk.json")
        toml.write_text(f'{before}[risk]\nmodel = "trained"\n')
        refused = asked("risk", "list", text=True, code=2)
        (folder / "decisions" / "own.toml").write_text(entry)
        found = asked("risk", "show", "g1")
        assert run(["risk", "model", "--json", "--config", str(toml)]) == 0
        card = json.loads(capsys.readouterr().out)
    finally:
        toml.write_text(before)
        (folder / "decisions" / "own.toml").unlink(missing_ok=True)
        (folder / "decisions").rmdir()
        (folder / "models" / "risk.json").unlink()

    trained = {each["signal"]: each["points"] for each in found["reasons"]}
    assert f'model = "{model.model_id}"' in refused
    assert trained["open-issue"] == 2 * plain["open-issue"]
    assert trained["passed-around"] == plain["passed-around"]
    assert (card["model_id"], card["in_use"], card["better"]) == (model.model_id, True, True)


def test_the_past_that_is_learnt_from_is_that_of_the_store(hub):
    """Whose contract ended a month ago counts as leaving from 90 days before; the others stay."""
    weigh = dict.fromkeys(looks(NOW), assess)

    with hub[1].store.read() as connection:
        found = list(own_past(connection, NOW, 180, weigh))

    flags = {who: [s.left for s in found if s.customer == who] for who in ("g1", "g2", "g3")}
    assert flags == {"g1": [False] * 3, "g2": [False] * 3, "g3": [False, True, True]}
