"""What Zendesk pushes: believed if it is signed and fresh, and read anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.zendesk.connector import ZENDESK
from connectors.zendesk.emulator import ZendeskEmulator, create
from connectors.zendesk.emulator.webhooks import event, signed_delivery
from connectors.zendesk.webhook import WEBHOOK, WINDOW
from hub.core.clock import ManualClock
from hub.core.connector import Delivery
from hub.core.errors import SkipRecord
from hub.core.secrets import Secret
from hub.sync.inbox import Inbox
from hub.sync.pull import Source

SECRET = "whsec-of-a-made-up-account"
SIGNATURE = "x-zendesk-webhook-signature"
STAMP = "x-zendesk-webhook-signature-timestamp"
SECOND = timedelta(seconds=1)


@pytest.fixture
def hub(connect_hub: Callable[..., Any], emulator: ZendeskEmulator) -> Any:
    """A hub connected to an account that pushes its events."""
    return connect_hub(ZENDESK, emulator, webhook_secret=Secret.of(SECRET))


@pytest.fixture
def inbox(hub: Any) -> Inbox:
    """Where that connection's deliveries arrive."""
    source = Source(hub.ctx, ZENDESK, ZENDESK.streams_for(hub.ctx.config), region="AU")
    return Inbox(hub.store, hub.keys, source, hub.ids)


def delivery(clock: ManualClock, payload: Mapping[str, Any] | None) -> Delivery:
    """What Zendesk sends now."""
    sent = signed_delivery(SECRET, payload, clock.now())
    headers = {name.lower(): value for name, value in sent.headers.items()}
    return Delivery("POST", "/hooks/desk", headers, sent.body)


def told(clock: ManualClock, kind: str, key: str, **detail: Any) -> Delivery:
    return delivery(clock, event(kind, int(key), clock.now(), **detail))


def user(hub: Any, **values: object) -> str:
    properties = {"name": "Ada", "email": "ada@example.com", **values}
    return str(hub.mutate("create", "users", properties=properties)["id"])


# --- believing -------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [{"type": "x"}, None], ids=["event", "empty"])
def test_a_signed_delivery_is_believed(hub: Any, payload: dict[str, str] | None) -> None:
    """Also one without a body."""
    WEBHOOK.verify(hub.ctx, delivery(hub.clock, payload))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda sent: replace(sent, body=sent.body + b" "), "bad-signature"),
        (lambda sent: replace(sent, headers={}), "bad-signature"),
        (
            lambda sent: replace(sent, headers={**sent.headers, STAMP: "2026-01-01T00:00:01Z"}),
            "bad-signature",
        ),
        (lambda sent: replace(sent, headers={**sent.headers, SIGNATURE: "é"}), "bad-signature"),
    ],
    ids=["body", "unsigned", "time", "not-base64"],
)
def test_anything_that_was_touched_is_refused(
    hub: Any, change: Callable[[Delivery], Delivery], reason: str
) -> None:
    """Time and body are both under the signature."""
    with pytest.raises(SkipRecord) as refused:
        WEBHOOK.verify(hub.ctx, change(delivery(hub.clock, {"type": "x"})))

    assert refused.value.reason == reason


@pytest.mark.parametrize("way", [1, -1], ids=["replayed", "from-the-future"])
def test_a_delivery_of_another_time_is_refused(hub: Any, way: int) -> None:
    """Rightly signed, but more than five minutes away; at five minutes it still counts."""
    sent = delivery(hub.clock, {"type": "x"})
    edge, late = hub.clock.now() + way * WINDOW, hub.clock.now() + way * (WINDOW + SECOND)

    WEBHOOK.verify(replace(hub.ctx, clock=ManualClock(edge)), sent)
    with pytest.raises(SkipRecord) as refused:
        WEBHOOK.verify(replace(hub.ctx, clock=ManualClock(late)), sent)

    assert refused.value.reason == "stale-delivery"


def test_without_a_secret_nothing_is_taken(emulator: ZendeskEmulator) -> None:
    """The connection is polled, and the address is not there."""
    settings = ZENDESK.config.model_validate(emulator.settings("http://127.0.0.1:1"))

    assert ZENDESK.webhooks_for(settings) == {}


# --- reading anew ----------------------------------------------------------------------------


