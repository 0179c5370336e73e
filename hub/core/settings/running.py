"""Sections of the hub itself: who runs it, where it keeps what, and when it works."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from hub.core.durations import Duration
from hub.core.secrets import REFUSAL, Secret
from hub.core.settings.section import Schedule, Section, TimeZone, form


class HubSection(Section):
    """Who runs the hub, and the conventions of the business."""

    name: Annotated[str, Field(min_length=1, max_length=100)] = "cxhub"
    """Shown in reports and signed into every audit checkpoint."""
    time_zone: TimeZone = "Australia/Sydney"
    """Days, schedules and periods are cut in this zone."""
    region: Annotated[str, form(r"^[A-Z]{2}$", 'two capital letters such as "AU"')] = "AU"
    """ISO 3166 country that a phone number without a prefix belongs to."""
    currency: Annotated[str, form(r"^[A-Z]{3}$", 'three capital letters such as "AUD"')] = "AUD"
    """ISO 4217 currency of amounts whose source names none."""
    data_dir: Annotated[str, Field(min_length=1)] = "./var"
    """Folder for database, keys and reports; relative to hub.toml."""

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.time_zone)

    def data_folder(self, home: Path) -> Path:
        """The data folder of a hub whose hub.toml is in ``home``."""
        return home / Path(self.data_dir).expanduser()


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


class VaultSection(Section):
    """Where refresh tokens that change while the hub runs are sealed."""

    key: Secret | None = None
    """Key in base64 (32 bytes), best kept in the OS keyring; without it, a file beside the
    database. Further lines are earlier keys, which still open what they sealed."""


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
