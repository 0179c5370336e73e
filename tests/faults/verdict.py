"""Compares a hub that was killed with one that nobody disturbed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.faults.harness import Outcome


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a kill did to a hub.

    Args:
        lost: Rows, effects and sends that the undisturbed hub has and this one lacks.
        doubled: Those that this one has beyond the other's.
        unbalanced: Pages after which the counts of a stream did not add up.
        reread: Streams of which more than one page a kill was read twice.
        stored_again: Rows stored by the last run, although nothing had changed.
    """

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    unbalanced: tuple[str, ...]
    reread: tuple[str, ...]
    stored_again: int

    @property
    def clean(self) -> bool:
        """Whether the kill left no trace."""
        return self == Verdict((), (), (), (), 0)


def judge(undisturbed: Outcome, killed: Outcome) -> Verdict:
    """What differs, down to the row."""
    pairs = _pairs(undisturbed, killed)
    steps = [step for life in killed.steps for step in life]
    return Verdict(
        lost=tuple(_beyond((name, a, b) for name, a, b in pairs)),
        doubled=tuple(_beyond((name, b, a) for name, a, b in pairs)),
        unbalanced=tuple(str(step["stream"]) for step in steps if step.get("balanced") is False),
        reread=tuple(_reread_too_much(killed)),
        stored_again=_stored_by_last_run(steps),
    )


def _pairs(a: Outcome, b: Outcome) -> list[tuple[str, Counter[str], Counter[str]]]:
    pairs = [(name, rows, b.photograph[name]) for name, rows in a.photograph.items()]
    pairs += [("effects", a.effects, b.effects), ("sends", a.sends, b.sends)]
    return [*pairs, ("HubSpot", a.account, b.account)]


def _beyond(pairs: Iterable[tuple[str, Counter[str], Counter[str]]]) -> Iterator[str]:
    for name, rows, others in pairs:
        for row, count in (rows - others).items():
            yield f"{name}: {count} x {row[:300]}"


def _stored_by_last_run(steps: Sequence[Mapping[str, object]]) -> int:
    ran = [step for step in steps if step["kind"] == "ran"]
    return int(str(ran[-1]["stored"]))


def _reread_too_much(outcome: Outcome) -> Iterator[str]:
    """Streams whose first pass read more rows twice than one page a kill.

    Later passes read the declared look-back again; that is their right.
    """
    for stream, pages in _first_passes(outcome).items():
        rows = [row for page in pages for row in page]
        again, page = len(rows) - len(set(rows)), max(map(len, pages))
        if again > page * len(outcome.landings):
            yield f"{stream}: {again} rows read twice, a page has {page}"


def _first_passes(outcome: Outcome) -> Mapping[str, list[list[str]]]:
    """The pages of each stream, as digests of rows, until it was through for the first time."""
    pages: dict[str, list[list[str]]] = {}
    through: set[str] = set()
    for step in (step for life in outcome.steps for step in life):
        stream = str(step.get("stream"))
        if step["kind"] == "fetched" and stream not in through:
            rows = step["rows"]
            assert isinstance(rows, list)
            pages.setdefault(stream, []).append(rows)
        if step["kind"] == "exhausted" or step.get("complete"):
            through.add(stream)
    return pages
