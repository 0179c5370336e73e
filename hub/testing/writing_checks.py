"""Promises about writing: the right record, once, reported truly, and nothing else touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hub.core.connector import Change, RowResult, Unsupported, Value, Writer
from hub.core.errors import HubError, OutcomeUnknown
from hub.core.pages import instant_of
from hub.emulation.faults import Fault
from hub.testing.check import Checks, Grade
from hub.testing.rig import NotApplicable, Rig, Subject, Violation, full_change, rig

WRITING = Checks()
_NOBODY = "999999999999"
_WRITES = ("POST", "PUT", "PATCH")


@WRITING.check(Grade.BRONZE)
def a_write_reaches_its_record(subject: Subject) -> None:
    """A change goes to the record with its native id, and reading it back gives what was sent."""
    for bench, writer, ids in _writers(subject):
        before = len(bench.emulator.effects)
        changes = [full_change(writer, key, turn) for turn, key in enumerate(ids)]
        _all_ok(writer, bench.write(writer, changes), ids)
        _assert_holds(bench, writer, {change.native_id: change.values for change in changes})
        stray = {effect.id for effect in bench.since(before)} - set(ids)
        _hold(not stray, writer, "the write touched other records")


@WRITING.check(Grade.BRONZE)
def provisioning_twice_creates_once(subject: Subject) -> None:
    """Fields are created where they are missing; a second time creates none."""
    with rig(subject) as bench:
        for writer in bench.writers:
            if isinstance(writer.provision, Unsupported):
                raise NotApplicable(writer.provision.reason)
            created = set(bench.provision(writer))
            before = len(bench.emulator.effects)
            again = bench.provision(writer)
            wanted = {field.name for field in writer.fields}
            _hold(created <= wanted, writer, "it reports fields that nobody asked for")
            _hold(not again, writer, f"the second time created {sorted(again)}")
            _hold(len(bench.emulator.effects) == before, writer, "the second time had effects")


@WRITING.check(Grade.BRONZE)
def one_bad_record_sinks_no_batch(subject: Subject) -> None:
    """A record that does not exist fails alone, with a reason; no row has two results."""
    for bench, writer, ids in _writers(subject):
        keys = [*ids[:1], _NOBODY, *ids[1:]]
        results = _by_trace(writer, bench.write(writer, [full_change(writer, key) for key in keys]))
        sound = {full_change(writer, key).trace for key in ids}
        confirmed = {trace for trace, result in results.items() if result.ok}
        _hold(not sound - confirmed, writer, "sound rows failed with the bad one")
        _hold(not confirmed - sound, writer, "it confirms a write to a record that does not exist")
        silent = [trace for trace, row in results.items() if not row.ok and not row.error]
        _hold(not silent, writer, "a failure names no reason")


@WRITING.check(Grade.BRONZE)
def partial_failure_is_reported(subject: Subject) -> None:
    """When the vendor refuses some items of a batch, exactly those are reported as failed."""
    for bench, writer, ids in _writers(subject):
        before = len(bench.emulator.effects)
        bench.arm(Fault(kind="partial_failure", count=1, times=1))
        results = _by_trace(writer, bench.write(writer, [full_change(writer, key) for key in ids]))
        bench.arm()
        changed = {effect.id for effect in bench.since(before)}
        if changed == set(ids):
            raise NotApplicable(f"{writer.name}: the emulator stages no partial failure")
        confirmed = {trace for trace, result in results.items() if result.ok}
        claimed = {key for key in ids if full_change(writer, key).trace in confirmed}
        _hold(claimed <= changed, writer, f"{len(claimed - changed)} failures reported as success")


@WRITING.check(Grade.BRONZE)
def what_is_not_sent_is_kept(subject: Subject) -> None:
    """A change of one field leaves the others as they were."""
    for bench, writer, ids in _writers(subject):
        key, whole = ids[0], full_change(writer, ids[0])
        bench.write(writer, [whole])
        name = writer.fields[0].name
        value = full_change(writer, key, 1).values[name]
        bench.write(writer, [Change(key, {name: value}, "trace-one-field")])
        _assert_holds(bench, writer, {key: {**whole.values, name: value}})


@WRITING.check(Grade.SILVER)
def none_clears(subject: Subject) -> None:
    """A value of None empties the field, and only that."""
    for bench, writer, ids in _writers(subject):
        key, whole = ids[0], full_change(writer, ids[0])
        bench.write(writer, [whole])
        name = writer.fields[0].name
        bench.write(writer, [Change(key, {name: None}, "trace-clear")])
        _assert_holds(bench, writer, {key: {**whole.values, name: None}})


@WRITING.check(Grade.SILVER)
def a_repeated_write_has_no_second_effect(subject: Subject) -> None:
    """Writing the same values again changes nothing, as ``idempotency`` declares."""
    for bench, writer, ids in _writers(subject):
        if writer.idempotency == "none":
            raise NotApplicable(f"{writer.name}: every send counts, and it says so")
        changes = [full_change(writer, key) for key in ids]
        bench.write(writer, changes)
        before = len(bench.emulator.effects)
        _all_ok(writer, bench.write(writer, changes), ids)
        _hold(not bench.since(before), writer, "the same write again had effects")


@WRITING.check(Grade.BRONZE)
def a_lost_answer_is_not_a_lost_write(subject: Subject) -> None:
    """A write whose answer got lost takes effect once, and is never reported as failed for good."""
    for bench, writer, ids in _writers(subject):
        before = len(bench.emulator.effects)
        change = full_change(writer, ids[0])
        results = _under(bench, writer, change, "timeout_after_effect", times=1)
        effects = len(bench.since(before))
        _hold(effects == 1, writer, f"one write, one lost answer, {effects} effects")
        done = results is None or all(row.ok or row.ambiguous for row in results)
        _hold(done, writer, "a write that took effect is reported as failed")


@WRITING.check(Grade.BRONZE)
def a_write_is_not_repeated_blindly(subject: Subject) -> None:
    """A write that may not be repeated is sent once, however the vendor fails."""
    for bench, writer, ids in _writers(subject):
        if writer.idempotency != "none":
            raise NotApplicable(f"{writer.name}: a repeated write has no second effect")
        before = _write_calls(bench)
        _under(bench, writer, full_change(writer, ids[0]), "server_error")
        sent = _write_calls(bench) - before
        _hold(sent <= 1, writer, f"it was sent {sent} times")


@WRITING.check(Grade.BRONZE)
def a_refused_write_is_never_success(subject: Subject) -> None:
    """When the vendor answers every write with an error, no row is reported as done."""
    for bench, writer, ids in _writers(subject):
        results = _under(bench, writer, full_change(writer, ids[0]), "server_error")
        claimed = [row.trace for row in results or () if row.ok]
        _hold(not claimed, writer, "a write that never happened is reported as done")


@WRITING.check(Grade.SILVER)
def a_throttled_write_goes_through(subject: Subject) -> None:
    """A 429 on a write is waited out; it takes effect once."""
    for bench, writer, ids in _writers(subject):
        before = len(bench.emulator.effects)
        change = full_change(writer, ids[0])
        results = _under(bench, writer, change, "rate_limited", times=1)
        _hold(bool(results) and all(row.ok for row in results or ()), writer, "it was given up")
        _hold(len(bench.since(before)) == 1, writer, "it took effect more than once")


@WRITING.check(Grade.BRONZE)
def unknown_ids_are_left_out(subject: Subject) -> None:
    """Reading back leaves out the records that no longer exist."""
    for bench, writer, ids in _writers(subject):
        names = [field.name for field in writer.fields]
        held = writer.read(bench.ctx, [ids[0], _NOBODY], names)
        _hold(set(held) == {ids[0]}, writer, "it invents a record, or misses one")


@WRITING.check(Grade.GOLD)
def batches_are_full(subject: Subject) -> None:
    """As many rows as the batch allows go out in one call."""
    for bench, writer, _ in _writers(subject):
        ids = bench.some_ids(writer, writer.batch)
        before = _write_calls(bench)
        _all_ok(writer, bench.write(writer, [full_change(writer, key) for key in ids]), ids)
        sent = _write_calls(bench) - before
        _hold(sent <= 1, writer, f"{sent} calls for {len(ids)} rows")


@WRITING.check(Grade.SILVER)
def every_field_has_a_purpose(subject: Subject) -> None:
    """Each field that leaves the hub names its source in the profile and its purpose."""
    with rig(subject) as bench:
        for writer in bench.writers:
            for field in writer.fields:
                named = field.purpose and field.source and field.label
                _hold(bool(named), writer, f"{field.name} lacks source, purpose or label")


# --- how they look ---------------------------------------------------------------------------


def _writers(subject: Subject) -> Iterator[tuple[Rig, Writer, list[str]]]:
    """Each writer on a rig of its own, provisioned, with three records to write to."""
    with rig(subject) as bench:
        names = [writer.name for writer in bench.writers]
    for name in names:
        with rig(subject) as bench:
            writer = next(writer for writer in bench.writers if writer.name == name)
            bench.provision(writer)
            yield bench, writer, bench.some_ids(writer, 3)


def _hold(holds: bool, writer: Writer, message: str) -> None:
    if not holds:
        raise Violation(f"{writer.name}: {message}")


def _by_trace(writer: Writer, results: Sequence[RowResult]) -> Mapping[str, RowResult]:
    found = {result.trace: result for result in results}
    _hold(len(found) == len(results), writer, "a row has two results")
    return found


def _all_ok(writer: Writer, results: Sequence[RowResult], ids: Sequence[str]) -> None:
    failed = [result for result in results if not result.ok]
    _hold(not failed, writer, f"a sound write failed: {failed[0].error if failed else ''}")
    _hold(len(_by_trace(writer, results)) == len(ids), writer, "a row has no result of its own")


def _under(
    bench: Rig, writer: Writer, change: Change, kind: str, times: int | None = None
) -> Sequence[RowResult] | None:
    """What the writer reports of ``change`` while writes meet a fault; None if it raised."""
    bench.arm(
        *(
            Fault(kind=kind, method=method, times=times)  # type: ignore[arg-type]
            for method in _WRITES
        )
    )
    try:
        return bench.write(writer, [change])
    except OutcomeUnknown:
        return None
    except HubError:
        return None
    finally:
        bench.arm()


def _write_calls(bench: Rig) -> int:
    counts = bench.emulator.calls.counts()
    return sum(count for call, count in counts.items() if call.startswith(_WRITES))


def _assert_holds(bench: Rig, writer: Writer, wanted: Mapping[str, Mapping[str, Value]]) -> None:
    names = [field.name for field in writer.fields]
    held = writer.read(bench.ctx, list(wanted), names)
    for key, values in wanted.items():
        for name, value in values.items():
            found = held.get(key, {}).get(name)
            _hold(_same(value, found), writer, f"{name} of {key} is {found!r}, sent {value!r}")


def _same(sent: Value, found: Value) -> bool:
    """Whether two forms of a value are one: vendors return numbers, dates and flags as text."""
    if sent in (None, "") or found in (None, ""):
        return (sent or None) == (found or None)
    if isinstance(sent, bool):
        return str(found).lower() == str(sent).lower()
    if isinstance(sent, int | float):
        return float(str(found)) == float(sent)
    instant = instant_of(sent)
    return str(found) == sent or (instant is not None and instant_of(found) == instant)
