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
from hub.profile.paths import leaf_at, value_at
from hub.profile.shape import SHAPE, is_known
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

ERASED: Final = "erased: must not be addressed again"

HOLDS: Final = ("recent_return", "open_complaint", "in_dispute", "unresolved_detractor")
"""Flags of the profile that hold what is not owed to the customer: offers wait."""

REACHING: Final = frozenset({"who.email", "who.emails", "who.phone", "who.phones", "who.address"})
"""Fields that never go along as a trait: consent is given for each address on each channel."""

OWED: Final = frozenset({"contract", "legal_obligation"})
"""Lawful bases of messages that nothing holds, such as the recall of what somebody bought."""

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
        traits: Further fields of the profile, for personal content.
    """

    segment: str
    purpose: str
    channel: Channel
    brand: str = ""
    traits: tuple[str, ...] = ()

    @property
    def addressed(self) -> tuple[str, ...]:
        """What every row holds."""
        address = _ADDRESS[self.channel][0]
        return tuple(dict.fromkeys(("golden_id", address, *PERSONAL)))

    @property
    def columns(self) -> tuple[str, ...]:
        """What a row may hold."""
        return self.addressed + self.traits


@dataclass(slots=True)
class Audience:
    """What became of the members, while and after the file is written.

    Args:
        wanted: What was asked for.
        members: How many there are.
        withheld: Reason to how many stay here.
        without: Trait and reason to how many rows go without it.
        released: Golden id and gate decision of each who is in the file.
    """

    wanted: Wanted
    members: int = 0
    withheld: Counter[str] = field(default_factory=Counter)
    without: Counter[str] = field(default_factory=Counter)
    released: list[tuple[str, str]] = field(default_factory=list)


class Selection:
    """Judges the members of segments under one purpose and channel.

    Args:
        wanted: What is asked for.
        purposes: Purposes of ``hub.toml``.
        keys: Keyed hashes of this installation.
        region: Region of phone numbers without a country code.

    Raises:
        ConfigError: If ``hub.toml`` has no such purpose, it does not cover the channel, or a trait
            is no field of the profile, or is another way to reach the customer.
    """

    def __init__(
        self, wanted: Wanted, purposes: Mapping[str, PurposeSection], keys: Keys, region: str
    ) -> None:
        section = _covering(wanted, purposes)
        narrow = section.model_copy(update={"channels": (wanted.channel,)})
        self._may_be_held = section.basis not in OWED
        _check_traits(wanted.traits)
        # Narrow, so that the gate asks for this channel and no other; the rest are those of traits.
        self._purposes = {**purposes, wanted.purpose: narrow}
        self._gate = Gate(self._purposes)
        self._keys, self._region = keys, region
        self._suppression = Suppression(keys)
        self._fields = [OutField(name, f"who.{name}", wanted.purpose) for name in wanted.addressed]
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
            hindrance = ERASED if golden_id in erased else self._held(profile)
            released = hindrance or self._released(golden_id, profile, said[golden_id])
            if isinstance(released, str):
                self.audience.withheld[released] += 1
            else:
                yield released

    def _held(self, profile: Mapping[str, Any]) -> str | None:
        """Why an offer would come at the wrong moment; None if it would not, or is none."""
        if not self._may_be_held:
            return None
        raised = (flag for flag in HOLDS if profile["risk"][flag]["value"])
        return next((f"held: {flag.replace('_', ' ')}" for flag in raised), None)

    def _released(
        self, golden_id: str, profile: Mapping[str, Any], said: Permissions
    ) -> Released[Change] | str:
        """The row with the first address that may be used, or why there is none."""
        column, places = _ADDRESS[self.audience.wanted.channel]
        who, reasons = profile["who"], []
        fields = [*self._fields, *self._traits(profile)]
        for address in dict.fromkeys(each for name in places for each in _held(who, name)):
            points = self._points(column, address)
            if points is None:
                reasons.append(f"no usable {column} on record")
                continue
            named = {each.name: points for each in self._fields}
            decision = self._gate.judge(golden_id, DESTINATION, fields, said, named)
            hindering = [each for each in decision.withheld if each.field in named]
            if not hindering:
                for each in decision.withheld:
                    self.audience.without[f"{each.field}: {each.reason}"] += 1
                values = self._row(profile, column, address)
                return self._gate.release(Change(golden_id, values, decision.decision_id), decision)
            reasons.append(hindering[0].reason)
        return reasons[0] if reasons else f"no {column} on record"

    def _traits(self, profile: Mapping[str, Any]) -> Iterator[OutField]:
        """The traits, each under the purpose that its value may be used for."""
        for path in self.audience.wanted.traits:
            purpose = str(leaf_at(profile, path).get("purpose"))
            own = purpose if purpose in self._purposes else self.audience.wanted.purpose
            yield OutField(path, path, own)

    def _row(self, profile: Mapping[str, Any], column: str, address: str) -> dict[str, Value]:
        wanted = self.audience.wanted
        row: dict[str, Value] = {
            name: next(iter(_held(profile["who"], name)), None) for name in wanted.addressed
        }
        return row | {column: address} | {path: value_at(profile, path) for path in wanted.traits}

    def _points(self, column: str, address: str) -> Points | None:
        """The address as the ledger names it, so that the whole row goes by its permission.

        Empty for what is no address of its own; None for one that the ledger cannot name.
        """
        if column not in ("email", "phone"):
            return ()
        kind, form = normalise.contact_point(address, self._region)
        return (self._keys.point(kind, form),) if form and kind == column else None

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
    return table(columns, ([row.get(name) for name in columns] for row in rows), form)


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


def _check_traits(traits: Sequence[str]) -> None:
    for path in traits:
        if not is_known(path) or path == "card.text":
            guess = nearest(path, SHAPE)
            hint = f'; did you mean "{guess}"?' if guess else ""
            raise ConfigError(f"the profile has no field {path!r} for an audience{hint}")
        if path in REACHING:
            raise ConfigError(
                f"{path} is a way to reach the customer: it leaves by its own channel only"
            )


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
