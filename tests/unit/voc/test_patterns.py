"""Patterns: what exactly completes them, what nearly does, and since when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.core.mistakes import ConfigMistakes
from hub.core.records import AnyRecord, Message, Order, Ticket
from hub.journeys.timeline import in_order
from hub.voc.matching import matches
from hub.voc.past import UTC_ZONE, Past
from hub.voc.pattern_files import SHIPPED, read, shipped
from hub.voc.working_days import after
from tests.unit.voc.oracle import disagreements
from tests.unit.voc.stories import contract, day, days, story, ticket, told

PATTERNS = {pattern.id: pattern for pattern in shipped()}
BUSY = f"log_in {days(range(-60, 0, 2))}"
CALLED = f"{BUSY}; email 0; call 2 5"
DAILY = "log_in 0 1 2 3 4 5 6"
PASSED_ON = ticket(0, agents=3)
QUIETER = "log_in -40 -36 -32 -28 -24 -20 -16 -12 -8 -4 0 1"


def since(name: str, events, now: datetime, zone: ZoneInfo = UTC_ZONE) -> datetime | None:
    found = matches(PATTERNS[name], Past.at(now, events, zone))
    return min((match.since for match in found), default=None)


TABLE = [
    # complaint by e-mail, two calls within seven days, no log-in for fourteen: S2-13
    ("complaint-calls-gone", story(CALLED), 30, 19),
    ("complaint-calls-gone", story(CALLED), 19, 19),
    ("complaint-calls-gone", story(CALLED), 18.99, None),
    ("complaint-calls-gone", story(f"{BUSY}; email 0; call 2 7"), 30, 21),
    ("complaint-calls-gone", story(f"{BUSY}; email 0; call 2 8"), 30, None),
    ("complaint-calls-gone", story(f"{BUSY}; email 0; call 2"), 30, None),
    ("complaint-calls-gone", story(f"{BUSY}; call 2 5"), 30, None),
    ("complaint-calls-gone", story(f"{BUSY}; web 0; call 2 5"), 30, None),
    ("complaint-calls-gone", story(f"{BUSY}; email 3; call 2 5"), 30, None),
    ("complaint-calls-gone", story(f"{CALLED}; log_in 10"), 30, None),
    ("complaint-calls-gone", story(f"{CALLED}; log_in 25"), 30, None),
    ("complaint-calls-gone", story(f"{CALLED}; log_in 4"), 30, 19),
    ("complaint-calls-gone", story(f"{CALLED}; log_in 6; call 6.5"), 30, 20.5),
    # nearly every day for a week, then not at all: S2-06
    ("wrote-then-called", story("web 0; call 5 21"), 21, 21),
    ("wrote-then-called", story("web 0; call 5 21.1"), 22, None),
    ("wrote-then-called", story("web 0; call 5"), 22, None),
    ("wrote-then-called", story("call 5 8; web 9"), 22, None),

    ("burst-then-stop", story(DAILY), 17, 16),
    ("burst-then-stop", story(DAILY), 15.9, None),
    ("burst-then-stop", story("log_in 0 1 2 3 4.4 4.8"), 30, None),
    ("burst-then-stop", story("log_in 0 2 4 6 8 10 12"), 30, None),
    ("burst-then-stop", story(f"{DAILY}; report 16"), 20, None),
    # several people, no solution, no answer to a survey, less activity: S0-01
    ("many-agents-no-answer", story(QUIETER, PASSED_ON), 14, 7),
    ("many-agents-no-answer", story(QUIETER, PASSED_ON), 6.9, None),
    ("many-agents-no-answer", story(QUIETER, ticket(0, agents=1)), 14, None),
    ("many-agents-no-answer", story(QUIETER, ticket(0, agents=3, solved=5)), 14, None),
    ("many-agents-no-answer", story(f"{QUIETER}; csat3 6", PASSED_ON), 14, None),
    ("many-agents-no-answer", story(f"{BUSY}; log_in 0 2 4 6 8 10 12", PASSED_ON), 14, None),
    ("passed-around", story("", PASSED_ON), 1, 0),
    ("passed-around", story("", ticket(0, agents=2)), 1, None),
    ("passed-around", story("", ticket(0, agents=3, solved=1)), 1, None),
    # a milestone, and then silence: S2-05
    ("bought-then-no-word", story("order 0"), 3, 3),
    ("bought-then-no-word", story("order 0"), 2.99, None),
    ("bought-then-no-word", story("order 0; sent 2"), 9, None),
    ("bought-not-begun", story("", contract(0)), 14, 14),
    ("bought-not-begun", story("", contract(0)), 13.9, None),
    ("bought-not-begun", story("log_in 13", contract(0)), 20, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "events", "now", "expected"),
    TABLE,
    ids=[f"{row[0]}-{number}" for number, row in enumerate(TABLE)],
)
def test_the_exact_story_completes_a_pattern_and_a_near_miss_does_not(name, events, now, expected):
    """One day, one call, one channel or one log-in makes the difference; so does "since when"."""
    found = since(name, events, day(now))

    if name == "many-agents-no-answer" and expected is not None:
        assert found is not None
        assert day(expected) <= found <= day(now)
    else:
        assert found == (None if expected is None else day(expected))


def test_a_match_names_the_records_that_it_rests_on():
    """The complaint and the calls; not the log-ins before."""
    found = matches(PATTERNS["complaint-calls-gone"], Past.at(day(30), story(CALLED)))

    assert [[event.kind for event in match.events] for match in found] == [
        ["ticket_opened", "call", "call"]
    ]


def test_a_reopened_ticket_is_no_solution():
    """Solved and opened again: unresolved, whatever day it was solved on."""
    again = Ticket(
        at=day(0), solved_at=day(2), status="open", channel="email", assignee_stations=2, reopens=1
    )

    assert since("many-agents-no-answer", story(QUIETER, again), day(14)) is not None


def test_agents_are_also_known_by_who_wrote():
    """A source that counts no assignees still names the authors of its messages."""
    opened: dict[str, AnyRecord] = {"desk/tickets/7": Ticket(at=day(0), channel="email")}
    wrote: dict[str, AnyRecord] = {
        f"desk/messages/{name}": Message(
            at=day(1), ticket="7", direction="out", author=name, text="We look into it"
        )
        for name in ("kim", "lee")
    }

    alone, together = (
        in_order([*story(QUIETER), *told(records)]) for records in (opened, opened | wrote)
    )

    assert since("many-agents-no-answer", alone, day(14)) is None
    assert since("many-agents-no-answer", together, day(14)) is not None


def test_late_events_are_judged_as_if_they_had_come_in_time():
    """A late call completes the pattern since its own day; a late log-in undoes it."""
    one, two = story(f"{BUSY}; email 0; call 2"), story(CALLED)
    undone = story(f"{CALLED}; log_in 12")

    told_at_30 = [since("complaint-calls-gone", each, day(30)) for each in (one, two, undone)]

    assert told_at_30 == [None, day(19), None]


MELBOURNE, NEW_YORK = ZoneInfo("Australia/Melbourne"), ZoneInfo("America/New_York")
FRIDAY_NOON = datetime(2026, 5, 1, 2, tzinfo=UTC)  # 12:00 in Melbourne, Thursday 22:00 in New York


@pytest.mark.parametrize(
    ("bought", "zone", "hours"),
    [
        (datetime(2026, 5, 4, 9, tzinfo=MELBOURNE), MELBOURNE, 72),  # Monday: no weekend between
        (datetime(2026, 5, 1, 12, tzinfo=MELBOURNE), MELBOURNE, 72 + 48),  # Friday noon
        (datetime(2026, 5, 2, 12, tzinfo=MELBOURNE), MELBOURNE, 72 + 36),  # Saturday noon
        (FRIDAY_NOON, NEW_YORK, 72 + 48),
        (datetime(2026, 4, 3, 12, tzinfo=MELBOURNE), MELBOURNE, 72 + 49),  # clocks go back
        (datetime(2026, 3, 6, 12, tzinfo=NEW_YORK), NEW_YORK, 72 + 47),  # clocks go forward
    ],
    ids=["monday", "friday", "saturday", "other-zone", "clocks-back", "clocks-forward"],
)
def test_silence_after_a_milestone_counts_hours_but_no_weekend(bought, zone, hours):
    """An hour before it is not silence yet; an hour after it is, on the business's clocks."""
    events = told({"s/o/1": Order(order_ref="1", at=bought, currency="AUD", total_minor=1)})
    ends = bought.astimezone(UTC) + timedelta(hours=hours)

    def at(now: datetime) -> datetime | None:
        return since("bought-then-no-word", events, now, zone)

    assert at(ends - timedelta(hours=1)) is None
    assert at(ends + timedelta(hours=1)) == ends


