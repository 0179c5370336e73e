"""How customers sound by touchpoint or by group of agents, and never of a group too small.

A customer counts once per group, by the mean polarity of their texts there: somebody who writes
ten times is one customer, and the shares' intervals rest on customers, who are independent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from hub.metrics.interval import Estimate, wilson
from hub.text.sentiment import Label, Sentiment, label_of


@dataclass(frozen=True, slots=True)
class Said:
    """The sentiment of one text, and where it belongs.

    Args:
        group: Touchpoint, or group of agents.
        customer: Golden id of who wrote.
        source: Record of the text, ``connection/stream/id``.
        sentiment: What was told of it.
        agent: Who served, where groups are of agents.
    """

    group: str
    customer: str
    source: str
    sentiment: Sentiment
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Tone:
    """How one group's customers sound.

    Args:
        group: Which.
        customers: Who wrote something that could be read; the n of both shares.
        texts: Texts that could be read.
        unread: Texts whose sentiment is unknown; they are in no share.
        negative: Share of customers who sound negative, percent; None if there are too few.
        positive: Likewise.
        low_confidence: Share of texts read by a lexicon, 0..1.
        methods: What read them.
        samples: Records of the most negative texts, one per customer, worst first, for coaching;
            none where the shares are withheld.
        withheld: Why there are no shares, or None.
    """

    group: str
    customers: int
    texts: int
    unread: int
    negative: Estimate | None
    positive: Estimate | None
    low_confidence: float
    methods: tuple[str, ...]
    samples: tuple[str, ...]
    withheld: str | None


def by_group(
    said: Iterable[Said],
    *,
    min_customers: int,
    min_agents: int = 1,
    confidence: float = 0.95,
    samples: int = 3,
) -> list[Tone]:
    """The tone of every group, in order of name; the order of ``said`` does not matter.

    Args:
        said: Texts of any number of groups.
        min_customers: Customers below which a group says "insufficient data".
        min_agents: Agents below which it says nothing, since it would speak of one of them;
            heeded by groups whose texts name agents.
        confidence: Coverage of the intervals.
        samples: Most records to show per group.
    """
    groups: dict[str, list[Said]] = defaultdict(list)
    for each in sorted(said, key=lambda each: each.source):
        groups[each.group].append(each)
    return [
        _tone(group, groups[group], min_customers, min_agents, confidence, samples)
        for group in sorted(groups)
    ]


def _tone(
    group: str,
    said: Sequence[Said],
    min_customers: int,
    min_agents: int,
    confidence: float,
    samples: int,
) -> Tone:
    read = [each for each in said if each.sentiment.polarity is not None]
    voices = _voices(read)
    labels = [label_of(polarity) for polarity in voices.values()]
    agents = {each.agent for each in said if each.agent is not None}
    withheld = None
    if len(voices) < min_customers:
        withheld = f"insufficient data: n = {len(voices)}, {min_customers} are needed"
    elif agents and len(agents) < min_agents:
        withheld = f"agents = {len(agents)}, {min_agents} are needed: it would speak of one"

    def share(label: Label) -> Estimate | None:
        return None if withheld else wilson(labels.count(label), len(labels), confidence)

    return Tone(
        group,
        customers=len(voices),
        texts=len(read),
        unread=len(said) - len(read),
        negative=share("negative"),
        positive=share("positive"),
        low_confidence=sum(e.sentiment.confidence == "low" for e in read) / max(1, len(read)),
        methods=tuple(sorted({each.sentiment.method for each in read})),
        samples=() if withheld else _worst(read, samples),
        withheld=withheld,
    )


def _voices(read: Iterable[Said]) -> dict[str, float]:
    """Customer to mean polarity."""
    polarities: dict[str, list[float]] = defaultdict(list)
    for each in read:
        polarities[each.customer].append(each.sentiment.polarity or 0.0)
    return {customer: fmean(values) for customer, values in polarities.items()}


def _worst(read: Iterable[Said], most: int) -> tuple[str, ...]:
    negative = [each for each in read if each.sentiment.label == "negative"]
    worst: dict[str, str] = {}
    for each in sorted(negative, key=lambda e: (e.sentiment.polarity or 0.0, e.source)):
        worst.setdefault(each.customer, each.source)
    return tuple(worst.values())[:most]
