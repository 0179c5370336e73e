"""Proposals for unknown files."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from connectors.csv.config import CsvSettings
from connectors.csv.guess import guess
from hub.core.errors import StopRun

POS = (
    "Receipt No;Sold at;SKU;Description;Qty;Unit Price;Customer ID;Till\n"
    "1001;31/12/2025 10:15;A1;Tea;2;1.234,50 €;17850.0;3\n"
    "1001;31/12/2025 10:15;A1;Tea;2;1.234,50 €;17850.0;3\n"
    "C1002;01/01/2026 11:00;B2;Müsli;-1;3,00 €;;3\n"
    "1003;01/01/2026 11:30;B2;Müsli;1;3,00 €;17851.0;3\n"
    "1004;02/01/2026 11:30;B2;Müsli;1;3,00 €;17851.0;3\n"
)
FILES = {
    "people.csv": "id,First Name,Last Name,E-mail,DOB,Postcode\n"
    "1,Ann,Lee,a@example.org,2000-02-29,0800\n2,Bob,Lee,b@example.org,1999-01-31,0801\n",
    "nps.csv": "response;respondent;NPS Score;comment;date\n"
    "r1;7;9;fine;2026-01-02\nr2;8;3;;2026-01-03\n",
    "tickets.csv": "ticket,created,subject,status,priority,customer\n"
    "t1,2026-01-02,Lost,open,high,7\nt2,2026-01-03,Late,solved,low,8\n",
    "events.csv": "event_id,event_time,event,user_id\n"
    "e1,1767322800,log_in,7\ne2,1767322900,export,8\n",
    "points.csv": "entry,member,posted,points\np1,7,2026-01-02,10\np2,7,2026-01-03,-5\n",
    "consents.csv": "event,member,purpose,channel,decision,decided\n"
    "c1,7,marketing,email,grant,2026-01-02\nc2,7,marketing,email,withdraw,2026-01-03\n",
}
ENTITIES = {
    "people.csv": "person",
    "nps.csv": "feedback",
    "tickets.csv": "ticket",
    "events.csv": "interaction",
    "points.csv": "loyalty_entry",
    "consents.csv": "consent_signal",
}


def settings_of(toml: str, **constants: str) -> CsvSettings:
    tree: Any = tomllib.loads(toml)["connections"]["files"]["settings"]
    for stream in tree["streams"].values():
        stream["constants"] = {**stream.get("constants", {}), **constants}
        if not stream["constants"]:
            del stream["constants"]
    return CsvSettings.model_validate(tree)


@pytest.mark.parametrize("name", sorted(FILES))
def test_usual_files_get_settings_that_work(shelf: Any, name: str) -> None:
    """The proposal is valid as it stands, and every line of the file becomes a record."""
    path = shelf.put(name, FILES[name])

    settings = settings_of(guess(path).as_toml())

    (declared,) = settings.streams.values()
    assert declared.entity == ENTITIES[name]
    shelf.stream = declared.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    assert len(shelf.records()) == 2


def test_a_pos_export_is_recognised_with_all_its_habits(shelf: Any) -> None:
    """Delimiter, encoding, decimal comma, sign, day-first, keyless lines, credits, id suffix."""
    path = shelf.put("pos.csv", POS, "cp1252")

    proposal = guess(path)

    assert dict(proposal.settings) == {
        "files": "pos.csv",
        "entity": "order_line",
        "key": ("Receipt No",),
        "key_mode": "columns+line",
        "encoding": "windows-1252",
        "dates": ("day-first",),
        "timezone": "UTC",
        "decimal": ",",
        "thousands": ".",
        "currency_sign": "€",
        "constants": {"currency": "EUR"},
        "cancelled_when": {"column": "Receipt No", "starts_with": "C"},
    }
    assert proposal.columns["party"] == {"column": "Customer ID", "drop_suffix": ".0"}
    assert any("CHECK: the amounts of Unit Price are taken for EUR" in n for n in proposal.notes)
    assert any("Not mapped: Till" in note for note in proposal.notes)


def test_what_a_proposal_needs_makes_it_work(shelf: Any) -> None:
    """Adding what is NEEDED, and nothing else, reads the file."""
    path = shelf.put("pos.csv", POS, "cp1252")

    settings = settings_of(guess(path).as_toml(), currency="EUR")

    shelf.stream = settings.streams["pos"].model_dump(
        mode="json", exclude_none=True, exclude_defaults=True
    )
    assert [record.amount_minor for record in shelf.records()] == [246_900, 246_900, -300, 300, 300]


def test_doubts_are_told(shelf: Any) -> None:
    """Dates that fit both orders, commas that may group: an admin has to look."""
    path = shelf.put(
        "sales.csv", "invoice;date;qty;price;sku\n1;01/02/2026;1;1,234;a\n2;03/04/2026;1;2,500;b\n"
    )

    notes = " ".join(guess(path).notes)

    assert "day-first or month-first" in notes
    assert "comma" in notes


def test_words_that_a_field_does_not_know_are_listed(shelf: Any) -> None:
    """A status of the source has to be translated by the admin; usual ones are known."""
    path = shelf.put("t.csv", FILES["tickets.csv"].replace("solved", "Parked"))
    usual = shelf.put("u.csv", FILES["tickets.csv"].replace("solved", "Erledigt"))

    assert any(
        "Parked" in note and "NEEDED: status: t.csv:1:4" in note for note in guess(path).notes
    )
    assert guess(usual).columns["status"] == {"column": "status", "values": {"Erledigt": "solved"}}


def test_a_line_that_is_no_record_does_not_hide_the_others(shelf: Any) -> None:
    """A field of a megabyte, as broken exports have: the reader will reject that line."""
    head, first, last = (
        "Order;Date;Customer;Amount\n",
        "1;5/11/2025;C1;9,90\n",
        "3;6/11/2025;C1;8\n",
    )
    clean = guess(shelf.put("orders.csv", head + first + last)).as_toml()

    found = guess(shelf.put("orders.csv", f"{head}{first}2;{'x' * 1_100_000}\n{last}")).as_toml()

    assert found == clean


def test_an_empty_file_gets_no_proposal(shelf: Any) -> None:
    """There is nothing to read a proposal off."""
    with pytest.raises(StopRun, match="empty"):
        guess(shelf.put("e.csv", ""))


def test_the_stream_gets_a_name_that_the_settings_allow(shelf: Any) -> None:
    """Digits, blanks and capitals of file names do not make an invalid table."""
    path: Path = shelf.put("2026 Nps-Export.v2.csv", FILES["nps.csv"])

    assert list(settings_of(guess(path).as_toml()).streams) == ["nps_export"]


def test_a_german_export_is_understood(shelf: Any) -> None:
    """Low quotation marks are Windows-1252; the first column names the line; a key is no rest."""
    text = "Kundennr;Vorname;Nachname;Telefon;Notiz\nK1;Jürgen;Groß;0151;„Du“\nK2;Ann;Lee;0152;\n"
    path = shelf.put("kunden.csv", text.encode("cp1252"))

    proposal = guess(path)

    assert proposal.settings["key"] == ("Kundennr",)
    assert proposal.settings["encoding"] == "windows-1252"
    assert proposal.columns["phones"] == ("Telefon",)
    assert "Not mapped: Notiz." in proposal.notes


def test_a_first_column_with_a_name_of_its_own_may_be_the_key(shelf: Any) -> None:
    """It differs on every line and is no field; a time that differs is none all the same."""
    people = guess(shelf.put("p.csv", "Membre;first;email\nA;Ann;a@b.example\nB;Bob;c@b.example\n"))
    cards = guess(shelf.put("c.csv", "Card;first;email\nA;Ann;a@b.example\nB;Bob;c@b.example\n"))
    events = guess(shelf.put("e.csv", "event_time;kind\n1767322800;a\n1767322900;a\n"))

    assert people.settings["key"] == ("Membre",)
    assert cards.settings["key"] == ("Card",)
    assert events.settings["key_mode"] == "columns+line"
