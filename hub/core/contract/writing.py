"""Writing: values into records that a system has, and permissions into the places it has for them.

A record is addressed by the system's own id, and what the system said is told row by row.
"""

# ruff: noqa: RUF009 - Unsupported is frozen: a default that all may share

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hub.core.contract.context import Context, Unsupported
from hub.core.released import Released

Value = str | int | float | bool | None
"""What a destination field can hold; instants travel as ISO 8601 text."""


@dataclass(frozen=True, slots=True)
class OutField:
    """One field that the hub writes into a system.

    Args:
        name: Field name there, such as ``cxhub_golden_id``.
        source: Path in ``unified_profile_v1``, such as ``voice.nps``.
        purpose: Purpose under which it is disclosed; the gate refuses what no purpose allows.
        type: Destination type, for provisioning.
        label: What a person sees in the system's own screens.
    """

    name: str
    source: str
    purpose: str
    type: Literal["text", "long_text", "number", "date", "datetime", "boolean"] = "text"
    label: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """Field values for one existing record of a system, addressed by its native id.

    ``values`` maps destination field to value; a field that is absent keeps its value, None clears
    it. ``trace`` identifies this write in receipts and in the vendor's own logs.
    """

    native_id: str
    values: Mapping[str, Value]
    trace: str


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """A permission to write into a system."""

    native_id: str
    point: str | None
    purpose: str
    channel: str
    decision: Literal["grant", "withdraw"]
    trace: str


@dataclass(frozen=True, slots=True)
class RowResult:
    """What the system said about one row of a batch.

    Args:
        trace: The ``Change.trace`` it answers. A row without a result counts as failed.
        ok: Whether the system confirmed it.
        error: Vendor's reason when not ok, without personal data.
        retryable: Whether trying the same row later can succeed. If not, it is refused for good: a
            change is sent again only when its content, the mapping or the release is another one.
        ambiguous: True when it is unknown whether the effect took place: read back before retry.
        reference: Vendor's id of the response, for the receipt.
        not_held: True for a withdrawal that the system has no place for: by this channel, or for a
            purpose that nothing there stands for. It is asked again when the connector's version,
            the settings, or what the system itself says of this permission have changed.
    """

    trace: str
    ok: bool
    error: str = ""
    retryable: bool = False
    ambiguous: bool = False
    reference: str = ""
    not_held: bool = False


@dataclass(frozen=True, slots=True)
class Writer:
    """One kind of write that a system accepts.

    Args:
        name: Stable name.
        stream: Stream whose records are updated; their source ids are the native ids.
        fields: Default mapping, each field with its purpose.
        batch: Most rows per call (the vendor's limit).
        write: Sends one batch; one bad record never sinks the others.
        read: Current values of ``fields`` by native id: pre-images, echo checks, and the answer to
            an ambiguous outcome. Ids that no longer exist are left out.
        provision: Creates the fields that are missing, returns the names it created.
        idempotency: ``native`` if a repeated write has no second effect, ``key`` if the vendor
            deduplicates by ``trace``, ``none`` if every send counts.
    """

    name: str
    stream: str
    fields: tuple[OutField, ...]
    batch: int
    write: Callable[[Context, Sequence[Released[Change]]], Sequence[RowResult]]
    read: Callable[[Context, Sequence[str], Sequence[str]], Mapping[str, Mapping[str, Value]]]
    provision: Callable[[Context, Sequence[OutField]], Sequence[str]] | Unsupported = Unsupported(
        "fields are created by hand"
    )
    idempotency: Literal["native", "key", "none"] = "native"
