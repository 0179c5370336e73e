"""Which records of the org a stream of the connector reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from connectors.salesforce.emulator.catalogue import SObject
from connectors.salesforce.emulator.org import Org
from connectors.salesforce.emulator.records import Record
from connectors.salesforce.emulator.refusals import not_found

Choice = Callable[[Record], bool]


def _every(record: Record) -> bool:
    return True


def _is_person(record: Record) -> bool:
    return bool(record.values.get("IsPersonAccount"))


def _is_no_person(record: Record) -> bool:
    return not _is_person(record)


STREAMS: Mapping[str, tuple[str, Choice]] = {
    "accounts": ("Account", _is_no_person),
    "person_accounts": ("Account", _is_person),
    "person_account_consents": ("Account", _is_person),
    "contacts": ("Contact", _is_no_person),
    "contact_consents": ("Contact", _is_no_person),
    "leads": ("Lead", _every),
    "lead_consents": ("Lead", _every),
    "cases": ("Case", _every),
    "opportunities": ("Opportunity", _every),
    "tasks": ("Task", _every),
    "events": ("Event", _every),
    "individuals": ("Individual", _every),
    "contact_point_consents": ("ContactPointTypeConsent", _every),
}
"""Object and choice of records per stream; a person's contact is read as the account it mirrors."""


def kind_of(org: Org, name: str) -> SObject:
    """The object that a stream reads, or the object of that name, whoever may see it.

    Raises:
        Refusal: 404 if there is neither.
    """
    wanted = (STREAMS[name][0] if name in STREAMS else name).lower()
    found = next((kind for kind in org.every_kind() if kind.name.lower() == wanted), None)
    if found is None:
        raise not_found()
    return found


def records_of(org: Org, name: str) -> Iterator[Record]:
    """The live records of a stream or an object; none where the org shows no such object.

    Raises:
        Refusal: 404 if there is no such stream or object.
    """
    if name in STREAMS and org.find_kind(STREAMS[name][0]) is None:
        return iter(())
    choice = STREAMS[name][1] if name in STREAMS else _every
    return filter(choice, org.table(kind_of(org, name).name).live())
