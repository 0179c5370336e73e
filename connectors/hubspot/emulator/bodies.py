"""Request bodies of HubSpot's API as strict models, and the rules every batch obeys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from connectors.hubspot.emulator.refusals import invalid
from connectors.hubspot.emulator.subscriptions import LegalBasis, State

MAX_BATCH = 100


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
