"""Every key of hub.toml × every kind of mistake: right line, right suggestion, no traceback.

The cases are generated from the JSON Schema of the settings and of a connector with one setting of
each kind, so a new key is covered, or the harness says that it is not.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

import hub.app
from hub.cli.main import run
from hub.core.durations import Duration
from hub.core.expectations import Expectations, Node
from hub.core.hubtoml import Catalogue
from hub.core.secrets import Secret
from hub.core.settings import Settings

TOKEN = "shpat_0123456789abcdef0123456789abcdef"
LEAST_CASES = 300


class Paging(BaseModel):
    size: Annotated[int, Field(ge=1, le=250)] = 100
    overlap: Annotated[int, Duration("1s", "1d")] = 60


class ShopSettings(BaseModel):
    """One setting of each kind that a connector may ask for."""

    token: Secret
    host: Annotated[str, Field(min_length=1)]
    region: Literal["eu", "au", "us"] = "au"
    objects: Annotated[tuple[Literal["customers", "orders"], ...], Field(min_length=1)] = (
        "customers",
    )
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    archived: bool = False
    headers: dict[str, str] = {}
    paging: Paging = Paging()


FULL = """\
[hub]
name = "Shop"
time_zone = "Australia/Sydney"
region = "AU"
currency = "AUD"
data_dir = "./var"
[store]
url = "postgresql+psycopg://hub@db.example.net/hub"
password = "${env:HUB_DB_PASSWORD}"
[vault]
key = "${env:HUB_VAULT_KEY}"
[connections.shop]
connector = "shop"
mode = "observe"
enabled = true
streams = ["customers"]
brand = "Main"
[connections.shop.schedule]
every = "15m"
[connections.shop.settings]
token = "${env:SHOP_TOKEN}"
host = "shop.example.net"
region = "au"
objects = ["customers"]
share = 0.5
archived = false
[connections.shop.settings.headers]
accept = "application/json"
[connections.shop.settings.paging]
size = 50
overlap = "5m"
[connections.shop.push]
notes = true
enabled = true
defaults = true
max_fields = 30
[connections.shop.push.fields.nps_latest]
from = "voice.nps"
purpose = "service"
[purposes.service]
description = "Serve the customer."
basis = "contract"
channels = ["email"]
min_notice_version = 1
max_fields = 12
[identity]
auto = 9.0
review = 2.5
max_cluster_size = 20
max_shared_by = 25
[identity.weights.email]
exact = 8.5
[survivorship]
source_order = ["shop"]
default = ["most_recent"]
[survivorship.fields]
full_name = ["longest"]
title = ["most_recent"]
given_name = ["most_recent"]
middle_name = ["most_recent"]
family_name = ["most_recent"]
nickname = ["most_recent"]
birth_date = ["most_frequent"]
gender = ["most_recent"]
language = ["most_recent"]
job_title = ["most_recent"]
organisation = ["most_recent"]
lifecycle = ["most_recent"]
owner = ["most_recent"]
email = ["most_recent", "consent_bearing"]
phone = ["most_recent"]
address = ["most_complete"]
[quality]
min_confidence = 0.6
max_age = "900d"
conflict = "send"
never = ["voice.verbatim"]
[quality.fields.who]
min_confidence = 0.7
max_age = "700d"
conflict = "withhold"
[journeys]
files = "maps/*.toml"
[risk]
patterns = "signals/*.toml"
decisions = "register/*.toml"
floor = 40
model = "points"
[segments]
files = "groups/*.toml"
[text]
language = "de"
competitors = ["Globex"]
min_pairs = 300
[text.aspects]
rooms = ["bed", "pillow"]
[metrics]
min_n = 5
confidence = 0.9
churn_horizon = 90
margin = 0.4
clv_horizon = 180
clv_discount = 0.05
trial_window = 30
nps_window = 14
ces_summary = "net"
bots = ["987"]
fcr_window = 14
fcr_flag = "solved at once"
agent_time = "time spent"
[metrics.business_hours]
days = ["mon", "sat"]
opens = 08:30:00
closes = 17:00:00
holidays = [2026-12-25]
[metrics.cost_to_serve]
currency = "AUD"
[metrics.cost_to_serve.per_contact]
phone = 7.5
email = 3
[loop]
rules = ["detractor"]
team = "support"
sla = "24h"
escalate_to = "Kim"
look_back = "14d"
purpose = "service"
tasks = "shop"
words = "service"
use = "service"
recovery_window = 60
alerts = "alerts.jsonl"
[alerts.webhooks.pager]
url = "https://pager.example.net/hook"
secret = "${env:PAGER_SECRET}"
events = ["opened"]
[alerts.emails.care]
host = "mail.example.net"
port = 465
tls = "implicit"
user = "hub"
password = "${env:MAIL_PASSWORD}"
from = "hub@example.net"
receivers = ["care@example.net"]
events = ["escalated"]
[loop.teams]
detractor = "retention"
low_satisfaction = "support"
high_effort = "web"
reopened_ticket = "support"
passed_around = "support"
high_risk = "retention"
[themes]
min_customers = 8
false_alarms = 0.01
[audit]
checkpoint_every_events = 1000
checkpoint_every_seconds = 30
anchor_file = "/mnt/elsewhere/checkpoints.txt"
[schedules]
lease = "1m"
stop_grace = "20s"
workers = 2
[schedules.snapshot]
cron = "0 3 * * *"
[serve]
host = "127.0.0.1"
port = 8000
"""
LINES = FULL.splitlines()
FREE = re.compile(
    r"connections\.shop\.settings\.headers|identity\.weights\.email|text\.aspects"
    r"|metrics\.cost_to_serve\.per_contact"
)
"""Tables that take any key, so that none is misspelt."""


@dataclass(frozen=True)
class Key:
    """One key of the full file, with what the schema says about it."""

    name: str
    table: str
    line: int
    header: int
    value: str
    node: Node
    required: bool


@dataclass(frozen=True)
class Case:
    """One hub.toml with one mistake."""

    kind: str
    key: str
    text: str
    line: int
    suggestion: str | None = None


def _keys() -> Iterator[Key]:
    table, header = "", 0
    for number, line in enumerate(LINES, 1):
        if line.startswith("["):
            table, header = line.strip("[]"), number
        else:
            name, _, value = line.partition(" = ")
            parent, node = _nodes(table, name)
            required = name in parent.get("required", ())
            yield Key(name, table, number, header, value, node, required)


def _nodes(table: str, name: str) -> tuple[Node, Node]:
    path, model = tuple(table.split(".")), Expectations.of(Settings)
    if path[2:3] == ("settings",):
        path, model = path[3:], Expectations.of(ShopSettings)
    return model.node(path), model.node((*path, name))


def _with(key: Key, *lines: str) -> str:
    return "\n".join([*LINES[: key.line - 1], *lines, *LINES[key.line :]])


def _cases() -> Iterator[Case]:
    for key in _keys():
        yield from _misspelt(key)
        yield from _wrong_types(key)
        yield from _out_of_range(key)
        yield from _missing(key)
        yield from _duplicate(key)
        yield from _literal_secret(key)


def _misspelt(key: Key) -> Iterator[Case]:
    if FREE.fullmatch(key.table):
        return
    name, middle = key.name, len(key.name) // 2
    wrong = {
        name[:middle] + name[middle + 1 :],
        name[:middle] + name[middle] + name[middle:],
        name[: middle - 1] + name[middle] + name[middle - 1] + name[middle + 1 :],
        name[:-1] + ("x" if name[-1] != "x" else "y"),
    } - {name}
    for other in sorted(wrong):
        yield Case("misspelt", name, _with(key, f"{other} = {key.value}"), key.line, name)


def _wrong_types(key: Key) -> Iterator[Case]:
    kind = key.node.get("type", "object")
    wrong = {
        "string": ("5", "true", "[]"),
        "integer": ('"5"', "1.5", "true"),
        "number": ('"5"', "true", "[]"),
        "boolean": ('"true"', "1", "[]"),
        "array": ('"customers"', "5", "{}"),
    }[kind]
    for value in wrong:
        yield Case("wrong type", key.name, _with(key, f"{key.name} = {value}"), key.line)


def _out_of_range(key: Key) -> Iterator[Case]:
    for value in _outside(key.node):
        yield Case("out of range", key.name, _with(key, f"{key.name} = {value}"), key.line)


def _outside(node: Node) -> Iterator[str]:
    if "minimum" in node:
        yield str(node["minimum"] - 1)
    if "maximum" in node:
        yield str(node["maximum"] + 1)
    if "exclusiveMinimum" in node:
        yield str(node["exclusiveMinimum"])
    if "enum" in node or "x-expected" in node:
        yield '"?"'
    if node.get("minLength"):
        yield '""'
    if node.get("minItems"):
        yield "[]"
    if "items" in node and "enum" in node["items"]:
        yield '["?"]'


def _missing(key: Key) -> Iterator[Case]:
    if key.required:
        yield Case("missing", key.name, _with(key, ""), key.header)


def _duplicate(key: Key) -> Iterator[Case]:
    line = f"{key.name} = {key.value}"
    yield Case("duplicate", key.name, _with(key, line, line), key.line + 1)


def _literal_secret(key: Key) -> Iterator[Case]:
    if key.node.get("type") == "string":
        yield Case("literal secret", key.name, _with(key, f'{key.name} = "{TOKEN}"'), key.line)
    if key.node.get("title") == "Secret reference":
        yield Case("literal secret", key.name, _with(key, f'{key.name} = "hunter2"'), key.line)


@dataclass(frozen=True)
class Outcome:
    """What ``hub check`` said to one case."""

    case: Case
    exit_code: int
    mistakes: list[dict[str, Any]]
    errors: str

    @property
    def right_line(self) -> bool:
        return {m["line"] for m in self.mistakes} == {self.case.line}

    @property
    def right_suggestion(self) -> bool:
        return [m["suggestion"] for m in self.mistakes] == [self.case.suggestion]

    @property
    def traceback(self) -> bool:
        return "Traceback" in self.errors or "HUB-900" in self.errors or self.exit_code != 2


def _share(right: int, of: int) -> str:
    return f"{100 * right / of:.1f} % ({right} of {of})"


@pytest.fixture
def shop_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connector ``shop`` is installed and its secrets are set."""
    streams = [SimpleNamespace(name="customers"), SimpleNamespace(name="orders")]
    shop = SimpleNamespace(
        name="shop",
        config=ShopSettings,
        streams_for=lambda _: streams,
        writers_for=lambda _: (),
        tasks_for=lambda _: True,
        notes_for=lambda _: True,
    )
    catalogue = Catalogue(["shop"], lambda _: shop)  # type: ignore[arg-type,return-value]
    monkeypatch.setattr(hub.app, "installed_connectors", lambda: catalogue)
    monkeypatch.setenv("SHOP_TOKEN", "a-token-for-tests")
    monkeypatch.setenv("HUB_DB_PASSWORD", "a-password-for-tests")
    monkeypatch.setenv("HUB_VAULT_KEY", "a-key-for-tests")
    monkeypatch.setenv("PAGER_SECRET", "another-key-for-tests")
    monkeypatch.setenv("MAIL_PASSWORD", "another-password-for-tests")


