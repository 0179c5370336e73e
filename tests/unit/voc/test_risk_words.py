"""What systems are told of a reason: words for every signal, which no passing day changes."""

from __future__ import annotations

import re

import pytest

from hub.voc.rise import WORDS
from hub.voc.risk import SIGNALS


@pytest.mark.parametrize("signal", [s.id for s in SIGNALS if s.points > 0])
def test_every_signal_has_words_that_stand_still(signal: str) -> None:
    """A signal without words would tell systems its own, with days in them, every day anew."""
    assert signal in WORDS
    assert not re.search(r"\d", WORDS[signal])
