"""What the org says about permission, as claims. Pure: the same row, the same claims.

A ticked opt-out withdraws. A box that is not ticked grants nothing: nobody need ever have been
asked. A field that is not in the row was not visible: nothing is known. A refusal of which
something is not known, such as its address or its purpose, holds for all that it may be about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from connectors.salesforce.config import SalesforceSettings
from connectors.salesforce.rows import (
    BEGUN,
    INDIVIDUAL,
    KEY,
    PARTIES,
    PHONES,
    PURPOSE,
    VALUES,
    parties,
    party,
)
from hub.core.connector import Row
from hub.core.errors import SkipRecord
from hub.core.records import ConsentClaim, ConsentSignal, PartyRef, Strength
from hub.core.values import flag, present, text

CHANNELS: Mapping[str, str] = {
    "Email": "email",
    "Phone": "phone",
    "MailingAddress": "post",
    "Social": "messaging",
    "Web": "web",
}
"""Contact point type to channel."""
OPTED_OUT = "OptOut"
"""Status of a consent record that refuses."""
_WHOLE_PERSON: tuple[None] = (None,)


def opt_outs(row: Row, settings: SalesforceSettings, people: str = "contacts") -> ConsentSignal:
    """What the opt-out boxes of a contact, lead or person account say, and its individual.

    Args:
        row: The record.
        settings: Which purposes the boxes refuse.
        people: Stream that reads the person.
    """
    prefix = "Person" if people == "person_accounts" else ""
    refused = (
        ("HasOptedOutOfEmail", "email", (f"{prefix}Email",)),
        ("DoNotCall", "phone", PHONES[people]),
        ("HasOptedOutOfFax", "fax", ("Fax",)),
    )
    claims = [
        ConsentClaim(purpose=purpose, channel=channel, point=point, decision="withdraw")
        for name, channel, addresses in refused
        if flag(row, prefix + name)
        for purpose in settings.opt_out_purposes
        for point in _refused_at(row, addresses)
    ]
    who = party(row[KEY])
    if who is None:
        raise SkipRecord("the id is no person's", reason="no-party", where=str(row[KEY]))
    return ConsentSignal(party=who, claims=[*claims, *_refusals(row.get(INDIVIDUAL), settings)])


def _refused_at(row: Row, names: Iterable[str]) -> Sequence[str | None]:
    """The addresses that a refusal is about: those of the record.

    It is about the whole person where the record has none, and where it may have one that is
    hidden: what nobody sees is still an address of theirs, which another system may know.
    """
    if any(name not in row for name in names):
        return _WHOLE_PERSON
    return present(*(text(row, name) for name in names)) or _WHOLE_PERSON


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

    OptIn grants for each address that the person has there, once its time has come and as long as
    it lasts; OptOut withdraws for all of them from the moment it is known, and does not lapse: only
    a new grant ends a refusal. Seen and NotSeen say nothing.
    """
    return ConsentSignal(party=_first(row), claims=list(_contact_point_claims(row, settings)))


def _contact_point_claims(row: Row, settings: SalesforceSettings) -> Iterator[ConsentClaim]:
    status = text(row, "PrivacyConsentStatus")
    channel = CHANNELS.get(text(row, "ContactPointType") or "")
    if status == OPTED_OUT:
        for refused in refused_purposes(row, settings):
            yield ConsentClaim(
                purpose=refused,
                channel=channel or "*",
                decision="withdraw",
                asserted_at=_asserted(row),
                evidence=text(row, "CaptureSource"),
            )
    purpose = settings.purpose_of(text(row, "DataUsePurposeId"), text(row, PURPOSE))
    if status == "OptIn" and channel and purpose and row.get(BEGUN) is not False:
        for point in _points(row, channel) or _WHOLE_PERSON:
            yield ConsentClaim(
                purpose=purpose,
                channel=channel,
                point=point,
                decision="grant",
                strength=_strength(row),
                asserted_at=_asserted(row),
                valid_until=VALUES.instant(row, "EffectiveTo"),
                evidence=text(row, "CaptureSource"),
            )


def refused_purposes(row: Row, settings: SalesforceSettings) -> Sequence[str]:
    """What an OptOut refuses: the purpose that it names, none if the settings leave that one out.

    One that names no purpose refuses what opt-outs refuse; one whose purpose is hidden, everything
    that it could name.
    """
    if is_purpose_hidden(row, settings):
        return list(
            dict.fromkeys((*settings.opt_out_purposes, *settings.data_use_purposes.values()))
        )
    use = text(row, "DataUsePurposeId")
    if use is None:
        return settings.opt_out_purposes
    return present(settings.purpose_of(use, text(row, PURPOSE)))


def is_purpose_hidden(row: Row, settings: SalesforceSettings) -> bool:
    """Whether the org does not show which data use purpose the record names."""
    if "DataUsePurposeId" not in row:
        return True
    use, name = text(row, "DataUsePurposeId"), text(row, PURPOSE)
    return use is not None and name is None and settings.purpose_of(use, None) is None


def _strength(row: Row) -> Strength:
    """How well a grant is proven; one whose term is hidden may not have begun, or be over."""
    if "EffectiveFrom" not in row or "EffectiveTo" not in row:
        return "unknown"
    return "single" if text(row, "DoubleConsentCaptureDate") is None else "confirmed"


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
