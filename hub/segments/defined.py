"""Segments as they are evaluated: what their files say, rules checked and lists read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

from hub.core.errors import NotFound
from hub.core.mistakes import nearest
from hub.segments.definition import Segment
from hub.segments.rule import Rule


@dataclass(frozen=True, slots=True)
class Defined:
    """A segment as it is evaluated.

    Args:
        segment: What the file says.
        rule: Its rule, checked; None if it has none.
        listed: Who is on its list, as the list names them.
    """

    segment: Segment
    rule: Rule | None
    listed: tuple[str, ...]

    @property
    def id(self) -> str:
        """Its name."""
        return self.segment.id


@dataclass(frozen=True)
class Segments:
    """All segments, in the order of their files."""

    defined: tuple[Defined, ...]

    @cached_property
    def basis(self) -> str:
        """Differs whenever somebody's membership could: a fingerprint of all that decides it."""
        digest = blake2b(digest_size=12)
        for each in self.defined:
            digest.update(f"{each.segment.model_dump_json()}{each.listed}\0".encode())
        return digest.hexdigest()

    @cached_property
    def versions(self) -> dict[str, int]:
        """Segment to the version of its definition."""
        return {each.id: each.segment.version for each in self.defined}

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Every field that a rule names."""
        named = [path for each in self.defined if each.rule for path in each.rule.paths]
        return tuple(dict.fromkeys(named))

    def group(self, each: Defined) -> list[str]:
        """Ids of the segments of its exclusive group, in their order; empty if it has none."""
        name = each.segment.exclusive_group
        return [
            other.id for other in self.defined if name and other.segment.exclusive_group == name
        ]

    def named(self, name: str) -> Defined:
        """The segment called ``name``.

        Raises:
            NotFound: If there is none.
        """
        known = {each.id: each for each in self.defined}
        if name not in known:
            guess = nearest(name, known)
            hint = f'; did you mean "{guess}"?' if guess else ". See: hub segments list"
            raise NotFound(f'there is no segment "{name}"{hint}')
        return known[name]
