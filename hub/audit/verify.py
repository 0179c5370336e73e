#!/usr/bin/env python3
"""cxhub-verify: checks an exported audit log without trusting the hub that wrote it.

One file, standard library only, nothing of the hub imported: copy it to a machine of your own and
run ``python cxhub-verify.py BUNDLE --checkpoint MY-EARLIER-CHECKPOINT``. The hub itself imports the
hash rules from here, so what it writes and what you check have one definition.

The plan; every finding names its step:

1. keys         the first key, then rotations, each signed by the key before it (C2SP signed-note)
2. signatures   Ed25519 over every checkpoint, by the key in office (RFC 8032, 5.1.7)
3. entries      none missing, each equal to its leaf hash (C2SP tlog-tiles, level 0)
4. root         the tree over the entries at every checkpoint (RFC 9162, 2.1.1)
5. time         checkpoint times never go back; no entry is later than the first checkpoint that
                covers it. Entries among themselves are not ordered by time: a transaction commits
                after it began. Entries more than an hour older than the checkpoint before them
                are listed, not refused.
6. proofs       the entries of one person, each by its inclusion proof (RFC 9162, 2.1.3.2)
7. earlier      the log continues the checkpoint that you kept (RFC 9162, 2.1.4.2)

Exit codes: 0 every step holds, 1 tampered (the message names the first bad index), 2 the bundle or
the checkpoint cannot be read.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import re
import sys
import time
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256, sha512
from itertools import pairwise
from pathlib import Path

FORMAT = "cxhub-audit-bundle/1"
TILE_WIDTH = 256
LATE_MICROS = 3_600_000_000
EXIT_OK, EXIT_TAMPERED, EXIT_UNUSABLE = 0, 1, 2
ROTATED = "audit.key.rotated"


class Tampered(Exception):
    """A step of the plan does not hold.

    Args:
        step: Number of the step in the plan.
        message: What differs, with the first bad index.
    """

    def __init__(self, step: int, message: str) -> None:
        super().__init__(message)
        self.step = step


class Unusable(Exception):
    """The bundle or the checkpoint cannot be read at all; nothing is said about the log."""


# --- The tree (RFC 9162, 2.1) --------------------------------------------------------------------


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry. Source: RFC 9162, 2.1.1, prefix 0x00."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node. Source: RFC 9162, 2.1.1, prefix 0x01."""
    return sha256(b"\x01" + left + right).digest()


