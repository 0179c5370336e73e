"""Windows roll and buckets refill as the vendors' do."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from hub.emulation.quotas import PointBucket, Window

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_window_lets_its_limit_pass_and_no_more() -> None:
    """The request over the limit is refused and not counted."""
    window = Window(2, timedelta(seconds=10))

    taken = [window.take(NOW), window.take(after(1)), window.take(after(2))]

    assert taken == [True, True, False]
    assert (window.used(after(2)), window.remaining(after(2))) == (2, 0)


def test_a_window_rolls() -> None:
    """A place is free again exactly one span after it was taken, whatever the clock's minute."""
    window = Window(2, timedelta(seconds=10))
    window.take(NOW)
    window.take(after(6))

    assert not window.take(after(9.999))
    assert window.take(after(10))
    assert window.resets_in(after(10)) == 6


def test_an_empty_window_needs_no_reset() -> None:
    """Nothing taken, or all of it long ago."""
    window = Window(2, timedelta(seconds=10))
    window.take(NOW)

    assert (window.resets_in(after(3)), window.resets_in(after(10))) == (7, 0)


def test_a_bucket_refills_with_time_up_to_its_size() -> None:
    """Points come back at the restore rate and never exceed the size."""
    bucket = PointBucket(100, restore_rate=10)
    bucket.take(80, NOW)

    assert bucket.available(after(3)) == 50
    assert bucket.available(after(60)) == 100


def test_a_bucket_refuses_what_it_does_not_hold() -> None:
    """A refused request costs nothing."""
    bucket = PointBucket(100, restore_rate=10)

    taken = [bucket.take(70, NOW), bucket.take(40, NOW), bucket.take(30, NOW)]

    assert taken == [True, False, True]


def test_a_bucket_says_how_long_to_wait() -> None:
    """What is missing by the restore rate; for ever, if the bucket is too small."""
    bucket = PointBucket(100, restore_rate=10)
    bucket.take(100, NOW)

    assert bucket.wait_for(50, after(1)) == 4
    assert bucket.wait_for(5, after(1)) == 0
    assert bucket.wait_for(101, after(1)) == math.inf
