"""What every command shares: which hub.toml, how to print, and the opened hub.

``--config`` and ``--json`` are accepted before and after the command's name. A command takes
``@pass_session`` and calls ``session.app()`` if it needs the hub.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from hub.app import App

CONFIG_VARIABLE = "CXHUB_CONFIG"


def _default_config() -> Path:
    return Path(os.environ.get(CONFIG_VARIABLE) or "hub.toml")


@dataclass
class Session:
    """One run of the command line.

    Args:
        config: The hub.toml to use.
        json: Whether results are printed as JSON.
        loaded: The hub once it was opened, so that a crash report can be redacted.
    """

    config: Path = field(default_factory=_default_config)
    json: bool = False
    loaded: App | None = None

    def app(self) -> App:
        """The hub that ``--config`` names, loaded once.

        Raises:
            ConfigError: With every mistake of the file.
        """
        if self.loaded is None:
            from hub.app import load  # slow to import: not for ``--help``

            self.loaded = load(self.config)
        return self.loaded

    @property
    def zone(self) -> ZoneInfo:
        """Where the business's clocks hang."""
        return self.app().settings.hub.zone

    def show(self, document: object, text: str) -> None:
        """Print a result on stdout: ``document`` under ``--json``, else ``text``."""
        import json  # slow to import: not for ``--help``

        click.echo(json.dumps(document, indent=2, ensure_ascii=False) if self.json else text)

    def note(self, text: str) -> None:
        """Print a remark on stderr, where it disturbs no pipe."""
        click.echo(text, err=True)

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks at stdout: colours and bars are for them only."""
        return sys.stdout.isatty() and not self.json


class Verbs(click.Group):
    """A noun's commands; its help shows the whole first sentence of each, not its beginning."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One row per command, wrapped to the terminal."""
        rows = [(name, verb.get_short_help_str(limit=200)) for name, verb in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(sorted(rows))


pass_session = click.make_pass_decorator(Session, ensure=True)


def _remember(name: str) -> Callable[[click.Context, click.Parameter, object], None]:
    def remember(ctx: click.Context, _: click.Parameter, value: object) -> None:
        if value:
            setattr(ctx.ensure_object(Session), name, value)

    return remember


def with_shared_options(command: click.Command) -> click.Command:
    """``command`` (and the commands of a group) accepting ``--config`` and ``--json``."""
    if isinstance(command, click.Group):
        for child in command.commands.values():
            with_shared_options(child)
    is_run = not isinstance(command, click.Group) or command.invoke_without_command
    if is_run and not any(option.name == "config_file" for option in command.params):
        command.params += shared_options()
    return command


def shared_options() -> list[click.Parameter]:
    """Fresh ``--config`` and ``--json`` options."""
    return [
        click.Option(
            ["--config", "config_file"],
            type=click.Path(path_type=Path, dir_okay=False),
            callback=_remember("config"),
            expose_value=False,
            help=f"Settings file.  [default: ${CONFIG_VARIABLE} or ./hub.toml]",
        ),
        click.Option(
            ["--json", "as_json"],
            is_flag=True,
            callback=_remember("json"),
            expose_value=False,
            help="Print results as JSON.",
        ),
    ]
