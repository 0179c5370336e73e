"""The hub's own withdrawals coming back: recognised as such, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.core.clock import to_micros
from hub.core.records import ConsentClaim
from hub.store import bulk, echoes, schema

SENT = datetime(2026, 1, 1, 12, tzinfo=UTC)
DONE = SENT + timedelta(hours=1)  # a second attempt, an hour later, was confirmed
RID = 7


@pytest.fixture
def written(store):
    """A store in which the hub has written one withdrawal into record 7."""
    columns = (
        "withdrawal_id", "connection", "rid", "event_id", "golden_id", "purpose", "channel",
        "status", "attempts", "created_at", "sent_at", "updated_at",
    )  # fmt: skip
    row = (
        1, "crm", RID, "e", "g", "marketing", "email", "done", 2, 0, to_micros(SENT),
        to_micros(DONE),
    )  # fmt: skip
    with store.write() as connection:
        bulk.insert(connection, schema.withdrawals, columns, [row])
    return store


def claim(**more) -> ConsentClaim:
    return ConsentClaim(
        **({"purpose": "marketing", "channel": "email", "decision": "withdraw"} | more)
    )


def origin(store, said: ConsentClaim, rid: int = RID, observed: datetime = DONE) -> str:
    """The origin under which the claim would land in the ledger."""
    with store.write() as connection:
        [found] = echoes.marked(connection, [(rid, to_micros(observed), said)])
    return found.origin


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (SENT - timedelta(minutes=6), "source_sync"),
        (SENT - timedelta(minutes=4), "echo"),
        (SENT + timedelta(minutes=30), "echo"),
        (DONE + timedelta(minutes=4), "echo"),
        (DONE + timedelta(minutes=6), "source_sync"),
    ],
    ids=["before", "slow-clock", "between", "fast-clock", "later"],
)
def test_a_dated_refusal_is_an_echo_while_the_hub_was_writing(written, at, expected):
    """Between first attempt and receipt, clocks differing by five minutes; outside it is news."""
    assert origin(written, claim(asserted_at=at)) == expected


def test_the_first_undated_refusal_is_the_echo_and_the_next_one_is_news(written):
    """An opt-out field turns true once for the hub's write; turning again, the customer did it."""
    later = DONE + timedelta(days=1)

    found = [
        origin(written, claim()),
        origin(written, claim()),
        origin(written, claim(), observed=later),
    ]

    assert found == ["echo", "echo", "source_sync"]


@pytest.mark.parametrize(
    ("days", "expected"),
    [(-1, ["source_sync"] * 2), (0, ["echo", "source_sync"]), (1, ["source_sync"] * 2)],
    ids=["the-day-before", "that-day", "the-day-after"],
)
def test_a_refusal_that_has_only_a_date_is_an_echo_on_that_day_once(written, days, expected):
    """A field that holds a day cannot say when on it the hub wrote."""
    midnight = SENT.replace(hour=0) + timedelta(days=days)

    found = [
        origin(written, claim(asserted_at=midnight)),
        origin(written, claim(asserted_at=midnight), observed=DONE + timedelta(hours=1)),
    ]

    assert found == expected


@pytest.mark.parametrize(
    ("more", "rid"),
    [
        ({"decision": "grant"}, RID),
        ({"purpose": "analytics"}, RID),
        ({"channel": "sms"}, RID),
        ({"origin": "human_act"}, RID),
        ({}, 8),
    ],
    ids=["grant", "other-purpose", "other-channel", "human-act", "other-record"],
)
def test_what_the_hub_did_not_write_is_no_echo(written, more, rid):
    """Another permission, another record, a grant, or an act on file: all are evidence."""
    assert origin(written, claim(asserted_at=SENT, **more), rid) != "echo"


def test_a_withdrawal_that_only_waits_has_no_echo(written):
    """Nothing was sent: whatever the system says, it says by itself."""
    with written.write() as connection:
        connection.execute(schema.withdrawals.update().values(status="pending", sent_at=None))

    assert origin(written, claim(asserted_at=SENT)) == "source_sync"
