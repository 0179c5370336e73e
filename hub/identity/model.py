"""The one scoring definition: comparison levels and match weights (Fellegi–Sunter).

A pair of records is compared field by field. Each comparison ends in a *level*; each level has a
*match weight*, the log2 of how much more often it occurs among pairs of one customer than among
pairs of two. Agreement on a rare name says more than on a common one, so name weights are adjusted
by term frequency. The sum, the prior included, is the pair's total weight in bits.

Source: Fellegi and Sunter, A Theory for Record Linkage, JASA 64 (1969); term-frequency adjustment
after Winkler (2000).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import log2
from typing import Final, NamedTuple

from hub.core.errors import ConfigError
from hub.core.nicknames import is_listed, names_behind
from hub.core.normalise import is_household
from hub.identity.comparison import Comparable, Place
from hub.identity.likeness import near, near_date, near_number, years_apart

Weights = Mapping[str, Mapping[str, float]]

SHIPPED: Final[Weights] = {
    "prior": {"person": -4.0, "organisation": -3.0},
    "given": {
        "exact": 6.0,
        "nickname": 4.5,
        "near": 3.0,
        "initial": 2.0,
        "alike": -2.0,
        "different": -8.0,
    },
    "family": {"exact": 9.0, "near": 6.0, "different": -5.0},
    "swapped": {"exact": 12.0, "near": 9.0},
    "born": {"exact": 11.0, "near": 5.0, "different": -8.0, "generation": -14.0},
    "email": {"exact": 14.0, "mailbox": 5.0, "near": 7.0, "different": -1.0},
    "phone": {"exact": 13.5, "near": 5.0, "different": -0.5},
    "address": {"street": 7.0, "near": 5.0, "postcode": 3.0, "different": -1.0},
    "identifier": {"exact": 14.0, "different": -4.0},
}
"""Shipped priors, in bits; ``[identity.weights]`` of hub.toml replaces single ones."""

SHARING_DISCOUNT: Final = 4.0
"""Bits that an e-mail or phone loses with each further first-name initial seen on it."""


class Evidence(NamedTuple):
    """What one comparison said: its level, that level's weight, the adjustment, in bits."""

    comparison: str
    level: str
    weight: float
    adjustment: float = 0.0

    @property
    def bits(self) -> float:
        """Weight and adjustment together."""
        return self.weight + self.adjustment


@dataclass(frozen=True, slots=True)
class Frequencies:
    """How often names occur, frozen for one epoch; names seen once are left out.

    Args:
        records: Persons counted.
        given: Given name to its number of records.
        family: Family name to its number of records.
    """

    records: int = 0
    given: Mapping[str, int] = field(default_factory=dict)
    family: Mapping[str, int] = field(default_factory=dict)


_TYPICAL: Final = {"given": 1 / 64, "family": 1 / 512}
"""Frequency of a typical name, to which the shipped weights belong."""
_SMOOTHING: Final = 1_000
"""Records' worth of belief in the typical frequency, so that a small store does not overfit."""
_ADJUSTMENT_LIMIT: Final = 4.0
_ESTABLISHED: Final = 1 / 10_000
_GENERATION: Final = 12

Shared = Mapping[tuple[str, str], int]
"""Number of first-name initials seen on an e-mail or phone; absent means at most one."""


