"""The whole tree over the log, for proofs; appending and checking need only a frontier.

The hash rules, ``Frontier`` and the checks of proofs live in ``verify.py``, the file that an
auditor takes away: what is written here and what is checked there have one definition.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from hashlib import sha256

from hub.audit.verify import Frontier, fold, spans

HASH_BYTES = 32


def pack(frontier: Frontier) -> bytes:
    """The peaks of a frontier, one after the other; the size is stored beside them."""
    return b"".join(frontier.peaks)


def unpack(size: int, data: bytes) -> Frontier:
    """The frontier that ``pack`` stored.

    Raises:
        ValueError: If the number of peaks does not fit the size.
    """
    if len(data) != size.bit_count() * HASH_BYTES:
        raise ValueError(f"a frontier of {size} entries has {size.bit_count()} peaks")
    peaks = tuple(data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES))
    return Frontier(size, peaks)


class Tree:
    """Every perfect subtree over the leaf hashes: 64 bytes of memory per entry.

    Args:
        leaves: Leaf hashes in log order.
    """

    def __init__(self, leaves: Iterable[bytes]) -> None:
        self._levels = [b"".join(leaves)]
        while len(self._levels[-1]) >= 2 * HASH_BYTES:
            self._levels.append(_parents(self._levels[-1]))

    @property
    def size(self) -> int:
        """Number of entries."""
        return len(self._levels[0]) // HASH_BYTES

    def nodes(self, start: int, end: int) -> list[bytes]:
        """The perfect subtrees over entries ``start`` to ``end``, in the order of ``spans``."""
        return [
            self._levels[level][index * HASH_BYTES : (index + 1) * HASH_BYTES]
            for level, index in spans(start, end)
        ]

    def leaves(self, start: int, end: int) -> bytes:
        """The leaf hashes of entries ``start`` to ``end``, one after the other."""
        return self._levels[0][start * HASH_BYTES : end * HASH_BYTES]

    def root(self, size: int) -> bytes:
        """The Merkle tree hash of the first ``size`` entries. Source: RFC 9162, 2.1.1."""
        return fold(self.nodes(0, size))

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The proof that entry ``index`` is in the tree of ``size``. Source: RFC 9162, 2.1.3.1."""
        path, start, end = list[bytes](), 0, size
        while end - start > 1:
            middle = _split(start, end)
            if index < middle:
                path.append(fold(self.nodes(middle, end)))
                end = middle
            else:
                path.append(fold(self.nodes(start, middle)))
                start = middle
        return path[::-1]

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the tree of ``new`` continues that of ``old``.

        Source: RFC 9162, 2.1.4.1; ``old`` is at least 1.
        """
        path, start, end, whole = list[bytes](), 0, new, True
        while old != end:
            middle = _split(start, end)
            if old <= middle:
                path.append(fold(self.nodes(middle, end)))
                end = middle
            else:
                path.append(fold(self.nodes(start, middle)))
                start, whole = middle, False
        if not whole:
            path.append(fold(self.nodes(start, end)))
        return path[::-1]


def _parents(level: bytes) -> bytes:
    pair = 2 * HASH_BYTES
    whole = range(0, len(level) - pair + 1, pair)
    return b"".join(sha256(b"\x01" + level[i : i + pair]).digest() for i in whole)


def _split(start: int, end: int) -> int:
    """Where a tree over ``start`` to ``end`` divides: the largest power of two below its size."""
    return start + (1 << (end - start - 1).bit_length() - 1)


def page_digest(key: bytes, rows: Iterable[tuple[bytes, bytes]]) -> str:
    """The keyed Merkle root over a page's (row id, row hash), in hexadecimal.

    It goes into the one event of the page, so that a million-row load costs a thousand events and
    any of its rows stays provable. The key keeps the log from confirming a guessed row.
    """
    leaves = [
        hmac.digest(key, len(row_id).to_bytes(4) + row_id + row_hash, "sha256")
        for row_id, row_hash in rows
    ]
    return Frontier().extend(leaves).root().hex()
