"""The board on which processes share what they know of rate limits: a row per credential."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import ColumnElement, select, update

from hub.core.budgets import Notes
from hub.core.clock import to_micros
from hub.store import bulk
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.leases import this_process
from hub.store.schema import rate_budgets


class StoreBoard:
    """Notes in the database; see :class:`hub.core.budgets.Board`.

    Args:
        store: The database.
        keys: A credential's name stands there as a keyed hash.
        process: This process among all that share the database.
    """

    def __init__(self, store: Store, keys: Keys, process: str = "") -> None:
        self._store = store
        self._keys = keys
        self.process = process or this_process()

    def read(self, credential: str) -> Notes:
        """What is noted; nothing, if nobody has noted anything."""
        row = select(rate_budgets.c.notes).where(self._is(credential))
        with self._store.read() as connection:
            return _notes(connection.execute(row).scalar_one_or_none())

    def change(self, credential: str, change: Callable[[Notes], Notes]) -> Notes:
        """What is noted once ``change`` was made to it, with nobody in between."""
        now = to_micros(self._store.clock.now())
        with self._store.write() as connection:
            # A place to lock first: two that are the first ones must not overwrite each other.
            blank = (self._keys.credential(credential), b"", now)
            bulk.insert_new(connection, rate_budgets, rate_budgets.columns.keys(), [blank])
            row = select(rate_budgets.c.notes).where(self._is(credential)).with_for_update()
            notes = change(_notes(connection.execute(row).scalar_one()))
            connection.execute(
                update(rate_budgets)
                .where(self._is(credential))
                .values(notes=notes.to_json(), updated_at=now)
            )
        return notes

    def _is(self, credential: str) -> ColumnElement[bool]:
        return rate_budgets.c.credential == self._keys.credential(credential)


def _notes(stored: bytes | None) -> Notes:
    return Notes.from_json(stored) if stored else Notes()
