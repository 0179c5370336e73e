"""What customers say, as it is typed: four kinds of it brought in, a model trained, a text read."""

import csv
import io
import json
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.app import load
from hub.cli.main import run
from hub.core.records import Feedback, PartyRef, decode
from hub.store.schema import source_records
from tests.unit.text.test_training_text import hotel_answers

SETTINGS = """
[text]
competitors = ["Grand Globex"]
min_pairs = 100

[text.aspects]
room = ["room", "bed"]

[connections.desk]
connector = "csv"
settings.folder = "files"
"""
STREAM = """
[connections.desk.settings.streams.{name}]
files = "{name}.csv"
entity = "feedback"
key = ["id"]
timezone = "UTC"
columns = {{ {columns} }}
constants = {{ {constants} }}
"""
ONE_OF_EACH = {
    "surveys": (
        'at = "at", party = "guest", score = "nps", comment = "why"',
        'instrument = "nps", scale_min = 0, scale_max = 10',
        {"id": "s1", "at": "2026-01-02", "guest": "7", "nps": "3", "why": "Noisy, and no answer"},
        Feedback(
            at=datetime(2026, 1, 2, tzinfo=UTC), instrument="nps", score=3, scale_min=0,
            scale_max=10, comment="Noisy, and no answer", party=PartyRef(id="7"),
        ),
    ),
    "reviews": (
        'at = "at", score = "stars", comment = "text"',
        'instrument = "rating", scale_min = 1, scale_max = 5, kind = "review", channel = "web"',
        {"id": "r1", "at": "2026-01-03", "stars": "5", "text": "Plush beds"},
        Feedback(
            at=datetime(2026, 1, 3, tzinfo=UTC), instrument="rating", score=5, scale_min=1,
            scale_max=5, comment="Plush beds", kind="review", channel="web",
        ),
    ),
    "posts": (
        'at = "at", comment = "text"',
        'instrument = "mention", kind = "review", channel = "social"',
        {"id": "p1", "at": "2026-01-04", "text": "@hotel the lift is broken again 😡"},
        Feedback(
            at=datetime(2026, 1, 4, tzinfo=UTC), instrument="mention", kind="review",
            comment="@hotel the lift is broken again 😡", channel="social",
        ),
    ),
    "transcripts": (
        'at = "at", comment = "text", ticket = "ticket"',
        'instrument = "call", kind = "transcript", channel = "voice"',
        {"id": "t1", "at": "2026-01-05", "text": "Guest: I was told\nAgent: sorry", "ticket": "81"},
        Feedback(
            at=datetime(2026, 1, 5, tzinfo=UTC), instrument="call", kind="transcript",
            comment="Guest: I was told\nAgent: sorry", channel="voice", ticket="81",
        ),
    ),
}  # fmt: skip
"""Stream to columns, constants, one row, and the record that it makes."""

Typed = Callable[..., tuple[int, Any]]


