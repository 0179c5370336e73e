"""The command ``hub``: its table of commands, and how every failure ends."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

import click

from hub.cli.session import Session, shared_options, with_shared_options
from hub.core.errors import EXIT_CONFIG, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_UNAVAILABLE, HubError


class Entry(NamedTuple):
    """Where a command lives, and its line in ``hub --help``."""

    target: str
    summary: str


COMMANDS: dict[str, Entry] = {
    # Adding a command is one line. Modules are imported when their command runs.
    "init": Entry("hub.cli.config:init", "Write a commented hub.toml to start from."),
    "check": Entry("hub.cli.config:check", "Report every mistake in hub.toml; --connect tries it."),
    "config": Entry("hub.cli.config:config", "Show every setting and where it came from."),
    "schema": Entry("hub.cli.config:schema", "Print the JSON Schema of hub.toml, for editors."),
    "quickstart": Entry("hub.cli.quickstart:quickstart", "Files in; report, list and plan out."),
    "run": Entry("hub.cli.run:run", "Read, resolve, measure, and push what changed."),
    "sync": Entry("hub.cli.run:sync", "Read connections into the store."),
    "serve": Entry("hub.cli.serve:serve", "Read on schedules, take webhooks, answer probes."),
    "plan": Entry("hub.cli.push:plan", "Show what a push would change, and what is withheld."),
    "push": Entry("hub.cli.push:push", "Write what is due, or one approved plan; undo it."),
    "demo": Entry("hub.cli.demo.command:demo", "Play the whole hub on a simulated business."),
    "emulate": Entry("hub.cli.emulate:emulate", "Play a vendor's account, with trouble if asked."),
    "connectors": Entry("hub.cli.connectors:connectors", "List, write, examine and try plugins."),
    "status": Entry("hub.cli.status:status", "Show how every stream is doing, and what waits."),
    "runs": Entry("hub.cli.runs:runs", "Print the latest runs, and why they stopped."),
    "quarantine": Entry("hub.cli.quarantine:quarantine", "List, show and replay unusable rows."),
    "identity": Entry("hub.cli.identity:identity", "Resolve who is who; score it against a truth."),
    "profiles": Entry("hub.cli.profiles:profiles", "Find, show and export customers."),
    "timeline": Entry("hub.cli.timeline:timeline", "Print what happened to a customer, in order."),
    "journeys": Entry("hub.cli.journeys:journeys", "Journey maps, and what customers really do."),
    "segments": Entry("hub.cli.segments:segments", "Groups of customers: sizes, rules, audiences."),
    "risk": Entry("hub.cli.risk:risk", "Who may leave, why, and what would lower it."),
    "postmortem": Entry("hub.cli.postmortem:postmortem", "Why a customer has left."),
    "metrics": Entry("hub.cli.metrics:metrics", "List, show and describe metrics."),
    "cases": Entry("hub.cli.cases:cases", "Customers who wait for a word: list, tell, close."),
    "themes": Entry("hub.cli.themes:themes", "What customers speak of more, and what is done."),
    "report": Entry("hub.cli.report:report", "Write a report of a month as a page."),
    "text": Entry("hub.cli.text:text", "Train, list and try what reads customers' words."),
    "consent": Entry("hub.cli.consent:consent", "Show and export consent, and its conflicts."),
    "why": Entry("hub.cli.why:why", "Say whether a value may go to a system, and why."),
    "audit": Entry("hub.cli.audit:audit", "Show, search, export and verify the audit log."),
    "db": Entry("hub.cli.db:db", "Bring the database to this version."),
    "doctor": Entry("hub.cli.doctor:doctor", "Look at machine, files, database and plugins."),
    "explain": Entry("hub.cli.explain:explain", "Say why: an error, a customer, or two records."),
}


class CommandTable(click.Group):
    """A group that imports a command only when it runs, so that ``--help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the table, in its order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command behind ``cmd_name``, imported now, or None."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].target.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return with_shared_options(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that ``args`` starts with; a misspelt one fails with the nearest name."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches  # slow to import: only for a mistake

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            ctx.fail(f'there is no command "{args[0]}"{hint}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table's own lines: the commands themselves stay unimported."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


cli = CommandTable(
    "hub",
    help="One customer, across every system, provably.",
    params=shared_options(),
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: hub init, then hub check, then hub run.",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs ``hub`` and exits with a documented code; no failure ends in a traceback."""
    code = run(list(sys.argv[1:] if arguments is None else arguments))
    gc.freeze()  # a last collection would free what ends anyway: a tenth of a short command
    sys.exit(code)


def run(arguments: list[str], session: Session | None = None) -> int:
    """The exit code of one command line; messages go to stderr."""
    session = session or Session()
    try:
        result = cli.main(arguments, "hub", standalone_mode=False, obj=session)
    except HubError as err:
        return _failed(err.code, _redacted(str(err), session), err.exit_code)
    except click.exceptions.NoArgsIsHelpError as err:
        click.echo(err.format_message(), err=True)
        return EXIT_CONFIG
    except click.UsageError as err:
        said = err.format_message().removesuffix(".")
        stop = "" if said.endswith("?") else "."
        return _failed("HUB-203", f"{said}{stop} See: {_help_of(err)}", EXIT_CONFIG)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted; what was committed stays, the next run goes on there", err=True)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
        return EXIT_FAILED
    except OSError as err:
        return _failed(*_machine_failure(err))
    except Exception as err:  # noqa: BLE001 - the last boundary: a bug becomes a report, not a dump
        from hub.cli.crash import report

        return _failed("HUB-900", report(err, session), EXIT_FAILED)
    return result if isinstance(result, int) else 0


def _failed(code: str, message: str, exit_code: int) -> int:
    click.echo(f"error {code}: {message}", err=True)
    return exit_code


def _redacted(text: str, session: Session) -> str:
    return session.loaded.redactor.redact(text) if session.loaded else text


def _help_of(err: click.UsageError) -> str:
    return f"{err.ctx.command_path} --help" if err.ctx else "hub --help"


def _machine_failure(err: OSError) -> tuple[str, str, int]:
    where = f": {err.filename}" if err.filename else ""
    if err.errno in (errno.ENOSPC, errno.EDQUOT):
        message = f"no space left on the disk{where}. Free some and run the command again"
        return "HUB-521", message, EXIT_UNAVAILABLE
    return "HUB-520", f"{err.strerror or type(err).__name__}{where}", EXIT_UNAVAILABLE
