"""Survivorship: which of several values survives in the golden record, and by which rule.

Rules are tried in turn; each keeps the candidates that are best by its measure, until all that are
left agree. Nothing depends on the order in which records arrived: what no rule decides goes to the
smallest value, then the smallest source key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from hub.core.ids import SourceKey
from hub.core.settings import SurvivorshipRule, SurvivorshipSection

Value: TypeAlias = str | dict[str, str]
"""A text, or the parts of an address."""

ONLY_VALUE: Final = "only_value"
"""Named as the rule where the sources do not disagree."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One value that one record offers for a field.

    Args:
        value: As it would stand in the golden record.
        form: Comparison form: candidates of one form agree.
        source: The record that says so.
        at: When the source last changed the record, or None if it does not say.
        consented: Whether the record carries a grant for this value.
        place: Position among the record's own values, which often puts the main one first.
    """

    value: Value
    form: str
    source: SourceKey
    at: datetime | None = None
    consented: bool = False
    place: int = 0


@dataclass(frozen=True, slots=True)
class Survivor:
    """The value that survived.

    Args:
        winner: The value.
        rule: The rule that decided.
        losers: One candidate for each other form.
        agreement: Share of the records that say so, of those that say anything, 0..1. Where a
            system is trusted more than others, only its records are heard.
        contested: Whether as many of them say another form, or more.
    """

    winner: Candidate
    rule: str
    losers: tuple[Candidate, ...]
    agreement: float = 1.0
    contested: bool = False


_NAME_RULES: Final[tuple[SurvivorshipRule, ...]] = (
    "most_trusted",
    "most_frequent",
    "longest",
    "most_recent",
)
SHIPPED: Final[Mapping[str, tuple[SurvivorshipRule, ...]]] = {
    **dict.fromkeys(("full_name", "given_name", "family_name", "name"), _NAME_RULES),
    "birth_date": ("most_trusted", "most_frequent", "most_recent"),
    "address": ("most_trusted", "most_complete", "most_recent"),
}
"""Rules of fields that change by mistake more often than by will; they hold until hub.toml names
the field or sets a default of its own."""


def rules_for(field: str, settings: SurvivorshipSection) -> tuple[SurvivorshipRule, ...]:
    """The rules that decide ``field``."""
    named = {str(name): rules for name, rules in settings.fields.items()}
    shipped = {} if "default" in settings.model_fields_set else SHIPPED
    return named.get(field) or shipped.get(field) or settings.default


def survive(
    candidates: Sequence[Candidate],
    rules: Sequence[SurvivorshipRule],
    source_order: Sequence[str],
) -> Survivor:
    """The survivor among ``candidates`` (at least one); the same for any order of them."""
    measures = _measures(candidates, source_order)
    left, decided = list(candidates), ONLY_VALUE
    for rule in rules:
        if len({candidate.form for candidate in left}) == 1:
            break
        best = max(map(measures[rule], left))
        left, decided = [c for c in left if measures[rule](c) == best], rule
    finest = [measures[rule] for rule in rules]
    winner = min(left, key=lambda c: (_shouts(c), [-measure(c) for measure in finest], _final(c)))
    others = sorted((c for c in candidates if c.form != winner.form), key=_final)
    losers = {c.form: c for c in reversed(others)}
    kept = tuple(sorted(losers.values(), key=_final))
    agreement, contested = _agreement(candidates, winner.form, measures["most_trusted"])
    return Survivor(winner, decided, kept, agreement, contested)


def _agreement(candidates: Sequence[Candidate], form: str, trust: Measure) -> tuple[float, bool]:
    """Share of the records that say ``form``, and whether as many say another; see Survivor."""
    most = max(map(trust, candidates))
    heard = {(c.form, c.source) for c in candidates if trust(c) == most}
    votes = Counter(said for said, _ in heard)
    rival = max((number for said, number in votes.items() if said != form), default=0)
    return votes[form] / len({source for _, source in heard}), rival >= max(1, votes[form])


Measure = Callable[[Candidate], float]


def _measures(
    candidates: Sequence[Candidate], source_order: Sequence[str]
) -> dict[SurvivorshipRule, Measure]:
    """How good a candidate is by each rule; more is better."""
    supporters = Counter(form for form, _ in {(c.form, c.source) for c in candidates})
    trust = {name: len(source_order) - place for place, name in enumerate(source_order)}
    return {
        "most_trusted": lambda c: trust.get(c.source.connection, 0),
        "most_recent": lambda c: c.at.timestamp() if c.at else float("-inf"),
        "most_complete": lambda c: len(c.value) if isinstance(c.value, dict) else bool(c.value),
        "most_frequent": lambda c: supporters[c.form],
        "longest": lambda c: len(c.form),
        "consent_bearing": lambda c: c.consented,
    }


def _shouts(candidate: Candidate) -> bool:
    """Whether a text has no mixed case: a worse spelling of a name than one that has."""
    return isinstance(candidate.value, str) and candidate.value in (
        candidate.value.upper(),
        candidate.value.lower(),
    )


def _final(candidate: Candidate) -> tuple[int, str, SourceKey]:
    return candidate.place, str(candidate.value), candidate.source
