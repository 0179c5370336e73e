"""Guards against over-merging, the dominating error of every engine.

The false merge to fear first: same surname, same e-mail or phone, different first name: a
household. A guard never adds a link; it turns ``auto`` into ``review`` or into nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import Final, Literal

from hub.identity.model import Evidence, total

Verdict = Literal["auto", "review", "none"]
Guard = Literal[
    "household",
    "generation",
    "one-weak-key",
    "namesakes",
    "first-names",
    "births",
    "size",
    "decision",
]

_NAME_AGREES: Final = frozenset({"exact", "nickname", "near", "initial"})
_ALIKE: Final = frozenset({"exact", "near", "mailbox"})
_CHANCE_NAMESAKES: Final = 3.0
"""A full name identifies only if fewer than 1 in 2**3 others would bear it by chance."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where the verdict changes, in bits.

    Args:
        auto: From this total weight on, a pair is linked.
        review: From this total weight on, a steward is asked.
        rare_name: From this weight on, a full name is rare enough to identify on its own.
    """

    auto: float
    review: float
    rare_name: float


def thresholds(auto: float, review: float, records: int) -> Thresholds:
    """Thresholds in a population of ``records``: the more people, the more chance namesakes.

    A store smaller than 10,000 records cannot tell how rare a name is, and counts as that large.
    """
    return Thresholds(auto, review, log2(max(records, 10_000)) + _CHANCE_NAMESAKES)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of one pair, and the guard that spoke."""

    verdict: Verdict
    weight: float
    evidence: tuple[Evidence, ...]
    guard: Guard | None = None

    @property
    def identified(self) -> bool:
        """Whether a card number and the birth date agree: then even the names may differ."""
        return _identified(self.evidence)

    @property
    def by_name(self) -> bool:
        """Whether nothing agrees but names and addresses, as among namesakes under one roof."""
        return not any(
            _says(self.evidence, name, *_ALIKE) for name in ("email", "phone", "identifier", "born")
        )


def judge(evidence: tuple[Evidence, ...], limits: Thresholds) -> Judgement:
    """The verdict on one pair: a guard can hold back what the weight alone would link."""
    weight = total(evidence)
    if weight < limits.review:
        return Judgement("none", weight, evidence)
    if _says(evidence, "given", "different") and not _identified(evidence):
        verdict: Verdict = "review" if _same_birth_and_contact(evidence) else "none"
        return Judgement(verdict, weight, evidence, "household")
    if _says(evidence, "born", "generation", "different"):
        return Judgement("review", weight, evidence, "generation")
    if weight < limits.auto:
        return Judgement("review", weight, evidence)
    if not _strong(evidence, limits.rare_name) and len(_agreeing(evidence)) < 2:
        return Judgement("review", weight, evidence, "one-weak-key")
    return Judgement("auto", weight, evidence)


def _says(evidence: tuple[Evidence, ...], comparison: str, *levels: str) -> bool:
    return any(e.comparison == comparison and e.level in levels for e in evidence)


def _identified(evidence: tuple[Evidence, ...]) -> bool:
    return _says(evidence, "identifier", "exact") and _says(evidence, "born", "exact")


def _same_birth_and_contact(evidence: tuple[Evidence, ...]) -> bool:
    contact = _says(evidence, "email", "exact") or _says(evidence, "phone", "exact")
    return contact and _says(evidence, "born", "exact")


def _strong(evidence: tuple[Evidence, ...], rare_name: float) -> bool:
    """Whether one value alone identifies: a card, a contact point nobody shares, a rare name."""
    keys = [e for e in evidence if e.comparison in _KEYS and e.level == "exact"]
    if any(e.adjustment >= 0.0 for e in keys):  # a shared contact point carries a discount
        return True
    names = [e for e in evidence if e.comparison in ("given", "family") and e.level == "exact"]
    unopposed = not any(e.level == "different" for e in evidence)
    return len(names) == 2 and unopposed and sum(e.bits for e in names) >= rare_name


def _agreeing(evidence: tuple[Evidence, ...]) -> set[str]:
    """The independent pieces of evidence that agree; given and family name are one."""
    found = {e.comparison for e in evidence if e.comparison in _APART and e.level in _ALIKE}
    if _says(evidence, "address", "street", "near", "postcode"):
        found.add("address")
    given = _says(evidence, "given", *_NAME_AGREES)
    if _says(evidence, "swapped", "exact", "near") or (
        given and _says(evidence, "family", *_ALIKE)
    ):
        found.add("name")
    return found


_KEYS: Final = frozenset({"email", "phone", "identifier"})
_APART: Final = _KEYS | {"born"}
