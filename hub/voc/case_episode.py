"""Which answers make one case, and what must happen so that the cases say the same.

An episode is a customer's bad answers from the first until they were told something: who is unhappy
twice before anybody spoke to them waits for one word, not for two. The plan:

1. Cut the answers of a customer into episodes. An answer after the word begins a new one.
2. Each episode has one case: the one that stands, the most advanced if there are several (people
   turned out to be one), or a new one. The others join it.
3. A case is suppressed with its reason where nobody is to be contacted, and revived when that ends.
4. A case whose answers are all gone is suppressed, unless the customer was told something.

Nothing here depends on the order in which answers arrived but which answer names a case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hub.core.settings import LoopSection
from hub.store.cases import Case, State, Step
from hub.voc.case_trigger import Trigger

SECOND: Final = 1_000_000
_ADVANCED: Final[Mapping[State, int]] = {
    "closed": 4, "informed": 3, "assigned": 2, "open": 1, "suppressed": 0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one customer when their cases are looked at.

    Args:
        triggers: Their answers that ask for a reply, oldest first.
        cases: Their cases, oldest first.
        answers: Answer to the case that it is in.
        refuses: Whether they refused to be contacted.
    """

    triggers: Sequence[Trigger]
    cases: Sequence[Case]
    answers: Mapping[int, str]
    refuses: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """Who looks at the cases, when, and by which rules.

    Args:
        settings: Teams and times.
        name: The id of the case that an answer opens.
        now: Microseconds.
        actor: For the log.
    """

    settings: LoopSection
    name: Callable[[str], str]
    now: int
    actor: str


def episodes(known: Known) -> list[list[Trigger]]:
    """1. The answers of a customer, cut where they were told something; history stands apart."""
    told = {case.case_id: case.informed_at for case in known.cases}
    found: list[list[Trigger]] = []
    for trigger in known.triggers:
        current = found[-1] if found else []
        ends = [told.get(known.answers.get(each.rid, "")) for each in current]
        is_over = any(end is not None and end < trigger.at for end in ends)
        if current and not is_over and current[0].is_history == trigger.is_history:
            current.append(trigger)
        else:
            found.append([trigger])
    return found


def reconcile(known: Known, desk: Desk) -> Iterator[Step]:
    """The steps after which the cases of a customer say what their answers say."""
    free = list(known.cases)
    for episode in episodes(known):
        claimed = _claimed(episode, known, free)
        free = [case for case in free if case not in claimed]
        first = claimed[0] if claimed else None
        standing = _opened(episode, desk) if first is None else _followed(first, episode, known)
        case = _judged(standing, episode, known, desk.now)
        yield from _step(first, case, episode, known, desk)
        for other in claimed[1:]:  # 2
            yield from _suppress(other, "joined", desk, joined_to=case.case_id)
    for case in free:  # 4
        yield from _suppress(case, "answer_gone", desk)


def _claimed(episode: Sequence[Trigger], known: Known, free: Sequence[Case]) -> list[Case]:
    """2. The cases of an episode, the one that goes on first."""
    own = {trigger.rid for trigger in episode}
    others = {trigger.rid for trigger in known.triggers} - own
    held = {known.answers.get(rid) for rid in own}
    found = [
        case
        for case in free
        if (case.rid in own or (case.case_id in held and case.rid not in others))
        and not (case.informed_at is not None and case.informed_at < episode[0].at)
    ]
    return sorted(found, key=lambda case: (-_ADVANCED[case.state], case.at, case.case_id))


def _opened(episode: Sequence[Trigger], desk: Desk) -> Case:
    first, given = episode[0], desk.settings
    return Case(
        desk.name(f"{first.key}@{first.at}"), first.rid, first.party_rid, first.rule,
        given.teams.get(first.rule, given.team), "open", None, None, None, first.at, desk.now,
        first.at + given.sla * SECOND, None, None, None, None, 0,
    )  # fmt: skip


def _followed(case: Case, episode: Sequence[Trigger], known: Known) -> Case:
    """The case with the clock of its first answer, on the record of the answer that names it."""
    named = next((each for each in episode if each.rid == case.rid), episode[0])
    first = episode[0].at
    due = first + (case.due_at - case.at)
    return replace(case, party_rid=named.party_rid, at=first, due_at=due)


def _judged(case: Case, episode: Sequence[Trigger], known: Known, now: int) -> Case:
    """3. Suppressed for a reason that holds, or in the state that its steps brought it to."""
    if case.state in ("informed", "closed"):
        return case
    reason = "history" if episode[0].is_history else "no_contact" if known.refuses else None
    if reason is not None and reason == case.reason:
        return case
    if reason is not None:
        return _suppressed(case, reason, now)
    return revived(case) if case.state == "suppressed" else case


def revived(case: Case) -> Case:
    """The case as it was before it was suppressed."""
    state: State = "informed" if case.informed_at else "assigned" if case.owner else "open"
    return replace(case, state=state, reason=None, joined_to=None, settled_at=None)


def _suppressed(case: Case, reason: str, now: int, joined_to: str | None = None) -> Case:
    return replace(case, state="suppressed", reason=reason, joined_to=joined_to, settled_at=now)


def _step(
    before: Case | None, case: Case, episode: Sequence[Trigger], known: Known, desk: Desk
) -> Iterator[Step]:
    """One step from ``before`` to ``case``, if anything differs."""
    rids = [each.rid for each in episode if known.answers.get(each.rid) != case.case_id]
    if before == case and not rids:
        return
    kind = "opened" if before is None else "changed"
    if case.state == "suppressed" and (before is None or before.reason != case.reason):
        kind = "suppressed"
    elif before is not None and before.state == "suppressed" and case.state != "suppressed":
        kind = "revived"
    said = {"reason": case.reason} if kind == "suppressed" else {"answers": len(episode)}
    yield Step(replace(case, steps=case.steps + 1), kind, desk.now, desk.actor, said, rids)


def _suppress(case: Case, reason: str, desk: Desk, joined_to: str | None = None) -> Iterator[Step]:
    is_told = case.state in ("informed", "closed")  # what the customer was told, they were told
    if is_told or (case.reason, case.joined_to) == (reason, joined_to):
        return
    after = _suppressed(case, reason, desk.now, joined_to)
    said = {"reason": reason, "joined_to": joined_to} if joined_to else {"reason": reason}
    yield Step(replace(after, steps=case.steps + 1), "suppressed", desk.now, desk.actor, said)


def without_customer(cases: Sequence[Case], desk: Desk) -> Iterator[Step]:
    """Cases of customers whose records left the hub, suppressed until they come back."""
    for case in cases:
        yield from _suppress(case, "customer_gone", desk)


def escalate(cases: Sequence[Case], desk: Desk) -> Iterator[Step]:
    """Overdue cases, brought before whoever is to hear of them, once."""
    for case in cases:
        after = replace(case, escalated_at=desk.now, steps=case.steps + 1)
        to = desk.settings.escalate_to or case.team
        yield Step(after, "escalated", desk.now, desk.actor, {"to": to})
