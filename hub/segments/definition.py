"""A segment: which customers belong together, as a business wrote it down in a file.

dynamic   who a rule is true of
static    who is on a list: customers, records, or a file of them
event     to whom something happened lately; also with a rule
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hub.core.durations import Duration
from hub.core.settings import Identifier, Section
from hub.journeys.definition import Text
from hub.voc.pattern import Happening

Kind = Literal["dynamic", "static", "event"]
RuleText = Annotated[str, Field(min_length=1, max_length=2_000)]


class Occasion(Happening):
    """What has to have happened to a customer, and how lately."""

    within: Annotated[int, Duration("1d", "3650d")]
    """How long ago at most, in days of the calendar; the day so long ago still counts."""
    at_least: Annotated[int, Field(ge=1, le=1_000)] = 1
    """How often in that time."""


class Segment(Section):
    """One segment."""

    id: Identifier
    """Its name, as in `hub segments show`."""
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    """Number of this version; raised whenever it is changed."""
    title: Text
    """Name for people."""
    owner: Text
    """Who answers for it."""
    kind: Kind = "dynamic"
    """What decides: a rule, a list, or something that happened."""
    rule: RuleText | None = None
    """What must hold of a customer, in CEL over the fields of the profile."""
    event: Occasion | None = None
    """For kind event: what has to have happened."""
    members: tuple[Text, ...] = ()
    """For kind static: golden ids, or records: connection/stream/id."""
    csv: Text | None = None
    """For kind static: a file of them, relative to this one, under the header "customer"."""
    exclusive_group: Identifier | None = None
    """Of the segments of a group a customer is in the first that fits, in the order of the file."""
    note: Text | None = None
    """What else there is to know, such as where the definition comes from."""


class SegmentFile(Section):
    """One file of segments."""

    segments: Annotated[tuple[Segment, ...], Field(min_length=1)]
    """The segments."""
