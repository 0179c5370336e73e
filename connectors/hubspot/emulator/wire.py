"""A call as the endpoints receive it, and their answers: records and batches as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from connectors.hubspot.emulator.account import Account
from connectors.hubspot.emulator.associations import type_name
from connectors.hubspot.emulator.records import Record, RecordTable
from connectors.hubspot.emulator.refusals import Refusal
from connectors.hubspot.emulator.values import stamp


@dataclass(frozen=True, slots=True)
class Call:
    """One request, past authentication and limits.

    Args:
        version: As in the path: ``2026-09``, ``v3``, ``v4``.
        path: Parameters of the path.
        query: Parameters of the query.
        body: The JSON body; ``{}`` without one.
        spoiled: How many items of a batch an injected fault makes fail.
    """

    version: str
    path: Mapping[str, str]
    query: QueryParams
    body: object
    spoiled: int = 0

    @property
    def dated(self) -> bool:
        """Whether the version is one of the dated ones, which are stricter."""
        return not self.version.startswith("v")

    def listed(self, name: str) -> list[str]:
        """A list parameter, given as commas or repeatedly."""
        joined = ",".join(self.query.getlist(name))
        return [item.strip() for item in joined.split(",") if item.strip()]

    def flag(self, name: str) -> bool:
        """A boolean parameter; absent is false."""
        return self.query.get(name, "false").lower() == "true"


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer; ``body`` is None for 204."""

    body: Mapping[str, object] | None
    status: int = 200


NO_CONTENT = Answer(None, 204)


def record_json(
    table: RecordTable,
    record: Record,
    wanted: Sequence[str] = (),
    history: Sequence[str] = (),
    values: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """A record as the API shows it.

    Args:
        table: The record's table.
        record: The record.
        wanted: Properties asked for; none means the kind's usual ones. Unset ones are null.
        history: Properties whose versions are shown too.
        values: Values to show instead of the present ones, as search does while it lags.
    """
    values = record.properties if values is None else values
    names = dict.fromkeys((*(wanted or table.kind.shown), *history, *table.kind.stamps))
    body: dict[str, object] = {
        "id": record.id,
        "properties": {name: values.get(name) for name in names},
        "createdAt": values[table.kind.created],
        "updatedAt": values[table.kind.modified],
        "archived": record.archived_at is not None,
    }
    if record.archived_at is not None:
        body["archivedAt"] = record.archived_at
    if history:
        body["propertiesWithHistory"] = {name: _versions(record, name) for name in history}
    return body


def _versions(record: Record, name: str) -> list[dict[str, str]]:
    return [
        {"value": v.value, "timestamp": v.timestamp, "sourceType": v.source}
        for v in record.history.get(name, ())
    ]


def with_associations(
    account: Account, table: RecordTable, body: dict[str, object], to_types: Sequence[str]
) -> dict[str, object]:
    """The record's JSON with the ids of associated records, per kind that has any."""
    kind = table.kind.name
    found: dict[str, object] = {}
    for to_type in (account.table(name).kind.name for name in to_types):
        ids = account.associations.of((kind, str(body["id"])), to_type)
        if ids:
            bond = type_name(kind, to_type)
            found[to_type.replace("_", " ")] = {"results": [{"id": i, "type": bond} for i in ids]}
    return body | ({"associations": found} if found else {})


def batch_answer(
    account: Account,
    call: Call,
    results: Sequence[object],
    errors: Sequence[Refusal] = (),
    *,
    status: int = 200,
) -> Answer:
    """The answer to a batch: v3 and v4 say 207 when an item failed, dated versions keep ``status``.

    Source: 2026-09 declares 200 alone, with ``numErrors`` and ``errors`` in the body.
    """
    now = stamp(account.now())
    body: dict[str, object] = {
        "status": "COMPLETE",
        "results": list(results),
        "startedAt": now,
        "completedAt": now,
    }
    if errors:
        body |= {"numErrors": len(errors), "errors": [error.body() for error in errors]}
        status = status if call.dated else 207
    return Answer(body, status)
