"""The hub's own withdrawals coming back: recognised as such, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.core.clock import to_micros
from hub.core.records import ConsentClaim
from hub.store import bulk, echoes, schema
from hub.store.echoes import Heard

SENT = datetime(2026, 1, 1, 12, tzinfo=UTC)
DONE = SENT + timedelta(hours=1)  # a second attempt, an hour later, was confirmed
RID = 7
HOME, WORK = b"home", b"work"


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
    return heard(store, Heard(rid, to_micros(observed), said))[0]


def heard(store, *said: Heard) -> list[str]:
    """The origins under which the claims of one page would land in the ledger."""
    with store.write() as connection:
        return [claim.origin for claim in echoes.marked(connection, said)]


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


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({"status": "pending", "sent_at": None}, "source_sync"),
        ({"status": "failed"}, "source_sync"),
        ({"status": "pending"}, "echo"),
        ({"status": "claimed"}, "echo"),
        ({"status": "moot"}, "echo"),
    ],
    ids=["not-sent-yet", "refused-by-the-system", "to-be-sent-again", "on-its-way", "lifted-since"],
)
def test_only_what_was_sent_and_not_refused_has_an_echo(written, now, expected):
    """Where nothing arrived, whatever the system says, it says by itself."""
    with written.write() as connection:
        connection.execute(schema.withdrawals.update().values(**now))

    assert origin(written, claim(asserted_at=SENT)) == expected


def test_after_a_dated_echo_an_undated_refusal_is_news(written):
    """The write has come back already; the box that turns true a day later was the customer."""
    origin(written, claim(asserted_at=SENT))

    later = origin(written, claim(), observed=DONE + timedelta(days=1))

    assert later == "source_sync"


def test_one_write_may_come_back_through_two_streams_of_one_reading(written):
    """A dated status here, an undated box there, read minutes apart."""
    first = origin(written, claim(asserted_at=SENT))

    second = origin(written, claim(), observed=DONE + timedelta(minutes=20))

    assert (first, second) == ("echo", "echo")


@pytest.mark.parametrize(("days", "expected"), [(7, "echo"), (8, "source_sync")])
@pytest.mark.parametrize("at", [None, SENT.replace(hour=0)], ids=["undated", "a-day"])
def test_an_echo_without_a_time_comes_within_a_week_of_the_receipt(written, at, days, expected):
    """What turns months later was turned by somebody else."""
    seen = DONE + timedelta(days=days)

    assert origin(written, claim(asserted_at=at), observed=seen) == expected


@pytest.mark.parametrize(
    ("wrote", "said", "expected"),
    [
        (HOME, HOME, "echo"),
        (HOME, WORK, "source_sync"),
        (HOME, None, "echo"),
        (None, WORK, "echo"),
    ],
    ids=["same", "other", "system-names-none", "written-for-all"],
)
def test_an_echo_is_about_the_address_that_was_written(written, wrote, said, expected):
    """The hub withdrew the home address; the work address was the customer's own click."""
    with written.write() as connection:
        connection.execute(schema.withdrawals.update().values(point=wrote))

    found = heard(written, Heard(RID, to_micros(DONE), claim(asserted_at=SENT), said))

    assert found == [expected]


def test_one_box_for_two_addresses_comes_back_as_two_echoes(written):
    """The withdrawal of one number ticks a box that stands for both."""
    with written.write() as connection:
        connection.execute(schema.withdrawals.update().values(point=HOME))
    both = [Heard(RID, to_micros(DONE), claim(point=p.decode()), p) for p in (WORK, HOME)]

    assert heard(written, *both) == ["echo", "echo"]


@pytest.mark.parametrize("before", ["echo", "source_sync"])
def test_an_address_that_changes_takes_the_origin_along(written, before):
    """The box stays as it was, for the new address: no more evidence than it was for the old."""
    said_before(written, HOME, before, at=DONE)
    months_later = to_micros(DONE + timedelta(days=90))

    found = heard(written, Heard(RID, months_later, claim(point="new"), WORK, [HOME]))

    assert found == [before]


def test_the_last_word_on_the_old_address_decides(written):
    """The hub's write came back first; since then the customer refused there themselves."""
    said_before(written, HOME, "echo", at=DONE)
    said_before(written, HOME, "source_sync", at=DONE + timedelta(days=30))
    months_later = to_micros(DONE + timedelta(days=90))

    found = heard(written, Heard(RID, months_later, claim(point="new"), WORK, [HOME]))

    assert found == ["source_sync"]


def said_before(store, point: bytes, origin: str, at: datetime) -> None:
    """A refusal that is in the ledger."""
    row = {
        "event_id": f"{origin}{at}", "rid": RID, "point": point, "purpose": "marketing",
        "channel": "email", "brand": "", "decision": "withdraw", "strength": "unknown",
        "given_by": "self", "asserted_as": "observed", "observed_at": to_micros(at),
        "origin": origin,
    }  # fmt: skip
    with store.write() as connection:
        bulk.insert(connection, schema.consent_events, tuple(row), [tuple(row.values())])
