"""Which records belong together, and HubSpot's numbers for each kind of bond."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from connectors.hubspot.emulator.catalogue import OBJECT_TYPES

UNLABELLED: dict[tuple[str, str], int] = {
    ("contacts", "companies"): 279,
    ("companies", "contacts"): 280,
    ("deals", "contacts"): 3,
    ("contacts", "deals"): 4,
    ("deals", "companies"): 341,
    ("companies", "deals"): 342,
    ("tickets", "contacts"): 16,
    ("contacts", "tickets"): 15,
    ("tickets", "companies"): 339,
    ("companies", "tickets"): 340,
    ("deals", "tickets"): 27,
    ("tickets", "deals"): 28,
    ("contacts", "feedback_submissions"): 97,
    ("feedback_submissions", "contacts"): 98,
    ("tickets", "feedback_submissions"): 99,
    ("feedback_submissions", "tickets"): 100,
    ("tasks", "contacts"): 204,
    ("contacts", "tasks"): 203,
}
"""HubSpot's own association type ids, one per direction."""

Node = tuple[str, str]
"""Object type and record id."""


class AssociationGraph:
    """Undirected bonds between records."""

    def __init__(self) -> None:
        self._bonds: defaultdict[Node, set[Node]] = defaultdict(set)

    def link(self, one: Node, other: Node) -> bool:
        """Whether the bond is new."""
        if other in self._bonds[one]:
            return False
        self._bonds[one].add(other)
        self._bonds[other].add(one)
        return True

    def unlink(self, one: Node, other: Node) -> bool:
        """Whether there was a bond to cut."""
        if other not in self._bonds[one]:
            return False
        self._bonds[one].discard(other)
        self._bonds[other].discard(one)
        return True

    def of(self, node: Node, to_type: str) -> list[str]:
        """Ids of the ``to_type`` records bound to ``node``, ascending."""
        ids = (record_id for kind, record_id in self._bonds.get(node, ()) if kind == to_type)
        return sorted(ids, key=int)

    def bonds(self) -> list[tuple[Node, Node]]:
        """Every bond once, in order."""
        both = ((one, other) for one, others in self._bonds.items() for other in others)
        return sorted({(min(pair), max(pair)) for pair in both})

    def move(self, old: Node, new: Node) -> None:
        """Hand every bond of ``old`` to ``new``, as a merge does."""
        for other in self.forget(old):
            self.link(new, other)

    def forget(self, node: Node) -> Iterable[Node]:
        """The bonds that ``node`` had, now cut."""
        others = self._bonds.pop(node, set())
        for other in others:
            self._bonds[other].discard(node)
        return sorted(others)


def type_name(from_type: str, to_type: str) -> str:
    """The bond's name in v3 answers, such as ``contact_to_company``."""
    return f"{OBJECT_TYPES[from_type].singular}_to_{OBJECT_TYPES[to_type].singular}"
