"""Promises about tasks and notes: each stands there once, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hub.core.connector import Creator, Note, RowResult, Task, Unsupported
from hub.core.errors import HubError
from hub.emulation.effects import Effect
from hub.emulation.faults import Fault
from hub.testing.check import Checks, Grade
from hub.testing.rig import NotApplicable, Rig, Subject, Violation, rig

HANDING = Checks()
_NOBODY = "999999999999"
_WRITES = ("POST", "PUT", "PATCH")
_DUE = timedelta(days=2)
_LOST = (1, 2, 3)
"""Which of a system's write requests loses its answer, in turn: the first may only look up."""


@dataclass(frozen=True, slots=True)
class _Bench:
    """A rig with one kind of item on it, provisioned.

    Args:
        rig: The connector and its emulator.
        kind: Task or note.
        creator: How the connector takes them.
        ids: Native ids of records that they can hang on.
    """

    rig: Rig
    kind: str
    creator: Creator[Any]
    ids: Sequence[str]

    def item(self, key: str, native_id: str | None = None, done: bool = False) -> Task | Note:
        """An item of that key, on the newest record unless another is named."""
        on = self.ids[-1] if native_id is None else native_id
        if self.kind == "note":
            return Note(key, on, "First line.\nSecond line.")
        due = self.rig.clock.now() + _DUE
        return Task(key, on, "Call back", "First line.\nSecond line.", due, done=done)

    def write(self, *items: Task | Note) -> dict[str, RowResult]:
        """The results by key."""
        results = self.rig.hand(self.creator, items)
        found = {result.trace: result for result in results}
        self.hold(len(found) == len(results), "an item has two results")
        return found

    def written(self, item: Task | Note) -> RowResult:
        """The result of one item, which has to be well."""
        result = self.write(item).get(item.key)
        self.hold(result is not None and result.ok, f"a sound one failed: {result}")
        assert result is not None
        return result

    def found(self, *items: Task | Note) -> Mapping[str, str]:
        """Native ids by key of those that are there."""
        return self.creator.find(self.rig.ctx, items)

    @property
    def now(self) -> int:
        """Number of the last thing that changed there."""
        return len(self.rig.emulator.effects)

    def since(self, before: int) -> tuple[Effect, ...]:
        """What programs changed there since."""
        return self.rig.since(before)

    def hold(self, holds: bool, message: str) -> None:
        """Say which kind of item broke the promise."""
        if not holds:
            raise Violation(f"{self.kind}s: {message}")


@HANDING.check(Grade.BRONZE)
def what_is_handed_stands_once(subject: Subject) -> None:
    """A task or note that is written again is the one that stands; nothing is made twice."""
    for bench in _benches(subject):
        item = bench.item("conformance-once")
        first = bench.written(item)
        bench.rig.clock.sleep(86_400)  # what a system remembers of requests is over by then
        before = bench.now
        again = bench.written(item).reference
        bench.hold(not bench.since(before), "writing the same again had effects")
        bench.hold(again == first.reference, f"it is another one: {again}, not {first.reference}")
        bench.hold(bench.found(item) == {item.key: again}, "it is not found by its key")


@HANDING.check(Grade.BRONZE)
def a_lost_answer_is_found(subject: Subject) -> None:
    """What took effect although its answer got lost is found by its key, and not made again."""
    for bench in _benches(subject):
        for turn in _LOST:
            item = bench.item(f"conformance-lost-{turn}")
            before = bench.now
            _without_answer(bench, item, turn)
            made, after = bench.since(before), bench.now
            if made:
                bench.hold(item.key in bench.found(item), "it stands there, and is not found")
            bench.written(item)
            twice = made and any(effect.method == "create" for effect in bench.since(after))
            bench.hold(not twice, "one lost answer, and it was made twice")


@HANDING.check(Grade.BRONZE)
def a_done_task_is_over(subject: Subject) -> None:
    """A task that is written as done changes there; the same again changes nothing more."""
    for bench in _benches(subject):
        if bench.kind != "task":
            continue
        key = "conformance-done"
        open_one = bench.written(bench.item(key))
        before = bench.now
        bench.written(bench.item(key, done=True))
        bench.hold(bool(bench.since(before)), "it is done, and nothing changed there")
        known = bench.found(bench.item(key)).get(key)
        bench.hold(known == open_one.reference, "it is another one once it is done")
        before = bench.now
        bench.written(bench.item(key, done=True))
        bench.hold(not bench.since(before), "the same again had effects")


