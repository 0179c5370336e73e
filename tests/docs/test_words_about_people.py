"""docs/explanation/words-about-people.md names every column with words of following up."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, Table, Text

from hub.store import schema

PAGE = Path(__file__).parents[2] / "docs/explanation/words-about-people.md"
TABLES = (
    schema.assessments, schema.risk_rises, schema.cases, schema.case_events,
    schema.case_answers, schema.theme_mentions, schema.improvements, schema.improvement_events,
)  # fmt: skip


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_that_can_hold_words_is_on_the_page(table: Table) -> None:
    """A new column of free text has to say what becomes of it when its customer is erased."""
    page = PAGE.read_text("utf-8")
    words = [
        f"{table.name}.{column.name}"
        for column in table.columns
        if isinstance(column.type, LargeBinary)
        or (isinstance(column.type, Text) and column.type is not schema.Key)
    ]
    words += ["theme_mentions.theme"] if table is schema.theme_mentions else []

    assert [each for each in words if f"`{each}`" not in page] == []
