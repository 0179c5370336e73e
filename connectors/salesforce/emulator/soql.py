"""SOQL: from text to a query.

    query     = SELECT select FROM name [WHERE condition] [ORDER BY order] [LIMIT n] [OFFSET n]
    select    = COUNT() | path {, path}
    condition = term {AND term} | term {OR term}        AND and OR only mix inside parentheses
    term      = NOT term | ( condition ) | path operator literal
              | path [NOT] IN ( literal {, literal} )
    order     = path [ASC | DESC] [NULLS FIRST | NULLS LAST] {, …}
    path      = name {. name}

Source: Salesforce "SOQL and SOSL Reference" (read November 2026). Left out, and refused as
``MALFORMED_QUERY``: sub-queries, aggregates other than COUNT(), GROUP BY, date functions and date
literals such as TODAY, FIELDS(), TYPEOF, FOR, aliases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

from connectors.salesforce.emulator.refusals import malformed_query

T = TypeVar("T")
Operator = Literal["=", "!=", "<", "<=", ">", ">=", "LIKE", "IN", "NOT IN"]
LiteralKind = Literal["string", "number", "boolean", "null", "datetime", "date"]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^'\\]|\\.)*')
      | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
      | (?P<date>\d{4}-\d\d-\d\d)
      | (?P<number>[+-]?\d+(?:\.\d+)?)
      | (?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
      | (?P<sign><=|>=|<>|!=|[=<>(),])
    )""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_CLAUSES = frozenset({"from", "where", "order", "limit", "offset", "group", "having", "for"})


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a query and where it stands."""

    kind: str
    text: str
    start: int

    def says(self, *words: str) -> bool:
        """Whether it is one of these words or signs, in any case."""
        return self.kind in ("name", "sign") and self.text.lower() in words


@dataclass(frozen=True, slots=True)
class Path:
    """A field, or a field of a record that one refers to: ``Owner.Name``."""

    parts: tuple[str, ...]
    excerpt: str

    @property
    def text(self) -> str:
        """The path as written."""
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal: what it is and what it says."""

    kind: LiteralKind
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field held against one literal, or against several."""

    path: Path
    operator: Operator
    constants: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Every:
    """All of several conditions, or, with ``any_of``, at least one."""

    conditions: tuple[Condition, ...]
    any_of: bool = False


Condition = Comparison | Not | Every


@dataclass(frozen=True, slots=True)
class Ordering:
    """One key of the order."""

    path: Path
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; without ``select`` it only counts."""

    select: tuple[Path, ...]
    entity: Path
    where: Condition | None = None
    order: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int = 0


def parse(text: str) -> Query:
    """The query that ``text`` says.

    Raises:
        Refusal: 400 ``MALFORMED_QUERY``.
    """
    return _Parser(text).query()


class _Parser:
    """Reads a query token by token; each method reads one rule of the grammar above."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [*_tokens(text), Token("end", "<EOF>", len(text))]
        self._at = 0

    def query(self) -> Query:
        self._expect("select")
        select = self._select()
        self._expect("from")
        entity = self._path()
        where = self._condition() if self._taken("where") else None
        order = self._order() if self._taken("order") else ()
        limit = self._count() if self._taken("limit") else None
        offset = self._count() if self._taken("offset") else 0
        if self._next.kind != "end":
            raise self._unexpected()
        return Query(select, entity, where, order, limit, offset)

    def _select(self) -> tuple[Path, ...]:
        if self._next.says("count"):
            self._take()
            self._expect("(")
            self._expect(")")
            return ()
        paths = self._several(self._path)
        named = [path.text.lower() for path in paths]
        if twice := next((name for name in named if named.count(name) > 1), None):
            raise malformed_query(f"duplicate field selected: {twice}")
        return paths

    def _condition(self) -> Condition:
        first = self._term()
        for word, any_of in (("and", False), ("or", True)):
            if self._next.says(word):
                terms = [first]
                while self._taken(word):
                    terms.append(self._term())
                return Every(tuple(terms), any_of)
        return first

    def _term(self) -> Condition:
        if self._taken("not"):
            return Not(self._term())
        if self._taken("("):
            inner = self._condition()
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Comparison:
        path = self._path()
        if self._taken("in"):
            return Comparison(path, "IN", self._list())
        if self._taken("not"):
            self._expect("in")
            return Comparison(path, "NOT IN", self._list())
        if self._taken("like"):
            return Comparison(path, "LIKE", (self._constant(),))
        return Comparison(path, self._operator(), (self._constant(),))

    def _operator(self) -> Operator:
        token = self._take()
        operators: dict[str, Operator] = {
            "=": "=",
            "!=": "!=",
            "<>": "!=",
            "<": "<",
            "<=": "<=",
            ">": ">",
            ">=": ">=",
        }
        if token.kind != "sign" or token.text not in operators:
            raise malformed_query(f"unexpected token: '{token.text}'")
        return operators[token.text]

    def _list(self) -> tuple[Constant, ...]:
        self._expect("(")
        constants = self._several(self._constant)
        self._expect(")")
        return constants

    def _constant(self) -> Constant:
        token = self._take()
        match token.kind:
            case "string":
                return Constant("string", _unescaped(token.text[1:-1]))
            case "number":
                return Constant("number", token.text)
            case "datetime":
                return Constant("datetime", token.text)
            case "date":
                return Constant("date", token.text)
        if token.says("null"):
            return Constant("null", "")
        if token.says("true", "false"):
            return Constant("boolean", token.text.lower())
        raise malformed_query(f"unexpected token: '{token.text}'")

    def _order(self) -> tuple[Ordering, ...]:
        self._expect("by")
        return self._several(self._ordering)

    def _ordering(self) -> Ordering:
        path = self._path()
        descending = self._taken("desc") or (self._taken("asc") and False)
        nulls_last = False
        if self._taken("nulls"):
            nulls_last = self._taken("last")
            if not nulls_last:
                self._expect("first")
        return Ordering(path, descending, nulls_last)

    def _path(self) -> Path:
        token = self._take()
        if token.kind != "name" or token.text.lower() in _CLAUSES:
            raise malformed_query(f"unexpected token: '{token.text}'")
        return Path(tuple(token.text.split(".")), self._excerpt(token))

    def _count(self) -> int:
        token = self._take()
        if token.kind != "number" or not token.text.isdecimal():
            raise malformed_query(f"unexpected token: '{token.text}'")
        return int(token.text)

    def _several(self, rule: Callable[[], T]) -> tuple[T, ...]:
        found = [rule()]
        while self._taken(","):
            found.append(rule())
        return tuple(found)

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _taken(self, word: str) -> bool:
        found = self._next.says(word)
        if found:
            self._take()
        return found

    def _expect(self, word: str) -> None:
        if not self._taken(word):
            raise self._unexpected()

    def _unexpected(self) -> Exception:
        return malformed_query(f"unexpected token: '{self._next.text}'")

    def _excerpt(self, token: Token) -> str:
        """The piece of the query around a token, with a pointer, as errors show it."""
        start = max(0, token.start - 40)
        line = " ".join(self._text[start : token.start + 40].split("\n"))
        pointer = " " * (token.start - start) + "^"
        return f"\n{line}\n{pointer}\nERROR at Row:1:Column:{token.start + 1}\n"


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise malformed_query(f"line 1:{at} no viable alternative at character '{text[at]}'")
        kind = found.lastgroup
        yield Token(kind, found[kind], found.start(kind))
        at = found.end()


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text)
