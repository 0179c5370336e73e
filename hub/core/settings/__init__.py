"""What hub.toml may say: one frozen model per section, defaults included.

    [hub]                  name, time zone, region, currency, data folder
    [store]                database
    [connections.NAME]     one system: connector, mode, schedule, streams, settings, push
    [purposes.ID]          why personal data is used, and on what lawful basis
    [identity]             when two records are one customer
    [survivorship]         which value wins in the golden record
    [quality]              how sure and how fresh a value must be before it leaves
    [journeys]             where the journey maps are
    [risk]                 how the risk of leaving is assessed
    [segments]             which customers belong together
    [text]                 how customers' words are read
    [metrics]              when a number may be shown, and what the business means by it
    [loop]                 which answers ask for a reply, from whom, and how soon
    [alerts]               who is told when something happens to a case
    [themes]               when what customers speak of has risen enough to be a task
    [audit]                how often the log is signed, and where the anchor goes
    [schedules]            slots, leases, the nightly metric snapshot
    [serve]                where ``hub serve`` listens

``hub.core.hubtoml`` reads the file and reports every mistake with its place. A description here is
what ``hub schema``, an editor and the reference page show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from hub.core.settings.alerts import AlertEvent, AlertsSection, EmailRoute, WebhookRoute
from hub.core.settings.connections import (
    CHANNELS,
    DEFAULT_PURPOSES,
    Basis,
    Channel,
    ConnectionSection,
    PurposeSection,
    PushField,
    PushSection,
)
from hub.core.settings.customers import (
    GoldenField,
    IdentitySection,
    SurvivorshipRule,
    SurvivorshipSection,
)
from hub.core.settings.experience import (
    BusinessHours,
    CostToServeSection,
    JourneysSection,
    LoopRule,
    LoopSection,
    MetricsSection,
    RiskSection,
    SegmentsSection,
    TextSection,
    ThemesSection,
    Weekday,
)
from hub.core.settings.leaving import QualityRule, QualitySection
from hub.core.settings.running import (
    AuditSection,
    HubSection,
    SchedulesSection,
    ServeSection,
    StoreSection,
    VaultSection,
)
from hub.core.settings.section import NAMES, HomePath, Identifier, Schedule, Section, TimeZone

__all__ = [
    "CHANNELS",
    "DEFAULT_PURPOSES",
    "AlertEvent",
    "AlertsSection",
    "AuditSection",
    "Basis",
    "BusinessHours",
    "Channel",
    "ConnectionSection",
    "CostToServeSection",
    "EmailRoute",
    "GoldenField",
    "HomePath",
    "HubSection",
    "Identifier",
    "IdentitySection",
    "JourneysSection",
    "LoopRule",
    "LoopSection",
    "MetricsSection",
    "PurposeSection",
    "PushField",
    "PushSection",
    "QualityRule",
    "QualitySection",
    "RiskSection",
    "Schedule",
    "SchedulesSection",
    "Section",
    "SegmentsSection",
    "ServeSection",
    "Settings",
    "StoreSection",
    "SurvivorshipRule",
    "SurvivorshipSection",
    "TextSection",
    "ThemesSection",
    "TimeZone",
    "VaultSection",
    "WebhookRoute",
    "Weekday",
]


class Settings(Section):
    """Everything hub.toml says, checked, with defaults filled in."""

    hub: HubSection = HubSection()
    store: StoreSection = StoreSection()
    vault: VaultSection = VaultSection()
    connections: Annotated[Mapping[Identifier, ConnectionSection], NAMES] = {}
    purposes: Annotated[Mapping[Identifier, PurposeSection], NAMES] = DEFAULT_PURPOSES
    identity: IdentitySection = IdentitySection()
    survivorship: SurvivorshipSection = SurvivorshipSection()
    quality: QualitySection = QualitySection()
    journeys: JourneysSection = JourneysSection()
    risk: RiskSection = RiskSection()
    segments: SegmentsSection = SegmentsSection()
    text: TextSection = TextSection()
    metrics: MetricsSection = MetricsSection()
    loop: LoopSection = LoopSection()
    alerts: AlertsSection = AlertsSection()
    themes: ThemesSection = ThemesSection()
    audit: AuditSection = AuditSection()
    schedules: SchedulesSection = SchedulesSection()
    serve: ServeSection = ServeSection()
