"""Which answers make one case, and what must happen so that the cases say the same.

An episode is what a customer complained of until somebody told them something: who is unhappy
twice before that waits for one word, not for two. The plan:

1. Cut the answers of a customer at the words they were told. Those after the last word wait;
   history among them stands apart.
2. Each episode has one case: the one whose word ended it; or the one that stands, the most
   advanced if there are several (people turned out to be one); or a new one. Others join it.
3. A case is suppressed with its reason where nobody is to be contacted, and revived when that ends.
4. A case whose answers are all gone, or whose risk fell by itself, is suppressed; not while
   somebody has such a risk in hand: it may have fallen because they called. What a customer was
   told stays told.

Nothing here depends on the order in which answers arrived but which answer names a case.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hub.core.settings import LoopSection
from hub.store.cases import Case, State, Step
from hub.voc.case_trigger import HIGH_RISK, Trigger

SECOND: Final = 1_000_000
_RANKS: Final = ("assigned", "open", "suppressed", "joined")
"""Which of several cases goes on: what somebody works at, and never one that gave way before."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one customer when their cases are looked at.

    Args:
        triggers: Their answers that ask for a reply, oldest first.
        cases: Their cases, oldest first.
        answers: Answer to the case that it is in.
        refuses: Whether they refused to be contacted.
        refuses_scores: Whether they refused that their risk is told.
    """

    triggers: Sequence[Trigger]
    cases: Sequence[Case]
    answers: Mapping[int, str]
    refuses: bool
    refuses_scores: bool = False


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


@dataclass(frozen=True, slots=True)
class Episode:
    """Answers that wait for one word, or waited for it.

    Args:
        triggers: The answers, oldest first.
        since: Instant of the word before them; 0 if there was none.
        told: The case whose word ended it; None if they still wait.
    """

    triggers: Sequence[Trigger]
    since: int
    told: Case | None

    @property
    def rids(self) -> frozenset[int]:
        """Row ids of the answers."""
        return frozenset(trigger.rid for trigger in self.triggers)

    @property
    def waits(self) -> bool:
        """Whether it asks for a word today."""
        return self.told is None and not self.triggers[0].is_history

    @property
    def rests_on_risk(self) -> bool:
        """Whether the customer did and said nothing that asks for a word."""
        return all(trigger.rule == HIGH_RISK for trigger in self.triggers)


def episodes(known: Known) -> list[Episode]:
    """1. The answers of a customer, cut at the words they were told."""
    told = sorted(
        (case for case in known.cases if case.informed_at is not None),
        key=lambda case: (case.informed_at or 0, case.case_id),
    )
    words = [case.informed_at or 0 for case in told]
    groups: dict[tuple[int, bool], list[Trigger]] = {}
    for trigger in known.triggers:
        word = bisect_left(words, trigger.at)
        groups.setdefault((word, word == len(words) and trigger.is_history), []).append(trigger)
    return [
        Episode(found, words[word - 1] if word else 0, told[word] if word < len(told) else None)
        for (word, _), found in sorted(groups.items(), key=lambda group: group[0])
    ]


def reconcile(known: Known, desk: Desk) -> Iterator[Step]:
    """The steps after which the cases of a customer say what their answers say."""
    free = [case for case in known.cases if case.informed_at is None]
    for episode in episodes(known):
        claimed = _claimed(episode, known, free)
        free = [case for case in free if case not in claimed]
        first = episode.told or (claimed[0] if claimed else None)
        case = _judged(first or _opened(episode, desk), episode, known, desk.now)
        yield from _step(first, case, episode, known, desk)
        for other in claimed:  # 2
            if other is not first:
                yield from _suppress(other, "joined", desk, joined_to=case.case_id)
    for case in free:  # 4
        if case.reason != "joined" and not _in_hand(case):
            fell = case.rule == HIGH_RISK
            yield from _suppress(case, "risk_fell" if fell else "answer_gone", desk)


def _in_hand(case: Case) -> bool:
    return case.rule == HIGH_RISK and case.state == "assigned"


def _claimed(episode: Episode, known: Known, free: Sequence[Case]) -> list[Case]:
    """2. The cases that wait with an episode, the most advanced first."""
    others = {trigger.rid for trigger in known.triggers} - episode.rids
    held = {known.answers.get(rid) for rid in episode.rids}
    found = [
        case
        for case in free
        if case.rid in episode.rids
        or (case.case_id in held and case.rid not in others)
        or (episode.waits and _in_hand(case))
    ]
    return sorted(found, key=lambda case: (_RANKS.index(_rank(case)), case.at, case.case_id))


def _rank(case: Case) -> str:
    return "joined" if case.reason == "joined" else case.state


def _opened(episode: Episode, desk: Desk) -> Case:
    first, given = episode.triggers[0], desk.settings
    return Case(
        desk.name(f"{first.key} after {episode.since}"), first.rid, first.party_rid, first.rule,
        given.teams.get(first.rule, given.team), "open", None, None, None, first.at, desk.now,
        first.at + given.sla * SECOND, None, None, None, None, 0,
    )  # fmt: skip


def _judged(case: Case, episode: Episode, known: Known, now: int) -> Case:
    """3. Suppressed for a reason that holds, or in the state that its steps brought it to."""
    if episode.told is not None:
        return case
    named = [each for each in episode.triggers if each.rid == case.rid]
    first = episode.triggers[0]
    due = first.at + (case.due_at - case.at)
    giver = (named or episode.triggers)[0].party_rid
    case = replace(case, party_rid=giver, at=first.at, due_at=due)
    refuses = known.refuses or (known.refuses_scores and episode.rests_on_risk)
    reason = "history" if first.is_history else "no_contact" if refuses else None
    if reason is not None:
        return case if reason == case.reason else _suppressed(case, reason, now)
    return _revived(case) if case.state == "suppressed" else case


def _revived(case: Case) -> Case:
    """The case as it was before it was suppressed."""
    state: State = "assigned" if case.owner else "open"
    return replace(case, state=state, reason=None, joined_to=None, settled_at=None)


def _suppressed(case: Case, reason: str, now: int, joined_to: str | None = None) -> Case:
    return replace(case, state="suppressed", reason=reason, joined_to=joined_to, settled_at=now)


def _step(
    before: Case | None, case: Case, episode: Episode, known: Known, desk: Desk
) -> Iterator[Step]:
    """One step from ``before`` to ``case``, if anything differs."""
    noted = {each.rid: (each.at, each.times) for each in episode.triggers if each.times is not None}
    others = {rid for rid in episode.rids if known.answers.get(rid) != case.case_id}
    rids = sorted(others | noted.keys())
    if before == case and not rids:
        return
    kind = "opened" if before is None else "changed"
    if case.state == "suppressed" and (before is None or before.reason != case.reason):
        kind = "suppressed"
    elif before is not None and before.state == "suppressed" and case.state != "suppressed":
        kind = "revived"
    said = {"reason": case.reason} if kind == "suppressed" else {"answers": len(episode.triggers)}
    yield Step(replace(case, steps=case.steps + 1), kind, desk.now, desk.actor, said, rids, noted)


def _suppress(case: Case, reason: str, desk: Desk, joined_to: str | None = None) -> Iterator[Step]:
    if (case.reason, case.joined_to) == (reason, joined_to):
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
