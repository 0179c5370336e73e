"""``hub quickstart``: files in; report, follow-up list and plan out, in one command."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from hub.app import load
from hub.cli.main import run
from hub.core.writers import records

HEAD = "Order No,Order Date,Customer ID,SKU,Quantity,Price"


def shop(folder: Path) -> Path:
    """Orders of thirty customers over a year: one regular goes silent, twenty buy only once."""
    rows, number = [HEAD], 0
    end = date(2025, 12, 31)

    def sell(customer: str, days_ago: int, sku: str = "A1", quantity: int = 1) -> None:
        nonlocal number
        number += 1
        day = end - timedelta(days=days_ago)
        rows.append(f"{number},{day},{customer},{sku},{quantity},20.00")

    for days_ago in (280, 250, 220, 190, 160, 130, 100):
        sell("=regular", days_ago)
    for one in range(20):
        sell(f"once{one}", 300)
    for one in range(9):
        for days_ago in (250, 200, 150, 100, 50, 0):
            sell(f"often{one}", days_ago, "B2")
    for one in range(4):
        sell(f"often{one}", 90, "B2", -1)
    path = folder / "orders.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


Played = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Path:
    """The folder of results for the shop's orders and customers; the hub is kept beside it."""
    folder = tmp_path_factory.mktemp("quickstart")
    out, keep = str(folder / "out"), str(folder / "hub")
    people = folder / "clients.csv"
    people.write_text(
        "Customer ID,First name,Last name,E-mail\n=regular,<b>Ann</b>,Lee,ann@example.com\n"
        "once1,Bob,Ray,bob@example.com\n"
    )
    files = [str(shop(folder)), str(people)]
    arguments = [*files, "--out", out, "--keep", keep, "--currency", "EUR"]
    assert run(["quickstart", *arguments]) == 0
    return folder


def test_the_plan_names_pains_with_what_the_data_show(done):
    """Who is silent, who came once, in numbers and money; then thirty days, from the first."""
    text = (done / "out" / "report.html").read_text()

    assert "1 customer who bought on 3 days or more" in text
    assert "20 of 30 customers who first bought 180 days ago or longer bought once" in text
    assert "66.7\u00a0%" in text
    assert "EUR 400.00" in text
    assert "1. Customers do not come back after their first order" in text
    assert "They are not in the list below" in text
    for days in ("1 to 7", "8 to 14", "15 to 21", "22 to 27", "28 to 30"):
        assert f">{days}</td>" in text.replace("\u00a0", " ")


def test_the_way_of_customers_is_shown(done):
    """Who comes again after each visit, and the stages of which no file tells."""
    text = (done / "out" / "report.html").read_text()

    way = text.split("Their way with you")[1].split("Headlines of the month")[0]
    plain = " ".join(re.sub("<[^>]+>", " ", way).split())
    # 30 came; 9 came again five times, one six times; twenty have been away for 300 days.
    assert "1st to 2nd visit 30 10 33.3 %" in plain
    assert "2nd to 3rd visit 10 10 100.0 %" in plain
    assert "Buy I want to pay once and know what happens next. order 81 30" in plain
    assert "Give back or leave I want out without a fight. return 4 4" in plain
    assert "Get help I want it solved by the first person I speak to. no file tells of it" in plain


def test_what_the_files_cannot_show_is_said(done):
    """No tickets and no answers: that is no all-clear."""
    text = (done / "out" / "report.html").read_text()

    assert "Not enough data about complaints: no file holds tickets" in text
    assert "no file holds NPS answers" in text
    assert '<h3>Open tickets</h3><div class="value none">insufficient data</div>' in text


def test_the_list_names_the_regular_and_no_spreadsheet_runs_it(done):
    """One line per customer to get in touch with; a name that begins with = is disarmed."""
    raw = (done / "out" / "follow-up.csv").read_text(encoding="utf-8-sig")

    [head, *rows] = list(csv.reader(raw.splitlines()))
    [found] = [dict(zip(head, row, strict=True)) for row in rows]
    assert found["customer"] == "'=regular"
    assert found["what_the_data_show"] == "bought on 7 days, usually every 30; silent for 100"
    assert found["spent"] == "EUR 140.00"
    assert next(records([raw.splitlines()[1]], guard=True))[1] == "=regular"


def test_the_page_names_customers_as_text_only(done):
    """What files say can never become markup."""
    text = (done / "out" / "report.html").read_text()

    assert ">&lt;b&gt;Ann&lt;/b&gt; Lee</td>" in text


def test_customers_of_one_file_are_those_of_the_other(done):
    """Orders name customers by id; the customer list brings their names and addresses."""
    [_, row] = (done / "out" / "follow-up.csv").read_text().splitlines()

    assert '"=regular' in row.replace("'", "")
    assert '"<b>Ann</b> Lee","ann@example.com"' in row


def test_a_hub_that_is_kept_is_not_written_over(done, capsys):
    """Somebody may have corrected its settings: go on with it, or name another folder."""
    orders, keep = str(done / "orders.csv"), str(done / "hub")

    code = run(["quickstart", orders, "--keep", keep, "--out", str(done / "again")])

    assert code == 2
    assert "go on with it" in capsys.readouterr().err
    assert not (done / "again").exists()


def test_the_hub_that_was_kept_goes_on(done, capsys):
    """Its hub.toml is whole: the next run reads what is new, which is nothing."""
    toml = done / "hub" / "hub.toml"

    code = run(["run", "--json", "--config", str(toml)])

    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert told["counts"]["stored"] == 0
    assert load(toml).enabled == ["files"]


