"""Service metrics end to end: what they say beside other systems' numbers, and when they warn."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from datetime import datetime
from io import StringIO
from pathlib import Path
from statistics import median

import pytest

from hub.cli.main import run
from hub.core.errors import EXIT_OK

PAGE = Path(__file__).parents[2] / "docs/explanation/definitions.md"

SETTINGS = """
[hub]
time_zone = "UTC"
currency = "AUD"

[metrics]
min_n = 1
bots = ["robot"]
agent_time = "worked"

[connections.desk]
connector = "csv"

[connections.desk.settings]
folder = "files"

[connections.desk.settings.streams.orders]
files = "orders.csv"
entity = "order"
key = ["no"]
constants = { currency = "AUD", total_minor = 100 }
columns = { order_ref = "no", at = "day", party = "who" }

[connections.desk.settings.streams.tickets]
files = "tickets.csv"
entity = "ticket"
key = ["no"]

[connections.desk.settings.streams.tickets.columns]
at = "opened"
status = "status"
solved_at = "solved"
first_reply_seconds = "reply"
party = "who"
attributes = { worked = "worked" }

[connections.desk.settings.streams.comments]
files = "comments.csv"
entity = "message"
key = ["no"]

[connections.desk.settings.streams.comments.columns]
at = "at"
ticket = "ticket"
direction = "direction"
author = "author"
text = "text"

[connections.desk.settings.streams.ratings]
files = "ratings.csv"
entity = "feedback"
key = ["ticket"]
constants = { instrument = "csat", scale_min = 0, scale_max = 1 }
columns = { at = "at", ticket = "ticket", score = "score", party = "who" }
"""

Row = dict[str, str]


def measure(home: Path, **files: list[Row]) -> None:
    """Runs a hub over the rows of each file; columns that a file lacks are empty."""
    (home / "files").mkdir()
    for name, columns in COLUMNS.items():
        out = StringIO()
        writer = csv.DictWriter(out, columns.split(","), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(files.get(name, []))
        (home / f"files/{name}.csv").write_text(out.getvalue())
    (home / "hub.toml").write_text(SETTINGS)
    assert run(["run", "--config", str(home / "hub.toml")]) == EXIT_OK


COLUMNS = {
    "orders": "no,day,who",
    "tickets": "no,opened,status,solved,reply,who,worked",
    "comments": "no,at,ticket,direction,author,text",
    "ratings": "ticket,at,score,who",
}


def shown(home: Path, metric: str, capsys: pytest.CaptureFixture[str]) -> dict[str, dict]:
    capsys.readouterr()
    assert run(["metrics", "show", metric, "--json", "--config", str(home / "hub.toml")]) == EXIT_OK
    return {each["series"]: each for each in json.loads(capsys.readouterr().out)}


@pytest.fixture(scope="module")
def page() -> str:
    """The page that explains the differences."""
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def records(page: str) -> list[list[Row]]:
    """Orders, tickets and comments, as the page shows them."""
    return [
        list(csv.DictReader(StringIO(block)))
        for block in re.findall(r"```csv\n(.*?)```", page, re.S)
    ]


def told(page: str, beginning: str) -> str:
    """The number in bold at the end of a row of the page's tables."""
    (row,) = [line for line in page.splitlines() if line.startswith(f"| {beginning}")]
    return row.split("**")[1]


@pytest.fixture(scope="module")
def home(tmp_path_factory, records) -> Path:
    """A hub that reads March: the page's orders of that month, its tickets and its comments."""
    home = tmp_path_factory.mktemp("page")
    orders, tickets, comments = records
    rows = [ticket | {"reply": _in_seconds(ticket["reply"])} for ticket in tickets]
    at = "2026-03-05T09:00:00Z"
    ratings = [{"ticket": t["no"], "at": at, "score": "1", "who": t["who"]} for t in tickets]
    measure(home, orders=_march(orders), tickets=rows, comments=comments, ratings=ratings)
    return home


def _march(orders: list[Row]) -> list[Row]:
    return [order for order in orders if order["day"].startswith("2026-03")]


def _in_seconds(minutes: str) -> str:
    return str(60 * int(minutes)) if minutes else ""


def test_the_repeat_rate_differs_from_shopifys_by_what_the_page_says(home, capsys, page, records):
    """The same orders: two in the period here, any other order in the shop's life there."""
    orders = records[0]

    ours = shown(home, "repeat_rate", capsys)["AUD"]["value"]

    placed = Counter(order["who"] for order in orders)
    buyers = {order["who"] for order in _march(orders)}
    shopifys = 100 * sum(placed[who] > 1 for who in buyers) / len(buyers)
    assert f"{ours:.1f} %" == told(page, "hub, `repeat_rate`")
    assert f"{shopifys:.1f} %" == told(page, "Shopify, returning customer rate")


def test_the_first_reply_differs_from_zendesks_by_what_the_page_says(home, capsys, page, records):
    """The same comments: people and new waits here, agents' accounts and the creation there."""
    _, tickets, comments = records
    zendesks = [reply for ticket in tickets if (reply := _zendesk(ticket, comments))]

    replies = shown(home, "first_reply_time", capsys)

    minutes = {series: each["value"] and each["value"] / 60 for series, each in replies.items()}
    assert [ticket["reply"] for ticket in tickets] == [*(str(each) for each in zendesks), ""]
    assert f"{minutes['calendar median']:.0f} min" == told(page, "hub, `calendar`")
    assert f"{minutes['calendar re-opened median']:.0f} min" == told(page, "hub, `calendar re-")
    assert f"{median(zendesks)} min" == told(page, "Zendesk, first reply time")
    assert minutes["of the source median"] == median(zendesks)
    assert replies["calendar median"]["detail"]["unanswered"] == 1


def _zendesk(ticket: Row, comments: list[Row]) -> int | None:
    """Minutes from the creation to the next public comment from an agent's account."""
    opened = datetime.fromisoformat(ticket["opened"])
    later = [
        datetime.fromisoformat(each["at"]) - opened
        for each in comments
        if each["ticket"] == ticket["no"] and each["direction"] == "out"
    ]
    return int(min(later).total_seconds()) // 60 if later else None


def test_quicker_and_worse_is_an_alert_where_the_number_is_shown(tmp_path, capsys):
    """Handling falls by 30 % from February to March, and satisfaction falls with it."""
    tickets, ratings = [], []
    for month, seconds, said in (("02", 1_000, "1"), ("03", 700, "0")):
        for n in range(30):
            no, at, who = f"{month}-{n}", f"2026-{month}-0{1 + n % 9}T09:00:00Z", f"{month}-{n}"
            tickets.append({"no": no, "opened": at, "status": "open", "who": who,
                            "worked": str(seconds + n)})  # fmt: skip
            ratings.append({"ticket": no, "at": at, "score": said, "who": who})
    last = [{"no": "1", "day": "2026-04-02", "who": "ada"}]
    measure(tmp_path, orders=last, tickets=tickets, ratings=ratings)

    found = shown(tmp_path, "handling_time", capsys)["per issue median"]
    assert run(["metrics", "show", "handling_time", "--config", str(tmp_path / "hub.toml")]) == 0
    words = capsys.readouterr().out

    assert found["detail"]["months"] == ["2026-02", "2026-03"]
    assert -31 < found["detail"]["change_percent"] < -29
    assert found["detail"]["alert"] is True
    assert "ALERT: it got quicker while csat fell" in words
    assert "csat of the same, 0-1:" in words
