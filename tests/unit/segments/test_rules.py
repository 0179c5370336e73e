"""Rules: what they mean, what is refused, and that nothing unknown makes a member."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.profile.shape import SHAPE
from hub.segments.checking import RuleMistake, check
from hub.segments.fields import DERIVED, FIELDS, WITHOUT
from hub.segments.rule import Day, day_of, known, rule

TODAY = Day(date(2026, 1, 1), UTC)
PROFILE: dict[str, Any] = {
    "who": {"emails": {"value": ["a@b.c", "d@e.f"]}, "name": {"value": "Ada Lovelace"}},
    "relationship": {"lifecycle": {"value": "active"}, "channels": {"value": ["web", "phone"]}},
    "value": {
        "orders": {"value": 5},
        "rfm": {"value": "5-3-4"},
        "last_order_at": {"value": "2025-12-02T23:30:00+00:00"},
    },
    "voice": {"nps": {"value": 9.0}, "csat": {"value": None, "status": "no data"}},
    "risk": {"open_complaint": {"value": False}},
    "permission": {"marketing_email": {"value": "granted"}},
}


def holds(text: str, profile: dict[str, Any] = PROFILE, day: Day = TODAY) -> bool:
    found = rule(text)
    return found.holds(known(profile, found.paths, day))


@pytest.mark.parametrize(
    "text",
    [
        "value.orders >= 2 && voice.nps >= 9",
        "voice.nps > 8.5",
        "rfm.recency == 5 && rfm.frequency == 3 && rfm.monetary == 4",
        "days_since(value.last_order_at) == 30",
        'value.last_order_at > timestamp("2025-11-01T00:00:00Z")',
        '"web" in relationship.channels',
        'relationship.lifecycle in ["new", "active"]',
        "value.orders in [1, 5]",
        'relationship.lifecycle != "lead" && !risk.open_complaint',
        "size(who.emails) == 2",
        'who.name.contains("Ada") && who.name.startsWith("A") && who.name.endsWith("ce")',
        'permission.marketing_email == "granted"',
        "has(voice.nps) && !has(voice.csat)",
        "voice.csat >= 4 || value.orders > -1",
        "!(value.orders < 2 || false)",
    ],
)
def test_a_rule_that_is_true_of_ada(text):
    """Comparison, membership, text, instants and permissions, each in a rule of its own."""
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "voice.csat >= 4",
        "voice.csat < 4",
        "!(voice.csat >= 4)",
        "voice.csat == voice.csat",
        "voice.csat in [1, 2, 3, 4, 5]",
        "voice.csat >= 4 && value.orders > 1",
        "days_since(voice.nps_at) < 9999",
        'who.language != "en"',
        'permission.marketing_sms != "granted"',
    ],
)
def test_what_is_not_known_makes_nobody_a_member(text):
    """Neither a comparison with it nor its opposite holds."""
    assert not holds(text)


@pytest.mark.parametrize(
    ("text", "at", "message", "expected", "suggestion"),
    [
        ("value.order > 1", 0, 'no field "value.order"', "hub segments fields", "value.orders"),
        ("has(voice.npss)", 4, 'no field "voice.npss"', "hub segments fields", "voice.nps"),
        ('voice.nps >= "9"', 13, "this is text", "a number", ""),
        ("voice.nps", 0, "the rule is a number", "true or false", ""),
        ("voice.nps = 9", 10, "= has no meaning", "==", ""),
        ("value.orders + 1 > 2", 13, "+ has no meaning", "comparisons", ""),
        ('relationship.lifecycle < "a"', 23, "text has no order", "==", ""),
        ("days_sinc(value.last_order_at) > 1", 0, 'no function "days_sinc"', "", "days_since"),
        ("days_since(value.orders) > 1", 11, "this is a number", "an instant", ""),
        ('who.name.matches("x")', 0, 'no function "matches"', "contains", ""),
        ('value.orders.contains("x")', 0, "this is a number", "text", ""),
        ("(value.orders > 1", 17, "the end of the rule cannot stand", ")", ""),
        ("value.orders > 1 2", 17, "2 cannot stand here", "the end of the rule", ""),
        ('"a" in value.orders', 7, "this is a number", "a list of texts", ""),
        ("risk.open_complaint in [true]", 20, "true or false is not", "text or a number", ""),
        ('relationship.channels == "web"', 22, "lists are not compared", "in", ""),
        ('["a", 1] == "a"', 6, "this is a number", "text", ""),
        ("value.orders > 1 && voice.nps", 20, "this is a number", "true or false", ""),
        ('timestamp("May") < value.last_order_at', 10, "cannot stand here", "2026-05-01T", ""),
        ("size(value.orders) > 1", 5, "a number has no size", "a list", ""),
        ("relationship.segments == 1", 0, "rules do not see", "", ""),
        ("(" * 21 + "true" + ")" * 21, 20, "nested too deeply", "20 levels", ""),
        (" ", 1, "the end of the rule cannot stand", "a field", ""),
        ("'a\\n' == who.name", 0, "' has no meaning", "", ""),
    ],
)
def test_a_mistake_is_told_at_its_place(text, at, message, expected, suggestion):
    """The character, what is wrong, what may stand there, and the nearest name."""
    with pytest.raises(RuleMistake) as caught:
        check(text)

    assert caught.value.at == at
    assert message in caught.value.message
    assert expected in caught.value.expected or expected == "comparisons"
    assert caught.value.suggestion == suggestion


def test_one_order_is_no_frequency():
    """Ranks of the many who ordered once are ties: they do not make anybody a frequent customer."""
    once = {**PROFILE, "value": {**PROFILE["value"], "orders": {"value": 1}}}

    assert holds("rfm.frequency == 1 && rfm.recency == 5", once)


def test_days_are_those_of_the_business():
    """23:30 in UTC is the next day in Sydney, so one day less has passed there."""
    sydney = Day(TODAY.date, timezone(timedelta(hours=11)))

    assert holds("days_since(value.last_order_at) == 29", day=sydney)
    assert day_of(datetime(2026, 1, 1, tzinfo=UTC), UTC) == TODAY


def test_every_field_of_the_profile_is_in_rules_or_kept_out():
    """A field that is added to the profile gets a type here, or a reason not to be seen."""
    assert FIELDS.keys() - DERIVED.keys() == SHAPE.keys() - WITHOUT


# --- the part of CEL that rules are written in -------------------------------------------------

NUMBERS = st.sampled_from(["value.orders", "voice.nps", "voice.csat", "rfm.recency"])
TEXTS = st.sampled_from(["relationship.lifecycle", "who.language", "risk.churn"])
WORDS = st.sampled_from(["active", "lead", "en"])
LITERALS = st.integers(-3, 12)
COMPARED = st.tuples(NUMBERS, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), LITERALS)
TESTS = st.one_of(
    COMPARED.map(lambda t: (f"{t[0]} {t[1]} {t[2]}", ("compare", *t))),
    st.tuples(TEXTS, WORDS).map(lambda t: (f'{t[0]} == "{t[1]}"', ("compare", t[0], "==", t[1]))),
    st.tuples(NUMBERS, st.lists(LITERALS, min_size=1, max_size=3)).map(
        lambda t: (f"{t[0]} in [{', '.join(map(str, t[1]))}]", ("in", *t))
    ),
    NUMBERS.map(lambda path: (f"has({path})", ("has", path))),
)
RULES = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda t: (f"({t[0][0]} && {t[1][0]})", ("and", *t))),
        st.tuples(inner, inner).map(lambda t: (f"({t[0][0]} || {t[1][0]})", ("or", *t))),
        inner.map(lambda t: (f"!({t[0]})", ("not", t))),
    ),
    max_leaves=6,
)
SOME = st.one_of(st.none(), st.integers(0, 10))
PROFILES = st.fixed_dictionaries(
    {
        "value.orders": SOME,
        "voice.nps": SOME,
        "voice.csat": st.one_of(SOME, st.just(3.5)),
        "rfm.recency": st.none(),
        "relationship.lifecycle": st.one_of(st.none(), WORDS),
        "who.language": st.one_of(st.none(), WORDS),
        "risk.churn": st.none(),
    }
)


def truth(node: Any, values: dict[str, Any]) -> bool | None:
    """What a rule says in three values: true, false, and None for unknown."""
    match node:
        case ("has", path):
            return values[path] is not None
        case ("compare", path, sign, literal):
            return None if values[path] is None else compared(values[path], sign, literal)
        case ("in", path, literals):
            return None if values[path] is None else values[path] in literals
        case ("not", (_, inner)):
            found = truth(inner, values)
            return None if found is None else not found
        case ("and" | "or" as joined, (_, left), (_, right)):
            sides = [truth(left, values), truth(right, values)]
            decisive = joined == "or"
            return decisive if decisive in sides else None if None in sides else not decisive
    raise AssertionError(node)


def compared(value: Any, sign: str, literal: Any) -> bool:
    return {
        "==": lambda: value == literal, "!=": lambda: value != literal,
        "<": lambda: value < literal, "<=": lambda: value <= literal,
        ">": lambda: value > literal, ">=": lambda: value >= literal,
    }[sign]()  # fmt: skip


@settings(max_examples=60)
@given(RULES, PROFILES)
def test_the_library_reads_a_checked_rule_as_three_values(written, values):
    """Whatever passes the check is CEL to the library, means the same, and never fails."""
    text, node = written
    profile: dict[str, Any] = {}
    for path, value in values.items():
        group, _, name = path.partition(".")
        profile.setdefault(group, {})[name] = {"value": value}

    assert holds(text, profile) is (truth(node, values) is True)
