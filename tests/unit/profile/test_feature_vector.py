"""The feature vector of a customer: what they did beside what they said, each as of an instant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import orjson

from hub.core.records import Feedback, Interaction, Ticket
from hub.profile.sources import Fact
from hub.profile.unified import compose
from tests.unit.profile.test_unified import NOW, bought, number, sources

GOLDEN = Path(__file__).with_name("feature_vector.json")
OPERATIONS = (
    "value.orders", "value.net_spend", "value.last_order_at", "service.recent_tickets",
    "service.reopens", "service.first_reply_seconds", "service.resolution_seconds", "risk.churn",
    "risk.points",
)  # fmt: skip
WORDS = ("voice.nps", "voice.csat", "voice.verbatim", "voice.sentiment_trend")


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def facts() -> Iterator[Fact]:
    """Six mentions that grow worse, log-ins that grow rarer, a slow ticket, two answers."""
    words = ("great, love it", "very good", "works well", "slow", "bad again", "awful, I hate it")
    for at, said in zip(range(60, 0, -10), words, strict=True):
        mention = Feedback(at=ago(at), instrument="social", comment=said)
        yield Fact(f"social/mentions/{at}", mention.at, mention)
    for at in (*range(30, 130, 8), 20):
        yield Fact(f"app/events/{at}", ago(at), Interaction(at=ago(at), kind="login"))
    slow = Ticket(
        at=ago(12), status="solved", solved_at=ago(9), reopens=2,
        first_reply_seconds=86_400, full_resolution_seconds=259_200,
    )  # fmt: skip
    yield Fact("desk/tickets/1", slow.at, slow)
    for instrument, score, scale in (("nps", 4.0, (0, 10)), ("csat", 2.0, (1, 5))):
        answer = Feedback(
            at=ago(8), instrument=instrument, score=score, scale_min=scale[0], scale_max=scale[1]
        )
        yield Fact(f"surveys/{instrument}/1", answer.at, answer)


def test_operations_and_sentiment_stand_in_one_vector_as_of_their_instants() -> None:
    """Both families, joined by customer; the file is what a reader of the export receives."""
    numbers = [*bought(3, 40, nps=4), number("csat", 2)]
    profile = compose(sources(numbers=numbers, facts=sorted(facts(), key=lambda f: f.at)), NOW)

    vector = {
        family: {path: _leaf(profile, path) for path in paths}
        for family, paths in (("operations", OPERATIONS), ("sentiment", WORDS))
    }

    assert vector == orjson.loads(GOLDEN.read_bytes())
    for family in vector.values():
        for path, leaf in family.items():
            assert datetime.fromisoformat(str(leaf["at"])) <= NOW, path


def _leaf(profile: dict[str, object], path: str) -> dict[str, object]:
    group, name = path.split(".")
    leaf = profile[group][name]  # type: ignore[index]
    return {key: leaf[key] for key in ("value", "source", "at")}
