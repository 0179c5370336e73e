"""Grants that came after a refusal and do not count: the compliance officer's queue.

Source: CONSENT_AUDIT.md, section 1, rule 3: after a withdrawal only a human act with evidence
permits again; any other later grant is a conflict that a person looks at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from hub.core.settings import PurposeSection
from hub.privacy.permissions import IN_DOUBT, Permissions, load
from hub.privacy.resolution import Event, Permission
from hub.store.records import chunks
from hub.store.schema import cluster_members, consent_events, links

_REFUSALS = ("withdraw", "deny", "object")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one permission of a person stands, with the events that made it so.

    Args:
        purpose: Purpose id.
        channel: Channel.
        point: Keyed hash of the address it is about; None for the whole person.
        permission: The answer.
        deciding: The event that decides it.
        conflict: A later grant that does not count.
    """

    purpose: str
    channel: str
    point: bytes | None
    permission: Permission
    deciding: Event | None
    conflict: Event | None


def standings(permissions: Permissions) -> Iterator[Standing]:
    """Every permission of a person: by purpose and channel, and by each address on record."""
    events = {event.event_id: event for event in permissions.events}
    for purpose, section in permissions.purposes.items():
        for channel in section.channels:
            for point in (None, *permissions.points(purpose, channel)):
                answer = permissions.of(purpose, channel, point)
                deciding, conflict = (
                    events.get(event_id) if event_id else None
                    for event_id in (answer.because, answer.conflict)
                )
                yield Standing(purpose, channel, point, answer, deciding, conflict)


def conflicts(
    connection: Connection, purposes: Mapping[str, PurposeSection], now: int
) -> Iterator[tuple[str, Standing]]:
    """Golden id and standing of every conflict, in the order of golden ids."""
    for chunk in chunks(_candidates(connection)):
        for golden_id, said in load(connection, chunk, purposes, now).items():
            for standing in standings(said):
                if standing.conflict is not None:
                    yield golden_id, standing


def _candidates(connection: Connection) -> list[str]:
    """Customers with a grant, and a refusal of their own or of a record that may be theirs."""
    granted = _having(connection, ("grant",))
    refused = _having(connection, _REFUSALS)
    one, other = cluster_members.alias(), cluster_members.alias()
    apart = (
        select(one.c.golden_id, other.c.golden_id)
        .join(links, links.c.rid_a == one.c.rid)
        .join(other, links.c.rid_b == other.c.rid)
        .where(links.c.verdict.in_(IN_DOUBT), one.c.golden_id != other.c.golden_id)
    )
    doubtful = {golden_id for pair in connection.execute(apart) for golden_id in pair}
    return sorted(granted & (refused | doubtful))


def _having(connection: Connection, decisions: Sequence[str]) -> set[str]:
    query = (
        select(cluster_members.c.golden_id)
        .join(consent_events, consent_events.c.rid == cluster_members.c.rid)
        .where(consent_events.c.decision.in_(decisions))
    )
    return set(connection.execute(query.distinct()).scalars())
