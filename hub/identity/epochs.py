"""Model epochs: weights, thresholds and name frequencies, frozen together.

Within an epoch one record never shifts the weight of pairs it is not part of, so resolving record
by record ends where resolving all at once ends. A new epoch is a planned re-resolution of
everything; it begins when the settings that shape a score change, or when an admin asks for it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import Connection, select

from hub.core.clock import Micros
from hub.core.conversion import from_json
from hub.core.settings import IdentitySection
from hub.identity import guards
from hub.identity.comparison import names
from hub.identity.guards import Thresholds
from hub.identity.model import Frequencies, Model, Weights, weights_with
from hub.identity.parties import live_persons
from hub.store import bulk
from hub.store.schema import identity_epochs

_SCORING: Final = 1
"""Raise it with any change of comparison or guard code that moves a weight or a verdict."""


class Shape(msgspec.Struct, frozen=True):
    """All settings that a verdict depends on."""

    weights: Weights
    auto: float
    review: float
    max_cluster_size: int
    max_shared_by: int
    region: str
    scoring: int = _SCORING


@dataclass(frozen=True, slots=True)
class Epoch:
    """One frozen way of scoring and deciding."""

    number: int
    shape: Shape
    model: Model

    @property
    def thresholds(self) -> Thresholds:
        """Where verdicts change in the population that the epoch saw."""
        records = self.model.frequencies.records
        return guards.thresholds(self.shape.auto, self.shape.review, records)


def shape_of(settings: IdentitySection, region: str) -> Shape:
    """The shape that ``settings`` ask for.

    Raises:
        ConfigError: If a weight names an unknown comparison or level.
    """
    return Shape(
        weights=weights_with(settings.weights),
        auto=settings.auto,
        review=settings.review,
        max_cluster_size=settings.max_cluster_size,
        max_shared_by=settings.max_shared_by,
        region=region,
    )


def current(connection: Connection) -> Epoch | None:
    """The epoch in force; None before the first resolution."""
    query = select(identity_epochs).order_by(identity_epochs.c.epoch.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    shape = from_json(row.model, Shape)
    frequencies = from_json(row.frequencies, Frequencies)
    return Epoch(row.epoch, shape, Model(shape.weights, frequencies))


def begin(connection: Connection, shape: Shape, frequencies: Frequencies, at: Micros) -> Epoch:
    """A new epoch in force from now on."""
    last = current(connection)
    number = last.number + 1 if last else 1
    row = (number, msgspec.json.encode(shape), msgspec.json.encode(frequencies), at)
    columns = ("epoch", "model", "frequencies", "created_at")
    bulk.insert(connection, identity_epochs, columns, [row])
    return Epoch(number, shape, Model(shape.weights, frequencies))


def count_names(connection: Connection) -> Frequencies:
    """How often each name occurs among the live persons of the store."""
    given, family, records = Counter[str](), Counter[str](), 0
    for person in live_persons(connection):
        bears = names(person)
        if any(bears):
            records += 1
            given[bears[0]] += 1
            family[bears[1]] += 1
    return Frequencies(records, _repeated(given), _repeated(family))


def _repeated(counts: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in sorted(counts.items()) if name and count > 1}