@dataclass(frozen=True, slots=True)
class Model:
    """Weights and frequencies of one epoch.

    Args:
        weights: Comparison to level to bits.
        frequencies: Name frequencies.
    """

    weights: Weights = field(default_factory=lambda: SHIPPED)
    frequencies: Frequencies = Frequencies()

    def compare(self, a: Comparable, b: Comparable, shared: Shared) -> tuple[Evidence, ...]:
        """What each comparison of ``a`` and ``b`` says; symmetric.

        Comparisons without a value on both sides say nothing and are left out.
        """
        found = [Evidence("prior", a.kind, self.weights["prior"][a.kind])]
        found += self._names(a, b)
        if a.born and b.born:
            found.append(self._plain("born", _born(a.born, b.born)))
        if a.emails and b.emails:
            found.append(self._contact("email", a.emails, b.emails, _email, shared))
        if a.phones and b.phones:
            found.append(self._contact("phone", a.phones, b.phones, _phone, shared))
        if a.places and b.places:
            found.append(self._plain("address", _address(a.places, b.places)))
        found += self._identifiers(a, b)
        return tuple(found)

    def given_level(self, a: str, b: str) -> str:
        """The level of two given names, neither of them empty.

        Mary and Mark differ by one letter and are two people, because both are names in their own
        right; a name that nobody else bears may be a slip (``near``) or a pet form (``alike``).
        """
        if a == b:
            return "exact"
        if len(a) == 1 or len(b) == 1:
            return "initial" if a[0] == b[0] else "different"
        if names_behind(a) & names_behind(b) or _is_short_form(a, b):
            return "nickname"
        if self._is_established(a) and self._is_established(b):
            return "different"
        if near(a, b):
            return "near"
        return "alike" if a[0] == b[0] else "different"

    def _names(self, a: Comparable, b: Comparable) -> list[Evidence]:
        swapped = _swapped(a, b)
        if swapped:
            return [self._plain("swapped", swapped)]
        found = []
        if a.given and b.given:
            level = self.given_level(a.given, b.given)
            found.append(self._name("given", level, a.given))
        if a.family and b.family:
            level = _family(a.family, b.family)
            found.append(self._name("family", level, a.family))
        return found

    def _name(self, comparison: str, level: str, name: str) -> Evidence:
        adjustment = self._adjustment(comparison, name) if level == "exact" else 0.0
        return Evidence(comparison, level, self.weights[comparison][level], adjustment)

    def _plain(self, comparison: str, level: str) -> Evidence:
        return Evidence(comparison, level, self.weights[comparison][level])

    def _contact(
        self,
        comparison: str,
        a: tuple[str, ...],
        b: tuple[str, ...],
        level_of: Callable[[str, str], str],
        shared: Shared,
    ) -> Evidence:
        """The best level over all pairs of values; an equal value is worth less when shared."""
        weights = self.weights[comparison]
        common = [value for value in a if value in b]
        if not common:
            level = max((level_of(x, y) for x in a for y in b), key=weights.__getitem__)
            return Evidence(comparison, level, weights[level])
        initials = min(_sharers(comparison, value, shared) for value in common)
        discount = min(SHARING_DISCOUNT * max(0, initials - 1), weights["exact"])
        return Evidence(comparison, "exact", weights["exact"], -discount)

    def _identifiers(self, a: Comparable, b: Comparable) -> list[Evidence]:
        found: list[Evidence] = []
        if not a.identifiers or not b.identifiers:
            return found
        for kind in sorted({kind for kind, _ in a.identifiers} & {k for k, _ in b.identifiers}):
            values = ({v for k, v in side.identifiers if k == kind} for side in (a, b))
            level = "exact" if set.intersection(*values) else "different"
            found.append(self._plain("identifier", level))
        return found

    def _adjustment(self, comparison: str, name: str) -> float:
        """Bits that agreement on ``name`` says more (rare) or less (common) than typical."""
        counts = self.frequencies.given if comparison == "given" else self.frequencies.family
        typical = _TYPICAL[comparison]
        seen = counts.get(name, 0) + typical * _SMOOTHING
        share = seen / (self.frequencies.records + _SMOOTHING)
        return max(-_ADJUSTMENT_LIMIT, min(_ADJUSTMENT_LIMIT, log2(typical / share)))

    def _is_established(self, given: str) -> bool:
        usual = 3 + _ESTABLISHED * self.frequencies.records
        return is_listed(given) or self.frequencies.given.get(given, 0) >= usual


def _sharers(comparison: str, value: str, shared: Shared) -> int:
    """How many people an e-mail or phone seems to belong to."""
    seen = shared.get((comparison, value), 1)
    return max(seen, 2) if comparison == "email" and is_household(value) else seen


def total(evidence: tuple[Evidence, ...]) -> float:
    """Total match weight in bits."""
    return sum(e.weight + e.adjustment for e in evidence)


def weights_with(overrides: Weights) -> Weights:
    """The shipped weights with ``overrides`` in place.

    Raises:
        ConfigError: If an override names a comparison or level that does not exist.
    """
    for comparison, levels in overrides.items():
        known = SHIPPED.get(comparison)
        if known is None or not levels.keys() <= known.keys():
            wrong = comparison if known is None else ", ".join(sorted(levels.keys() - known.keys()))
            names = sorted(known or SHIPPED)
            raise ConfigError(
                f"[identity.weights]: {wrong} is unknown; use one of: {', '.join(names)}",
                code="HUB-233",
            )
    return {name: {**levels, **overrides.get(name, {})} for name, levels in SHIPPED.items()}


def _is_short_form(a: str, b: str) -> bool:
    """Whether one begins with the other: Gio and Giovanni, but not Paul and Paula."""
    short, long = sorted((a, b), key=len)
    return len(short) >= 3 and long.startswith(short) and not (is_listed(a) and is_listed(b))


def _swapped(a: Comparable, b: Comparable) -> str:
    """The level at which one record has given and family name in each other's place, if so."""
    if a.given == b.given or not (a.given and a.family and b.given and b.family):
        return ""
    crossed = (a.given == b.family) + (a.family == b.given)
    if crossed == 2:
        return "exact"
    alike = crossed and (near(a.given, b.family) or near(a.family, b.given))
    return "near" if alike else ""


def _family(a: str, b: str) -> str:
    if a == b:
        return "exact"
    return "near" if near(a, b) else "different"


def _born(a: str, b: str) -> str:
    if a == b:
        return "exact"
    if near_date(a, b):
        return "near"
    return "generation" if years_apart(a, b) >= _GENERATION else "different"


def _email(a: str, b: str) -> str:
    local_a, _, domain_a = a.partition("@")
    local_b, _, domain_b = b.partition("@")
    if local_a == local_b:
        return "mailbox"
    return "near" if domain_a == domain_b and near(local_a, local_b) else "different"


def _phone(a: str, b: str) -> str:
    return "near" if near_number(a, b) else "different"


def _address(a: tuple[Place, ...], b: tuple[Place, ...]) -> str:
    return max((_place(x, y) for x in a for y in b), key=_ADDRESS_ORDER.index)


_ADDRESS_ORDER: Final = ("different", "postcode", "near", "street")


def _place(a: Place, b: Place) -> str:
    same_area = bool(a.postcode) and a.postcode == b.postcode
    near_area = same_area or (bool(a.city) and (a.city == b.city or near(a.city, b.city)))
    if a.street and a.street == b.street and (near_area or not a.postcode or not b.postcode):
        return "street"
    if a.street and b.street and near_area and near(a.street, b.street):
        return "near"
    return "postcode" if same_area else "different"
