"""``hub audit verify``: attacks by someone who can write the database, and what finds them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, delete, select, update

from hub.audit.checkpoint import Notary, newest, rotate
from hub.audit.database import verify_log
from hub.audit.log import AuditEvent, record
from hub.audit.merkle import pack
from hub.audit.sequencer import drain
from hub.audit.signing import Signer
from hub.audit.verify import Checkpoint, Frontier, Tampered, leaf_hash
from hub.core.errors import NotFound
from hub.store.engine import Store
from hub.store.schema import (
    audit_checkpoints,
    audit_frontier,
    audit_keys,
    audit_leaves,
)

if TYPE_CHECKING:
    from tests.unit.audit.conftest import Logger

leaf = audit_leaves.c


@pytest.fixture
def log(store: Store, notary: Notary, logged: Logger) -> Notary:
    """A log of 122 entries under three checkpoints and two keys."""
    logged(store, 60)
    notary.settle()
    rotate(store, notary.keys, "os:kim")
    logged(store, 60)
    notary.settle()
    return notary


def edit(database: Connection, index: int, **values: object) -> None:
    database.execute(update(audit_leaves).where(leaf.idx == index).values(**values))


def body_at(connection: Connection, index: int) -> bytes:
    return bytes(connection.execute(select(leaf.body).where(leaf.idx == index)).scalar_one())


def edited_body(connection: Connection) -> None:
    edit(connection, 30, body=body_at(connection, 30).replace(b"marketing", b"analytics"))


def edited_body_and_hash(connection: Connection) -> None:
    body = body_at(connection, 30).replace(b"marketing", b"analytics")
    edit(connection, 30, body=body, leaf_hash=leaf_hash(body))


def edited_everything_but_the_signature(connection: Connection) -> None:
    """Body, hash, frontier and the checkpoint's columns agree with each other again."""
    edited_body_and_hash(connection)
    hashes = connection.execute(select(leaf.leaf_hash).order_by(leaf.idx)).scalars()
    tree = Frontier().extend(hashes)
    connection.execute(update(audit_frontier).values(frontier=pack(tree)))
    connection.execute(
        update(audit_checkpoints)
        .where(audit_checkpoints.c.size == tree.size)
        .values(root=tree.root())
    )


def deleted_entry(connection: Connection) -> None:
    connection.execute(delete(audit_leaves).where(leaf.idx == 30))


def deleted_last_entry(connection: Connection) -> None:
    connection.execute(delete(audit_leaves).where(leaf.idx == 121))


def swapped(connection: Connection) -> None:
    edit(connection, 30, idx=999)
    edit(connection, 31, idx=30)
    edit(connection, 999, idx=31)


def cut_back(connection: Connection) -> None:
    """The tail removed and the frontier with it, but not the signature over it."""
    connection.execute(delete(audit_leaves).where(leaf.idx >= 100))
    hashes = connection.execute(select(leaf.leaf_hash).order_by(leaf.idx)).scalars()
    tree = Frontier().extend(hashes)
    connection.execute(update(audit_frontier).values(size=tree.size, frontier=pack(tree)))


def forged_checkpoint(connection: Connection) -> None:
    last = newest(connection)
    assert last is not None
    note = Signer.new(last.origin).note(last)
    connection.execute(
        update(audit_checkpoints).where(audit_checkpoints.c.size == last.size).values(note=note)
    )


def swapped_key(connection: Connection) -> None:
    connection.execute(update(audit_keys).values(public_key=b"k" * 32))


def refiled(connection: Connection) -> None:
    """The bytes are untouched; only the search would no longer find the entry."""
    edit(connection, 30, subject="p999")


def reworded_kind(connection: Connection) -> None:
    edit(
        connection,
        30,
        kind="consent.granted" if b"withdrawn" in body_at(connection, 30) else "consent.withdrawn",
    )


def hidden_connection(connection: Connection) -> None:
    edit(connection, 30, connection=None)


def forged_frontier(connection: Connection) -> None:
    connection.execute(update(audit_frontier).values(frontier=b"f" * 32 * (122).bit_count()))


def garbled_note(connection: Connection) -> None:
    connection.execute(update(audit_checkpoints).values(note="nothing"))


def cut_frontier(connection: Connection) -> None:
    connection.execute(update(audit_frontier).values(frontier=b"f" * 31))


