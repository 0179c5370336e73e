"""Dated versions of the Admin API, and what a shop answers to one that is no longer supported.

Source: Shopify "About API versioning" (read November 2026): a version lives at least 12 months;
what is older is served by the oldest one that is still supported, and the answer's
``X-Shopify-API-Version`` says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from connectors.shopify.emulator.refusals import Refusal

SUPPORTED = ("2026-01", "2026-04", "2026-07", "2026-10")
"""Oldest first."""
EXACT_SECONDS_SINCE = "2026-10"
"""First version whose exclusive time filters leave out the whole second."""

_DATED = re.compile(r"20\d\d-(01|04|07|10)")


def served_by(asked: str) -> str:
    """The version that answers a request for ``asked``.

    >>> served_by("2025-07"), served_by("2026-10")
    ('2026-01', '2026-10')

    Raises:
        Refusal: 404 for a version that never was or is not out yet.
    """
    if asked in SUPPORTED:
        return asked
    if not _DATED.fullmatch(asked) or asked > SUPPORTED[-1]:
        raise Refusal(404)
    return SUPPORTED[0]


def headers(asked: str, served: str) -> Mapping[str, str]:
    """The headers that tell which version answered."""
    told = {"x-shopify-api-version": served}
    if asked != served:
        told["x-shopify-api-version-warning"] = "https://shopify.dev/concepts/about-apis/versioning"
    return told
