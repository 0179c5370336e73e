"""The hub in one sentence.

    connector → sync → store → identity → golden record
              → metrics → risk → cases → themes → profile → push → proof

Stages do not call each other. Each reads what the one before committed, commits its own work, and
leaves marks for the next; so any of them can be run again, resumed after a kill, or run elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.audit.checkpoint import Notary
from hub.audit.verify import Checkpoint
from hub.core.clock import Clock
from hub.core.errors import EXIT_OK, EXIT_PARTIAL
from hub.core.ids import IdSource
from hub.core.settings import Settings
from hub.identity import golden, resolve
from hub.identity.golden import GoldenReport
from hub.identity.resolve import ResolveReport
from hub.metrics import run as metrics
from hub.metrics.run import MetricsReport
from hub.profile import run as profile
from hub.profile.run import ProfileReport, Rules
from hub.push import continuity
from hub.push.destination import Destination
from hub.push.handover_run import Handovers, origins
from hub.push.handover_send import HandoverReport
from hub.push.report import PushReport
from hub.push.run import Pusher
from hub.push.withdrawals import WithdrawalReport
from hub.store import dirty
from hub.store.dirty import Mark
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.leases import go_on, turn
from hub.sync.pull import PageSeen, Source
from hub.sync.run import SyncReport, sync
from hub.voc import alerts, case_measures, case_run, own_scorer, risk_run, theme_run
from hub.voc.alerts import Told
from hub.voc.case_run import CasesReport
from hub.voc.own_scorer import Terms
from hub.voc.risk_run import RiskReport
from hub.voc.theme_run import ThemesReport


@dataclass(frozen=True, slots=True)
class Hub:
    """An opened hub: settings and their folder, database, keys, the notary that signs its log."""

    settings: Settings
    folder: Path
    store: Store
    keys: Keys
    notary: Notary
    clock: Clock
    ids: IdSource

    def pusher(self, actor: str) -> Pusher:
        """Plans and pushes in the name of ``actor``."""
        purposes, quality = self.settings.purposes, self.settings.quality
        return Pusher(self.store, self.keys, purposes, self.ids, actor, quality)

    def handovers(self, actor: str) -> Handovers:
        """Hands over tasks and notes in the name of ``actor``."""
        settings = self.settings
        wanted = origins(settings, self.clock)
        return Handovers(self.store, self.keys, settings.purposes, wanted, actor)

    def hand_over(self, lanes: Iterable[Lane], actor: str) -> Iterator[HandoverReport]:
        """Hand tasks and notes to systems that the hub writes to; of others, tell what waits."""
        pusher, over = self.pusher(actor), self.handovers(actor)
        for lane in lanes:
            yield from over.send(lane.source, may_write=pusher.may_write(lane.destinations))


@dataclass(frozen=True, slots=True)
class Lane:
    """One connection, opened for reading and writing."""

    source: Source
    destinations: tuple[Destination, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """Called as the run goes on: after every page, when a stage begins, while others are at it."""

    page: PageSeen = lambda _report: None
    stage: Callable[[str], None] = lambda _name: None
    leave: Callable[[], None] = go_on


@dataclass(frozen=True, slots=True)
class PipelineReport:
    """What each stage did, in order."""

    pulled: SyncReport
    resolved: ResolveReport
    golden: GoldenReport
    measured: MetricsReport
    assessed: RiskReport
    cased: CasesReport
    rose: ThemesReport
    profiled: ProfileReport
    withdrawn: tuple[WithdrawalReport, ...]
    pushed: tuple[PushReport, ...]
    handed: tuple[HandoverReport, ...]
    head: Checkpoint | None
    alerted: tuple[Told, ...] = ()

    @property
    def exit_code(self) -> int:
        """The command's exit code: reading first, then pushing."""
        if self.pulled.exit_code != EXIT_OK:
            return self.pulled.exit_code
        errors = [each.stopped for each in self.withdrawn]
        errors += [each.stopped for each in self.pushed]
        errors += [each.stopped for each in self.handed]
        stopped = next((err for err in errors if err is not None), None)
        if stopped is not None:
            return stopped.exit_code
        failed = any(push.counts["failed"] for push in self.pushed)
        refused = any(each.counts["refused"] for each in self.handed)
        unheard = any(each.error is not None for each in self.alerted)
        return EXIT_PARTIAL if failed or refused or unheard else EXIT_OK


