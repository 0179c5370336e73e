"""From scored pairs to customers: whole components, solved in an order that arrival cannot change.

1. Steward decisions and vendor merges first, newest decision first: a must-link joins, a
   cannot-link is remembered as a barrier; what an earlier (newer) decision made impossible is
   reported as overruled.
2. Then the automatic links, strongest first, ties by source-record keys.
3. A link joins two clusters only if the *whole* of one fits the whole of the other; else it is
   vetoed, with the guard that said so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from hub.core.clock import Micros
from hub.identity.comparison import Comparable
from hub.identity.guards import Guard
from hub.identity.likeness import near_date
from hub.identity.model import Model


@dataclass(frozen=True, slots=True)
class Link:
    """Two records that are one customer if no veto stands against it, ``a < b`` by key.

    Args:
        by_name: Whether nothing agrees but names and addresses.
        identified: Whether a card number and the birth date agree.
    """

    a: str
    b: str
    weight: float
    by_name: bool = False
    identified: bool = False


@dataclass(frozen=True, slots=True)
class Constraint:
    """A decision about two records that outranks every score.

    Args:
        at: When it was decided; vendor merges count as decided at the beginning of time.
    """

    a: str
    b: str
    must: bool
    at: Micros
    name: str


@dataclass(frozen=True, slots=True)
class Vetoed:
    """A link that did not join its clusters, and why."""

    link: Link
    guard: Guard


@dataclass(frozen=True, slots=True)
class Partition:
    """Clusters of source-record keys, each sorted, and what was refused on the way."""

    clusters: tuple[tuple[str, ...], ...]
    vetoed: tuple[Vetoed, ...] = ()
    overruled: tuple[Constraint, ...] = ()


@dataclass(slots=True)
class _Cluster:
    """A growing cluster with the counts that a veto looks at."""

    members: list[str]
    given: Counter[str] = field(default_factory=Counter)
    born: Counter[str] = field(default_factory=Counter)
    family: set[str] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, record: Comparable) -> _Cluster:
        given = Counter([record.given] if record.given else [])
        born = Counter([record.born] if record.born else [])
        family = {record.family} if record.family else set[str]()
        return cls([record.key], given, born, family, set(record.emails), set(record.phones))

    def absorb(self, other: _Cluster) -> None:
        self.members += other.members
        self.given += other.given
        self.born += other.born
        self.family |= other.family
        self.emails |= other.emails
        self.phones |= other.phones


class _Joining:
    """The clusters of one component while links are applied."""

    def __init__(self, records: Iterable[Comparable]) -> None:
        self.cluster = {record.key: _Cluster.of(record) for record in records}
        self._barriers: dict[str, set[str]] = {}

    def bar(self, a: str, b: str) -> None:
        self._barriers.setdefault(a, set()).add(b)
        self._barriers.setdefault(b, set()).add(a)

    def join(self, one: _Cluster, two: _Cluster) -> None:
        big, small = (one, two) if len(one.members) >= len(two.members) else (two, one)
        big.absorb(small)
        for key in small.members:
            self.cluster[key] = big

    def barred(self, one: _Cluster, two: _Cluster) -> bool:
        if not self._barriers:
            return False
        inside = set(two.members)
        return any(not inside.isdisjoint(self._barriers.get(key, ())) for key in one.members)


def solve(
    records: Sequence[Comparable],
    links: Iterable[Link],
    constraints: Iterable[Constraint],
    model: Model,
    max_size: int,
) -> Partition:
    """The clusters among ``records`` under ``constraints``; the same for any order of input."""
    state = _Joining(sorted(records, key=lambda record: record.key))
    overruled = _apply_constraints(state, constraints)
    vetoed = _apply_links(state, links, model, max_size)
    distinct = {id(cluster): cluster for cluster in state.cluster.values()}
    clusters = sorted(tuple(sorted(cluster.members)) for cluster in distinct.values())
    return Partition(tuple(clusters), tuple(vetoed), tuple(overruled))


def _apply_constraints(state: _Joining, constraints: Iterable[Constraint]) -> list[Constraint]:
    overruled = []
    for constraint in sorted(constraints, key=lambda c: (-c.at, c.must, c.a, c.b)):  # step 1
        if constraint.a not in state.cluster or constraint.b not in state.cluster:
            continue
        one, two = state.cluster[constraint.a], state.cluster[constraint.b]
        if constraint.must and one is not two:
            if state.barred(one, two):
                overruled.append(constraint)
            else:
                state.join(one, two)
        elif not constraint.must:
            if one is two:
                overruled.append(constraint)
            else:
                state.bar(constraint.a, constraint.b)
    return overruled


def _apply_links(
    state: _Joining, links: Iterable[Link], model: Model, max_size: int
) -> list[Vetoed]:
    vetoed = []
    for link in sorted(links, key=lambda li: (-li.weight, li.a, li.b)):  # step 2
        one, two = state.cluster[link.a], state.cluster[link.b]
        if one is two:
            continue
        guard = _veto(state, one, two, link, model, max_size)  # step 3
        if guard is None:
            state.join(one, two)
        else:
            vetoed.append(Vetoed(link, guard))
    return vetoed


def _veto(
    state: _Joining, one: _Cluster, two: _Cluster, link: Link, model: Model, max_size: int
) -> Guard | None:
    if state.barred(one, two):
        return "decision"
    if len(one.members) + len(two.members) > max_size:
        return "size"
    if not link.identified and _names_differ(one, two, model):
        return "first-names"
    if _mostly(one.born, two.born, lambda a, b: a != b and not near_date(a, b)):
        return "births"
    if link.by_name and _apart(one.emails, two.emails) and _apart(one.phones, two.phones):
        return "namesakes"
    return None


def _names_differ(one: _Cluster, two: _Cluster, model: Model) -> bool:
    """Whether first names disagree on most pairs; one that is a family name there is swapped."""

    def differ(a: str, b: str) -> bool:
        swapped = a in two.family or b in one.family
        return not swapped and model.given_level(a, b) == "different"

    return _mostly(one.given, two.given, differ)


def _apart(one: set[str], two: set[str]) -> bool:
    """Whether both sides know values and share none."""
    return bool(one) and bool(two) and one.isdisjoint(two)


def _mostly(one: Counter[str], two: Counter[str], differ: Callable[[str, str], bool]) -> bool:
    """Whether more than half of the cross pairs of values differ."""
    pairs = one.total() * two.total()
    if not pairs:
        return False
    differing = sum(m * n for a, m in one.items() for b, n in two.items() if differ(a, b))
    return 2 * differing > pairs
