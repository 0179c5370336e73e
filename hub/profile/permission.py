"""What the customer allowed."""

from __future__ import annotations

from hub.profile.leaf import Group, field
from hub.profile.sources import Sources


def permission(sources: Sources) -> Group:
    """The state of each purpose and channel, and what they add up to."""
    group: Group = {}
    words: list[str] = []
    refused = 0
    for purpose, section in sorted(sources.permissions.purposes.items()):
        for channel in section.channels:
            answer = sources.permissions.widest(purpose, channel)
            group[f"{purpose}_{channel}"] = field(
                answer.state, f"consent:{answer.because}" if answer.because else "hub", None
            )
            refused += answer.state in ("withdrawn", "denied", "objected")
            if answer.state != "unknown":
                words.append(f"{purpose}/{channel} {answer.state}")
    restricted = any(leaf["value"] == "restricted" for leaf in group.values())
    group["summary"] = field("; ".join(words) or "nothing on record", "hub", None)
    group["do_not_contact"] = field(restricted, "hub", None)
    group["restricted"] = field(restricted, "hub", None)
    group["refusals"] = field(refused, "hub", None)
    return group
