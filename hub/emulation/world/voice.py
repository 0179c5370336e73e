"""What people say when asked, or unasked: survey responses and reviews.

Scores follow experience: a ticket that was passed around or opened again makes a detractor more
often than a smooth one, and the comment says so in the person's language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from hub.emulation.world.dice import chance, dice, pick
from hub.emulation.world.directory import Directory
from hub.emulation.world.model import Order, Product, Review, SurveyResponse, Ticket, TruePerson
from hub.emulation.world.vocabulary import AGENTS, ASIDES, COMPLAINT, NEUTRAL, PRAISE, SAYINGS

COMMENTED = 0.62
BASE_MOOD = {PRAISE: 55, NEUTRAL: 30, COMPLAINT: 15}


@dataclass(frozen=True, slots=True)
class Instrument:
    """A question with its scale and the scores that each mood gives on it."""

    name: str
    scale_min: int
    scale_max: int
    scores: Mapping[str, Sequence[int]]


NPS = Instrument("NPS", 0, 10, {PRAISE: (9, 10), NEUTRAL: (7, 8), COMPLAINT: (0, 1, 2, 3, 4, 5, 6)})
CSAT = Instrument("CSAT", 1, 5, {PRAISE: (4, 5), NEUTRAL: (3, 4), COMPLAINT: (1, 2)})
CES = Instrument("CES", 1, 7, {PRAISE: (6, 7), NEUTRAL: (4, 5), COMPLAINT: (1, 2, 3)})


def all_surveys(
    directory: Directory,
    products: Sequence[Product],
    orders: Sequence[Order],
    tickets: Sequence[Ticket],
) -> tuple[SurveyResponse, ...]:
    """Every response, in order of the answer: after tickets, after purchases, twice a year."""
    rng = dice(directory.seed, "surveys")
    people = {person.person_id: person for person in directory.people}
    trouble = Counter(ticket.person_id for ticket in tickets if _was_hard(ticket))
    ask = _Interviewer(directory, rng, products)
    responses: list[SurveyResponse] = []
    for ticket in tickets:
        if ticket.solved_at and chance(rng, 0.45):
            mood = _mood(rng, 3 if _was_hard(ticket) else 0)
            kind = rng.choice((CSAT, CES))
            about = (people[ticket.person_id], "support", ticket.ticket_id)
            responses.extend(ask.response(kind, mood, *about, ticket.solved_at))
    for order in orders:
        if order.local_id and not order.return_of and chance(rng, 0.05):
            about = (people[order.person_id], "purchase", order.order_id)
            responses.extend(ask.response(CSAT, _mood(rng, 0), *about, order.placed_at))
    for person in directory.people:
        for wave in (100, 280):
            at = directory.start + timedelta(days=wave, hours=2)
            first, last = directory.active(person)
            if first <= at < last and chance(rng, 0.34):
                mood = _mood(rng, trouble[person.person_id])
                responses.extend(ask.response(NPS, mood, person, "relationship", "", at))
    responses.sort(key=lambda response: (response.answered_at, response.person_id))
    return tuple(replace(r, response_id=f"{700_000 + n}") for n, r in enumerate(responses, start=1))


def _was_hard(ticket: Ticket) -> bool:
    """Whether the customer had to repeat themselves or to come back."""
    return len(ticket.agents) > 2 or ticket.reopens > 0 or ticket.first_reply_at is None


def _mood(rng: Random, trouble: int) -> str:
    """How somebody feels after so much trouble."""
    weights = dict(BASE_MOOD)
    weights[COMPLAINT] *= 1 + 3 * trouble
    return pick(rng, weights)


@dataclass(frozen=True, slots=True)
class _Interviewer:
    """Asks people through the systems that hold surveys."""

    directory: Directory
    rng: Random
    products: Sequence[Product]

    def response(
        self,
        instrument: Instrument,
        mood: str,
        person: TruePerson,
        touchpoint: str,
        about: str,
        after: datetime,
    ) -> Iterator[SurveyResponse]:
        """One answer within two days, when somebody can ask and the world still lasts."""
        rng = self.rng
        record = self.directory.record(rng, "surveys", person.person_id)
        asked = after + timedelta(hours=rng.randrange(1, 30))
        answered = asked + timedelta(minutes=rng.randrange(2, 60 * 20))
        if not record or answered >= self.directory.end:
            return
        text = spoken(rng, person.language, mood, self.products) if chance(rng, COMMENTED) else ""
        yield SurveyResponse(
            system=record.system,
            response_id="",
            local_id=record.local_id,
            person_id=person.person_id,
            instrument=instrument.name,
            scale_min=instrument.scale_min,
            scale_max=instrument.scale_max,
            score=rng.choice(instrument.scores[mood]),
            comment=text,
            language=person.language,
            touchpoint=touchpoint,
            about=about,
            asked_at=asked,
            answered_at=answered,
        )


def spoken(rng: Random, language: str, mood: str, products: Sequence[Product]) -> str:
    """A sentence or two in that language and mood."""
    saying = rng.choice(SAYINGS[language, mood])
    text = saying.format(item=rng.choice(products).title, agent=rng.choice(AGENTS))
    return text + (rng.choice(ASIDES) if language == "en" else "")


def all_reviews(
    directory: Directory, products: Sequence[Product], orders: Sequence[Order]
) -> tuple[Review, ...]:
    """Public reviews by members of the loyalty programme of what they bought."""
    rng = dice(directory.seed, "reviews")
    languages = {person.person_id: person.language for person in directory.people}
    reviews = []
    for order in orders:
        cards = [
            card
            for system in directory.of_kind("loyalty")
            for card in directory.known(system, order.person_id)
        ]
        written = order.placed_at + timedelta(days=rng.randrange(2, 25), minutes=7)
        if cards and not order.return_of and written < directory.end and chance(rng, 0.09):
            mood, language = _mood(rng, 0), languages[order.person_id]
            review = Review(
                system=cards[0].system,
                review_id="",
                local_id=cards[0].local_id,
                person_id=order.person_id,
                sku=rng.choice(order.lines).sku,
                rating=rng.choice(CSAT.scores[mood]),
                text=spoken(rng, language, mood, products),
                language=language,
                written_at=written,
            )
            reviews.append(review)
    reviews.sort(key=lambda review: (review.written_at, review.person_id))
    return tuple(replace(r, review_id=f"V{n:05d}") for n, r in enumerate(reviews, start=1))