def test_a_word_in_time_ends_the_silence_before_it_is_one():
    """Written to within the hours, and never flagged; written to after, flagged until then."""
    in_time, too_late = story("order 0; sent 2.9"), story("order 0; sent 3.5")

    assert since("bought-then-no-word", in_time, day(9)) is None
    assert since("bought-then-no-word", too_late, day(3.4)) == day(3)
    assert since("bought-then-no-word", too_late, day(9)) is None


def test_the_engine_equals_brute_force_on_random_traces():
    """800 traces with ties, weekends and two time zones: the same matches since the same hour."""
    differ, matched = disagreements(800, seed=7)

    assert differ == 0
    assert matched > 80


@pytest.mark.slow
def test_the_engine_equals_brute_force_on_many_more_traces():
    """The same on 40,000 traces."""
    differ, matched = disagreements(40_000, seed=11)

    assert differ == 0
    assert matched > 4_000


def test_working_time_is_what_counting_every_minute_gives():
    """From any minute of two weeks, 90 minutes of weekdays end where counting ends."""
    zone = MELBOURNE
    for start_minute in range(0, 14 * 1_440, 437):
        start = datetime(2026, 4, 1, tzinfo=UTC) + timedelta(minutes=start_minute)
        at, left = start, 90
        while left:
            left -= at.astimezone(zone).weekday() < 5
            at += timedelta(minutes=1)

        assert after(start, timedelta(minutes=90), zone) == at


