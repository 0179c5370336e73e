"""The files of a stream: which there are, what they hold, and what changed since the last run."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, cast

from msgspec import Struct

from connectors.csv.config import CsvSettings, StreamSettings
from connectors.csv.encoding import Evidence, Witness
from hub.core.errors import StopRun, Unavailable

_BLOCK = 1 << 18
_LONGEST_LINE = 16 << 20
_GZIP = b"\x1f\x8b"


class FileState(Struct, frozen=True, kw_only=True):
    """What a checkpoint remembers of one file.

    Args:
        size: Bytes on disk.
        mtime: Nanoseconds, as the file system keeps them.
        length: Bytes of content, unpacked.
        digest: Of the content.
        at: How much of the content is done.
        line: Number of the line that starts there.
        done: Whether everything was read.
    """

    size: int
    mtime: int
    length: int
    digest: str
    at: int = 0
    line: int = 1
    done: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """One look through a whole file.

    Args:
        path: Where it is.
        name: Path below the folder, as places and messages show it.
        state: Its fingerprint, nothing done.
        evidence: What speaks for which encoding.
        extends: Whether it begins with the content that the checkpoint knows.
    """

    path: Path
    name: str
    state: FileState
    evidence: Evidence
    extends: bool = False


def listed(settings: CsvSettings, stream: StreamSettings) -> dict[str, Path]:
    """Files of the stream by name, in the order they are read.

    Raises:
        Unavailable: If there are none; a missing file is never an empty one.
    """
    patterns = (stream.files,) if isinstance(stream.files, str) else stream.files
    output = settings.output.resolve() if settings.output else None
    found = {
        path.relative_to(settings.folder).as_posix(): path
        for pattern in patterns
        for path in settings.folder.glob(pattern)
        if path.is_file() and path.resolve().parent != output
    }
    if not found:
        raise Unavailable(
            f"{settings.folder}: no file matches {', '.join(patterns)}. Check folder and files in "
            "the settings of the connection.",
            code="HUB-121",
        )
    return dict(sorted(found.items()))


def is_untouched(path: Path, known: FileState | None) -> bool:
    """Whether size and time of change say that a finished file is as it was."""
    if known is None or not known.done:
        return False
    stat = path.stat()
    return (stat.st_size, stat.st_mtime_ns) == (known.size, known.mtime)


def survey(path: Path, name: str, known: FileState | None = None) -> Survey:
    """Look through the whole content of ``path``.

    Raises:
        Unavailable: If it cannot be read.
        StopRun: If it is damaged or no text file.
    """
    whole, witness, length, extends = blake2b(digest_size=16), Witness(), 0, False
    stat = path.stat()
    for block in _blocks(path, name, known.length if known else 0):
        witness.see(block)
        whole.update(block)
        length += len(block)
        if known and length == known.length:
            extends = whole.hexdigest() == known.digest
    state = FileState(
        size=stat.st_size, mtime=stat.st_mtime_ns, length=length, digest=whole.hexdigest()
    )
    return Survey(path, name, state, witness.evidence(), extends)


def _blocks(path: Path, name: str, border: int) -> Iterator[bytes]:
    """The content in blocks, one of which ends exactly at ``border``."""
    position = since_newline = 0
    with content(path, name) as stream:
        while block := stream.read(min(_BLOCK, border - position) if position < border else _BLOCK):
            position += len(block)
            newline = max(block.rfind(b"\n"), block.rfind(b"\r"))
            since_newline = since_newline + len(block) if newline < 0 else 0
            if since_newline > _LONGEST_LINE:
                raise StopRun(
                    f"{name}: a line is longer than {_LONGEST_LINE >> 20} MB, so this is hardly a "
                    "text table. Check files in the settings of the stream.",
                    code="HUB-123",
                )
            yield block


@contextmanager
def content(path: Path, name: str) -> Iterator[BinaryIO]:
    """The unpacked content of ``path``.

    Raises:
        Unavailable: If it cannot be read.
        StopRun: If its compression is damaged.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.peek(2).startswith(_GZIP)
            yield cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
    except (EOFError, gzip.BadGzipFile, zlib.error) as err:
        raise StopRun(
            f"{name}: the gzip data is damaged or cut short. Copy the file again; what was read "
            "before is kept.",
            code="HUB-124",
        ) from err
    except OSError as err:
        raise Unavailable(
            f"{name}: cannot be read ({err.strerror}). Check that the file is there and that the "
            "hub's user may read it.",
            code="HUB-121",
        ) from err
