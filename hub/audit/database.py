"""Verification in place: the plan of ``verify.py`` over the tables instead of a bundle.

The tables hold more than a bundle does, so two things are checked besides: the columns that
``hub audit search`` filters by say what the hashed bytes say, and the frontier that the sequencer
goes on from is that of the entries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from itertools import zip_longest

from sqlalchemy import JSON, ColumnElement, Connection, LargeBinary, Text, cast, func, or_, select

from hub.audit.checkpoint import notes_between
from hub.audit.log import entries
from hub.audit.sequencer import count_waiting, frontier
from hub.audit.signing import ed25519_holds, first_key
from hub.audit.verify import (
    ROTATED,
    Checkpoint,
    Frontier,
    Group,
    Mark,
    Replayed,
    Report,
    Tampered,
    Tenure,
    Unusable,
    check_order,
    check_signatures,
    leaf_hash,
    note_late,
    replay,
    tenures_of,
)
from hub.core.errors import NotFound
from hub.store.engine import Store
from hub.store.schema import audit_leaves

FETCH = 5_000
_SEQUENCED = audit_leaves.c.idx >= 0


def verify_log(store: Store, kept: Checkpoint | None = None) -> Report:
    """Runs the plan over the log in the database.

    Args:
        store: Where the log is.
        kept: The reader's own earlier checkpoint.

    Raises:
        Tampered: At the first step that does not hold, naming the first bad index.
        NotFound: If the log is empty.
    """
    report = Report()
    try:
        with store.read() as connection, ThreadPoolExecutor(1) as beside:
            _verify(connection, beside.submit(_misfiled, store), kept, report)
    except (Unusable, TypeError, ValueError) as err:
        raise Tampered(3, f"the tables hold what the hub never writes: {err}") from err
    return report


def _verify(
    connection: Connection,
    misfiled: Future[int | None],
    kept: Checkpoint | None,
    report: Report,
) -> None:
    if kept is None and first_key(connection) is None and not count_waiting(connection):
        raise NotFound("the audit log is empty: nothing has been logged yet")
    # 1, 2
    series = [Checkpoint.parse(note) for note in notes_between(connection, 0)]
    tenures = _tenures(connection)
    count = check_signatures([*series, *([kept] if kept else [])], tenures, ed25519_holds)
    report.steps.append((1, f"keys: {', '.join(each.key.id for each in tenures)}"))
    report.steps.append((2, f"signatures: {count} checkpoints signed by the key in office"))
    # 3, 4, 5, 7
    check_order(series)
    log = frontier(connection)
    _check_kept(kept, log.size)
    done = _replayed(connection, log.size, series, kept)
    _check_frontier(connection, done.frontier, log)
    if (index := misfiled.result()) is not None:
        raise Tampered(3, f"entry {index} is filed under what it does not say (search columns)")
    _tell(report, done, series, kept)
    report.notes += _unsigned(connection, series, log.size)


def _tenures(connection: Connection) -> list[Tenure]:
    key = first_key(connection)
    if key is None:
        raise Tampered(1, "the log has no key")
    rotations = connection.execute(
        select(audit_leaves.c.idx, audit_leaves.c.body)
        .where(_SEQUENCED, audit_leaves.c.kind == ROTATED)
        .order_by(audit_leaves.c.idx)
    )
    return tenures_of(key, ((index, body) for index, body in rotations), ed25519_holds)


def _check_kept(kept: Checkpoint | None, size: int) -> None:
    if kept and kept.size > size:
        raise Tampered(
            7,
            f"rolled back: you kept a checkpoint of {kept.size} entries, the log has {size};"
            f" entry {size} is the first one gone",
        )


def _replayed(
    connection: Connection, size: int, series: Sequence[Checkpoint], kept: Checkpoint | None
) -> Replayed:
    marks = [Mark(each) for each in series] + ([Mark(kept, step=7)] if kept else [])
    marks.sort(key=lambda mark: (mark.checkpoint.size, mark.step))
    try:
        return replay(_groups(connection, size), marks, Frontier())
    except Tampered as finding:
        bad = _first_bad(connection, size)
        if bad is None:
            raise
        raise Tampered(
            finding.step, f"entry {bad} was edited, moved or removed: {finding}"
        ) from finding


def _groups(connection: Connection, size: int) -> Iterator[Group]:
    for start in range(0, size, FETCH):
        found = entries(connection, start, start + FETCH)
        yield found, [sha256(b"\x00" + entry).digest() for entry in found]


def _first_bad(connection: Connection, size: int) -> int | None:
    """The first index that is missing, or whose entry is not the one that was hashed."""
    leaf = audit_leaves.c
    for start in range(0, size, FETCH):
        width = min(FETCH, size - start)
        body = cast(leaf.body, LargeBinary).label("body")
        query = select(leaf.idx, body, leaf.leaf_hash).order_by(leaf.idx)
        rows = connection.execute(query.where(leaf.idx >= start, leaf.idx < start + width)).all()
        for expected, row in zip_longest(range(start, start + width), rows):
            if row is None or row.idx != expected or leaf_hash(row.body) != row.leaf_hash:
                return expected
    return None


def _check_frontier(connection: Connection, replayed: Frontier, log: Frontier) -> None:
    last = connection.execute(select(func.max(audit_leaves.c.idx))).scalar()
    if replayed != log or (last is not None and last + 1 != log.size):
        raise Tampered(
            4,
            f"the sequencer would go on from {log.size} entries with another tree than the"
            f" {replayed.size} entries make: some were added, removed or edited since the last"
            " checkpoint",
        )


def _misfiled(store: Store) -> int | None:
    """The first entry whose columns differ from its bytes.

    One statement of the database, which keeps a second core busy while the first one hashes.
    """
    with store.read() as connection:
        columns = audit_leaves.c
        told = {"at": columns.at, "by": columns.actor, "kind": columns.kind}
        told |= {"subject": columns.subject, "connection": columns.connection}
        differs = [
            _field(name, store.is_sqlite).is_distinct_from(cast(column, Text))
            for name, column in told.items()
        ]
        query = select(func.min(columns.idx)).where(_SEQUENCED, or_(*differs))
        return connection.execute(query).scalar()


def _field(name: str, is_sqlite: bool) -> ColumnElement[str | None]:
    """A field of the entry as text, read by the database."""
    if is_sqlite:
        body = cast(audit_leaves.c.body, Text)
        return cast(func.json_extract(body, f"$.{name}"), Text)
    text: ColumnElement[str | None]
    text = cast(func.convert_from(audit_leaves.c.body, "UTF8"), JSON)[name].as_string()
    return text


def _tell(
    report: Report, done: Replayed, series: Sequence[Checkpoint], kept: Checkpoint | None
) -> None:
    size = done.frontier.size
    report.steps.append((3, f"entries: {size}, none missing, filed as they say"))
    report.steps.append((4, f"root: equal at {len(series)} checkpoints"))
    report.steps.append((5, "time: holds"))
    note_late(report, done.late)
    if kept:
        report.steps.append((7, f"earlier: continues your checkpoint of {kept.size} entries"))


def _unsigned(connection: Connection, series: Sequence[Checkpoint], size: int) -> list[str]:
    unsigned = size - (series[-1].size if series else 0)
    waiting = count_waiting(connection)
    if not unsigned and not waiting:
        return []
    return [f"{unsigned} entries are newer than the last checkpoint, {waiting} wait for an index"]
