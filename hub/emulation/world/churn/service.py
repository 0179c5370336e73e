"""How customers turn to somebody: questions, issues in many hands, complaints, telephone calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from hub.core.records import Interaction, Message
from hub.emulation.world.churn.causes import (
    COMPLAINT_UNHEARD,
    UNRESOLVED_ISSUE,
    Fate,
    Happening,
)
from hub.emulation.world.churn.habits import YEAR, Habits
from hub.emulation.world.churn.tickets import Request, life, talk
from hub.emulation.world.churn.told import Book
from hub.emulation.world.churn.words import COMPLAINTS, QUESTIONS, SORRY
from hub.emulation.world.dice import chance, pick
from hub.emulation.world.service import HANDS

CHANNELS = {"email": 50, "web": 25, "chat": 25}
NEVER_SOLVED = 0.06
"""Ordinary questions that nobody answers to the end."""

CALLS_FIRST = 0.25
"""Who calls before they write."""

SOLVED = {"leaver": 0.2, "stayer": 0.6}
"""Issues in many hands that end as solved: late, or called so without being it."""

CALLS_ABOUT_IT = {0: 50, 1: 30, 2: 20}
CALLS_AFTER_COMPLAINT = {"leaver": {0: 15, 2: 55, 3: 30}, "stayer": {0: 40, 1: 35, 2: 25}}
COMPLAINT_SOLVED = {"leaver": 0.5, "stayer": 0.8}
COMPLAINS_BY_TICKET = 0.7
"""The others write to an address that no ticket is made of."""

Solution = tuple[str, datetime]
"""A ticket and when it was solved: a survey may follow."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Tells of one customer's contacts."""

    rng: Random
    book: Book

    def question(self, at: datetime) -> Iterator[Solution]:
        """An ordinary request: usually one or two agents, done within days."""
        rng = self.rng
        if chance(rng, CALLS_FIRST):
            self.call(at - timedelta(hours=rng.randint(1, 40)))
        solved = not chance(rng, NEVER_SOLVED)
        hours = timedelta(hours=rng.randint(4, 200))
        yield from self._ticket(self._asked(at, pick(rng, HANDS), hours if solved else None))

    def issue(self, each: Happening) -> Iterator[Solution]:
        """Something that goes through several hands and is seldom put right."""
        rng = self.rng
        solved = chance(rng, SOLVED[_who(each)])
        hours = timedelta(hours=rng.randint(24, 24 * 40))
        for _ in range(pick(rng, CALLS_ABOUT_IT)):
            self.call(each.at + timedelta(hours=rng.randint(20, 400)))
        request = self._asked(each.at, rng.randint(2, 4), hours if solved else None)
        yield from self._ticket(request)

    def complaint(self, each: Happening) -> Iterator[Solution]:
        """A complaint in writing, and for some calls after it."""
        rng, who = self.rng, _who(each)
        subject, body = rng.choice(COMPLAINTS)
        for _ in range(pick(rng, CALLS_AFTER_COMPLAINT[who])):
            self.call(each.at + timedelta(hours=rng.randint(8, 24 * 9)))
        solved = chance(rng, COMPLAINT_SOLVED[who])
        hours = timedelta(hours=rng.randint(10, 300)) if solved else None
        if chance(rng, COMPLAINS_BY_TICKET):
            request = Request(each.at, "complaint", subject, body, "email", 1, hours)
            yield from self._ticket(request)
        else:
            self._letter(each.at, f"{subject}. {body}", None)
            self._letter(each.at + timedelta(hours=rng.randint(3, 90)), SORRY, "Ines")

    def call(self, at: datetime) -> None:
        """A call to the hotline."""
        record = Interaction(
            at=at,
            kind="call",
            party=self.book.party,
            channel="phone",
            seconds=self.rng.randint(60, 1500),
        )
        self.book.tell(at, self.book.key("phone", "calls"), record)

    def _asked(self, at: datetime, hands: int, solved_after: timedelta | None) -> Request:
        topic = self.rng.choice(list(QUESTIONS))
        channel = pick(self.rng, CHANNELS)
        return Request(at, topic, *QUESTIONS[topic], channel, hands, solved_after)

    def _ticket(self, request: Request) -> Iterator[Solution]:
        """Tells of the ticket and all that was written; yields its solution, if it has one."""
        key = self.book.key("desk", "tickets")
        versions = list(life(self.rng, request, self.book.party))
        for at, version in versions:
            self.book.tell(at, key, version)
        for message in talk(self.rng, versions, key.source_id):
            self.book.tell(message.at, self.book.key("desk", "messages"), message)
        solved_at = versions[-1][1].solved_at
        if solved_at is not None:
            yield key.source_id, solved_at

    def _letter(self, at: datetime, text: str, author: str | None) -> None:
        """An e-mail outside of any ticket; without an author it is the customer's."""
        record = Message(
            at=at,
            party=self.book.party,
            direction="out" if author else "in",
            channel="email",
            author=author,
            text=text,
        )
        self.book.tell(at, self.book.key("desk", "messages"), record)


def contacts(
    rng: Random, book: Book, habits: Habits, fate: Fate, start: datetime, end: datetime
) -> list[Solution]:
    """Tells of everything that a customer turned to somebody for; the tickets that were solved."""
    desk = Desk(rng, book)
    solved: list[Solution] = []
    for each in fate.happenings:
        if each.cause == UNRESOLVED_ISSUE:
            solved += desk.issue(each)
        elif each.cause == COMPLAINT_UNHEARD:
            solved += desk.complaint(each)
    day = max(start, habits.joined)
    while day < end:
        if chance(rng, habits.tickets * (timedelta(days=1) / YEAR)):
            solved += desk.question(day + timedelta(minutes=rng.randrange(24 * 60)))
        day += timedelta(days=1)
    return solved


def _who(each: Happening) -> str:
    return "leaver" if each.leaves_at else "stayer"