def _check(case: Case, folder: Path, capsys: pytest.CaptureFixture[str]) -> Outcome:
    path = folder / "hub.toml"
    path.write_text(case.text, "utf-8")
    exit_code = run(["check", "--json", "--config", str(path)])
    out, err = capsys.readouterr()
    return Outcome(case, exit_code, json.loads(out)["mistakes"] if out else [], err)


@pytest.mark.usefixtures("shop_installed")
def test_full_file_is_without_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the cases are made from is itself valid, so each case has exactly one mistake."""
    outcome = _check(Case("none", "", FULL, 0), tmp_path, capsys)

    assert (outcome.exit_code, outcome.mistakes) == (0, [])


def test_full_file_holds_every_key() -> None:
    """A setting that the harness does not try is a setting whose mistakes nobody has seen."""
    tried = {(key.table, key.name) for key in _keys()}

    assert _leaves("", Expectations.of(Settings)) - tried == {
        ("connections.shop", "settings"),  # tried through the connector's own schema
        ("connections.shop.schedule", "cron"),  # tried at schedules.snapshot
        ("schedules.snapshot", "every"),  # tried at connections.shop.schedule
    }
    assert not _leaves("connections.shop.settings", Expectations.of(ShopSettings)) - tried


def _leaves(root: str, expectations: Expectations) -> set[tuple[str, str]]:
    names = {"connections": "shop", "purposes": "service", "weights": "email"}
    names |= {"webhooks": "pager", "emails": "care"}
    found: set[tuple[str, str]] = set()

    def walk(path: tuple[str, ...]) -> None:
        table = ".".join([*filter(None, [root]), *path])
        for name in expectations.names(path):
            below = (*path, name)
            if name in names:
                below = (*below, names[name])
            elif name == "fields" and path[-1] in ("push", "quality"):
                below = (*below, {"push": "nps_latest", "quality": "who"}[path[-1]])
            if expectations.names(below):
                walk(below)
            elif not FREE.fullmatch(".".join([*filter(None, [root]), *below])):
                found.add((table, name))

    walk(())
    return found


@pytest.mark.parametrize("of", [pytest.param(1, marks=pytest.mark.slow, id="all"), 3])
@pytest.mark.usefixtures("shop_installed")
def test_every_mistake_has_its_line_its_suggestion_and_no_traceback(
    of: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """≥ 300 files with one mistake each: right line 100 %, right suggestion 100 %, 0 tracebacks.

    The long run takes them all, the short one of every three the first.
    """
    outcomes = [_check(case, tmp_path, capsys) for case in [*_cases()][::of]]

    misspelt = [o for o in outcomes if o.case.kind == "misspelt"]
    wrong_line = [o for o in outcomes if not o.right_line]
    wrong_suggestion = [o for o in misspelt if not o.right_suggestion]
    tracebacks = [o for o in outcomes if o.traceback]
    with capsys.disabled():
        kinds = {o.case.kind: 0 for o in outcomes}
        for outcome in outcomes:
            kinds[outcome.case.kind] += 1
        print("\n" + ", ".join(f"{kind} {count}" for kind, count in kinds.items()))
        print("right line", _share(len(outcomes) - len(wrong_line), len(outcomes)))
        print("right suggestion", _share(len(misspelt) - len(wrong_suggestion), len(misspelt)))
        print("tracebacks", _share(len(tracebacks), len(outcomes)))
    assert len(outcomes) >= LEAST_CASES
    assert not wrong_line
    assert not wrong_suggestion
    assert not tracebacks


@pytest.mark.usefixtures("shop_installed")
def test_literal_secret_is_never_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The refusal spells out the fix and does not repeat the secret, as text or as JSON."""
    for case in _cases():
        if case.kind == "literal secret":
            outcome = _check(case, tmp_path, capsys)
            run(["check", "--config", str(tmp_path / "hub.toml")])
            said = json.dumps(outcome.mistakes) + capsys.readouterr().err

            assert TOKEN not in said
            assert "hunter2" not in said
            assert "${env:NAME}" in said
