"""Bundles: the log, a range of it or one person's entries, to verify without the hub.

    manifest.json       what the bundle says it holds
    first-key           the verifier key that the log began with (C2SP signed-note)
    rotations.jsonl     every key rotation with its inclusion proof
    checkpoint          the newest signed checkpoint (C2SP tlog-checkpoint)
    checkpoints.jsonl   the earlier ones within the range
    tile/entries/…      the entries, 256 in a file (C2SP tlog-tiles)
    tile/0/…            their leaf hashes, 256 in a file: they name the entry that was changed
    proofs.jsonl        one person's entries, each with its inclusion proof

``verify.py`` reads it and goes along: a copy is put beside the bundle.
"""

from __future__ import annotations

import base64
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
from sqlalchemy import ColumnElement, Connection, select

from hub.audit import verify
from hub.audit.checkpoint import newest, notes_between
from hub.audit.log import entries
from hub.audit.merkle import Tree
from hub.audit.signing import first_key
from hub.audit.verify import FORMAT, ROTATED, TILE_WIDTH, tile_path
from hub.core.errors import ConfigError, NotFound
from hub.store.engine import Store
from hub.store.schema import audit_leaves

VERIFIER = "cxhub-verify.py"
FETCH = 20 * TILE_WIDTH

Write = Callable[[str, bytes], object]
"""Puts a file into the bundle."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What went out.

    Attributes:
        size: Entries that the newest checkpoint covers.
        count: Entries in the bundle.
        checkpoint: The signed note, for the reader to keep.
    """

    size: int
    count: int
    checkpoint: str


def export_range(
    store: Store, target: Path, start: int = 0, end: int | None = None, kept: int = 0
) -> Exported:
    """Writes the entries from ``start`` to below ``end`` into a folder or a .zip.

    Args:
        store: Where the log is.
        target: A new folder, or a new file that ends with ``.zip``.
        start: First index; moved back to the start of its file of 256.
        end: Index after the last, moved on likewise; all that is signed, by default.
        kept: Size of a checkpoint that the reader kept, to prove consistency with.

    Raises:
        NotFound: If nothing is signed yet, or the range is empty.
        ConfigError: If ``target`` exists.
    """
    with store.read() as connection, _bundle(target) as write:
        signed = _Signed.read(connection, kept)
        first = start // TILE_WIDTH * TILE_WIDTH
        stop = signed.size if end is None else -(-end // TILE_WIDTH) * TILE_WIDTH
        stop = min(stop, signed.size)
        if first >= stop:
            raise NotFound(f"no signed entry from {start} on; the log has {signed.size}")
        for at in range(first, stop, FETCH):
            _write_tiles(write, at, entries(connection, at, min(at + FETCH, stop)), signed.tree)
        sides = {
            "left": _encoded(signed.tree.nodes(0, first)),
            "right": _encoded(signed.tree.nodes(stop, signed.size)),
        }
        claims = {"holds": "entries", "first": first, "end": stop, **sides}
        notes = notes_between(connection, first, min(stop, signed.size - 1))
        _write_frame(connection, write, signed, claims, notes)
    return Exported(signed.size, stop - first, signed.note)


def export_subject(store: Store, target: Path, subject: str, kept: int = 0) -> Exported:
    """Writes one person's entries, each with its inclusion proof, into a folder or a .zip.

    Args:
        store: Where the log is.
        target: A new folder, or a new file that ends with ``.zip``.
        subject: The person's pseudonym in the log.
        kept: Size of a checkpoint that the reader kept, to prove consistency with.

    Raises:
        NotFound: If nothing is signed yet, or no signed entry is about the subject.
        ConfigError: If ``target`` exists.
    """
    with store.read() as connection, _bundle(target) as write:
        signed = _Signed.read(connection, kept)
        about = list(_proven(connection, signed, audit_leaves.c.subject == subject))
        if not about:
            raise NotFound(f"no signed entry is about {subject}")
        write("proofs.jsonl", b"".join(about))
        sides = {"first": 0, "end": 0, "left": [], "right": []}
        claims = {"holds": "subject", "subject": subject, **sides}
        _write_frame(connection, write, signed, claims, [])
    return Exported(signed.size, len(about), signed.note)


@dataclass(frozen=True, slots=True)
class _Signed:
    """The part of the log under the newest checkpoint."""

    note: str
    size: int
    tree: Tree
    kept: int

    @classmethod
    def read(cls, connection: Connection, kept: int) -> _Signed:
        last = newest(connection)
        if last is None:
            raise NotFound("the audit log has no signed entry yet")
        index = audit_leaves.c.idx
        query = select(audit_leaves.c.leaf_hash).where(index >= 0, index < last.size)
        hashes = connection.execute(query.order_by(index)).scalars().all()
        note = notes_between(connection, last.size - 1, last.size)[0]
        return cls(note, last.size, Tree(hashes), kept)


@contextmanager
def _bundle(target: Path) -> Iterator[Write]:
    """Writes into a draft beside ``target``, which appears whole or not at all."""
    if target.exists():
        raise ConfigError(f"{target} exists; name a new folder or .zip", code="HUB-203")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.partial")
    is_zip = target.suffix == ".zip"
    try:
        if is_zip:
            with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
                yield file.writestr
        else:
            yield lambda name, data: _write_file(draft / name, data)
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True) if is_zip else shutil.rmtree(draft, ignore_errors=True)
    shutil.copyfile(verify.__file__, target.with_name(VERIFIER))


def _write_file(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _write_tiles(write: Write, start: int, found: Sequence[bytes], tree: Tree) -> None:
    for at in range(0, len(found), TILE_WIDTH):
        part = found[at : at + TILE_WIDTH]
        index, first = (start + at) // TILE_WIDTH, start + at
        data = b"".join(len(entry).to_bytes(2) + entry for entry in part)
        write(tile_path("entries", index, len(part)), data)
        write(tile_path("0", index, len(part)), tree.leaves(first, first + len(part)))


def _write_frame(
    connection: Connection,
    write: Write,
    signed: _Signed,
    claims: Mapping[str, object],
    notes: Iterable[str],
) -> None:
    tree, size, kept = signed.tree, signed.size, signed.kept
    proof = tree.consistency(kept, size) if 0 < kept < size else []
    manifest = {
        **claims,
        "format": FORMAT,
        "earlier_size": kept,
        "earlier_proof": _encoded(proof),
    }
    write("manifest.json", orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    write("checkpoint", signed.note.encode())
    write("checkpoints.jsonl", b"".join(_line({"note": note}) for note in notes))
    rotations = _proven(connection, signed, audit_leaves.c.kind == ROTATED)
    write("rotations.jsonl", b"".join(rotations))
    write("first-key", f"{first_key(connection)}\n".encode())


def _proven(connection: Connection, signed: _Signed, which: ColumnElement[bool]) -> Iterator[bytes]:
    index = audit_leaves.c.idx
    query = select(index, audit_leaves.c.body).where(which, index < signed.size).order_by(index)
    for at, entry in connection.execute(query):
        proof = _encoded(signed.tree.inclusion(at, signed.size))
        yield _line({"index": at, "entry": entry.decode(), "proof": proof})


def _encoded(hashes: Iterable[bytes]) -> list[str]:
    return [base64.b64encode(each).decode() for each in hashes]


def _line(fields: dict[str, object]) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)
