"""Whether a value of the profile is sure and fresh enough to leave.

A judgement on one field at one instant, in this order; the first that applies is the reason:

1. ``[quality] never`` names the field, or a segment it lists says or infers something sensitive.
2. The value is none: its metric lacks data, or its model did not fit. What is merely provisional
   leaves: it is the best that is known, and the next run sends what it becomes.
3. As many records contradict it as bear it out.
4. Too small a share of the records says so. For both, only the records of the system count that
   ``[survivorship] source_order`` trusts most of those that say anything.
5. What a system or a customer said is too old, or nobody says from when it is. What the hub
   computes has no age of its own.

A field without a value is not judged: nothing would leave. No reason holds a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.core.durations import duration_text
from hub.core.settings import QualityRule, QualitySection
from hub.privacy.sensitive import is_barred, kind_of

_MAY_DIFFER = QualityRule(min_confidence=0.0, conflict="send")
SHIPPED: Final[Mapping[str, QualityRule]] = {
    **dict.fromkeys(
        (
            "who.email", "who.phone", "who.address", "who.organisation", "who.job_title",
            "who.language", "who.owner", "who.title",
        ),
        _MAY_DIFFER,
    ),
    "voice": QualityRule.model_validate({"max_age": "365d"}),
}  # fmt: skip
"""Rules that hold until [quality.fields] says otherwise. A person has several addresses and
changes them at will, so another one is no contradiction, as another birth date or name is; and what
somebody thought more than a year ago says little about today."""

_NO_VALUE = frozenset({"insufficient", "degenerate fit"})
_COMPUTED = ("hub", "metric:", "consent:")
"""How the source of a field begins that no system or customer said."""
_LISTS_OF_NAMES = frozenset({"relationship.segments"})
"""Fields whose values are names that the business chose."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """What holds for one path."""

    min_confidence: float
    max_age: int | None
    conflict: str


class Quality:
    """Judges fields of profiles under ``[quality]``.

    Args:
        section: The settings.
    """

    def __init__(self, section: QualitySection) -> None:
        self._section = section
        self._rules: dict[str, _Rule] = {}

    def doubt(self, path: str, leaf: Mapping[str, object], now: datetime) -> str | None:
        """Why the value does not leave, or None.

        Args:
            path: Where it stands in the profile.
            leaf: The field: value, source, time, confidence, status.
            now: Instant of the judgement.
        """
        value = leaf.get("value")
        if value is None:
            return None
        if is_barred(path, self._section.never):  # 1
            return "barred by [quality] never"
        if path in _LISTS_OF_NAMES and (reason := self._barred_name(value)) is not None:
            return reason
        if (status := leaf.get("status")) in _NO_VALUE:  # 2
            return "insufficient data" if status == "insufficient" else "the model did not fit"
        return self._unsure(leaf, self._rule(path)) or _stale(leaf, self._rule(path), now)

    def _barred_name(self, value: object) -> str | None:
        names = [str(name) for name in value] if isinstance(value, list) else [str(value)]
        if any(is_barred(name, self._section.never) for name in names):
            return "barred by [quality] never"
        kinds = sorted({kind for name in names if (kind := kind_of(name)) is not None})
        return f"a segment infers {', '.join(kinds)}" if kinds else None

    @staticmethod
    def _unsure(leaf: Mapping[str, object], rule: _Rule) -> str | None:
        if leaf.get("contested") and rule.conflict == "withhold":  # 3
            return "the sources disagree, and none is trusted more"
        confidence = leaf.get("confidence")
        if not isinstance(confidence, int | float):
            return None
        below = confidence < rule.min_confidence  # 4
        return f"confidence below {rule.min_confidence:g}" if below else None

    def _rule(self, path: str) -> _Rule:
        if path not in self._rules:
            self._rules[path] = self._resolved(path)
        return self._rules[path]

    def _resolved(self, path: str) -> _Rule:
        """Each setting from the nearest rule that has it: own path, own group, shipped, section."""
        group, section = path.partition(".")[0], self._section
        tables = (section.fields, SHIPPED)
        near = [table[name] for table in tables for name in (path, group) if name in table]
        shares = (rule.min_confidence for rule in near if rule.min_confidence is not None)
        ages = (rule.max_age for rule in near if rule.max_age is not None)
        conflicts = (rule.conflict for rule in near if rule.conflict is not None)
        return _Rule(
            next(shares, section.min_confidence),
            next(ages, section.max_age),
            next(conflicts, section.conflict),
        )


def _stale(leaf: Mapping[str, object], rule: _Rule, now: datetime) -> str | None:  # 5
    if rule.max_age is None:
        return None
    if str(leaf.get("source")).startswith(_COMPUTED):
        return None
    at = leaf.get("at")
    if not isinstance(at, str):
        return "its source names no time"
    old = now - datetime.fromisoformat(at) > timedelta(seconds=rule.max_age)
    return f"older than {duration_text(rule.max_age)}" if old else None
