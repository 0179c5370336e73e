"""A trained model of risk: how much each signal has been worth in this business's own past.

It is a factor per signal: what a reason adds is its points times the factor, so that reasons still
add up and every one of them says what it added. Ten points double the odds of leaving. A signal
that the past did not know keeps its points.

It stands in one file, ``models/risk.json`` in the hub's data, as numbers beside its card. Its name
is a hash of these numbers; the register of automated decisions has to name it, so that somebody
answers for this very model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from hub.core.conversion import from_json
from hub.core.errors import ConfigError

FILE: Final = Path("models", "risk.json")
"""Where it stands, below the hub's data."""


MARGIN: Final = 0.01
"""AUC that a model may lose, of all customers, for what it gains where alerts live."""


class Gain(msgspec.Struct, frozen=True):
    """A measure of the model beside that of the points.

    Args:
        points: Of the points.
        trained: Of the model.
        low: Lower end of the 95 % interval of the difference.
        high: Upper end.
    """

    points: float
    trained: float
    low: float
    high: float

    @property
    def value(self) -> float:
        """The difference."""
        return self.trained - self.points


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a trained model.

    Args:
        trained_at: When, ISO 8601.
        first: Earliest instant that it was trained on.
        last: Latest one whose outcome is known.
        tested_from: First instant of the test: what was said on that day and later, by what had
            been learnt from outcomes known then.
        ahead_days: Within how many days somebody has to leave to count.
        customers: How many it knows.
        snapshots: At how many instants it looked at them, in all.
        leavers: How many of the customers left.
        tested_on: Snapshots in the test.
        tested_leavers: Customers who left among those.
        caught: Share of leavers alerted, a mean over budgets of up to a tenth of who stays.
        auc: Chance that one who leaves scores higher than one who stays.
    """

    trained_at: str
    first: str
    last: str
    tested_from: str
    ahead_days: int
    customers: int
    snapshots: int
    leavers: int
    tested_on: int
    tested_leavers: int
    caught: Gain
    auc: Gain

    @property
    def wins(self) -> bool:
        """Whether its alerts reach more leavers, surely, and it orders everybody no worse."""
        return self.caught.low > 0 and self.auc.low > -MARGIN


class Reweighing(msgspec.Struct, frozen=True, kw_only=True):
    """A trained model.

    Args:
        score: The score that it weighs, such as ``risk@3``.
        factors: Signal or pattern to what its points are multiplied with; none below zero.
        card: What is known of it.
    """

    score: str
    factors: Mapping[str, float]
    card: Card

    @property
    def model_id(self) -> str:
        """16 hex digits of the SHA-256 of score and factors."""
        body = msgspec.json.encode([self.score, sorted(self.factors.items())])
        return hashlib.sha256(body).hexdigest()[:16]

    def of(self, signal: str) -> float:
        """What the points of a signal are multiplied with."""
        return self.factors.get(signal, 1.0)


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    model_id: str
    model: Reweighing


def keep(model: Reweighing, path: Path) -> None:
    """Write the model to ``path``; whoever reads sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = msgspec.json.format(msgspec.json.encode(_File(model_id=model.model_id, model=model)))
    beside = path.with_suffix(".new")
    beside.write_bytes(body + b"\n")
    beside.replace(path)


def read(path: Path) -> Reweighing | None:
    """The model in ``path``; None if there is no such file.

    Raises:
        ConfigError: If the file is no model, or its numbers are not those of its name (HUB-238).
    """
    try:
        held = from_json(path.read_bytes(), _File)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as err:
        raise ConfigError(f"{path}: no trained model of risk: {err}", code="HUB-238") from err
    if held.model.model_id != held.model_id:
        raise ConfigError(
            f"{path}: the numbers are not those of the model {held.model_id}: the file was changed."
            " Train again: hub risk train --promote",
            code="HUB-238",
        )
    return held.model


def answered_for(path: Path, score: str, named: str | None) -> Reweighing:
    """The trained model in ``path``, if it weighs ``score`` and the register names it.

    Args:
        path: The file.
        score: Name and version of the score that this hub computes.
        named: The model that the score's entry in the register names.

    Raises:
        ConfigError: If there is no such model, or it is not the one that somebody answers for
            (HUB-238).
    """
    model = read(path)
    if model is None:
        raise ConfigError(
            f'[risk] model = "trained", and {path} does not exist. Train one: hub risk train'
            ' --promote; or go back to model = "points"',
            code="HUB-238",
        )
    if model.score != score:
        raise ConfigError(
            f"{path}: the model {model.model_id} weighs {model.score}, and this hub computes"
            f" {score}. Train again: hub risk train --promote",
            code="HUB-238",
        )
    if named != model.model_id:
        raise ConfigError(
            f"the model {model.model_id} of the score {score} is not the one that the register of"
            f" automated decisions names ({named or 'none'}). Whoever answers for it adds"
            f' model = "{model.model_id}" to the entry',
            code="HUB-238",
        )
    return model
