"""``unified_profile_v1``: one documented, versioned shape that every door shows.

Each leaf is a field: value, source (source key or ``metric:id@version``), time, confidence and the
purpose under which it may be used. A field without data says so; it is never left out, so that a
reader can tell "nothing known" from "not part of this version".
"""

from __future__ import annotations

from datetime import datetime

from hub.profile import suppression
from hub.profile.next_action import Situation, next_action
from hub.profile.permission import permission
from hub.profile.relationship import relationship
from hub.profile.risk import risk
from hub.profile.service import service
from hub.profile.sources import Sources
from hub.profile.value import value
from hub.profile.voice import voice
from hub.profile.who import who
from hub.text.reading import Models
from hub.voc.risk import FLOOR

VERSION = "unified_profile_v1"
LEXICON_ONLY = Models()


def compose(
    sources: Sources,
    now: datetime,
    models: Models = LEXICON_ONLY,
    floor: int = FLOOR,
) -> dict[str, object]:
    """The profile without its card; ``hub.profile.card`` adds that from what stands here.

    Args:
        sources: Everything that is known of the customer.
        now: The instant that ages and days are counted to.
        models: What their texts are read with.
        floor: Coverage, in percent, below which a risk is unknown.
    """
    flags = suppression.flags(sources, now)
    action = next_action(Situation(sources, flags, now))
    return {
        "version": VERSION,
        "golden_id": sources.golden_id,
        "who": who(sources, now),
        "relationship": relationship(sources, now),
        "value": value(sources),
        "service": service(sources, now),
        "voice": voice(sources, models),
        "risk": risk(sources, floor, flags, action),
        "suppress": suppression.suppress(flags),
        "permission": permission(sources),
    }
