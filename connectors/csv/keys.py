"""What identifies a record: columns that the admin names, or the line itself.

A line without a key of its own is identified by its columns, a digest of all its fields and the
count of identical lines so far in the whole file set, such as ``536365|9c1f0e2ab04d7731|1``. The
digest is taken over decoded fields in the order of the column names, so shuffling the lines,
splitting the file, changing its encoding, quoting or column order changes no key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from operator import itemgetter

from hub.core.connector import Row

LINE_KEY = "#key"
"""Field that a row gets when the line is part of its key."""

_DIGEST = 8  # bytes: two of half a million lines agree with probability 1e-8, and are then counted

KeysOf = Callable[[Sequence[Sequence[str]]], list[str]]
"""Keys of many records at once; the empty text where a key column is empty."""


def column_key(columns: Sequence[str]) -> Callable[[Row], str]:
    """A function from a row to the text of its key columns, as ``Stream.key`` needs it."""
    return lambda row: joined([str(row[column]) for column in columns])


def joined(parts: Sequence[str]) -> str:
    r"""Key columns as one text; several are kept apart whatever they contain.

    >>> joined([" 7 "]), joined(["a|b", "c"]), joined(["a", ""])
    ('7', 'a\\|b|c', '')
    """
    plain = [part.strip() for part in parts]
    if len(plain) == 1:
        return plain[0]
    if not all(plain):
        return ""
    return "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in plain)


def keys_by_column(names: Sequence[str], columns: Sequence[str]) -> KeysOf:
    """Keys that are texts of columns."""
    if len(columns) == 1:
        index = names.index(columns[0])
        return lambda rows: [fields[index].strip() for fields in rows]
    pick = itemgetter(*map(names.index, columns))
    return lambda rows: [joined(pick(fields)) for fields in rows]


def keys_by_line(names: Sequence[str], columns: Sequence[str]) -> KeysOf:
    """Keys of columns and line digest, not yet numbered."""
    prefix = keys_by_column(names, columns)
    order = sorted(range(len(names)), key=lambda index: names[index].casefold())
    pick = itemgetter(*order) if len(order) > 1 else tuple[str, ...]

    def keys(rows: Sequence[Sequence[str]]) -> list[str]:
        # NUL separates unambiguously: a line that contains one never gets here.
        texts = map("\0".join, map(pick, rows))
        digests = [blake2b(text.encode(), digest_size=_DIGEST).hexdigest() for text in texts]
        return [f"{start}|{digest}" for start, digest in zip(prefix(rows), digests, strict=True)]

    return keys
