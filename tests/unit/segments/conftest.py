"""A crowd on either database."""

from __future__ import annotations

import pytest

from hub.core.clock import ManualClock
from hub.core.ids import IdSource
from hub.store.engine import Store
from tests.unit.segments.crowd import Crowd


@pytest.fixture
def crowd(store: Store, clock: ManualClock, ids: IdSource) -> Crowd:
    """Nobody yet, on 1 January 2026."""
    return Crowd(store, clock, ids)
