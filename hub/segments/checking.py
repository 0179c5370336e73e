"""Rules checked before they run: the part of CEL that they are written in, and its types.

    rule   = and { "||" and }
    and    = test { "&&" test }
    test   = value [ ( "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" ) value ]
    value  = field | text | number | "true" | "false" | "!" value | "(" rule ")"
           | "[" value { "," value } "]"
           | ( "has" | "days_since" | "size" ) "(" field ")" | "timestamp" "(" text ")"
           | field ( ".contains" | ".startsWith" | ".endsWith" ) "(" value ")"

Every rule of this language is one of CEL and means the same there. It has no loop, no arithmetic
and no way to define anything, so a rule ends after as many steps as it has words, and the only
thing that can go wrong in one is that something is not known.

Source: the CEL language definition, https://github.com/google/cel-spec/blob/master/doc/langdef.md
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, NoReturn, TypeAlias

from hub.core.expectations import one_of
from hub.core.mistakes import nearest
from hub.segments.fields import FIELDS, WITHOUT, Type, type_of

DEEPEST: Final = 20
"""Levels of parentheses, lists and negations."""

FUNCTIONS: Final = ["has", "days_since", "size", "timestamp"]
METHODS: Final = ["contains", "startsWith", "endsWith"]
ORDERED: Final = ("number", "instant")
WORDS: Final[dict[Type, str]] = {
    "text": "text", "number": "a number", "boolean": "true or false", "instant": "an instant",
    "texts": "a list of texts", "numbers": "a list of numbers",
}  # fmt: skip

SIGNS: Final = "fields, texts, numbers, == != < <= > >= in && || ! and parentheses"

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>-?\d+(?:\.\d+)?)|(?P<text>"[^"\\\n]*"|'[^'\\\n]*')"""
    r"""|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(?P<sign>&&|\|\||[=!<>]=|[<>!()\[\],.])|$)""",
    re.ASCII,
)