def fold(peaks: Sequence[bytes]) -> bytes:
    """The root over perfect subtrees, largest first; of none, the hash of the empty string."""
    if not peaks:
        return sha256().digest()
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def spans(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The (level, index) of the fewest perfect subtrees that cover entries ``start`` to ``end``.

    >>> list(spans(0, 7))
    [(2, 0), (1, 2), (0, 6)]
    >>> list(spans(6, 12))
    [(1, 3), (2, 2)]
    """
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        yield level, start >> level
        start += 1 << level


@dataclass(frozen=True)
class Frontier:
    """The right edge of a tree: all that is needed to append to it and to know its root.

    Attributes:
        size: Number of entries.
        peaks: Roots of its perfect subtrees, largest first; one per set bit of ``size``.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def extend(self, hashes: Iterable[bytes], level: int = 0) -> Frontier:
        """The frontier after appending nodes of one ``level`` (0: leaf hashes).

        ``size`` must be a multiple of ``2 ** level``.
        """
        nodes, peaks, grown = list(hashes), list(self.peaks), []
        size = self.size + (len(nodes) << level)
        while nodes:
            if self.size >> level & 1:
                nodes.insert(0, peaks.pop())
            if len(nodes) % 2:
                grown.append(nodes.pop())
            pairs = zip(nodes[::2], nodes[1::2], strict=True)
            nodes = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
            level += 1
        return Frontier(size, (*peaks, *reversed(grown)))

    def root(self) -> bytes:
        """The Merkle tree hash of the entries so far."""
        return fold(self.peaks)


def inclusion_holds(
    entry: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether ``proof`` shows ``entry`` at ``index`` of a tree. Source: RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf_hash(entry)
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def consistency_holds(
    old: tuple[int, bytes], new: tuple[int, bytes], proof: Sequence[bytes]
) -> bool:
    """Whether the (size, root) ``new`` only appended to ``old``. Source: RFC 9162, 2.1.4.2."""
    (old_size, old_root), (new_size, new_root) = old, new
    if old_size == new_size:
        return not proof and old_root == new_root
    if not 0 < old_size < new_size:
        return False
    path = [old_root, *proof] if old_size & old_size - 1 == 0 else list(proof)
    if not path:
        return False
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    seen_old = seen_new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            seen_old, seen_new = node_hash(sibling, seen_old), node_hash(sibling, seen_new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            seen_new = node_hash(seen_new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and seen_old == old_root and seen_new == new_root


# --- Ed25519 (RFC 8032, 5.1), verification only: no secret passes here, so no constant time ------

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_SQRT_MINUS_1 = pow(2, (_P - 1) // 4, _P)
_Point = tuple[int, int, int, int]
_IDENTITY: _Point = (0, 1, 1, 0)


def _add(p: _Point, q: _Point) -> _Point:
    a = (p[1] - p[0]) * (q[1] - q[0])
    b = (p[1] + p[0]) * (q[1] + q[0])
    c = 2 * p[3] * q[3] * _D % _P
    d = 2 * p[2] * q[2]
    e, f, g, h = (b - a) % _P, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _double(p: _Point) -> _Point:
    a, b = p[0] * p[0], p[1] * p[1]
    h, g = a + b, (a - b) % _P
    e = (h - (p[0] + p[1]) ** 2) % _P
    f = 2 * p[2] * p[2] + g
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _decode(data: bytes) -> _Point | None:
    """The curve point of 32 bytes, or None. Source: RFC 8032, 5.1.3."""
    y, sign = int.from_bytes(data, "little") & 2**255 - 1, data[31] >> 7
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * _SQRT_MINUS_1 % _P
    if x * x % _P != square or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _encode(p: _Point) -> bytes:
    inverse = pow(p[2], -1, _P)
    x, y = p[0] * inverse % _P, p[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


_BASE = _decode((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))


@lru_cache(maxsize=64)
def _table(public: bytes) -> tuple[_Point, _Point, _Point] | None:
    """The points B, -A and B - A that ``ed25519_holds`` adds up."""
    point = _decode(public)
    if point is None or _BASE is None:
        return None
    minus = (_P - point[0], point[1], point[2], _P - point[3])
    return _BASE, minus, _add(_BASE, minus)


def ed25519_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` is that of ``public`` over ``message``. Source: RFC 8032, 5.1.7.

    Checks ``encode([s]B - [h]A) == R``: the stricter equation without the cofactor.
    """
    table = _table(public) if len(public) == 32 and len(signature) == 64 else None
    s = int.from_bytes(signature[32:], "little")
    if table is None or s >= _L:
        return False
    h = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little") % _L
    total = _IDENTITY
    for bit in range(max(s.bit_length(), h.bit_length()) - 1, -1, -1):
        total = _double(total)
        which = (s >> bit & 1) | (h >> bit & 1) << 1
        if which:
            total = _add(total, table[which - 1])
    return _encode(total) == signature[:32]


SignatureCheck = Callable[[bytes, bytes, bytes], bool]
"""Whether, of (public key, message, signature), the last is right: the hub brings a faster one."""


# --- Keys and checkpoints (C2SP signed-note, tlog-checkpoint) ------------------------------------


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise Unusable(f"not base64: {text[:40]!r}") from error


@dataclass(frozen=True)
class Key:
    """A verifier key: the log's name and an Ed25519 public key of 32 bytes."""

    name: str
    public: bytes

    @property
    def hash(self) -> bytes:
        """The four bytes that name the key on a signature line. Source: C2SP signed-note."""
        return sha256(self.name.encode() + b"\n\x01" + self.public).digest()[:4]

    @property
    def id(self) -> str:
        """Name and key hash, such as ``cxhub/5f0c+1a2b3c4d``."""
        return f"{self.name}+{self.hash.hex()}"

    def __str__(self) -> str:
        return f"{self.id}+{base64.b64encode(bytes([1]) + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> Key:
        """The key that ``str()`` printed.

        Raises:
            Unusable: If it is not an Ed25519 verifier key, or its hash does not fit.
        """
        name, _, rest = text.strip().partition("+")
        key = cls(name, _unbase64(rest.partition("+")[2])[1:])
        if str(key) != text.strip() or len(key.public) != 32:
            raise Unusable(f"not an Ed25519 verifier key: {text.strip()[:60]!r}")
        return key


_NOTE = re.compile(
    r"(\S+)\n(0|[1-9][0-9]{0,17})\n([A-Za-z0-9+/]{43}=)\ntime ([0-9]{1,18})\n\n"
    r"((?:\u2014 \S+ \S+\n)+)"
)


@dataclass(frozen=True)
class Checkpoint:
    """What the log committed to at one moment.

    Attributes:
        origin: Name of the log.
        size: Number of entries.
        root: Merkle tree hash over them.
        at: Microseconds since 1970, UTC; on the extension line ``time``, so it is signed too.
        signatures: The (key hash, signature) of each signature line by ``origin``.
    """

    origin: str
    size: int
    root: bytes
    at: int
    signatures: tuple[tuple[bytes, bytes], ...] = ()

    def text(self) -> bytes:
        """The bytes that are signed."""
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\ntime {self.at}\n".encode()

    def signed_by(self, key: Key, holds: SignatureCheck = ed25519_holds) -> bool:
        """Whether one of the signature lines is a valid one of ``key``."""
        return any(
            key.name == self.origin and holds(key.public, self.text(), signature)
            for key_hash, signature in self.signatures
            if key_hash == key.hash
        )

    @classmethod
    def parse(cls, note: str) -> Checkpoint:
        """The checkpoint of a signed note.

        Raises:
            Unusable: If the note has another form.
        """
        shape = _NOTE.fullmatch(note)
        if shape is None:
            raise Unusable("not a checkpoint of a cxhub audit log (C2SP signed note expected)")
        origin, size, root, at, lines = shape.groups()
        fields = (line.split(" ") for line in lines.splitlines())
        raw = [_unbase64(signature) for _, name, signature in fields if name == origin]
        pairs = tuple((data[:4], data[4:]) for data in raw)
        return cls(origin, int(size), _unbase64(root), int(at), pairs)

    @classmethod
    def newest_in(cls, text: str) -> Checkpoint:
        """The largest of the checkpoints in a file, such as one that anchors were appended to.

        Raises:
            Unusable: If there is none.
        """
        found = [cls.parse(note[0]) for note in _NOTE.finditer(text)]
        if not found:
            raise Unusable("the file holds no checkpoint of a cxhub audit log")
        return max(found, key=lambda checkpoint: checkpoint.size)


def rotation_text(old: str, new: str) -> bytes:
    """The statement that the old key signs when it hands over to the new one."""
    return f"cxhub audit key rotation\n{old}\n{new}\n".encode()


@dataclass(frozen=True)
class Tenure:
    """A key and the largest tree size that it may sign; None while it is in office."""

    key: Key
    until: int | None = None


def in_office(tenures: Sequence[Tenure], size: int) -> Key:
    """The key that signs a checkpoint of ``size`` entries."""
    return next(each.key for each in tenures if each.until is None or size <= each.until)


def tenures_of(
    first: Key, rotations: Iterable[tuple[int, bytes]], holds: SignatureCheck = ed25519_holds
) -> list[Tenure]:
    """Step 1: who signs up to which size, from the (index, entry) of every rotation.

    The checkpoint that covers the rotation itself is the old key's last.

    Raises:
        Tampered: If a rotation is not signed by the key before it.
    """
    tenures, key = [], first
    for index, entry in rotations:
        what = _json(entry).get("what")
        claim = (
            {str(name): str(value) for name, value in what.items()}
            if isinstance(what, dict)
            else {}
        )
        text = rotation_text(claim.get("old", ""), claim.get("new", ""))
        signature = _unbase64(claim.get("signature", ""))
        if claim.get("old") != str(key) or not holds(key.public, text, signature):
            raise Tampered(1, f"entry {index}: this key rotation is not signed by {key.id}")
        tenures.append(Tenure(key, index + 1))
        key = Key.parse(claim["new"])
    return [*tenures, Tenure(key)]


def check_signatures(
    checkpoints: Sequence[Checkpoint],
    tenures: Sequence[Tenure],
    holds: SignatureCheck = ed25519_holds,
) -> int:
    """Step 2: how many checkpoints were checked, all signed by the key in office.

    Raises:
        Tampered: At the first one that is not.
    """
    for checkpoint in checkpoints:
        key = in_office(tenures, checkpoint.size)
        if not checkpoint.signed_by(key, holds):
            raise Tampered(2, f"the checkpoint at size {checkpoint.size} is not signed by {key.id}")
    return len(checkpoints)


# --- Replay: the tree and the time over entries in order (steps 4 and 5) -------------------------

Group = tuple[list[bytes], list[bytes]]
"""Entries in order and their leaf hashes."""


@dataclass(frozen=True)
class Mark:
    """A checkpoint that the entries must meet, and the step that a mismatch breaks."""

    checkpoint: Checkpoint
    step: int = 4


@dataclass(frozen=True)
class Replayed:
    """The tree over the entries, and the indices of the late ones (see step 5)."""

    frontier: Frontier
    late: list[int]


def check_order(checkpoints: Sequence[Checkpoint]) -> None:
    """Step 5, first half: sizes rise and times never go back.

    Raises:
        Tampered: At the first checkpoint that breaks the order.
    """
    for older, newer in pairwise(checkpoints):
        if newer.size <= older.size or newer.at < older.at:
            raise Tampered(5, f"the checkpoint at size {newer.size} is not after {older.size}")


def replay(groups: Iterable[Group], marks: Sequence[Mark], frontier: Frontier) -> Replayed:
    """Steps 4 and 5: the tree rebuilt over ``groups``, compared at each mark on the way.

    Args:
        groups: The entries that follow ``frontier``, in order.
        marks: By ascending size, none before ``frontier``.
        frontier: The tree before the first entry.

    Raises:
        Tampered: At the first mark whose root or time does not fit.
    """
    latest, late = 0, list[int]()
    before: Checkpoint | None = None
    for entries, hashes, mark in _cut_at(marks, groups, frontier.size):
        oldest, newest = _time_span(entries, frontier.size)
        latest = max(latest, newest)
        if before and oldest < before.at - LATE_MICROS:
            limit = before.at - LATE_MICROS
            late += [i for i, each in enumerate(entries, frontier.size) if entry_time(each) < limit]
        frontier = frontier.extend(hashes)
        if mark:
            _meet(mark, frontier, latest, before.size if before else 0)
            before = mark.checkpoint
    return Replayed(frontier, late)


def _cut_at(
    marks: Iterable[Mark], groups: Iterable[Group], start: int
) -> Iterator[tuple[list[bytes], list[bytes], Mark | None]]:
    """The groups, cut so that every mark stands at the end of a piece."""
    waiting = deque(marks)
    for entries, hashes in groups:
        done = 0
        while waiting and waiting[0].checkpoint.size <= start + len(entries):
            mark = waiting.popleft()
            upto = mark.checkpoint.size - start
            yield entries[done:upto], hashes[done:upto], mark
            done = upto
        yield entries[done:], hashes[done:], None
        start += len(entries)
    if waiting:
        size = waiting[0].checkpoint.size
        raise Tampered(3, f"entry {start} is missing: the log was signed with {size} entries")


def entry_time(entry: bytes) -> int:
    """Microseconds since 1970 at which an entry was written: its first field, 16 digits.

    Raises:
        ValueError: If the entry is not a cxhub audit event.
    """
    if not entry.startswith(b'{"at":'):
        raise ValueError("not a cxhub audit event")
    return int(entry[6:22])


def _time_span(entries: Sequence[bytes], start: int) -> tuple[int, int]:
    # Entries begin with a time of fixed width, so their order as bytes is their order in time, and
    # what lies between the first and the last of that order begins as they do.
    if not entries:
        return 1 << 62, 0
    try:
        return entry_time(min(entries)), entry_time(max(entries))
    except ValueError as error:
        raise Tampered(5, f"an entry from {start} on carries no time: {error}") from error


def _meet(mark: Mark, frontier: Frontier, latest: int, since: int) -> None:
    checkpoint, size = mark.checkpoint, mark.checkpoint.size
    if checkpoint.root != frontier.root():
        first, whose = (0, "that you kept") if mark.step == 7 else (since, "of the log")
        where = f"entries {first} to {size - 1}"
        raise Tampered(
            mark.step,
            f"in {where} something differs: their root is not that of the checkpoint {whose}",
        )
    if latest > checkpoint.at:
        raise Tampered(5, f"in entries {since} to {size - 1} one is later than their checkpoint")


# --- The bundle: a folder or a .zip --------------------------------------------------------------


def tile_path(kind: str, index: int, width: int = TILE_WIDTH) -> str:
    """Where a tile lies: ``kind`` is ``0`` (leaf hashes) or ``entries``. Source: C2SP tlog-tiles.

    >>> tile_path("0", 1234067)
    'tile/0/x001/x234/067'
    >>> tile_path("entries", 3, 17)
    'tile/entries/003.p/17'
    """
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    *upper, last = (digits[i : i + 3] for i in range(0, len(digits), 3))
    partial = f".p/{width}" if width < TILE_WIDTH else ""
    return "/".join(["tile", kind, *(f"x{part}" for part in upper), last + partial])


class Bundle:
    """An exported log, read file by file.

    Args:
        path: The folder or .zip that ``hub audit export`` wrote.

    Raises:
        Unusable: If it is neither.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = None if path.is_dir() else zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise Unusable(f"{path}: neither a folder nor a whole .zip ({error})") from error

    def find(self, name: str) -> bytes | None:
        """The content of a file, or None if the bundle lacks it.

        Raises:
            Unusable: If it is there and cannot be read.
        """
        try:
            return self._zip.read(name) if self._zip else (self._path / name).read_bytes()
        except (KeyError, FileNotFoundError):
            return None
        except (OSError, zipfile.BadZipFile, zlib.error) as error:
            raise Unusable(f"{self._path}: {name} cannot be read ({error})") from error

    def text(self, name: str) -> str:
        """The content of a file that every bundle has.

        Raises:
            Unusable: If it is missing or no text.
        """
        data = self.find(name)
        if data is None:
            raise Unusable(f"{self._path}: {name} is missing, so this is no audit bundle")
        return _text(data, name)


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Unusable(f"{name}: not UTF-8") from error


def _json(data: bytes | str) -> dict[str, object]:
    try:
        found = json.loads(data)
    except ValueError as error:
        raise Unusable(f"not JSON: {data[:40]!r}") from error
    if not isinstance(found, dict):
        raise Unusable(f"not a JSON object: {data[:40]!r}")
    return found


def _number(fields: dict[str, object], name: str) -> int:
    value = fields.get(name)
    if not isinstance(value, int) or value < 0:
        raise Unusable(f"{name} should be a number, not {value!r}")
    return value


def _hashes(fields: dict[str, object], name: str) -> list[bytes]:
    value = fields.get(name)
    if not isinstance(value, list):
        raise Unusable(f"{name} should be a list of hashes, not {value!r}")
    return [_unbase64(str(item)) for item in value]


@dataclass(frozen=True)
class Manifest:
    """What a bundle says it holds; every claim is checked against the signed root.

    Attributes:
        holds: ``entries`` (the log or a range of it) or ``subject`` (one person's entries).
        first: Index of the first entry.
        end: Index after the last entry.
        subject: Pseudonym of the person, or empty.
        left: Perfect subtrees over the entries before ``first`` (see ``spans``).
        right: Perfect subtrees over the entries from ``end`` on.
        earlier: Consistency proof and the tree size that it starts at.
    """

    holds: str
    first: int
    end: int
    subject: str
    left: list[bytes]
    right: list[bytes]
    earlier: tuple[int, list[bytes]]

    @classmethod
    def read(cls, text: str) -> Manifest:
        """The manifest of a bundle.

        Raises:
            Unusable: If it is of another format.
        """
        fields = _json(text)
        if fields.get("format") != FORMAT or fields.get("holds") not in ("entries", "subject"):
            raise Unusable(f"manifest.json: format {fields.get('format')!r}, expected {FORMAT!r}")
        return cls(
            str(fields["holds"]),
            _number(fields, "first"),
            _number(fields, "end"),
            str(fields.get("subject") or ""),
            _hashes(fields, "left"),
            _hashes(fields, "right"),
            (_number(fields, "earlier_size"), _hashes(fields, "earlier_proof")),
        )


@dataclass(frozen=True)
class Proven:
    """An entry with its inclusion proof."""

    index: int
    entry: bytes
    proof: list[bytes]


def _proven(bundle: Bundle, name: str) -> list[Proven]:
    rows = [_json(line) for line in bundle.text(name).splitlines()]
    return [
        Proven(_number(row, "index"), str(row.get("entry")).encode(), _hashes(row, "proof"))
        for row in rows
    ]


def _split(data: bytes) -> list[bytes]:
    """The entries of an entry bundle: each behind its length in two bytes (C2SP tlog-tiles)."""
    entries, at = [], 0
    while at + 2 <= len(data):
        end = at + 2 + (data[at] << 8 | data[at + 1])
        if end > len(data):
            break
        entries.append(data[at + 2 : end])
        at = end
    return entries


def _entries(bundle: Bundle, manifest: Manifest) -> Iterator[Group]:
    """Step 3: the entries in order, each compared with its leaf hash."""
    for start in range(manifest.first, manifest.end, TILE_WIDTH):
        width = min(TILE_WIDTH, manifest.end - start)
        index = start // TILE_WIDTH
        entries = _split(bundle.find(tile_path("entries", index, width)) or b"")
        if len(entries) != width:
            raise Tampered(3, f"entry {start + min(len(entries), width)} is missing or surplus")
        hashes = [sha256(b"\x00" + entry).digest() for entry in entries]
        tile = bundle.find(tile_path("0", index, width)) or b""
        if b"".join(hashes) != tile:
            bad = (i for i, found in enumerate(hashes) if found != tile[32 * i : 32 * i + 32])
            where = f"entry {start + next(bad, width)}"
            raise Tampered(3, f"{where} is not what was logged there: edited, moved or replaced")
        yield entries, hashes


# --- The plan ------------------------------------------------------------------------------------


@dataclass
class Report:
    """What was checked, one line per step, and what the reader should know besides."""

    steps: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def verify_bundle(bundle: Bundle, kept: Checkpoint | None = None) -> Report:
    """Runs the plan of the module's docstring over a bundle.

    Args:
        bundle: The exported log.
        kept: The reader's own earlier checkpoint.

    Raises:
        Tampered: At the first step that does not hold.
        Unusable: If the bundle cannot be read.
    """
    report = Report()
    manifest = Manifest.read(bundle.text("manifest.json"))
    newest = Checkpoint.parse(bundle.text("checkpoint"))
    series = [*_checkpoints(bundle), newest]
    rotations = _proven(bundle, "rotations.jsonl")

    # 1
    first = Key.parse(bundle.text("first-key"))
    tenures = tenures_of(first, [(each.index, each.entry) for each in rotations])
    report.steps.append((1, f"keys: {', '.join(each.key.id for each in tenures)}"))
    # 2
    count = check_signatures([*series, *([kept] if kept else [])], tenures)
    report.steps.append((2, f"signatures: {count} checkpoints signed by the key in office"))
    # 3, 4, 5
    check_order(series)
    if manifest.holds == "entries":
        _check_entries(bundle, manifest, series, kept, report)
    # 6
    _check_proofs(rotations, newest, "")
    if manifest.holds == "subject":
        _check_subject(bundle, manifest, newest, report)
    # 7
    if kept:
        _check_kept(kept, newest, manifest, report)
    else:
        report.notes.append(
            "no earlier checkpoint of your own was given: a log rewritten and signed"
            " anew by whoever holds the key would pass (--checkpoint FILE)"
        )
    return report


def _checkpoints(bundle: Bundle) -> list[Checkpoint]:
    lines = bundle.text("checkpoints.jsonl").splitlines()
    return [Checkpoint.parse(str(_json(line).get("note"))) for line in lines]


def _check_entries(
    bundle: Bundle,
    manifest: Manifest,
    series: Sequence[Checkpoint],
    kept: Checkpoint | None,
    report: Report,
) -> None:
    first, end, newest = manifest.first, manifest.end, series[-1]
    marks = [Mark(each) for each in series] + ([Mark(kept, step=7)] if kept else [])
    inside = [mark for mark in marks if first <= mark.checkpoint.size <= end]
    inside.sort(key=lambda mark: (mark.checkpoint.size, mark.step))
    before = _grown(Frontier(), manifest.left, 0, first)
    done = replay(_entries(bundle, manifest), inside, before)
    whole = _grown(done.frontier, manifest.right, end, newest.size)
    if whole.size != newest.size or whole.root() != newest.root:
        raise Tampered(4, f"the root at size {newest.size} is not that of the newest checkpoint")
    report.steps.append((3, f"entries: {first} to {end - 1}, {end - first} in all, none missing"))
    report.steps.append((4, f"root: equal at {len(inside)} checkpoints and at size {newest.size}"))
    report.steps.append((5, f"time: holds, up to {_utc(newest.at)}"))
    note_late(report, done.late)


def note_late(report: Report, late: Sequence[int]) -> None:
    """Tell of the late entries (step 5), if there are any."""
    if late:
        report.notes.append(
            f"{len(late)} entries are over an hour older than the checkpoint before them, the"
            f" first is {late[0]}"
        )


def _grown(frontier: Frontier, nodes: Sequence[bytes], start: int, end: int) -> Frontier:
    """The frontier after the subtrees over entries ``start`` to ``end``."""
    levels = [level for level, _ in spans(start, end)]
    if len(levels) != len(nodes):
        raise Tampered(4, f"the subtrees over entries {start} to {end - 1} are missing")
    for level, node in zip(levels, nodes, strict=True):
        frontier = frontier.extend([node], level)
    return frontier


def _check_proofs(proven: Iterable[Proven], newest: Checkpoint, subject: str) -> None:
    """Step 6: every entry lies in the tree, in order, and is about the subject, if one is named."""
    last = -1
    for each in proven:
        if not inclusion_holds(each.entry, each.index, newest.size, each.proof, newest.root):
            raise Tampered(6, f"entry {each.index} is not in the log that was signed")
        if each.index <= last or (subject and _json(each.entry).get("subject") != subject):
            raise Tampered(6, f"entry {each.index} is repeated, out of order or of someone else")
        last = each.index


def _check_subject(bundle: Bundle, manifest: Manifest, newest: Checkpoint, report: Report) -> None:
    entries = _proven(bundle, "proofs.jsonl")
    _check_proofs(entries, newest, manifest.subject)
    report.steps.append((6, f"proofs: {len(entries)} entries of {manifest.subject} are in the log"))
    report.notes.append(
        "a proof shows that an entry is in the log, not that no other exists: for"
        " that, verify a bundle of the whole log"
    )


def _check_kept(kept: Checkpoint, newest: Checkpoint, manifest: Manifest, report: Report) -> None:
    if kept.size > newest.size:
        raise Tampered(
            7,
            f"rolled back: you kept a checkpoint of {kept.size} entries, the newest"
            f" here has {newest.size}; entry {newest.size} is the first one gone",
        )
    if kept.size < newest.size and kept.at > newest.at:
        raise Tampered(7, "the newest checkpoint is older than the one that you kept")
    replayed = manifest.holds == "entries" and manifest.first <= kept.size <= manifest.end
    size, proof = manifest.earlier
    if not replayed and kept.size not in (size, newest.size, 0):
        raise Unusable(
            f"the bundle has no proof from your checkpoint of {kept.size} entries: ask"
            " for one made with hub audit export --checkpoint FILE"
        )
    if kept.size == newest.size:
        proof = []
    pair = (kept.size, kept.root), (newest.size, newest.root)
    if not replayed and not consistency_holds(*pair, proof):
        raise Tampered(
            7,
            f"the log does not continue your checkpoint: something before entry"
            f" {kept.size} was changed",
        )
    report.steps.append((7, f"earlier: the log continues your checkpoint of {kept.size} entries"))


def _utc(micros: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(micros // 1_000_000))


# --- The command ---------------------------------------------------------------------------------


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="cxhub-verify",
        description="Check an exported cxhub audit log: exit 0 intact, 1 tampered, 2 unreadable.",
    )
    parser.add_argument("bundle", type=Path, help="folder or .zip written by: hub audit export")
    parser.add_argument("--checkpoint", type=Path, help="file with checkpoints you kept")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(argv)


def _run(bundle: Path, checkpoint: Path | None) -> Report:
    try:
        kept = Checkpoint.newest_in(checkpoint.read_text("utf-8")) if checkpoint else None
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"{checkpoint}: {error}") from error
    return verify_bundle(Bundle(bundle), kept)


def _print(report: Report, result: str, as_json: bool) -> None:
    if as_json:
        steps = [{"step": number, "found": text} for number, text in report.steps]
        print(json.dumps({"result": result, "steps": steps, "notes": report.notes}, indent=2))
        return
    for number, text in report.steps:
        print(f"  {number}  {text}")
    for note in report.notes:
        print(f"  note: {note}")
    print(result)


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code after checking the bundle that the command line names."""
    arguments = _arguments(argv)
    report, code = Report(), EXIT_OK
    try:
        report = _run(arguments.bundle, arguments.checkpoint)
        result = "OK: every step holds"
    except Tampered as finding:
        code, result = EXIT_TAMPERED, f"TAMPERED: step {finding.step}: {finding}"
    except Unusable as problem:
        code, result = EXIT_UNUSABLE, f"UNUSABLE: {problem}"
    _print(report, result, arguments.json)
    return code


if __name__ == "__main__":
    sys.exit(main())
