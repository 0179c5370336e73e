"""Alerts: every event of a case brought to each route that wants it, at least once.

1. What happened since is put on its way to the routes in one transaction, its content fixed. From
   here each route goes on by itself: a dead one holds up neither the others nor the run.
2. A route is sent what is on its way to it: all of it in one message, or each event by itself. A
   message is put together, and noted, before it is sent for the first time.
3. Only what the route took is off its way. A hub that is killed in between sends it again, under
   the same name, which the receiver knows it by; the file of alerts is looked into instead.

What a route refuses stays on its way and is tried by each run, after what was never refused; one
that is out of reach is left alone until the next run. No alert holds a customer's words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Final

import orjson

from hub.core.batches import in_batches
from hub.core.clock import Clock, from_micros, to_micros
from hub.core.errors import HubError, StopRun
from hub.core.settings import EmailRoute, Settings, WebhookRoute
from hub.store import alerts, cases
from hub.store.alerts import Alert
from hub.store.cases import Case
from hub.store.engine import Store
from hub.store.leases import go_on, turn
from hub.voc.alert_file import AlertFile

RECENT: Final = 7 * 86_400 * 1_000_000
"""Events older than this when they are handed over are history, which only the file is for."""
MOST: Final = 200
"""Events that one route is sent in one message, or in one run if it gets each by itself."""
REFUSALS: Final = 3
"""Refusals after which a route is left alone until the next run."""

PATIENCE: Final = timedelta(seconds=30)
"""How long one route may hold up a run; what is left then waits for the next."""

Send = Callable[[Sequence[Alert]], None]
"""Brings events to a route, or raises."""


@dataclass(frozen=True, slots=True)
class Route:
    """A way to somebody who is to hear of events.

    Args:
        name: In the store and for people: ``file``, ``webhooks.NAME``, ``emails.NAME``.
        events: Which kinds it wants; None for all of them, however old.
        together: Whether it takes many events in one message.
        opened: Makes the way, for as long as the block lasts.
        check: Tries the way; raises if it does not work.
    """

    name: str
    events: frozenset[str] | None
    together: bool
    opened: Callable[[], AbstractContextManager[Send]]
    check: Callable[[], None]

    def wants(self, kind: str, at: int, now: int) -> bool:
        """Whether an event of this kind and time is for it."""
        return self.events is None or (kind in self.events and at >= now - RECENT)


@dataclass(frozen=True, slots=True)
class Told:
    """What one route was told.

    Args:
        route: Its name.
        sent: Events that it took.
        waiting: Events that are still on their way.
        error: Why, or None.
    """

    route: str
    sent: int
    waiting: int
    error: HubError | None


def routes(settings: Settings, clock: Clock) -> list[Route]:
    """The routes that hub.toml names; nothing is opened yet."""
    file = settings.loop.alerts
    return [
        *([] if file is None else [_file(AlertFile(file))]),
        *(_webhook(name, hook, clock) for name, hook in settings.alerts.webhooks.items()),
        *(_mail(name, mail, settings) for name, mail in settings.alerts.emails.items()),
    ]


def deliver(store: Store, wanted: Sequence[Route], leave: Callable[[], None] = go_on) -> list[Told]:
    """Bring the routes up to date; what became of each is told, and nothing is raised for it.

    Args:
        store: The database.
        wanted: The routes.
        leave: Asked again and again while another process is at it.

    Raises:
        StoreError: If the database refused.
    """
    with store.read() as connection:
        if not wanted and not alerts.waiting(connection):
            return []
    with turn(store, "alerts", leave):
        _hand_over(store, wanted)  # 1
        return [_deliver(store, route) for route in wanted]


# 1 -------------------------------------------------------------------------------------------


def _hand_over(store: Store, wanted: Sequence[Route]) -> None:
    now = to_micros(store.clock.now())
    with store.write() as connection:
        alerts.forget_all_but(connection, [route.name for route in wanted])
        found = cases.unheard(connection) if wanted else []
        if not found:
            return
        whose = {case.case_id: golden_id for golden_id, case in cases.customers(connection)}
        made = [_alert(case, said, whose.get(case.case_id)) for case, said in found]
        for route in wanted:
            theirs = (each for kind, each in made if route.wants(kind, each.at, now))
            alerts.hand_over(connection, route.name, theirs)
        cases.heard(connection, [(case.case_id, _number(said)) for case, said in found])


def _alert(case: Case, said: Mapping[str, object], customer: str | None) -> tuple[str, Alert]:
    """The kind of an event, and what is told of it; who is not to be contacted is not named."""
    at, kind = int(str(said["at"])), str(said["kind"])
    event = f"{case.case_id}/{_number(said)}"
    told = {
        "event": event,
        "at": from_micros(at).isoformat(),
        "what": kind,
        "by": said["actor"],
        "case": case.case_id,
        "customer": None if case.state == "suppressed" else customer,
        "rule": case.rule,
        "team": case.team,
        "due_at": from_micros(case.due_at).isoformat(),
        **{name: said[name] for name in ("owner", "reason", "to") if said.get(name)},
    }
    return kind, Alert(event, at, orjson.dumps(told))


def _number(said: Mapping[str, object]) -> int:
    return int(str(said["number"]))


# 2, 3 ----------------------------------------------------------------------------------------


def _deliver(store: Store, route: Route) -> Told:
    begun, sent, refusals = store.clock.now(), 0, 0
    send: Send | None = None
    error: HubError | None = None
    with ExitStack() as stack:
        for group in _groups(store, route):
            if store.clock.now() - begun > PATIENCE:
                break
            send = send or stack.enter_context(route.opened())
            failure = _attempt(store, route, send, group)
            if failure is None:
                sent += len(group)
                continue
            error, refusals = failure, refusals + 1
            if refusals == REFUSALS or not isinstance(failure, StopRun):
                break
    with store.read() as connection:
        waiting, _ = alerts.waiting(connection).get(route.name, (0, None))
    return Told(route.name, sent, waiting, error)


def _attempt(store: Store, route: Route, send: Send, group: Sequence[Alert]) -> HubError | None:
    """Why the route did not take these, or None."""
    events = [each.event for each in group]
    try:
        send(group)
    except HubError as err:
        refused = isinstance(err, StopRun)  # these very events; else it would not take any
        with store.write() as connection:
            alerts.failed(connection, route.name, events, str(err), refused=refused)
        return err
    with store.write() as connection:
        alerts.arrived(connection, route.name, events)  # 3
    return None


def _groups(store: Store, route: Route) -> Iterator[Sequence[Alert]]:
    """What goes out in one message each: those that were begun first."""
    with store.read() as connection:
        found = alerts.due(connection, route.name)
    if not route.together:
        yield from ([each] for each in found[:MOST])
        return
    begun: dict[str, list[Alert]] = {}
    for each in found:
        if each.batch is not None:
            begun.setdefault(each.batch, []).append(each)
    yield from (sorted(group, key=_place) for group in begun.values())
    new = sorted((each for each in found if each.batch is None), key=_place)
    yield from (_begin(store, route, group) for group in in_batches(new, MOST))


def _begin(store: Store, route: Route, group: Sequence[Alert]) -> Sequence[Alert]:
    events = [each.event for each in group]
    batch = sha256("\n".join(events).encode()).hexdigest()[:32]
    with store.write() as connection:
        alerts.put_together(connection, route.name, events, batch)
    return [Alert(each.event, each.at, each.body, each.attempts, batch) for each in group]


def _place(alert: Alert) -> tuple[int, str]:
    return alert.at, alert.event


# --- the three kinds -------------------------------------------------------------------------


def _file(file: AlertFile) -> Route:
    @contextmanager
    def opened() -> Iterator[Send]:
        yield file.append

    return Route("file", None, True, opened, file.check)


def _webhook(name: str, settings: WebhookRoute, clock: Clock) -> Route:
    from hub.voc.alert_webhook import Webhook  # slow to import, and files need no wire

    hook = Webhook(f"alerts.webhooks.{name}", settings, clock)

    @contextmanager
    def opened() -> Iterator[Send]:
        with hook.opened() as client:
            yield partial(hook.post, client)

    events = frozenset[str](settings.events)
    return Route(f"webhooks.{name}", events, False, opened, hook.check)


def _mail(name: str, route: EmailRoute, settings: Settings) -> Route:
    from hub.core.mail import MailServer  # as above
    from hub.voc.alert_mail import Mailing

    told = f"alerts.emails.{name}"
    server = MailServer(told, route.host, route.port, route.tls, route.user, route.password)
    mailing = Mailing(told, route, server, settings.hub.zone, settings.hub.name)

    @contextmanager
    def opened() -> Iterator[Send]:
        yield mailing.send

    return Route(f"emails.{name}", frozenset[str](route.events), True, opened, server.check)
