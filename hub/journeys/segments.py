"""Customers' pasts by what is known of them: a role, a language, a stage of the relationship."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final, Literal

import orjson
from sqlalchemy import Connection, select

from hub.core.records import one_line
from hub.journeys.event import Event
from hub.journeys.timeline import batches
from hub.store.records import chunks
from hub.store.schema import golden_records

Field = Literal["gender", "job_title", "language", "lifecycle", "organisation", "owner"]
"""Fields that many customers share; one by e-mail or name would be a list of people."""

UNKNOWN: Final = "unknown"
"""Customers of whom the field is not known; they are a segment of their own."""


def by_field(connection: Connection, field: Field) -> Mapping[str, list[list[Event]]]:
    """The timelines of everybody by the value of a field of their golden record."""
    segments: dict[str, list[list[Event]]] = defaultdict(list)
    for timelines in batches(connection):
        values = _values(connection, list(timelines), field)
        for golden_id, events in timelines.items():
            segments[values.get(golden_id, UNKNOWN)].append(events)
    return dict(sorted(segments.items()))


def _values(connection: Connection, golden_ids: list[str], field: str) -> dict[str, str]:
    columns = golden_records.c
    found: dict[str, str] = {}
    for chunk in chunks(golden_ids):
        query = select(columns.golden_id, columns.body).where(columns.golden_id.in_(chunk))
        for golden_id, body in connection.execute(query):
            said = orjson.loads(body).get("fields", {}).get(field)
            if said is not None:
                found[golden_id] = one_line(said["value"])
    return found
