"""``hub emulate``: one vendor's account on this machine, for anyone's connector."""

from __future__ import annotations

import queue
import shlex
import sys
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.layout import counted
from hub.cli.pasting import setting_lines
from hub.cli.session import Session, pass_session
from hub.cli.stopping import first_signal
from hub.core.errors import EXIT_OK, ConfigError, NotFound

if TYPE_CHECKING:
    from hub.core.connector import Connector
    from hub.core.secrets import Secret
    from hub.emulation.faults import Scenario


@click.command()
@click.argument("vendor", required=False)
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="0 takes a free one.")
@click.option("--scenario", metavar="NAME|FILE", help="What goes wrong: a name, or a TOML file.")
@click.option("--plan", metavar="NAME", help="The vendor's rate plan to stand for.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of business and chance.")
@click.option(
    "--people", type=click.IntRange(0), default=200, show_default=True, help="0: an empty account."
)
@click.option("--list", "listing", is_flag=True, help="Print vendors, plans and scenarios.")
@pass_session
def emulate(
    session: Session,
    vendor: str | None,
    port: int,
    scenario: str | None,
    plan: str | None,
    seed: int,
    people: int,
    listing: bool,
) -> int:
    """Play the account of VENDOR on 127.0.0.1, until Ctrl-C or SIGTERM.

    Prints its address and the settings for hub.toml. It is filled from the simulated business,
    refuses what the vendor refuses, and logs every effect under /__emulator__/effects.
    """
    if listing or vendor is None:
        document = _choices()
        session.show(document, "\n".join(_choice_lines(document)))
        return EXIT_OK
    _play(session, vendor, port, _scenario(scenario, seed), plan, seed, people)
    return EXIT_OK


def _play(
    session: Session,
    vendor: str,
    port: int,
    scenario: Scenario | None,
    plan: str | None,
    seed: int,
    people: int,
) -> None:
    from hub.emulation.server import serve

    told: queue.SimpleQueue[int] = queue.SimpleQueue()  # its put may be called in a signal handler
    emulator = _emulator(vendor, plan)
    if people:
        _fill(emulator, vendor, seed, people)
    if scenario is not None:
        emulator.faults.replace(scenario)
    with first_signal(told.put), serve(emulator, port) as url:
        settings = emulator.settings(url)
        document = {"vendor": vendor, "url": url, "settings": _shown(settings)}
        session.show(document, "\n".join(_announcement(vendor, url, settings)))
        sys.stdout.flush()
        who = counted(people, "simulated person", "simulated people")
        session.note(f"playing {vendor}{_of(scenario)}, {who}; stop with Ctrl-C")
        while told.empty():  # a signal that another thread got is handled once this one runs again
            with suppress(queue.Empty):
                told.put(told.get(timeout=1))
    session.note(f"stopped after {counted(len(emulator.calls), 'call')}")


def _emulator(vendor: str, plan: str | None) -> Any:  # its own type lives with the plugin
    from hub.core.clock import SystemClock
    from hub.core.connector import Unsupported
    from hub.core.plugins import load_connector

    connector = load_connector(vendor)
    if isinstance(connector.emulator, Unsupported):
        raise NotFound(f"the {vendor} connector has no emulator: {connector.emulator.reason}")
    if plan is None:
        return connector.emulator(SystemClock())
    if plan not in connector.plans:
        offered = ", ".join(connector.plans) or "none"
        raise NotFound(f'{vendor} has no plan "{plan}". It has: {offered}')
    return connector.plans[plan](SystemClock())


def _fill(emulator: Any, vendor: str, seed: int, people: int) -> None:
    from hub.emulation.world import World
    from hub.emulation.world.systems import SYSTEMS

    systems = (vendor,) if vendor in SYSTEMS else ("hubspot",)
    emulator.seed(World.build(seed, people=people, systems=systems))


def _scenario(wanted: str | None, seed: int) -> Scenario | None:
    from pydantic import ValidationError

    from hub.emulation.faults import Scenario
    from hub.emulation.scenarios import NAMED, named

    if wanted is None:
        return None
    if wanted in NAMED:
        return named(wanted, seed)
    if not Path(wanted).is_file():
        offered = ", ".join(NAMED)
        raise NotFound(f'there is no scenario or file "{wanted}". Scenarios: {offered}')
    try:
        return Scenario.load(Path(wanted))
    except (ValidationError, tomllib.TOMLDecodeError) as err:
        raise ConfigError(f"{wanted}: not a scenario: {err}", code="HUB-203") from err


# --- what is printed --------------------------------------------------------------------------


def _of(scenario: Scenario | None) -> str:
    return "" if scenario is None else f", scenario {scenario.name}"


def _announcement(vendor: str, url: str, settings: dict[str, Any]) -> Iterator[str]:
    """The address, then what to paste: the made-up account's secrets, and a connection."""
    exports: list[str] = []

    def refer(name: str, secret: Secret) -> str:
        variable = f"{vendor}_{name}".upper()
        exports.append(f"export {variable}={shlex.quote(secret.reveal())}")
        return f"${{env:{variable}}}"

    lines = setting_lines(settings, refer)
    yield f"# {url}"
    yield from exports
    yield ""
    yield f"[connections.{vendor}]"
    yield f'connector = "{vendor}"'
    yield f"[connections.{vendor}.settings]"
    yield from lines


def _shown(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings for programs; the account is made up, and so are its secrets."""
    from hub.core.secrets import Secret

    return {
        key: value.reveal() if isinstance(value, Secret) else value
        for key, value in settings.items()
    }


def _choices() -> dict[str, Any]:
    from hub.core.plugins import installed, load_connector
    from hub.emulation.scenarios import NAMED

    connectors = {name: load_connector(name) for name in installed()}
    return {
        "vendors": {name: list(c.plans) for name, c in connectors.items() if _plays(c)},
        "scenarios": {name: scenario.says for name, scenario in NAMED.items()},
    }


def _plays(connector: Connector) -> bool:
    return bool(connector.emulator)


def _choice_lines(document: dict[str, Any]) -> Iterator[str]:
    for vendor, plans in document["vendors"].items():
        yield f"{vendor}: plans {', '.join(plans)}" if plans else vendor
    for name, says in document["scenarios"].items():
        yield f"--scenario {name}: {says}"
