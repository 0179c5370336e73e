"""What the org says about permission, as claims. Pure: the same row, the same claims.

A ticked opt-out withdraws. A box that is not ticked grants nothing: nobody need ever have been
asked. A field that is not in the row was not visible: nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from connectors.salesforce.config import SalesforceSettings
from connectors.salesforce.rows import INDIVIDUAL, KEY, PARTIES, PURPOSE, VALUES, parties, party
from hub.core.connector import Row
from hub.core.errors import SkipRecord
from hub.core.records import ConsentClaim, ConsentSignal, PartyRef
from hub.core.values import flag, present, text

CHANNELS: Mapping[str, str] = {
    "Email": "email",
    "Phone": "phone",
    "MailingAddress": "post",
    "Social": "messaging",
    "Web": "web",
}
"""Contact point type to channel."""
_WHOLE_PERSON: tuple[None] = (None,)


def opt_outs(row: Row, settings: SalesforceSettings, prefix: str = "") -> ConsentSignal:
    """What the opt-out boxes of a contact, lead or person account say, and its individual.

    Args:
        row: The record.
        settings: Which purposes the boxes refuse.
        prefix: ``Person`` for the fields of a person account.
    """
    email = text(row, "PersonEmail" if prefix else "Email")
    own = ("PersonMobilePhone", "PersonHomePhone") if prefix else ("MobilePhone", "HomePhone")
    phones = present(*(text(row, name) for name in ("Phone", *own)))
    refused = (
        ("HasOptedOutOfEmail", "email", present(email)),
        ("DoNotCall", "phone", phones),
        ("HasOptedOutOfFax", "fax", present(text(row, "Fax"))),
    )
    claims = [
        ConsentClaim(purpose=purpose, channel=channel, point=point, decision="withdraw")
        for name, channel, points in refused
        if flag(row, prefix + name)
        for purpose in settings.opt_out_purposes
        for point in points or _WHOLE_PERSON
    ]
    who = party(row[KEY])
    if who is None:
        raise SkipRecord("the id is no person's", reason="no-party", where=str(row[KEY]))
    return ConsentSignal(party=who, claims=[*claims, *_refusals(row.get(INDIVIDUAL), settings)])


def individual(row: Row, settings: SalesforceSettings) -> ConsentSignal:
    """What an individual refuses, for the first person that is this individual.

    ``HasOptedOutProcessing`` and ``ShouldForget`` restrict every use.
    """
    return ConsentSignal(party=_first(row), claims=[*_refusals(row, settings)])


def _refusals(said: object, settings: SalesforceSettings) -> Iterator[ConsentClaim]:
    if not isinstance(said, Mapping):
        return
    for name, purpose in settings.individual_purposes.items():
        if flag(said, name):
            yield ConsentClaim(purpose=purpose, channel="*", decision="object")
    if flag(said, "HasOptedOutProcessing") or flag(said, "ShouldForget"):
        yield ConsentClaim(purpose="*", channel="*", decision="restrict")


def contact_point(row: Row, settings: SalesforceSettings) -> ConsentSignal:
    """What a person said about one kind of contact point and one data use purpose.

    OptIn grants for each address that the person has there, OptOut withdraws for all of them;
    Seen and NotSeen say nothing. A refusal that names no purpose refuses what opt-outs refuse.
    """
    return ConsentSignal(party=_first(row), claims=list(_contact_point_claims(row, settings)))


def _contact_point_claims(row: Row, settings: SalesforceSettings) -> Iterator[ConsentClaim]:
    status = text(row, "PrivacyConsentStatus")
    channel = CHANNELS.get(text(row, "ContactPointType") or "")
    use, name = text(row, "DataUsePurposeId"), text(row, PURPOSE)
    purpose = settings.purpose_of(use, name)
    if channel is None:
        return
    if status == "OptOut":
        named = [purpose] if purpose else [] if use else settings.opt_out_purposes
        for refused in named:
            yield ConsentClaim(
                purpose=refused,
                channel=channel,
                decision="withdraw",
                asserted_at=_asserted(row),
                evidence=text(row, "CaptureSource"),
            )
    elif status == "OptIn" and purpose:
        confirmed = text(row, "DoubleConsentCaptureDate") is not None
        for point in _points(row, channel) or _WHOLE_PERSON:
            yield ConsentClaim(
                purpose=purpose,
                channel=channel,
                point=point,
                decision="grant",
                strength="confirmed" if confirmed else "single",
                asserted_at=_asserted(row),
                valid_until=VALUES.instant(row, "EffectiveTo"),
                evidence=text(row, "CaptureSource"),
            )


def _asserted(row: Row) -> datetime | None:
    return VALUES.instant(row, "CaptureDate") or VALUES.instant(row, "EffectiveFrom")


def _points(row: Row, channel: str) -> list[str]:
    """Addresses of the first person on a channel."""
    names = {"email": ("Email",), "phone": ("Phone", "MobilePhone")}.get(channel, ())
    found = row.get(PARTIES)
    first = found[0] if isinstance(found, list) and found else None
    if not isinstance(first, Mapping):
        return []
    return present(*(text(first, name) for name in names))


def _first(row: Row) -> PartyRef:
    found = parties(row)
    if not found:
        raise SkipRecord(
            "no contact, lead or person account is this individual. Link one in Salesforce",
            reason="no-party",
            where=str(row.get(KEY, "?")),
        )
    return found[0]
