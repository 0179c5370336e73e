"""Sections of what customers go through, say and are answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from hub.core.durations import Duration
from hub.core.settings.section import Connection, HomePath, Purpose, Section, form


class JourneysSection(Section):
    """The maps of what customers go through."""

    files: Annotated[str, Field(min_length=1)] = "journeys/*.toml"
    """Which files hold them, relative to hub.toml; without any, the shipped journey applies."""


class RiskSection(Section):
    """How the risk of leaving is assessed, and who answers for it."""

    patterns: Annotated[str, Field(min_length=1)] = "patterns/*.toml"
    """Which files hold the patterns, relative to hub.toml; without any, the shipped ones apply."""
    decisions: Annotated[str, Field(min_length=1)] = "decisions/*.toml"
    """Which files hold the register of automated decisions; without any, the shipped applies."""
    floor: Annotated[int, Field(ge=1, le=100)] = 30
    """Coverage, in percent, below which the risk is unknown."""
    model: Literal["points", "trained"] = "points"
    """What signals are worth: the points as written, or what hub risk train has learnt."""


class SegmentsSection(Section):
    """Which customers belong together."""

    files: Annotated[str, Field(min_length=1)] = "segments/*.toml"
    """Which files define them, relative to hub.toml; without any, the shipped segments apply."""


class TextSection(Section):
    """How customers' words are read."""

    language: Literal["en", "de", "fr", "es", "it", "nl", "pt", "unknown"] = "en"
    """Language that a text too short to tell is read in; "unknown" leaves it unscored."""
    competitors: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Names to look for, spelt as reports shall spell them."""
    aspects: Mapping[str, Annotated[tuple[str, ...], Field(min_length=1)]] = {}
    """Terms of each aspect of your own, such as rooms; one with a built-in name replaces it."""
    min_pairs: Annotated[int, Field(ge=100, le=1_000_000)] = 200
    """Comments with a score, per language, below which no model is trained."""


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class BusinessHours(Section):
    """When somebody is there to answer, on the clocks of [hub] time_zone."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = ("mon", "tue", "wed", "thu", "fri")
    """Days of the week."""
    opens: time
    """When the day begins, such as 09:00:00."""
    closes: time
    """When it ends, the same day."""
    holidays: tuple[date, ...] = ()
    """Days on which nobody is there, such as 2026-12-25."""

    @model_validator(mode="after")
    def _opens_first(self) -> Self:
        if self.opens >= self.closes:
            raise PydanticCustomError(
                "business_hours", "closes before it opens", {"wanted": "opens before closes"}
            )
        return self


class CostToServeSection(Section):
    """What contacts cost the business; without it there is no cost to serve."""

    currency: Annotated[str, form(r"^[A-Z]{3}$", 'three capital letters such as "AUD"')]
    """ISO 4217 currency of the costs."""
    per_contact: Annotated[
        Mapping[str, Annotated[float, Field(ge=0, le=1_000_000)]], Field(min_length=1)
    ]
    """Cost of one contact by its channel, as sources name it, such as phone or email."""


class MetricsSection(Section):
    """When a number may be shown, and the business's own definitions."""

    min_n: Annotated[int, Field(ge=1, le=100_000)] = 10
    """Below this many observations a metric says "insufficient data"."""
    confidence: Annotated[float, Field(ge=0.5, le=0.999)] = 0.95
    """Coverage of every interval."""
    churn_horizon: Annotated[int, Field(ge=1, le=3_650)] = 180
    """Days without a purchase after which a customer counts as churned."""
    margin: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0
    """Share of net revenue that counts as value in CLV."""
    clv_horizon: Annotated[int, Field(ge=30, le=3_650)] = 365
    """Days ahead that predicted value looks (needs the extra ``clv``)."""
    clv_discount: Annotated[float, Field(ge=0.0, le=1.0)] = 0.1
    """Yearly discount of predicted value: what a purchase in a year is worth less today."""
    trial_window: Annotated[int, Field(ge=1, le=730)] = 60
    """Days from the begin of a trial in which a first payment is its conversion."""
    nps_window: Annotated[int, Field(ge=1, le=3_650)] = 30
    """Days in which NPS answers of one person that name no wave are one: the last counts."""
    ces_summary: Literal["mean", "top_box", "net"] = "mean"
    """Which published summary CES reports: mean, share 5-7, or (6-7) minus (1-3)."""
    bots: tuple[str, ...] = ()
    """Authors of messages, by their source's ids, that are machines: no reply of an agent."""
    business_hours: BusinessHours | None = None
    """When somebody is there to answer; without it there is no time in business hours."""
    fcr_window: Annotated[int, Field(ge=1, le=90)] = 7
    """Days without a further contact after which an issue was resolved at the first."""
    fcr_flag: Annotated[str, Field(min_length=1)] | None = None
    """Attribute of a ticket in which agents say that the first contact resolved it: yes or no."""
    agent_time: Annotated[str, Field(min_length=1)] | None = None
    """Attribute of a ticket that holds the seconds agents worked on it."""
    cost_to_serve: CostToServeSection | None = None
    """What contacts cost."""


LoopRule = Literal[
    "detractor",
    "low_satisfaction",
    "high_effort",
    "reopened_ticket",
    "passed_around",
    "high_risk",
]


class LoopSection(Section):
    """Which answers and tickets ask for a reply, from whom, and how soon."""

    rules: tuple[LoopRule, ...] = (
        "detractor",
        "low_satisfaction",
        "passed_around",
        "high_risk",
    )
    """What opens a case: detractor (NPS 0-6), low_satisfaction (CSAT 1-2 of 5, or bad),
    high_effort (CES 1-3 of 7), reopened_ticket (a ticket that was opened again), passed_around
    (a ticket that three or more had in hand and nobody solved), high_risk (the risk of leaving
    became high: the customer may have said nothing)."""
    team: Annotated[str, Field(min_length=1)] = "customer care"
    """Team that a case goes to."""
    teams: Mapping[LoopRule, Annotated[str, Field(min_length=1)]] = {}
    """Team per rule, where it is another one."""
    sla: Annotated[int, Duration("1h", "31d")] = 172_800
    """From the answer until the customer is told, in calendar time: weekends count."""
    escalate_to: Annotated[str, Field(min_length=1)] | None = None
    """Who is named when a case is overdue; without it the team itself."""
    look_back: Annotated[int, Duration("1d", "3650d")] = 2_592_000
    """An answer older than this when the hub reads it first is history, as is a risk that had been
    high for longer: no case is opened."""
    purpose: Purpose = "service"
    """Purpose of the reply; who has refused it on all of its channels is not contacted."""
    tasks: Connection | None = None
    """Connection whose system gets a task for every open case, if it is in mode "sync"."""
    words: Purpose | None = None
    """Purpose under which a task quotes what the customer said; without it that of the reply."""
    use: Purpose | None = None
    """Purpose under which a task tells what the customer uses, and why they may leave; without it
    that of the reply, and for the latter analytics. Who refuses it has no case of a risk alone."""
    recovery_window: Annotated[int, Field(ge=1, le=730)] = 90
    """Days after the reply in which a purchase counts as recovery."""
    alerts: HomePath | None = None
    """File, relative to hub.toml, that every event of a case is appended to as a line of JSON."""


class ThemesSection(Section):
    """When what customers speak of has risen enough to be somebody's task."""

    min_customers: Annotated[int, Field(ge=2, le=100_000)] = 5
    """Customers who must speak of a theme in a week; one who writes ten times is one."""
    false_alarms: Annotated[float, Field(ge=0.001, le=0.5)] = 0.05
    """Share of weeks that may raise a theme although nothing has changed."""
