"""The layering contracts say what ARCHITECTURE means: each one catches the import it forbids."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
ROOMS = [
    room
    for layer in tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]["contracts"][0][
        "layers"
    ]
    for room in re.findall(r"\w+", layer)
]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Every room, empty, and two connectors, under the project's own contracts."""
    shutil.copy(PYPROJECT, tmp_path)
    for package in ["hub", *(f"hub/{room}" for room in ROOMS), "connectors"]:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    for system in ("acme", "globex"):
        (tmp_path / "connectors" / system).mkdir()
        (tmp_path / "connectors" / system / "__init__.py").write_text("import hub.core\n")
    return tmp_path


def broken_contracts(house: Path) -> list[str]:
    """Names of the contracts that the house breaks."""
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [lint, "--no-logo", "--no-cache"],
        cwd=house,
        env={"PYTHONPATH": str(house), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    broken = re.findall(r"^(.+) BROKEN\b", result.stdout, re.MULTILINE)
    assert bool(broken) == bool(result.returncode), result.stdout + result.stderr
    return broken


def test_a_house_that_keeps_to_its_rooms_breaks_nothing(house: Path) -> None:
    """Downward imports are what the rooms are for."""
    (house / "hub/sync/pull.py").write_text("import hub.store\nimport hub.core\n")
    (house / "hub/core/http.py").write_text("import httpx\n")
    (house / "connectors/acme/emulator.py").write_text("import hub.emulation\n")

    assert broken_contracts(house) == []


@pytest.mark.parametrize(
    ("module", "forbidden", "contract"),
    [
        ("hub/core/planted.py", "hub.store", "A room imports only rooms below it"),
        ("hub/store/planted.py", "hub.emulation", "A room imports only rooms below it"),
        ("hub/sync/planted.py", "hub.identity", "A room imports only rooms below it"),
        ("hub/privacy/planted.py", "hub.push", "A room imports only rooms below it"),
        ("hub/app/planted.py", "connectors.acme", "The hub meets connectors through entry points"),
        ("connectors/acme/planted.py", "connectors.globex", "Connectors know nothing of each"),
        ("connectors/acme/planted.py", "hub.store", "Connectors use hub.core and hub.emulation"),
        ("connectors/acme/planted.py", "httpx", "Only hub.core speaks HTTP"),
        ("hub/sync/planted.py", "httpx", "Only hub.core speaks HTTP"),
    ],
)
def test_a_forbidden_import_breaks_its_contract(
    house: Path, module: str, forbidden: str, contract: str
) -> None:
    """A wall that nobody can walk into is the only wall that holds."""
    (house / module).write_text(f"import {forbidden}\n")

    (broken,) = broken_contracts(house)

    assert broken.startswith(contract)


def test_a_new_room_must_be_given_its_place(house: Path) -> None:
    """A package under hub that no layer names is a mistake, not an exception."""
    (house / "hub/utils").mkdir()
    (house / "hub/utils/__init__.py").touch()

    assert broken_contracts(house) == ["A room imports only rooms below it"]
