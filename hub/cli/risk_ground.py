"""What ``hub risk`` and ``hub postmortem`` rest on: patterns, register, and what the hub hears."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from hub.app import App
    from hub.voc.pattern_files import Patterns
    from hub.voc.register import Entry
    from hub.voc.remedy import Weigh


@dataclass(frozen=True, slots=True)
class Method:
    """How this hub assesses risk.

    Args:
        patterns: The stories that it looks for.
        entry: Who answers for the score.
    """

    patterns: Patterns
    entry: Entry


def method(app: App) -> Method:
    """The patterns and the register of this hub.

    Raises:
        ConfigMistakes: With everything that is wrong in the first file that has mistakes.
        ConfigError: If the score has no entry in the register, or not the right one.
    """
    from hub.voc import pattern_files, register
    from hub.voc.risk import VERSION, kinds_read

    wanted = app.settings.risk
    patterns = pattern_files.read_all(app.folder, wanted.patterns)
    paths = register.files(app.folder, wanted.decisions)
    return Method(patterns, register.entry(paths, VERSION, kinds_read(patterns)))


def weighing(app: App, patterns: Patterns, connection: Connection, now: datetime) -> Weigh:
    """The assessment with everything that this hub knows at ``now``."""
    from hub.text.phrases import Phrases
    from hub.text.sources import load_models
    from hub.voc.known import known_kinds
    from hub.voc.past import Reading
    from hub.voc.risk import assess

    text = app.settings.text
    competitors = Phrases((name, name) for name in text.competitors)
    return partial(
        assess,
        known=known_kinds(connection, now),
        patterns=patterns,
        zone=ZoneInfo(app.settings.hub.time_zone),
        reading=Reading(load_models(connection, text), competitors),
        floor=app.settings.risk.floor,
    )
