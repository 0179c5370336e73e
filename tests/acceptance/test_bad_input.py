"""Bad files, through the command line: what is wrong and where, an exit code, and nothing lost.

Each hub reads two files. One of them is bad; the other must come in whatever happens to the first.
After the repair, one more run brings everything that the first one could not take.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.cli.main import run
from hub.store.engine import Store
from hub.store.schema import source_records, streams

TOML = """\
[hub]
name = "Shop"
time_zone = "Australia/Sydney"
region = "AU"
currency = "AUD"
data_dir = "var"

[connections.pos]
connector = "csv"
[connections.pos.settings]
folder = "."

[connections.pos.settings.streams.customers]
files = "customers.csv"
entity = "person"
key = ["id"]
encoding = "utf-8"
[connections.pos.settings.streams.customers.columns]
given_name = "name"
emails = ["email"]
birth_date = "born"

[connections.pos.settings.streams.tickets]
files = "tickets.csv"
entity = "ticket"
key = ["id"]
[connections.pos.settings.streams.tickets.columns]
at = "opened"
party = { column = "customer", stream = "customers" }
"""
HEADER = b"id,name,email,born\n"
ADA, BOB = b"1,Ada,ada@example.com,1990-01-02\n", b"2,Bob,bob@example.com,1980-05-06\n"
TICKETS = b"id,opened,customer\nt1,2026-01-01T00:00:00Z,1\n"
EVERYTHING = {"customers/1", "customers/2", "tickets/t1"}


@dataclass(frozen=True)
class Shop:
    """A hub in a folder of its own, worked by command line."""

    folder: Path
    said: Callable[[], tuple[str, str]]

    def hub(self, *arguments: str) -> tuple[int, str]:
        """Exit code and everything printed."""
        code = run([*arguments, "--config", str(self.folder / "hub.toml")])
        text = "".join(self.said())
        assert "Traceback" not in text
        assert "HUB-900" not in text
        return code, text

    def write(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    def held(self) -> set[str]:
        """Records in the store, places kept for others left out."""
        store = Store.open(f"sqlite:///{self.folder / 'var' / 'hub.db'}")
        query = select(streams.c.stream, source_records.c.source_id).join(
            streams, streams.c.stream_id == source_records.c.stream_id
        )
        with store.read() as connection:
            rows = connection.execute(query.where(source_records.c.version > 0)).all()
        store.close()
        return {f"{stream}/{source_id}" for stream, source_id in rows}


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    """A shop with two customers, one of whom opened a ticket."""
    shop = Shop(tmp_path, capsys.readouterr)
    shop.write("hub.toml", TOML.encode())
    shop.write("customers.csv", HEADER + ADA + BOB)
    shop.write("tickets.csv", TICKETS)
    return shop


@dataclass(frozen=True)
class BadRow:
    """One bad line in the list of customers, the rest of which is good."""

    line: bytes
    reason: str
    place: str
    advice: str

    def __str__(self) -> str:
        return self.reason


BAD_ROWS = [
    BadRow(BOB.replace(b"Bob", b"B\xf6b"), "unreadable-encoding", "customers.csv:3:2", "encoding"),
    BadRow(b"2,Bob,x,y,z,1980-05-06\n", "too-many-columns", "customers.csv:3:5", "Quote texts"),
    BadRow(BOB.replace(b"05-06", b"02-31"), "bad-date", "customers.csv:3", "set dates"),
    BadRow(b"1,Eve,eve@example.com,1970-01-01\n", "duplicate-key", "customers.csv:3:1", "key"),
    BadRow(b",Bob,bob@example.com,1980-05-06\n", "missing-key", "customers.csv:3:1", "Fill it"),
    BadRow(BOB.replace(b"Bob", b"B" * 2_000_000), "field-too-long", "customers.csv:3:1", "Shorten"),
    BadRow(BOB.replace(b"Bob", b"B\0b"), "nul", "customers.csv:3:2", "Remove it"),
    BadRow(BOB.replace(b"Bob", b'"Bob'), "bad-quoting", "customers.csv:3:2", "Close or double"),
]


@pytest.mark.parametrize("bad", BAD_ROWS, ids=str)
def test_a_bad_row_waits_in_quarantine_and_the_rest_comes_in(shop: Shop, bad: BadRow) -> None:
    """It is named by file and line with what to do; once corrected, it comes in by itself."""
    shop.write("customers.csv", HEADER + ADA + bad.line)

    code, text = shop.hub("run")
    _, listed = shop.hub("quarantine", "list", "--json")

    row, *others = json.loads(listed)["rows"]
    assert (code, others) == (3, [])
    assert "1 quarantined" in text
    assert "hub quarantine list" in text
    assert (row["place"], row["reason"]) == (bad.place, bad.reason)
    assert bad.advice in row["message"]
    assert shop.held() == {"customers/1", "tickets/t1"}

    shop.write("customers.csv", HEADER + ADA + BOB)
    repaired, _ = shop.hub("run")

    assert repaired == 0
    assert shop.held() == EVERYTHING


def test_a_known_bad_row_is_told_once(shop: Shop) -> None:
    """The run that meets it is partial; the next one, on the same file, has nothing to tell."""
    shop.write("customers.csv", HEADER + ADA + BAD_ROWS[0].line)
    first, _ = shop.hub("run")

    second, _ = shop.hub("run", "--full")

    assert (first, second) == (3, 0)


def absent(shop: Shop) -> None:
    (shop.folder / "customers.csv").unlink()


def wrongly_declared(shop: Shop) -> None:
    shop.write("customers.csv", (HEADER + ADA + BOB).decode().encode("utf-16"))


def without_its_columns(shop: Shop) -> None:
    shop.write("customers.csv", HEADER.replace(b"born", b"birthday") + ADA + BOB)


def not_a_table(shop: Shop) -> None:
    shop.write("customers.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)


def cut_short(shop: Shop) -> None:
    import gzip

    shop.write("customers.csv", gzip.compress(HEADER + ADA + BOB * 500)[:-20])


BAD_FILES = [
    (absent, "HUB-121", "no file matches customers.csv"),
    (wrongly_declared, "HUB-122", 'encoding = "auto"'),
    (without_its_columns, "HUB-125", '"born"'),
    (not_a_table, "HUB-12", "customers.csv"),
    (cut_short, "HUB-124", "customers.csv"),
]


@pytest.mark.parametrize(
    ("spoil", "error", "words"), BAD_FILES, ids=[case[0].__name__ for case in BAD_FILES]
)
def test_a_bad_file_stops_its_stream_only(
    shop: Shop, spoil: Callable[[Shop], None], error: str, words: str
) -> None:
    """The other file is in; the message names the bad one; a good one is read to its end."""
    spoil(shop)

    code, text = shop.hub("run")

    assert code == 3
    assert f"failed {error}" in text or f"partial {error}" in text
    assert words in text
    assert "tickets/t1" in shop.held()

    shop.write("customers.csv", HEADER + ADA + BOB)
    repaired, _ = shop.hub("run")

    assert repaired == 0
    assert shop.held() == EVERYTHING


def test_when_nothing_could_be_read_the_exit_code_says_why(shop: Shop) -> None:
    """Both files are gone: out of reach is 5, not 3."""
    absent(shop)
    (shop.folder / "tickets.csv").unlink()

    code, text = shop.hub("sync", "pos")

    assert code == 5
    assert text.count("HUB-121") == 2


def test_an_unknown_connection_or_stream_is_named_with_its_neighbours(shop: Shop) -> None:
    """A name that was mistyped on the command line leads to the right one."""
    connection = shop.hub("sync", "pso")
    stream = shop.hub("sync", "pos", "--stream", "customer")

    assert connection[0] == stream[0] == 1
    assert 'did you mean "pos"?' in connection[1]
    assert "customers, tickets" in stream[1]


TEN_MISTAKES = {
    'name = "Shop"': "name = 7",
    "Australia/Sydney": "Australia/Sidney",
    'region = "AU"': 'regoin = "AU"',
    '"AUD"': '"AUDD"',
    'data_dir = "var"': "data_dir = 1",
    'connector = "csv"': 'connector = "cvs"\nmode = "snyc"\nenabeld = true',
    'entity = "person"': 'entity = "persn"',
}
MORE_MISTAKES = """
[schedules]
lease = "soon"
[store]
url = "mysql://x/y"
"""


def test_ten_mistakes_in_hub_toml_are_told_in_one_run(shop: Shop) -> None:
    """Each with line and column; nothing is started, and no file of the hub appears."""
    text = TOML
    for good, bad in TEN_MISTAKES.items():
        assert good in text
        text = text.replace(good, bad, 1)
    shop.write("hub.toml", (text + MORE_MISTAKES).encode())

    code, said = shop.hub("run")

    lines = [line for line in said.splitlines() if line.startswith(str(shop.folder))]
    assert code == 2
    assert f"{len(lines)} mistakes" in said
    assert len(lines) >= 10
    assert all(line.removeprefix(f"{shop.folder}/hub.toml:")[0].isdigit() for line in lines)
    assert not (shop.folder / "var").exists()
