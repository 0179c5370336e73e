"""A real till export, whole: 541,909 lines as they are, in every guise, and with planted damage.

The expectations are properties of the file, counted without the hub, and its published figures;
the population filter belongs to the metric and not to the load. Every sync is the command ``hub``
in a process of its own, so that time and memory are those of a user.

Source: UCI Online Retail (Chen, Sain, Guo 2012).
"""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import distinct, func, select

from benchmarks.process import HUB, Ran, run
from benchmarks.retail import SHARED, write_settings
from hub.core.errors import EXIT_OK, EXIT_PARTIAL
from hub.store.engine import Store
from hub.store.schema import (
    golden_records,
    metric_snapshots,
    order_entries,
    quarantine,
    source_records,
    streams,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.exists(), reason=f"no {SHARED.name} beside the project"),
]

LINES = 541_909
CUSTOMERS = 4_372
INVOICES = 25_900
PLANTED = LINES // 100


@dataclass(frozen=True, slots=True)
class Loaded:
    """A hub that has read the file: its folder, and what its first sync took."""

    home: Path
    sync: Ran

    @property
    def counts(self) -> dict[str, int]:
        return dict(json.loads(self.sync.output)["counts"])

    def again(self, *command: str) -> Ran:
        """Another command of the same hub."""
        return run([HUB, "--config", str(self.home / "hub.toml"), "--json", *command], self.home)

    @contextmanager
    def store(self) -> Iterator[Store]:
        store = Store.open(f"sqlite:///{self.home / 'var' / 'hub.db'}")
        yield store
        store.close()


Load = Callable[..., Loaded]


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Reads files into a new hub and prints how fast that was."""

    def load(
        name: str, folder: Path, files: str, encoding: str = "utf-8", *, exit_code: int = EXIT_OK
    ) -> Loaded:
        home = tmp_path_factory.mktemp(name)
        settings = write_settings(home, folder, files, encoding=encoding)
        ran = run([HUB, "--config", str(settings), "--json", "sync"], home, expected=exit_code)
        print(
            f"\n{name}: {ran.seconds:.1f} s, {LINES / ran.seconds:,.0f} records/s,"
            f" {ran.cpu_seconds / LINES * 1e6:.1f} µs of CPU per record, peak {ran.peak_mb:.0f} MB"
        )
        return Loaded(home, ran)

    return load


@pytest.fixture(scope="module")
def original(load: Load) -> Loaded:
    """The export as it is, gz included."""
    return load("original", SHARED.parent, SHARED.name)


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    """The header and every line, as bytes; no field of this file holds a line end."""
    with gzip.open(SHARED, "rb") as packed:
        return packed.readlines()


def test_every_line_is_accounted_for(original: Loaded) -> None:
    """What was read is what is stored: duplicates, cancellations and anonymous lines included."""
    counts = original.counts

    assert counts["read"] == LINES
    assert counts["stored"] == LINES
    assert counts["unchanged"] + counts["quarantined"] + counts["suppressed"] == 0
    assert counts["skipped"] == 0
    with original.store() as store, store.read() as connection:
        invoices = select(func.count(distinct(order_entries.c.order_ref)))
        customers = select(func.count()).where(source_records.c.entity == "person")
        entries = select(func.count()).select_from(order_entries)
        assert connection.execute(entries).scalar_one() == LINES
        assert connection.execute(invoices).scalar_one() == INVOICES
        assert connection.execute(customers).scalar_one() == CUSTOMERS


def test_an_unchanged_second_run_stores_nothing(original: Loaded) -> None:
    """A file that is untouched costs a look at its size and time of change."""
    second = original.again("sync")

    print(f"\nunchanged second run: {second.seconds:.2f} s")
    assert set(json.loads(second.output)["counts"].values()) == {0}


def test_metrics_meet_the_published_figures(original: Loaded) -> None:
    """AOV 480.87 GBP and repeat rate 65.6 %, by the metrics' own documented filter."""
    original.again("run")

    current = metric_snapshots.c.superseded_at.is_(None)
    query = select(
        metric_snapshots.c.metric, metric_snapshots.c.series, metric_snapshots.c.value
    ).where(current)
    with original.store() as store, store.read() as connection:
        values = {(row.metric, row.series): row.value for row in connection.execute(query)}
        people = connection.execute(select(func.count()).select_from(golden_records)).scalar_one()
    assert people == CUSTOMERS
    assert round(values["aov", "GBP"] / 100, 2) == 480.87
    assert round(values["repeat_rate", "GBP"], 1) == 65.6


def _shuffled(lines: list[bytes], folder: Path) -> None:
    body = lines[1:]
    random.Random(2).shuffle(body)
    (folder / "shuffled.csv").write_bytes(b"".join([lines[0], *body]))


def _split(lines: list[bytes], folder: Path) -> None:
    body = lines[1:]
    for part in range(12):
        (folder / f"part-{part:02}.csv").write_bytes(b"".join([lines[0], *body[part::12]]))


