"""Nothing is written twice, and no module is a drawer for the rest."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    path.relative_to(ROOT)
    for package in ("hub", "connectors")
    for path in (ROOT / package).rglob("*.py")
)
BLOCK = 6
"""Lines of code that may not stand twice."""

WITH_REASON: dict[str, str] = {
    # first line of the block: why it may stand twice
    "def close(self) -> None:": "the last act of each emulator, two calls",
    "streams=streams,": "the parts of a connector in the contract's own order, each its own",
    "http=http,": "the same",
    "number: int": "an order and a checkout, field by field as the vendor has them",
}


def test_no_block_of_code_stands_twice() -> None:
    """Six equal lines in two places are one thing that will be corrected in one of them."""
    places: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for module in MODULES:
        lines = code_lines(ROOT / module)
        for start in range(len(lines) - BLOCK + 1):
            block = lines[start : start + BLOCK]
            places[tuple(text for _, text in block)].append(f"{module}:{block[0][0]}")

    twice = [
        f"{' and '.join(found)}: {block[0]}"
        for block, found in places.items()
        if len(found) > 1 and block[0] not in WITH_REASON
    ]

    assert twice == []


def code_lines(path: Path) -> list[tuple[int, str]]:
    """Line number and text of each line that says something: no blanks, imports, lone brackets."""
    text = path.read_text(encoding="utf-8")
    imports = {
        number
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    return [
        (number, line.strip())
        for number, line in enumerate(text.splitlines(), start=1)
        if number not in imports and any(map(str.isalnum, line)) and line.strip()[0] != "#"
    ]


def test_no_module_is_a_drawer() -> None:
    """A module is named for what it holds."""
    drawers = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "base"}

    assert [str(module) for module in MODULES if drawers & {*module.parts, module.stem}] == []
