"""What hub.toml may say: one frozen model per section, defaults included.

    [hub]                  name, time zone, region, currency, data folder
    [store]                database
    [connections.NAME]     one system: connector, mode, schedule, streams, settings, push
    [purposes.ID]          why personal data is used, and on what lawful basis
    [identity]             when two records are one customer
    [survivorship]         which value wins in the golden record
    [journeys]             where the journey maps are
    [risk]                 how the risk of leaving is assessed
    [text]                 how customers' words are read
    [metrics]              when a number may be shown
    [audit]                how often the log is signed, and where the anchor goes
    [schedules]            slots, leases, the nightly metric snapshot
    [serve]                where ``hub serve`` listens

``hub.core.hubtoml`` reads the file and reports every mistake with its place. A description here is
what ``hub schema``, an editor and the reference page show.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self, cast, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from hub.core.durations import Duration
from hub.core.secrets import REFUSAL, Secret


class Section(BaseModel):
    """Base of every section: unknown keys refused, values fixed once read."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )


def _form(pattern: str, expected: str) -> FieldInfo:
    """Annotation of a text whose form an admin is told in words."""
    return cast(FieldInfo, Field(pattern=pattern, json_schema_extra={"x-expected": expected}))


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found, malformed, a folder of zones
        raise PydanticCustomError(
            "unknown_name",
            "unknown time zone",
            {"wanted": "an IANA time zone", "names": sorted(available_timezones())},
        ) from None
    return name


TimeZone = Annotated[str, AfterValidator(_time_zone)]
"""Name of an IANA time zone."""


def _from_home(path: Path, info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("home", "")) / path.expanduser()


HomePath = Annotated[Path, AfterValidator(_from_home)]
"""A path; a relative one starts from the folder of hub.toml, wherever the command is run."""

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
"""Name of a connection or purpose: lower case, so that it can stand in ids, URLs and SQL."""

_NAMES = Field(
    json_schema_extra={"x-names": "a lower-case letter, then lower-case letters, digits, _ or -"}
)


class HubSection(Section):
    """Who runs the hub, and the conventions of the business."""

    name: Annotated[str, Field(min_length=1, max_length=100)] = "cxhub"
    """Shown in reports and signed into every audit checkpoint."""
    time_zone: TimeZone = "Australia/Sydney"
    """Days, schedules and periods are cut in this zone."""
    region: Annotated[str, _form(r"^[A-Z]{2}$", 'two capital letters such as "AU"')] = "AU"
    """ISO 3166 country that a phone number without a prefix belongs to."""
    currency: Annotated[str, _form(r"^[A-Z]{3}$", 'three capital letters such as "AUD"')] = "AUD"
    """ISO 4217 currency of amounts whose source names none."""
    data_dir: Annotated[str, Field(min_length=1)] = "./var"
    """Folder for database, keys and reports; relative to hub.toml."""


def _database_url(url: str) -> str:
    if urlsplit(url).password is not None:
        raise PydanticCustomError(
            "database_password",
            f"a password {REFUSAL}",
            {"wanted": 'the URL without it, and beside it password = "${env:NAME}"'},
        )
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise PydanticCustomError(
            "database_url",
            "not a database the hub can use",
            {"wanted": '"sqlite:///path/to/hub.db" or "postgresql+psycopg://user@host/name"'},
        )
    return url


class StoreSection(Section):
    """The database."""

    url: Annotated[str, AfterValidator(_database_url)] | None = None
    """SQLite or PostgreSQL, without a password; the default is hub.db in the data folder."""
    password: Secret | None = None
    """Password for PostgreSQL, as a reference."""


def _cron(text: str) -> str:
    from hub.core.timetable import Calendar  # needed by few

    try:
        Calendar(text, ZoneInfo("UTC"))
    except ValueError:
        raise PydanticCustomError(
            "cron",
            "not a cron expression",
            {"wanted": 'five fields such as "0 2 * * *" (minute, hour, day, month, weekday)'},
        ) from None
    return text


class VaultSection(Section):
    """Where refresh tokens that change while the hub runs are sealed."""

    key: Secret | None = None
    """Key in base64 (32 bytes), best kept in the OS keyring; without it, a file beside the
    database. Further lines are earlier keys, which still open what they sealed."""


class Schedule(Section):
    """When something runs: at an interval or by the calendar."""

    every: Annotated[int, Duration("1s", "31d")] | None = None
    """Interval, such as "15m"."""
    cron: Annotated[str, AfterValidator(_cron)] | None = None
    """Five cron fields as in Debian's crontab, in the time zone of [hub]."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.every is None) == (self.cron is None):
            raise PydanticCustomError(
                "schedule",
                "a schedule has exactly one of every and cron",
                {"wanted": '{ every = "15m" } or { cron = "0 2 * * *" }'},
            )
        return self


def _declared(table: str, name: str, info: ValidationInfo) -> str:
    """``name`` if the file declares it in ``table``; the reader passes the names as context."""
    known = (info.context or {}).get(table)
    if known is not None and name not in known:
        raise PydanticCustomError(
            "unknown_name",
            "not declared in this file",
            {"wanted": f"a name from [{table}]", "names": sorted(known)},
        )
    return name


def _known_purpose(name: str, info: ValidationInfo) -> str:
    return _declared("purposes", name, info)


def _known_connection(name: str, info: ValidationInfo) -> str:
    return _declared("connections", name, info)


class PushField(Section):
    """One field of the profile that is written into a system, and why it may be."""

    source: Annotated[str, Field(alias="from", pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*)*$")]
    """Path in unified_profile_v1, such as "voice.nps"."""
    purpose: Annotated[
        str,
        AfterValidator(_known_purpose),
        Field(json_schema_extra={"x-expected": "a name from [purposes]"}),
    ]
    """Purpose under which the value is disclosed; the gate asks consent for it."""


class PushSection(Section):
    """What goes out to one system, over the connector's default mapping."""

    enabled: bool = True
    """False withholds every write to this system."""
    defaults: bool = True
    """False drops the connector's default mapping, so that only ``fields`` is written."""
    fields: Mapping[str, PushField] = {}
    """Destination field to profile path and purpose."""


