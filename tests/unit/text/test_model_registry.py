"""Models in the store: trained on feedback, kept with their cards, used while they win."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from msgspec.structs import replace
from sqlalchemy import delete, select

from hub.core.clock import ManualClock
from hub.core.records import Feedback, Order, OrderItem, Product, Record, encode
from hub.core.settings import HubSection, TextSection
from hub.store import bulk, schema
from hub.store.engine import Store
from hub.text.pairs import label_of_score, own_pairs
from hub.text.registry import in_use, listing, train_all
from hub.text.sources import load_catalogue, load_models
from hub.text.tokens import tokenise
from hub.text.training import Trained
from tests.unit.text.test_training_text import hotel_answers

AT = datetime(2026, 1, 1, tzinfo=UTC)
SETTINGS = TextSection(min_pairs=100)
STARS = {"negative": 1, "neutral": 3, "positive": 5}
_rids = count(1)


def bring_in(store: Store, records: Iterable[Record]) -> None:
    """Records as a sync leaves them, feedback as facts, order items as entries."""
    rows, facts, entries = [], [], []
    for record in records:
        rid = next(_rids)
        rows.append((rid, 1, str(rid), record.entity_name, 1, b"", b"", encode(record), 0, 0))
        if isinstance(record, Feedback):
            facts.append((rid, None, "feedback", 0))
        if isinstance(record, Order):
            entries += [
                (rid, line, 1, str(rid), None, 0, "AUD", "sale", item.sku, 1, 1, True, False)
                for line, item in enumerate(record.items)
            ]
    with store.write() as connection:
        bulk.insert(
            connection,
            schema.source_records,
            (
                "rid", "stream_id", "source_id", "entity", "version", "fingerprint", "mapping",
                "canonical", "created_at", "changed_at",
            ),
            rows,
        )  # fmt: skip
        bulk.insert(connection, schema.facts, ("rid", "party_rid", "entity", "at"), facts)
        bulk.insert(
            connection,
            schema.order_entries,
            (
                "rid", "line", "stream_id", "order_ref", "party_rid", "at", "currency", "kind",
                "sku", "quantity", "amount_minor", "positive", "cancelled",
            ),
            entries,
        )  # fmt: skip


def rating(comment: str | None, score: float | None, **other) -> Feedback:
    answer = Feedback(
        at=AT, comment=comment, score=score, instrument="rating", scale_min=1, scale_max=5
    )
    return replace(answer, **other)


def answers(per_label: int) -> list[Feedback]:
    return [rating(pair.comment, STARS[pair.label]) for pair in hotel_answers(per_label)]


def test_a_model_of_stored_feedback_is_kept_and_used(store: Store):
    """Scores and comments in; a model, its card and an audit event out."""
    bring_in(store, answers(60))

    (result,) = train_all(store, SETTINGS, actor="os:kim")

    assert isinstance(result, Trained)
    with store.read() as connection:
        (held,) = listing(connection)
        models = load_models(connection, SETTINGS)
        kinds = connection.execute(select(schema.audit_leaves.c.kind)).scalars().all()
    assert (held.card, held.in_use) == (result.card, True)
    told = models.scorer("en", answer=True)(tokenise("The pool was mouldy"))
    assert (told.label, told.method) == ("negative", result.model.method)
    assert kinds == ["text.trained"]


def test_the_newest_verdict_counts(store: Store, clock: ManualClock):
    """When today's answers no longer confirm a model, the lexicon is back in use."""
    bring_in(store, answers(60))
    train_all(store, SETTINGS, actor="os:kim")
    with store.write() as connection:
        connection.execute(delete(schema.facts))
    clock.sleep(timedelta(days=1).total_seconds())
    plain = [rating(f"{word} stay", stars) for word, stars in (("awful", 1), ("great", 5))] * 60
    bring_in(store, plain)

    train_all(store, SETTINGS, actor="os:kim")

    with store.read() as connection:
        newest, first = listing(connection)
        used = in_use(connection)
    assert (newest.card.promoted, first.card.promoted) == (False, True)
    assert (newest.in_use, first.in_use, used) == (False, False, {})


def test_the_same_answers_make_the_same_model_once(store: Store, clock: ManualClock):
    """Training again without news adds no row."""
    bring_in(store, answers(40))
    train_all(store, SETTINGS, actor="os:kim")
    clock.sleep(60)

    train_all(store, SETTINGS, actor="os:kim")

    with store.read() as connection:
        (held,) = listing(connection)
    assert held.in_use


def test_each_language_has_its_own_pairs(store: Store):
    """German and English are apart; what is too short is read as assumed; the rest is unknown."""
    comments = {
        "Das Paket ist nicht da und keiner hilft mir": "de",
        "The parcel was late and it is not what I wanted": "en",
        "Great": "fr",
        "Twój produkt jest naprawdę bardzo dobry, dziękuję wam serdecznie": "unknown",
    }
    bring_in(store, [rating(comment, 5) for comment in comments])

    with store.read() as connection:
        pairs = own_pairs(connection, "fr")

    told = {pair.comment: language for language, found in pairs.items() for pair in found}
    assert told == comments


@pytest.mark.parametrize(
    "feedback",
    [
        rating(None, 5),
        rating("  !! ", 5),
        rating("offered, not answered", None),
        rating("off the scale", 9),
        rating("no scale", 4, scale_min=None, scale_max=None),
        rating("which end is good?", 1, instrument="ces"),
        rating("the agent's own guess", 1, kind="staff_observation"),
        rating("a vendor's tone", 1, kind="transcript"),
    ],
    ids=lambda feedback: feedback.comment,
)
def test_what_is_no_score_of_the_writers_own_teaches_nothing(store: Store, feedback: Feedback):
    """A label that nobody gave, or on a scale nobody knows, is no label."""
    bring_in(store, [feedback])

    with store.read() as connection:
        assert own_pairs(connection, "en") == {}


@pytest.mark.parametrize(
    ("instrument", "low", "high", "labels"),
    [
        ("nps", 0, 10, "-------00++"),
        ("rating", 1, 5, "--0++"),
        ("csat", 0, 1, "-+"),
        ("csat", 1, 2, "-+"),
        ("ces", 1, 7, "---0+++"),
        ("rating", 0, 10, "-----0+++++"),
    ],
)
def test_scores_are_read_on_their_own_scale(instrument, low, high, labels):
    """Every answer of every scale, from its lowest to its highest."""
    names = {"-": "negative", "0": "neutral", "+": "positive"}

    told = [
        label_of_score(rating("x", score, instrument=instrument, scale_min=low, scale_max=high))
        for score in range(low, high + 1)
    ]

    assert told == [names[label] for label in labels]


def test_the_catalogue_of_the_store(store: Store):
    """Products and what was ordered, competitors and the business's conventions."""
    lamp = OrderItem(sku="L-100", name="Brass Lamp")
    bring_in(
        store,
        [
            Product(sku="R-200", name="Wool Rug"),
            Order(order_ref="1", at=AT, currency="USD", total_minor=1, items=[lamp]),
        ],
    )
    business = HubSection(region="US", currency="USD")

    with store.read() as connection:
        known = load_catalogue(connection, business, TextSection(competitors=("Globex",)))

    tokens = tokenise("A brass lamp and a wool rug from globex")
    assert [match.value[0] for match in known.products.find(tokens)] == ["Brass Lamp", "Wool Rug"]
    assert [match.value for match in known.competitors.find(tokens)] == ["Globex"]
    assert (known.currency, known.day_first) == ("USD", False)
