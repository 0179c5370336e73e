"""An audience: the members of a segment who may be addressed, with what the channel needs.

Nobody is in it by being a member. For each, every address that the channel reaches is judged on
its own, for this one purpose on this one channel, and the first that may be used goes with them;
whoever has none stays here and is counted with the reason. Erased people, restrictions and refusals
win over any grant, also where they stand on a record that may be the same person.

Source: CONSENT_AUDIT.md, sections 1 and 2: a grant names purpose, channel and address, and one for
one address never authorises another; Spam Act 2003 (Cth) s 16; GDPR Art. 6(1)(a), 7.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from sqlalchemy import Connection, select

from hub.audit.log import AuditEvent, Scalar
from hub.core import normalise
from hub.core.clock import from_micros
from hub.core.connector import Change, OutField, Value
from hub.core.errors import ConfigError
from hub.core.ids import SourceKey
from hub.core.mistakes import nearest
from hub.core.released import Released
from hub.core.settings import Channel, PurposeSection
from hub.exports.delivery import Content
from hub.exports.profiles import Form, table
from hub.privacy import permissions as consent
from hub.privacy.gate import Gate, Points
from hub.privacy.permissions import Permissions
from hub.segments import membership
from hub.store import pseudonyms
from hub.store.keys import Keys
from hub.store.records import chunks
from hub.store.schema import cluster_members, profiles
from hub.store.suppression import Suppression

DESTINATION: Final = "audience"
"""What the gate is told that the rows go to; which file it was stands in the audit log."""

PERSONAL: Final = ("given_name", "language")
"""What every channel is given beside the address, for a greeting in the right language."""

_ADDRESS: Final[Mapping[Channel, tuple[str, tuple[str, ...]]]] = {
    "email": ("email", ("email", "emails")),
    "sms": ("phone", ("phone", "phones")),
    "phone": ("phone", ("phone", "phones")),
    "messaging": ("phone", ("phone", "phones")),
    "post": ("address", ("address",)),
    "push": ("golden_id", ("golden_id",)),
    "web": ("golden_id", ("golden_id",)),
    "in_person": ("golden_id", ("golden_id",)),
}
"""By channel, the column of its address, and the fields of the profile that hold some."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is to be addressed, why, and by what.

    Args:
        segment: Id of the segment.
        purpose: Purpose of the message.
        channel: Channel of the message.
        brand: In whose name; a permission given to one brand holds for no other.
    """

    segment: str
    purpose: str
    channel: Channel
    brand: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """What a row holds."""
        address = _ADDRESS[self.channel][0]
        return tuple(dict.fromkeys(("golden_id", address, *PERSONAL)))


@dataclass(slots=True)
class Audience:
    """What became of the members, while and after the file is written.

    Args:
        wanted: What was asked for.
        members: How many there are.
        withheld: Reason to how many stay here.
        released: Golden id and gate decision of each who is in the file.
    """

    wanted: Wanted
    members: int = 0
    withheld: Counter[str] = field(default_factory=Counter)
    released: list[tuple[str, str]] = field(default_factory=list)


class Selection:
    """Judges the members of segments under one purpose and channel.

    Args:
        wanted: What is asked for.
        purposes: Purposes of ``hub.toml``.
        keys: Keyed hashes of this installation.
        region: Region of phone numbers without a country code.

    Raises:
        ConfigError: If ``hub.toml`` has no such purpose, or it does not cover the channel.
    """

    def __init__(
        self, wanted: Wanted, purposes: Mapping[str, PurposeSection], keys: Keys, region: str
    ) -> None:
        section = _covering(wanted, purposes)
        narrow = section.model_copy(update={"channels": (wanted.channel,)})
        self._purposes = {wanted.purpose: narrow}  # so the gate asks for this channel and no other
        self._gate = Gate(self._purposes)
        self._keys, self._region = keys, region
        self._suppression = Suppression(keys)
        self._fields = [OutField(name, f"who.{name}", wanted.purpose) for name in wanted.columns]
        self.audience = Audience(wanted)

    def rows(self, connection: Connection, now: int) -> Generator[Mapping[str, Value], None, None]:
        """The rows that may leave, by golden id; ``audience`` counts along."""
        found = membership.members(connection, self.audience.wanted.segment)
        self.audience.members = len(found)
        for chunk in chunks(found):
            for released in self._judged(connection, chunk, now):
                self.audience.released.append((released.value.native_id, released.decision))
                yield released.value.values

    def _judged(
        self, connection: Connection, members: Sequence[str], now: int
    ) -> Iterator[Released[Change]]:
        said = consent.load(
            connection, members, self._purposes, now, brand=self.audience.wanted.brand
        )
        query = select(profiles.c.golden_id, profiles.c.body).order_by(profiles.c.golden_id)
        rows = connection.execute(query.where(profiles.c.golden_id.in_(members))).all()
        people = {golden_id: orjson.loads(body) for golden_id, body in rows}
        erased = self._erased(connection, people)
        for golden_id, profile in people.items():
            if golden_id in erased:
                self.audience.withheld["erased: must not be addressed again"] += 1
                continue
            released = self._released(golden_id, profile["who"], said[golden_id])
            if isinstance(released, str):
                self.audience.withheld[released] += 1
            else:
                yield released

    def _released(
        self, golden_id: str, who: Mapping[str, Any], said: Permissions
    ) -> Released[Change] | str:
        """The row with the first address that may be used, or why there is none."""
        column, places = _ADDRESS[self.audience.wanted.channel]
        addresses = list(dict.fromkeys(address for name in places for address in _held(who, name)))
        reason = f"no {column} on record"
        for number, address in enumerate(addresses):
            decision = self._gate.judge(
                golden_id, DESTINATION, self._fields, said, self._points(column, address)
            )
            if not decision.withheld:
                values: dict[str, Value] = {name: next(iter(_held(who, name)), None) for name in
                                            self.audience.wanted.columns}  # fmt: skip
                change = Change(golden_id, {**values, column: address}, decision.decision_id)
                return self._gate.release(change, decision)
            reason = decision.withheld[0].reason if number == 0 else reason
        return reason

    def _points(self, column: str, address: str) -> dict[str, Points]:
        """The address as the ledger names it: every field of the row goes by its permission."""
        if column == "email":
            point = self._keys.point("email", normalise.email(address))
        elif column == "phone":
            point = self._keys.point("phone", normalise.phone(address, self._region))
        else:
            return {}
        return {each.name: (point,) for each in self._fields}

    def _erased(self, connection: Connection, people: Mapping[str, Any]) -> set[str]:
        """Customers with a record that stands on the suppression list."""
        owners: dict[tuple[str, str], dict[str, str]] = {}
        for golden_id, profile in people.items():
            for text in _held(profile["who"], "source_records"):
                key = SourceKey.parse(text)
                owners.setdefault((key.connection, key.stream), {})[key.source_id] = golden_id
        return {
            of[source_id]
            for (name, stream), of in owners.items()
            for source_id in self._suppression.suppressed(connection, name, stream, of)
        }


def content(selection: Selection, connection: Connection, form: Form, now: int) -> Content:
    """The audience as a file, judged while it is written."""
    rows = selection.rows(connection, now)
    if form == "jsonl":
        return Content("", (orjson.dumps(row).decode() + "\n" for row in rows))
    columns = selection.audience.wanted.columns
    return table(columns, ([row[name] for name in columns] for row in rows), form)


def trace(
    audience: Audience, connection: Connection, actor: str, now: int
) -> tuple[Mapping[str, Scalar], Sequence[AuditEvent]]:
    """Details of the export, and one event per person of whom something left."""
    wanted = audience.wanted
    details: dict[str, Scalar] = {
        "segment": wanted.segment,
        "purpose": wanted.purpose,
        "channel": wanted.channel,
        "fields": ",".join(wanted.columns),
        "members": audience.members,
        "withheld": audience.withheld.total(),
    }
    rids = _first_records(connection, [golden_id for golden_id, _ in audience.released])
    names = pseudonyms.of(connection, sorted(rids.values()))
    events = [
        AuditEvent(
            "release.audience",
            actor,
            from_micros(now),
            names[rids[golden_id]],
            what={"decision": decision, "segment": wanted.segment, "fields": details["fields"],
                  "purpose": wanted.purpose, "channel": wanted.channel},
        )
        for golden_id, decision in audience.released
    ]  # fmt: skip
    return details, events


def _first_records(connection: Connection, golden_ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for chunk in chunks(golden_ids):
        query = select(cluster_members.c.golden_id, cluster_members.c.rid)
        for golden_id, rid in connection.execute(
            query.where(cluster_members.c.golden_id.in_(chunk)).order_by(cluster_members.c.rid)
        ):
            found.setdefault(golden_id, rid)
    return found


def _covering(wanted: Wanted, purposes: Mapping[str, PurposeSection]) -> PurposeSection:
    section = purposes.get(wanted.purpose)
    if section is None:
        guess = nearest(wanted.purpose, purposes)
        hint = f'; did you mean "{guess}"?' if guess else ""
        raise ConfigError(f"[purposes] has no {wanted.purpose!r}{hint}", code="HUB-231")
    if wanted.channel not in section.channels:
        covered = ", ".join(section.channels)
        raise ConfigError(
            f"the purpose {wanted.purpose} does not cover {wanted.channel}, but {covered}. Name"
            f" another channel, or add it to [purposes.{wanted.purpose}] if customers were told so",
            code="HUB-231",
        )
    return section


def _held(who: Mapping[str, Any], name: str) -> list[str]:
    """The values of a field, none where nothing is known."""
    value = who.get(name, {}).get("value")
    return [] if value is None else value if isinstance(value, list) else [value]
