"""Checkpoints: what the log commits to, signed at intervals and at the end of each command.

A checkpoint's time is never earlier than that of the one before it, nor than that of any entry it
covers, even if the machine's clock was set back: step 5 of ``verify.py`` relies on both.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, func, select, update

from hub.audit.log import AuditEvent, record
from hub.audit.sequencer import WAITING, drain, frontier, leased, sequence
from hub.audit.signing import KEY_FILE, NEXT_KEY_FILE, Signer, add_key, ensure_key, signer_in_office
from hub.audit.verify import ROTATED, Checkpoint, Frontier, Key, rotation_text
from hub.core.clock import to_micros
from hub.core.errors import Unavailable
from hub.core.settings import AuditSection, Settings
from hub.store import bulk
from hub.store.engine import Store
from hub.store.leases import renew
from hub.store.schema import audit_checkpoints, audit_keys, audit_leaves


@dataclass(frozen=True, slots=True)
class Notary:
    """Signs the log.

    Attributes:
        store: Where the log is.
        keys: Folder of the key file.
        section: The ``[audit]`` section of hub.toml.
        home: Folder that a relative ``anchor_file`` starts from.
    """

    store: Store
    keys: Path
    section: AuditSection
    home: Path

    def settle(self) -> Checkpoint | None:
        """The checkpoint over everything committed so far; None if nothing was ever logged.

        For the end of a command. A log without news gets no new checkpoint.

        Raises:
            Unavailable: If the anchor file cannot be written; the log itself is signed by then.
        """
        return self._advance(every=1, seconds=0)

    def tick(self) -> Checkpoint | None:
        """The newest checkpoint, after sequencing what waits and signing if it is time.

        For ``hub serve``, every second.

        Raises:
            Unavailable: As for ``settle``.
        """
        section = self.section
        return self._advance(section.checkpoint_every_events, section.checkpoint_every_seconds)

    def _advance(self, every: int, seconds: int) -> Checkpoint | None:
        with self.store.read() as connection:
            before = newest(connection)
        drain(self.store, self._sign_on_the_way)
        with self.store.read() as connection:
            due = self._is_due(connection, frontier(connection), every, seconds)
        if due:
            with self.store.write() as connection:
                issue(connection, frontier(connection, lock=True), self.keys, self._now())
        with self.store.read() as connection:
            notes = notes_between(connection, before.size if before else 0)
        self._anchor(notes)
        return Checkpoint.parse(notes[-1]) if notes else before

    def _sign_on_the_way(self, connection: Connection, log: Frontier) -> None:
        section = self.section
        every, seconds = section.checkpoint_every_events, section.checkpoint_every_seconds
        if self._is_due(connection, log, every, seconds):
            issue(connection, log, self.keys, self._now())

    def _is_due(self, connection: Connection, log: Frontier, every: int, seconds: int) -> bool:
        last = newest(connection)
        news = log.size - (last.size if last else 0)
        waited = self._now() - last.at if last else 0
        return news >= every or (news > 0 and waited >= seconds * 1_000_000)

    def _now(self) -> int:
        return to_micros(self.store.clock.now())

    def _anchor(self, notes: Sequence[str]) -> None:
        if self.section.anchor_file is None or not notes:
            return
        path = self.home / self.section.anchor_file
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write("".join(notes))
        except OSError as err:
            raise Unavailable(
                f"audit.anchor_file {path} cannot be written ({err.strerror}). The log is signed,"
                f" but the checkpoint is kept only here. Make the file writable; the next one is"
                " added to it",
                code="HUB-522",
            ) from err


def open_notary(
    store: Store, settings: Settings, *, data_dir: Path, home: Path, actor: str
) -> Notary:
    """The notary of this hub, whose key is made if the log never had one.

    Args:
        store: Where the log is.
        settings: The hub's own sections of hub.toml.
        data_dir: The key lies in its folder ``keys``.
        home: Folder of hub.toml.
        actor: Who is running the command.
    """
    ensure_key(store, data_dir / "keys", settings.hub.name, actor)
    return Notary(store, data_dir / "keys", settings.audit, home)


def newest(connection: Connection) -> Checkpoint | None:
    """The last checkpoint, or None before the first."""
    query = select(audit_checkpoints.c.note).order_by(audit_checkpoints.c.size.desc()).limit(1)
    note = connection.execute(query).scalar()
    return Checkpoint.parse(note) if note else None


def notes_between(connection: Connection, above: int, upto: int = 2**62) -> list[str]:
    """The signed notes of checkpoints of more than ``above`` entries, up to ``upto``."""
    size = audit_checkpoints.c.size
    query = select(audit_checkpoints.c.note).where(size > above, size <= upto).order_by(size)
    return list(connection.execute(query).scalars())


def issue(connection: Connection, log: Frontier, keys: Path, now: int) -> None:
    """Sign ``log`` and store the checkpoint in the caller's transaction, which has it locked."""
    signer, last = signer_in_office(connection, keys), newest(connection)
    since = last.size if last else 0
    query = select(func.max(audit_leaves.c.at)).where(audit_leaves.c.idx >= since)
    latest = connection.execute(query).scalar() or 0
    at = max(now, latest, last.at if last else 0)
    checkpoint = Checkpoint(signer.key.name, log.size, log.root(), at)
    row = (log.size, log.root(), signer.note(checkpoint), at, signer.key.id)
    columns = ("size", "root", "note", "at", "key_id")
    bulk.insert_new(connection, audit_checkpoints, columns, [row])


def rotate(store: Store, keys: Path, actor: str) -> Key:
    """The new key, after the old one has signed the hand-over.

    1. Write the new key beside the old one; it is in use only once the database says so.
    2. In one transaction: sequence what waits, log the rotation as the next entry, let the old key
       sign the checkpoint that ends with it, and put the new key into office.
    3. Move the new key into the old one's place; after a crash, ``signer_in_office`` does it.

    Raises:
        StopRun: If another process is sequencing at this moment.
    """
    with leased(store) as lease:
        with store.read() as connection:
            old = signer_in_office(connection, keys)
        # 1
        (keys / NEXT_KEY_FILE).unlink(missing_ok=True)
        new = Signer.new(old.key.name)
        new.write(keys / NEXT_KEY_FILE)
        # 2
        with store.write() as connection:
            now = store.clock.now()
            renew(connection, lease, to_micros(now))
            _hand_over(connection, keys, _rotation(old, new, actor, now))
            _put_into_office(connection, new.key, to_micros(now))
        # 3
        (keys / NEXT_KEY_FILE).replace(keys / KEY_FILE)
    return new.key


def _hand_over(connection: Connection, keys: Path, event: AuditEvent) -> None:
    now = to_micros(event.at)
    while sequence(connection, now):
        pass
    leaf = record(connection, event)
    sequence(connection, now, WAITING & (audit_leaves.c.leaf_id == leaf))
    issue(connection, frontier(connection), keys, now)


def _put_into_office(connection: Connection, key: Key, now: int) -> None:
    retire = update(audit_keys).where(audit_keys.c.retired_at.is_(None)).values(retired_at=now)
    connection.execute(retire)
    add_key(connection, key, now)


def _rotation(old: Signer, new: Signer, actor: str, now: datetime) -> AuditEvent:
    signature = old.sign(rotation_text(str(old.key), str(new.key)))
    what = {
        "old": str(old.key),
        "new": str(new.key),
        "signature": base64.b64encode(signature).decode(),
    }
    return AuditEvent(ROTATED, actor, now, what=what)