ONE = """\
[[patterns]]
id = "gone"
version = 1
says = "went away"
points = 10
first = { kinds = ["order"] }
none = { kinds = ["log_in"], during = "3d" }
"""


@pytest.mark.parametrize(
    ("text", "told_as"),
    [
        (ONE.replace('"log_in"', '"login"'), ':7:19: patterns[0].none.kinds[0]: no kind of event'),
        (ONE.replace('"3d"', '"3 days"'), ":7:39: patterns[0].none.during: not a duration"),
        (ONE.replace("points = 10", "points = 0"), ":5:10: patterns[0].points: out of range: 0"),
        (ONE.replace("during", "for"), ':7:30: unknown key "for" in [patterns[0].none]'),
        (ONE + ONE, ':9:6: patterns[1].id: another pattern is called "gone", too'),
    ],
    ids=["kind", "duration", "points", "key", "twice"],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text, told_as):
    """File, line and column, as for hub.toml."""
    path = tmp_path / "patterns.toml"
    path.write_text(text)

    with pytest.raises(ConfigMistakes) as caught:
        read([path])

    assert f"{path}{told_as}" in str(caught.value)


def test_two_files_do_not_share_a_name(tmp_path: Path):
    """A second pattern of one name would make reasons ambiguous."""
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(ONE)

    with pytest.raises(ConfigMistakes, match="another pattern"):
        read([tmp_path / "a.toml", tmp_path / "b.toml"])


def test_the_shipped_patterns_are_read_like_any_other():
    """The hub's own file has no privilege."""
    assert read([SHIPPED]) == shipped()
    assert len(shipped()) == 7
