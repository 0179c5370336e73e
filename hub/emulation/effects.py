"""What was done to an emulated system: its effects, and the calls that led to them.

An *effect* is a change of state; a request that changes nothing is a call without an effect. Tests
count effects to prove that nothing was lost and nothing was done twice.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Literal

from hub.core.clock import Clock

Actor = Literal["api", "user"]
"""Who caused an effect: a program through the vendor's API, or a person in the vendor's screens."""

_CALLS_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Effect:
    """One change of an emulated system's state.

    Args:
        sequence: Position in the log, from 1, without gaps.
        at: Emulator time, ISO 8601.
        method: What was done, such as ``create``, ``update``, ``archive`` or ``consent``.
        object: Kind of record, such as ``contacts``.
        id: The record's native id.
        fields: Names of the fields that really changed, sorted.
    """

    sequence: int
    at: str
    actor: Actor
    method: str
    object: str
    id: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One request that reached an emulated system.

    Args:
        status: HTTP status of the answer; 0 when the client got none.
        faults: Kinds of the faults that were injected into it.
    """

    sequence: int
    at: str
    method: str
    path: str
    status: int
    faults: tuple[str, ...]


class EffectLog:
    """The append-only record of effects, kept in memory and, if asked, as JSON lines in a file.

    An existing file is continued, so that the numbering survives a restart of the emulator.

    Args:
        clock: Source of ``Effect.at``.
        file: Where to append each effect the moment it happens.
    """

    def __init__(self, clock: Clock, file: Path | None = None) -> None:
        self._clock = clock
        self._effects = _read(file) if file is not None and file.exists() else []
        self._sink: IO[str] | None = None
        if file is not None:
            self._sink = file.open("a", encoding="utf-8", buffering=1)

    def append(
        self,
        method: str,
        object_type: str,
        record_id: str,
        fields: Iterable[str] = (),
        *,
        actor: Actor = "api",
    ) -> Effect:
        """The effect as logged, with its sequence number."""
        effect = Effect(
            sequence=len(self._effects) + 1,
            at=self._clock.now().isoformat(),
            actor=actor,
            method=method,
            object=object_type,
            id=record_id,
            fields=tuple(sorted(fields)),
        )
        self._effects.append(effect)
        if self._sink is not None:
            self._sink.write(json.dumps(asdict(effect)) + "\n")
        return effect

    def since(self, sequence: int = 0, actor: str | None = None) -> tuple[Effect, ...]:
        """Effects after ``sequence``, oldest first, of one actor or of all."""
        later = self._effects[sequence:]
        return tuple(effect for effect in later if actor in (None, effect.actor))

    def close(self) -> None:
        """Close the file; effects in memory stay readable."""
        if self._sink is not None:
            self._sink.close()

    def __len__(self) -> int:
        return len(self._effects)


class CallLog:
    """Every request by method and path, counted without limit and listed up to a bound."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._calls: deque[Call] = deque(maxlen=_CALLS_KEPT)

    def append(self, method: str, path: str, status: int, faults: Iterable[str] = ()) -> None:
        """Count one request that was answered with ``status``."""
        self._counts[f"{method} {path}"] += 1
        sequence = self._counts.total()
        at = self._clock.now().isoformat()
        self._calls.append(Call(sequence, at, method, path, status, tuple(faults)))

    def since(self, sequence: int = 0) -> tuple[Call, ...]:
        """The listed calls after ``sequence``, oldest first."""
        return tuple(call for call in self._calls if call.sequence > sequence)

    def counts(self) -> Mapping[str, int]:
        """Number of requests per ``METHOD path``."""
        return dict(self._counts)

    def __len__(self) -> int:
        return self._counts.total()


def _read(file: Path) -> list[Effect]:
    lines = file.read_text(encoding="utf-8").splitlines()
    rows = (json.loads(line) for line in lines)
    return [Effect(**{**row, "fields": tuple(row["fields"])}) for row in rows]
