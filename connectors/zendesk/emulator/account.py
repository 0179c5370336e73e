"""One Zendesk account: everything it holds.

Each change of state is written to the effect log, by the program (``api``) or the person (``user``)
who caused it. Setting a value that is already there changes nothing and is no effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from connectors.zendesk.emulator.access import Access
from connectors.zendesk.emulator.directory import Directory
from connectors.zendesk.emulator.fields import FieldSet
from connectors.zendesk.emulator.jobs import JobDesk
from connectors.zendesk.emulator.limits import RateLimiter
from connectors.zendesk.emulator.people import People
from connectors.zendesk.emulator.refusals import not_found
from connectors.zendesk.emulator.tables import Body, Entry, Sequence, Table, stamp
from hub.core.clock import Clock
from hub.emulation.effects import Actor, EffectLog

HOST = "https://emulated.zendesk.com"
OWNER_ID = 101
GROUP_ID = 201

Feedback = Literal["legacy", "surveys"]
"""Which of the two kinds of CSAT an account has; never both."""

TABLES = (
    "users",
    "organizations",
    "tickets",
    "comments",
    "satisfaction_ratings",
    "survey_responses",
)


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer to a creation that carried an idempotency key.

    Args:
        content: What was asked.
        body: What was answered.
        at: When.
    """

    content: str
    body: Mapping[str, object]
    at: datetime


@dataclass
class Account:
    """The account's state.

    Attributes:
        bulk: Whether Zendesk's support has switched bulk imports on.
        feedback: Which kind of CSAT it has.
        listed_metrics: Whether the side-load ``metric_sets`` is a list beside the tickets; else
            each ticket carries its ``metric_set``. Both are reported, neither is confirmed.
        export_page: Most rows per page of an export.
        fields: Custom fields of ``users`` and ``organizations``.
        metrics: What Zendesk measured of each ticket, by ticket id.
        idempotency: Answers to creations, by the key that they carried.
        drifted: Further keys that rows of a kind carry since their schema drifted.
    """

    clock: Clock
    effects: EffectLog
    access: Access
    limiter: RateLimiter
    jobs: JobDesk
    bulk: bool = True
    feedback: Feedback = "surveys"
    listed_metrics: bool = True
    export_page: int = 1000
    sequence: Sequence = field(default_factory=Sequence)
    tables: dict[str, Table] = field(default_factory=dict)
    fields: dict[str, FieldSet] = field(default_factory=dict)
    metrics: dict[int, Body] = field(default_factory=dict)
    idempotency: dict[str, Kept] = field(default_factory=dict)
    drifted: dict[str, dict[str, object]] = field(default_factory=dict)
    directory: Directory = field(init=False)
    people: People = field(init=False)

    def __post_init__(self) -> None:
        self.directory, self.people = Directory(self), People(self)
        self.tables = {name: Table(name, self.sequence) for name in TABLES}
        self.fields = {"users": FieldSet(), "organizations": FieldSet()}

    def now(self) -> datetime:
        """The account's time."""
        return self.clock.now()

    def table(self, name: str) -> Table:
        """The records of a kind."""
        return self.tables[name]

    def record(self, name: str, key: object) -> Entry:
        """The live record of that id.

        Raises:
            Refusal: 404.
        """
        # A body may name a record by anything; only numbers and texts can be looked up.
        entry = self.tables[name].find(key) if isinstance(key, int | str) else None
        if entry is None:
            raise not_found()
        return entry

    def settle(self) -> None:
        """Let the background jobs do the work whose time has come."""
        self.jobs.run(self.now())

    def log(
        self, method: str, kind: str, key: object, names: set[str], actor: Actor = "api"
    ) -> None:
        """Write one effect to the log."""
        self.effects.append(method, kind, str(key), names, actor=actor)

    def url(self, kind: str, key: object) -> str:
        """A record's own address, as its JSON gives it."""
        return f"{HOST}/api/v2/{kind}/{key}.json"

    # --- records as the API shows them -------------------------------------------------------

    def shown(self, kind: str, entry: Entry) -> Body:
        """A record as the API shows it today, custom fields and drifted keys included."""
        body = dict(entry.body)
        own = f"{kind[:-1]}_fields"
        if kind in self.fields:
            body[own] = self.fields[kind].shown(body.get(own, {}))
        return body | self.drifted.get(kind, {})

    def stamps(self) -> dict[str, str]:
        """The time stamps of a record that is created now."""
        now = stamp(self.now())
        return {"created_at": now, "updated_at": now}
