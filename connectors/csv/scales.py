"""Which question the scores of a file answer, and on which scale."""

from __future__ import annotations

import re
from typing import Any

from connectors.csv.notations import Doubt, Found, Texts
from connectors.csv.vocabulary import plain

_SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "rating": (1, 5)}
_STARS = ("rating", "stars", "sterne", "bewertung")
_SCORE = re.compile(r"\d{1,2}(\.\d+)?")


def scale(column: str, texts: Texts) -> Found:
    """The question and its scale: by the name of the column, else by the scores."""
    name = re.sub("score$", "", plain(column))
    name = "rating" if name in _STARS else name
    scores = [float(text) for text in texts.get(column, ()) if _SCORE.fullmatch(text)]
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    if name in _SCALES and high <= max(_SCALES[name][1], 5):
        return _on_scale(name, *_SCALES[name]), []
    if name == "rating":
        return _on_scale("rating", 1, 10), [Doubt(f"{column} is taken for a rating from 1 to 10.")]
    if 7 < high <= 10:
        told = f"{column} is taken for how likely customers are to recommend (NPS), 0 to 10."
        return _on_scale("nps", 0, 10), [Doubt(told)]
    if low > 0 and high <= 5:
        told = f"{column} is taken for how satisfied customers are (CSAT), 1 to 5."
        return _on_scale("csat", 1, 5), [Doubt(told)]
    return {}, []


def _on_scale(instrument: str, low: int, high: int) -> dict[str, Any]:
    return {"instrument": instrument, "scale_min": low, "scale_max": high}
