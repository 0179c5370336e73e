"""SOQL: the few queries that the connector asks, and how much of one fits into a URL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from hub.core.clock import iso_z

URL_BYTES = 16_384
"""Longest URL and headers together that Salesforce takes; it refuses more with 414 or 431."""
_FOR_HEADERS = 4_384
QUERY_BYTES = URL_BYTES - _FOR_HEADERS
"""What a query may take of that, URL-encoded: tokens alone can be 2,000 bytes long."""

MODIFIED = "SystemModstamp"
"""When a record last changed, however it did; the only such field that is indexed."""

IDS_AT_ONCE = 300
"""Ids in one ``IN``: some 27 encoded bytes each."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Records of one object by time of change, then id, after one place in that order.

    Args:
        at: Time of change to go on from; None is the beginning.
        after: Id of the last record read at that very time; empty when none was.
        until: Time of change to stop before; None reads on to the last record.
    """

    at: datetime | None = None
    after: str = ""
    until: datetime | None = None

    def conditions(self) -> Iterable[str]:
        """The slice as conditions, each of which holds."""
        if self.at is not None and self.after:
            at = iso_z(self.at)
            same = f"({MODIFIED} = {at} AND Id > {quoted(self.after)})"
            yield f"({same} OR {MODIFIED} > {at})"
        elif self.at is not None:
            yield f"{MODIFIED} >= {iso_z(self.at)}"
        if self.until is not None:
            yield f"{MODIFIED} < {iso_z(self.until)}"


def select(
    fields: Iterable[str],
    sobject: str,
    conditions: Iterable[str] = (),
    *,
    ordered: bool = False,
    limit: int | None = None,
) -> str:
    """The query.

    >>> select(["Id", "Name"], "Account", ["IsPersonAccount = false"], limit=5)
    'SELECT Id,Name FROM Account WHERE IsPersonAccount = false LIMIT 5'
    """
    where = " AND ".join(conditions)
    parts = [f"SELECT {','.join(fields)} FROM {sobject}"]  # noqa: S608 - ids are quoted
    parts += [f"WHERE {where}"] if where else []
    parts += [f"ORDER BY {MODIFIED}, Id"] if ordered else []
    parts += [f"LIMIT {limit}"] if limit is not None else []
    return " ".join(parts)


def among(field: str, values: Iterable[str]) -> str:
    """The condition that ``field`` is one of ``values``."""
    return f"{field} IN ({','.join(map(quoted, values))})"


def quoted(value: str) -> str:
    r"""A string literal in which nothing ends the string early.

    >>> quoted("O'Neil\\")
    "'O\\'Neil\\\\'"
    """
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def encoded_bytes(query: str) -> int:
    """Bytes of ``query`` in a URL."""
    return len(quote(query, safe=""))


def fitting(fields: Sequence[str], rest_of_query: str) -> int:
    """How many of ``fields``, from the first on, fit into a URL beside the rest of the query."""
    left = QUERY_BYTES - encoded_bytes(rest_of_query)
    for count, field in enumerate(fields):
        left -= encoded_bytes("," + field)
        if left < 0:
            return count
    return len(fields)
