"""The people: who lives with whom, works where, and what changed in their lives.

1. Organisations, one for every 40 people.
2. Households until everybody has a home: singles, couples, families, twins, namesakes.
3. Each person: names, birth date, contact points with their history, employer, loyalty card.
4. Household members come to share an e-mail or a telephone.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

from hub.emulation.world.dice import chance, dice, pick
from hub.emulation.world.model import Address, Household, Organisation, TruePerson
from hub.emulation.world.vocabulary import (
    COMPANY_TRADES,
    COMPANY_WORDS,
    JOB_TITLES,
    MAIL_DOMAINS,
    MEN,
    NICKNAMES,
    ROLE_MAILBOXES,
    STREET_KINDS,
    STREETS,
    SUBURBS,
    SURNAMES,
    WOMEN,
)

FICTION_RANGES = ("25550", "27010", "35550", "37010", "75550", "77010", "85550", "87010")
MOST_PEOPLE = len(FICTION_RANGES) * 10_000 // 2
"""Two numbers each is all that the ranges set aside for fiction can give."""

HOUSEHOLD_KINDS = {"single": 50, "couple": 26, "family": 17, "twins": 2, "namesakes": 2}


@dataclass(frozen=True, slots=True)
class Population:
    """Everybody, in the order in which they were made."""

    people: tuple[TruePerson, ...]
    households: tuple[Household, ...]
    organisations: tuple[Organisation, ...]


@dataclass
class _Registry:
    """What must not be handed out twice, and the calendar of this world."""

    rng: Random
    start: date
    days: int
    numbers: list[int]
    mailboxes: set[str] = field(default_factory=set)

    def phone(self) -> str:
        """An unused telephone number in E.164."""
        area, line = divmod(self.numbers.pop(), 10_000)
        return f"+61{FICTION_RANGES[area]}{line:04d}"

    def mailbox(self, local: str, domain: str) -> str:
        """An unused address that looks like ``local@domain``."""
        candidate, suffix = f"{local}@{domain}", 1
        while candidate in self.mailboxes:
            suffix += 1
            candidate = f"{local}{suffix}@{domain}"
        self.mailboxes.add(candidate)
        return candidate


def ascii_form(text: str) -> str:
    """The text without accents and apostrophes, as mail systems want it.

    >>> ascii_form("Zoë O'Brien")
    'Zoe OBrien'
    """
    plain = unicodedata.normalize("NFKD", text.replace("ø", "o").replace("Ø", "O"))
    return "".join(char for char in plain if char.isascii() and char != "'")


def populate(seed: int, people: int, start: date, days: int) -> Population:
    """Exactly ``people`` persons with their households and employers.

    Raises:
        ValueError: If more people are asked for than there are telephone numbers for fiction.
    """
    if not 1 <= people <= MOST_PEOPLE:
        raise ValueError(f"a world holds 1 to {MOST_PEOPLE} people, not {people}")
    rng = dice(seed, "population")
    numbers = rng.sample(range(len(FICTION_RANGES) * 10_000), 2 * people + people // 40 + 1)
    registry = _Registry(rng, start, days, numbers)
    organisations = tuple(_organisation(registry, n) for n in range(people // 40))
    persons: list[TruePerson] = []
    households: list[Household] = []
    while len(persons) < people:
        room = people - len(persons)
        home, members = _household(registry, len(households), len(persons), room, organisations)
        households.append(home)
        persons.extend(members)
    return Population(tuple(persons), tuple(households), organisations)


def _organisation(registry: _Registry, number: int) -> Organisation:
    """A company with its own mail domain."""
    rng = registry.rng
    trade = rng.choice(list(COMPANY_TRADES))
    word = COMPANY_WORDS[number % len(COMPANY_WORDS)]
    name = f"{word} {trade}" if number < len(COMPANY_WORDS) else f"{word} {trade} {number}"
    domain = f"{word.lower()}{number}.example.com"
    return Organisation(
        f"org-{number:04d}", name, domain, registry.phone(), _address(rng), COMPANY_TRADES[trade]
    )


def _address(rng: Random) -> Address:
    """A street address in one of the suburbs."""
    unit = f"{rng.randrange(1, 30)}/" if chance(rng, 0.25) else ""
    kind = rng.choice(list(STREET_KINDS))
    city, state, postcode = rng.choice(SUBURBS)
    return Address(
        f"{unit}{rng.randrange(1, 240)} {rng.choice(STREETS)} {kind}", city, state, postcode
    )


def _household(
    registry: _Registry,
    number: int,
    first_person: int,
    room: int,
    organisations: tuple[Organisation, ...],
) -> tuple[Household, list[TruePerson]]:
    """One home with at most ``room`` people in it, numbered from ``first_person``."""
    rng = registry.rng
    kind = pick(rng, HOUSEHOLD_KINDS)
    plan = _cast(rng, kind, registry.start)[:room]
    kind = kind if len(plan) > 1 else "single"
    home = _address(rng)
    members = [
        _person(registry, f"p-{first_person + n:05d}", f"h-{number:05d}", who, home, organisations)
        for n, who in enumerate(plan)
    ]
    shares_email = kind != "single" and chance(rng, 0.32)
    shares_phone = kind != "single" and chance(rng, 0.4)
    if shares_email:
        members = _share_email(registry, members)
    if shares_phone:
        members = [members[0], *(_with_phone(rng, m, members[0].phones[-1]) for m in members[1:])]
    ids = tuple(member.person_id for member in members)
    return Household(f"h-{number:05d}", kind, ids, shares_email, shares_phone), members


@dataclass(frozen=True, slots=True)
class _Role:
    """A part in a household before it becomes a person."""

    gender: str
    given: str
    family: str
    born: date


def _cast(rng: Random, kind: str, start: date) -> list[_Role]:
    """Who lives in a household of that kind, parents first."""
    family = _skewed(rng, SURNAMES)
    adult = _adult(rng, rng.choice("fm"), family, start)
    if kind == "single":
        return [adult]
    if kind == "twins":
        gender = rng.choice("fm")
        twin = _adult(rng, gender, family, start)
        names = [name for name in (WOMEN if gender == "f" else MEN) if name != twin.given]
        return [twin, _Role(gender, _skewed(rng, tuple(names)), family, twin.born)]
    if kind == "namesakes":
        father = _adult(rng, "m", family, start - timedelta(days=365 * 22))
        born = father.born + timedelta(days=rng.randrange(365 * 20, 365 * 34))
        return [father, _Role("m", father.given, family, born)]
    partner_family = family if chance(rng, 0.7) else _skewed(rng, SURNAMES)
    partner = _adult(rng, "m" if adult.gender == "f" else "f", partner_family, start)
    if kind == "couple":
        return [adult, partner]
    child_born = start - timedelta(days=rng.randrange(365 * 16, 365 * 23))
    return [adult, partner, _Role(*_given(rng, rng.choice("fm")), family, child_born)]


def _adult(rng: Random, gender: str, family: str, start: date) -> _Role:
    """A grown-up between 24 and 78."""
    born = start - timedelta(days=rng.randrange(365 * 24, 365 * 78))
    return _Role(*_given(rng, gender), family, born)


def _given(rng: Random, gender: str) -> tuple[str, str]:
    """A gender with a given name, common ones more often."""
    return gender, _skewed(rng, WOMEN if gender == "f" else MEN)


def _skewed(rng: Random, names: tuple[str, ...]) -> str:
    """A name, the early ones of the list far more often than the late ones."""
    return names[int(len(names) * rng.random() * rng.random())]


def _person(
    registry: _Registry,
    person_id: str,
    household_id: str,
    role: _Role,
    home: Address,
    organisations: tuple[Organisation, ...],
) -> TruePerson:
    """A person with the contact points of their whole life as a customer."""
    rng = registry.rng
    former = ""
    if chance(rng, 0.14 if role.gender == "f" else 0.01):
        former = _skewed(rng, SURNAMES)
    employer = rng.choice(organisations) if organisations and chance(rng, 0.3) else None
    joined = registry.start - timedelta(days=rng.randrange(-registry.days // 3, 700))
    leaves = chance(rng, 0.18)
    stay = rng.randrange(60, registry.days) if leaves and registry.days > 60 else 0
    return TruePerson(
        person_id=person_id,
        household_id=household_id,
        gender=role.gender,
        given_name=role.given,
        nickname=rng.choice(NICKNAMES.get(role.given, ("",))),
        family_name=role.family,
        former_family_name=former if former != role.family else "",
        born=role.born,
        emails=_mailboxes(registry, role, former),
        work_email=_work_email(registry, role, employer) if employer else "",
        phones=tuple(registry.phone() for _ in range(2 if chance(rng, 0.15) else 1)),
        addresses=(_address(rng), home) if chance(rng, 0.15) else (home,),
        organisation_id=employer.organisation_id if employer else "",
        job_title=rng.choice(JOB_TITLES) if employer else "",
        language=pick(rng, {"en": 90, "fr": 6, "de": 4}),
        loyalty_no=f"L{10_000_000 + int(person_id[2:]) * 137}" if chance(rng, 0.62) else "",
        joined=joined,
        left=max(joined, registry.start) + timedelta(days=stay) if stay else None,
    )


def _mailboxes(registry: _Registry, role: _Role, former: str) -> tuple[str, ...]:
    """One to three personal addresses, oldest first."""
    rng = registry.rng
    count = pick(rng, {1: 72, 2: 24, 3: 4})
    families = [former or role.family] * (count - 1) + [role.family]
    return tuple(_personal_mailbox(registry, role, family) for family in families)


def _personal_mailbox(registry: _Registry, role: _Role, family: str) -> str:
    """An address in one of the styles that people choose."""
    rng = registry.rng
    given = ascii_form(role.given).lower()
    surname = ascii_form(family).lower()
    style = rng.choice(("{g}.{s}", "{g}{s}", "{i}{s}{y}", "{s}.{g}", "{g}{y}"))
    local = style.format(g=given, s=surname, i=given[0], y=role.born.year % 100)
    return registry.mailbox(local, rng.choice(MAIL_DOMAINS))


def _work_email(registry: _Registry, role: _Role, employer: Organisation) -> str:
    """The address at work; one in six answers from a role address that colleagues share."""
    rng = registry.rng
    if chance(rng, 0.16):
        return f"{rng.choice(ROLE_MAILBOXES[:2])}@{employer.domain}"
    local = f"{ascii_form(role.given)}.{ascii_form(role.family)}".lower()
    return registry.mailbox(local, employer.domain)


def _share_email(registry: _Registry, members: list[TruePerson]) -> list[TruePerson]:
    """The members, all of them reachable at the first member's address or a family address."""
    first = members[0]
    shared = first.emails[-1]
    if chance(registry.rng, 0.5):
        local = f"{ascii_form(first.family_name).lower()}.family"
        shared = registry.mailbox(local, registry.rng.choice(MAIL_DOMAINS))
    return [_with_email(registry.rng, member, shared) for member in members]


def _with_email(rng: Random, person: TruePerson, shared: str) -> TruePerson:
    """The person using ``shared`` as latest address, beside their own or instead of it."""
    own = tuple(mail for mail in person.emails if mail != shared)
    return replace(person, emails=(*own, shared) if chance(rng, 0.6) else (shared,))


def _with_phone(rng: Random, person: TruePerson, shared: str) -> TruePerson:
    """The person reachable at ``shared``, beside their own number or instead of it."""
    return replace(person, phones=(*person.phones, shared) if chance(rng, 0.5) else (shared,))
