"""The log's signing key: an Ed25519 key in a file of mode 600, outside of the database.

Whoever can write the database can rewrite entries, but not sign a checkpoint over them. The file
holds one line in the form that other tools for signed notes read too::

    PRIVATE+KEY+cxhub/acme+1f0c9a7e+AX5…

Source: C2SP signed-note; the key file format is that of golang.org/x/mod/sumdb/note.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Connection, select, text

from hub.audit.log import AuditEvent, record
from hub.audit.verify import Checkpoint, Key
from hub.core.clock import to_micros
from hub.core.errors import ConfigError
from hub.store.engine import Store
from hub.store.schema import audit_keys

KEY_FILE = "audit-ed25519.key"
NEXT_KEY_FILE = "audit-ed25519.next.key"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and the verifier key that belongs to it."""

    key: Key
    _seed: bytes = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature over ``message``."""
        return Ed25519PrivateKey.from_private_bytes(self._seed).sign(message)

    def note(self, checkpoint: Checkpoint) -> str:
        """The checkpoint as a signed note. Source: C2SP signed-note, "Signatures"."""
        signed = checkpoint.text()
        line = base64.b64encode(self.key.hash + self.sign(signed)).decode()
        return f"{signed.decode()}\n\u2014 {self.key.name} {line}\n"

    @classmethod
    def new(cls, name: str) -> Signer:
        """A signer with a fresh key for the log ``name``."""
        return cls._of(name, secrets.token_bytes(32))

    @classmethod
    def read(cls, path: Path) -> Signer:
        """The signer in a key file.

        Raises:
            ConfigError: If others can read the file, or it holds no key.
        """
        if path.stat().st_mode & 0o077:
            raise ConfigError(
                f"{path} is readable by others, who could sign a forged audit log. Run: chmod 600"
                f" {path}, then: hub audit rotate-key",
                code="HUB-213",
            )
        shape = re.fullmatch(r"PRIVATE\+KEY\+([^\s+]+)\+[0-9a-f]{8}\+(\S{44})\n", path.read_text())
        if shape is None:
            raise ConfigError(
                f"{path} holds no audit key. Restore it from your backup", code="HUB-242"
            )
        return cls._of(shape[1], base64.b64decode(shape[2])[1:])

    def write(self, path: Path) -> None:
        """Put the key into a new file of mode 600, whole or not at all.

        Raises:
            FileExistsError: If there is such a file.
        """
        secret = base64.b64encode(b"\x01" + self._seed).decode()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"PRIVATE+KEY+{self.key.id}+{secret}\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        finally:
            draft.unlink()

    @classmethod
    def _of(cls, name: str, seed: bytes) -> Signer:
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        return cls(Key(name, public), seed)


def ensure_key(store: Store, folder: Path, hub_name: str, actor: str) -> None:
    """Make the log's first key, if it has none.

    Args:
        store: The database that the log is in.
        folder: Where the key file lies.
        hub_name: Name of this hub; the log is named for it.
        actor: Who is running the command.
    """
    with store.read() as connection:
        if current_key_id(connection) is not None:
            return
    name = "cxhub/" + re.sub(r"[^A-Za-z0-9.-]+", "-", hub_name).strip("-").lower()
    path, now = folder / KEY_FILE, store.clock.now()
    with suppress(FileExistsError):  # left by a command cut off, or by one a moment faster
        Signer.new(name).write(path)
    key = Signer.read(path).key
    with store.write() as connection:
        if add_key(connection, key, to_micros(now)):
            event = AuditEvent("audit.key.created", actor, now, what={"key": str(key)})
            record(connection, event)


def signer_in_office(connection: Connection, folder: Path) -> Signer:
    """The signer whose turn it is, read anew each time: another process may have rotated the key.

    Raises:
        ConfigError: If ``folder`` lacks its key.
    """
    current = current_key_id(connection)
    for path in (folder / KEY_FILE, folder / NEXT_KEY_FILE):
        if path.exists() and (signer := Signer.read(path)).key.id == current:
            path.replace(folder / KEY_FILE)  # finishes a rotation that was cut off
            return signer
    raise ConfigError(
        f"{folder} lacks the key {current} that signs the audit log. Restore {KEY_FILE} from your"
        " backup",
        code="HUB-242",
    )


def current_key_id(connection: Connection) -> str | None:
    """The id of the key in office, or None before the first."""
    query = select(audit_keys.c.key_id).where(audit_keys.c.retired_at.is_(None))
    return connection.execute(query).scalar()


def first_key(connection: Connection) -> Key | None:
    """The verifier key that the log began with, or None if it never had one."""
    columns = audit_keys.c
    query = select(columns.key_id, columns.public_key).order_by(columns.created_at).limit(1)
    row = connection.execute(query).first()
    return Key(row.key_id.partition("+")[0], row.public_key) if row else None


def add_key(connection: Connection, key: Key, now: int) -> bool:
    """Whether the key is put into office by this call, and not by another process before."""
    insert = text(
        "INSERT INTO audit_keys (key_id, public_key, created_at) VALUES (:id, :public, :now)"
        " ON CONFLICT DO NOTHING RETURNING key_id"
    )
    values = {"id": key.id, "public": key.public, "now": now}
    return connection.execute(insert, values).first() is not None


def ed25519_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature is valid; 40 times as fast as the stand-alone verifier's own."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