def test_a_push_brings_the_record_as_it_is_now(hub: Any, inbox: Inbox) -> None:
    """User and permissions, at once; what the event says of them is not believed."""
    key = user(hub, name="Ada")

    inbox.accept("events", told(hub.clock, "user.created", key, name="stale"))
    inbox.drain()

    assert hub.records("users")[key].full_name == "Ada"
    assert set(hub.records("user_consents")) == {key}


def test_a_push_of_what_is_known_stores_nothing(hub: Any, inbox: Inbox) -> None:
    """Polled and pushed, a user is the same row."""
    key = user(hub)
    hub.clock.sleep(120)
    hub.pull("users")
    hub.pull("user_consents")

    inbox.accept("events", told(hub.clock, "user.updated", key))
    counts = inbox.drain()

    assert (counts.stored, counts.unchanged) == (0, 2)


@pytest.mark.parametrize("kind", ["user.deleted", "user.merged", "user.active_changed"])
def test_a_push_about_a_user_that_is_gone_deletes(hub: Any, inbox: Inbox, kind: str) -> None:
    """Whatever the event is called: the user is not there any more."""
    key = user(hub)
    hub.clock.sleep(120)
    hub.pull("users")
    hub.mutate("archive", "users", id=key)

    inbox.accept("events", told(hub.clock, kind, key))
    inbox.drain()

    assert key not in hub.records("users")


def test_an_event_of_the_older_spelling_is_understood(hub: Any, inbox: Inbox) -> None:
    """Some of Zendesk's event types have a slash where others have a colon."""
    key = user(hub)
    older = event("user.merged", int(key), hub.clock.now())
    older["type"] = "zen:event-type/user.merged"

    inbox.accept("events", delivery(hub.clock, older))
    inbox.drain()

    assert key in hub.records("users")


def test_a_ticket_comes_with_its_metrics(
    connect_hub: Callable[..., Any], clock: ManualClock, world: Any
) -> None:
    """As the export would bring it: the next poll finds it unchanged."""
    clock.sleep((world.end - clock.now()).total_seconds() + 3_600)
    emulator = create(clock=clock, plan="unmetered")
    emulator.seed(world)
    hub = connect_hub(ZENDESK, emulator, webhook_secret=Secret.of(SECRET))
    key = min(emulator.live_ids("tickets"))
    [(stream, page)] = WEBHOOK.parse(hub.ctx, told(clock, "ticket.status_changed", key))

    polled = next(iter(ZENDESK.streams_for(hub.ctx.config)[2].reader(hub.ctx, {})))

    [row] = page.rows
    assert stream == "tickets"
    assert row in polled.rows
    assert row["metric_set"]["ticket_id"] == int(key)


def test_a_repeated_delivery_is_one_event(hub: Any, inbox: Inbox) -> None:
    """Zendesk sends again what it believes lost; the inbox knows its id."""
    sent = told(hub.clock, "user.created", user(hub))

    assert [inbox.accept("events", sent) for _ in range(2)] == [True, False]


@pytest.mark.parametrize(
    "payload",
    [
        None,
        {"hello": "a trigger's own words"},
        {"type": "zen:event-type:article.published", "detail": {"id": "7"}},
        {"type": "zen:event-type:user.created", "detail": {"id": "x'; --"}},
        {"type": "zen:event-type:user.created", "detail": None},
    ],
    ids=["empty", "trigger", "article", "odd-id", "no-detail"],
)
def test_what_names_no_record_of_ours_asks_nothing(
    hub: Any, payload: dict[str, object] | None
) -> None:
    """It is taken and comes to nothing; polling is complete on its own."""
    before = len(hub.emulator.calls)
    sent = delivery(hub.clock, payload)

    assert WEBHOOK.parse(hub.ctx, sent) == ()
    assert WEBHOOK.event_id(sent) == sent.headers["x-zendesk-webhook-invocation-id"]
    assert len(hub.emulator.calls) == before


def test_streams_that_are_not_read_are_not_asked_for(hub: Any) -> None:
    """A delivery brings only what the connection reads."""
    sent = told(hub.clock, "user.name_changed", user(hub))

    pages = WEBHOOK.parse(replace(hub.ctx, streams=("user_consents",)), sent)

    assert [name for name, _ in pages] == ["user_consents"]
