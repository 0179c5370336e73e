"""Which encoding a file is in: one decision for the whole file, never a guess per line.

A byte order mark decides. Otherwise the whole content is tried as UTF-8, which hardly any text in
another encoding satisfies by accident. A file that fails is Windows-1252 only if that makes sense
of all the lines that failed; a UTF-8 file with a few broken lines stays UTF-8, and those lines go
to quarantine.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

from hub.core.errors import StopRun

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MOST_BROKEN = 0.05  # of the lines; beyond that the encoding is wrong, not the lines
_MOSTLY = 0.9

# What Western European text has beyond ASCII, as Windows-1252 decodes it. A random byte lands
# outside in most cases: controls, ÿ, þ, ×, ¤ and their like hardly occur in names and products.
_PLAUSIBLE = re.compile("[À-ÖØ-Ýß-öø-ýŠšŽžŒœŸ‘’‚“”„‹›–—…•€£¥§°²³´·ºª«»½¼¾®©™¡¿\u00a0\x00-\x7f]*")


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to decode a file.

    Args:
        codec: Name of a stateless Python codec.
        mark: Bytes of the byte order mark, to be skipped.
    """

    codec: str
    mark: int = 0

    @property
    def errors(self) -> str:
        """Error handler that keeps undecodable input recognisable and re-encodable."""
        return "surrogatepass" if self.codec.startswith("utf-16") else "surrogateescape"

    def bytes_of(self, text: str) -> bytes:
        """Exactly the bytes that were decoded to ``text``."""
        return text.encode(self.codec, self.errors)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one look at the whole content showed.

    Args:
        marked: Encoding that a byte order mark or the pattern of zero bytes tells, if any.
        utf8: Whether the whole content is valid UTF-8.
        ascii: Whether it is plain ASCII.
    """

    marked: Encoding | None
    utf8: bool
    ascii: bool


class Witness:
    """Collects :class:`Evidence` block by block."""

    def __init__(self) -> None:
        self._marked: Encoding | None = None
        self._first = True
        self._ascii = True
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._utf8 = True

    def see(self, block: bytes) -> None:
        """Take in the next block."""
        if self._first:
            self._marked, self._first = _marked(block), False
        if self._ascii and block.isascii():
            return
        self._ascii = False
        self._decode(block, final=False)

    def evidence(self) -> Evidence:
        """The verdict once everything was seen."""
        self._decode(b"", final=True)
        return Evidence(self._marked, self._utf8, self._ascii)

    def _decode(self, block: bytes, *, final: bool) -> None:
        if self._utf8:
            try:
                self._decoder.decode(block, final)
            except UnicodeDecodeError:
                self._utf8 = False


def _marked(head: bytes) -> Encoding | None:
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return Encoding(codec, len(mark))
    return _by_zeros(head[:4096])


def _by_zeros(head: bytes) -> Encoding | None:
    """UTF-16 without a mark: every other byte of ordinary text is zero."""
    if len(head) < 4:
        return None
    even, odd = (half.count(0) / len(half) for half in (head[::2], head[1::2]))
    if odd > 0.4 and even < 0.05:
        return Encoding("utf-16-le")
    return Encoding("utf-16-be") if even > 0.4 and odd < 0.05 else None


def decide(declared: str, evidence: Evidence, lines: Iterable[bytes], where: str) -> Encoding:
    """The encoding of the file.

    Args:
        declared: What the settings say; ``auto`` leaves it to the content.
        evidence: What the content shows.
        lines: The content's lines, read only when nothing else decides.
        where: File, for messages.

    Raises:
        StopRun: If declaration and content contradict each other, or nothing fits.
    """
    if declared == "auto":
        return evidence.marked or (Encoding("utf-8") if evidence.utf8 else _judge(lines, where))
    if declared == "utf-16":
        if evidence.marked and evidence.marked.codec.startswith("utf-16"):
            return evidence.marked
        raise _contradiction(where, declared, evidence)
    family = codecs.lookup(declared).name
    if family == "utf-8" and (evidence.marked is None or evidence.marked.codec == "utf-8"):
        return evidence.marked or Encoding("utf-8")
    if evidence.marked or (evidence.utf8 and not evidence.ascii):
        raise _contradiction(where, declared, evidence)
    return Encoding(family)


def _contradiction(where: str, declared: str, evidence: Evidence) -> StopRun:
    found = evidence.marked.codec if evidence.marked else "utf-8"
    if declared == "utf-16":
        found = "a file without byte order mark"
    return StopRun(
        f'{where}: encoding = "{declared}" is declared, but the content is {found}; reading it so '
        'would garble every accent. Correct encoding, or set encoding = "auto".',
        code="HUB-122",
    )


def _judge(lines: Iterable[bytes], where: str) -> Encoding:
    total = good = broken = western = 0
    for line in lines:
        total += 1
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            good += 1
        except UnicodeDecodeError:
            broken += 1
            western += _is_western(line)
    if broken > 10 * good and western >= _MOSTLY * broken:
        return Encoding("cp1252")
    if broken <= _MOST_BROKEN * total:
        return Encoding("utf-8")
    raise StopRun(
        f"{where}: the content is neither UTF-8 nor Windows-1252. Declare its encoding, such as "
        'encoding = "iso-8859-2", in the settings of the stream.',
        code="HUB-122",
    )


def _is_western(line: bytes) -> bool:
    try:
        return _PLAUSIBLE.fullmatch(line.decode("cp1252")) is not None
    except UnicodeDecodeError:
        return False
