"""What may leave, as it is typed: values in doubt stay, caps and barred names are refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.cli.main import run

SETTINGS = """\
[connections.shop]
connector = "csv"
settings.folder = "files"
settings.output = "profiles"
settings.streams.customers = { files = "shop.csv", entity = "person", key = ["id"], columns = { \
given_name = "first", family_name = "last", emails = ["email"], birth_date = "born" } }
[connections.desk]
connector = "csv"
settings.folder = "files"
settings.streams.customers = { files = "desk.csv", entity = "person", key = ["id"], columns = { \
given_name = "first", family_name = "last", emails = ["email"], birth_date = "born" } }
[connections.shop.push.fields]
age_band = { from = "who.age_band", purpose = "service" }
given_name = { from = "who.given_name", purpose = "service" }
"""
SHOP = """id,first,last,email,born
1,Ada,Byron,ada@example.org,1981-03-02
2,Bob,Hay,bob@example.org,1970-05-06
"""
DESK = """id,first,last,email,born
7,Ada,Byron,ada@example.org,1981-02-03
"""
CONFLICT = "the sources disagree, and none is trusted more"

Hub = Callable[[str], tuple[int, str]]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Hub:
    """Types ``hub …`` beside two systems that disagree on Ada's birthday."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "files").mkdir()
    (tmp_path / "files/shop.csv").write_text(SHOP)
    (tmp_path / "files/desk.csv").write_text(DESK)
    (tmp_path / "hub.toml").write_text(SETTINGS)

    def typed(line: str) -> tuple[int, str]:
        code = run(line.split())
        captured = capsys.readouterr()
        return code, captured.out if captured.out else captured.err

    return typed


def settings(more: str) -> None:
    """hub.toml with more in it."""
    Path("hub.toml").write_text(SETTINGS + more)


def test_a_birthday_in_doubt_stays_and_hub_why_says_why(hub: Hub) -> None:
    """Plan, why, push and export agree; the system gets Bob's, which nobody contradicts."""
    assert hub("run")[0] == 0

    planned = json.loads(hub("plan shop --json")[1])[0]
    _, why = hub("why shop/customers/1 age_band shop")
    hub(f"push --approve {planned['plan']}")
    exported = [json.loads(line) for line in hub("profiles export --quality")[1].splitlines()]

    assert planned["withheld"][f"service: {CONFLICT}"] == 1
    assert "record 1: withheld" in why
    assert CONFLICT in why
    [written] = Path("profiles").rglob("*.csv")
    assert len(re.findall(r'"\d0-\d9"', written.read_text())) == 1  # a band of age
    ada = next(row for row in exported if row["who"]["given_name"]["value"] == "Ada")
    assert ada["who"]["age_band"] == {"value": None, "status": f"withheld: {CONFLICT}"}
    assert len(hub("profiles export")[1].splitlines()) == 2


@pytest.mark.slow
def test_a_more_trusted_system_settles_it(hub: Hub) -> None:
    """With an order of trust there is no doubt."""
    settings('[survivorship]\nsource_order = ["desk"]\n')
    hub("run")

    assert f"service: {CONFLICT}" not in json.loads(hub("plan shop --json")[1])[0]["withheld"]


@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "push", "check"])
def test_whatever_is_run_a_cap_is_refused_before_it_starts(hub: Hub, command: str) -> None:
    """Nothing is read, planned or written."""
    settings("[connections.shop.push]\nmax_fields = 8\n")

    code, out = hub(command)

    assert (code, "HUB-237" in out, Path("profiles").exists()) == (2, True, False), out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            "[connections.shop.push]\ndefaults = false\nmax_fields = 1\n",
            ["hub.toml:15:14: shop/", "is given 2 fields; over the cap: given_name",
             "at most 1 (connections.shop.push.max_fields)"],
        ),
        (
            '[purposes.service]\ndescription = "Serve."\nbasis = "contract"\nmax_fields = 3\n'
            '[purposes.analytics]\ndescription = "Measure."\nbasis = "legitimate_interest"\n'
            '[purposes.marketing]\ndescription = "Sell."\nbasis = "consent"\n',
            ["hub.toml:16:14: shop/", "over the cap: ", "at most 3 (purposes.service.max_fields)"],
        ),
        (
            'likely_pregnant = { from = "relationship.segments", purpose = "service" }\n',
            ["hub.toml:13:1: ", "likely_pregnant: the name says or infers health"],
        ),
        (
            '[quality]\nnever = ["who.age*"]\n',
            ["hub.toml:11:1: ", "age_band: [quality] never bars who.age_band"],
        ),
        (
            "[quality.fields.voise]\nmin_confidence = 0.9\n",
            ["hub.toml:13:2: quality.fields.voise: ", 'did you mean "voice"?'],
        ),
    ],
    ids=["cap of a system", "cap of a purpose", "sensitive name", "barred path", "unknown path"],
)  # fmt: skip
def test_too_much_is_refused_before_anything_is_planned(
    hub: Hub, more: str, said: list[str]
) -> None:
    """Place, fields and the way out."""
    settings(more)

    code, out = hub("plan")

    assert code == 2
    assert all(part in out for part in ["HUB-237", *said]), out


def test_a_connection_that_is_not_pushed_to_has_no_cap(hub: Hub) -> None:
    """What is withheld as a whole needs no limit."""
    settings("[connections.shop.push]\nenabled = false\nmax_fields = 1\n")

    assert hub("check")[0] == 0
