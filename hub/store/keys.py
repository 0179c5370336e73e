"""The hub's own secret: one random key in a file beside the database, and what is derived from it.

Fingerprints, contact-point hashes and payload digests are keyed, so that a copy of the database
alone does not let anyone test guesses ("is ada@example.org in here?").
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from hub.core.errors import ConfigError

KEY_BYTES = 32


class Keys:
    """Keyed hashes for everything that the store compares but must not reveal.

    Args:
        master: 32 random bytes.
    """

    def __init__(self, master: bytes) -> None:
        self._rows = self._derive(master, b"fingerprint")
        self._points = self._derive(master, b"contact-point")
        self._payloads = self._derive(master, b"payload")
        self._credentials = self._derive(master, b"credential")
        self._cases = self._derive(master, b"case")
        self.pages = self._derive(master, b"page")
        """Key of the Merkle digest that a page's audit event carries over its rows."""

    @classmethod
    def load(cls, folder: Path) -> Keys:
        """The keys of this installation; made with mode 600 on first use.

        Raises:
            ConfigError: If the file is unreadable, too short or readable by others.
        """
        path = folder / "hub.key"
        master = private_file(path, lambda: secrets.token_bytes(KEY_BYTES))
        if len(master) != KEY_BYTES:
            raise ConfigError(
                f"{path} holds {len(master)} bytes, expected {KEY_BYTES}. Restore it from your"
                " backup: without it every row looks changed",
                code="HUB-241",
            )
        return cls(master)

    def fingerprint(self, data: bytes) -> bytes:
        """16-byte keyed hash of a row's declared projection."""
        return blake2b(data, digest_size=16, key=self._rows).digest()

    def point(self, kind: str, normalised: str) -> bytes:
        """16-byte keyed hash of a normalised contact point; ``kind`` is ``email`` or ``phone``."""
        return blake2b(f"{kind}:{normalised}".encode(), digest_size=16, key=self._points).digest()

    def payload(self, data: bytes) -> bytes:
        """16-byte keyed hash of what was sent to a system."""
        return blake2b(data, digest_size=16, key=self._payloads).digest()

    def credential(self, name: str) -> bytes:
        """16-byte keyed hash of a credential's name, which may tell of a weak password."""
        return blake2b(name.encode(), digest_size=16, key=self._credentials).digest()

    def case(self, answer: str) -> str:
        """16 hex digits that name the case which an answer opens; source ids may be personal."""
        return blake2b(answer.encode(), digest_size=8, key=self._cases).hexdigest()

    @staticmethod
    def _derive(master: bytes, purpose: bytes) -> bytes:
        return blake2b(purpose, digest_size=KEY_BYTES, key=master).digest()


def private_file(path: Path, make: Callable[[], bytes]) -> bytes:
    """The bytes of a file that only its owner may read; ``make`` writes it on first use.

    Raises:
        ConfigError: If others may read it.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _create(path, make())
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"{path} is readable by others. Run: chmod 600 {path}", code="HUB-240")
    return path.read_bytes()


def _create(path: Path, content: bytes) -> None:
    # Written whole under another name first: a crash never leaves half a key.
    handle, name = tempfile.mkstemp(".new", path.name, path.parent)  # mode 600
    draft = Path(name)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(draft, path)  # fails if another process was faster, and then its key counts
    except FileExistsError:
        pass
    finally:
        draft.unlink()
