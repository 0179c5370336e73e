"""Handing over: every origin of tasks and notes, to every connection that takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub.core.clock import Clock
from hub.core.settings import PurposeSection, Settings
from hub.privacy.gate import Gate
from hub.push import handover_cards, handover_cases
from hub.push.handover import Origin, Recipient
from hub.push.handover_look import Judge, Look
from hub.push.handover_send import HandoverReport, HandoverSender
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.sync.pull import Source


def origins(settings: Settings, clock: Clock) -> tuple[Origin[Any], ...]:
    """Everything that tasks and notes are made of."""
    return (
        handover_cases.origin(settings.loop, settings.purposes.keys()),
        handover_cards.origin(settings, clock),
    )


@dataclass(frozen=True, slots=True)
class Handovers:
    """Hands over what the origins want.

    Args:
        store: The database.
        keys: Keyed hashes of this installation.
        purposes: Of ``hub.toml``.
        origins: What tasks and notes are made of.
        actor: Who asked.
    """

    store: Store
    keys: Keys
    purposes: Mapping[str, PurposeSection]
    origins: tuple[Origin[Any], ...]
    actor: str

    def concern(self, name: str) -> bool:
        """Whether something may have to be handed to the connection of that name."""
        return any(self._concerns(origin, name) for origin in self.origins)

    def send(self, source: Source, *, may_write: bool) -> list[HandoverReport]:
        """What became of what the connection was to be handed; or what waits.

        One report for each origin that wants something of it, or did.
        """
        reports = []
        for sender in self._senders(source):
            report = sender.send() if may_write else sender.wait()
            if report.counts or report.stopped:
                reports.append(report)
        return reports

    def look(self, source: Source) -> list[Look]:
        """What the connection would be handed; nothing is sent."""
        looks = [sender.look() for sender in self._senders(source)]
        return [look for look in looks if look is not None and look.is_news]

    def _senders(self, source: Source) -> Iterator[HandoverSender[Any]]:
        for origin in self.origins:
            recipient = Recipient.of(source, origin.sort)
            if recipient is not None and self._concerns(origin, source.name):
                judge = Judge(
                    self.store, origin, recipient, Gate(self.purposes), self.purposes, self.keys
                )
                yield HandoverSender(judge, self.actor)

    def _concerns(self, origin: Origin[Any], name: str) -> bool:
        with self.store.read() as connection:
            return origin.concerns(connection, name)
