"""Trained models in the store, each with its card; the newest of a language decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, select

from hub.audit import log
from hub.audit.log import AuditEvent
from hub.core.clock import from_micros, to_micros
from hub.core.conversion import from_json
from hub.core.settings import TextSection
from hub.store import bulk
from hub.store.engine import Store
from hub.store.schema import text_models
from hub.text.language import UNKNOWN
from hub.text.model import VERSION, TextModel
from hub.text.pairs import own_pairs
from hub.text.training import Card, TooFew, Trained, train


@dataclass(frozen=True, slots=True)
class Held:
    """A model of the store, without its coefficients.

    Args:
        model_id: From its coefficients.
        card: What is known of it.
        in_use: Whether texts of its language are scored by it today.
    """

    model_id: str
    card: Card
    in_use: bool


def train_all(store: Store, settings: TextSection, *, actor: str) -> list[Trained | TooFew]:
    """A model per language that the business's answers are in, kept with its card.

    Answers whose language nobody can tell teach nothing, and are left out.
    """
    now = store.clock.now()
    with store.read() as connection:
        pairs = own_pairs(connection, settings.language)
    results = [
        train(language, pairs[language], fewest=settings.min_pairs, trained_at=now.isoformat())
        for language in sorted(pairs.keys() - {UNKNOWN})
    ]
    with store.write() as connection:
        for result in results:
            if isinstance(result, Trained):
                keep(connection, result, actor=actor, now=to_micros(now))
    return results


def keep(connection: Connection, trained: Trained, *, actor: str, now: int) -> None:
    """Store a model with its card, promoted or not, and tell the audit log.

    A model that its successor on newer answers does not confirm is out of use: what counts is
    the verdict on the business's answers of today.
    """
    model, card = trained.model, trained.card
    row = (model.model_id, card.language, now, msgspec.json.encode(card), model.body)
    columns = ("model_id", "language", "trained_at", "card", "body")
    bulk.upsert(connection, text_models, columns, [row], key=("model_id",))
    log.record(connection, _event(trained, actor, now))


def listing(connection: Connection) -> Sequence[Held]:
    """Every model, newest first within its language."""
    column = text_models.c
    query = select(column.model_id, column.card).order_by(
        column.language, column.trained_at.desc(), column.model_id
    )
    seen: set[str] = set()
    found = []
    for model_id, body in connection.execute(query):
        card = from_json(body, Card)
        usable = card.promoted and card.version == VERSION
        found.append(Held(model_id, card, usable and card.language not in seen))
        seen.add(card.language)
    return found


def in_use(connection: Connection) -> dict[str, TextModel]:
    """The models that texts are scored by today, by language."""
    wanted = [held.model_id for held in listing(connection) if held.in_use]
    query = select(text_models.c.body).where(text_models.c.model_id.in_(wanted))
    models = [TextModel.read(body) for body in connection.execute(query).scalars()]
    return {model.language: model for model in models}


def _event(trained: Trained, actor: str, now: int) -> AuditEvent:
    card = trained.card
    return AuditEvent(
        kind="text.trained",
        actor=actor,
        at=from_micros(now),
        what={
            "language": card.language,
            "model": trained.model.model_id,
            "n": card.n,
            "promoted": card.promoted,
            "snapshot": card.snapshot,
        },
    )
