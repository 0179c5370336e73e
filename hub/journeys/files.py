"""Journey files: every version that stands next to hub.toml, or the one that the hub ships."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from hub.core.errors import NotFound
from hub.core.hubtoml import read_model
from hub.core.mistakes import ConfigMistakes, Mistake, nearest
from hub.core.own_files import own_files
from hub.core.positions import KeyPath, Positions
from hub.journeys.definition import Journey

SHIPPED = Path(str(files("hub.journeys") / "customer.toml"))
"""The journey that applies where a business has drawn none, and that ``hub init`` writes."""


@dataclass(frozen=True, slots=True)
class Journeys:
    """All versions of all journeys, by key such as ``purchase@2``."""

    by_key: Mapping[str, Journey]

    @property
    def current(self) -> list[Journey]:
        """The newest version of each journey, by name."""
        newest: dict[str, Journey] = {}
        for journey in sorted(self.by_key.values(), key=lambda each: (each.id, each.version)):
            newest[journey.id] = journey
        return list(newest.values())

    def named(self, name: str | None) -> Journey:
        """The journey of that name or key; the only one if no name is given.

        Raises:
            NotFound: If there is none of that name, or several and none was named.
        """
        known = {journey.id: journey for journey in self.current} | dict(self.by_key)
        if name is None and len(self.current) == 1:
            return self.current[0]
        if name is None:
            raise NotFound(f"name a journey: {', '.join(each.id for each in self.current)}")
        if name not in known:
            guess = nearest(name, known)
            hint = f'; did you mean "{guess}"?' if guess else ". See: hub journeys list"
            raise NotFound(f'there is no journey "{name}"{hint}')
        return known[name]


def read_all(folder: Path, pattern: str) -> Journeys:
    """Every journey in the files that ``pattern`` names; the shipped one if there are none.

    Args:
        folder: The folder of hub.toml, where a relative pattern starts.
        pattern: As in ``[journeys] files``.

    Raises:
        ConfigMistakes: With everything that is wrong in the first file that has mistakes, or the
            second file that holds the same version.
        ConfigError: If a file cannot be read.
    """
    found: dict[str, Journey] = {}
    places: dict[str, Path] = {}
    for path in own_files(folder, pattern, SHIPPED):
        journey, positions = _read(path)
        if journey.key in found:
            raise ConfigMistakes(path, [_twice(journey, positions, places[journey.key])])
        found[journey.key], places[journey.key] = journey, path
    return Journeys(found)


def read(path: Path) -> Journey:
    """The journey that one file holds.

    Raises:
        ConfigMistakes: With everything that is wrong in it.
        ConfigError: If it cannot be read.
    """
    return _read(path)[0]


def _read(path: Path) -> tuple[Journey, Positions]:
    journey, positions = read_model(path, Journey)
    mistakes = [*_equal_ids(journey, positions), *_shared_touchpoints(journey, positions)]
    if not journey.required:
        place = positions.of_key(("stages",))
        mistakes.append(Mistake(place, "nobody has to enter any stage", "one that is not optional"))
    if mistakes:
        raise ConfigMistakes(path, mistakes)
    return journey, positions


def _twice(journey: Journey, positions: Positions, other: Path) -> Mistake:
    path: KeyPath = ("version",)
    what = f"{journey.key} stands in {other.name}, too"
    return Mistake.at(positions.of_value(path), path, what, "another number")


def _equal_ids(journey: Journey, positions: Positions) -> Iterator[Mistake]:
    seen: set[str] = set()
    for at, stage in enumerate(journey.stages):
        if stage.id in seen:
            path: KeyPath = ("stages", at, "id")
            what = f'an earlier stage is called "{stage.id}", too'
            yield Mistake.at(positions.of_value(path), path, what, "another name")
        seen.add(stage.id)


def _shared_touchpoints(journey: Journey, positions: Positions) -> Iterator[Mistake]:
    """One touchpoint in two stages would leave open which of them its events enter."""
    owner: dict[str, int] = {}
    for at, stage in enumerate(journey.stages):
        for number, touchpoint in enumerate(stage.touchpoints):
            first = owner.setdefault(str(touchpoint), at)
            if first != at:
                path: KeyPath = ("stages", at, "touchpoints", number)
                known = journey.stages[first].id
                what = f'the stage "{known}" has the same touchpoint'
                expected = "a channel or an about that tells them apart"
                yield Mistake.at(positions.of_value(path), path, what, expected)
