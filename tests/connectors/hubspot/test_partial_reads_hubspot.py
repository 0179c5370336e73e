"""A batch that HubSpot read only in part says nothing of the rest."""

from __future__ import annotations

import pytest

from connectors.hubspot.api import _whole
from hub.core.errors import RetryLater
from hub.core.http import Response


def answer(*categories: str) -> Response:
    """A batch read with one record, and an error of each category."""
    errors = [{"category": category, "context": {"ids": ["2"]}} for category in categories]
    return Response(207, {}, {"results": [{"id": "1"}], "errors": errors})


def test_records_that_are_not_there_are_absent() -> None:
    """That is how HubSpot tells of a deleted one."""
    missing = answer("OBJECT_NOT_FOUND")

    assert _whole(missing) is missing


@pytest.mark.parametrize("category", ["INTERNAL_ERROR", "RATE_LIMITS", ""])
def test_records_that_could_not_be_read_are_asked_for_again(category: str) -> None:
    """Taken for absent, a live contact would be deleted, or a ticket would lose its customer."""
    with pytest.raises(RetryLater, match="could not be read"):
        _whole(answer("OBJECT_NOT_FOUND", category))
