"""Typed CSV: what the hub writes into files and can read back without guessing.

Texts are quoted, everything else is bare: ``"+61400000001",3,true,`` is a text, a number, a flag
and nothing. So a phone number stays a text, a leading zero stays, an empty text differs from none,
and no schema has to travel with the file.

``guard=True`` is for files that people open in a spreadsheet: a text that a spreadsheet would run
as a formula gets a leading apostrophe. Such a file is for eyes; a machine reads the unguarded one.
Source: OWASP, "CSV Injection" (leading ``= + - @`` tab and carriage return), extended to full-width
forms, which spreadsheets fold before they look.
"""

from __future__ import annotations

import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from hub.core.connector import Value
from hub.core.errors import Unavailable

_TRIGGERS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'")  # the apostrophe keeps it reversible
_FORMULA: Final = frozenset("=+-@")
_CELL: Final = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|$)')
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_FLOAT: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?")
_WORDS: Final[dict[str, Value]] = {"": None, "true": True, "false": False}


def line(values: Sequence[Value], *, guard: bool = False) -> str:
    """One line of typed CSV, with its line end.

    >>> print(line(["+61400000001", 3, True, None, 'a "b" c']), end="")
    "+61400000001",3,true,,"a ""b"" c"
    >>> print(line(["=1+1"], guard=True), end="")
    "'=1+1"
    """
    return ",".join(_cell(value, guard=guard) for value in values) + "\n"


def _cell(value: Value, *, guard: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = guarded(value) if guard else value
        return '"' + text.replace('"', '""') + '"'
    return repr(value)


def records(lines: Iterable[str], *, guard: bool = False) -> Iterator[list[Value]]:
    """The values of each record in a typed CSV file; a quoted text may span lines.

    Raises:
        ValueError: If quotation marks do not match.
    """
    record = ""
    for text in lines:
        record += text
        if record.count('"') % 2 == 0:
            yield values(record, guard=guard)
            record = ""
    if record:
        raise ValueError("quotation marks that do not match")


def values(text: str, *, guard: bool = False) -> list[Value]:
    """The values that :func:`line` wrote; bare texts, as people leave them, are read as texts.

    >>> values('"007",7,1.5,false,"",,plain')
    ['007', 7, 1.5, False, '', None, 'plain']

    Raises:
        ValueError: If quotation marks do not match.
    """
    found: list[Value] = []
    position, text = 0, text.removesuffix("\n").removesuffix("\r")
    while True:
        match = _CELL.match(text, position)
        if match is None:
            raise ValueError("quotation marks that do not match")
        quoted, bare, end = match.groups()
        if quoted is None:
            found.append(_bare(bare))
        else:
            plain = quoted.replace('""', '"')
            found.append(unguarded(plain) if guard else plain)
        if not end:
            return found
        position = match.end()


def _bare(text: str) -> Value:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def guarded(text: str) -> str:
    """``text`` so that no spreadsheet runs it.

    >>> guarded("＝cmd()"), guarded("plain")
    ("'＝cmd()", 'plain')
    """
    folded = unicodedata.normalize("NFKC", text)
    seen = next((char for char in folded if not _is_unseen(char)), "")
    return "'" + text if text.startswith(_TRIGGERS) or seen in _FORMULA else text


def _is_unseen(char: str) -> bool:
    """Whether a spreadsheet may skip it: blanks, marks of direction and width, control codes."""
    return char.isspace() or unicodedata.category(char) in ("Cf", "Cc")


def unguarded(text: str) -> str:
    """The text that :func:`guarded` was given."""
    return text.removeprefix("'")


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A text file that takes the place of ``path`` once it is complete and on disk, or never.

    Raises:
        Unavailable: If it cannot be written, as on a full disk; the old file is as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", text=False)
    except OSError as err:
        raise _unwritable(path, err) from err
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as err:
        raise _unwritable(path, err) from err
    finally:
        Path(name).unlink(missing_ok=True)


def _unwritable(path: Path, err: OSError) -> Unavailable:
    return Unavailable(
        f"{path}: cannot be written ({err.strerror}). The file is as it was before. Make room or "
        "permit writing, then run the same command again.",
        code="HUB-503",
    )
