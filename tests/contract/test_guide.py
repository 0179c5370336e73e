"""The guide for connector authors, followed word for word."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import pytest

from hub.cli.scaffolding import write_package

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/how-to/write-a-connector.md"
RESULT = ROOT / "tests/third_party/hub_acme"
STEP = re.compile(
    r"(?:In `(?P<file>[^`]+)`, |then )replace\n\n```\w+\n(?P<old>.*?)```\n\n"
    r"with\n\n```\w+\n(?P<new>.*?)```",
    re.DOTALL,
)


def follow(folder: Path) -> None:
    """Does what the guide says, in its order."""
    write_package("acme", folder)
    file = ""
    for step in STEP.finditer(GUIDE.read_text("utf-8")):
        file = step["file"] or file
        text = (folder / file).read_text("utf-8")
        assert text.count(step["old"]) == 1, f"{file} does not hold once:\n{step['old']}"
        (folder / file).write_text(text.replace(step["old"], step["new"]), "utf-8")


def files(folder: Path) -> dict[str, str]:
    """Text by path; caches that tools left are no part of the package."""
    paths = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    own = [path for path in paths if not any(part[0] in "._" for part in path.parts[:-1])]
    return {str(path): (folder / path).read_text("utf-8") for path in own}


def test_the_guide_leads_to_the_package_that_is_tested(tmp_path: Path) -> None:
    """Every step applies as written, and the result is tests/third_party/hub_acme."""
    follow(tmp_path / "hub-acme")

    assert files(tmp_path / "hub-acme") == files(RESULT)


def test_following_the_guide_takes_few_lines(tmp_path: Path) -> None:
    """A read and write connector with two streams: at most 60 lines of the author's own."""
    write_package("acme", tmp_path / "before")
    before, after = files(tmp_path / "before"), files(RESULT)

    written = [
        line
        for name, text in after.items()
        if name.endswith(".py")
        for line in difflib.ndiff(before[name].splitlines(), text.splitlines())
        if line.startswith("+ ") and line[2:].strip()
    ]

    assert 0 < len(written) <= 60


@pytest.mark.parametrize("name", ["shop", "big_crm", "z9"])
def test_the_scaffold_takes_any_name(tmp_path: Path, name: str) -> None:
    """The example's name is nowhere left."""
    write_package(name, tmp_path / "package")

    found = files(tmp_path / "package")

    assert f"hub_{name}/connector.py" in found
    assert not [path for path, text in found.items() if "acme" in (path + text).lower()]
