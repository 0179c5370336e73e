"""How a file writes dates, numbers and money, found out from a sample of its texts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.csv.values import BadValue, Notation, instant_reader, number_reader

Texts = Mapping[str, Sequence[str]]
"""Column to its texts that are not empty."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a file does not say, or says in two ways.

    Args:
        text: For a person.
        column: Where it shows, if in one column.
        needed: The setting without which the file cannot be read; empty if it can.
    """

    text: str
    column: str = ""
    needed: str = ""


Found = tuple[dict[str, Any], list[Doubt]]
"""Settings, and what a person should check or add."""

_ENOUGH = 0.98  # of the texts of a column; a few may be faulty
_STRAY = 2  # texts without a digit, such as "Total" at the end of a short column
_DATES = (
    "iso", "day-first", "month-first", "unix-ms", "unix", "%d-%b-%Y", "%d %b %Y", "%Y%m%d",
    "%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%d/%m/%y", "%d/%m/%y %H:%M", "%d.%m.%y",
    "%d.%m.%y %H:%M", "%m/%d/%y", "%m/%d/%y %H:%M", "%d-%b-%y",
)  # fmt: skip
_MARKS = ((".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", " "), (".", "'"))
_GROUPED = re.compile(r"-?[1-9]\d{0,2}(\.\d{3})+")
_DIGIT = re.compile(r"\d")
_SIGN = re.compile(
    r"^[-+(]?(?P<before>[^\d\s.,()+-]{1,3})?\s*[-+]?[\d(].*?\s*(?P<after>[^\d\s.,()+-]{1,3})?\)?$"
)
_SIGNS = {"€": "EUR", "£": "GBP", "zł": "PLN", "₹": "INR", "₺": "TRY", "₪": "ILS", "Kč": "CZK"}
_CODES = frozenset(
    (
        "AUD", "BGN", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS",
        "INR", "JPY", "MXN", "NOK", "NZD", "PLN", "RON", "SEK", "SGD", "TRY", "USD", "ZAR",
    )
)  # fmt: skip
_AMBIGUOUS = {"$": "dollars of several countries", "¥": "yen or yuan", "kr": "several crowns"}


def dates(columns: Texts) -> Found:
    """Formats of the columns that hold instants or days."""
    chosen: dict[str, None] = {}
    doubts = []
    for column, texts in columns.items():
        fitting = [f for f in _DATES if reads(instant_reader(Notation(dates=(f,))), texts)]
        chosen |= dict.fromkeys(fitting[:1])
        if texts and _either_way(fitting) and not all("." in text for text in texts):
            told = f"every date of {column} could be day-first or month-first; taken for day-first."
            doubts.append(Doubt(told))
        if not fitting:
            told = "these dates are in no usual notation. Write them as 2026-10-31 or 31.10.2026."
            doubts.append(Doubt(told, column, "dates"))
    return ({"dates": tuple(chosen)} if chosen else {}), doubts


def _either_way(fitting: Sequence[str]) -> bool:
    return {"day-first", "month-first"} <= set(fitting) or {"%d/%m/%y", "%m/%d/%y"} <= set(fitting)


def is_date(texts: Sequence[str]) -> bool:
    """Whether they read as dates that people write, in one format."""
    return any(
        reads(instant_reader(Notation(dates=(form,))), texts)
        for form in _DATES
        if not form.startswith("unix")
    )


def numbers(columns: Texts) -> Found:
    """Decimal mark, thousands and sign of the columns that hold numbers."""
    texts = [text for column in columns.values() for text in column]
    signs = _signs(texts)
    where = next((column for column in columns if _signs(columns[column])), "")
    if len(signs) > 1:
        told = (
            f"amounts in several currencies ({', '.join(sorted(signs))}). Give the file a column"
            ' named "currency" with codes such as EUR, and amounts without signs.'
        )
        return {}, [Doubt(told, where, "currency_sign")]
    sign = "".join(signs)
    for decimal, thousands in _MARKS:
        notation = Notation(decimal=decimal, thousands=thousands, currency_sign=sign)
        if not reads(number_reader(notation), texts):
            continue
        doubts = []
        if _could_be_thousands(texts, notation):
            notation = replace(notation, decimal=".", thousands=",")
            doubts.append(Doubt("a comma may be a decimal mark or stand between thousands."))
        elif (decimal, thousands) == (".", "") and _are_thousands(texts, sign):
            notation = replace(notation, decimal=",", thousands=".")
            doubts.append(Doubt("a full stop is taken to stand between thousands: 1.250 is 1250."))
        default = Notation()
        names = ("decimal", "thousands", "currency_sign")
        found = {n: getattr(notation, n) for n in names}
        return {n: v for n, v in found.items() if v != getattr(default, n)}, doubts
    told = "these numbers are in no usual notation. Write all of them as 1234.50 or 1.234,50."
    bad = next((c for c, each in columns.items() if not is_number(each)), "") if columns else ""
    return {}, [Doubt(told, bad if len(columns) > 1 else next(iter(columns), ""), "decimal")]


def is_number(texts: Sequence[str]) -> bool:
    """Whether they read as numbers, in one notation."""
    signs = _signs(texts)
    return (
        bool(texts)
        and len(signs) < 2
        and any(
            reads(number_reader(Notation(decimal, thousands, "".join(signs))), texts)
            for decimal, thousands in _MARKS
        )
    )


def _could_be_thousands(texts: Sequence[str], notation: Notation) -> bool:
    commas = [text for text in texts if "," in text]
    return (
        (notation.decimal, notation.thousands) == (",", "")
        and bool(commas)
        and all(re.search(r"\d,\d{3}(?!\d)", text) for text in commas)
    )


def _are_thousands(texts: Sequence[str], sign: str) -> bool:
    """Whether every full stop has three digits behind it, as hardly any price does."""
    bare = [text.replace(sign, "").strip() if sign else text for text in texts if "." in text]
    return bool(bare) and all(_GROUPED.fullmatch(text) for text in bare)


def _signs(texts: Sequence[str]) -> set[str]:
    """Signs beside the numbers; one that hardly occurs is a fault of its line."""
    found = [m["before"] or m["after"] or "" for text in texts if (m := _SIGN.match(text))]
    usual = {sign for sign in set(found) if found.count(sign) > max(1, 0.02 * len(found))}
    return (usual or set(found)) - {""}


def currency(column: str, texts: Sequence[str]) -> Found:
    """The currency of amounts that a sign tells: beside the amounts, or in the column's name.

    >>> currency("Total (£)", ["1.00"])[0], currency("Total", ["$ 1.00"])[0]
    ({'currency': 'GBP'}, {})
    """
    for sign in [*_signs(texts), *re.findall(r"[A-Z]{3}|[^\w\s()\[\].,/:%-]", column)]:
        code = sign if sign in _CODES else _SIGNS.get(sign)
        if code:
            return {"currency": code}, [Doubt(f"the amounts of {column} are taken for {code}.")]
        if sign in _AMBIGUOUS:
            return {}, [Doubt(f"{sign} could be {_AMBIGUOUS[sign]}: name the currency.")]
    return {}, []


def reads(read: Callable[[str], object], texts: Sequence[str]) -> bool:
    """Whether ``read`` takes the texts, all but a few and the word of a last line of totals."""
    counts = Counter(texts)
    words = sum(number for text, number in counts.items() if not _DIGIT.search(text))
    left = (1 - _ENOUGH) * len(texts) + min(words, _STRAY, len(texts) // 5)
    for number, taken in zip(counts.values(), is_read(read, counts), strict=True):
        left -= 0 if taken else number
        if left < 0:  # most formats are wrong, and that shows in a few texts
            return False
    return True


def is_read(read: Callable[[str], object], texts: Iterable[str]) -> Iterator[bool]:
    """Of each text, whether ``read`` takes it."""
    for text in texts:
        try:
            read(text)
        except BadValue:
            yield False
        else:
            yield True
