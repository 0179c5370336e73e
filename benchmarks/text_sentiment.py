"""Sentiment of 14,640 labelled tweets: lexicon, own model, the majority, and a known peer.

The model tells each tweet by a fit that has not seen it: five folds, equal tweets in one. Its
settings were fixed before the first run; nothing is chosen by the folds' results.
"""

from __future__ import annotations

import csv
import importlib.util
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.results import Finding
from benchmarks.retail import ROOT
from hub.core.records import Feedback
from hub.emulation.world import World
from hub.text.annotation import annotate
from hub.text.aspects import aspect_phrases
from hub.text.entities import catalogue
from hub.text.evaluation import Quality, difference, quality
from hub.text.features import Ints
from hub.text.language import UNKNOWN, identify, read_as
from hub.text.model import LABELS
from hub.text.pairs import label_of_score
from hub.text.reading import Models
from hub.text.sentiment import by_lexicon
from hub.text.tokens import tokenise
from hub.text.training import Corpus, Pair, TooFew, train

TWEETS = ROOT.parent / "shared" / "datasets" / "text" / "airline_sentiment_min.csv"
TIMED = 3_000
ROUNDS = 3

REASONS = {
    "Cancelled Flight": ("cancel", "cancelled", "canceled", "cancelling", "cancellation"),
    "Customer Service Issue": (
        "customer service", "agent", "call", "called", "phone", "hold", "rep", "help", "response",
    ),
    "Flight Booking Problems": ("book", "booked", "booking", "reservation", "site", "website"),
    "Late Flight": ("delay", "delayed", "late", "waiting", "sitting"),
    "Lost Luggage": ("bag", "baggage", "luggage", "suitcase"),
}  # fmt: skip
"""Aspects as an airline might set them; written from the reasons' names, not from the tweets."""


def measure(folder: Path, divisor: int) -> Finding:
    """Every method on the same tweets, in one run."""
    del folder
    if not TWEETS.exists():
        raise RuntimeError("the labelled tweets are not beside the project: nothing to measure")
    with TWEETS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))[::divisor]
    corpus = Corpus.of([Pair(row["text"], row["airline_sentiment"]) for row in rows])  # type: ignore[arg-type]
    texts = [row["text"] for row in rows]
    started = time.process_time()
    told = corpus.cross_validated()
    fitting = time.process_time() - started
    lexicon = corpus.by_rival("en")
    model = corpus.model("en")
    gain = difference(corpus.truth, told, lexicon, corpus.groups, len(LABELS))
    most = np.full_like(corpus.truth, np.bincount(corpus.truth).argmax())
    table = [
        _row("always the commonest label", corpus.truth, most, None),
        _row("lexicon", corpus.truth, lexicon, _micros(lambda t: by_lexicon(tokenise(t)), texts)),
        *_peer(corpus.truth, texts),
        _row("own model, unseen tweets", corpus.truth, told, _micros(_with(model), texts)),
    ]
    return Finding(
        what=f"Sentiment (negative, neutral, positive) of {len(rows):,} labelled airline tweets,"
        f" {len(set(corpus.groups)):,} of them different.",
        columns=("method", "accuracy", "macro-F1", "recall of negatives", "µs of CPU per record"),
        rows=table,
        notes=(
            f"Model minus lexicon, macro-F1: {gain.value:.3f}, 95 % interval {gain.low:.3f} to"
            f" {gain.high:.3f} (paired bootstrap over groups of equal tweets).",
            f"Five fits took {fitting:.1f} CPU seconds; the model of all is"
            f" {len(model.body) / 1e6:.2f} MB as stored and holds no word.",
            "µs: one text at a time, tokenised, with evidence spans; the peer gives none. It reads"
            " the tweets without their handles, one of which it takes for praise.",
            f"Everything (`annotate`): {_micros(_everything, texts):.0f} µs with the lexicon.",
            *_aspects(rows),
            _own_survey(divisor),
        ),
    )


