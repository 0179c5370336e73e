"""What a text names: products of the catalogue, competitors, money, dates, order numbers.

Where two readings share characters, the more certain kind wins, in the order of :data:`KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from hub.core.records import Order, OrderItem, OrderLine, Product, Record
from hub.text import amounts, days, order_numbers
from hub.text.phrases import Phrases
from hub.text.stopwords import STOP_WORDS
from hub.text.tokens import Token, tokenise

VERSION: Final = "entities@1"

Kind = Literal["date", "money", "order", "product", "competitor"]
KINDS: Final[tuple[Kind, ...]] = ("date", "money", "order", "product", "competitor")


@dataclass(frozen=True, slots=True)
class Entity:
    """Something that is named in characters ``start`` to before ``end`` of a text.

    Args:
        kind: What sort of thing.
        value: ISO date; minor units and currency (``4990 AUD``); order number; product name;
            competitor as the settings spell it.
        start: First character.
        end: Character after the last.
        skus: Of a product, all that share the name.
    """

    kind: Kind
    value: str
    start: int
    end: int
    skus: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a business sells and who else sells it, ready to be looked for.

    Args:
        products: Names and SKUs; the value is the name and its SKUs.
        competitors: From ``[text] competitors``.
        currency: Of amounts that say only ``$``, if the business's is a dollar.
        day_first: Whether 3/4 is the third of April.
    """

    products: Phrases[tuple[str, tuple[str, ...]]]
    competitors: Phrases[str]
    currency: str = "AUD"
    day_first: bool = True


_EVERYDAY_WORDS: Final = """
bag book box card charge cup delivery deposit discount gift manual order package plan post postage
product refund sale sample service set shipping test tip voucher
"""
_EVERYDAY: Final = frozenset(_EVERYDAY_WORDS.split())
"""Names of things in tills that customers also say of other things."""


def catalogue(
    records: Iterable[Record],
    competitors: Iterable[str] = (),
    *,
    currency: str = "AUD",
    day_first: bool = True,
) -> Catalogue:
    """The catalogue that products, order items and order lines among ``records`` make up.

    A name counts with and without its variant (``Mug - Blue / 300 ml``); one that is a single
    everyday word, or shorter than three letters, would be found everywhere and is left out.
    """
    names: dict[str, dict[str, None]] = {}
    for item in _items(records):
        for name in _names(item.name or ""):
            names.setdefault(name, {}).update({item.sku: None} if item.sku else {})
    by_sku = {sku: (name, (sku,)) for name, skus in names.items() for sku in skus}
    entries = [(name, (name, tuple(skus))) for name, skus in names.items()]
    entries += [(sku, found) for sku, found in by_sku.items() if _is_code(sku)]
    rivals = [(name, name) for name in competitors]
    return Catalogue(Phrases(entries), Phrases(rivals), currency, day_first)


def entities(
    text: str, tokens: Sequence[Token], known: Catalogue, today: date | None = None
) -> tuple[Entity, ...]:
    """Everything that ``text`` names, in order, without overlap.

    Args:
        text: As written.
        tokens: Of that text.
        known: Products and competitors.
        today: The day it was written, for *yesterday* and for dates without a year; without it
            such words are passed over.
    """
    taken: list[Entity] = []
    for kind in KINDS:
        for entity in _FINDERS[kind](text, tokens, known, today):
            if all(entity.end <= other.start or other.end <= entity.start for other in taken):
                taken.append(entity)
    return tuple(sorted(taken, key=lambda entity: entity.start))


def _items(records: Iterable[Record]) -> Iterator[Product | OrderLine | OrderItem]:
    for record in records:
        if isinstance(record, Product | OrderLine):
            yield record
        elif isinstance(record, Order):
            yield from record.items


def _names(name: str) -> Iterator[str]:
    for form in dict.fromkeys((name, name.partition(" - ")[0], name.partition(" (")[0])):
        words = [token.form for token in tokenise(form)]
        telling = [w for w in words if w.isalpha() and len(w) > 2 and w not in STOP_WORDS["en"]]
        if len(telling) > 1 or (telling and telling[0] not in _EVERYDAY):
            yield form.strip()


def _is_code(sku: str) -> bool:
    """Whether a SKU is unlikely to be a year, a quantity or a word."""
    return len(sku) >= (5 if sku.isdigit() else 4) and any(map(str.isdigit, sku))


def _dates(text: str, _: Sequence[Token], known: Catalogue, today: date | None) -> Iterator[Entity]:
    for start, end, day in days.find(text, today, day_first=known.day_first):
        yield Entity("date", day.isoformat(), start, end)


def _money(text: str, _: Sequence[Token], known: Catalogue, __: date | None) -> Iterator[Entity]:
    for start, end, minor, currency in amounts.find(text, known.currency):
        yield Entity("money", f"{minor} {currency}", start, end)


def _orders(text: str, _: Sequence[Token], __: Catalogue, ___: date | None) -> Iterator[Entity]:
    for start, end, number in order_numbers.find(text):
        yield Entity("order", number, start, end)


def _products(
    _: str, tokens: Sequence[Token], known: Catalogue, __: date | None
) -> Iterator[Entity]:
    for match in known.products.find(tokens):
        name, skus = match.value
        yield Entity("product", name, tokens[match.first].start, tokens[match.end - 1].end, skus)


def _rivals(_: str, tokens: Sequence[Token], known: Catalogue, __: date | None) -> Iterator[Entity]:
    for match in known.competitors.find(tokens):
        start, end = tokens[match.first].start, tokens[match.end - 1].end
        yield Entity("competitor", match.value, start, end)


_Finder = Callable[[str, Sequence[Token], Catalogue, date | None], Iterator[Entity]]
_FINDERS: Final[dict[Kind, _Finder]] = {
    "date": _dates,
    "money": _money,
    "order": _orders,
    "product": _products,
    "competitor": _rivals,
}
