"""What a customer likes and dislikes: aspect × polarity.

An aspect is found by its terms; its polarity is that of the clause it stands in, or, where the
clause says nothing, of the whole text. The terms are English defaults for a shop with support;
``[text.aspects]`` adds a business's own, or replaces one of the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hub.text.phrases import Phrases
from hub.text.sentiment import Label, Sentiment
from hub.text.tokens import Token, clauses

VERSION: Final = "aspects@1"

DEFAULT_ASPECTS: Final[Mapping[str, tuple[str, ...]]] = {
    name: tuple(term.strip() for term in terms.split(","))
    for name, terms in {
        "billing": """bill, billed, billing, charged twice, credit card, invoice, overcharged,
            payment, subscription""",
        "delivery": """arrive, arrived, arriving, courier, deliver, delivered, delivery, dispatch,
            dispatched, driver, package, parcel, postage, shipment, shipped, shipping, tracking""",
        "price": """cheap, cheaper, cost, expensive, fee, overpriced, price, priced, pricey,
            pricing, value for money""",
        "product": """battery, broken, build, colour, defective, durable, fabric, faulty, fit, fits,
            item, leaks, leaking, material, product, quality, size, sizing, stopped working,
            taste""",
        "returns": """exchange, exchanged, money back, refund, refunded, return label, returned,
            returning, returns""",
        "staff": """adviser, advisor, agent, assistant, cashier, employee, manager, person,
            receptionist, rep, representative, sales person, staff, team""",
        "store": """branch, checkout queue, fitting room, opening hours, parking, shelves, shop,
            store""",
        "support": """call centre, call center, chat, customer care, customer service, help desk,
            helpdesk, helpline, hotline, support""",
        "waiting": """answer, on hold, queue, reply, response, still waiting, wait, waited,
            waiting""",
        "website": """account, app, checkout, log in, login, page, password, site, web site,
            website""",
    }.items()
}

Scorer = Callable[[Sequence[Token]], Sentiment]


@dataclass(frozen=True, slots=True)
class Aspect:
    """One aspect of a text and how the text speaks of it.

    Args:
        name: From the aspects in use.
        label: Polarity in a word.
        polarity: -1..1; None if unknown.
        start: First character of the clause that says so.
        end: Character after its last.
    """

    name: str
    label: Label
    polarity: float | None
    start: int
    end: int


def aspect_phrases(own: Mapping[str, Sequence[str]]) -> Phrases[str]:
    """The terms to look for: the defaults, with a business's ``own`` in place of same-named."""
    terms = {**DEFAULT_ASPECTS, **own}
    mine = sorted(terms, key=lambda name: name not in own)  # of equal terms, the business's counts
    return Phrases([(term, name) for name in mine for term in terms[name]])


def aspects(
    text: str, tokens: Sequence[Token], phrases: Phrases[str], score: Scorer, whole: Sentiment
) -> tuple[Aspect, ...]:
    """Each aspect with the clauses that mention it, in order; one entry per aspect and clause.

    >>> from hub.text.sentiment import by_lexicon
    >>> from hub.text.tokens import tokenise
    >>> text = "Great quality, but the delivery was late."
    >>> tokens, terms = tokenise(text), aspect_phrases({})
    >>> found = aspects(text, tokens, terms, by_lexicon, by_lexicon(tokens))
    >>> [(aspect.name, aspect.label) for aspect in found]
    [('product', 'positive'), ('delivery', 'negative')]
    """
    found: list[Aspect] = []
    for clause in clauses(text, tokens):
        names = dict.fromkeys(match.value for match in phrases.find(clause))
        if names:
            own = score(clause)
            said = own if own.evidence else whole
            place = clause[0].start, clause[-1].end
            found += [Aspect(name, said.label, said.polarity, *place) for name in names]
    return tuple(found)
