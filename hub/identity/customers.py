"""Finding a customer by anything known of them, and what the hub believed over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Connection, select

from hub.audit.log import AuditEvent, record
from hub.core import normalise
from hub.core.clock import Clock, from_micros
from hub.core.errors import NotFound
from hub.core.ids import GoldenId, SourceKey
from hub.identity import golden_ids
from hub.store.engine import Store
from hub.store.records import chunks
from hub.store.records import find as find_record
from hub.store.schema import (
    cluster_members,
    golden_history,
    golden_records,
    identity_events,
    identity_keys,
)

FOUND_AT_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Customer:
    """A golden record as it stands.

    Args:
        golden_id: The id that answers today.
        body: Fields with provenance, members, contact points.
    """

    golden_id: GoldenId
    version: int
    body: dict[str, Any]


def find(connection: Connection, text: str, region: str) -> list[GoldenId]:
    """Customers that ``text`` names: an id, a source key, an e-mail, a phone, a card or a name."""
    if "/" in text and text.count("/") >= 2:
        rid = find_record(connection, SourceKey.parse(text))
        held = select(cluster_members.c.golden_id).where(cluster_members.c.rid == rid)
        return [GoldenId(g) for g in connection.execute(held).scalars()]
    try:
        where = golden_ids.find(connection, GoldenId(text))
    except NotFound:
        return _by_value(connection, text, region)
    return [where.golden_id] if where.golden_id else []


def with_email(connection: Connection, address: str) -> list[GoldenId]:
    """Customers with a record that carries the e-mail, in whatever spelling it came."""
    keys = identity_keys.c
    wanted = keys.kind.in_(("email", "org_email")) & (keys.value == normalise.email(address))
    return sorted(_carriers(connection, wanted))


def show(connection: Connection, asked: str) -> Customer:
    """The golden record that answers for an id, living or merged.

    Raises:
        NotFound: If the id was never given out, or nobody answers for it any more.
    """
    where = golden_ids.find(connection, GoldenId(asked))
    query = select(golden_records).where(golden_records.c.golden_id == where.golden_id)
    row = connection.execute(query).one_or_none()
    if row is None or where.golden_id is None:
        raise NotFound(f"{asked} is {where.status}: no customer answers for it today")
    return Customer(where.golden_id, row.version, orjson.loads(row.body))


def name(body: Mapping[str, Any]) -> str:
    """What staff call a customer, by the body of the golden record: the best of what is known.

    >>> name({"fields": {"email": {"value": "ann@example.com"}}}), name({"members": ["shop/c/7"]})
    ('ann@example.com', '7')
    """
    fields = body.get("fields", {})
    chosen = fields.get("full_name") or fields.get("name") or fields.get("email")
    if chosen:
        return str(chosen["value"])
    members = body.get("members") or ["(nameless)"]
    return str(members[0]).split("/", 2)[-1]


def names(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """The name of each of these customers; whoever has no golden record is not in it."""
    column, found = golden_records.c, dict[str, str]()
    for chunk in chunks(sorted(set(ids))):
        query = select(column.golden_id, column.body).where(column.golden_id.in_(chunk))
        found |= {who: name(orjson.loads(body)) for who, body in connection.execute(query)}
    return found


def history(connection: Connection, asked: str) -> list[dict[str, Any]]:
    """What happened to an id and what the hub believed of it, oldest first (system time).

    Raises:
        NotFound: If the id was never given out.
    """
    golden_ids.find(connection, GoldenId(asked))
    happened, believed = identity_events.c, golden_history.c
    events = select(identity_events).where(
        (happened.golden_id == asked) | (happened.other_id == asked)
    )
    found: list[dict[str, Any]] = [
        {
            "at": from_micros(row.at).isoformat(),
            "event": row.kind,
            "golden_id": row.golden_id,
            "other_id": row.other_id,
            **orjson.loads(row.body),
        }
        for row in connection.execute(events.order_by(happened.event_id))
    ]
    versions = select(golden_history).where(believed.golden_id == asked)
    for row in connection.execute(versions.order_by(believed.version)):
        until = from_micros(row.valid_to).isoformat() if row.valid_to is not None else None
        at = from_micros(row.valid_from).isoformat()
        said = orjson.loads(row.body)["fields"]
        values = {name: field["value"] for name, field in said.items()}
        version = {"version": row.version, "until": until, "values": values}
        found.append({"at": at, "event": "version", **version})
    return sorted(found, key=lambda entry: str(entry["at"]))


def note_read(store: Store, ids: Sequence[str], *, how: str, actor: str, clock: Clock) -> None:
    """Leave in the audit log that a person looked at these customers."""
    with store.write() as connection:
        for golden_id in ids:
            event = AuditEvent("profile.read", actor, clock.now(), golden_id, what={"how": how})
            record(connection, event)


def _by_value(connection: Connection, text: str, region: str) -> list[GoldenId]:
    given, family = normalise.full_name(text)
    values = {
        ("email", normalise.email(text)),
        ("phone", normalise.phone(text, region)),
        ("name", "|".join(sorted((given.partition(" ")[0], family)))),
        ("name", f"|{normalise.organisation_name(text)}"),
    }
    card = normalise.identifier(text)
    found: set[GoldenId] = set()
    keys = identity_keys.c
    for kind, value in values:
        wanted = (keys.kind.in_((kind, f"org_{kind}"))) & (keys.value == value)
        if value.strip("|"):
            found |= _carriers(connection, wanted)
    if card:
        suffix = keys.kind.in_(("identifier", "org_identifier")) & keys.value.like(f"%:{card}")
        found |= _carriers(connection, suffix)
    return sorted(found)[:FOUND_AT_MOST]


def _carriers(connection: Connection, wanted: ColumnElement[bool]) -> set[GoldenId]:
    """Customers with a record that carries one of the wanted keys."""
    query = select(cluster_members.c.golden_id).join(
        identity_keys, identity_keys.c.rid == cluster_members.c.rid
    )
    return set(connection.execute(query.where(wanted)).scalars())
