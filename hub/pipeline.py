"""The hub in one sentence.

    connector → sync → store → identity → golden record
              → metrics → cases → themes → profile → push → proof

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
from hub.profile.run import ProfileReport
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
from hub.voc import alerts, case_measures, case_run, theme_run
from hub.voc.alerts import Told
from hub.voc.case_run import CasesReport
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
    settings, store, clock, ids = hub.settings, hub.store, hub.clock, hub.ids
    zone = settings.hub.zone
    rules = profile.rules(hub.folder, settings)
    sources = [lane.source for lane in lanes]
    due = [mark for mark in follow_ups(store) if mark.key in {each.name for each in sources}]
    progress.stage("sync")
    pulled = sync(store, hub.keys, sources, ids=ids, actor=actor, full=full, on_page=progress.page)
    with turn(store, "stages", progress.leave):  # at work twice it would do its work twice
        progress.stage("identity")
        region = settings.hub.region
        resolved = resolve.run(
            store, settings.identity, clock=clock, ids=ids, actor=actor, region=region
        )
        progress.stage("golden record")
        survived = golden.run(store, settings.survivorship, clock=clock, actor=actor)
        progress.stage("metrics")
        measured = metrics.run(store, settings.metrics, ids=ids, actor=actor, zone=zone)
        progress.stage("cases")
        cased = case_run.run(store, settings.loop, settings.purposes, hub.keys, actor=actor)
        case_measures.measure(store, settings.loop, settings.metrics, ids=ids, actor=actor)
        progress.stage("themes")
        terms = theme_run.Terms(settings.themes, settings.loop.look_back, zone)
        rose = theme_run.run(store, settings.text, terms, hub.keys, actor=actor)
        progress.stage("profiles")
        profiled = profile.run(store, rules)
    progress.stage("push")
    pusher = hub.pusher(actor)
    refusals = [pusher.withdraw(lane.source, lane.destinations) for lane in lanes]
    withdrawn = tuple(report for report in refusals if report is not None)
    pushes = [pusher.keep_up(place) for lane in lanes for place in lane.destinations]
    pushed = tuple(push for push in pushes if push is not None)
    handed = tuple(hub.hand_over(lanes, actor))
    continuity.measure(store, settings, ids=ids, actor=actor)
    _followed(store, due)
    progress.stage("audit")
    head = hub.notary.settle()
    told = tuple(alerts.deliver(store, alerts.routes(settings, clock), progress.leave))
    return PipelineReport(
        pulled, resolved, survived, measured, cased, rose, profiled,
        withdrawn, pushed, handed, head, told,
    )  # fmt: skip


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
