"""A store that customers have a past in."""

from __future__ import annotations

import pytest

from hub.store.engine import Store
from tests.unit.journeys.histories import History


@pytest.fixture
def history(store: Store) -> History:
    """A store without customers."""
    return History(store)
