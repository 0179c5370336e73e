"""Promises about the package: quick to import, honest about itself, documented where it matters."""

from __future__ import annotations

import subprocess
import sys

from hub.core.connector import Unsupported
from hub.testing.check import Checks, Grade
from hub.testing.manifest import contradictions, read_manifest
from hub.testing.rig import Subject, Violation, rig

PACKAGE = Checks()
_HEAVY_AT_IMPORT = ("httpx", "starlette", "uvicorn", "sqlalchemy", "numpy", "duckdb")
_HEAVY_AT_LOAD = ("starlette", "uvicorn", "sqlalchemy", "numpy", "duckdb")
_SECRET_WORDS = ("token", "secret", "password", "api_key", "private_key")
_CHAPTERS = ("set up", "troubleshooting")


@PACKAGE.check(Grade.BRONZE)
def the_manifest_is_complete_and_true(subject: Subject) -> None:
    """``connector.toml`` answers every rule, and says nothing that the connector contradicts."""
    try:
        manifest = read_manifest(subject.folder)
    except ValueError as err:
        raise Violation(str(err)) from err
    wrong = contradictions(manifest, subject.connector)
    if wrong:
        raise Violation("; ".join(wrong))


@PACKAGE.check(Grade.BRONZE)
def importing_is_cheap(subject: Subject) -> None:
    """Importing the plugin loads no HTTP, web server or database; its hook no server either."""
    imported = _loads(f"import {subject.module}")
    loaded = _loads(f"import {subject.module}; {subject.module}.hub_connector()")
    heavy = [name for name in _HEAVY_AT_IMPORT if name in imported]
    heavy += [name for name in _HEAVY_AT_LOAD if name in loaded and name not in heavy]
    if heavy:
        raise Violation(f"it loads {', '.join(heavy)}; import them where they are used")


@PACKAGE.check(Grade.BRONZE)
def secrets_are_references(subject: Subject) -> None:
    """A setting that is a secret by its name accepts references only."""
    for name, field in subject.connector.config.model_fields.items():
        by_name = any(word in name for word in _SECRET_WORDS)
        if by_name and field.annotation is str:
            raise Violation(f"setting {name} is plain text; declare it as hub.core.secrets.Secret")


@PACKAGE.check(Grade.SILVER)
def settings_are_strict_and_described(subject: Subject) -> None:
    """A misspelt setting is an error, and every setting says what it is for."""
    config = subject.connector.config
    if config.model_config.get("extra") != "forbid":
        raise Violation('unknown settings pass unseen; set extra="forbid"')
    settings = config.model_json_schema().get("properties", {})
    bare = [name for name, told in settings.items() if "description" not in told]
    if bare:
        raise Violation(f"no description: {', '.join(bare)}")


@PACKAGE.check(Grade.SILVER)
def the_readme_helps(subject: Subject) -> None:
    """README.md has chapters on set-up and troubleshooting and names every stream and setting."""
    path = subject.folder / "README.md"
    if not path.exists():
        raise Violation("README.md is missing")
    text = path.read_text("utf-8").lower()
    config = subject.connector.config
    with rig(subject) as bench:
        names = [stream.name for stream in bench.streams]
    missing = [name for name in (*_CHAPTERS, *names, *config.model_fields) if name not in text]
    if missing:
        raise Violation(f"README.md does not mention: {', '.join(missing)}")


@PACKAGE.check(Grade.BRONZE)
def what_is_missing_is_declared(subject: Subject) -> None:
    """What the system cannot do is declared with a reason, never left out."""
    connector = subject.connector
    for name in (
        "http", "emulator", "erase", "write_consent", "read_back", "webhooks", "tasks", "notes",
    ):  # fmt: skip
        declared = getattr(connector, name)
        if isinstance(declared, Unsupported) and not declared.reason:
            raise Violation(f"{name} is unsupported for no reason")


@PACKAGE.check(Grade.GOLD)
def nothing_is_left_to_do(subject: Subject) -> None:
    """No rule of the manifest is still to do."""
    try:
        rules = read_manifest(subject.folder).rules.each()
    except ValueError as err:
        raise Violation(str(err)) from err
    waiting = [f"{name} ({rule.reason})" for name, rule in rules.items() if rule.status == "todo"]
    if waiting:
        raise Violation(f"to do: {', '.join(waiting)}")


def _loads(statement: str) -> set[str]:
    """Top-level modules that ``statement`` brings into a fresh interpreter."""
    script = f"import sys; {statement}; print(*{{name.split('.')[0] for name in sys.modules}})"
    search = f"import sys; sys.path[:0] = {sys.path!r}; "
    done = subprocess.run(
        [sys.executable, "-c", search + script], capture_output=True, text=True, timeout=60
    )
    if done.returncode:
        raise Violation(f"it does not import: {done.stderr.strip().splitlines()[-1]}")
    return set(done.stdout.split())
