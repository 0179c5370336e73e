"""docs/capabilities.toml claims nothing that no test or command shows."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from hub.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
FILE = tomllib.loads((ROOT / "docs/capabilities.toml").read_text(encoding="utf-8"))
ROWS = {name: row for part in FILE["documents"] for name, row in FILE[part].items()}


def test_every_row_of_the_five_documents_is_there() -> None:
    """60, 18, 39, 25 and 18 rows, numbered without a gap, 160 in all."""
    sizes = {"S0": 60, "S1": 18, "S2": 39, "S3": 25, "S4": 18}

    expected = {f"{part}-{n:02}" for part, size in sizes.items() for n in range(1, size + 1)}

    assert set(ROWS) == expected
    assert len(ROWS) == 160


def test_a_row_claims_only_what_something_shows() -> None:
    """State none has no check; any other state names a test, make target or command that exists."""
    unfounded = [name for name, row in ROWS.items() if not is_founded(row)]

    assert unfounded == []


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ("tests/docs/test_capabilities.py::test_every_row_of_the_five_documents_is_there", True),
        ("tests/docs/test_capabilities.py::test_that_nobody_wrote", False),
        ("tests/docs/test_absent.py::test_every_row_of_the_five_documents_is_there", False),
        ("make demo", True),
        ("make coffee", False),
        ("hub check", True),
        ("hub coffee", False),
        ("trust me", False),
    ],
)
def test_a_check_that_does_not_exist_is_found_out(check: str, expected: bool) -> None:
    """The guard above can fail."""
    assert exists(check) is expected


def is_founded(row: dict[str, str]) -> bool:
    """Whether the row is well formed, and a state other than none has a check that exists."""
    return (
        set(row) == {"kind", "state", "check", "title"}
        and row["kind"] in {"SW", "HP+", "CTX", "SW/CTX", "CTX/SW"}
        and row["state"] in {"none", "partial", "done"}
        and bool(row["check"]) == (row["state"] != "none")
        and (not row["check"] or exists(row["check"]))
    )


def exists(check: str) -> bool:
    """Whether ``check`` is a test, a make target or a command of this project."""
    program, _, rest = check.partition(" ")
    if program == "make":
        return bool(re.search(rf"^{rest}:", (ROOT / "Makefile").read_text(), re.MULTILINE))
    if program == "hub":
        return rest.split(" ")[0] in COMMANDS
    file, _, test = check.partition("::")
    return (ROOT / file).is_file() and test.split("[")[0] in names_of_tests(ROOT / file)


def names_of_tests(file: Path) -> set[str]:
    """Names of the test functions of a file."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
