"""From what customers write to an owned change that they hear of, as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.cli.main import run
from tests.acceptance.help_desk import ANSWERS as ANSWERS_SAY
from tests.acceptance.help_desk import CUSTOMERS as CUSTOMERS_SAY

OWN = """
[hub]
time_zone = "UTC"

[metrics]
min_n = 5
"""
SETTINGS = OWN + CUSTOMERS_SAY + ANSWERS_SAY
LABEL, OTHER = "The return label was missing", "Where is my parcel?"


@pytest.fixture
def typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    """Types ``hub …``; the JSON, or what a refusal says."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "files").mkdir()
    people = [f"{n},Person {n},p{n}@example.org" for n in range(60)]
    (tmp_path / "files/customers.csv").write_text("\n".join(["id,name,email", *people, ""]))
    (tmp_path / "hub.toml").write_text(SETTINGS)

    def type_(*words: str, text: bool = False) -> Any:
        run([*words, *([] if text else ["--json"])])
        captured = capsys.readouterr()
        if captured.err and not captured.out:
            return captured.err
        return captured.out if text else json.loads(captured.out)

    return type_


def monday(weeks_ago: int) -> datetime:
    """Noon of a Monday."""
    today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    return today - timedelta(days=today.weekday(), weeks=weeks_ago)


def usual() -> Iterator[tuple[datetime, int, str]]:
    """Thirteen weeks: twelve customers write of parcels, in one of them one of the label."""
    for ago in range(1, 14):
        yield from ((monday(ago), who, OTHER) for who in range(12))
    yield monday(9), 12, LABEL


def answers(name: str, *rows: tuple[datetime, int, str]) -> None:
    lines = [f"{name}{n},{at.isoformat()},{who},8,{why}" for n, (at, who, why) in enumerate(rows)]
    Path(f"files/answers_{name}.csv").write_text("\n".join(["no,at,who,score,why", *lines, ""]))


def of(listed: list[dict[str, Any]], theme: str) -> list[str]:
    return [each["improvement"] for each in listed if each["theme"] == theme]


def test_from_one_mention_to_customers_who_were_told_and_a_second_measure(typed):
    """One mention is no alert, twenty are; owned, acted on, told, measured again, each with a time.

    The second measure says better, since after the change one customer in twelve spoke of it.
    """
    answers("usual", *usual(), (monday(3), 13, LABEL))
    typed("run")
    quiet = typed("themes", "list")
    answers("more", *((monday(3) + timedelta(hours=1), who, LABEL) for who in range(20, 40)))
    typed("run")
    (found,) = of(typed("themes", "list"), "return label")

    refused = typed("themes", "act", found, "--action", "Printed it on the box")
    tried = typed("themes", "own", found, "--to", "Kim", "--due", "2099-01-01", "--dry-run")
    after_trying = typed("themes", "show", found)["state"]
    typed("themes", "own", found, "--to", "Kim", "--due", "2099-01-01")
    changed, told = monday(3) + timedelta(days=3), monday(2)
    typed("themes", "act", found, "--action", "Printed it", "--at", changed.isoformat())
    typed("themes", "tell", found, "--message", "mail/7", "--at", told.isoformat())
    ended = typed("themes", "remeasure", found)

    assert of(quiet, "return label") == []
    assert "HUB-165" in refused
    assert (tried["state"], after_trying) == ("owned", "found")
    assert ended["customers_told"] == 21
    assert (ended["result"]["verdict"], ended["result"]["usual_again"]) == ("better", True)
    times = [ended[name] for name in ("week", "acted_at", "told_at", "found_at", "settled_at")]
    assert times == sorted(times)
    assert typed("audit", "search", "--kind", "improvement.remeasured")
    assert "verdict   better; as usual again" in typed("themes", "show", found, text=True)


def test_declined_is_an_end_only_with_a_message_that_somebody_got(typed):
    """No reference, none; more customers than spoke of it, none; then it is an end.

    Who is to be told is listed when asked for, and the look is noted.
    """
    answers("usual", *usual(), *((monday(1), who, LABEL) for who in range(20, 40)))
    typed("run")
    (found,) = of(typed("themes", "list"), "return label")

    without = typed("themes", "decline", found)
    too_many = typed("themes", "decline", found, "--message", "mail/8", "--customers", "99")
    ended = typed("themes", "decline", found, "--message", "mail/8", "--customers", "19")

    page, listed = typed("themes", "show", found), typed("themes", "show", found, "--customers")

    assert [(each["theme"], each["customers"]) for each in page["with"]] == [("returns", 20)]
    assert "customers" not in page
    assert len(listed["customers"]) == page["may_be_told"] == 20
    assert typed("audit", "search", "--kind", "read.theme")
    assert "HUB-203" in without
    assert "20 customers spoke of it" in too_many
    assert (ended["state"], ended["customers_told"], ended["message"]) == ("declined", 19, "mail/8")
    assert of(typed("themes", "list"), "return label") == []
    typed("run")
    assert len(of(typed("themes", "list", "--all"), "return label")) == 1
