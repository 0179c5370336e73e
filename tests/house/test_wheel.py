"""The wheel is the whole hub: it works where the source tree is not."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel would put into site-packages."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_every_file_of_the_packages(installed: Path) -> None:
    """Migrations, templates, manifests and READMEs travel with the code."""
    tracked = subprocess.run(
        ["git", "ls-files", "hub", "connectors"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()

    assert [file for file in tracked if not (installed / file).exists()] == []


def test_the_hub_starts_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """`hub init` writes a hub.toml that `hub check` accepts, with no source tree in sight."""
    program = "import hub.cli.main as m; print(m.__file__); m.main()"

    for command in ("init", "check"):
        result = subprocess.run(
            [sys.executable, "-c", program, command],
            cwd=tmp_path,
            env={"PYTHONPATH": str(installed)},
            capture_output=True,
            text=True,
            check=False,
        )

        assert result.returncode == 0, result.stderr
        assert result.stdout.startswith(str(installed))
