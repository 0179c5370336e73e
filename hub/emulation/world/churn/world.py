"""The whole world of subscribers in one value, and how each of them comes about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path

from hub.core.records import Person, encode
from hub.emulation.world.churn.causes import Fate, fate
from hub.emulation.world.churn.habits import habits
from hub.emulation.world.churn.money import orders, payments, price_letter, subscription
from hub.emulation.world.churn.opinions import opinions
from hub.emulation.world.churn.service import contacts
from hub.emulation.world.churn.told import Book, Told
from hub.emulation.world.churn.use import use
from hub.emulation.world.dice import dice
from hub.emulation.world.model import TruePerson
from hub.emulation.world.population import populate


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One customer: what systems tell of them, and what nobody but the world knows.

    Args:
        id: As every source names them.
        told: Versions of their records in order of time, to the end of the world or to the
            moment they left.
        fate: What happened to them.
        hidden: Connections that do not know them.
    """

    id: str
    told: tuple[Told, ...]
    fate: Fate
    hidden: frozenset[str]


@dataclass(frozen=True, slots=True, repr=False)
class ChurnWorld:
    """A year of a coffee club: subscribers, some of whom leave, most of them for a reason.

    Args:
        start: First instant of the year.
        end: First instant after it.
    """

    seed: int
    start: datetime
    end: datetime
    subscribers: tuple[Subscriber, ...]

    @classmethod
    def build(
        cls, seed: int, subscribers: int = 400, start: date = date(2025, 11, 1), days: int = 365
    ) -> ChurnWorld:
        """The world of that seed: the same records, and the same bytes, on every machine.

        Raises:
            ValueError: If more subscribers are asked for than a town has telephone numbers.
        """
        first = datetime.combine(start, time(), UTC)
        last = first + timedelta(days=days)
        town = populate(seed, subscribers, start, days).people
        people = enumerate(town, start=1)
        made = tuple(_subscriber(seed, number, who, first, last) for number, who in people)
        return cls(seed, first, last, made)

    def __repr__(self) -> str:
        return f"<ChurnWorld seed={self.seed} subscribers={len(self.subscribers)}>"

    def write_records(self, path: Path) -> None:
        """Writes one JSON line per version: since when, which record, what it says."""
        path.write_bytes(b"".join(self._lines()))

    def write_truth(self, path: Path) -> None:
        """Writes who left, when and why, and what happened to everybody, as JSON."""
        truth = {
            "seed": self.seed,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "subscribers": {each.id: _truth(each) for each in self.subscribers},
        }
        text = json.dumps(truth, indent=1, sort_keys=True)
        path.write_text(text + "\n", encoding="utf-8", newline="\n")

    def _lines(self) -> Iterator[bytes]:
        for each in self.subscribers:
            for told in each.told:
                head = f'{{"at":"{told.at.isoformat()}","source":"{told.source}","record":'
                yield head.encode() + encode(told.record) + b"}\n"


def _subscriber(
    seed: int, number: int, who: TruePerson, start: datetime, end: datetime
) -> Subscriber:
    """One customer, whose chances depend on the seed and their number alone."""
    rng = partial(dice, seed, "churn", str(number))
    ways = habits(rng("habits"), start, end)
    what = fate(rng("fate"), ways, start, end)
    book = Book(number, ways.hidden)
    _introduce(book, who, max(start, ways.joined))
    subscription(rng("subscription"), book, ways, what, start)
    appetite = use(rng("use"), book, ways, what, start, end)
    solved = contacts(rng("contacts"), book, ways, what, start, end)
    payments(rng("payments"), book, ways, what, start, end)
    price_letter(book, ways, start)
    orders(rng("orders"), book, ways, appetite, start, end)
    opinions(rng("opinions"), book, ways, what, solved, start)
    last = min(end - timedelta(microseconds=1), what.left_at or end)
    return Subscriber(book.party.id, book.until(last), what, ways.hidden)


def _introduce(book: Book, who: TruePerson, at: datetime) -> None:
    record = Person(given_name=who.given_name, family_name=who.family_name, emails=[who.emails[-1]])
    book.tell(at, book.key("crm", "customers"), record)


def _truth(each: Subscriber) -> dict[str, object]:
    left_at = each.fate.left_at
    return {
        "left_at": left_at.isoformat() if left_at else None,
        "cause": each.fate.cause,
        "hidden": sorted(each.hidden),
        "happenings": [
            {
                "cause": happening.cause,
                "at": happening.at.isoformat(),
                "leaves_at": happening.leaves_at.isoformat() if happening.leaves_at else None,
                "fades": happening.fades,
            }
            for happening in each.fate.happenings
        ],
    }