@pytest.fixture
def play(tmp_path, capsys) -> Played:
    """Runs the command on files; returns its exit code and all that it said."""

    def play(*arguments: str | Path) -> tuple[int, str]:
        code = run(["quickstart", *map(str, arguments), "--out", str(tmp_path / "out")])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return play


def test_three_orders_are_not_enough_for_a_plan(tmp_path, play):
    """Nothing is made of nothing: no pain, no plan, and it is said."""
    path = tmp_path / "orders.csv"
    path.write_text(f"{HEAD}\n1,2025-10-01,c1,A1,1,20.00\n2,2025-10-05,c2,A1,2,20.00\n")

    code, _ = play(path)

    text = (tmp_path / "out" / "report.html").read_text()
    assert code == 0
    assert "Not enough data for a plan" in text
    assert "EUR" not in text  # no currency is made up
    assert "XXX" not in text
    assert "Month 2025-10." in text


SMALL = (
    "sep=;\r\nDatum;Kunde;Betrag\r\n"
    + "".join(f"03.0{month}.2025;Anna Groß;12,50 €\r\n" * 2 for month in (1, 2, 3))
    + "04.01.2025;Bo Öz;1.004,00 €\r\nSumme;;1.079,00 €\r\n"
)


def test_a_shop_without_receipts_gets_a_report_and_loses_no_line(tmp_path, play):
    """By name and day; what could not be used is listed with its line, in the page and beside."""
    shop, answers = tmp_path / "sales.csv", tmp_path / "answers.csv"
    shop.write_text(SMALL, encoding="cp1252")
    rows = [f"2025-03-{day:02},{3 if day < 9 else 9},{day} is slow" for day in range(1, 13)]
    answers.write_text("\n".join(["Date,Score,Comment", *rows]))

    code, said = play(shop, answers, "--json")

    told, _ = json.JSONDecoder().raw_decode(said)
    text = (tmp_path / "out" / "report.html").read_text()
    plain = " ".join(re.sub("<[^>]+>", " ", text).split())
    assert code == 3  # partial: one line was not usable
    assert [each["place"] for each in told["not_usable_lines"]] == ["sales.csv:10"]
    assert "sales.csv:10" in (tmp_path / "out" / "not-usable.csv").read_text("utf-8-sig")
    assert "sales.csv:10" in plain.split("What was read")[1]
    assert "the lines of one Kunde with the same Datum are one receipt" in plain
    assert "the amounts of Betrag are taken for EUR" in plain
    assert "order 4 2" in plain  # three days of Anna's, one of Bo's
    assert "Score is taken for how likely customers are to recommend (NPS), 0 to 10" in plain
    assert "Customers answer badly when asked Net Promoter Score (0-10): answers 0-6: 66.7" in plain
    assert "They are not in the list below" in plain  # nobody knows who answered
    assert told["document"]["kind"] == "quickstart"


def test_names_of_sales_and_answers_are_one_customer(tmp_path, play):
    """Anna of the one file is Anna of the other; her unhappy answer is told with her name."""
    day = datetime.now(UTC).date() - timedelta(days=3)
    sales, answers = tmp_path / "sales.csv", tmp_path / "answers.csv"
    sales.write_text(f"Date,Customer name,Amount\n{day},Ann Lee,5.00\n{day},Bo Ray,6.00\n")
    answers.write_text(f"Date,Customer name,Score\n{day},Ann Lee,2\n{day},Bo Ray,10\n")

    code, _ = play(sales, answers)

    listed = (tmp_path / "out" / "follow-up.csv").read_text("utf-8-sig").splitlines()
    [head, *rows] = list(csv.reader(listed))
    [found] = [dict(zip(head, row, strict=True)) for row in rows]
    assert code == 0
    assert (found["name"], found["why"], found["spent"]) == ("Ann Lee", "unhappy answer", "5.00")


def test_sales_and_customers_that_do_not_meet_are_told(done, tmp_path, play):
    """Names here and numbers there: the report says how to make them one."""
    sales, people = tmp_path / "sales.csv", tmp_path / "people.csv"
    sales.write_text("Date,Customer,Amount\n2025-03-01,Ann Lee,5.00\n2025-03-02,Bo Ray,6.00\n")
    people.write_text("Customer ID,First name,Last name\nC1,Ann,Lee\nC2,Bo,Ray\n")

    code, _ = play(sales, people)

    told = "Only 0 of 2 customers of the sales are in the list of customers."
    assert code == 0
    assert told in (tmp_path / "out" / "report.html").read_text()
    assert "in the list of customers" in (done / "out" / "report.html").read_text()  # 2 of 30


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"hello\nworld\n", "odd.csv:1:1: no column says when it was or how much it was. Name"),
        (b"\x00\x01\x02\xff\xfe" * 50, "odd.csv"),
    ],
    ids=["empty", "no-table", "binary"],
)
def test_an_odd_file_is_refused_with_its_name_and_a_next_step(tmp_path, play, content, told):
    """Nothing is written, and the message says what to do."""
    path = tmp_path / "odd.csv"
    path.write_bytes(content)

    code, said = play(path)

    assert code == 2
    assert "HUB-226" in said
    assert told in said
    assert not (tmp_path / "out").exists()


def test_every_odd_file_is_named_at_once(tmp_path, play):
    """Two mistakes are two lines, not two attempts."""
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_bytes(b"")

    _, said = play(tmp_path / "one.csv", tmp_path / "two.csv")

    assert "one.csv" in said
    assert "two.csv" in said


@pytest.mark.parametrize("option", [("--currency", "euro"), ("--time-zone", "Mars")])
def test_a_mistyped_option_is_refused_before_anything_is_read(tmp_path, play, option):
    """With the option's name and an example."""
    code, said = play(shop(tmp_path), *option)

    assert code == 2
    assert option[0] in said
