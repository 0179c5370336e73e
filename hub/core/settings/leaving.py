"""Section of what is fit to leave: how sure and how fresh a value must be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from hub.core.durations import Duration
from hub.core.settings.section import Section

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Disagreement = Literal["withhold", "send"]


class QualityRule(Section):
    """How sure and how fresh one field, or one group of fields, must be."""

    min_confidence: Share | None = None
    """Share of the records that must say so, of those that say anything."""
    max_age: Annotated[int, Duration("1h", "3650d")] | None = None
    """Age from which it stays here, if a system or a customer said it."""
    conflict: Disagreement | None = None
    """Whether a value is withheld that as many records contradict as bear it out."""


class QualitySection(Section):
    """What a value must be like before it leaves; where it stays, its system keeps what it has."""

    min_confidence: Share = 0.5
    """Share of the records that must say so, of those that say anything."""
    max_age: Annotated[int, Duration("1h", "3650d")] | None = None
    """Age from which what a system or a customer said stays here; so does what has no time."""
    conflict: Disagreement = "withhold"
    """Whether a value is withheld that as many records contradict as bear it out, while none of
    them is of a system that [survivorship] trusts more."""
    fields: Mapping[str, QualityRule] = {}
    """Rules for a path of the profile, or for a group of paths such as "voice"; they go before the
    shipped ones."""
    never: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Paths of the profile and segments that never leave; * stands for any text."""
