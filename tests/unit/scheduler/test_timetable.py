"""When something is due: aligned intervals, and calendars through clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.timetable import Calendar, Interval, Timetable

SYDNEY = ZoneInfo("Australia/Sydney")
CLOCK_CHANGES = [datetime(2026, 4, 4, 16, tzinfo=UTC), datetime(2026, 10, 3, 16, tzinfo=UTC)]
MOMENTS = st.one_of(
    st.integers(0, 4 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.builds(
        lambda change, minutes: change + timedelta(minutes=minutes),
        st.sampled_from(CLOCK_CHANGES),
        st.integers(-300, 300),
    ),
)
TIMETABLES: list[Timetable] = [
    Interval(1),
    Interval(900),
    Interval(7 * 86_400),
    Calendar("*/5 * * * *", SYDNEY),
    Calendar("30 2 * * *", SYDNEY),
    Calendar("0 2 1 * mon", ZoneInfo("America/New_York")),
    Calendar("15 */2 * * *", ZoneInfo("Asia/Kathmandu")),
]


def due_between(timetable: Timetable, start: datetime, end: datetime) -> list[str]:
    """Every instant after ``start`` and before ``end``, as found step by step."""
    found, now = [], timetable.next(start)
    while now is not None and now < end:
        found.append(now.strftime("%d %H:%M"))
        now = timetable.next(now)
    return found


def test_an_interval_is_counted_from_the_epoch_and_not_from_the_start_of_the_process() -> None:
    """Two processes that start at different moments name the same instants."""
    quarter = Interval(900)

    assert quarter.last(datetime(2026, 1, 1, 10, 7, tzinfo=UTC)) == datetime(
        2026, 1, 1, 10, 0, tzinfo=UTC
    )
    assert quarter.next(datetime(2026, 1, 1, 10, 7, tzinfo=UTC)) == datetime(
        2026, 1, 1, 10, 15, tzinfo=UTC
    )


def test_an_interval_in_another_zone_is_the_same_instant() -> None:
    """The zone of the clock that asks does not move the slot."""
    now = datetime(2026, 1, 1, 10, 7, tzinfo=UTC)

    assert Interval(86_400).last(now.astimezone(SYDNEY)) == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("timetable", TIMETABLES, ids=str)
@given(now=MOMENTS)
def test_last_and_next_enclose_the_present(timetable: Timetable, now: datetime) -> None:
    """``last`` is not after now, ``next`` is; each finds the other, also across clock changes."""
    last, after = timetable.last(now), timetable.next(now)

    assert last is not None and after is not None
    assert last <= now < after
    assert timetable.last(after) == after
    assert timetable.last(after - timedelta(microseconds=1)) == last
    assert timetable.next(last) == after


def test_a_nightly_run_happens_once_in_the_night_that_loses_its_hour() -> None:
    """At 2:00 on 4 October 2026 Sydney's clocks go to 3:00: the run of 2:30 is made up for."""
    nightly = Calendar("30 2 * * *", SYDNEY)

    found = due_between(
        nightly, datetime(2026, 10, 2, 14, tzinfo=UTC), datetime(2026, 10, 5, 14, tzinfo=UTC)
    )

    assert found == ["02 16:30", "03 16:00", "04 15:30"]


def test_a_nightly_run_happens_once_in_the_night_that_has_its_hour_twice() -> None:
    """At 3:00 on 5 April 2026 Sydney's clocks go back to 2:00: the run of 2:30 is not repeated."""
    nightly = Calendar("30 2 * * *", SYDNEY)

    found = due_between(
        nightly, datetime(2026, 4, 3, 14, tzinfo=UTC), datetime(2026, 4, 6, 14, tzinfo=UTC)
    )

    assert found == ["03 15:30", "04 15:30", "05 16:30"]


def test_midnight_is_not_lost_on_the_day_after_the_clocks_changed() -> None:
    """A day of 23 hours has one midnight like every other."""
    midnight = Calendar("0 0 * * *", SYDNEY)

    found = due_between(
        midnight, datetime(2026, 10, 2, 15, tzinfo=UTC), datetime(2026, 10, 6, tzinfo=UTC)
    )

    assert found == ["03 14:00", "04 13:00", "05 13:00"]


@pytest.mark.parametrize("change", CLOCK_CHANGES, ids=str)
def test_what_runs_all_day_keeps_its_pace_through_a_clock_change(change: datetime) -> None:
    """Every 20 minutes is every 20 minutes of real time, whatever the wall clock does."""
    busy = Calendar("*/20 * * * *", SYDNEY)
    now, gaps = change - timedelta(hours=4), set()

    for _ in range(24):
        after = busy.next(now)
        assert after is not None
        gaps.add((after - now).total_seconds())
        now = after

    assert gaps == {1_200.0}


@pytest.mark.parametrize(("field", "weekday"), [("0", "Sun"), ("7", "Sun"), ("1", "Mon")])
def test_weekdays_are_numbered_as_in_crontab(field: str, weekday: str) -> None:
    """0 and 7 are Sunday; a scheduler that starts its week on Monday would be a day late."""
    found = Calendar(f"0 12 * * {field}", ZoneInfo("UTC")).next(datetime(2026, 1, 1, tzinfo=UTC))

    assert found is not None
    assert found.strftime("%a") == weekday


@pytest.mark.parametrize("text", ["", "* * * *", "* * * * * *", "60 * * * *", "0 0 31 2 *"])
def test_what_is_no_cron_expression_of_five_fields_is_refused(text: str) -> None:
    """A seconds field or an impossible date is a mistake in hub.toml, not a surprise at night."""
    with pytest.raises(ValueError, match="cron expression"):
        Calendar(text, SYDNEY)
