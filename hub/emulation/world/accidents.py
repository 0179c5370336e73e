"""How a true value comes to look in a system: nicknames, formats, typos, placeholders."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hub.emulation.world.dice import chance
from hub.emulation.world.model import Presence, TruePerson
from hub.emulation.world.population import ascii_form
from hub.emulation.world.vocabulary import STREET_KINDS

PLACEHOLDER_PHONES = ("0000000000", "0400000000", "1234567890")
PLACEHOLDER_EMAILS = ("noreply@example.com", "none@example.org", "unknown@example.net")
PLACEHOLDER_BIRTH = "1900-01-01"


def given_as_known(rng: Random, person: TruePerson) -> str:
    """The given name as this system knows it: in full, as nickname, as initial."""
    if person.nickname and chance(rng, 0.2):
        return person.nickname
    return person.given_name[0] if chance(rng, 0.02) else person.given_name


def phone_as_written(rng: Random, e164: str) -> str:
    """An Australian number in one of the ways in which people write it.

    A number is ``+61``, one digit for the area, eight digits.
    """
    area, line = e164[3], e164[4:]
    style = rng.choice(
        ("0{a}{l}", "0{a} {x} {y}", "(0{a}) {x} {y}", "+61 {a} {x} {y}", "+61{a}{l}")
    )
    return style.format(a=area, l=line, x=line[:4], y=line[4:])


def as_typed(rng: Random, kind: str, record: Presence) -> Presence:
    """The record after a clerk, a form and an import have been at it."""
    changes: dict[str, str] = {}
    if chance(rng, 0.05):
        changes["given_name"] = _typo(rng, record.given_name)
    if chance(rng, 0.04):
        changes["family_name"] = _typo(rng, record.family_name)
    if chance(rng, 0.5):
        changes.setdefault("given_name", ascii_form(record.given_name))
        changes.setdefault("family_name", ascii_form(record.family_name))
    if record.email:
        changes["email"] = _email_as_typed(rng, record.email)
    if record.phone and chance(rng, 0.012):
        changes["phone"] = rng.choice(PLACEHOLDER_PHONES)
    if record.born and chance(rng, 0.02):
        changes["born"] = PLACEHOLDER_BIRTH
    if record.street and chance(rng, 0.4):
        changes["street"] = _street_abbreviated(record.street)
    if chance(rng, 0.004):
        changes["family_name"] = "Unknown"
    typed = replace(record, **changes)  # type: ignore[arg-type]  # only text fields change
    return _in_house_style(rng, kind, typed)


def _in_house_style(rng: Random, kind: str, record: Presence) -> Presence:
    """The record in the character set and the letter case of its system."""
    if kind == "pos":  # a till prints Windows-1252 and nothing else
        given, family = _printable(record.given_name), _printable(record.family_name)
        record = replace(record, given_name=given, family_name=family)
    if chance(rng, 0.05):
        shout = record.family_name.upper()
        record = replace(record, given_name=record.given_name.upper(), family_name=shout)
    if chance(rng, 0.008):
        given, family = record.family_name, record.given_name
        record = replace(record, given_name=given, family_name=family)
    return record


def _printable(name: str) -> str:
    """The name, without accents where Windows-1252 cannot show it."""
    shown = name.encode("cp1252", "ignore").decode("cp1252")
    return name if shown == name else ascii_form(name)


def _email_as_typed(rng: Random, email: str) -> str:
    """The address with the usual accidents: case, a tag, a typo, a placeholder."""
    roll = rng.random()
    local, _, domain = email.partition("@")
    if roll < 0.08:
        return email.title()
    if roll < 0.12:
        return f"{local}+shop@{domain}"
    if roll < 0.15:
        return f"{_typo(rng, local)}@{domain}"
    if roll < 0.154:
        return rng.choice(PLACEHOLDER_EMAILS)
    return email


def _street_abbreviated(street: str) -> str:
    """``12 King Street`` as ``12 King St``."""
    line, _, kind = street.rpartition(" ")
    return f"{line} {STREET_KINDS[kind]}"


def _typo(rng: Random, word: str) -> str:
    """The word with two letters swapped, one left out or one doubled; never the first."""
    if len(word) < 4:
        return word
    at = rng.randrange(1, len(word) - 1)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return rng.choice((swapped, word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]))