class RuleMistake(Exception):
    """A rule that cannot be used.

    Args:
        at: Character of the rule, counted from 0.
        message: What is wrong.
        expected: What may stand there.
        suggestion: The nearest name, if one is near.
    """

    def __init__(self, at: int, message: str, expected: str = "", suggestion: str = "") -> None:
        self.at, self.message = at, message
        self.expected, self.suggestion = expected, suggestion
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a rule rests on: the fields that it names, each once, as they first occur."""

    paths: tuple[str, ...]


def check(text: str) -> Checked:
    """What the rule ``text`` rests on.

    Raises:
        RuleMistake: At the first thing that is wrong.

    >>> check('value.orders >= 2 && voice.nps >= 9').paths
    ('value.orders', 'voice.nps')
    """
    reading = _Reading(_tokens(text))
    start = reading.at
    found = reading.rule()
    if reading.token.kind != "end":
        reading.refuse("&&, || or the end of the rule")
    if found != "boolean":
        raise RuleMistake(start, f"the rule is {WORDS[found]}", "something that is true or false")
    return Checked(tuple(dict.fromkeys(reading.paths)))


_Part: TypeAlias = Callable[[], Type]


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise RuleMistake(at, f"{text[at]} has no meaning in a rule", SIGNS)
        if match.lastgroup is not None:
            kind = match.lastgroup
            found.append(_Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return [*found, _Token("end", "the end of the rule", len(text))]


class _Reading:
    """One pass over the tokens; every method reads one phrase and returns its type."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.paths: list[str] = []
        self._tokens = iter(tokens)
        self._depth = 0
        self.token = next(self._tokens)

    @property
    def at(self) -> int:
        return self.token.at

    def rule(self) -> Type:
        return self._joined("||", self._and)

    def _and(self) -> Type:
        return self._joined("&&", self._test)

    def _joined(self, sign: str, part: _Part) -> Type:
        start, found = self.at, part()
        while self._is(sign):
            self._want(found, "boolean", start)
            self._next()
            start, found = self.at, part()
            self._want(found, "boolean", start)
        return found

    def _test(self) -> Type:
        left = self._value()
        sign, at = self.token.text, self.at
        if self._is("in"):
            self._next()
            self._member(left, at)
            return "boolean"
        if self.token.kind != "sign" or sign not in ("==", "!=", "<", "<=", ">", ">="):
            return left
        self._next()
        start, right = self.at, self._value()
        if left in ("texts", "numbers"):
            raise RuleMistake(at, "lists are not compared", 'such as "email" in who.channels')
        self._want(right, left, start)
        if sign not in ("==", "!=") and left not in ORDERED:
            raise RuleMistake(at, f"{WORDS[left]} has no order", "== or !=")
        return "boolean"

    def _member(self, left: Type, at: int) -> None:
        lists: dict[Type, Type] = {"text": "texts", "number": "numbers"}
        if left not in lists:
            raise RuleMistake(at, f"{WORDS[left]} is not looked for in a list", "text or a number")
        start = self.at
        self._want(self._value(), lists[left], start)

    def _value(self) -> Type:
        token = self.token
        match token.kind, token.text:
            case "number", _:
                self._next()
                return "number"
            case "text", _:
                self._next()
                return "text"
            case "name", "true" | "false":
                self._next()
                return "boolean"
            case "name", _:
                return self._named()
            case "sign", "!":
                return self._nested(self._negation)
            case "sign", "(":
                return self._nested(self._group)
            case "sign", "[":
                return self._nested(self._list)
        return self.refuse("a field, text, a number or (")

    def _nested(self, part: _Part) -> Type:
        self._depth += 1
        if self._depth > DEEPEST:
            raise RuleMistake(self.at, "nested too deeply", f"at most {DEEPEST} levels")
        self._next()
        found = part()
        self._depth -= 1
        return found

    def _negation(self) -> Type:
        start = self.at
        self._want(self._value(), "boolean", start)
        return "boolean"

    def _group(self) -> Type:
        found = self.rule()
        self._take(")")
        return found

    def _list(self) -> Type:
        start, first = self.at, self._value()
        if first not in ("text", "number"):
            raise RuleMistake(start, f"{WORDS[first]} in a list", "text or a number")
        while self._is(","):
            self._next()
            start = self.at
            self._want(self._value(), first, start)
        self._take("]")
        return "texts" if first == "text" else "numbers"

    def _named(self) -> Type:
        token = self.token
        self._next()
        if not self._is("("):
            return self._field(token.text, token.at)
        path, _, method = token.text.rpartition(".")
        self._next()
        found = self._method(path, method, token.at) if path else self._call(method, token.at)
        self._take(")")
        return found

    def _field(self, path: str, at: int) -> Type:
        found = type_of(path)
        if path in WITHOUT:
            raise RuleMistake(at, f"rules do not see {path}", "a field: hub segments fields")
        if found is None:
            near = nearest(path, FIELDS)
            raise RuleMistake(at, f'no field "{path}"', "a field: hub segments fields", near)
        self.paths.append(path)
        return found

    def _method(self, path: str, method: str, at: int) -> Type:
        if method not in METHODS:
            near = nearest(method, METHODS)
            raise RuleMistake(at, f'no function "{method}" of a field', one_of(METHODS), near)
        self._want(self._field(path, at), "text", at)
        start = self.at
        self._want(self._value(), "text", start)
        return "boolean"

    def _call(self, name: str, at: int) -> Type:
        token = self.token
        match name:
            case "has":
                self._own_field()
                return "boolean"
            case "days_since":
                self._want(self._own_field(), "instant", token.at)
                return "number"
            case "size":
                if (found := self._own_field()) not in ("text", "texts"):
                    raise RuleMistake(token.at, f"{WORDS[found]} has no size", "text or a list")
                return "number"
            case "timestamp":
                self._instant(token)
                return "instant"
        raise RuleMistake(at, f'no function "{name}"', one_of(FUNCTIONS), nearest(name, FUNCTIONS))

    def _own_field(self) -> Type:
        token = self.token
        if token.kind != "name":
            self.refuse("a field")
        self._next()
        return self._field(token.text, token.at)

    def _instant(self, token: _Token) -> None:
        told = token.text[1:-1]
        try:
            datetime.fromisoformat(told)
        except ValueError:
            told = ""
        if not _INSTANT.fullmatch(told):
            self.refuse('an instant such as "2026-05-01T00:00:00Z"')
        self._next()

    def _want(self, found: Type, wanted: Type, at: int) -> None:
        if found != wanted:
            raise RuleMistake(at, f"this is {WORDS[found]}", WORDS[wanted])

    def _take(self, sign: str) -> None:
        if not self._is(sign):
            self.refuse(sign)
        self._next()

    def _is(self, text: str) -> bool:
        return self.token.text == text and self.token.kind in ("sign", "name")

    def _next(self) -> None:
        self.token = next(self._tokens)

    def refuse(self, expected: str) -> NoReturn:
        """Stop at the token that stands here."""
        raise RuleMistake(self.at, f"{self.token.text} cannot stand here", expected)
