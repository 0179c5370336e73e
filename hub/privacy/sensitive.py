"""Names under which the law's sensitive kinds of personal data hide.

A system is never given a field, nor told a segment, whose name says or infers such a thing. Names
are all that can be looked at: what a harmless name stands for is the business's own word. A name
that is caught by mistake is given another one; there is no switch.

Source: GDPR Art. 9(1), special categories: racial or ethnic origin, political opinions, religious
or philosophical beliefs, trade union membership, genetic data, biometric data, health, sex life or
sexual orientation. Privacy Act 1988 (Cth) s 6(1), "sensitive information": the same, and criminal
record.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Final

BEGINNINGS: Final[dict[str, tuple[str, ...]]] = {
    "racial or ethnic origin": ("ethnic", "racial", "indigen", "aborigin", "immigra"),
    "political opinions": ("politic", "voter", "voting intention", "party member"),
    "religious or philosophical beliefs": (
        "relig", "faith group", "catholic", "muslim", "islam", "jewish", "hindu", "buddhis",
        "atheis",
    ),
    "trade union membership": ("trade union", "labour union", "labor union", "union member"),
    "genetic data": ("genetic", "genome", "dna"),
    "biometric data": ("biometric", "faceprint", "voiceprint"),
    "health": (
        "pregnan", "diagnos", "disabilit", "illness", "disease", "medical", "medicat", "diabet",
        "health condition", "mental health", "depressi", "addict", "fertilit", "hiv",
    ),
    "sex life or sexual orientation": ("sexual", "lesbian", "lgbt", "transgender", "queer"),
    "criminal record": ("criminal", "convict"),
}  # fmt: skip
"""Kind of data to how the words begin that name it. ``health`` alone is not among them: it is what
the trade calls the state of a customer relationship."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER = re.compile(r"[^a-z0-9]+")


def kind_of(name: str) -> str | None:
    """The sensitive kind of data that ``name`` names or infers, or None.

    >>> kind_of("seg_LikelyPregnant"), kind_of("customer_health"), kind_of("union-member")
    ('health', None, 'trade union membership')
    """
    words = " " + _OTHER.sub(" ", _HUMP.sub(" ", name).lower())
    return next(
        (
            kind
            for kind, beginnings in BEGINNINGS.items()
            if any(f" {beginning}" in words for beginning in beginnings)
        ),
        None,
    )


def is_barred(name: str, never: tuple[str, ...]) -> bool:
    """Whether one of the patterns in ``never`` is about ``name``; capitals do not matter.

    >>> is_barred("voice.verbatim", ("voice.*",)), is_barred("who.name", ("voice.*",))
    (True, False)
    """
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in never)
