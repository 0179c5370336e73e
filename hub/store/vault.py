"""The vault: credentials that change while the hub runs, sealed in the database.

    ring = KeyRing.load(folder, settings.vault.key)
    vault = Vault(store, ring)
    vault.replace("zendesk client hub", old, new)

AES-256-GCM under a key that is not in the database. The name of a credential is authenticated with
it, so a row that was altered, copied to another name or sealed elsewhere does not open. The first
key of the ring seals, each of them opens: a new key is put in front, and rows follow one by one as
their credentials rotate.
"""

from __future__ import annotations

import base64
import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Row, select, update

from hub.core.clock import from_micros, to_micros
from hub.core.errors import ConfigError, StoreError
from hub.core.secrets import Secret
from hub.core.tokens import Tokens
from hub.store import bulk, leases
from hub.store.engine import Store
from hub.store.keys import private_file
from hub.store.schema import vault

KEY_BYTES = 32
_NONCE_BYTES = 12

_log = logging.getLogger(__name__)


class KeyRing:
    """The keys of the vault.

    Args:
        keys: 32 bytes each; the first one seals.

    Raises:
        ConfigError: If there is none, or one is of another length.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise _no_key()
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self.sealing = _key_id(keys[0])
        """Id of the key that seals."""

    @classmethod
    def load(cls, folder: Path, given: Secret | None) -> KeyRing:
        """The keys that the settings refer to, or those in ``vault.key``, made on first use.

        Args:
            folder: Where the hub keeps its keys.
            given: Keys in base64, one per line; from the environment, a file or the OS keyring.

        Raises:
            ConfigError: If they cannot be read, others may read them, or they are no keys.
        """
        text = given.reveal() if given else _own_file(folder / "vault.key")
        try:
            return cls([base64.b64decode(line, validate=True) for line in text.split()])
        except ValueError as err:  # not base64, or not even ASCII
            raise _no_key() from err

    def seal(self, name: str, data: bytes) -> bytes:
        """Nonce and ciphertext of ``data`` under the first key."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._ciphers[self.sealing].encrypt(nonce, data, _bound_to(name))

    def open(self, name: str, key_id: str, sealed: bytes) -> bytes:
        """What was sealed for ``name``.

        Raises:
            ConfigError: If the key is not in the ring, or the bytes are not what it sealed.
        """
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise ConfigError(
                f"the vault's entry for {name} was sealed with the key {key_id}, which is not here."
                " Add that key as a further line where [vault].key refers to (or in vault.key)",
                code="HUB-244",
            )
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, ciphertext, _bound_to(name))
        except (InvalidTag, ValueError) as err:
            raise ConfigError(
                f"the vault's entry for {name} was changed or belongs to another credential, and"
                " is not used. Restore the database from a backup, or authorise the hub again in"
                " that system and put the new refresh token where hub.toml refers to",
                code="HUB-245",
            ) from err


class Vault:
    """Sealed values by name.

    Args:
        store: The database.
        ring: Its keys.
    """

    def __init__(self, store: Store, ring: KeyRing) -> None:
        self.store = store
        self._ring = ring

    def load(self, name: str) -> bytes | None:
        """The value of ``name``, or None if it never had one.

        Raises:
            ConfigError: If the entry does not open.
        """
        with self.store.read() as connection:
            row = connection.execute(select(vault).where(vault.c.name == name)).one_or_none()
        return self._opened(row)

    def replace(self, name: str, old: bytes | None, new: bytes) -> bytes:
        """What ``name`` holds now: ``new`` if it held ``old``, else what somebody else put there.

        The change is durable when this returns.

        Raises:
            ConfigError: If the present entry does not open; it stays as it is.
        """
        now = to_micros(self.store.clock.now())
        with self.store.write() as connection:
            # A place to lock first: two that are the first ones must not both insert.
            blank = (name, "", b"", now)
            bulk.insert_new(connection, vault, vault.columns.keys(), [blank])
            row = connection.execute(
                select(vault).where(vault.c.name == name).with_for_update()
            ).one()
            held = self._opened(row)
            if held is not None and held != old:
                return held
            sealed = {"key_id": self._ring.sealing, "sealed": self._ring.seal(name, new)}
            connection.execute(
                update(vault).where(vault.c.name == name).values(**sealed, updated_at=now)
            )
        return new

    def _opened(self, row: Row[tuple[object, ...]] | None) -> bytes | None:
        if row is None or not row.sealed:
            return None
        return self._ring.open(row.name, row.key_id, row.sealed)


