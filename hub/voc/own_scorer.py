"""How this hub scores its customers: its own terms, with everything that it hears of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from hub.core.settings import Settings, TextSection
from hub.text.sources import load_models
from hub.voc import method
from hub.voc.health import health
from hub.voc.known import known_kinds
from hub.voc.method import Method
from hub.voc.own_past import own_tide
from hub.voc.past import UTC_ZONE
from hub.voc.postmortem import HORIZON_DAYS
from hub.voc.scoring import Scorer, weighing
from hub.voc.tide import Tide


@dataclass(frozen=True, slots=True)
class Terms:
    """What hub.toml and the files beside it say of scores.

    Args:
        by: Patterns, register and floor.
        zone: On whose clocks a day begins.
        text: How customers' words are read.
        horizon_days: Days without an order after which a customer without a contract has left.
    """

    by: Method = field(default_factory=method.shipped)
    zone: ZoneInfo = UTC_ZONE
    text: TextSection = field(default_factory=TextSection)
    horizon_days: int = HORIZON_DAYS


def terms(folder: Path, settings: Settings) -> Terms:
    """The terms of a hub whose hub.toml is in ``folder``.

    Raises:
        ConfigMistakes: With everything that is wrong in the first file of patterns with mistakes.
        ConfigError: If something is decided that has no entry in the register, or not the right
            one, or if the trained model is not there or not the one that the entry names.
    """
    return Terms(
        method.method(folder, settings.risk, settings.hub.data_folder(folder)),
        settings.hub.zone,
        settings.text,
        settings.metrics.churn_horizon,
    )


def own_scorer(
    connection: Connection, terms: Terms, now: datetime, tide: Tide | None = None
) -> Scorer:
    """The scores as this hub gives them, with everything that it hears of at ``now``.

    Args:
        connection: What is read from, once.
        terms: Of the hub.
        now: Until when the hub is asked what it hears of.
        tide: What everybody does, if it has been read already.
    """
    by, known = terms.by, known_kinds(connection, now)
    weigh = weighing(
        by,
        known,
        models=load_models(connection, terms.text),
        competitors=terms.text.competitors,
        zone=terms.zone,
        tide=own_tide(connection) if tide is None else tide,
    )
    return Scorer(
        weigh, terms.horizon_days, by.floor, partial(health, known=known, zone=terms.zone)
    )