def replaced_by_text(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE audit_leaves SET body = 'x' WHERE idx = 30")


ATTACKS: dict[str, tuple[Callable[[Connection], None], int, str]] = {
    "body edited": (edited_body, 4, "entry 30 "),
    "body and hash edited": (edited_body_and_hash, 4, "entries 0 to 60 "),
    "all but the signature edited": (edited_everything_but_the_signature, 4, "entries 0 to 60 "),
    "entry deleted": (deleted_entry, 4, "entry 30 "),
    "last entry deleted": (deleted_last_entry, 3, "entry 121 "),
    "two entries swapped": (swapped, 4, "entries 0 to 60 "),
    "tail cut": (cut_back, 3, "entry 100 "),
    "checkpoint signed by another": (forged_checkpoint, 2, "size 122"),
    "key swapped": (swapped_key, 1, "entry 61"),
    "subject column edited": (refiled, 3, "entry 30 "),
    "kind column edited": (reworded_kind, 3, "entry 30 "),
    "connection column emptied": (hidden_connection, 3, "entry 30 "),
    "body of another type": (replaced_by_text, 5, "entry 30 "),
    "checkpoint garbled": (garbled_note, 3, "never writes"),
    "frontier cut short": (cut_frontier, 3, "never writes"),
    "frontier edited": (forged_frontier, 4, "122 entries"),
}


@pytest.mark.parametrize(("attack", "step", "where"), ATTACKS.values(), ids=ATTACKS)
def test_an_attack_on_the_tables_is_found(
    log: Notary, attack: Callable[[Connection], None], step: int, where: str
) -> None:
    """Each attack breaks a step of the plan, and the message names the first bad index."""
    with log.store.write() as connection:
        attack(connection)

    with pytest.raises(Tampered) as found:
        verify_log(log.store)

    assert found.value.step == step
    assert where in f"{found.value} "


def test_an_intact_log_verifies_in_every_step(log: Notary) -> None:
    """What the hub wrote passes, on either database."""
    report = verify_log(log.store)

    assert [number for number, _ in report.steps] == [1, 2, 3, 4, 5]
    assert report.steps[2][1].startswith("entries: 122,")
    assert report.notes == []


def test_what_is_not_signed_yet_is_told(log: Notary, logged: Logger) -> None:
    """The reader learns how much of the log only the database vouches for."""
    logged(log.store, 5)
    drain(log.store)
    logged(log.store, 3)

    assert verify_log(log.store).notes == [
        "5 entries are newer than the last checkpoint, 3 wait for an index"
    ]


def test_a_database_restored_from_last_week_is_found_by_the_kept_checkpoint(
    log: Notary, logged: Logger
) -> None:
    """All tables rolled back agree with each other; only what is kept outside tells."""
    with log.store.read() as connection:
        tables = (audit_leaves, audit_frontier, audit_checkpoints)
        last_week = {table: connection.execute(select(table)).mappings().all() for table in tables}
    logged(log.store, 20)
    kept = log.settle()
    with log.store.write() as connection:
        for table, rows in last_week.items():
            connection.execute(delete(table))
            connection.execute(table.insert(), [dict(row) for row in rows])
    assert verify_log(log.store).steps

    with pytest.raises(Tampered, match="entry 122 is the first one gone"):
        verify_log(log.store, kept)


def test_a_log_that_continues_the_kept_checkpoint_says_so(log: Notary) -> None:
    """The officer's checkpoint is met on the way through the entries."""
    with log.store.read() as connection:
        oldest = select(audit_checkpoints.c.note).order_by(audit_checkpoints.c.size).limit(1)
        note = connection.execute(oldest).scalar_one()

    report = verify_log(log.store, Checkpoint.parse(note))

    assert report.steps[-1] == (7, "earlier: continues your checkpoint of 61 entries")


def test_an_empty_log_is_neither_intact_nor_tampered_with(store: Store) -> None:
    """A hub that has not run yet has nothing to verify."""
    with pytest.raises(NotFound, match="empty"):
        verify_log(store)


def test_a_log_that_was_emptied_is_found_by_the_kept_checkpoint(log: Notary) -> None:
    """Who kept a checkpoint is not told that there is nothing."""
    kept = log.settle()
    with log.store.write() as connection:
        for table in (audit_leaves, audit_frontier, audit_checkpoints, audit_keys):
            connection.execute(delete(table))

    with pytest.raises(Tampered):
        verify_log(log.store, kept)


def test_an_actor_with_any_name_is_filed_as_it_is_told(log: Notary) -> None:
    """Quotes, accents and backslashes in a name are no sign of tampering."""
    event = AuditEvent('odd"kind\\', "os:zoë o'neil", log.store.clock.now() + timedelta(1))
    with log.store.write() as connection:
        record(connection, event)
    log.settle()

    assert verify_log(log.store).steps