@pytest.fixture
def typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Typed:
    """Types ``hub … --json`` in a folder with four files of feedback; code and document."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "files").mkdir()
    settings = [SETTINGS]
    for name, (columns, constants, row, _) in ONE_OF_EACH.items():
        settings.append(STREAM.format(name=name, columns=columns, constants=constants))
        write(tmp_path / "files" / f"{name}.csv", [row])
    (tmp_path / "hub.toml").write_text("".join(settings), "utf-8")

    def type_(*words: str) -> tuple[int, Any]:
        code = run([*words, "--json"])
        captured = capsys.readouterr()
        return code, json.loads(captured.out) if captured.out else captured.err

    return type_


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def stored() -> list[Feedback]:
    """Every feedback of the store, oldest first."""
    query = source_records.select().where(source_records.c.entity == "feedback")
    with closing(load(Path("hub.toml")).open_store()) as store, store.read() as connection:
        found = [decode(row.canonical) for row in connection.execute(query)]
    return sorted((each for each in found if isinstance(each, Feedback)), key=lambda f: f.at)


def test_four_kinds_of_feedback_are_one_record_and_come_in_once(typed: Typed):
    """Surveys, reviews, posts and transcripts, each whole; a second import stores nothing."""
    assert typed("sync")[0] == 0

    first = stored()
    code, again = typed("sync", "--full")

    assert first == [record for *_, record in ONE_OF_EACH.values()]
    assert (code, stored()) == (0, first)
    assert [again["counts"][name] for name in ("read", "stored", "unchanged")] == [4, 0, 4]


def test_a_model_is_trained_listed_and_asked(typed: Typed):
    """From answers in a file to a sentiment that names its model and its words."""
    stars = {"negative": "1", "neutral": "3", "positive": "5"}
    answers = [
        {"id": str(at), "at": "2026-01-03", "stars": stars[pair.label], "text": pair.comment}
        for at, pair in enumerate(hotel_answers(50))
    ]
    write(Path("files/reviews.csv"), answers)
    assert typed("sync")[0] == 0

    trained_code, (trained,) = typed("text", "train")
    models_code, (listed,) = typed("text", "models")
    score_code, told = typed("text", "score", "The room was mouldy, unlike at grand globex")

    assert (trained_code, models_code, score_code) == (0, 0, 0)
    assert (trained["promoted"], trained["n"], trained["labels"]["neutral"]) == (True, 151, 50)
    assert listed == trained | {"in_use": True}
    assert told["sentiment"]["label"] == "negative"
    assert told["sentiment"]["method"] == f"model:en:{trained['model_id']}@1"
    assert told["sentiment"]["evidence"][0]["text"] == "mouldy"
    assert [(each["name"], each["label"]) for each in told["aspects"]] == [("room", "negative")]
    assert [each["value"] for each in told["entities"]] == ["Grand Globex"]


def test_before_any_model_the_lexicon_answers_with_low_confidence(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
):
    """A text may come from a pipe, bytes that are no text included; nothing of it is stored."""
    typed("sync")
    pipe = io.TextIOWrapper(io.BytesIO("Noisy room, rude staff \xff".encode("latin-1")))
    monkeypatch.setattr(sys, "stdin", pipe)

    too_few = typed("text", "train")
    none = typed("text", "models")
    code, told = typed("text", "score")

    assert too_few == (0, [
        {
            "language": "en",
            "labels": {"negative": 1, "positive": 1},
            "insufficient": "2 comments with a score, 100 are needed",
        }
    ])  # fmt: skip
    assert none == (0, [])
    assert code == 0
    assert (told["sentiment"]["confidence"], told["sentiment"]["label"]) == ("low", "negative")


def test_the_words_of_the_commands(typed: Typed, capsys: pytest.CaptureFixture[str]):
    """What people read says the same as the documents."""
    typed("sync")

    for words in (["train"], ["models"], ["score", "Great staff! Paid $20 at Grand Globex"]):
        assert run(["text", *words]) == 0

    said = capsys.readouterr().out
    assert "en: insufficient data: 2 comments with a score, 100 are needed" in said
    assert "English texts are scored by the lexicon" in said
    assert "confidence low (lexicon:en@1)" in said
    assert "money 2000 AUD, competitor Grand Globex" in said


def test_a_report_counts_customers_and_withholds_what_too_few_say(
    typed: Typed, capsys: pytest.CaptureFixture[str]
):
    """Twelve guests of one survey are told of by share; a single complaint is only counted."""
    guests = [
        {"id": f"s{at}", "at": "2026-01-02", "guest": str(at), "nps": "9", "why": "Lovely staff"}
        for at in range(12)
    ]
    guests.append(guests[0] | {"id": "s99", "why": "Grand Globex has the better room"})
    write(Path("files/surveys.csv"), guests)
    assert typed("run")[0] == 0

    code, told = typed("text", "report")
    later = typed("text", "report", "--since", "2026-01-03")
    assert run(["text", "report"]) == 0

    said = capsys.readouterr().out
    assert (code, told["texts"], told["customers"]) == (0, 13, 12)
    (survey,), (competitor,) = told["touchpoints"], told["competitors"]
    assert (survey["positive"]["value"], survey["customers"]) == (100, 12)
    assert (competitor["group"], competitor["customers"]) == ("Grand Globex", 1)
    assert (competitor["negative"], competitor["samples"]) == (None, [])
    assert [theme["phrase"] for theme in told["themes"]] == ["lovely staff"]
    assert (later[0], later[1]["texts"]) == (0, 0)
    assert "13 texts of 12 customers" in said
    assert "insufficient data: n = 1, 10 are needed" in said
