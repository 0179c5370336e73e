"""Whether the next request goes, is slowed, waits, or stops the run for today.

    response headers and body → Meter.read → Gauge → Limiter → Verdict: go · slow · wait · stop

A :class:`Limiter` belongs to one credential, since that is what vendors count by, and is shared by
every thread that uses it. It believes the vendor's own figures before any declared one.

Processes that use the same credential share what they know on a board. No request waits for it:
a limiter looks at most every :data:`READ_EVERY` seconds and writes every :data:`WRITE_EVERY`, or at
once when the vendor asked for patience; in between each keeps to its equal share of what is left.
A board that is out of reach fails no request: each process counts for itself until it is back.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Literal

from hub.core.budgets import Board, Hold, Notes, Reading
from hub.core.clock import Clock
from hub.core.errors import StoreError
from hub.core.limits import Limits

READ_EVERY = timedelta(seconds=0.25)
WRITE_EVERY = timedelta(seconds=1)
LOOK_AGAIN = timedelta(seconds=30)
"""How long a board that was out of reach is left alone: a locked database answers late, and the
request would have to wait for it."""
LONGEST_HOLD = 86_400.0
"""Seconds after which a credential is tried again, whatever the vendor seemed to ask for: an odd
``Retry-After`` must not lock it out for years."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the next request may do.

    Args:
        action: ``go`` now; ``slow``: its turn comes in ``seconds``; ``wait`` that long and ask
            again; ``stop`` for today, the budget is renewed in ``seconds``.
        seconds: How long.
        reason: For progress and messages.
    """

    action: Literal["go", "slow", "wait", "stop"]
    seconds: float = 0.0
    reason: str = ""


GO = Verdict("go")


class Limiter:
    """The pace of one credential; every method may be called from any thread.

    Args:
        limits: What the vendor allows.
        clock: Source of time.
        credential: Its name on the board.
        board: Shared with other processes; None where there are no others.
    """

    def __init__(
        self, limits: Limits, clock: Clock, credential: str = "", board: Board | None = None
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._credential = credential
        self._board = board
        self._lock = Lock()
        self._notes = Notes()
        self._turns: dict[str, datetime] = {}
        self._in_flight: Counter[str] = Counter()
        self._read_at = self._wrote_at = self._away_until = _LONG_AGO

    def share(self, board: Board | None) -> None:
        """From now on, share with the other processes that use ``board``."""
        with self._lock:
            self._board = board
            self._notes = replace(self._notes, seen={})

    def ask(self, path: str) -> Verdict:
        """What a request to ``path`` may do; ``go`` and ``slow`` reserve its turn.

        A caller that was told go or slow calls :meth:`done` once the request is over.
        """
        with self._lock:
            now = self._clock.now()
            self._look(now)
            refusal = self._refusal(path, now)
            if refusal is not None:
                return refusal
            turn = self._turn(path, now)
            self._in_flight[path] += 1
            return turn

    def done(self, path: str) -> None:
        """Take note that a request to ``path`` is over, however it ended."""
        with self._lock:
            self._in_flight -= Counter((path,))

    def learn(self, headers: Mapping[str, str], body: Any) -> None:
        """Take note of what a response says about the budgets."""
        with self._lock:
            now = self._clock.now()
            gauges = (meter.read(headers, body, now) for meter in self._limits.meters)
            read = {gauge.name: Reading(gauge, now) for gauge in gauges if gauge is not None}
            self._notes = replace(self._notes, readings={**self._notes.readings, **read})

    def hold(self, seconds: float, reason: str, path: str = "", *, stops: bool = False) -> None:
        """Hold the requests of this credential: the vendor said 429 to the one to ``path``.

        Where the vendor's figures show that only a budget of some paths is spent, the others go on.

        Args:
            seconds: How long.
            reason: For progress and messages.
            path: Of the request that was refused.
            stops: Whether runs end instead of waiting.
        """
        with self._lock:
            now = self._clock.now()
            held = Hold(now + timedelta(seconds=min(seconds, LONGEST_HOLD)), reason, stops)
            news = Notes(holds={self._spent_lane(path, now): held})
            self._notes = self._notes.merged(news, now)
            self._write(now)

    def renewed_in(self, path: str) -> float | None:
        """Seconds until the tightest spent budget of ``path`` is renewed; None if none is spent."""
        with self._lock:
            refusal = self._refusal(path, self._clock.now())
            return refusal.seconds if refusal is not None else None

    # The board.

    def _look(self, now: datetime) -> None:
        if now < self._read_at + READ_EVERY:
            return
        if now >= self._wrote_at + WRITE_EVERY:
            self._write(now)
        else:
            self._exchange(now, lambda board: self._notes.merged(board.read(self._credential), now))
        self._read_at = now

    def _write(self, now: datetime) -> None:
        def change(board: Board) -> Notes:
            mine = replace(self._notes, seen={**self._notes.seen, board.process: now})
            return board.change(self._credential, lambda found: mine.merged(found, now))

        self._exchange(now, change)
        self._wrote_at = now

    def _exchange(self, now: datetime, with_board: Callable[[Board], Notes]) -> None:
        """Know what ``with_board`` brings; while it brings none, what this process knows."""
        if self._board is None or now < self._away_until:
            return
        try:
            self._notes = with_board(self._board)
        except StoreError as err:
            if self._away_until == _LONG_AGO:
                _log.warning(
                    "the limits of a credential are not shared with other processes: error %s: %s."
                    " This process goes by its own count until the database is back",
                    err.code,
                    err,
                )
            self._away_until = now + LOOK_AGAIN
            self._notes = replace(self._notes.merged(Notes(), now), seen={})
        else:
            self._away_until = _LONG_AGO

    @property
    def _sharers(self) -> int:
        """Processes at work with this credential, this one included."""
        return max(1, len(self._notes.seen))

    # The verdict.

    def _refusal(self, path: str, now: datetime) -> Verdict | None:
        held = [h for lane, h in self._notes.holds.items() if lane in path and h.until > now]
        if held:
            last = max(held, key=lambda hold: (hold.stops, hold.until))
            left = (last.until - now).total_seconds()
            return Verdict("stop" if last.stops else "wait", left, last.reason)
        spent = [reading for reading in self._live(path, now) if self._is_spent(reading, now)]
        if not spent:
            return None
        tightest = max(spent, key=lambda reading: self._enough_in(reading, now))
        seconds = self._enough_in(tightest, now)
        stop = seconds > self._limits.patience or any(reading.gauge.daily for reading in spent)
        return Verdict("stop" if stop else "wait", seconds, f"{tightest.gauge.name} limit used up")

    def _spent_lane(self, path: str, now: datetime) -> str:
        spent = [r.gauge.path for r in self._live(path, now) if self._is_spent(r, now)]
        return min(spent, key=len, default="")

    def _turn(self, path: str, now: datetime) -> Verdict:
        paces = {lane.match: lane.per_second for lane in self._limits.lanes if lane.match in path}
        if self._limits.per_second is not None:
            paces[""] = self._limits.per_second
        gaps, reason = {lane: self._sharers / pace for lane, pace in paces.items()}, ""
        for reading in self._live(path, now):
            lane, gap = reading.gauge.path, self._gap(reading, now)
            if gap > gaps.get(lane, 0.0):
                gaps[lane], reason = gap, f"{reading.gauge.name} limit runs low"
        turns = {lane: max(now, self._turns.get(lane, now)) for lane in gaps}
        for lane, gap in gaps.items():
            self._turns[lane] = turns[lane] + timedelta(seconds=gap)
        ahead = (max(turns.values(), default=now) - now).total_seconds()
        return Verdict("slow", ahead, reason or "keeping the vendor's pace") if ahead > 0 else GO

    def _gap(self, reading: Reading, now: datetime) -> float:
        """Seconds between two requests when the budget runs low, else 0."""
        gauge, left = reading.gauge, self._left(reading, now)
        if gauge.daily or gauge.limit is None:
            return 0.0
        if left > gauge.limit / self._sharers * self._limits.slow_below:
            return 0.0
        if gauge.restores:
            return gauge.cost * self._sharers / gauge.restores
        return (reading.until - now).total_seconds() / max(left, 1)

    def _live(self, path: str, now: datetime) -> list[Reading]:
        return [r for r in self._notes.readings.values() if r.until > now and r.gauge.path in path]

    def _is_spent(self, reading: Reading, now: datetime) -> bool:
        return self._left(reading, now) < reading.gauge.cost

    def _left(self, reading: Reading, now: datetime) -> float:
        """This process's share of what is left, less its requests that were not counted yet."""
        lane = reading.gauge.path
        in_flight = sum(n for path, n in self._in_flight.items() if lane in path)
        return reading.left(now) / self._sharers - in_flight * reading.gauge.cost

    def _enough_in(self, reading: Reading, now: datetime) -> float:
        """Seconds until the budget has enough for one request more."""
        gauge = reading.gauge
        if gauge.restores:
            seconds = (gauge.cost - self._left(reading, now)) * self._sharers / gauge.restores
            return math.ceil(seconds * 1000) / 1000  # a wait too short for the clock would not end
        return (reading.until - now).total_seconds()


class Limiters:
    """The limiters of a process: connections that share a credential share one."""

    def __init__(self, clock: Clock, board: Board | None = None) -> None:
        self._clock = clock
        self._board = board
        self._lock = Lock()
        self._held: dict[str, Limiter] = {}

    def of(self, credential: str, limits: Limits) -> Limiter:
        """The limiter of ``credential`` (an identifier, never its secret)."""
        with self._lock:
            new = Limiter(limits, self._clock, credential, self._board)
            return self._held.setdefault(credential, new)

    def share(self, board: Board | None) -> None:
        """From now on, share with the other processes that use ``board``; None: no more."""
        with self._lock:
            self._board = board
            for limiter in self._held.values():
                limiter.share(board)
