"""The life of a ticket, version by version: handed on, explained again, solved or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from msgspec.structs import replace

from hub.core.records import Message, PartyRef, Ticket
from hub.emulation.world.churn.words import DONE, ONCE_MORE, REPLIES
from hub.emulation.world.dice import chance
from hub.emulation.world.vocabulary import AGENTS

EXPLAINS_AGAIN = 0.75
"""How often a customer has to, after an agent answered and before the next one does."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a customer asks for, and how the desk deals with it.

    Args:
        topic: Category of the ticket.
        hands: How many agents it goes through.
        solved_after: From its opening to its solution, if it has time enough; None = never.
    """

    at: datetime
    topic: str
    subject: str
    body: str
    channel: str
    hands: int
    solved_after: timedelta | None


def life(rng: Random, request: Request, party: PartyRef) -> Iterator[tuple[datetime, Ticket]]:
    """The versions of the ticket and since when each stands: opened, each answer, solved."""
    ticket = Ticket(
        at=request.at,
        party=party,
        subject=request.subject,
        body=request.body,
        status="new",
        channel=request.channel,
        category=request.topic,
        assignee_stations=0,
        replies=0,
    )
    yield request.at, ticket
    at = request.at
    for number, agent in enumerate(rng.sample(AGENTS, request.hands), start=1):
        at += timedelta(minutes=rng.randint(30, 60 * 60))
        ticket = replace(
            ticket, status="open", assignee=agent, assignee_stations=number, replies=number
        )
        if number == 1:
            seconds = int((at - request.at).total_seconds())
            ticket = replace(ticket, first_reply_seconds=seconds)
        yield at, ticket
    if request.solved_after is not None:
        at = max(at + timedelta(hours=2), request.at + request.solved_after)
        yield at, _solved(ticket, at)


def talk(rng: Random, versions: list[tuple[datetime, Ticket]], ticket: str) -> Iterator[Message]:
    """What was written about it: every answer, and explanations between them."""
    for at, version in versions[1:]:
        done = version.solved_at is not None
        yield _message(at, version, ticket, DONE if done else rng.choice(REPLIES), version.assignee)
        if not done and chance(rng, EXPLAINS_AGAIN):
            later = at + timedelta(minutes=rng.randint(20, 60 * 30))
            yield _message(later, version, ticket, rng.choice(ONCE_MORE), None)


def _solved(ticket: Ticket, at: datetime) -> Ticket:
    seconds = int((at - ticket.at).total_seconds())
    return replace(
        ticket,
        status="solved",
        solved_at=at,
        replies=(ticket.replies or 0) + 1,
        full_resolution_seconds=seconds,
    )


def _message(at: datetime, about: Ticket, ticket: str, text: str, author: str | None) -> Message:
    """A public message; without an author it is the customer's."""
    return Message(
        at=at,
        party=about.party,
        ticket=ticket,
        direction="out" if author else "in",
        channel=about.channel,
        author=author,
        text=text,
    )
