"""The next action for a customer: the first rule that finds something, with its reason.

1. Who waits for a word is told, before anything else is done.
2. What would lower a risk that is medium or high; where nothing on record would, a word.
3. Other help that is owed: an open ticket, a payment that failed, a contract that ends, less use.
4. Offers: an open cart, an order that is overdue. Never while marketing is held, and only to those
   whom marketing may reach on some channel.

Nothing is proposed for a customer whose processing is restricted (GDPR Art. 18). A person decides:
the register of automated decisions has the entry (:mod:`hub.voc.register`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.core.clock import from_micros
from hub.core.records import Cart
from hub.metrics.day import day
from hub.privacy.resolution import State
from hub.profile.happened import latest
from hub.profile.sources import Sources
from hub.profile.suppression import Flag, reasons
from hub.store.cases import WAITING, Case
from hub.voc.case_trigger import HIGH_RISK, OF_TICKETS

CART_DAYS: Final = 30
"""Days for which an open cart is worth a word."""

_REFUSED: Final[frozenset[State]] = frozenset({"withdrawn", "denied", "objected", "restricted"})


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody is to do next.

    Args:
        text: In words that do not change while the matter stands: systems are told them.
        reason: Why.
        evidence: Source keys of the records, or the case, that it rests on.
    """

    text: str
    reason: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Situation:
    """What the rules look at.

    Args:
        sources: Everything that is known of the customer.
        flags: What holds marketing.
        now: The instant.
    """

    sources: Sources
    flags: Sequence[Flag]
    now: datetime

    @property
    def waiting(self) -> list[Case]:
        """Their cases in which nobody has told them anything."""
        return [case for case in self.sources.cases if case.state in WAITING]


def next_action(about: Situation) -> Action | None:
    """What to do next; None if nothing is to be done, or nothing may."""
    found = _first(HELP, about)
    if found is None and not reasons(about.flags):
        offer = _first(OFFERS, about)
        found = offer if offer is not None and _may_be_offered(about) else None
    return None if found is None or _states(about, "service") == {"restricted"} else found


def _first(rules: Sequence[Rule], about: Situation) -> Action | None:
    found = (rule(about) for rule in rules)
    return next((action for action in found if action is not None), None)


def _may_be_offered(about: Situation) -> bool:
    """Whether marketing may reach the customer on some channel."""
    section = about.sources.permissions.purposes.get("marketing")
    if section is None:
        return False
    found = _states(about, "marketing")
    return "granted" in found if section.needs_consent else not found <= _REFUSED


def _states(about: Situation, purpose: str) -> frozenset[State]:
    """What stands for each channel of a purpose; nothing where hub.toml has no such purpose."""
    said = about.sources.permissions
    section = said.purposes.get(purpose)
    channels = () if section is None else section.channels
    return frozenset(said.widest(purpose, channel).state for channel in channels)


Rule = Callable[[Situation], Action | None]


# 1, 2, 3 -------------------------------------------------------------------------------------


def _tell(about: Situation) -> Action | None:
    waiting = [case for case in about.waiting if case.rule != HIGH_RISK]
    if not waiting:
        return None
    case = min(waiting, key=lambda each: (each.due_at, each.case_id))
    due = from_micros(case.due_at)
    late = "was" if due < about.now else "is"
    matter, did = ("ticket", "asked") if case.rule in OF_TICKETS else ("answer", "answered")
    why = f"they {did} on {day(from_micros(case.at), about.now)}; the word {late} due by"
    return Action(
        f"tell the customer what came of their {matter}",
        f"{why} {day(due, about.now)}",
        (f"case:{case.case_id}",),
    )


def _mend(about: Situation) -> Action | None:
    told = about.sources.told
    if told.advice is None:
        return None
    why = f"lowers the risk of leaving from {told.standing.risk.points} to {told.advice.points}"
    return Action(told.advice.action, why, told.advice.evidence)


def _speak(about: Situation) -> Action | None:
    """A high risk that nothing on record would lower still asks for a word."""
    for case in about.waiting:
        if case.rule == HIGH_RISK:
            why = f"their risk of leaving is high since {day(from_micros(case.at), about.now)}"
            return Action("ask the customer how they are doing", why, (f"case:{case.case_id}",))
    return None


def _solve(about: Situation) -> Action | None:
    found = about.sources.told.unsolved
    if found is None:
        return None
    return Action(
        f"close {found.what}", f"it is open since {day(found.at, about.now)}", (found.source,)
    )


def _because_of(signal: str, text: str) -> Rule:
    """A rule that answers one reason of the risk."""

    def rule(about: Situation) -> Action | None:
        for reason in about.sources.told.standing.risk.reasons:
            if reason.signal == signal and reason.points > 0:
                return Action(text, reason.text, reason.evidence)
        return None

    return rule


# 4 -------------------------------------------------------------------------------------------


def _cart(about: Situation) -> Action | None:
    found = latest(about.sources.facts, Cart, lambda cart: cart.completed_at is None)
    if found is None:
        return None
    (source, at), _ = found
    if about.now - at > timedelta(days=CART_DAYS) or _ordered_since(about, at):
        return None
    why = f"it was left on {day(at, about.now)}"
    return Action("remind of the open cart", why, (source,))


def _ordered_since(about: Situation, at: datetime) -> bool:
    last = about.sources.told.ordered_at
    return last is not None and last >= at


HELP: Final = (
    _tell,
    _mend,
    _speak,
    _solve,
    _because_of("failed-payment", "ask for another way to pay"),
    _because_of("contract-ends", "talk about what comes after the contract"),
    _because_of("usage-drop", "ask what keeps them from using it"),
)
OFFERS: Final = (_cart, _because_of("overdue-purchase", "invite them back"))
