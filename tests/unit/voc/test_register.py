"""The register: a score without an entry is refused, and so is one that reads more."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.core.errors import ConfigError
from hub.core.mistakes import ConfigMistakes
from hub.core.records import Cart, Task
from hub.voc.pattern_files import read, shipped
from hub.voc.register import SHIPPED, entry
from hub.voc.risk import VERSION, assess, kinds_read
from tests.unit.voc.stories import day, story, ticket

READS = kinds_read(shipped())


def written(tmp_path: Path, change: tuple[str, str]) -> list[Path]:
    path = tmp_path / "decisions.toml"
    path.write_text(SHIPPED.read_text().replace(*change))
    return [path]


def test_the_shipped_score_has_an_entry():
    """Who answers, and that a person decides."""
    found = entry([SHIPPED], VERSION, READS)

    assert (found.role, found.owner) == ("assisting", "Head of customer experience")


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (('score = "risk"', 'score = "credit"'), "HUB-235", "the score risk@3 has no entry"),
        (("version = 3", "version = 1"), "HUB-236", "knows version 1 of the score risk"),
        (('"log_in", ', ""), "HUB-236", "reads more than its entry .* says: log_in"),
    ],
    ids=["none", "version", "inputs"],
)
def test_a_score_without_its_entry_is_refused(tmp_path, change, code, said):
    """The message says what is missing and what to write."""
    with pytest.raises(ConfigError, match=said) as caught:
        entry(written(tmp_path, change), VERSION, READS)

    assert caught.value.code == code


def test_a_pattern_of_ones_own_has_to_be_in_the_register(tmp_path):
    """A pattern that reads page views of loyalty is refused until the entry names loyalty."""
    own = tmp_path / "own.toml"
    own.write_text(
        '[[patterns]]\nid = "points-gone"\nversion = 1\nsays = "spent all points"\npoints = 5\n'
        'first = { kinds = ["loyalty"] }\n'
    )

    with pytest.raises(ConfigError, match="says: loyalty"):
        entry([SHIPPED], VERSION, kinds_read(read([own])))


def test_a_mistake_in_the_register_is_told_with_its_place(tmp_path):
    """As for hub.toml."""
    with pytest.raises(ConfigMistakes, match=r"decisions.toml:14:8: decisions\[0\].role"):
        entry(written(tmp_path, ('role = "assisting"', 'role = "helping"')), VERSION, READS)


def test_what_the_register_does_not_name_is_not_read():
    """Events of other kinds change neither points nor reasons."""
    others = (Cart(at=day(29)), Task(at=day(29), subject="Call back"))
    events = story("log_in 0 1 2; nps3 5; failed 6; order 7", ticket(3, agents=2), *others)
    known = dict.fromkeys(READS, day(30))

    named = [event for event in events if event.kind in READS]

    assert assess(events, day(30), known=known) == assess(named, day(30), known=known)
    assert {event.kind for event in events} - READS == {"cart", "task_opened"}
