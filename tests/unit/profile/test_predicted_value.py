"""How predicted value stands in the profile."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.core.settings import DEFAULT_PURPOSES
from hub.privacy.permissions import Permissions
from hub.profile.sources import Number, Sources
from hub.profile.unified import compose

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "status", "expected"),
    [
        (12_000, "ok", {"value": 120.0}),
        (12_000, "degenerate fit", {"value": 120.0, "status": "degenerate fit"}),
        (None, "insufficient", {"value": None, "status": "insufficient"}),
    ],
    ids=["fitted", "degenerate", "insufficient"],
)
def test_predicted_value_is_in_major_units_and_says_how_far_to_trust_it(value, status, expected):
    """A degenerate fit and too little data are told where the number is read."""
    number = Number("clv_predicted", "GBP", value, None, status, "clv_predicted@1", NOW)
    sources = Sources("g1", {}, Permissions((), DEFAULT_PURPOSES, 10**15), [number], [])

    profile: Any = compose(sources, NOW)

    leaf = profile["value"]["clv_predicted"]
    assert {name: leaf[name] for name in ("value", "status") if name in leaf} == expected
    assert leaf["purpose"] == "analytics"
