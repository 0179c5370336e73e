"""A connector in a package of its own: installed, found, loaded, examined."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).parents[1] / "third_party/hub_acme"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the package was installed, without a network."""
    folder = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source") / "hub_acme"
    shutil.copytree(PACKAGE, source)  # building writes beside the sources
    offline = ["--offline", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "-q", *offline, "--target", folder, source],
        check=True,
    )
    return folder


def hub(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line of a hub beside which the package is installed."""
    return subprocess.run(
        [sys.executable, "-c", "from hub.cli.main import main; main()", *arguments],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )


def listed(site: Path) -> dict[str, dict[str, Any]]:
    rows = json.loads(hub(site, "connectors", "list", "--json").stdout)
    return {row["name"]: row for row in rows}


def test_it_is_a_distribution_like_the_built_in_ones(site: Path) -> None:
    """The hub meets its own connectors and a stranger's through the same entry points."""
    found = listed(site)

    assert (found["acme"]["distribution"], found["acme"]["state"]) == ("hub-acme", "ok")
    assert {"csv", "hubspot"} <= found.keys()


@pytest.mark.slow
def test_it_is_silver_by_its_own_emulator(site: Path) -> None:
    """Every promise is kept but one: it has not met a real account, and says so."""
    done = hub(site, "connectors", "check", "acme", "--json")
    report = json.loads(done.stdout)

    failed = [found["id"] for found in report["checks"] if found["outcome"] == "failed"]
    assert (done.returncode, report["grade"], failed) == (0, "silver", ["nothing-is-left-to-do"])


@pytest.mark.slow
def test_it_passes_its_own_tests_of_the_mapping(site: Path) -> None:
    """What the scaffold wrote is green after the guide's edits."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not promises"],
        cwd=PACKAGE,
        env={**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout


def test_a_broken_neighbour_does_not_disturb_it(site: Path, tmp_path: Path) -> None:
    """A package that exits on import is listed as broken; the others still load."""
    metadata = tmp_path / "hub_broken-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: hub-broken\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[hub.connectors]\nbroken = hub_broken\n")
    (tmp_path / "hub_broken.py").write_text("raise SystemExit('no licence')")

    found = listed(Path(f"{site}{os.pathsep}{tmp_path}"))

    assert found["acme"]["state"] == "ok"
    assert found["broken"]["state"] == "broken"
    assert "no licence" in found["broken"]["why"]


def test_two_packages_of_one_name_are_both_refused(site: Path, tmp_path: Path) -> None:
    """Nobody's connector is silently replaced by another."""
    metadata = tmp_path / "acme_copy-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-copy\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[hub.connectors]\nacme = acme_copy\n")

    done = hub(Path(f"{site}{os.pathsep}{tmp_path}"), "connectors", "check", "acme")

    assert done.returncode == 2
    assert "acme-copy and hub-acme both claim" in done.stderr


def test_an_unknown_connector_is_met_with_the_nearest_name(site: Path) -> None:
    """A typing error costs one look at the message."""
    done = hub(site, "connectors", "check", "acmee")

    assert done.returncode == 2
    assert "Did you mean 'acme'" in done.stderr
    assert "Traceback" not in done.stderr