@HANDING.check(Grade.BRONZE)
def one_bad_item_sinks_no_batch(subject: Subject) -> None:
    """An item on a record that does not exist fails alone, with a reason, and stands nowhere."""
    for bench in _benches(subject):
        sound = [bench.item(f"conformance-batch-{n}", key) for n, key in enumerate(bench.ids)]
        bad = bench.item("conformance-nowhere", _NOBODY)
        results = bench.write(*sound[:1], bad, *sound[1:])
        failed = [item.key for item in sound if not _is_ok(results.get(item.key))]
        bench.hold(not failed, "sound ones failed with the bad one")
        stray = results.get(bad.key)
        bench.hold(not _is_ok(stray), "it confirms one on a record that does not exist")
        bench.hold(stray is None or bool(stray.error), "a failure names no reason")


@HANDING.check(Grade.BRONZE)
def a_refused_item_is_never_success(subject: Subject) -> None:
    """When the system answers every write with an error, no item is reported as done."""
    for bench in _benches(subject):
        item = bench.item("conformance-refused")
        faults = [Fault(kind="server_error", method=method) for method in _WRITES]
        results = _under(bench, item, faults)
        bench.hold(not _is_ok(results.get(item.key)), "one that never was is reported as done")


@HANDING.check(Grade.BRONZE)
def keys_that_are_not_there_are_not_found(subject: Subject) -> None:
    """Looking for items finds those that stand there and no others."""
    for bench in _benches(subject):
        item, other = bench.item("conformance-here"), bench.item("conformance-not-here")
        bench.written(item)
        found = bench.found(item, other).keys()
        bench.hold(found == {item.key}, f"it finds {sorted(found)}")


@HANDING.check(Grade.BRONZE)
def a_place_for_keys_is_made_once(subject: Subject) -> None:
    """What a system needs to keep keys is created where it is missing, and only then."""
    for bench in _benches(subject):
        provision = bench.creator.provision
        if isinstance(provision, Unsupported):
            continue
        before = bench.now
        again = list(provision(bench.rig.ctx))
        bench.hold(not again, f"the second time created {again}")
        bench.hold(not bench.since(before), "the second time had effects")


# --- how they look ---------------------------------------------------------------------------


def _benches(subject: Subject) -> Iterator[_Bench]:
    """Each kind of item that the connector takes, on a rig of its own, with three records.

    Raises:
        NotApplicable: If it takes none.
    """
    with rig(subject) as first:
        config = first.ctx.config
    connector = subject.connector
    offers = {"task": connector.tasks_for(config), "note": connector.notes_for(config)}
    taken = [kind for kind, offer in offers.items() if isinstance(offer, Creator)]
    if not taken:
        reasons = [offer.reason for offer in offers.values() if isinstance(offer, Unsupported)]
        raise NotApplicable("; ".join(reasons))
    for kind in taken:
        with rig(subject) as bench:
            creator: Any = offers[kind]
            if not isinstance(creator.provision, Unsupported):
                creator.provision(bench.ctx)
            newest = sorted(bench.emulator.live_ids(creator.stream))[-3:]
            yield _Bench(bench, kind, creator, newest)


def _is_ok(result: RowResult | None) -> bool:
    return result is not None and result.ok


def _without_answer(bench: _Bench, item: Task | Note, turn: int) -> None:
    """Write it while the answer to that write request of each method gets lost."""
    faults = [Fault(kind="timeout_after_effect", method=each, at=(turn,)) for each in _WRITES]
    result = _under(bench, item, faults).get(item.key)
    settled = result is None or result.ok or result.ambiguous or result.retryable
    bench.hold(settled, "one whose answer got lost is reported as failed for good")


def _under(bench: _Bench, item: Task | Note, faults: Sequence[Fault]) -> Mapping[str, RowResult]:
    """The results while these faults strike; nothing if the connector raised."""
    bench.rig.arm(*faults)
    try:
        return bench.write(item)
    except HubError:
        return {}
    finally:
        bench.rig.arm()
