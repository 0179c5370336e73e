"""Durations as text."""

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from hub.core.durations import Duration, duration_text, seconds


class Every(BaseModel):
    every: Annotated[int, Duration("10s", "1h")]


@given(st.integers(0, 10**9 - 1))  # nine digits may be written
def test_text_of_a_duration_reads_back(value: int) -> None:
    """Printing and reading are inverse, so ``config show`` can be pasted back."""
    assert seconds(duration_text(value)) == value


@pytest.mark.parametrize("text", ["", "15", "m", "1.5h", "-1s", "15 m", "1h30m", "15M", "١s"])
def test_anything_else_is_no_duration(text: str) -> None:
    """A number without unit is ambiguous, so it is refused like any other text."""
    with pytest.raises(ValueError, match="not a duration"):
        seconds(text)


@pytest.mark.parametrize(("text", "allowed"), [("9s", 0), ("10s", 1), ("60m", 1), ("61m", 0)])
def test_limits_are_inclusive(text: str, allowed: bool) -> None:
    """The shortest and the longest duration are themselves allowed."""
    try:
        Every.model_validate({"every": text})
    except ValidationError as err:
        assert not allowed
        assert "from 10s to 1h" in err.errors()[0]["ctx"]["wanted"]
    else:
        assert allowed
