"""What each CRM believes about the business customers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random

from hub.emulation.world.accidents import phone_as_written
from hub.emulation.world.dice import chance, dice, moment_between
from hub.emulation.world.model import Organisation, OrganisationPresence
from hub.emulation.world.population import Population
from hub.emulation.world.presence import FIRST_ID
from hub.emulation.world.systems import SYSTEMS

COMPANY_IDS = {"hubspot": "{:d}", "salesforce": "0015g{:010d}AAA"}


def all_companies(
    seed: int, population: Population, end: datetime, systems: Sequence[str]
) -> tuple[OrganisationPresence, ...]:
    """The company records of every CRM; one in eight organisations stands there twice."""
    records: list[OrganisationPresence] = []
    for system in systems:
        if SYSTEMS[system].kind == "crm":
            rng = dice(seed, "companies", system)
            records.extend(_companies(rng, system, population.organisations, end))
    return tuple(records)


def _companies(
    rng: Random, system: str, organisations: Sequence[Organisation], end: datetime
) -> Iterator[OrganisationPresence]:
    """One CRM's company records."""
    number = FIRST_ID
    for organisation in organisations:
        first = ""
        for _ in range(2 if chance(rng, 0.12) else 1):
            local_id = COMPANY_IDS[system].format(number)
            yield _company(rng, system, local_id, organisation, end, first)
            first, number = first or local_id, number + 1


def _company(
    rng: Random, system: str, local_id: str, known: Organisation, end: datetime, first: str
) -> OrganisationPresence:
    """One company record; a duplicate is shouted, has the legal form and lacks the domain."""
    created = end - timedelta(days=rng.randrange(40, 900))
    return OrganisationPresence(
        system=system,
        local_id=local_id,
        organisation_id=known.organisation_id,
        name=f"{known.name} Pty Ltd".upper() if first else known.name,
        domain="" if first else known.domain,
        phone=phone_as_written(rng, known.phone),
        city=known.address.city,
        state=known.address.state,
        country=known.address.country,
        industry=known.industry,
        created_at=created,
        updated_at=moment_between(rng, created, end),
        duplicate_of=first,
    )
