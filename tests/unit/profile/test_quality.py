"""What is fit to leave: sure enough, fresh enough, not contradicted, not barred."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest

from hub.core.ids import SourceKey
from hub.core.records import Person
from hub.core.settings import DEFAULT_PURPOSES, QualityRule, QualitySection, SurvivorshipSection
from hub.identity.golden import Member
from hub.identity.golden import compose as golden
from hub.privacy.permissions import Permissions
from hub.privacy.sensitive import kind_of
from hub.profile.card import card
from hub.profile.paths import leaf_at
from hub.profile.quality import Quality
from hub.profile.sources import Sources
from hub.profile.unified import compose

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONFLICT = "the sources disagree, and none is trusted more"


def doubt(path: str, leaf: Mapping[str, object], **settings: Any) -> str | None:
    """The judgement of one field under these settings."""
    return Quality(QualitySection(**settings)).doubt(path, leaf, NOW)


def rule(**keys: Any) -> QualityRule:
    return QualityRule.model_validate(keys)


def days_ago(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat()


def profile_of(*said: Person, trusted: tuple[str, ...] = ()) -> dict[str, Any]:
    """The profile of a customer whose systems a, b, c, … each say one thing."""
    members = [
        Member(SourceKey(name, "contacts", "1"), "person", person, NOW - timedelta(hours=place))
        for place, (name, person) in enumerate(zip("abcdef", said, strict=False))
    ]
    body = orjson.loads(golden(members, SurvivorshipSection(source_order=trusted), "AU"))
    return compose(Sources("g1", body, Permissions((), DEFAULT_PURPOSES, 0)), NOW)


def born(*days: int) -> list[Person]:
    """Records that differ in the day of birth."""
    return [Person(birth_date=date(1980, 3, day)) for day in days]


@pytest.mark.parametrize(
    ("said", "trusted", "reason"),
    [
        (born(1), (), None),
        (born(1, 1), (), None),
        (born(1, 2), (), CONFLICT),
        (born(1, 1, 2), (), None),
        (born(1, 2, 3), (), CONFLICT),
        (born(1, 1, 2, 3, 4), (), "confidence below 0.5"),
        (born(1, 2), ("a",), None),
        (born(1, 2, 2), ("a",), None),
    ],
    ids=["one", "two agree", "one to one", "two to one", "three ways", "two of five", "the trusted",
         "the trusted against two"],
)  # fmt: skip
def test_a_birthday_that_the_sources_do_not_bear_out_stays(
    said: list[Person], trusted: tuple[str, ...], reason: str | None
) -> None:
    """From records to the judgement: who says the day of birth, and who says another."""
    leaf = leaf_at(profile_of(*said, trusted=trusted), "who.age_band")

    assert leaf["value"] == "40-49"
    assert doubt("who.age_band", leaf) == reason


def test_a_name_is_no_surer_than_its_less_sure_part() -> None:
    """Two records agree on the given name and not on the family name: the name stays."""
    profile = profile_of(
        Person(given_name="Ada", family_name="Nguyen"), Person(given_name="Ada", family_name="Ng")
    )
    profile["card"] = {"text": card(profile)}

    assert doubt("who.given_name", leaf_at(profile, "who.given_name")) is None
    assert doubt("who.name", leaf_at(profile, "who.name")) == CONFLICT
    assert str(card(profile)["value"]).startswith("Who: Ada Nguyen (sources disagree)")


def test_several_emails_are_no_contradiction() -> None:
    """A person has several; the one that survived may leave until hub.toml asks for more."""
    profile = profile_of(
        *(Person(emails=[f"{name}@example.org"]) for name in ("ada", "bea", "kim"))
    )
    leaf = leaf_at(profile, "who.email")

    assert leaf["confidence"] == 0.33
    assert doubt("who.email", leaf) is None
    asked = {"who.email": rule(min_confidence=0.5)}
    assert doubt("who.email", leaf, fields=asked) == "confidence below 0.5"


@pytest.mark.parametrize(
    ("path", "leaf", "reason"),
    [
        ("voice.nps", {"value": 9, "source": "s/r/1", "at": days_ago(365)}, None),
        ("voice.nps", {"value": 9, "source": "s/r/1", "at": days_ago(366)}, "older than 365d"),
        ("voice.nps", {"value": 9, "source": "s/r/1", "at": None}, "its source names no time"),
        ("value.orders", {"value": 3, "source": "metric:orders@1", "at": days_ago(3_000)}, None),
        ("who.phone", {"value": "1", "source": "s/r/1", "at": days_ago(3_000)}, None),
        ("value.clv_predicted", {"value": "one", "status": "insufficient"}, "insufficient data"),
        ("value.clv_predicted", {"value": 1, "status": "degenerate fit"}, "the model did not fit"),
        ("risk.churn", {"value": "active", "status": "provisional"}, None),
        ("voice.csat", {"value": None, "status": "no data"}, None),
    ],
)
def test_what_holds_without_a_setting(
    path: str, leaf: Mapping[str, object], reason: str | None
) -> None:
    """Answers age after a year, what is computed does not; provisional leaves, no number does not.

    Where there is no value, there is nothing to withhold.
    """
    assert doubt(path, leaf) == reason


def test_the_nearest_rule_decides_each_setting_by_itself() -> None:
    """Own path before own group before what is shipped before the section."""
    leaf = {"value": 9, "source": "s/r/1", "at": days_ago(100), "confidence": 0.6}
    group, own = rule(max_age="90d", min_confidence=0.7), rule(max_age="120d")

    assert doubt("voice.nps", leaf, min_confidence=0.9) == "confidence below 0.9"
    assert doubt("voice.nps", leaf, fields={"voice": rule(max_age="90d")}) == "older than 90d"
    both = {"voice": group, "voice.nps": own}
    assert doubt("voice.nps", leaf, fields=both) == "confidence below 0.7"
    assert doubt("voice.csat", {**leaf, "confidence": 1.0}, fields=both) == "older than 90d"


def test_a_disagreement_may_be_sent_where_the_settings_say_so() -> None:
    """For one field, and for all."""
    leaf = {"value": "40-49", "contested": True, "confidence": 0.5}

    assert doubt("who.age_band", leaf, conflict="send") is None
    assert doubt("who.age_band", leaf, fields={"who": rule(conflict="send")}) is None


def test_what_is_barred_never_leaves() -> None:
    """A path by name or pattern, and a segment among others by its own."""
    never = ("voice.*", "vip-*")
    segments = {"value": ["regular", "VIP-2026"]}

    assert doubt("voice.nps", {"value": 9}, never=never) == "barred by [quality] never"
    assert doubt("relationship.segments", segments, never=never) == "barred by [quality] never"
    assert doubt("relationship.segments", {"value": ["regular"]}, never=never) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("likely-pregnant", "health"),
        ("medicalAlert", "health"),
        ("seg_religious_holidays", "religious or philosophical beliefs"),
        ("trade-union", "trade union membership"),
        ("PoliticalDonor", "political opinions"),
        ("lgbt_friendly", "sex life or sexual orientation"),
        ("ethnicity", "racial or ethnic origin"),
        ("criminal_record", "criminal record"),
        ("biometric-login", "biometric data"),
        ("dna_test", "genetic data"),
        ("customer_health", None),
        ("credit-union", None),
        ("disabled-accounts", None),
        ("paramedics", None),
        ("gold", None),
    ],
)
def test_a_sensitive_name_is_known_by_its_words(name: str, kind: str | None) -> None:
    """The kinds of GDPR Art. 9 and the Privacy Act; health of a relationship is none of them."""
    assert kind_of(name) == kind
    reason = doubt("relationship.segments", {"value": ["gold", name]})
    assert reason == (None if kind is None else f"a segment infers {kind}")
