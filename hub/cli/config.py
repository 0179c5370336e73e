"""``hub init``, ``check``, ``config show``, ``schema``: the settings, from the first minute on."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.layout import counted
from hub.cli.session import Session, Verbs, pass_session
from hub.core.errors import EXIT_AUTH, EXIT_CONFIG, EXIT_OK, EXIT_UNAVAILABLE, ConfigError

if TYPE_CHECKING:
    from hub.app import App
    from hub.cli.checks import ConnectionCheck
    from hub.core.mistakes import ConfigMistakes

EVERY = "*"
"""What ``--connect`` without a name stands for."""

_FIRST_CONNECTION = "add a connection; for a file: hub connectors read FILE --guess"
_IGNORED = ("/var/", "*.db", "*.db-wal", "*.db-shm")


@click.command()
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
@pass_session
def init(session: Session, folder: Path) -> None:
    """Write a commented hub.toml into FOLDER, with default purposes, a journey and no secret."""
    target = folder / "hub.toml"
    if target.exists():
        raise ConfigError(f"{target} exists and was left as it is. To try it: hub check")
    folder.mkdir(parents=True, exist_ok=True)
    target.write_text((Path(__file__).parent / "starter.toml").read_text("utf-8"), "utf-8")
    journey = _draw_journey(folder / "journeys")
    ignored = _ignore(folder / ".gitignore")
    session.show(
        {"written": [str(target), *journey], "gitignore": ignored},
        f"wrote {target}. Next: name your systems in it, then run: hub check",
    )


def _draw_journey(folder: Path) -> list[str]:
    """The file that the shipped journey was copied to; none if there are journeys already."""
    from hub.core.clock import SystemClock
    from hub.journeys.files import SHIPPED, read

    if folder.exists():
        return []
    folder.mkdir()
    target = folder / SHIPPED.name
    reviewed = f"last_reviewed = {read(SHIPPED).last_reviewed}"
    today = f"last_reviewed = {SystemClock().now().date()}"
    target.write_text(SHIPPED.read_text("utf-8").replace(reviewed, today), "utf-8")
    return [str(target)]


def _ignore(path: Path) -> list[str]:
    """Lines added to .gitignore, so that data and databases are never committed."""
    present = path.read_text("utf-8").splitlines() if path.exists() else []
    added = [line for line in _IGNORED if line not in present]
    if added:
        path.write_text("\n".join([*present, *added]) + "\n", "utf-8")
    return added


@click.command()
@click.option(
    "--connect",
    metavar="[NAME]",
    is_flag=False,
    flag_value=EVERY,
    help="Also try the credentials of connection or route of alerts NAME, or of all.",
)
@pass_session
def check(session: Session, connect: str | None) -> int:
    """Report every mistake in hub.toml at once: place, what was expected, what was meant.

    After it, those in the first file of journeys, segments, patterns or decisions that has any.
    """
    from hub.cli.checks import unready
    from hub.core.mistakes import ConfigMistakes

    try:
        app = session.app()
        mistakes = unready(app)
        if mistakes:
            raise ConfigMistakes(app.toml.path, mistakes)
        app.require_limits(app.enabled)
        _read_own_files(app)
    except ConfigMistakes as err:
        return _refuse(session, err)
    items = _checked(app, connect) if connect else []
    connections, purposes = len(app.settings.connections), len(app.settings.purposes)
    counts = f"{counted(connections, 'connection')}, {counted(purposes, 'purpose')}"
    text = [item.line() for item in items] + [f"{app.toml.path}: no mistakes ({counts})"]
    if not connect:
        text.append(f"Next: {'hub check --connect' if connections else _FIRST_CONNECTION}")
    document = {"file": str(app.toml.path), "mistakes": [], "checks": [i.document() for i in items]}
    session.show(document, "\n".join(text))
    failed = {item.exit_code for item in items} - {EXIT_OK}
    return next((code for code in (EXIT_CONFIG, EXIT_AUTH, EXIT_UNAVAILABLE) if code in failed), 0)


def _read_own_files(app: App) -> None:
    """What the business wrote beside hub.toml; what the hub ships is slow to import, and sound."""
    from hub.core.own_files import written

    settings, written_here = app.settings, partial(written, app.folder)
    if written_here(settings.journeys.files):
        from hub.journeys.files import read_all as read_journeys

        read_journeys(app.folder, settings.journeys.files)
    if written_here(settings.segments.files):
        from hub.segments.files import read_all as read_segments

        read_segments(app.folder, settings.segments.files)
    risk = settings.risk
    if written_here(risk.patterns) or written_here(risk.decisions) or risk.model != "points":
        from hub.voc.method import method

        method(app.folder, risk, app.data_dir)


def _checked(app: App, connect: str) -> list[ConnectionCheck]:
    from hub.cli.checks import connection_checks, route_checks, route_names

    routes = route_names(app)
    if connect == EVERY:
        return [*connection_checks(app, app.enabled), *route_checks(app, routes)]
    if connect in routes:
        return route_checks(app, [connect])
    return connection_checks(app, [connect])


def _refuse(session: Session, err: ConfigMistakes) -> int:
    if not session.json:
        raise err
    mistakes = [
        {
            "line": mistake.place.line,
            "column": mistake.place.column,
            "path": list(mistake.path),
            "message": mistake.message,
            "expected": mistake.expected,
            "suggestion": mistake.suggestion,
        }
        for mistake in err.mistakes
    ]
    session.show({"file": str(err.file), "mistakes": mistakes, "checks": []}, "")
    return EXIT_CONFIG


@click.group(cls=Verbs)
def config() -> None:
    """Show every setting and where it came from."""


@config.command()
@pass_session
def show(session: Session) -> None:
    """Print every value and where it came from: a line of the file, or the default."""
    from hub.cli.origins import origins

    app = session.app()
    rows = origins(app.toml)
    width = max(len(f"{row.key} = {row.value}") for row in rows)
    session.show(
        [row.document() for row in rows],
        "\n".join(
            f"{f'{row.key} = {row.value}':<{min(width, 72)}}  # {row.origin}" for row in rows
        ),
    )


@click.command()
@pass_session
def schema(session: Session) -> None:
    """Print the JSON Schema of hub.toml; editors complete and check against it."""
    import json

    from hub.cli.json_schema import json_schema

    document = json_schema()
    session.show(document, json.dumps(document, indent=2, ensure_ascii=False))