Unsaved = dict[str, tuple[Tokens | None, Tokens]]
"""By credential, what the vault still holds, and the newer tokens that it could not save."""


class SealedTokens:
    """The tokens of rotating credentials, in the vault: see :class:`hub.core.tokens.TokenStore`.

    The vendor has forgotten the old refresh token by the time that the new one is saved. If the
    database refuses just then, the new one is kept in memory, used, and saved at the next turn.

    Args:
        open_vault: Called once a token is needed: most credentials never rotate.
        connection: Name for messages.
        unsaved: What could not be saved so far, by anybody in this process.
        leave: Asked while another process has its turn; raises if the wait is to end.
    """

    def __init__(
        self,
        open_vault: Callable[[], Vault],
        connection: str = "",
        unsaved: Unsaved | None = None,
        leave: Callable[[], None] = leases.go_on,
    ) -> None:
        self._open = open_vault
        self._connection = connection
        self._unsaved: Unsaved = {} if unsaved is None else unsaved
        self._used: set[str] = set()
        self._leave = leave

    @cached_property
    def _vault(self) -> Vault:
        return self._open()

    @contextmanager
    def turn(self, credential: str) -> Iterator[None]:
        """One block at a time per credential, over all processes of this database."""
        self._used.add(credential)
        with leases.turn(self._vault.store, f"tokens:{credential}", self._leave):
            yield

    def load(self, credential: str) -> Tokens | None:
        """The newest tokens, or None if none were ever rotated."""
        if credential in self._unsaved:
            return self._saved(credential, *self._unsaved[credential])
        found = self._vault.load(credential)
        return None if found is None else _tokens(found)

    def rotate(self, credential: str, old: Tokens | None, new: Tokens) -> Tokens:
        """What holds now: ``new`` if ``old`` was still held, else what was found.

        It is durable, unless the database refuses.
        """
        sealed, _ = self._unsaved.get(credential, (old, new))
        return self._saved(credential, sealed, new)

    def close(self) -> None:
        """Save what could not be saved so far; if that fails again, the log says what to do."""
        for credential in self._used & self._unsaved.keys():
            self._saved(credential, *self._unsaved[credential])

    def _saved(self, credential: str, old: Tokens | None, new: Tokens) -> Tokens:
        held = None if old is None else _bytes(old)
        try:
            found = _tokens(self._vault.replace(credential, held, _bytes(new)))
        except StoreError as err:
            self._unsaved[credential] = old, new
            _log.error("%s: %s: error %s: %s", self._connection, _NOT_SAVED, err.code, err)
            return new
        if self._unsaved.pop(credential, None):
            _log.warning("%s: the new refresh token is saved now", self._connection)
        return found


_NOT_SAVED = (
    "THE NEW REFRESH TOKEN COULD NOT BE SAVED. This process keeps it in memory and tries again; if"
    " it ends before that, the token is lost: then authorise the hub in that system again, and put"
    " the new refresh token where hub.toml refers to. Mend the database first"
)


def _bytes(tokens: Tokens) -> bytes:
    return orjson.dumps([tokens.access, to_micros(tokens.renew_at), tokens.refresh])


def _tokens(data: bytes) -> Tokens:
    access, renew_at, refresh = orjson.loads(data)
    return Tokens(access, from_micros(renew_at), refresh)


def _own_file(path: Path) -> str:
    made = private_file(path, lambda: base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
    return made.decode("ascii", "replace")


def _key_id(key: bytes) -> str:
    return blake2b(key, digest_size=6, person=b"cxhub-vault-key").hexdigest()


def _bound_to(name: str) -> bytes:
    return b"cxhub vault 1\0" + name.encode()


def _no_key() -> ConfigError:
    return ConfigError(
        "the vault has no usable key: it is 32 bytes in base64, one key per line. Make one with:"
        " openssl rand -base64 32",
        code="HUB-243",
    )
