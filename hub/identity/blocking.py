"""Blocking keys: two records are compared only if they share one.

A key is a kind and a value. The number of records that carry it is capped by kind; a value beyond
its cap is dropped as a key for all of them, whoever came first, and the run reports it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from hub.core.nicknames import names_behind
from hub.identity.comparison import Comparable, formal_initial


class BlockingKey(NamedTuple):
    """One value by which records find each other."""

    kind: str
    value: str


CONTACT: Final = frozenset({"email", "phone"})
"""Kinds whose value is discounted by the number of people who seem to share it."""

_CAPS: Final = {
    "alias": 1_000,
    "name": 60,
    "mailbox": 20,
    "birthday": 40,
    "street": 40,
    "place": 60,
}
_MAILBOX_SHORTEST = 7


def cap(kind: str, max_shared_by: int) -> int:
    """Most records that may carry one value of ``kind``."""
    return _CAPS.get(kind.removeprefix("org_"), max_shared_by)


def keys(record: Comparable) -> frozenset[BlockingKey]:
    """Every blocking key of ``record``.

    The kinds of organisations carry a prefix, so that they never meet persons.
    """
    prefix = "" if record.kind == "person" else "org_"
    return frozenset(BlockingKey(prefix + kind, value) for kind, value in _plain_keys(record))


def _plain_keys(record: Comparable) -> Iterator[tuple[str, str]]:
    for mailbox in record.emails:
        yield "email", mailbox
        local = mailbox.partition("@")[0]
        if len(local) >= _MAILBOX_SHORTEST:
            yield "mailbox", local
    for number in record.phones:
        yield "phone", number
    for kind, value in record.identifiers:
        yield "identifier", f"{kind}:{value}"
    for alias in record.aliases:
        yield "alias", alias
    yield from _name_keys(record)


def _name_keys(record: Comparable) -> Iterator[tuple[str, str]]:
    given, family, initial = record.given, record.family, formal_initial(record.given)
    if family:
        for name in names_behind(given) if given else ("",):
            yield "name", "|".join(sorted((name, family)))  # sorted: names get swapped
    if record.born:
        for name in filter(None, {given, family}):
            yield "birthday", f"{record.born}|{name}"
    for place in record.places:
        if place.postcode and family:
            yield "place", f"{place.postcode}|{family}|{initial}"
        if place.street and given:
            yield "street", f"{place.street}|{initial}"