class ConnectionSection(Section):
    """One system that the hub is connected to."""

    connector: Annotated[str, Field(min_length=1)]
    """Which connector speaks to it: see ``hub connectors list``."""
    mode: Literal["observe", "sync"] = "observe"
    """observe only reads; sync also writes what an approved plan says."""
    enabled: bool = True
    """False leaves the connection out of every run."""
    schedule: Schedule | None = None
    """When ``hub serve`` reads it; without one it is read by ``hub sync`` and ``hub run``."""
    streams: tuple[str, ...] | None = None
    """Streams to read; the default is all that the connector offers."""
    brand: Annotated[str, Field(min_length=1)] | None = None
    """Brand that its records belong to; a permission given to one brand holds for no other."""
    settings: Mapping[str, JsonValue] = {}
    """The connector's own settings; ``hub connectors list`` and its README say which."""
    push: PushSection = PushSection()
    """What is written back."""


Basis = Literal["consent", "legitimate_interest", "contract", "legal_obligation"]
Channel = Literal["email", "sms", "phone", "post", "push", "messaging", "web", "in_person"]
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)


class PurposeSection(Section):
    """Why personal data is used. Source: GDPR Art. 5(1)(b), 6(1); APP 6."""

    description: Annotated[str, Field(min_length=1)]
    """What the customer was told."""
    basis: Basis
    """Lawful basis; only ``consent`` needs a grant in the ledger, an objection stops
    ``legitimate_interest``."""
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] = CHANNELS
    """Channels the purpose covers."""
    min_notice_version: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """A grant under an older notice counts as pending."""

    @property
    def needs_consent(self) -> bool:
        """Whether a grant must stand in the ledger before anything is released."""
        return self.basis == "consent"


DEFAULT_PURPOSES: Final[Mapping[str, PurposeSection]] = {
    "service": PurposeSection(
        description="Serve the customer: orders, questions, complaints, context for staff.",
        basis="contract",
    ),
    "marketing": PurposeSection(
        description="Send offers and news about our products.",
        basis="consent",
        channels=("email", "sms", "phone", "post", "push", "messaging"),
    ),
    "analytics": PurposeSection(
        description="Measure satisfaction, loyalty and churn to improve what we offer.",
        basis="legitimate_interest",
    ),
}
"""What ``hub init`` writes, and what applies when hub.toml has no [purposes]."""

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

    source_order: tuple[Annotated[str, AfterValidator(_known_connection)], ...] = ()
    """Connections from most to least trusted, for ``most_trusted``."""
    default: Annotated[tuple[SurvivorshipRule, ...], Field(min_length=1)] = (
        "most_trusted",
        "most_recent",
        "most_frequent",
    )
    """Rules for fields not named below; each breaks the ties of the one before."""
    fields: Mapping[GoldenField, Annotated[tuple[SurvivorshipRule, ...], Field(min_length=1)]] = {}
    """Rules per field."""


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


class AuditSection(Section):
    """The tamper-evident log."""

    checkpoint_every_events: Annotated[int, Field(ge=1, le=1_000_000)] = 5_000
    """A signed checkpoint is made after this many events …"""
    checkpoint_every_seconds: Annotated[int, Field(ge=1, le=86_400)] = 60
    """… or after this many seconds, whichever is first."""
    anchor_file: Annotated[str, Field(min_length=1)] | None = None
    """File, best on another machine, that every checkpoint is appended to."""


class SchedulesSection(Section):
    """Slots and leases of ``hub serve``."""

    lease: Annotated[int, Duration("2s", "1h")] = 60
    """A worker that stays silent for this long loses its run to another."""
    stop_grace: Annotated[int, Duration("1s", "1h")] = 30
    """How long a stopping server waits for its runs to reach a checkpoint."""
    workers: Annotated[int, Field(ge=1, le=64)] = 4
    """Connections read at the same time."""
    snapshot: Schedule = Schedule.model_construct(cron="0 2 * * *")
    """When overall metrics are computed."""


class ServeSection(Section):
    """Where ``hub serve`` listens."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Address; anything but loopback belongs behind a proxy with TLS."""
    port: Annotated[int, Field(ge=1, le=65_535)] = 8_420
    """TCP port."""


class Settings(Section):
    """Everything hub.toml says, checked, with defaults filled in."""

    hub: HubSection = HubSection()
    store: StoreSection = StoreSection()
    vault: VaultSection = VaultSection()
    connections: Annotated[Mapping[Identifier, ConnectionSection], _NAMES] = {}
    purposes: Annotated[Mapping[Identifier, PurposeSection], _NAMES] = DEFAULT_PURPOSES
    identity: IdentitySection = IdentitySection()
    survivorship: SurvivorshipSection = SurvivorshipSection()
    journeys: JourneysSection = JourneysSection()
    risk: RiskSection = RiskSection()
    text: TextSection = TextSection()
    metrics: MetricsSection = MetricsSection()
    audit: AuditSection = AuditSection()
    schedules: SchedulesSection = SchedulesSection()
    serve: ServeSection = ServeSection()
