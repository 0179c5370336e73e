"""What people do in every vendor's screens, as the control plane's ``mutate`` takes it.

Each vendor's emulator adds commands of its own, with ``Command`` as their base.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Command(BaseModel):
    """Something that a user of the vendor does; a key that it does not know is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
