"""The views as SQL of each database.

``hub.store.upgrade`` drops them before the first revision and creates them after the last:
PostgreSQL refuses to alter a column that a view reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from hub.store.schema import metadata
from hub.store.views import VIEWS, ViewColumn

# The body is parsed once per row, not once per column: OFFSET 0 keeps PostgreSQL's planner from
# pulling the expression up into each of the columns.
_PARSED = (
    " CROSS JOIN LATERAL (SELECT convert_from(profiles.body, 'UTF8') AS body,"
    " CAST(convert_from(profiles.body, 'UTF8') AS jsonb) AS parsed OFFSET 0) AS document"
)


def create(connection: Connection) -> None:
    """Make every view as this version defines it, in place of an older definition."""
    drop(connection)
    is_sqlite = connection.dialect.name == "sqlite"
    express = _sqlite if is_sqlite else _postgresql
    for view in VIEWS:
        selects = (_select(columns, tables, express) for columns, tables in view.branches)
        connection.exec_driver_sql(f"CREATE VIEW {view.name} AS {' UNION ALL '.join(selects)}")


def drop(connection: Connection) -> None:
    """Remove every view."""
    for view in VIEWS:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {view.name}")


def _select(
    columns: Sequence[ViewColumn], tables: str, express: Callable[[ViewColumn], str]
) -> str:
    chosen = ", ".join(f"{express(column)} AS {column.name}" for column in columns)
    parsed = _PARSED if tables == "profiles" and express is _postgresql else ""
    return f"SELECT {chosen} FROM {tables}{parsed}"  # noqa: S608 - every part is a constant


def _is_leaf(column: ViewColumn) -> bool:
    """Whether it is a field of the profile, not a column of a table or a constant."""
    origin, dot, _ = column.source.partition(".")
    return bool(dot) and origin not in metadata.tables


def _within(column: ViewColumn) -> tuple[str, str] | None:
    """The column of JSON and the path in it that a source names; None for any other."""
    *table_and_column, path = column.source.split(".", 2)
    if len(table_and_column) < 2 or table_and_column[0] not in metadata.tables:
        return None
    return ".".join(table_and_column), path


_SQLITE = {"integer": "INTEGER", "number": "REAL", "boolean": "INTEGER"}


def _sqlite(column: ViewColumn) -> str:
    source = column.source
    if within := _within(column):
        source = f"json_extract(CAST({within[0]} AS TEXT), '$.{within[1]}')"
    elif _is_leaf(column):
        source = f"json_extract(CAST(profiles.body AS TEXT), '$.{source}.value')"
    if column.kind == "instant":
        return f"strftime('%Y-%m-%dT%H:%M:%SZ', {source} / 1000000, 'unixepoch')"
    if column.kind == "hash":
        return f"nullif(lower(hex({source})), '')"  # hex of NULL is empty on SQLite
    return f"CAST({source} AS {_SQLITE.get(column.kind, 'TEXT')})"


_POSTGRESQL = {"integer": "bigint", "number": "double precision", "boolean": "boolean"}


def _postgresql(column: ViewColumn) -> str:
    source = column.source
    if within := _within(column):
        path = within[1].replace(".", ",")
        source = f"CAST(convert_from({within[0]}, 'UTF8') AS jsonb) #>> '{{{path}}}'"
    elif _is_leaf(column):
        # A list keeps the spelling of the stored JSON, as on SQLite; jsonb would add blanks.
        whole = "CAST(document.body AS json)" if column.kind == "list" else "document.parsed"
        source = f"{whole} #>> '{{{source.replace('.', ',')},value}}'"
    if column.kind == "instant":
        utc = f"to_timestamp(CAST({source} AS bigint) / 1000000) AT TIME ZONE 'UTC'"
        return f"""to_char({utc}, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
    if column.kind == "hash":
        return f"encode({source}, 'hex')"
    return f"CAST({source} AS {_POSTGRESQL.get(column.kind, 'text')})"
