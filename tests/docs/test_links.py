"""Documentation that leads somewhere: links resolve, pages are reachable, paths exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SECTIONS = ("tutorials", "how-to", "reference", "explanation", "decisions")


def links_of(page: Path) -> set[Path]:
    """Files of this project that a page links to."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    return {(page.parent / target).resolve() for target in targets if "://" not in target}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_resolves(page: Path) -> None:
    """A page that was renamed takes its links along."""
    missing = [str(target) for target in links_of(page) if not target.exists()]

    assert missing == []


@pytest.mark.parametrize("section", SECTIONS)
def test_every_page_of_a_section_is_in_its_index(section: str) -> None:
    """A page that nobody can find was not written."""
    folder = ROOT / "docs" / section
    pages = {page for page in folder.glob("*.md") if page.name != "index.md"}

    assert pages - links_of(folder / "index.md") == set()


def test_decisions_are_numbered_and_complete() -> None:
    """Numbers run from 1 without a gap; each note has context, options, choice and cost."""
    notes = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))

    numbers = [int(note.name[:3]) for note in notes]
    incomplete = [
        note.name
        for note in notes
        for part in ("Context", "Options", "Choice", "Cost")
        if f"**{part}.**" not in note.read_text(encoding="utf-8")
    ]

    assert numbers == list(range(1, len(notes) + 1))
    assert incomplete == []


def test_the_readme_names_every_room_and_no_other() -> None:
    """The tour and the table "Where do I add…" are true: each path exists, each room is there."""
    paths = set(
        re.findall(
            r"`((?:hub|connectors|tests|docs)(?:/[\w./]+)?|\w+\.toml)`",
            (ROOT / "README.md").read_text(encoding="utf-8"),
        )
    )
    rooms = {
        f"hub/{room.name}"
        for room in (ROOT / "hub").iterdir()
        if (room / "__init__.py").exists() or (room.suffix == ".py" and room.stem != "__init__")
    }

    assert {path for path in paths if not (ROOT / path).exists()} == set()
    assert rooms - paths == set()
