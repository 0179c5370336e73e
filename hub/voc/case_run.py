"""The cases stage: the cases of customers whose answers, records or permissions changed.

1. Everybody, if the rules in hub.toml are new; else who was marked.
2. Their cases brought to what their answers say.
3. Cases of customers who left the hub, and cases that are overdue.
4. The numbers of the loop.

Each step of a case is one row, one change of the case and one audit leaf, in one transaction; a
stage that is killed leaves its marks and does only what is missing when it runs again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from hub.audit import log
from hub.audit.log import AuditEvent
from hub.core.boundary import reached
from hub.core.clock import from_micros, to_micros
from hub.core.settings import CHANNELS, LoopSection, PurposeSection
from hub.privacy import permissions as consent
from hub.privacy.gate import Gate
from hub.privacy.permissions import Permissions
from hub.privacy.resolution import fold
from hub.store import cases, dirty, pseudonyms
from hub.store.cases import Step
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.schema import golden_records
from hub.voc import case_trigger
from hub.voc.case_episode import Desk, Known, escalate, reconcile, without_customer
from hub.voc.rise import PURPOSE as RISK_PURPOSE

BATCH = 1_000
"""Customers looked at in one transaction."""

_REFUSED = frozenset({"denied", "withdrawn", "objected", "restricted"})


@dataclass(frozen=True, slots=True)
class CasesReport:
    """What the stage did.

    Args:
        looked_at: Customers.
        steps: Kind of step to how many.
    """

    looked_at: int
    steps: Mapping[str, int] = field(default_factory=dict)


def run(
    store: Store,
    settings: LoopSection,
    purposes: Mapping[str, PurposeSection],
    keys: Keys,
    *,
    actor: str,
) -> CasesReport:
    """Bring the cases up to date with the store; returns what happened to them.

    Args:
        store: The database.
        settings: Rules, teams and times.
        purposes: Of ``hub.toml``, by name; they say through which channels a customer is reached.
        keys: Names the cases.
        actor: Who asked, for the log.
    """
    policy = Gate(purposes).policy
    basis = f"{settings.rules} {settings.look_back} {settings.purpose} {settings.use} {policy}"
    dirty.mark_all_if_new(store, "cases", basis, select(golden_records.c.golden_id))
    desk = Desk(settings, keys.case, to_micros(store.clock.now()), actor)
    looked_at, steps = 0, Counter[str]()
    while True:
        seq = dirty.sequence(store)
        with store.write() as connection:
            marks = dirty.waiting(connection, "cases", BATCH)
            if not marks:
                break
            taken = _steps(connection, [mark.key for mark in marks], desk, purposes)
            keep(connection, taken, seq)
            dirty.done(connection, "cases", marks)
        reached("cases committed")
        looked_at += len(marks)
        steps.update(step.kind for step in taken)
    seq = dirty.sequence(store)
    with store.write() as connection:  # 3
        gone = list(without_customer(cases.nobodys(connection), desk))
        keep(connection, gone, seq)
        late = list(escalate(cases.overdue(connection, desk.now), desk))
        keep(connection, late, seq)
    steps.update(step.kind for step in (*gone, *late))
    return CasesReport(looked_at, dict(sorted(steps.items())))


def _steps(
    connection: Connection,
    golden_ids: Sequence[str],
    desk: Desk,
    purposes: Mapping[str, PurposeSection],
) -> list[Step]:
    given = desk.settings
    held = cases.of_customers(connection, golden_ids)
    asked = case_trigger.load(connection, golden_ids, given.rules, given.look_back)
    concerned = [who for who in golden_ids if held[who] or asked[who]]
    said = consent.load(connection, concerned, purposes, desk.now)
    inside = cases.of_answers(connection, [each.rid for who in concerned for each in asked[who]])

    def known(who: str) -> Known:
        contact, score = given.purpose, given.use or RISK_PURPOSE
        return Known(
            asked[who],
            held[who],
            inside,
            refuses=refuses(said[who], contact, purposes),
            refuses_scores=refuses(said[who], score, purposes),
        )

    return [step for who in concerned for step in reconcile(known(who), desk)]


def refuses(said: Permissions, purpose: str, purposes: Mapping[str, PurposeSection]) -> bool:
    """Whether the customer refused a purpose on every channel that it has."""
    section = purposes.get(purpose)
    channels = CHANNELS if section is None else section.channels
    return all(
        fold(said.events, purpose=purpose, channel=channel, point=None, now=said.now).state
        in _REFUSED
        for channel in channels
    )


def keep(connection: Connection, steps: Sequence[Step], seq: int) -> None:
    """Write steps of cases with their audit leaves, in the caller's transaction.

    What the profile tells of a customer moves with their cases, so they are marked for it; ``seq``
    is fresh for this transaction.
    """
    if not steps:
        return
    cases.write(connection, steps)
    moved = cases.whose(connection, (step.case.case_id for step in steps))
    dirty.mark(connection, "profile", moved, cause="case", seq=seq)
    names = pseudonyms.of(connection, sorted({step.case.party_rid for step in steps}))
    log.record_many(connection, [_leaf(step, names[step.case.party_rid]) for step in steps])


def _leaf(step: Step, subject: str) -> AuditEvent:
    """The audit event of a step; owner and message may name people, so they stay in the case."""
    case = step.case
    return AuditEvent(
        kind=f"case.{step.kind}",
        actor=step.actor,
        at=from_micros(step.at),
        subject=subject,
        what={
            "case": case.case_id,
            "rule": case.rule,
            "state": case.state,
            "reason": case.reason,
            "step": case.steps,
        },
    )
