"""Mistakes in the settings are found before any file is opened."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.csv.config import CsvSettings
from connectors.csv.connector import CSV
from hub.core.connector import FullPass, Unsupported


def mistakes(shelf: Any) -> list[tuple[str, str]]:
    """Path and message of every mistake."""
    with pytest.raises(ValidationError) as caught:
        _ = shelf.settings
    return [
        (".".join(map(str, error["loc"][2:])), error["msg"])
        for error in caught.value.errors(include_url=False)
    ]


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"columns": {"given_nme": "name"}}, "columns.given_nme", "no such field"),
        ({"constants": {"gendr": "x"}}, "constants.gendr", "no such field"),
        ({"columns": {"emails": {"a": "b"}}}, "columns.emails", "needs one column"),
        ({"columns": {"birth_date": ["a", "b"]}}, "columns.birth_date", "needs one column"),
        ({"columns": {"address": "street"}}, "columns.address", "needs a table"),
        ({"columns": {"address": {"town": "x"}}}, "columns.address.town", "no such part"),
        (
            {"columns": {"given_name": {"column": "x", "drop_sufix": ".0"}}},
            "columns.given_name.drop_sufix",
            "no such setting",
        ),
        ({"constants": {"birth_date": "soon"}}, "constants.birth_date", "expected a date"),
        ({"constants": {"emails": "x"}}, "constants.emails", "map a column"),
        ({"entity": "order", "columns": {"order_ref": "a"}}, "columns", "order needs at"),
        ({"cancelled_when": {"column": "x", "starts_with": "C"}}, "cancelled_when", "never"),
        ({"cancelled_when": {"column": "x"}}, "cancelled_when", "starts_with or equals"),
        ({"encoding": "latin-9000"}, "encoding", "unknown encoding"),
        ({"dates": ["dayfirst"]}, "dates", "no such date format"),
        ({"timezone": "Europe/Lundon"}, "timezone", "unknown time zone"),
        ({"decimal": ",", "thousands": ","}, "", "must differ"),
        ({"files": "../secrets/*.csv"}, "files", "leads out"),
        ({"delimiter": ";;"}, "delimiter", "at most 1"),
        ({"key": []}, "key", "at least 1"),
        ({"kye": ["id"]}, "kye", "not permitted"),
    ],
)
def test_each_mistake_is_found_at_its_place(
    shelf: Any, change: dict[str, Any], path: str, message: str
) -> None:
    """The path names the key, the message what is wrong with it."""
    shelf.stream |= change

    found = mistakes(shelf)

    assert any(p.startswith(path) and message in m for p, m in found), found


def test_all_mistakes_of_a_table_come_in_one_run(shelf: Any) -> None:
    """Nobody corrects a mapping one error at a time."""
    shelf.stream |= {"columns": {"given_nme": "name", "fmaily_name": "x"}, "constants": {"y": 1}}

    assert len(mistakes(shelf)) == 3


def test_a_misspelt_required_field_is_one_mistake(shelf: Any) -> None:
    """It is not reported a second time as missing."""
    shelf.stream |= {"entity": "loyalty_entry", "columns": {"partty": "id", "at": "t"}}

    assert [path for path, _ in mistakes(shelf)] == ["columns.partty"]


def test_amounts_need_a_currency(shelf: Any) -> None:
    """How many minor units an amount has depends on it."""
    shelf.stream |= {"entity": "deal", "columns": {"amount": "sum"}}

    assert mistakes(shelf)[0][1] == "deal needs currency, as a column or a constant"


def test_streams_declare_their_key_and_deletions(shelf: Any) -> None:
    """The hub learns from the declaration whether absence means deletion."""
    (single,) = CSV.streams_for(shelf.settings)
    shelf.stream |= {"key_mode": "columns+line", "max_delete_percent": 5}
    (whole,) = CSV.streams_for(shelf.settings)

    assert isinstance(single.deletes, Unsupported)
    assert single.key_of({"id": " 7 "}) == "7"
    assert whole.deletes == FullPass(5)
    assert whole.key_of({"#key": "7|aa|1"}) == "7|aa|1"


def test_another_mapping_has_another_version(shelf: Any) -> None:
    """Stored rows are mapped again when the mapping changes, and only then."""
    (first,) = CSV.streams_for(shelf.settings)
    shelf.stream["files"] = "*.txt"
    (moved,) = CSV.streams_for(shelf.settings)
    shelf.stream["timezone"] = "Europe/Paris"
    (changed,) = CSV.streams_for(shelf.settings)

    assert first.mapping_version == moved.mapping_version != changed.mapping_version
    assert 0 <= changed.mapping_version < 1 << 31


def test_every_setting_is_described() -> None:
    """``hub schema`` explains each key."""
    schema = CsvSettings.model_json_schema()
    tables = [schema, *schema["$defs"].values()]

    bare = [n for t in tables for n, p in t.get("properties", {}).items() if "description" not in p]

    assert bare == []
    assert json.dumps(schema)
