"""Record ids: fifteen characters that mind case, and three for those who do not mind it.

Source: Salesforce Help, "What are the differences between 15 and 18 character record IDs" (read
November 2026).
"""

from __future__ import annotations

import re

ORG = "00D5g0000004C01EAE"
INSTANCE = "5g"

_ID = re.compile(r"[A-Za-z0-9]{15}|[A-Za-z0-9]{18}")
_CHECKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def numbered(prefix: str, number: int) -> str:
    """The id of the org's ``number``-th record of the kind that ``prefix`` stands for.

    >>> numbered("003", 10_001)
    '0035g0000010001AAA'
    """
    return normal(f"{prefix}{INSTANCE}{number:010d}")


def normal(text: str) -> str:
    """The id in eighteen characters; empty if ``text`` is no id at all.

    >>> normal("0015500001QdZPK"), normal("somebody")
    ('0015500001QdZPKAA3', '')
    """
    if not _ID.fullmatch(text):
        return ""
    short = text[:15]
    whole = short + "".join(_check(short[start : start + 5]) for start in (0, 5, 10))
    return whole if len(text) == 15 or whole == text else ""


def number_of(record_id: str) -> int:
    """The running number inside an id of this org; 0 for ids from elsewhere."""
    digits = record_id[5:15]
    return int(digits) if digits.isdecimal() else 0


def _check(chunk: str) -> str:
    bits = sum(1 << place for place, sign in enumerate(chunk) if sign.isupper())
    return _CHECKS[bits]
