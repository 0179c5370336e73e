"""The comparison form of one party record: what blocking, scoring and guards look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from hub.core import normalise
from hub.core.ids import Rid, SourceKey
from hub.core.nicknames import names_behind
from hub.core.records import Address, Organisation, Party, Person

Kind = Literal["person", "organisation"]


@dataclass(frozen=True, slots=True)
class Place:
    """An address in comparison form; the empty string where the source says nothing."""

    street: str
    city: str
    postcode: str


@dataclass(frozen=True, slots=True)
class Comparable:
    """A party record in comparison form (:mod:`hub.core.normalise`), empty where it says nothing.

    Args:
        rid: Row id of the source record.
        key: Source-record key as text: it orders everything that must not depend on arrival.
        kind: Persons are never compared with organisations.
        given: First word of the given name; empty for an organisation.
        family: Family name as one word, or the organisation's name.
        emails: Mailboxes; of persons, without role addresses.
        identifiers: (kind, value) of numbers that a party has one of.
        aliases: Keys of records that the vendor merged into this one.
    """

    rid: Rid
    key: str
    kind: Kind
    given: str = ""
    family: str = ""
    born: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    identifiers: tuple[tuple[str, str], ...] = ()
    aliases: tuple[str, ...] = ()


@lru_cache(1 << 16)
def formal_initial(given: str) -> str:
    """Initial of the name behind ``given``, so that Bill and William count as one person.

    >>> formal_initial("bill"), formal_initial("chris"), formal_initial("")
    ('w', 'c', '')
    """
    formal = {name[0] for name in names_behind(given) - {given}} if given else set()
    return formal.pop() if len(formal) == 1 else given[:1]


def comparable(rid: Rid, key: SourceKey, party: Party, region: str) -> Comparable:
    """The comparison form of ``party``; ``region`` is where phones without a prefix are dialled."""
    if isinstance(party, Person):
        given, family = names(party)
        born = normalise.birth_date(party.birth_date)
    else:
        given, family, born = "", normalise.organisation_name(party.name or ""), ""
    return Comparable(
        rid=rid,
        key=str(key),
        kind="person" if isinstance(party, Person) else "organisation",
        given=given,
        family=family,
        born=born,
        emails=_mailboxes(party),
        phones=_distinct(normalise.phone(text, region) for text in party.phones),
        places=tuple(dict.fromkeys(place for place in map(_place, party.addresses) if place)),
        identifiers=_identifiers(party),
        aliases=tuple(str(SourceKey(key.connection, key.stream, a)) for a in party.aliases),
    )


def names(person: Person) -> tuple[str, str]:
    """First given name and family name of ``person``, wherever the source put them."""
    given = normalise.given_name(person.given_name or "")
    family = normalise.family_name(person.family_name or "")
    if not given and not family:
        given, family = normalise.full_name(person.full_name or "")
    elif " " in given and not family:  # the whole name in the first field
        given, family = normalise.full_name(person.given_name or "")
    return given.partition(" ")[0], family


def _mailboxes(party: Party) -> tuple[str, ...]:
    found = _distinct(normalise.email(text) for text in party.emails)
    if isinstance(party, Organisation):
        return found
    return tuple(mailbox for mailbox in found if not normalise.is_role(mailbox))


def _identifiers(party: Party) -> tuple[tuple[str, str], ...]:
    found = {(_label(i.kind), normalise.identifier(i.value)) for i in party.identifiers}
    if isinstance(party, Organisation) and party.domain:
        found.add(("domain", normalise.domain(party.domain)))
    return tuple(sorted(pair for pair in found if pair[1]))


def _label(kind: str) -> str:
    return normalise.ascii_form(kind).replace(" ", "_")


def _place(address: Address) -> Place | None:
    place = Place(
        normalise.street(" ".join(filter(None, (address.line1, address.line2)))),
        normalise.place(address.city or ""),
        normalise.postcode(address.postcode or ""),
    )
    return place if place.street or place.postcode else None


def _distinct(forms: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, forms)))
