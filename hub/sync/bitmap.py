"""Which records a full pass has seen: one bit per row id, small enough for the checkpoint."""

from __future__ import annotations

import zlib


class Bitmap:
    """A set of row ids as bits. Ten million records take 1.25 MB, a few kB once compressed."""

    def __init__(self, bits: bytearray | None = None) -> None:
        self._bits = bits if bits is not None else bytearray()

    @classmethod
    def unpack(cls, stored: bytes | None) -> Bitmap:
        """The bitmap that :meth:`pack` wrote; None is empty."""
        return cls(bytearray(zlib.decompress(stored)) if stored else None)

    def pack(self) -> bytes:
        """The bitmap as bytes for the checkpoint."""
        return zlib.compress(bytes(self._bits), 1)

    def copy(self) -> Bitmap:
        """The same set, apart."""
        return Bitmap(self._bits.copy())

    def add(self, rid: int) -> None:
        """Mark ``rid`` as seen."""
        byte = rid >> 3
        if byte >= len(self._bits):
            self._bits.extend(bytes(byte - len(self._bits) + 1024))
        self._bits[byte] |= 1 << (rid & 7)

    def count(self) -> int:
        """How many row ids are marked."""
        return int.from_bytes(self._bits).bit_count()

    def __contains__(self, rid: int) -> bool:
        byte = rid >> 3
        return byte < len(self._bits) and bool(self._bits[byte] & 1 << (rid & 7))
