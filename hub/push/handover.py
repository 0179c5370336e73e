"""What a system is handed to keep: tasks and notes, where they come from and where they go.

An :class:`Origin` says what is to stand in a system; cases are the origin of tasks. The rest is the
same for all of them: :mod:`hub.push.handover_look` judges what is wanted, and
:mod:`hub.push.handover_send` sends it once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Protocol

from sqlalchemy import Connection

from hub.core.batches import in_batches
from hub.core.connector import (
    Connector,
    Context,
    Creator,
    Item,
    Note,
    Offer,
    OutField,
    RowResult,
    Task,
)
from hub.core.plugins import guarded
from hub.core.released import Released
from hub.store.handovers import Kind
from hub.sync.pull import Source

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sort(Generic[Item]):
    """A sort of item: tasks, or notes.

    Args:
        kind: Its name in the store.
        offer: How a connector takes it, under given settings.
        bare: An item with key and native id alone, to ask whether it is there.
    """

    kind: Kind
    offer: Callable[[Connector, Any], Offer[Item]]
    bare: Callable[[str, str], Item]


TASKS: Sort[Task] = Sort(
    "task", Connector.tasks_for, lambda key, native_id: Task(key, native_id, "", "", _NEVER)
)
NOTES: Sort[Note] = Sort(
    "note", Connector.notes_for, lambda key, native_id: Note(key, native_id, "")
)


@dataclass(frozen=True, slots=True)
class Wanted(Generic[Item]):
    """An item that is to stand in a system.

    Args:
        key: Its name for ever; lower-case letters, digits and ``-``, at most 64.
        about: What it is made of, such as a case id; ``hub status`` and others find it by this.
        golden_id: The customer; None if nobody answers for it any more.
        build: The item, of the record's native id and the parts that the gate lets go; of none it
            says that it is over, and nothing of the customer's. The same arguments give the same
            item for as long as nothing that it tells has changed.
        on: Row id of the record that it hangs on; None leaves the choice to the hub: a record of
            the customer's in that system.
        over: Whether there is nothing to do any more. A system that was handed the item is always
            told so, at least that.
        once: Whether it is left as it is once the system has it, whatever it would tell by then.
        nobody: Why there is no customer, for those who wonder where it is.
    """

    key: str
    about: str
    golden_id: str | None
    build: Callable[[str, frozenset[str]], Item]
    on: int | None = None
    over: bool = False
    once: bool = False
    nobody: str = "nobody answers for the record"


class Due(Protocol[Item]):
    """Says what is to stand in a system.

    It is asked again by the claim, in its transaction, so that nothing is sent that is not wanted
    any more.
    """

    def __call__(
        self, connection: Connection, name: str, about: Collection[str] | None = None
    ) -> Sequence[Wanted[Item]]:
        """What is to stand in the connection called ``name``; of ``about`` alone if given.

        Everything that may be wanted by now, and everything that was handed and is not over; what
        is left out stays as it is.
        """


@dataclass(frozen=True, slots=True)
class Origin(Generic[Item]):
    """Where items come from.

    Args:
        sort: Tasks or notes.
        parts: What they are made of, each with its purpose, for the gate. Without the first one
            nothing leaves; the item is built of those that may.
        due: What is wanted.
        concerns: Whether it may want anything of the connection of that name: asked of each in
            every run, so it is quick. It may say so too often, and then nothing is due.
    """

    sort: Sort[Item]
    parts: tuple[OutField, ...]
    due: Due[Item]
    concerns: Callable[[Connection, str], bool] = lambda _connection, _name: True


@dataclass(frozen=True, slots=True)
class Recipient(Generic[Item]):
    """A connection that takes a sort of item.

    Args:
        ctx: What the connector's functions receive.
        sort: Tasks or notes.
        creator: How the connector takes them.
        brand: Brand of the connection.
    """

    ctx: Context
    sort: Sort[Item]
    creator: Creator[Item]
    brand: str

    @classmethod
    def of(cls, source: Source, sort: Sort[Item]) -> Recipient[Item] | None:
        """The connection as a recipient; None if it does not take this sort of item."""
        offer = sort.offer(source.connector, source.ctx.config)
        if not isinstance(offer, Creator):
            return None
        return cls(source.ctx, sort, offer, source.brand)

    @property
    def name(self) -> str:
        """The connection's name in ``hub.toml``."""
        return self.ctx.connection

    @property
    def lease_name(self) -> str:
        """Name of the lease that whoever hands something over there holds."""
        return f"hand over:{self.name}/{self.sort.kind}"

    def write(self, batch: Sequence[Released[Item]]) -> dict[str, RowResult]:
        """The system's word on each item, by key; it may be silent about some.

        Raises:
            HubError: If it did not answer at all.
        """
        with guarded(f"{self.name}: writing {self.sort.kind}s"):
            return {result.trace: result for result in self.creator.write(self.ctx, batch)}

    def find(self, items: Sequence[Item]) -> Mapping[str, str]:
        """Native ids, by key, of those that are there.

        Raises:
            HubError: If the system cannot be read.
        """
        found: dict[str, str] = {}
        with guarded(f"{self.name}: looking for {self.sort.kind}s"):
            for batch in in_batches(items, self.creator.batch):
                found.update(self.creator.find(self.ctx, batch))
        return found

    def provision(self) -> tuple[str, ...]:
        """Names of what was missing there to keep the keys, and now exists.

        Raises:
            HubError: If it cannot be created.
        """
        provision = self.creator.provision
        if not callable(provision):
            return ()
        with guarded(f"{self.name}: provisioning {self.sort.kind}s"):
            return tuple(provision(self.ctx))
