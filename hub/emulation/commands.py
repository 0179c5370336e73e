"""What people do in every vendor's screens, as the control plane's ``mutate`` takes it.

Each vendor's emulator adds commands of its own, with ``Command`` as their base.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Command(BaseModel):
    """Something that a user of the vendor does; a key that it does not know is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CreateRecord(Command):
    """A user adds a record."""

    op: Literal["create"]
    object: str
    properties: dict[str, Any]


class EditRecord(Command):
    """A user edits a record; ``modified_at`` backdates it, as a late commit appears."""

    op: Literal["update"]
    object: str
    id: str
    properties: dict[str, Any]
    modified_at: str = ""


class MoveRecord(Command):
    """A user deletes a record, or takes it back out of the recycle bin."""

    op: Literal["archive", "restore"]
    object: str
    id: str


class MergeRecords(Command):
    """A user merges ``other`` into ``id``."""

    op: Literal["merge"]
    object: str
    id: str
    other: str
