"""Promises about reading: every record, under a key that stays, from a cursor that is true."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from hub.core.connector import Feed, FullPass, Row, Stream, Tombstones, Unsupported
from hub.core.errors import SkipRecord
from hub.core.pages import dig, instant_of
from hub.core.records import decode, encode
from hub.emulation.faults import Fault
from hub.testing.check import Checks, Grade
from hub.testing.rig import NotApplicable, Pass, Rig, Subject, Violation, mapped, rig

READING = Checks()
_ODD: tuple[Any, ...] = ("", "odd", -1, 1e300, True, [], {}, ["x"], {"x": 1})
_MANY = 100_000


@READING.check(Grade.BRONZE)
def every_record_arrives(subject: Subject) -> None:
    """A pass from the beginning brings every live record of the source."""
    with rig(subject) as bench:
        for stream in bench.streams:
            missing = bench.live(stream) - bench.drain(stream).ids
            _hold(not missing, stream, f"{len(missing)} records never arrived")


@READING.check(Grade.BRONZE)
def keys_are_stable(subject: Subject) -> None:
    """A record has one key, the same on every read, and no two records share it."""
    with rig(subject) as bench:
        for stream in bench.streams:
            first, again = bench.drain(stream), bench.drain(stream)
            _hold(first.ids == again.ids, stream, "a second read gave other keys")
            _hold(len(first.ids) == len(first.rows), stream, "one pass brought a key twice")


@READING.check(Grade.BRONZE)
def reading_changes_nothing(subject: Subject) -> None:
    """Reading has no effect in the source."""
    with rig(subject) as bench:
        before = len(bench.emulator.effects)
        for stream in bench.streams:
            bench.drain(stream)
        _assert(not bench.since(before), "reading left effects in the emulator's log")


@READING.check(Grade.BRONZE)
def mapping_is_pure(subject: Subject) -> None:
    """A row maps to one record of the declared entity, always the same, and stays as it was."""
    with rig(subject) as bench:
        for stream, row in _rows(bench):
            kept, turned = copy.deepcopy(row), dict(reversed(row.items()))
            record = mapped(stream, row)
            _hold(isinstance(record, stream.entity), stream, f"it maps to {type(record).__name__}")
            _hold(row == kept, stream, "the mapping changed the row it was given")
            _hold(mapped(stream, turned) == record, stream, "the order of fields changes the map")
            _hold(decode(encode(record)) == record, stream, "the record does not survive JSON")


@READING.check(Grade.BRONZE)
def clean_rows_map(subject: Subject) -> None:
    """Every row of a healthy source becomes a record with valid types, none goes to quarantine."""
    with rig(subject) as bench:
        for stream, row in _rows(bench):
            try:
                mapped(stream, row)
            except SkipRecord as err:
                raise Violation(f"{stream.name}: row {stream.key_of(row)}: {err.reason}") from err


@READING.check(Grade.BRONZE)
def instants_have_a_zone(subject: Subject) -> None:
    """No record holds a time without its time zone: it has no place on the time line."""
    with rig(subject) as bench:
        for stream, row in _rows(bench):
            for name in stream.entity.__struct_fields__:
                value = getattr(mapped(stream, row), name, None)
                naive = isinstance(value, datetime) and value.tzinfo is None
                _hold(not naive, stream, f"{name} has no time zone")


@READING.check(Grade.BRONZE)
def nulls_are_harmless(subject: Subject) -> None:
    """Any field may be null or missing: the row maps or is skipped with a reason."""
    with rig(subject) as bench:
        for stream, row in _few_rows(bench):
            for name in row:
                _try_odd(stream, {**row, name: None}, f"{name} is null")
                _try_odd(stream, {k: v for k, v in row.items() if k != name}, f"{name} is missing")


@READING.check(Grade.SILVER)
def wrong_types_are_harmless(subject: Subject) -> None:
    """A field of an unexpected type costs at most its own row."""
    with rig(subject) as bench:
        for stream, row in _few_rows(bench):
            for name in row:
                for odd in _ODD:
                    kind = type(odd).__name__
                    _try_odd(stream, {**row, name: odd}, f"{name} is of type {kind}")


@READING.check(Grade.SILVER)
def unknown_fields_are_harmless(subject: Subject) -> None:
    """A field that the vendor added yesterday changes nothing."""
    with rig(subject) as bench:
        for stream, row in _few_rows(bench):
            more = {**row, "a_field_of_tomorrow": {"x": [1]}}
            _hold(mapped(stream, more) == mapped(stream, row), stream, "a new field broke the map")


@READING.check(Grade.BRONZE)
def checkpoints_are_json(subject: Subject) -> None:
    """Every checkpoint survives being stored as JSON."""
    with rig(subject) as bench:
        for stream in bench.streams:
            for page in bench.drain(stream).pages:
                state = page.next_state
                _hold(
                    state is None or orjson.loads(orjson.dumps(state)) == state,
                    stream,
                    "a checkpoint is not plain JSON",
                )


@READING.check(Grade.BRONZE)
def a_crash_loses_nothing(subject: Subject) -> None:
    """Whichever page was the last to be saved, the next run brings the rest."""
    with rig(subject) as bench:
        for stream in bench.streams:
            whole = bench.drain(stream)
            for durable in range(min(len(whole.pages), 6)):
                kept = Pass(stream, whole.pages[:durable])
                rest = bench.drain(stream, whole.state_after(durable))
                lost = whole.ids - kept.ids - rest.ids
                _hold(not lost, stream, f"{len(lost)} records lost after page {durable}")


@READING.check(Grade.BRONZE)
def the_cursor_comes_from_the_records(subject: Subject) -> None:
    """A record that commits after an idle run with an earlier time is still read."""
    with rig(subject) as bench:
        for stream in _incremental(bench):
            state = bench.drain(stream).state
            bench.clock.sleep(86_400)
            idle = bench.drain(stream, state)
            late = _commit_late(bench, stream, idle.state_after(len(idle.pages), state), 3_600)
            _hold(late <= 0, stream, "a record of an hour ago was skipped: a cursor from a clock?")


@READING.check(Grade.SILVER)
def late_commits_are_looked_back_for(subject: Subject) -> None:
    """A record that commits below the cursor, within the declared look-back, is read."""
    with rig(subject) as bench:
        for stream in _incremental(bench):
            lookback = stream.cursor.lookback if stream.cursor else 0
            _hold(lookback > 0, stream, "it declares no look-back, so late commits are lost")
            first = bench.drain(stream)
            ago = (bench.clock.now() - _highest(stream, first)).total_seconds() + lookback / 2
            late = _commit_late(bench, stream, first.state, ago)
            _hold(late <= 0, stream, "a record that committed late was skipped")


@READING.check(Grade.SILVER)
def a_plateau_is_passed(subject: Subject) -> None:
    """More records with one time of change than a page holds neither loop nor get lost."""
    with rig(subject) as bench:
        for stream in _incremental(bench):
            state = bench.drain(stream).state
            bench.clock.sleep(3_600)
            plateau = Fault(kind="plateau", object_type=stream.name, count=_MANY, times=1)
            brought = bench.drain(stream, state, trouble=plateau)
            missing = bench.live(stream) - brought.ids
            _hold(not missing, stream, f"{len(missing)} records of the plateau were lost")


@READING.check(Grade.SILVER)
def changes_while_paging_arrive(subject: Subject) -> None:
    """A record that changes while pages are read is there in its new form after the next run."""
    with rig(subject) as bench:
        for stream in bench.streams:
            old = _by_key(bench.drain(stream))
            before = len(bench.emulator.effects)
            bench.clock.sleep(3_600)
            change = Fault(kind="late_commit", object_type=stream.name, count=5, times=1)
            first = bench.drain(stream, trouble=change, after=1)
            changed = {effect.id for effect in bench.since(before, "user")}
            bench.clock.sleep(3_600)
            known = _by_key(first) | _by_key(bench.drain(stream, first.state))
            missing = bench.live(stream) - known.keys()
            _hold(not missing, stream, f"{len(missing)} records got lost between pages")
            stale = [key for key in changed if known[key] == old[key]]
            _hold(not stale, stream, f"{len(stale)} records are as they were before the change")


@READING.check(Grade.SILVER)
def the_declared_order_is_true(subject: Subject) -> None:
    """A stream that says it is ordered is, and its cursor field is in its rows."""
    with rig(subject) as bench:
        for stream in _incremental(bench):
            rows = bench.drain(stream).rows
            times = [_time_of(stream, row) for row in rows]
            found = [at for at in times if at is not None]
            _hold(bool(found), stream, "no row carries the declared cursor field")
            ordered = stream.cursor is not None and stream.cursor.ordered
            _hold(not ordered or found == sorted(found), stream, "rows are not in cursor order")


@READING.check(Grade.BRONZE)
def deletes_show_as_declared(subject: Subject) -> None:
    """A record deleted at its source disappears in the way that the stream declares."""
    with rig(subject) as bench:
        judged = 0
        for stream in bench.streams:
            if isinstance(stream.deletes, Unsupported):
                _hold(bool(stream.deletes.reason), stream, "deletes are unsupported for no reason")
            elif bench.live(stream):
                judged += _judge_delete(bench, stream)
        if not judged:
            raise NotApplicable("no stream with records reports deletions, and each says why")


@READING.check(Grade.SILVER)
def schema_drift_is_survived(subject: Subject) -> None:
    """A field that appears or vanishes in the middle of a pass costs no record."""
    with rig(subject) as bench:
        for stream in bench.streams:
            for change in ("add", "remove"):
                drift = Fault(
                    kind="schema_drift",
                    object_type=stream.name,
                    field="drifted",
                    change=change,
                    count=_MANY,
                    times=1,
                )
                clean, drifted = bench.struck(stream, drift)
                _hold(
                    clean.ids == drifted.ids,
                    stream,
                    f"records were lost when a field was {change}ed",
                )
                for row in drifted.rows:
                    mapped(stream, row)


# --- how they look ---------------------------------------------------------------------------


def _assert(holds: bool, message: str) -> None:
    if not holds:
        raise Violation(message)


def _hold(holds: bool, stream: Stream, message: str) -> None:
    _assert(holds, f"{stream.name}: {message}")


def _rows(bench: Rig) -> Iterator[tuple[Stream, Row]]:
    for stream in bench.streams:
        for row in bench.drain(stream).rows:
            if not _is_tombstone(stream, row):
                yield stream, row


def _few_rows(bench: Rig) -> Iterator[tuple[Stream, Row]]:
    """The two rows of each stream that carry the most."""
    for stream in bench.streams:
        rows = [row for row in bench.drain(stream).rows if not _is_tombstone(stream, row)]
        for row in sorted(rows, key=lambda row: -len(orjson.dumps(row, default=str)))[:2]:
            yield stream, row


def _is_tombstone(stream: Stream, row: Row) -> bool:
    return isinstance(stream.deletes, Tombstones) and stream.deletes.is_deleted(row)


def _try_odd(stream: Stream, row: Row, what: str) -> None:
    try:
        stream.key_of(row)
    except KeyError:
        return  # the engine quarantines a row without a key before it is mapped
    try:
        mapped(stream, row)
    except SkipRecord:
        return
    except Exception as err:
        raise Violation(f"{stream.name}: {what}: the map raised {type(err).__name__}") from err


def _incremental(bench: Rig) -> Iterator[Stream]:
    found = [stream for stream in bench.streams if stream.cursor is not None and bench.live(stream)]
    if not found:
        raise NotApplicable("every stream that has records is read whole on each run")
    yield from found


def _commit_late(bench: Rig, stream: Stream, state: Row, seconds: float) -> int:
    """How many of the records that now change, ``seconds`` in the past, the next run misses."""
    before = len(bench.emulator.effects)
    late = Fault(
        kind="late_commit", object_type=stream.name, seconds=max(0.0, seconds), count=3, times=1
    )
    brought = bench.drain(stream, state, trouble=late).ids
    changed = {effect.id for effect in bench.since(before, "user")}
    if not changed:
        raise NotApplicable(f"{stream.name}: the emulator stages no late commit")
    return len(changed - brought)


def _by_key(done: Pass) -> dict[str, Row]:
    """The newest row of each record."""
    return {done.stream.key_of(row): row for row in done.rows}


def _time_of(stream: Stream, row: Row) -> datetime | None:
    return instant_of(dig(row, stream.cursor.field)) if stream.cursor else None


def _highest(stream: Stream, done: Pass) -> datetime:
    times = [at for row in done.rows if (at := _time_of(stream, row)) is not None]
    return max(times, default=datetime(1970, 1, 1, tzinfo=UTC))


def _judge_delete(bench: Rig, stream: Stream) -> bool:
    before = bench.drain(stream)
    gone = min(bench.live(stream))
    bench.clock.sleep(3_600)
    try:
        bench.emulator.mutate({"op": "archive", "object": stream.name, "id": gone})
    except ValueError as err:
        raise NotApplicable(f"{stream.name}: the emulator cannot delete: {err}") from err
    bench.clock.sleep(3_600)  # some vendors hold the latest changes back for a while
    is_pass = isinstance(stream.deletes, FullPass)
    after = bench.drain(stream, {} if is_pass else before.state)
    if is_pass:
        _hold(any(page.complete for page in after.pages), stream, "no pass is ever complete")
        _hold(gone not in after.ids, stream, "a deleted record still arrives")
    elif isinstance(stream.deletes, Feed):
        told = {key for page in after.pages for key in page.deletes}
        _hold(gone in told, stream, "a deletion was not fed")
    else:
        tombstones = [row for row in after.rows if _is_tombstone(stream, row)]
        _hold(gone in map(stream.key_of, tombstones), stream, "a deletion left no tombstone")
    return True
