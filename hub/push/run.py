"""Observe, plan, approve, push: the order in which a system may be written to.

A first connection only observes. ``hub plan`` shows what would change; ``hub push --approve PLAN``
sends exactly that plan, and from then on a connection with ``mode = "sync"`` is kept up to date by
every run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from hub.core.clock import to_micros
from hub.core.errors import HubError, NotFound
from hub.core.ids import IdSource
from hub.core.settings import PurposeSection
from hub.privacy.gate import Gate
from hub.push.destination import Destination
from hub.push.intent import Intents
from hub.push.plan import Plan, Planner
from hub.push.refusals import Refusals
from hub.push.report import PushReport
from hub.push.send import Sender
from hub.push.undo import Undo, UndoReport
from hub.push.withdrawals import WithdrawalReport, Withdrawals
from hub.store import bulk
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.schema import connection_state, outbox, plans
from hub.sync.pull import Source


@dataclass(frozen=True, slots=True)
class Pusher:
    """Plans, sends and takes back pushes.

    Args:
        store: The database.
        keys: Keyed hashes of this installation.
        purposes: Purposes of ``hub.toml``.
        ids: Mints plan ids.
        actor: Who asked.
    """

    store: Store
    keys: Keys
    purposes: Mapping[str, PurposeSection]
    ids: IdSource
    actor: str

    def plan(self, destination: Destination) -> Plan:
        """What a push would change there; nothing is written to the system."""
        return self._planner(destination).plan()

    def approve(self, plan_id: str, destinations: Mapping[str, Destination]) -> PushReport:
        """Approve a plan and send it.

        Raises:
            NotFound: If there is no such plan, it was sent, or its destination is not configured.
        """
        now = to_micros(self.store.clock.now())
        columns = ("connection", "approved_plan", "approved_at", "approved_by")
        with self.store.write() as connection:
            place = self._place_of(connection, plan_id, ("planned", "approved"), destinations)
            connection.execute(
                update(plans).where(plans.c.plan_id == plan_id).values(status="approved")
            )
            bulk.upsert(
                connection,
                connection_state,
                columns,
                [(place.key, plan_id, now, self.actor)],
                key=("connection",),
            )
        return self.send(plan_id, place)

    def keep_up(self, destination: Destination) -> PushReport | None:
        """Push what changed, if this destination is in sync mode and a first plan was approved.

        A plan that an earlier run left unfinished is finished first. A failure is in the report, so
        that other destinations are not held up by it.
        """
        if not (destination.sync and self.is_approved(destination)):
            return None
        report = PushReport("", destination.key)
        try:
            self._catch_up(destination, report)
        except HubError as err:
            report.stopped = err
        return report

    def withdraw(
        self, source: Source, destinations: Sequence[Destination]
    ) -> WithdrawalReport | None:
        """Write what customers refused elsewhere into a system that keeps permissions.

        Only into one that is in sync mode and was approved; for another one the report says how
        many withdrawals wait. None if the system keeps no permissions, or pushing is off.
        """
        if not (destinations and callable(source.connector.write_consent)):
            return None
        if any(place.sync and self.is_approved(place) for place in destinations):
            return self._withdrawals(source).send()
        return self.waiting_withdrawals(source)

    def waiting_withdrawals(self, source: Source) -> WithdrawalReport:
        """How many withdrawals wait for a system; nothing is written to it."""
        return self._withdrawals(source).look()

    def _withdrawals(self, source: Source) -> Withdrawals:
        refusals = Refusals(self.store, self.keys, self.purposes, source)
        return Withdrawals(self.store, source, refusals, Gate(self.purposes), self.actor)

    def _catch_up(self, destination: Destination, report: PushReport) -> None:
        for plan_id in self._unfinished(destination):
            report.plan_id = plan_id
            report.add(self.send(plan_id, destination))
            if report.stopped is not None:
                return
        report.plan_id = self._planner(destination).plan(show=False).plan_id
        self._mark(report.plan_id, "approved")
        report.add(self.send(report.plan_id, destination))

    def send(self, plan_id: str, destination: Destination) -> PushReport:
        """Send an approved plan; what became of every record is in the report."""
        report = self._sender(destination).send(plan_id)
        if report.stopped is None:
            self._mark(plan_id, "sent")
        return report

    def undo(self, plan_id: str, destinations: Mapping[str, Destination]) -> UndoReport:
        """Put back what stood there before the plan was sent.

        Raises:
            NotFound: If there is no such plan, or it wrote nothing.
            HubError: If the system cannot be read or written.
        """
        with self.store.read() as connection:
            place = self._place_of(connection, plan_id, ("sent", "approved"), destinations)
        self._sender(place).settle(plan_id)  # what arrived unnoticed is taken back too
        gate, intents = Gate(self.purposes), self._intents(place)
        return Undo(self.store, place, intents, gate, self.actor).undo(plan_id)

    def is_approved(self, destination: Destination) -> bool:
        """Whether somebody has approved a plan for this destination, and nobody undid it."""
        query = select(connection_state.c.approved_plan).where(
            connection_state.c.connection == destination.key
        )
        with self.store.read() as connection:
            return connection.execute(query).scalar() is not None

    def _planner(self, destination: Destination) -> Planner:
        intents = self._intents(destination)
        return Planner(self.store, destination, intents, self.ids, self.actor)

    def _sender(self, destination: Destination) -> Sender:
        intents, gate = self._intents(destination), Gate(self.purposes)
        return Sender(self.store, destination, intents, gate, self.keys, self.actor)

    def _intents(self, destination: Destination) -> Intents:
        return Intents(destination, Gate(self.purposes), self.purposes, self.keys)

    def _unfinished(self, destination: Destination) -> list[str]:
        query = (
            select(plans.c.plan_id)
            .join(outbox, outbox.c.plan_id == plans.c.plan_id)
            .where(
                plans.c.writer == destination.key,
                plans.c.status == "approved",
                outbox.c.status.in_(("pending", "claimed")),
            )
            .distinct()
            .order_by(plans.c.plan_id)
        )
        with self.store.read() as connection:
            return list(connection.execute(query).scalars())

    @staticmethod
    def _place_of(
        connection: Connection,
        plan_id: str,
        statuses: tuple[str, ...],
        destinations: Mapping[str, Destination],
    ) -> Destination:
        """Where a plan goes; its row stays as it is until the transaction ends."""
        query = select(plans.c.writer, plans.c.status).where(plans.c.plan_id == plan_id)
        row = connection.execute(query.with_for_update()).first()
        if row is None:
            raise NotFound(f"there is no plan {plan_id}. Make one with: hub plan")
        if row.status not in statuses:
            raise NotFound(f"plan {plan_id} is {row.status}. Make a new one with: hub plan")
        if row.writer not in destinations:
            raise NotFound(f"plan {plan_id} is for {row.writer}, which hub.toml does not configure")
        return destinations[row.writer]

    def _mark(self, plan_id: str, status: str) -> None:
        with self.store.write() as connection:
            connection.execute(
                update(plans).where(plans.c.plan_id == plan_id).values(status=status)
            )
