"""How long customers wait for a person, and when that may be told."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from hub.core.clock import to_micros
from hub.core.settings import BusinessHours, MetricsSection
from hub.exports import metrics as metrics_file
from hub.metrics import first_reply, tickets
from hub.metrics.hours import elapsed, working
from hub.metrics.snapshot import Measured


def first_replies(desk, days: float = 30, **settings) -> dict[str, Any]:
    given = MetricsSection(**{"min_n": 1} | settings)
    until = to_micros(desk.start + timedelta(days=days))
    rows = tickets.handled(desk.service(), given)
    return {each.series: each for each in first_reply.overall(rows, until, UTC, given)}


def handled(desk, **settings) -> list[tickets.Handled]:
    return tickets.handled(desk.service(), MetricsSection(**settings))


def reply_minutes(row: tickets.Handled) -> float | None:
    return None if row.replied_at is None else elapsed(row.opened_at, row.replied_at) / 60


def test_the_first_public_comment_of_an_agent_ends_the_wait(desk):
    """Neither an internal note nor a second reply, nor what the customer adds."""
    desk.ticket("1", 0)
    desk.out("1", 5, public=False)
    desk.into("1", 8)
    desk.out("1", 30)
    desk.out("1", 50)

    (row,) = handled(desk)

    assert reply_minutes(row) == 30


@pytest.mark.parametrize(
    ("message", "settings"),
    [({"author": "bot-7"}, {"bots": ["bot-7"]}), ({"attributes": {"bot": True}}, {})],
    ids=["named-in-the-settings", "marked-by-its-source"],
)
def test_a_bot_is_no_agent(desk, message, settings):
    """An answer of a machine after a minute leaves the customer waiting for the hour."""
    desk.ticket("1", 0)
    desk.out("1", 1, **message)
    desk.out("1", 60, author="ann")

    (row,) = handled(desk, **settings)

    assert reply_minutes(row) == 60


def test_a_ticket_that_an_agent_opens_in_public_waits_for_the_second_comment(desk):
    """The words that a ticket begins with answer nobody."""
    desk.ticket("1", 0)
    desk.out("1", 0)
    desk.out("1", 45)

    (row,) = handled(desk)

    assert row.own_words
    assert reply_minutes(row) == 45


def test_who_has_no_answer_has_no_time_but_an_age(desk):
    """One unanswered for ten days: no zero in the median, and not forgotten."""
    desk.ticket("1", 0)
    desk.out("1", 30)
    desk.rated("1", 1)
    desk.ticket("2", 0, who="bob")

    told = first_replies(desk, days=10)["calendar median"]

    assert (told.estimate.value, told.estimate.n) == (1_800, 1)
    assert told.detail["unanswered"] == 1
    assert told.detail["unanswered_oldest_seconds"] == 10 * 86_400


def test_a_ticket_solved_without_a_word_does_not_wait(desk):
    """A call that is solved at once needs no comment; it is told apart."""
    desk.ticket("1", 0, solved=10)
    desk.ticket("2", 0)
    desk.out("2", 30)
    desk.rated("2", 1)

    told = first_replies(desk)["calendar median"]

    assert told.detail["unanswered"] == 0
    assert told.detail["solved_without_a_reply"] == 1


def test_a_reopening_begins_a_new_wait(desk):
    """Twenty minutes from the re-opening, not two days from the creation."""
    desk.ticket("1", 0, status="open", solved=60)
    desk.into("1", 2_880)
    desk.out("1", 2_900)
    desk.rated("1", 1)

    told = first_replies(desk)

    assert told["calendar re-opened median"].estimate.value == 20 * 60
    assert told["calendar"].status == "absent"


def test_a_time_is_absent_without_the_satisfaction_of_those_it_is_told_of(desk):
    """Quick is not good: until somebody says how satisfied they were there is no number."""
    desk.ticket("1", 0)
    desk.out("1", 30)

    before = first_replies(desk)["calendar"]
    desk.rated("1", 0)
    after = first_replies(desk)["calendar median"]

    assert (before.status, before.estimate) == ("absent", None)
    assert "how satisfied" in str(before.detail["why"])
    assert (after.pair.metric, after.pair.share.value) == ("csat", 0.0)


def test_an_efficiency_metric_without_its_pair_cannot_be_measured(desk):
    """The renderer has nothing to refuse: such a value does not exist."""
    desk.ticket("1", 0)
    desk.out("1", 30)
    desk.rated("1", 1)
    estimate = first_replies(desk)["calendar median"].estimate

    with pytest.raises(ValueError, match="is told with csat"):
        Measured("first_reply_time", "calendar median", estimate)


def test_what_the_source_measured_stands_beside_our_own(desk):
    """Two definitions are two series."""
    desk.ticket("1", 0, first_reply_seconds=60)
    desk.out("1", 1, author="bot")
    desk.out("1", 60, author="ann")
    desk.rated("1", 1)

    told = first_replies(desk, bots=["bot"])

    assert told["calendar median"].estimate.value == 3_600
    assert told["of the source median"].estimate.value == 60


def test_a_connection_without_messages_is_not_taken_for_silence(desk):
    """Its tickets are no unanswered ones: nothing is known of their replies."""
    desk.ticket("1", 0, first_reply_seconds=60)
    desk.rated("1", 1)

    told = first_replies(desk)

    assert told["calendar"].detail["why"] == "no connection with tickets brings their messages"
    assert told["of the source median"].estimate.value == 60


def test_merged_and_deleted_tickets_are_no_waits_of_their_own(desk):
    """What was merged goes on in the other ticket, with its words."""
    desk.ticket("1", 0)
    desk.ticket("2", 10, status="closed", solved=20, attributes={"merged_into": "1"})
    desk.ticket("3", 10, status="deleted")
    desk.out("2", 15)

    (row,) = handled(desk)

    assert reply_minutes(row) == 15


def test_a_ticket_belongs_to_its_requester_whoever_writes_in_it(desk):
    """Somebody in copy has no ticket; people unknown have one each."""
    desk.ticket("1", 0, who=None)
    desk.into("1", 5, who="carol")
    desk.out("1", 30, who=None)
    desk.ticket("2", 0, who=None)

    rows = handled(desk)

    assert len({row.person for row in rows}) == 2
    assert [reply_minutes(row) for row in rows] == [30, None]


SYDNEY = ZoneInfo("Australia/Sydney")
NINE_TO_FIVE = BusinessHours(opens=time(9), closes=time(17), holidays=(date(2026, 1, 26),))


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        ("2026-01-09T16:00", "2026-01-12T10:00", 2),
        ("2026-01-10T08:00", "2026-01-11T20:00", 0),
        ("2026-01-23T16:00", "2026-01-27T10:00", 2),
        ("2026-01-12T12:00", "2026-01-12T12:30", 0.5),
        ("2026-10-02T16:00", "2026-10-05T10:00", 2),
    ],
    ids=["over-a-weekend", "within-one", "over-a-holiday", "at-noon", "over-the-change-of-clocks"],
)
def test_business_hours_run_while_somebody_is_there(since, until, hours):
    """Friday at four to Monday at ten are two hours of nine to five."""
    at = [to_micros(datetime.fromisoformat(each).replace(tzinfo=SYDNEY)) for each in (since, until)]

    assert working(NINE_TO_FIVE, SYDNEY)(*at) == hours * 3_600


def test_business_hours_are_a_series_only_where_they_are_known(desk):
    """Without opening hours it is said why there is none."""
    desk.ticket("1", 0)
    desk.out("1", 24 * 60)
    desk.rated("1", 1)
    hours = {"opens": "09:00:00", "closes": "17:00:00"}

    without, given = first_replies(desk), first_replies(desk, business_hours=hours)

    assert without["business"].status == "absent"
    assert "business_hours" in str(without["business"].detail["why"])
    assert given["business median"].estimate.value == 8 * 3_600


def test_the_stage_keeps_it_with_its_pair(business):
    """From the store: the snapshot tells the median, who waits, and how satisfied they were."""
    for rid in range(5):
        business.customer(rid)
        at = datetime(2025, 12, 1 + rid, tzinfo=UTC)
        business.ticket(rid, f"t{rid}", at)
        business.message(rid, f"t{rid}", at + timedelta(minutes=10 * rid + 10), "out")
        business.answer(rid, "csat", 5 - rid, ticket=f"t{rid}")

    business.measure()

    key = ("first_reply_time", "calendar median")
    assert business.current()[key] == (1_800.0, 5, "ok")
    assert business.body(*key)["pair"]["value"] == 40.0
    assert business.current()["first_reply_time", "business"] == (None, 0, "absent")


def test_it_leaves_with_its_pair(business):
    """A file tells no time without the satisfaction of the same tickets."""
    business.customer(1)
    business.ticket(1, "t", datetime(2025, 12, 1, tzinfo=UTC))
    business.message(1, "t", datetime(2025, 12, 2, tzinfo=UTC), "out")
    business.answer(1, "csat", 5, ticket="t")
    business.measure()

    with business.store.read() as connection:
        rows = [orjson.loads(line) for line in metrics_file.content(connection, "jsonl").rows]

    told = {row["pair"] for row in rows if row["metric"] == "first_reply_time" and row["value"]}
    assert told == {"csat 1-5: 100.0 % (n = 1)"}


def test_too_few_answers_withhold_the_time_too(business):
    """Five waits and one answer: the pair is no number, so the time is none."""
    for rid in range(5):
        business.customer(rid)
        business.ticket(rid, f"t{rid}", datetime(2025, 12, 1, tzinfo=UTC))
        business.message(rid, f"t{rid}", datetime(2025, 12, 2, tzinfo=UTC), "out")
    business.answer(1, "csat", 5, ticket="t1")

    business.measure(min_n=3)

    assert business.current()["first_reply_time", "calendar median"][2] == "insufficient"
    assert business.body("first_reply_time", "calendar median").get("pair") is None
