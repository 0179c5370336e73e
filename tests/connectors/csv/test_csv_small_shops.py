"""Files as small shops have them: no receipt numbers, odd headers, totals, signs, other encodings.

Each is read by what the guess proposes for it, as it stands; what cannot be read is refused with
file, line, column and what to do.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any

import pytest

from connectors.csv.config import CsvSettings
from connectors.csv.guess import guess
from hub.core.errors import SkipRecord, StopRun
from hub.core.records import Feedback, OrderLine, PartyRef, Person


@dataclass(frozen=True)
class Shop:
    """A file, and what it says about the first sale; amounts in minor units."""

    text: str
    amount: int
    party: str | None = "Anna Groß"
    encoding: str = "utf-8"
    order: str = ""
    check: str = ""
    currency: str = "EUR"
    lines: int = 4


def german(end: str = "\n") -> str:
    return end.join(
        (
            "Datum;Kunde;Betrag",
            "03.01.2025;Anna Groß;1.012,50",
            "03.01.2025;Anna Groß;3,00",
            "17.01.2025;Bo Öz;4,20",
            "31.01.2025;Anna Groß;5,00",
            "",
        )
    )


SHOPS = {
    "semicolons, decimal commas": Shop(german(), 101_250, order="03.01.2025 Anna Groß"),
    "windows-1252, CR LF": Shop(german("\r\n"), 101_250, encoding="cp1252"),
    "byte order mark": Shop(german(), 101_250, encoding="utf-8-sig"),
    "sep=; of a spreadsheet": Shop("sep=;\r\n" + german("\r\n"), 101_250, encoding="utf-8-sig"),
    "a title above the header": Shop("Sales of 2025;;\n;;\n" + german(), 101_250),
    "unknown names": Shop(
        "Wann,Wer,Wieviel\n2025-01-03,Anna Groß,12.50\n2025-01-04,Bo Öz,3.00\n"
        "2025-01-05,Anna Groß,4.00\n2025-01-06,Bo Öz,4.00\n", 1_250,
        check="Wieviel is taken for the amount, by what stands in it.",
    ),
    "totals and blank rows at the end": Shop(
        "Date,Customer,Amount\n2025-01-03,Anna Groß,12.50\n2025-01-04,Bo Öz,3.00\n"
        "2025-01-05,Anna Groß,4.00\n2025-01-06,Bo Öz,4.00\nTotal,,23.50\n,,\n,,\n", 1_250,
    ),
    "pounds, grouped, sign before": Shop(
        'Date,Customer name,Total (£)\n31/12/2025,Anna Groß,"£1,012.50"\n'
        '30/12/2025,Bo Öz,"£2,000.00"\n29/12/2025,Bo Öz,"-£7.25"\n28/12/2025,Anna Groß,£3.00\n',
        101_250, currency="GBP", check="the amounts of Total (£) are taken for GBP.",
    ),
    "a code behind": Shop(
        "Date,Customer,Amount\n2025-01-03,Anna Groß,12.50 CHF\n2025-01-04,Bo Öz,3.00 CHF\n"
        "2025-01-05,Anna Groß,4.00 CHF\n2025-01-06,Bo Öz,4.00 CHF\n", 1_250, currency="CHF",
    ),
    "years of two digits": Shop(
        "Date,Customer,Amount\n31/12/25,Anna Groß,12.50\n30/12/25,Bo Öz,3.00\n"
        "29/12/25,Anna Groß,4.00\n28/12/25,Bo Öz,4.00\n", 1_250,
    ),
    "a time of its own": Shop(
        "Date,Time,Customer,Amount\n2025-01-03,10:15,Anna Groß,12.50\n"
        "2025-01-03,17:15,Anna Groß,3.00\n2025-01-05,10:15,Bo Öz,4.00\n"
        "2025-01-06,10:15,Bo Öz,4.00\n", 1_250, order="2025-01-03 10:15 Anna Groß",
        check="the lines of one Customer with the same Date and Time are one receipt.",
    ),
    "e-mail and name": Shop(
        "Date,Email,Name,Amount\n2025-01-03,a@example.org,Anna Groß,12.50\n"
        "2025-01-04,,,3.00\n2025-01-05,a@example.org,Anna Groß,4.00\n2025-01-06,,,4.00\n",
        1_250, party="a@example.org",
    ),
    "nobody is named": Shop(
        "Date,Amount\n2025-01-03,12.50\n2025-01-04,3.00\n2025-01-04,3.00\n2025-01-05,4.00\n",
        1_250, party=None, check="of nobody known",
    ),
    "thousands and no decimals": Shop(
        "Datum;Kunde;Umsatz\n03.01.2025;Anna Groß;1.250\n04.01.2025;Bo Öz;980\n"
        "05.01.2025;Anna Groß;2.100\n06.01.2025;Bo Öz;7\n", 125_000, check="1.250 is 1250",
    ),
    "a line end in a name": Shop(
        'Date,"Customer\nname",Amount\n2025-01-03,Anna Groß,12.50\n2025-01-04,Bo Öz,3.00\n'
        "2025-01-05,Anna Groß,4.00\n2025-01-06,Bo Öz,4.00\n", 1_250,
    ),
    "a price and no quantity": Shop(
        "Datum,Kunde,Produkt,Preis\n2025-01-03,Anna Groß,Tee,12.50\n2025-01-04,Bo Öz,Tee,3.00\n"
        "2025-01-05,Anna Groß,Tee,4.00\n2025-01-06,Bo Öz,Tee,4.00\n", 1_250,
    ),
}  # fmt: skip


def proposed(shelf: Any, text: str | bytes, encoding: str = "utf-8", part: int = 0) -> list[str]:
    """Sets the shelf up as the guess proposes; returns the notes."""
    found = guess(shelf.put("shop.csv", text, encoding))
    tree: Any = tomllib.loads(found.as_toml())["connections"]["files"]["settings"]
    for stream in tree["streams"].values():
        if stream["entity"] == "order_line":
            stream["constants"] = {"currency": "EUR"} | stream.get("constants", {})
    streams = list(CsvSettings.model_validate(tree).streams.values())
    shelf.stream = streams[part].model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return list(found.notes)


@pytest.mark.parametrize("name", SHOPS)
def test_sales_without_receipt_numbers_are_read(shelf: Any, name: str) -> None:
    """Amount, currency and customer of the first; every line is used, or refused by its place."""
    shop = SHOPS[name]

    notes = proposed(shelf, shop.text, shop.encoding)

    sold, refused = [], []
    reading = shelf.read()
    for row, place in zip(reading.rows, reading.places, strict=True):
        try:
            sold.append(shelf.map(row))
        except SkipRecord as err:
            refused.append(f"{place}: {err}")
    first = sold[0]
    assert isinstance(first, OrderLine)
    assert (first.amount_minor, first.currency) == (shop.amount, shop.currency)
    assert (first.party and first.party.id) == shop.party
    assert len(sold) == shop.lines
    assert first.order_ref.startswith(shop.order)
    assert any(shop.check in note for note in notes)
    assert all(refusal.startswith("shop.csv:6: Date: expected a date") for refusal in refused)
    assert bool(refused) is ("totals" in name)


def test_lines_of_one_customer_at_one_time_are_one_receipt(shelf: Any) -> None:
    """Two lines of a day are a visit; the next day is another, and so is another customer."""
    proposed(shelf, german())

    refs = [sold.order_ref for sold in shelf.records()]

    assert refs[0] == refs[1]
    assert len(set(refs)) == 3


@pytest.mark.parametrize(
    ("name", "scores", "ends"),
    [("Sterne", "5 4 1", (1, 5)), ("Rating", "10 9 2", (1, 10)), ("Stars (1-5)", "3 3 3", (1, 5))],
)
def test_stars_are_a_rating_however_many(
    shelf: Any, name: str, scores: str, ends: tuple[int, int]
) -> None:
    """Of five, unless there are more than five."""
    rows = [f"2025-01-0{at},{score}" for at, score in enumerate(scores.split(), 1)]

    proposed(shelf, "\n".join([f"Date,{name}", *rows]))

    found = {(said.instrument, said.scale_min, said.scale_max) for said in shelf.records()}
    assert found == {("rating", *ends)}


@pytest.mark.parametrize(
    ("scores", "instrument", "ends"),
    [("0 10 7 9", "nps", (0, 10)), ("1 5 4 4", "csat", (1, 5))],
    ids=["0-10", "1-5"],
)
def test_answers_without_a_question_are_told_by_their_scale(
    shelf: Any, scores: str, instrument: str, ends: tuple[int, int]
) -> None:
    """Date, score, comment: 0-10 is NPS, 1-5 satisfaction, and a person is asked to check."""
    rows = [f'2025-01-0{at},{score},"fine, thanks"' for at, score in enumerate(scores.split(), 1)]

    notes = proposed(shelf, "\n".join(["Date,Score,Comment", *rows]))

    said = shelf.records()
    assert all(isinstance(each, Feedback) for each in said)
    assert said[0].instrument == instrument
    assert (said[0].scale_min, said[0].scale_max) == ends
    assert any("CHECK: Score is taken for" in note for note in notes)


def test_customers_that_sales_name_are_a_stream_of_their_own(shelf: Any) -> None:
    """Named beside their e-mail; lines that name nobody are passed over, not refused."""
    shop = SHOPS["e-mail and name"]

    proposed(shelf, shop.text, part=1)

    reading = shelf.read()
    people = [shelf.map(row) for row in reading.rows]
    assert {(each.full_name, *each.emails) for each in people} == {("Anna Groß", "a@example.org")}
    assert all(isinstance(each, Person) for each in people)
    assert reading.rejects == []


def test_a_customer_known_by_name_leads_to_that_stream(shelf: Any) -> None:
    """The lines refer to the customers by the name that they have there."""
    proposed(shelf, german())
    [sold, *_] = shelf.records()

    proposed(shelf, german(), part=1)
    people = {row["Kunde"]: shelf.map(row).full_name for row in shelf.read().rows}

    assert sold.party == PartyRef(id="Anna Groß", stream="shop_customers")
    assert people == {"Anna Groß": "Anna Groß", "Bo Öz": "Bo Öz"}


REFUSED = {
    "no-amount": ("Date,Customer\n2025-01-03,Ann\n2025-01-04,Bo\n", "shop.csv:1:1: no column says"
                  ' how much it was. Name it "amount" in this line, which has: Date, Customer.'),
    "no-date": ("Customer,Amount\nAnn,3.00\nBo,3.50\n", 'shop.csv:1:1: no column says when it was.'
                ' Name it "date" in this line'),
    "title": ("My shop\n\nCustomer,Amount\nAnn,3.00\nBo,3.50\n", "shop.csv:3:1: no column"),
    "two-amounts": ("Wann,Wer,Netto,Steuer\n2025-01-03,Ann,3.00,1.20\n2025-01-04,Bo,3.00,1.20\n"
                    "2025-01-04,Bo,3.10,1.20\n", "no column says how much it was"),
    "odd-dates": ("Date,Customer,Amount\nMon 3rd,Ann,3.00\nTue 4th,Bo,4.00\n", "shop.csv:1:1: these"
                  " dates are in no usual notation. Write them as 2026-10-31"),
    "odd-amounts": ("Date,Customer,Amount\n2025-01-03,Ann,3'5,0\n2025-01-04,Bo,x\n", "shop.csv:1:"),
    "currencies": ("Date,Customer,Amount\n2025-01-03,Ann,€3.00\n2025-01-04,Bo,$3.50\n"
                   "2025-01-05,Ann,€3.00\n2025-01-06,Bo,$3.50\n", "shop.csv:1:3: amounts in several"
                   " currencies ($, €). Give the file a column"),
    "scores": ("Date,Score\n2025-01-03,7\n2025-01-04,2\n", "no column says which question the"
               " scores answer"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_file_does_not_say_is_told_with_its_place(shelf: Any, name: str) -> None:
    """File, line and column, and the name that the column should have."""
    text, told = REFUSED[name]

    notes = guess(shelf.put("shop.csv", text)).notes

    assert any(note.startswith("NEEDED: ") and told in note for note in notes), notes


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"2025-01-03,Ann,3.00\n2025-01-04,Bo,4.00\n", "shop.csv:1:1: this line holds data"),
        (b"PK\x03\x04" + bytes(range(256)), "is a workbook, not a text table"),
        (b"\xd0\xcf\x11\xe0" + bytes(range(256)), "is a workbook, not a text table"),
    ],
    ids=["no-header", "xlsx", "xls"],
)
def test_what_is_no_table_is_refused_with_the_way_out(
    shelf: Any, content: bytes, told: str
) -> None:
    """Not read as something else."""
    path = shelf.put("shop.csv", content)

    with pytest.raises(StopRun, match=told) as caught:
        guess(path)

    assert any(word in str(caught.value) for word in ("Write a line", "Save as"))