def _row(name: str, truth: Ints, told: Ints, micros: float | None) -> tuple[str, ...]:
    found: Quality = quality(truth, told, len(LABELS))
    figures = (found.accuracy, found.macro_f1, found.recall_negative)
    return (name, *(f"{each:.3f}" for each in figures), f"{micros:.0f}" if micros else "")


def _peer(truth: Ints, texts: Sequence[str]) -> list[tuple[str, ...]]:
    if importlib.util.find_spec("vaderSentiment") is None:
        return [("vaderSentiment: not installed", "", "", "", "")]
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    score = SentimentIntensityAnalyzer().polarity_scores
    # Without handles, as ours masks them: the peer takes @united for a word of praise.
    texts = [re.sub(r"@\w+", "", text) for text in texts]
    compound = np.array([score(text)["compound"] for text in texts])
    told = np.select([compound <= -0.05, compound >= 0.05], [0, 2], 1)
    return [_row("vaderSentiment, thresholds ±0.05", truth, told, _micros(score, texts))]


def _with(model: Callable[..., object]) -> Callable[[str], object]:
    return lambda text: model(tokenise(text))


def _everything(text: str) -> object:
    return annotate(text, _MODELS, _NO_CATALOGUE)


_MODELS, _NO_CATALOGUE = Models(), catalogue([])


def _micros(call: Callable[[str], object], texts: Sequence[str]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for text in texts[:TIMED]:
            call(text)
        best = min(best, time.process_time() - started)
    return best / len(texts[:TIMED]) * 1e6


def _aspects(rows: Sequence[dict[str, str]]) -> list[str]:
    """How well the named reasons of complaints are found as aspects, and as negative ones."""
    models = Models(aspects=aspect_phrases(REASONS))
    negative = [row for row in rows if row["airline_sentiment"] == "negative"]
    hits = told = wanted = 0
    for row in negative:
        found = {each.name for each in annotate(row["text"], models, _NO_CATALOGUE).aspects}
        found &= REASONS.keys()
        hits += row["negativereason"] in found
        told += len(found)
        wanted += row["negativereason"] in REASONS
    return [
        f"Aspects: five reasons of complaint, 4 to 9 terms each, on {len(negative):,} negative"
        f" tweets with one reason each: precision {hits / told:.3f}, recall {hits / wanted:.3f},"
        f" F1 {2 * hits / (told + wanted):.3f}. A tweet may name more than its one labelled"
        " reason, so precision is a floor."
    ]


def _own_survey(divisor: int) -> str:
    """The simulated business's own scores and comments, through the labels that training gives."""
    answers = [
        answer for answer in World.build(1, people=3_000 // divisor).surveys if answer.comment
    ]
    pairs: dict[str, list[Pair]] = defaultdict(list)
    languages: Counter[str] = Counter()
    for answer in answers:
        tokens = tokenise(answer.comment)
        language = identify(tokens)
        right = "right" if language == answer.language else "wrong"
        languages[UNKNOWN if language == UNKNOWN else right] += 1
        label = label_of_score(
            Feedback(
                at=answer.answered_at,
                instrument=answer.instrument.lower(),
                score=answer.score,
                scale_min=answer.scale_min,
                scale_max=answer.scale_max,
            )
        )
        if label is not None:
            pairs[read_as(tokens, language, "en")].append(Pair(answer.comment, label))
    result = train("en", pairs["en"], fewest=100, trained_at="")
    if isinstance(result, TooFew):
        return f"The simulated world's own survey: {result.reason}."
    card = result.card
    return (
        f"The simulated world's own survey, {card.n:,} English comments: model"
        f" {card.model.macro_f1:.3f} macro-F1 unseen, lexicon {card.rival_quality.macro_f1:.3f},"
        f" difference {card.gain.low:.3f} to {card.gain.high:.3f}. Its people say few different"
        f" things, so this flatters the model. Language of {len(answers):,} comments:"
        f" {languages['right']:,} right, {languages['wrong']:,} wrong,"
        f" {languages[UNKNOWN]:,} unknown."
    )
