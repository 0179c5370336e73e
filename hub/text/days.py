"""Calendar days in a text, in English words or in figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

_MONTHS: Final = (
    "jan(?:uary)?", "feb(?:ruary)?", "mar(?:ch)?", "apr(?:il)?", "may", "june?", "july?",
    "aug(?:ust)?", "sept?(?:ember)?", "oct(?:ober)?", "nov(?:ember)?", "dec(?:ember)?",
)  # fmt: skip
_MONTH = "|".join(_MONTHS)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_FORMS: Final = re.compile(
    rf"""(?<![\w/.-])(?:
      (?P<iso>\d{{4}}-\d\d-\d\d)
    | (?P<figures>\d{{1,2}}[/.]\d{{1,2}}[/.](?:\d{{4}}|\d\d))
    | (?P<day>{_DAY})\s+(?:of\s+)?(?P<month>{_MONTH})\b(?:,?\s+(?P<year>\d{{4}}))?
    | (?P<month_us>{_MONTH})\.?\s+(?P<day_us>{_DAY})\b(?:,?\s+(?P<year_us>\d{{4}}))?
    | (?P<word>yesterday|today|tomorrow)
    )(?![\w/-])""",
    re.VERBOSE | re.IGNORECASE,
)
_STEPS: Final = {"yesterday": -1, "today": 0, "tomorrow": 1}


def find(text: str, today: date | None, *, day_first: bool) -> Iterator[tuple[int, int, date]]:
    """Start, end and day of every date.

    A day that names no year is the one nearest to ``today``; without ``today`` it is passed over.
    Figures that fit one order only are read in that one.

    >>> found = find("Ordered 3/4/2026, due 12th of May, called yesterday", date(2026, 5, 2),
    ...              day_first=True)
    >>> [day.isoformat() for _, _, day in found]
    ['2026-04-03', '2026-05-12', '2026-05-01']
    """
    for match in _FORMS.finditer(text):
        try:
            day = _day(match, today, day_first)
        except ValueError:
            continue  # the 31st of February is no day
        if day is not None:
            yield match.start(), match.end(), day


def _day(match: re.Match[str], today: date | None, day_first: bool) -> date | None:
    if match["iso"]:
        return date.fromisoformat(match["iso"])
    if match["figures"]:
        return _figures(match["figures"], day_first)
    if match["word"]:
        return today and today + timedelta(days=_STEPS[match["word"].lower()])
    day = int(re.sub(r"\D", "", match["day"] or match["day_us"]))
    month = _month(match["month"] or match["month_us"])
    year = match["year"] or match["year_us"]
    return date(int(year), month, day) if year else _nearest(month, day, today)


def _figures(figures: str, day_first: bool) -> date:
    first, second, year = map(int, re.split("[/.]", figures))
    if second > 12 or (not day_first and first <= 12):
        first, second = second, first
    return date(year if year > 99 else 2000 + year, second, first)


def _month(word: str) -> int:
    return next(n for n, form in enumerate(_MONTHS, 1) if re.fullmatch(form, word, re.IGNORECASE))


def _nearest(month: int, day: int, today: date | None) -> date | None:
    if today is None:
        return None
    same_year = date(today.year, month, day)
    years = round((today - same_year).days / 365)
    return same_year.replace(year=today.year + years)
