"""Shopify's search syntax, as far as listings by time, id and a few words need it.

    updated_at:>='2026-10-01T00:00:00Z' AND updated_at:<'2026-10-08T00:00:00Z'
    id:>=1234 tag:'vip' -state:disabled

Terms are joined by AND (also when nothing stands between them) or OR; ``-`` and ``NOT`` negate. A
field that the resource does not know is **ignored with a warning**, so that a misspelt filter
returns everything. A time without quotes keeps only its date.

Source: Shopify "API search syntax" (read November 2026); changelog "Exclusive > timestamp filters
exclude the full second" (2026-10-19): times are compared with fractions of a second that answers do
not show, and from 2026-10 an exclusive lower bound starts after the whole second. Unquoted times:
Shopify developer support, community thread 208519 (2023). Recorded answers: the texts of warnings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from connectors.shopify.emulator.refusals import bad_request
from connectors.shopify.emulator.tables import Facts

Kind = Literal["time", "id", "text", "list"]
Test = Callable[[Facts], bool]
Warned = tuple[str, str]
"""A field of a search, and what is wrong with it."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<minus>-(?=\S))
    |(?:(?P<name>[A-Za-z_][\w.]*):)?(?P<sign>>=|<=|>|<)?
      (?:'(?P<single>(?:\\.|[^'\\])*)'|"(?P<double>(?:\\.|[^"\\])*)"|(?P<bare>[^\s()'"]+)))""",
    re.VERBOSE,
)
_SECOND, _INSTANT, _DAY = timedelta(seconds=1), timedelta(microseconds=1), timedelta(days=1)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_IDS_END = 1 << 64


@dataclass(frozen=True, slots=True)
class Interval:
    """What a comparison lets through of one field: from ``low`` up to, not including, ``high``."""

    low: Any
    high: Any


@dataclass(frozen=True, slots=True)
class Query:
    """A search that was understood.

    Attributes:
        bounds: Intervals that every match lies in, by field; what bisection can use.
        matches: Whether a record matches.
        warnings: Fields that were not understood, each with what is wrong.
    """

    bounds: Mapping[str, Interval]
    matches: Test
    warnings: Sequence[Warned] = ()


@dataclass(frozen=True, slots=True)
class Dialect:
    """How terms are read.

    Args:
        fields: The resource's searchable fields.
        whole_seconds: An exclusive lower bound starts after the second, as from 2026-10.
        loose_bounds: ``>`` and ``<`` let the bound itself through, as users reported.
    """

    fields: Mapping[str, Kind]
    whole_seconds: bool = True
    loose_bounds: bool = False


@dataclass(slots=True)
class _Reader:
    """Reads one query from left to right."""

    dialect: Dialect
    tokens: list[re.Match[str]]
    at: int = 0
    warnings: list[Warned] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Clause:
    test: Test
    bounds: Mapping[str, Interval] = field(default_factory=dict)


_EVERYTHING = _Clause(lambda _: True)


def parse(text: str | None, dialect: Dialect) -> Query:
    """The search that ``text`` describes; nothing searches for everything.

    Raises:
        GraphQLError: If a parenthesis or quote is left open, or a value is no time.
    """
    if not text or not text.strip():
        return Query({}, _EVERYTHING.test)
    reader = _Reader(dialect, _tokens(text))
    clause = _any_of(reader)
    if reader.at < len(reader.tokens):
        raise bad_request(f"The query could not be parsed at: {reader.tokens[reader.at][0]}")
    return Query(clause.bounds, clause.test, tuple(reader.warnings))


def _tokens(text: str) -> list[re.Match[str]]:
    tokens, at = [], 0
    while text[at:].strip():
        token = _TOKEN.match(text, at)
        if token is None:
            raise bad_request(f"The query could not be parsed at: {text[at : at + 20].strip()}")
        tokens.append(token)
        at = token.end()
    return tokens


def _any_of(reader: _Reader) -> _Clause:
    clauses = [_all_of(reader)]
    while _take_word(reader, "OR"):
        clauses.append(_all_of(reader))
    if len(clauses) == 1:
        return clauses[0]
    tests = [clause.test for clause in clauses]
    return _Clause(lambda facts: any(test(facts) for test in tests))


def _all_of(reader: _Reader) -> _Clause:
    clauses = [_term(reader)]
    while _take_word(reader, "AND") or _another_term(reader):
        clauses.append(_term(reader))
    if len(clauses) == 1:
        return clauses[0]
    bounds: dict[str, Interval] = {}
    for clause in clauses:
        for name, interval in clause.bounds.items():
            bounds[name] = _both(bounds.get(name, interval), interval)
    tests = [clause.test for clause in clauses]
    return _Clause(lambda facts: all(test(facts) for test in tests), bounds)


