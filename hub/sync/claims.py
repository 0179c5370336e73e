"""What a record says about permission, one version against the one before.

A refusal is news when the record did not make it before. Grants are looked at permission by
permission (purpose, channel, address): when those of one change, all that the new version makes for
it are news, and of one record only its latest word counts (``hub.privacy.resolution``, rule 7).
Where the new version has no word any more (a status that was reset, a box that was cleared, a field
that was emptied), that silence is an event of its own. Source: CONSENT_AUDIT.md, section 1: what is
absent, null or redacted permits nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hub.core import normalise
from hub.core.records import ConsentClaim, ConsentSignal, Person, Record

CLAIMANTS: tuple[type[Record], ...] = (Person, ConsentSignal)
"""Entities that carry claims."""
_LAST_WORDS = ("withdraw", "deny", "object", "expire")
"""Decisions that take the place of a grant by themselves."""


class Permission(NamedTuple):
    """What a grant is for; addresses that are only spelled differently are the same."""

    purpose: str
    channel: str
    point: tuple[str, str] | None


def claims_of(record: Record | None) -> list[ConsentClaim]:
    """The claims that a record carries."""
    if isinstance(record, Person):
        return record.consents
    return record.claims if isinstance(record, ConsentSignal) else []


def new_claims(
    before: Sequence[ConsentClaim], now: Sequence[ConsentClaim], region: str
) -> list[ConsentClaim]:
    """Claims that are news: an unchanged field is no event.

    Args:
        before: What the previous version said, of the same person.
        now: What this version says.
        region: Default region for phone numbers.
    """
    granted = _grants(before, region)
    unchanged = {
        claim
        for permission, claims in _grants(now, region).items()
        if set(granted.get(permission, ())) == set(claims)
        for claim in claims
    }
    return [
        claim
        for claim in now
        if claim not in unchanged and (claim.decision == "grant" or claim not in before)
    ]


def ended_grants(
    before: Sequence[ConsentClaim], now: Sequence[ConsentClaim], region: str
) -> list[ConsentClaim]:
    """One grant for each permission that the previous version gave and this one is silent about."""
    still, last_words = _grants(now, region), [c for c in now if c.decision in _LAST_WORDS]
    return [
        claims[0]
        for permission, claims in _grants(before, region).items()
        if permission not in still
        and not any(_covers(word, permission, region) for word in last_words)
    ]


def _grants(claims: Iterable[ConsentClaim], region: str) -> dict[Permission, list[ConsentClaim]]:
    found: dict[Permission, list[ConsentClaim]] = {}
    for claim in claims:
        if claim.decision == "grant":
            permission = Permission(claim.purpose, claim.channel, _point(claim, region))
            found.setdefault(permission, []).append(claim)
    return found


def _covers(claim: ConsentClaim, permission: Permission, region: str) -> bool:
    return (
        claim.purpose in (permission.purpose, "*")
        and claim.channel in (permission.channel, "*")
        and _point(claim, region) in (permission.point, None)
    )


def _point(claim: ConsentClaim, region: str) -> tuple[str, str] | None:
    if claim.point is None:
        return None
    kind, form = normalise.contact_point(claim.point, region)
    if claim.decision != "grant" and not form:
        return None  # the ledger takes a refusal for an unreadable address for one of the person
    return kind, form
