"""Sections of who is who: identity and the golden record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from hub.core.settings.section import Connection, Section

Weight = Annotated[float, Field(ge=-40, le=40, allow_inf_nan=False)]


class IdentitySection(Section):
    """When two records are one customer. Weights are log2 of a likelihood ratio."""

    auto: Weight = 9.0
    """From this total match weight on, two records are linked without asking."""
    review: Annotated[Weight, Field(validate_default=True)] = 3.0
    """From here up to ``auto``, the pair waits for a steward."""
    max_cluster_size: Annotated[int, Field(ge=2, le=10_000)] = 50
    """A larger customer goes to review instead of growing."""
    max_shared_by: Annotated[int, Field(ge=2, le=100_000)] = 30
    """An e-mail or phone on more records than this identifies nobody."""
    weights: Mapping[str, Mapping[str, Weight]] = {}
    """Match weights that replace the shipped ones: comparison, then level."""

    @field_validator("review")
    @classmethod
    def _up_to_auto(cls, review: float, info: ValidationInfo) -> float:
        if review > info.data.get("auto", review):
            raise PydanticCustomError(
                "order",
                "review must not exceed auto",
                {"wanted": f"a number up to {info.data['auto']}"},
            )
        return review


GoldenField = Literal[
    "full_name",
    "title",
    "given_name",
    "middle_name",
    "family_name",
    "nickname",
    "birth_date",
    "gender",
    "language",
    "job_title",
    "organisation",
    "lifecycle",
    "owner",
    "email",
    "phone",
    "address",
]


SurvivorshipRule = Literal[
    "most_trusted", "most_recent", "most_complete", "most_frequent", "longest", "consent_bearing"
]


class SurvivorshipSection(Section):
    """Which value wins in the golden record; the losers stay visible."""

    source_order: tuple[Connection, ...] = ()
    """Connections from most to least trusted, for ``most_trusted``."""
    default: Annotated[tuple[SurvivorshipRule, ...], Field(min_length=1)] = (
        "most_trusted",
        "most_recent",
        "most_frequent",
    )
    """Rules for fields not named below; each breaks the ties of the one before."""
    fields: Mapping[GoldenField, Annotated[tuple[SurvivorshipRule, ...], Field(min_length=1)]] = {}
    """Rules per field."""