def run(
    hub: Hub,
    lanes: Sequence[Lane],
    *,
    actor: str,
    full: bool = False,
    progress: Progress = Progress(),
) -> PipelineReport:
    """Bring records in, make golden records of them, measure, and push what changed.

    Raises:
        ConfigMistakes: If a file of patterns or segments has mistakes.
        ConfigError: If a score has no entry in the register of automated decisions.
    """
    terms = own_scorer.terms(hub.folder, hub.settings)  # first: a mistake there stops the run
    rules = profile.rules(hub.folder, hub.settings)
    stages = _Stages(hub, lanes, actor, progress)
    due = stages.due()
    pulled = stages.sync(full=full)
    with turn(hub.store, "stages", progress.leave):  # at work twice it would do its work twice
        resolved = stages.identity()
        survived = stages.golden_record()
        measured = stages.metrics()
        assessed = stages.risk(terms)
        cased = stages.cases()
        rose = stages.themes()
        profiled = stages.profiles(rules)
    withdrawn = stages.withdraw()
    pushed = stages.push()
    handed = stages.hand_over()
    _followed(hub.store, due)
    head = stages.proof()
    told = stages.alert()
    return PipelineReport(
        pulled, resolved, survived, measured, assessed, cased, rose, profiled,
        withdrawn, pushed, handed, head, told,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Stages:
    """The stages of one run: what each takes of the hub, and what it did."""

    hub: Hub
    lanes: Sequence[Lane]
    actor: str
    progress: Progress

    @property
    def _sources(self) -> list[Source]:
        return [lane.source for lane in self.lanes]

    def due(self) -> list[Mark]:
        """What this run follows up: these connections, if something came apart from a run."""
        names = {source.name for source in self._sources}
        return [mark for mark in follow_ups(self.hub.store) if mark.key in names]

    def sync(self, *, full: bool) -> SyncReport:
        """Rows as records, page by page."""
        self.progress.stage("sync")
        hub, on_page = self.hub, self.progress.page
        return sync(
            hub.store, hub.keys, self._sources,
            ids=hub.ids, actor=self.actor, full=full, on_page=on_page,
        )  # fmt: skip

    def identity(self) -> ResolveReport:
        """Who is who."""
        self.progress.stage("identity")
        hub, settings = self.hub, self.hub.settings
        return resolve.run(
            hub.store, settings.identity,
            clock=hub.clock, ids=hub.ids, actor=self.actor, region=settings.hub.region,
        )  # fmt: skip

    def golden_record(self) -> GoldenReport:
        """Which of the values that systems hold of a customer stands."""
        self.progress.stage("golden record")
        rules, clock = self.hub.settings.survivorship, self.hub.clock
        return golden.run(self.hub.store, rules, clock=clock, actor=self.actor)

    def metrics(self) -> MetricsReport:
        """Each customer in numbers, then everybody together."""
        self.progress.stage("metrics")
        hub, settings = self.hub, self.hub.settings
        zone = settings.hub.zone
        return metrics.run(hub.store, settings.metrics, ids=hub.ids, actor=self.actor, zone=zone)

    def risk(self, terms: Terms) -> RiskReport:
        """Who may leave, and why, from everybody's timeline."""
        self.progress.stage("risk")
        return risk_run.run(self.hub.store, terms)

    def cases(self) -> CasesReport:
        """Who is to be looked after, and whether that closes the loop."""
        self.progress.stage("cases")
        hub, settings = self.hub, self.hub.settings
        cased = case_run.run(
            hub.store, settings.loop, settings.purposes, hub.keys, actor=self.actor
        )
        case_measures.measure(
            hub.store, settings.loop, settings.metrics, ids=hub.ids, actor=self.actor
        )
        return cased

    def themes(self) -> ThemesReport:
        """What customers speak of, and which of it rises."""
        self.progress.stage("themes")
        hub, settings = self.hub, self.hub.settings
        terms = theme_run.Terms(settings.themes, settings.loop.look_back, settings.hub.zone)
        return theme_run.run(hub.store, settings.text, terms, hub.keys, actor=self.actor)

    def profiles(self, rules: Rules) -> ProfileReport:
        """All of it as one profile of each customer."""
        self.progress.stage("profiles")
        return profile.run(self.hub.store, rules)

    def withdraw(self) -> tuple[WithdrawalReport, ...]:
        """What customers refused elsewhere, into systems that keep permissions: before all else."""
        self.progress.stage("push")
        pusher = self.hub.pusher(self.actor)
        told = [pusher.withdraw(lane.source, lane.destinations) for lane in self.lanes]
        return tuple(report for report in told if report is not None)

    def push(self) -> tuple[PushReport, ...]:
        """Profiles into the systems that are kept up to date."""
        pusher = self.hub.pusher(self.actor)
        told = [pusher.keep_up(place) for lane in self.lanes for place in lane.destinations]
        return tuple(report for report in told if report is not None)

    def hand_over(self) -> tuple[HandoverReport, ...]:
        """Tasks and notes to the people who look after customers, and whether they came in time."""
        handed = tuple(self.hub.hand_over(self.lanes, self.actor))
        continuity.measure(self.hub.store, self.hub.settings, ids=self.hub.ids, actor=self.actor)
        return handed

    def proof(self) -> Checkpoint | None:
        """The head of the audit log, signed."""
        self.progress.stage("audit")
        return self.hub.notary.settle()

    def alert(self) -> tuple[Told, ...]:
        """The events of cases to whoever wants to be told."""
        hub = self.hub
        routes = alerts.routes(hub.settings, hub.clock)
        return tuple(alerts.deliver(hub.store, routes, self.progress.leave))


def follow_ups(store: Store) -> list[Mark]:
    """The connections of which something was stored apart from a run, as webhooks are.

    The next run that they take part in follows it up.
    """
    with store.read() as connection:
        return dirty.waiting(connection, "follow-up", dirty.count(connection, "follow-up"))


def _followed(store: Store, marks: Sequence[Mark]) -> None:
    if marks:
        with store.write() as connection:
            dirty.done(connection, "follow-up", marks)
