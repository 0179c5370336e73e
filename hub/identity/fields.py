"""What one party record offers for each field of the golden record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from hub.core import normalise
from hub.core.ids import SourceKey
from hub.core.records import Address, Organisation, Party, Person
from hub.identity.survivorship import Candidate, Value


def offers(
    party: Party, source: SourceKey, at: datetime | None, region: str
) -> Iterator[tuple[str, Candidate]]:
    """Field name and candidate for all that ``party`` says; placeholders say nothing."""
    texts = _person_texts(party) if isinstance(party, Person) else _organisation_texts(party)
    for field, value, form in texts:
        if value and form:
            yield field, Candidate(value, form, source, at, _consents(party))
    for place, text in enumerate(party.emails):
        form = normalise.email(text)
        if form:
            value = text.strip().lower()
            yield "email", Candidate(value, form, source, at, _consents(party, text), place)
    for place, text in enumerate(party.phones):
        form = normalise.phone(text, region)
        if form:
            yield "phone", Candidate(form, form, source, at, _consents(party, text), place)
    for place, address in enumerate(party.addresses):
        parts, form = _address(address)
        if form:
            yield "address", Candidate(parts, form, source, at, _consents(party), place)


def _person_texts(person: Person) -> Iterator[tuple[str, str, str]]:
    """Field, value as given, comparison form."""
    yield "full_name", (full := _full_name(person)), normalise.ascii_form(full)
    yield _text("given_name", person.given_name, normalise.given_name(person.given_name or ""))
    yield _text("family_name", person.family_name, normalise.family_name(person.family_name or ""))
    born = normalise.birth_date(person.birth_date)
    yield "birth_date", born, born
    for field in ("title", "middle_name", "nickname", "gender", "language", "job_title"):
        yield _plain(field, getattr(person, field))
    yield _plain("organisation", person.organisation_name)
    yield _plain("lifecycle", person.lifecycle)
    yield _plain("owner", person.owner)


def _organisation_texts(organisation: Organisation) -> Iterator[tuple[str, str, str]]:
    name = organisation.name or ""
    yield _text("name", name, normalise.organisation_name(name))
    yield _text("domain", organisation.domain, normalise.domain(organisation.domain or ""))
    yield _plain("industry", organisation.industry)


def _full_name(person: Person) -> str:
    given = normalise.given_name(person.given_name or "")
    family = normalise.family_name(person.family_name or "")
    if given and family:
        return _tidy(f"{person.given_name} {person.family_name}")
    return _tidy(person.full_name) if any(normalise.full_name(person.full_name or "")) else ""


def _plain(field: str, value: str | None) -> tuple[str, str, str]:
    return _text(field, value, normalise.ascii_form(value or ""))


def _text(field: str, value: str | None, form: str) -> tuple[str, str, str]:
    return field, _tidy(value), form


def _tidy(value: str | None) -> str:
    return " ".join((value or "").split())


def _address(address: Address) -> tuple[Value, str]:
    parts = {
        name: _tidy(text)
        for name in ("line1", "line2", "city", "region", "postcode", "country")
        if (text := getattr(address, name))
    }
    street = normalise.street(" ".join(filter(None, (address.line1, address.line2))))
    code, city = normalise.postcode(address.postcode or ""), normalise.place(address.city or "")
    return parts, "|".join((street, city, code)) if street or city or code else ""


def _consents(party: Party, point: str | None = None) -> bool:
    """Whether the record carries a grant for the whole person or for this contact point."""
    claims = party.consents if isinstance(party, Person) else []
    return any(c.decision == "grant" and c.point in (None, point) for c in claims)
