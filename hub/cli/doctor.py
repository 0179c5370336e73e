"""``hub doctor``: is this machine, this folder, this database fit to run the hub?"""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from hub.cli.layout import counted
from hub.cli.session import Session, pass_session
from hub.core.errors import EXIT_FAILED, EXIT_OK, HubError

if TYPE_CHECKING:
    from hub.app import App

_OLDEST_SQLITE = (3, 35, 0)
"""RETURNING, which the store uses. Source: sqlite.org/lang_returning.html, "added in 3.35.0"."""
_LEAST_SPACE = 1 << 30
_BUILT = datetime(2025, 1, 1, tzinfo=UTC)
"""A clock before this hub existed is wrong: consent and audit depend on it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: Literal["ok", "warn", "FAIL"]
    detail: str
    fix: str = ""

    def line(self) -> str:
        """For a terminal."""
        return f"{self.state:<4} {self.what}: {self.detail}" + (f". {self.fix}" if self.fix else "")


@click.command()
@pass_session
def doctor(session: Session) -> int:
    """Look at machine, files, database and plugins; exit 1 if something must be repaired."""
    findings = list(_findings(session))
    session.show([asdict(f) for f in findings], "\n".join(f.line() for f in findings))
    return EXIT_FAILED if any(f.state == "FAIL" for f in findings) else EXIT_OK


def _findings(session: Session) -> Iterator[Finding]:
    yield _python()
    yield _sqlite()
    yield _clock()
    yield from _plugins()
    try:
        app = session.app()
    except HubError as err:
        yield Finding("settings", "FAIL", str(err))
        return
    yield Finding("settings", "ok", str(app.toml.path))
    looks: tuple[Callable[[App], Finding], ...] = (_writable, _space, _private, _database)
    yield from (look(app) for look in looks)


def _python() -> Finding:
    return Finding("python", "ok", f"{platform.python_version()} at {sys.executable}")


def _sqlite() -> Finding:
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        fix = "Install a Python that brings SQLite 3.35 or newer"
        return Finding("sqlite", "FAIL", sqlite3.sqlite_version, fix)
    return Finding("sqlite", "ok", sqlite3.sqlite_version)


def _clock() -> Finding:
    now = datetime.now(UTC)
    text = now.isoformat(timespec="seconds")
    if now < _BUILT:
        return Finding("clock", "FAIL", text, "Set the clock; consent and audit depend on it")
    return Finding("clock", "ok", text)


def _plugins() -> Iterator[Finding]:
    from hub.core.plugins import available

    for plugin in available():
        what = f"connector {plugin.name}"
        if plugin.state == "ok":
            yield Finding(what, "ok", f"{plugin.distribution} {plugin.version}")
        else:
            yield Finding(what, "warn", plugin.why, "Connections of other plugins go on")


def _space(app: App) -> Finding:
    folder = _existing(app.data_dir)
    free = shutil.disk_usage(folder).free
    text = f"{free / (1 << 30):.1f} GiB free under {folder}"
    if free < _LEAST_SPACE:
        return Finding("disk", "warn", text, "A first load may need more")
    return Finding("disk", "ok", text)


def _writable(app: App) -> Finding:
    folder = _existing(app.data_dir)
    if not os.access(folder, os.W_OK):
        fix = "Give the hub's user the right to write there, or set data_dir in [hub]"
        return Finding("data folder", "FAIL", f"{folder} cannot be written to", fix)
    return Finding("data folder", "ok", str(app.data_dir))


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _private(app: App) -> Finding:
    """Keys and database are for their owner only."""
    if not app.data_dir.exists():
        return Finding("file modes", "ok", f"{app.data_dir} does not exist yet")
    open_files = [path for path in sorted(app.data_dir.rglob("*")) if _is_open(path)]
    if _is_open(app.data_dir) and open_files:
        text = f"others may read {counted(len(open_files), 'file')} under {app.data_dir}"
        return Finding("file modes", "warn", text, f"Run: chmod 700 {app.data_dir}")
    return Finding("file modes", "ok", f"{app.data_dir} is private")


def _is_open(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def _database(app: App) -> Finding:
    from hub.store.upgrade import HEAD, current

    try:
        with app.database().read() as connection:
            schema = current(connection)
    except HubError as err:
        return Finding("database", "FAIL", app.redactor.redact(str(err)))
    if schema is not None and schema > HEAD:
        fix = "Install the newer cxhub, or restore a backup of the older database"
        return Finding("database", "FAIL", f"schema {schema}, this hub knows up to {HEAD}", fix)
    if schema != HEAD:
        found = f"schema {schema}" if schema else "empty"
        return Finding("database", "ok", f"{found}; the next run brings it to {HEAD}")
    return Finding("database", "ok", f"schema {schema}")
