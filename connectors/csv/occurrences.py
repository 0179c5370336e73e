"""How often each key has occurred, in eight bytes per distinct key.

A file set may hold millions of lines, of which few repeat. A Python set of keys would take ten
times the memory of what is read; here each distinct key is a 64-bit hash in a sorted array, and
only keys that repeat get an entry in a dict. Two different keys share a hash with probability
n²/2⁶⁵: about 1 in 10⁸ for half a million lines.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.int64]

_LARGEST_MERGE = 1 << 22  # 32 MB: merging more would need as much again while it lasts


class Occurrences:
    """Numbers the occurrences of keys, page by page."""

    def __init__(self) -> None:
        self._runs: list[Hashes] = []
        self._repeats: dict[int, int] = {}

    def number(self, keys: Sequence[str]) -> list[int]:
        """For each key, whether this is its 1st, 2nd, … occurrence since the beginning."""
        # str.__hash__ is a 64-bit keyed hash that the interpreter has at hand; it differs from
        # process to process, so it never leaves this object.
        hashes = np.fromiter(map(hash, keys), dtype=np.int64, count=len(keys))
        distinct, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        known = self._known(distinct)
        repeated = known | (counts > 1)
        self._add(distinct[~known])
        numbers = [1] * len(keys)
        for index in np.flatnonzero(repeated[inverse]).tolist():
            place = inverse[index]
            before = self._repeats.get(value := int(distinct[place]), int(known[place]))
            self._repeats[value] = numbers[index] = before + 1
        return numbers

    @property
    def size_in_bytes(self) -> int:
        """Memory of the distinct keys; each key that repeats adds about a hundred bytes."""
        return sum(run.nbytes for run in self._runs)

    def _known(self, distinct: Hashes) -> NDArray[np.bool_]:
        found = np.zeros(len(distinct), dtype=np.bool_)
        for run in self._runs:
            places = np.searchsorted(run, distinct)
            places[places == len(run)] = 0
            found |= run[places] == distinct
        return found

    def _add(self, fresh: Hashes) -> None:
        """Keep runs few and sorted: a run merges with its neighbour once it is about as large."""
        if not len(fresh):
            return
        while self._runs and len(self._runs[-1]) <= 2 * len(fresh):
            if len(self._runs[-1]) + len(fresh) > _LARGEST_MERGE:
                break
            fresh = np.concatenate((self._runs.pop(), fresh))
            fresh.sort(kind="stable")
        self._runs.append(fresh)
