"""Amounts of money in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from hub.core.money import exponent, minor_units

_CODES: Final = "AUD|USD|EUR|GBP|NZD|CAD|CHF|JPY|SGD|HKD|BRL"
_SIGNS: Final = {
    "A$": "AUD", "AU$": "AUD", "US$": "USD", "NZ$": "NZD", "C$": "CAD", "CA$": "CAD", "S$": "SGD",
    "HK$": "HKD", "R$": "BRL", "€": "EUR", "£": "GBP", "¥": "JPY",
}  # fmt: skip
_WORDS: Final = {"euro": "EUR", "euros": "EUR", "pound": "GBP", "pounds": "GBP", "yen": "JPY"}
_DOLLARS: Final = frozenset({"AUD", "USD", "NZD", "CAD", "SGD", "HKD"})

_NUMBER = r"\d{1,3}(?:[,. '’]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d{1,2})?(?![\d])"
_AMOUNT = re.compile(
    rf"(?<![\w.,])(?P<before>(?:AU|A|US|NZ|CA|C|S|HK|R)?\$|[€£¥]|(?:{_CODES})\b)\s?"
    rf"(?P<first>{_NUMBER})"
    rf"|(?<![\w.,$€£¥])(?P<last>{_NUMBER})\s?"
    rf"(?P<after>[€£¥$]|(?:{_CODES}|dollars?|bucks|euros?|pounds?|yen)\b)",
    re.IGNORECASE,
)


def find(text: str, currency: str) -> Iterator[tuple[int, int, int, str]]:
    """Start, end, minor units and ISO 4217 currency of every amount.

    A bare ``$`` is the business's ``currency`` where that is a dollar, else US dollars.

    >>> list(find("Paid $1,249.90, then 20,50 € and 5 bucks", "AUD"))
    [(5, 14, 124990, 'AUD'), (21, 28, 2050, 'EUR'), (33, 40, 500, 'AUD')]
    """
    for match in _AMOUNT.finditer(text):
        sign = (match["before"] or match["after"]).upper()
        code = _currency(sign, currency)
        number = _decimal(match["first"] or match["last"], exponent(code))
        yield match.start(), match.end(), minor_units(number, code), code


def _currency(sign: str, business: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    if sign.lower() in _WORDS:
        return _WORDS[sign.lower()]
    if re.fullmatch(_CODES, sign):
        return sign
    return business if business in _DOLLARS else "USD"


def _decimal(number: str, places: int) -> Decimal:
    """The number, whichever sign its writer uses for thousands."""
    whole, cents = number, ""
    decimals = re.search(r"[.,](\d{1,2})$", number)
    if places and decimals:
        whole, cents = number[: decimals.start()], decimals[1]
    return Decimal(f"{re.sub('[^0-9]', '', whole)}.{cents or 0}")
