"""Journeys as files: versions, the one that is shipped, and mistakes told with their place."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from hub.cli.main import run
from hub.core.clock import SystemClock
from hub.core.errors import NotFound
from hub.core.mistakes import ConfigMistakes, Mistake
from hub.core.records import Feedback, Interaction, Order
from hub.journeys import kinds
from hub.journeys.definition import Journey
from hub.journeys.files import SHIPPED, read, read_all
from hub.journeys.timeline import events_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MAP = """\
id = "setup"
version = 1
title = "Setting up"
goal = "Be ready on the first day."
owner = "Kim"
last_reviewed = 2026-01-01
review_every = "30d"
[[stages]]
id = "start"
title = "Start"
goal = "I want to begin."
touchpoints = [{ kind = "log_in" }]
[[stages]]
id = "done"
title = "Done"
goal = "I want to be through."
touchpoints = [{ kind = "usage", about = "finish" }, { kind = "usage", channel = "app" }]
"""
PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "map-a-journey.md"
GUIDE = PAGE.read_text("utf-8").partition("```toml\n")[2].partition("```")[0]
"""The map of the how-to page."""


def written(folder: Path, text: str = MAP, name: str = "setup.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def mistakes(folder: Path, text: str) -> tuple[Mistake, ...]:
    with pytest.raises(ConfigMistakes) as caught:
        read(written(folder, text))
    return caught.value.mistakes


def mistake(folder: Path, text: str) -> str:
    (only,) = mistakes(folder, text)
    return f"setup.toml:{only}"


def test_a_file_is_a_journey(tmp_path):
    """Stages in order, defaults filled in, the day of the next review."""
    journey = read(written(tmp_path))

    assert journey.key == "setup@1"
    assert [stage.id for stage in journey.stages] == ["start", "done"]
    assert journey.review_due == date(2026, 1, 31)
    assert journey.stages[0].emotion == "neutral"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('owner = "Kim"', 'onwer = "Kim"', '5:1: unknown key "onwer" in this file'),
        ('kind = "log_in"', 'kind = "login"', '12:25: stages[0].touchpoints[0].kind: no kind of'),
        ('review_every = "30d"', 'review_every = "often"', "7:16: review_every: not a duration"),
        ('id = "done"', 'id = "start"', '14:6: stages[1].id: an earlier stage is called "start"'),
        ("last_reviewed = 2026-01-01", 'last_reviewed = "soon"', "6:17: last_reviewed: "),
        (
            'about = "finish" }, { kind = "usage", channel = "app"',
            'about = "finish" }, { kind = "log_in"',
            '17:54: stages[1].touchpoints[1]: the stage "start" has the same touchpoint',
        ),
    ],
    ids=["key", "kind", "duration", "stage", "date", "touchpoint"],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(tmp_path, old, new, told):
    """File, line and column, as for hub.toml."""
    assert old in MAP

    assert mistake(tmp_path, MAP.replace(old, new)).startswith(f"setup.toml:{told}")


def test_a_misspelt_name_is_guessed(tmp_path):
    """A kind nearly right says which one was meant."""
    assert mistake(tmp_path, MAP.replace('"log_in"', '"login"')).endswith('did you mean "log_in"?')
    assert mistake(tmp_path, MAP.replace("owner", "onwer")).endswith('did you mean "owner"?')


def test_every_misspelt_key_of_a_map_is_guessed(tmp_path):
    """A letter left out of any key: its own line, and the key that was meant."""
    lines = GUIDE.splitlines()
    keys = [(n, *line.partition(" = ")) for n, line in enumerate(lines) if " = " in line]
    assert len(keys) >= 20
    for number, key, _, value in keys:
        wrong = key[: len(key) // 2] + key[len(key) // 2 + 1 :]
        told = mistakes(
            tmp_path, "\n".join([*lines[:number], f"{wrong} = {value}", *lines[number + 1 :]])
        )
        assert [(m.place.line, m.suggestion) for m in told] == [(number + 1, key)]


def test_a_map_that_nobody_has_to_go_through_is_refused(tmp_path):
    """With every stage optional, nobody could ever be lost."""
    text = MAP.replace('title = "Start"', 'title = "Start"\noptional = true').replace(
        'title = "Done"', 'title = "Done"\noptional = true'
    )

    assert "nobody has to enter any stage" in mistake(tmp_path, text)


def test_versions_stand_side_by_side(tmp_path):
    """The newest is the current one; the old one still answers to its key."""
    written(tmp_path)
    written(tmp_path, MAP.replace("version = 1", "version = 2"), "setup-2.toml")

    journeys = read_all(tmp_path, "*.toml")

    assert [each.key for each in journeys.current] == ["setup@2"]
    assert journeys.named("setup").version == 2
    assert journeys.named("setup@1").version == 1
    with pytest.raises(NotFound, match=r'did you mean "setup@2"\?|did you mean "setup"\?'):
        journeys.named("setpu@2")


def test_the_same_version_twice_is_refused(tmp_path):
    """A copy that nobody numbered anew would hide the other."""
    written(tmp_path)
    written(tmp_path, MAP, "a-copy.toml")

    with pytest.raises(ConfigMistakes, match=r"setup.toml:2:11: .*a-copy\.toml"):
        read_all(tmp_path, "*.toml")


def test_without_files_the_shipped_journey_applies(tmp_path):
    """A hub that nobody drew a map for still tells where customers are lost."""
    journey = read_all(tmp_path, "journeys/*.toml").named(None)

    assert journey == read(SHIPPED)
    assert len(journey.required) >= 2


def test_the_shipped_journey_knows_what_customers_meet():
    """Every kind of event that a customer meets has a stage, but for what nobody can foresee."""
    mapped = {touchpoint.kind for _, touchpoint in read(SHIPPED).touchpoints()}

    assert set(kinds.KINDS) - kinds.INTERNAL - mapped == {kinds.OTHER}


def test_the_more_precise_touchpoint_wins(tmp_path):
    """A survey about support is support's, any other survey is the last stage's."""
    journey: Journey = read(SHIPPED)

    def stage(record) -> str | None:
        (event,) = events_of("c/s/1", record)
        at = journey.stage_of(event)
        return None if at is None else journey.stages[at].id

    assert stage(Feedback(at=NOW, instrument="csat", survey="support")) == "help"
    assert stage(Feedback(at=NOW, instrument="nps", survey="relationship")) == "stay"
    assert stage(Order(order_ref="o", at=NOW, currency="AUD", total_minor=1)) == "purchase"
    assert stage(Interaction(at=NOW, kind="fax")) is None


def test_a_channel_and_a_word_narrow_a_touchpoint(tmp_path):
    """Usage in the app, or of what is about finishing; any other usage is not this stage."""
    journey = read(written(tmp_path))

    def stage(**fields) -> int | None:
        (event,) = events_of("c/s/1", Interaction(at=NOW, **fields))
        return journey.stage_of(event)

    assert stage(kind="usage", subject="finish", channel="web") == 1
    assert stage(kind="usage", channel="app") == 1
    assert stage(kind="usage", channel="web") is None


def test_init_draws_a_journey_that_check_reads(tmp_path, capsys):
    """The shipped journey is copied for the business to change; a mistake in it is told.

    Nobody is late with the review of a map that was drawn today.
    """
    assert run(["init", str(tmp_path)]) == 0
    drawn = tmp_path / "journeys" / "customer.toml"
    assert read(drawn).stages == read(SHIPPED).stages
    assert abs(read(drawn).last_reviewed - SystemClock().now().date()) <= timedelta(days=1)
    check = ["check", "--config", str(tmp_path / "hub.toml")]
    assert run(check) == 0
    capsys.readouterr()

    drawn.write_text(drawn.read_text("utf-8").replace("version = 1", "version = 0"), "utf-8")

    assert run(check) == 2
    assert f"{drawn}:8:11: version: out of range: 0" in capsys.readouterr().err


def test_init_leaves_journeys_alone(tmp_path):
    """A business that has drawn its own keeps them."""
    (tmp_path / "journeys").mkdir()

    run(["init", str(tmp_path)])

    assert list((tmp_path / "journeys").iterdir()) == []


def test_the_map_of_the_guide_is_valid(tmp_path):
    """What the how-to page shows can be pasted."""
    assert read(written(tmp_path, GUIDE)).key == "setup@1"
