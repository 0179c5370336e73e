"""Erased people must not return: checked before anything of a row is stored or logged."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from hub.store.keys import Keys
from hub.store.records import chunks
from hub.store.schema import suppressions


class Suppression:
    """The suppression list, as keyed hashes of source keys.

    Args:
        keys: Keyed hashes of this installation.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def suppressed(
        self, connection: Connection, name: str, stream: str, source_ids: Iterable[str]
    ) -> set[str]:
        """Those of ``source_ids`` that belong to an erased person."""
        if connection.execute(select(suppressions.c.digest).limit(1)).first() is None:
            return set()
        digests = {self.digest(name, stream, source_id): source_id for source_id in source_ids}
        found: set[str] = set()
        for chunk in chunks(list(digests)):
            query = select(suppressions.c.digest).where(suppressions.c.digest.in_(chunk))
            found.update(digests[bytes(hit)] for hit in connection.execute(query).scalars())
        return found

    def digest(self, name: str, stream: str, source_id: str) -> bytes:
        """Keyed hash under which a source record is suppressed."""
        return self._keys.point("source", f"{name}/{stream}/{source_id}")
