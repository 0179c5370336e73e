"""The locks install the same files everywhere, from any index."""

from __future__ import annotations

import ast
import re
import tomllib
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.markers import Marker

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
PACKAGES = packages_distributions()
MOST_PACKAGES = 50
MOST_BYTES = 250 * 10**6


def pinned(lock: Path) -> dict[str, int]:
    """Package name to the number of its hashes."""
    return {name: rest.count("--hash=sha256:") for name, rest in entries(lock)}


def entries(lock: Path) -> list[tuple[str, str]]:
    """Package name and what stands after it: version, marker, hashes."""
    text = lock.read_text(encoding="utf-8").replace("\\\n", "")
    found = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==(.*)$", text, re.MULTILINE)
    return [(name.lower(), rest) for name, rest in found]


def installed_here(lock: Path) -> set[str]:
    """The packages of a lock whose markers hold on this machine."""
    markers = [(name, re.search(r";(.*?)(?:--hash|$)", rest)) for name, rest in entries(lock)]
    return {name for name, found in markers if not found or Marker(found[1]).evaluate()}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_has_hashes_and_no_address(lock: Path) -> None:
    """Every file is known by its hash, so it does not matter where it comes from."""
    packages = pinned(lock)

    assert packages
    assert [name for name, hashes in packages.items() if not hashes] == []
    assert not re.search(r"://|--index|--find-links|@ ", lock.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [
        ("core", PROJECT["dependencies"]),
        ("dev", PROJECT["dependencies"] + PROJECT["optional-dependencies"]["postgres"]),
        ("dev", PROJECT["optional-dependencies"]["dev"][1:]),
        ("bench", PROJECT["optional-dependencies"]["bench"]),
        ("peers", PROJECT["optional-dependencies"]["peers"]),
    ],
    ids=["core", "dev-core", "dev", "bench", "peers"],
)
def test_a_declared_dependency_is_locked(lock: str, requirements: list[str]) -> None:
    """A dependency that was added without `make lock` would be missing in a clean clone."""
    names = {re.split(r"[\[<>=;, ]", requirement)[0].lower() for requirement in requirements}

    assert names - pinned(ROOT / f"requirements/{lock}.lock").keys() == set()


@pytest.mark.slow
def test_what_the_hub_imports_is_in_the_core_lock() -> None:
    """A package that only a developer has would be missing where the hub is installed."""
    locked = {normal(name) for name in pinned(ROOT / "requirements/core.lock")}
    modules = imported("hub", "connectors") - {"hub", "connectors"}

    installed = modules & PACKAGES.keys()
    missing = {name for name in installed if not locked & set(map(normal, PACKAGES[name]))}

    assert len(installed) > 10
    assert missing == set()


def normal(package: str) -> str:
    """The name of a package as indexes compare it."""
    return re.sub("[-_.]+", "-", package).lower()


def imported(*folders: str) -> set[str]:
    """Modules, by their first name, that the code in ``folders`` imports anywhere."""
    trees = (
        ast.parse(file.read_text(encoding="utf-8"))
        for folder in folders
        for file in (ROOT / folder).rglob("*.py")
    )
    nodes = [node for tree in trees for node in ast.walk(tree)]
    plain = (alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names)
    parts = (node.module or "" for node in nodes if isinstance(node, ast.ImportFrom))
    return {name.split(".")[0] for name in (*plain, *parts)}


def test_the_core_stays_small() -> None:
    """An admin installs at most fifty packages, the build backend included."""
    assert len(pinned(ROOT / "requirements/core.lock")) <= MOST_PACKAGES


def test_the_core_weighs_less_than_its_limit() -> None:
    """What the core lock installs, byte code included, stays under 250 MB."""
    sizes = {
        name: sum(
            path.stat().st_size
            for file in distribution(name).files or ()
            if (path := Path(str(file.locate()))).is_file()
        )
        for name in installed_here(ROOT / "requirements/core.lock")
    }

    assert min(sizes.values()) > 0
    assert sum(sizes.values()) < MOST_BYTES
