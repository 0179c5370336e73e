"""Help that people ask for, and how it goes: passed around, opened again, or never solved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from hub.emulation.world.dice import chance, dice, pick
from hub.emulation.world.directory import Directory
from hub.emulation.world.model import Presence, Ticket, TicketMessage
from hub.emulation.world.vocabulary import AGENTS, REPLIES, TOPICS

INCIDENTS = {0: 52, 1: 30, 2: 11, 3: 5, 4: 2}
HANDS = {1: 64, 2: 22, 3: 10, 4: 4}
"""How many agents a ticket goes through."""

REOPENS = {0: 86, 1: 10, 2: 4}
NEVER_ANSWERED = 0.03
STILL_OPEN = 0.05


def all_tickets(directory: Directory) -> tuple[Ticket, ...]:
    """Every ticket, in order of creation."""
    rng = dice(directory.seed, "tickets")
    tickets = []
    for person in directory.people:
        for _ in range(pick(rng, INCIDENTS)):
            record = directory.record(rng, "tickets", person.person_id)
            if record:
                created = directory.sometime(rng, person)
                tickets.append(_ticket(directory, rng, record, created))
    tickets.sort(key=lambda ticket: (ticket.created_at, ticket.person_id))
    return tuple(
        replace(ticket, ticket_id=f"{20_000 + number}")
        for number, ticket in enumerate(tickets, start=1)
    )


def _ticket(directory: Directory, rng: Random, record: Presence, created: datetime) -> Ticket:
    """One incident from the first message to the last solve; its number comes later."""
    topic = rng.choice(list(TOPICS))
    subject, plea = TOPICS[topic]
    agents = tuple(rng.sample(AGENTS, pick(rng, HANDS)))
    reopens = pick(rng, REOPENS)
    opening = TicketMessage("customer", f"Hello, {plea}. {record.given_name}", created)
    talk = (opening, *_conversation(rng, agents, reopens, created))
    seen = tuple(message for message in talk if message.sent_at < directory.end)
    replies = [message.sent_at for message in seen if message.author != "customer"]
    complete = len(seen) == len(talk) and bool(replies)
    solved = complete and not chance(rng, STILL_OPEN)
    return Ticket(
        system=record.system,
        ticket_id="",
        local_id=record.local_id,
        person_id=record.person_id,
        channel=pick(rng, {"email": 50, "phone": 25, "chat": 20, "store": 5}),
        topic=topic,
        subject=subject,
        priority=pick(rng, {"low": 20, "medium": 55, "high": 20, "urgent": 5}),
        status="solved" if solved else rng.choice(("open", "pending")) if replies else "open",
        agents=tuple(agent for agent in agents if any(m.author == agent for m in seen)),
        reopens=reopens if solved else 0,
        created_at=created,
        first_reply_at=min(replies, default=None),
        solved_at=seen[-1].sent_at if solved else None,
        updated_at=seen[-1].sent_at,
        messages=seen,
    )


def _conversation(
    rng: Random, agents: tuple[str, ...], reopens: int, created: datetime
) -> Iterator[TicketMessage]:
    """The messages after the first: each agent answers, each re-opening asks once more."""
    if chance(rng, NEVER_ANSWERED):
        return
    at = created
    for agent in agents:
        at += timedelta(minutes=rng.randrange(10, 60 * 40))
        yield TicketMessage(agent, rng.choice(REPLIES[:3]), at)
    for _ in range(reopens):
        at += timedelta(minutes=rng.randrange(60 * 4, 60 * 24 * 6))
        yield TicketMessage("customer", "It is still not solved. Please look again.", at)
        at += timedelta(minutes=rng.randrange(10, 60 * 40))
        yield TicketMessage(agents[-1], rng.choice(REPLIES[:3]), at)
    at += timedelta(minutes=rng.randrange(30, 60 * 24 * 3))
    yield TicketMessage(agents[-1], REPLIES[3], at)
