"""Requests and answers of HubSpot's API: bodies as models, records and batches as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from starlette.datastructures import QueryParams

from connectors.hubspot.emulator.account import Account
from connectors.hubspot.emulator.associations import type_name
from connectors.hubspot.emulator.records import Record, RecordTable
from connectors.hubspot.emulator.refusals import Refusal, invalid
from connectors.hubspot.emulator.subscriptions import LegalBasis, State
from connectors.hubspot.emulator.values import stamp

MAX_BATCH = 100


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


# --- request bodies --------------------------------------------------------------------------


class Body(BaseModel):
    """A request body: camelCase keys, strict types, unknown keys ignored as HubSpot does."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, strict=True, frozen=True
    )


BodyT = TypeVar("BodyT", bound=Body)


class AssociationType(Body):
    """What kind of bond a new association is."""

    association_category: str
    association_type_id: int


class RecordId(Body):
    """A record named by its id."""

    id: str


class NewAssociation(Body):
    """An association that a new record gets at once."""

    to: RecordId
    types: list[AssociationType]


class NewRecord(Body):
    """A record to create."""

    properties: dict[str, str]
    associations: list[NewAssociation] = Field(default_factory=list)
    object_write_trace_id: str | None = None


class RecordPatch(Body):
    """New values for the record that the path names."""

    properties: dict[str, str]


class RecordUpdate(Body):
    """New values for one record of a batch."""

    id: str
    properties: dict[str, str]
    id_property: str = ""
    object_write_trace_id: str | None = None


class CreateBatch(Body):
    """Records to create."""

    inputs: list[NewRecord]


class UpdateBatch(Body):
    """Records to update, or to update or create."""

    inputs: list[RecordUpdate]


class IdBatch(Body):
    """Records to archive, or whose associations to read."""

    inputs: list[RecordId]


class ReadBatch(Body):
    """Records to read."""

    inputs: list[RecordId]
    properties: list[str] = Field(default_factory=list)
    properties_with_history: list[str] = Field(default_factory=list)
    id_property: str = ""


class MergeRequest(Body):
    """Two records, the first of which survives."""

    primary_object_id: str
    object_id_to_merge: str


class ErasureRequest(Body):
    """A contact to erase for good."""

    object_id: str
    id_property: str = ""


class AssociationPair(Body):
    """Two records to bind or to part; v3 says ``from``/``to``, dated versions add ``types``."""

    from_: RecordId = Field(alias="from")
    to: RecordId | list[RecordId]


class AssociationBatch(Body):
    """Bonds to create or to cut."""

    inputs: list[AssociationPair]


class StatusChange(Body):
    """What an address says about one subscription type."""

    channel: Literal["EMAIL"]
    subscription_id: int
    status_state: State
    legal_basis: LegalBasis | None = None
    legal_basis_explanation: str | None = None
    subscriber_id_string: str = ""


class StatusBatch(Body):
    """What several addresses say."""

    inputs: list[StatusChange]


class AddressBatch(Body):
    """Several addresses."""

    inputs: list[str]


class PropertyOption(Body):
    """One allowed value of an enumeration."""

    value: str
    label: str
    display_order: int = -1
    hidden: bool = False


class NewProperty(Body):
    """A property to define."""

    name: str
    label: str
    group_name: str
    type: Literal["bool", "date", "datetime", "enumeration", "number", "phone_number", "string"]
    field_type: str
    options: list[PropertyOption] = Field(default_factory=list)
    has_unique_value: bool = False
    form_field: bool = False
    description: str = ""


class PropertyBatch(Body):
    """Properties to define."""

    inputs: list[NewProperty]


class PropertyName(Body):
    """A property named by its name."""

    name: str


class PropertyReadBatch(Body):
    """Properties to read."""

    inputs: list[PropertyName]
    archived: bool = False


class PropertyPatch(Body):
    """What may change of a property definition."""

    label: str | None = None
    description: str | None = None
    group_name: str | None = None
    field_type: str | None = None
    options: list[PropertyOption] | None = None
    has_unique_value: bool | None = None


class NewGroup(Body):
    """A property group to define."""

    name: str
    label: str


def parse(model: type[BodyT], body: object) -> BodyT:
    """The body as a model.

    Raises:
        Refusal: 400 that names the first place where it does not fit.
    """
    try:
        return model.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise invalid(f"Invalid input JSON at {place or 'the top'}: {first['msg']}") from error


def check_batch_size(inputs: Sequence[object], limit: int = MAX_BATCH) -> None:
    """Refuse an empty or oversized batch.

    Raises:
        Refusal: 400.
    """
    if not inputs:
        raise invalid("Batch must contain at least one input")
    if len(inputs) > limit:
        raise invalid(f"The maximum number of inputs is {limit}, got {len(inputs)}")


def check_no_duplicates(ids: Iterable[str]) -> None:
    """Refuse a batch that names one record twice.

    Raises:
        Refusal: 400.
    """
    seen: set[str] = set()
    if twice := sorted({i for i in ids if i in seen or seen.add(i)}):  # type: ignore[func-returns-value]
        raise invalid(f"Duplicate IDs found in batch input: {twice}. IDs must be unique")


# --- answers ---------------------------------------------------------------------------------


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