def _term(reader: _Reader) -> _Clause:
    if reader.at >= len(reader.tokens):
        raise bad_request("The query ends where a term is expected")
    token = reader.tokens[reader.at]
    if token["minus"] or _is_word(token, "NOT"):
        reader.at += 1
        negated = _term(reader)
        if negated is _EVERYTHING:  # a field that is ignored is ignored either way
            return negated
        return _Clause(lambda facts: not negated.test(facts))
    reader.at += 1
    if token["open"]:
        inner = _any_of(reader)
        if reader.at >= len(reader.tokens) or not reader.tokens[reader.at]["close"]:
            raise bad_request("A parenthesis of the query is not closed")
        reader.at += 1
        return inner
    if token["close"]:
        raise bad_request("A parenthesis of the query closes what was not opened")
    return _comparison(reader, token)


def _comparison(reader: _Reader, token: re.Match[str]) -> _Clause:
    name = token["name"]
    quoted = token["single"] if token["single"] is not None else token["double"]
    value = quoted if quoted is not None else token["bare"]
    if name is None:
        word = value.lower()
        return _Clause(lambda facts: word in facts.get("default", ""))
    kind = reader.dialect.fields.get(name)
    if kind is None:
        reader.warnings.append((name, "Invalid search field for this query."))
        return _EVERYTHING
    if kind == "id" and not value.isdecimal():
        expected = "Expected field to be a positive integer or UUID"
        reader.warnings.append((name, f"{expected}, received `{value[:40]}`."))
        return _Clause(lambda _: False)
    if kind in ("time", "id"):
        interval = _interval(reader.dialect, kind, name, token["sign"] or "=", value, quoted)
        inside = _inside(name, interval)
        return _Clause(inside, {name: interval})
    return _Clause(_text_test(name, kind, value.lower(), exact=quoted is not None))


def _inside(name: str, interval: Interval) -> Test:
    low, high = interval.low, interval.high
    return lambda facts: low <= facts[name] < high


def _text_test(name: str, kind: Kind, value: str, *, exact: bool) -> Test:
    if value == "*":
        return lambda facts: bool(facts.get(name))
    if kind == "list":
        return lambda facts: value in facts[name]
    if exact:
        return lambda facts: (facts.get(name) or "") == value
    return lambda facts: value in (facts.get(name) or "")


def _interval(
    dialect: Dialect, kind: Kind, name: str, sign: str, value: str, quoted: str | None
) -> Interval:
    if dialect.loose_bounds:
        sign = {">": ">=", "<": "<="}.get(sign, sign)
    if kind == "id":
        number = int(value)
        return _bounded(sign, (0, _IDS_END), number, after=number + 1, beyond=number + 1)
    start, step = _instant(name, value, quoted=quoted is not None)
    beyond = _INSTANT if step == _DAY or not dialect.whole_seconds else step
    return _bounded(sign, (_FIRST, _LAST), start, after=start + step, beyond=start + beyond)


def _bounded(sign: str, ends: tuple[Any, Any], start: Any, *, after: Any, beyond: Any) -> Interval:
    """What a comparison lets through, of a value that stands for ``start`` up to ``after``."""
    first, last = ends
    return {
        ">=": Interval(start, last),
        ">": Interval(beyond, last),
        "<": Interval(first, start),
        "<=": Interval(first, after),
        "=": Interval(start, after),
    }[sign]


def _instant(name: str, value: str, *, quoted: bool) -> tuple[datetime, timedelta]:
    """The instant, and how much time its spelling stands for."""
    if not quoted:
        value = value.partition("T")[0]
    try:
        instant = datetime.fromisoformat(value)
    except ValueError as err:
        raise bad_request(f"Invalid timestamp for query filter `{name}`.") from err
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    if "T" not in value:
        return instant, _DAY
    return instant, _INSTANT if "." in value else _SECOND


def _both(one: Interval, other: Interval) -> Interval:
    return Interval(max(one.low, other.low), min(one.high, other.high))


def _is_word(token: re.Match[str], word: str) -> bool:
    return token["bare"] == word and token["name"] is None and token["sign"] is None


def _take_word(reader: _Reader, word: str) -> bool:
    found = reader.at < len(reader.tokens) and _is_word(reader.tokens[reader.at], word)
    reader.at += found
    return found


def _another_term(reader: _Reader) -> bool:
    if reader.at >= len(reader.tokens):
        return False
    token = reader.tokens[reader.at]
    return not token["close"] and not _is_word(token, "OR")
