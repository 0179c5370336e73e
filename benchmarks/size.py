"""What an installation brings with it: packages and megabytes of the locked core."""

from __future__ import annotations

import subprocess
import sys
import venv
from importlib.metadata import distributions
from pathlib import Path

from benchmarks.results import Finding
from benchmarks.retail import ROOT

LARGEST = 8


def measure(folder: Path, divisor: int) -> Finding:
    """The core lock and the hub itself, installed into an empty environment without byte code."""
    home = folder / "venv"
    venv.create(home, with_pip=False)
    python = str(home / "bin" / "python")
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python]
    lock = ROOT / "requirements" / "core.lock"
    _run([*install, "--require-hashes", "--only-binary", ":all:", "-r", str(lock)])
    _run([*install, "--no-deps", "--no-build-isolation", str(ROOT)])
    _run([str(home / "bin" / "hub"), "--help"])
    site = next(home.glob("lib/python*/site-packages"))
    sizes = _sizes(site)
    top = sorted(sizes.items(), key=lambda item: -item[1])[:LARGEST]
    return Finding(
        what="`requirements/core.lock` and the hub, installed into an empty environment without"
        " byte code.",
        columns=("package", "MB"),
        rows=[
            (f"**all {len(sizes)} packages**", f"**{sum(sizes.values()) / 2**20:.1f}**"),
            *((name, f"{size / 2**20:.1f}") for name, size in top),
        ],
        notes=("Checked: `hub --help` runs in that environment.",),
    )


def _sizes(site: Path) -> dict[str, int]:
    """Bytes of each installed package, by the files that it says it has."""
    return {
        package.metadata["Name"]: sum(
            path.stat().st_size
            for file in package.files or ()
            if (path := Path(str(package.locate_file(file)))).exists()
            and "__pycache__" not in path.parts
        )
        for package in distributions(path=[str(site)])
    }


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