def _western(lines: list[bytes], folder: Path) -> None:
    text = b"".join(lines).decode("utf-8")
    (folder / "western.csv").write_bytes(text.encode("windows-1252"))


@pytest.mark.parametrize(
    ("write", "encoding"),
    [
        pytest.param(_shuffled, "utf-8", id="shuffled"),
        pytest.param(_split, "utf-8", id="split"),
        pytest.param(_western, "windows-1252", id="windows-1252"),
    ],
)
def test_the_store_is_the_same_in_any_guise(
    original: Loaded,
    lines: list[bytes],
    load: Load,
    tmp_path: Path,
    write: Callable[[list[bytes], Path], None],
    encoding: str,
) -> None:
    """Keys, records and money do not depend on order, number of files or encoding."""
    write(lines, tmp_path)

    guise = load(write.__name__.strip("_"), tmp_path, "*.csv", encoding)

    assert guise.counts == original.counts
    assert _digest(guise) == _digest(original)


def _digest(loaded: Loaded) -> str:
    """Digest of every record and order entry by source id: what the store says, without row ids."""
    records = (
        select(streams.c.stream, source_records.c.source_id, source_records.c.canonical)
        .join(streams, streams.c.stream_id == source_records.c.stream_id)
        .where(source_records.c.deleted_at.is_(None))
        .order_by(streams.c.stream, source_records.c.source_id)
    )
    entry, line, party = order_entries.c, source_records.alias("line"), source_records.alias("who")
    columns = [column for column in entry if column.name not in {"rid", "stream_id", "party_rid"}]
    entries = (
        select(line.c.source_id, party.c.source_id.label("party"), *columns)
        .join(line, line.c.rid == entry.rid)
        .outerjoin(party, party.c.rid == entry.party_rid)
        .order_by(line.c.source_id, entry.line)
    )
    digest = sha256()
    with loaded.store() as store, store.read() as connection:
        for query in (records, entries):
            for row in connection.execute(query):
                digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


Damage = Callable[[list[bytes]], list[bytes]]
"""Fields of a good line to the fields of a bad one."""


def _field(column: int, value: bytes) -> Damage:
    return lambda fields: [*fields[:column], value, *fields[column + 1 :]]


DAMAGES: dict[str, tuple[str, Damage]] = {
    "a column too many": ("too-many-columns", lambda fields: [*fields, b"surplus"]),
    "a column too few": ("too-few-columns", lambda fields: fields[:-1]),
    "a day that never was": ("bad-date", _field(4, b"2011-02-30 12:00:00")),
    "a quantity in words": ("bad-number", _field(3, b"half a dozen")),
    "a price with two points": ("bad-number", _field(5, b"1.2.3")),
    "no invoice": ("missing-value", _field(0, b"")),
    "a NUL": ("nul", _field(2, b"GIFT\0BOX")),
    "a broken character": ("unreadable-encoding", _field(2, b"CAF\xe9 SET")),
    "a quotation mark left open": ("bad-quoting", _field(2, b'"GIFT BOX')),
}
"""What is planted, with the reason that the quarantine must give."""


def test_quarantine_holds_exactly_the_planted_lines(
    lines: list[bytes], load: Load, tmp_path: Path
) -> None:
    """One line in a hundred is damaged: those are refused, each for its reason, and no other."""
    planted = _plant(lines, tmp_path / "damaged.csv")

    damaged = load("damaged", tmp_path, "damaged.csv", exit_code=EXIT_PARTIAL)

    with damaged.store() as store, store.read() as connection:
        held = connection.execute(select(quarantine.c.place, quarantine.c.reason)).all()
    assert {int(place.split(":")[1]): reason for place, reason in held} == planted
    assert len(held) == len(planted) == PLANTED
    assert damaged.counts["quarantined"] == PLANTED
    assert damaged.counts["stored"] == LINES - PLANTED
    assert Counter(planted.values()).keys() == {reason for reason, _ in DAMAGES.values()}


def _plant(lines: list[bytes], path: Path) -> dict[int, str]:
    """Writes the file with damage; returns line number to expected reason."""
    rng = random.Random(3)
    plain = [number for number in range(1, len(lines)) if lines[number].count(b",") == 7]
    damaged = list(lines)
    planted: dict[int, str] = {}
    for number in sorted(rng.sample(plain, PLANTED)):
        reason, damage = rng.choice(list(DAMAGES.values()))
        if reason == planted.get(number) == "bad-quoting":
            reason, damage = DAMAGES["a NUL"]  # two open marks in a row quote what is between them
        fields = lines[number].rstrip(b"\r\n").split(b",")
        damaged[number] = b",".join(damage(fields)) + b"\n"
        planted[number + 1] = reason
    path.write_bytes(b"".join(damaged))
    return planted
