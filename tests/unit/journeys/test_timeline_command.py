"""``hub timeline``: what a person reads of a customer's past, and the trace that it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.app import load
from hub.audit.log import AuditEvent
from hub.cli.main import run
from hub.core.records import Feedback, Interaction, Order, OrderItem, OrderLine, Refund, Ticket
from hub.journeys.telling import told
from hub.journeys.timeline import events_of
from hub.store.engine import Store
from hub.store.schema import audit_leaves
from tests.unit.journeys.histories import History

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def day(days: float) -> datetime:
    return NEW_YEAR + timedelta(days=days)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, History]:
    """hub.toml, and a store with one customer who has a past and two who share an e-mail."""
    toml = tmp_path_factory.mktemp("timeline") / "hub.toml"
    toml.write_text('[hub]\ndata_dir = "."\ntime_zone = "Australia/Brisbane"\n')
    history = History(load(toml).open_store())
    history.person("g1", email="ada@example.com")
    history.person("g2", email="twice@example.com")
    history.person("g3", email="twice@example.com")
    for number, amount in enumerate((1250, 250), 1):
        line = OrderLine(
            order_ref="r1", at=day(0), currency="AUD", amount_minor=amount, channel="store"
        )
        history.add("g1", f"pos/lines/{number}", line)
    late = Ticket(
        at=day(3), subject="Late parcel", channel="email", status="solved", solved_at=day(5),
        body="It should be here, and I have been waiting for it and asking for it since Friday.",
    )  # fmt: skip
    slow = Feedback(at=day(6), instrument="nps", score=3, scale_min=0, scale_max=10, comment="slow")
    history.add("g1", "desk/tickets/7", late)
    history.add("g1", "surveys/answers/1", slow)
    return toml, history


@pytest.fixture
def asked(hub: tuple[Path, History], capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs ``hub timeline``; returns its JSON, its text, or what it said on failing."""

    def ask(*arguments: str, fails: bool = False, text: bool = False) -> Any:
        form = [] if text else ["--json"]
        code = run(["timeline", *arguments, *form, "--config", str(hub[0])])
        printed = capsys.readouterr()
        assert (code != 0) is fails, printed.err
        return printed.err if fails else printed.out if text else json.loads(printed.out)

    return ask


def test_a_customer_is_named_by_id_e_mail_or_record(asked):
    """Three names, one past."""
    by_id, by_email, by_record = (
        asked(name) for name in ("g1", "Ada+shop@Example.com", "crm/customers/g1")
    )

    assert by_id == by_email == by_record
    assert by_id["golden_id"] == "g1"
    assert [event["kind"] for event in by_id["events"]] == [
        "order", "ticket_opened", "ticket_solved", "survey",
    ]  # fmt: skip


def test_an_e_mail_of_two_customers_names_neither(asked):
    """The message lists the ids to choose from; nobody's past is shown."""
    assert "2 customers carry that e-mail: g2, g3" in asked("twice@example.com", fails=True)
    assert "no customer carries" in asked("nobody@example.com", fails=True)


def test_lines_read_as_a_story(asked):
    """Time, kind, channel, the record's own words, its source; then how much was told."""
    lines = asked("g1", text=True).splitlines()

    assert lines == [
        "2026-01-01 00:00:00Z  order                store      15.00 AUD, 2 items"
        "  [pos/lines/1 +1]",
        "2026-01-04 00:00:00Z  ticket_opened        email      Late parcel, solved, It should be"
        " here, and I have been waiting for it and as...  [desk/tickets/7]",
        "2026-01-06 00:00:00Z  ticket_solved        email      Late parcel  [desk/tickets/7]",
        "2026-01-07 00:00:00Z  survey               -          nps 3 (0-10), slow"
        "  [surveys/answers/1]",
        "g1: 4 events, told by 4 records",
    ]


def test_since_and_kind_narrow_the_story(asked):
    """A day begins on the business's own clocks: Brisbane is ten hours ahead."""
    since = asked("g1", "--since", "2026-01-04T10:00")
    earlier = asked("g1", "--since", "2026-01-04T10:01")
    surveys = asked("g1", "--kind", "survey", "--kind", "order", text=True)

    assert (len(since["events"]), len(earlier["events"])) == (3, 2)
    assert surveys.splitlines()[-1] == "g1: 2 of 4 events, told by 3 records"


def test_conversations_are_shown_by_matter(asked, hub):
    """The chat and the call about it are one thread, the log-in is in none."""
    for n, (kind, channel) in enumerate([("chat", "email"), ("call", None), ("login", "app")]):
        told = Interaction(at=day(6 + n), kind=kind, channel=channel, subject="RE: late parcel")
        hub[1].add("g2", f"phone/calls/{n}", told)

    (thread,) = asked("g2", "--threads")["threads"]
    lines = asked("g2", "--threads", text=True).splitlines()

    assert thread["topic"] == "late parcel"
    assert [event["kind"] for event in thread["events"]] == ["chat", "call"]
    assert lines[0] == "late parcel: email then phone, 1 change of channel"
    assert lines[-1] == "g2: 1 thread"


def test_a_past_can_be_searched(asked):
    """Words in any case, beyond what a line shows, and record ids."""
    found = {
        text: [event["kind"] for event in asked("g1", "--search", text)["events"]]
        for text in ("PARCEL", "since friday", "pos/lines/2", "nothing")
    }

    assert found == {
        "PARCEL": ["ticket_opened", "ticket_solved"],
        "since friday": ["ticket_opened"],
        "pos/lines/2": ["order"],
        "nothing": [],
    }


def test_a_misspelt_kind_is_told(asked):
    """Nothing found would look like nothing happened."""
    assert 'did you mean "survey"?' in asked("g1", "--kind", "surveys", fails=True)


def test_reading_a_past_is_logged(asked, hub):
    """Who looked at whom, like every other look at a customer."""
    before = reads(hub[1].store)

    asked("ada@example.com")

    after = reads(hub[1].store)
    (event,) = (after[leaf] for leaf in after.keys() - before.keys())
    assert (event.subject, event.what["how"]) == ("g1", "timeline")


def reads(store: Store) -> dict[str, AuditEvent]:
    """What the audit log holds of looks at customers, by leaf id."""
    leaf = audit_leaves.c
    query = select(leaf.leaf_id, leaf.body).where(leaf.kind == "profile.read")
    with store.read() as connection:
        return {each: AuditEvent.parse(bytes(body)) for each, body in connection.execute(query)}


def test_long_words_are_cut_and_refunds_tell_their_own_money():
    """Eighty characters at most, in one line; a refund names its amount, not the order's."""
    wordy = Interaction(at=day(0), kind="call", subject="a\nb " * 80)
    refunded = Order(
        order_ref="o", at=day(0), currency="JPY", total_minor=900, items=[OrderItem()],
        refunds=[Refund(at=day(1), amount_minor=300, reason="torn")],
    )  # fmt: skip

    (call,) = events_of("c/s/1", wordy)
    order, refund = events_of("c/s/2", refunded)

    assert len(told(call)) == 80
    assert "\n" not in told(call)
    assert (told(order), told(refund)) == ("900 JPY, 1 item", "300 JPY, torn")
