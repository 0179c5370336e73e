"""What ``hub check`` looks at beyond the text: secrets, plugins, and the systems themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

from hub.app import App, Connection
from hub.core.connector import CheckItem
from hub.core.errors import EXIT_AUTH, EXIT_OK, ConfigError, HubError
from hub.core.mistakes import Mistake


@dataclass(frozen=True, slots=True)
class ConnectionCheck:
    """One line of ``hub check --connect``."""

    connection: str
    item: CheckItem
    exit_code: int

    def line(self) -> str:
        """For a terminal: what was looked at, what was found, what to do."""
        mark = "ok  " if self.item.ok else "FAIL"
        said = f"{self.item.what}: {self.item.detail}" if self.item.detail else self.item.what
        if self.item.fix and not self.item.ok:
            said = f"{said.removesuffix('.')}. {self.item.fix}"
        return f"{mark} {self.connection}: {said}"

    def document(self) -> dict[str, object]:
        """For ``--json``."""
        return {"connection": self.connection, **asdict(self.item)}


def unready(app: App) -> list[Mistake]:
    """What keeps the enabled connections from starting although hub.toml is well formed."""
    return [*_broken_plugins(app), *_unreadable_secrets(app)]


def _broken_plugins(app: App) -> Iterator[Mistake]:
    for name, reason in app.toml.broken.items():
        path = ("connections", name, "connector")
        yield Mistake(app.positions.of_value(path), reason, path=path)


def _unreadable_secrets(app: App) -> Iterator[Mistake]:
    for path, secret in app.toml.secrets():
        if path[0] == "connections" and not app.settings.connections[str(path[1])].enabled:
            continue
        try:
            secret.reveal()
        except ConfigError as err:
            yield Mistake(app.positions.of_value(path), str(err), path=path)


def connection_checks(app: App, names: Sequence[str]) -> list[ConnectionCheck]:
    """What each connector says about its system; one that fails does not stop the others.

    Raises:
        NotFound: If hub.toml has no connection of one of ``names``.
    """
    for name in names:
        app.section(name)
    return [check for name in names for check in _checks_of(app, name)]


def route_checks(app: App, asked: Sequence[str]) -> list[ConnectionCheck]:
    """What each of these routes of alerts says; ``alerts.webhooks.NAME`` gets a test event."""
    from hub.voc.alerts import routes

    found = {f"alerts.{route.name}": route for route in routes(app.settings, app.clock)}
    return [_route_check(app, name, found[name].check) for name in asked]


def route_names(app: App) -> list[str]:
    """The routes of alerts that can be checked, as ``hub check --connect`` takes them."""
    from hub.voc.alerts import routes

    return [f"alerts.{route.name}" for route in routes(app.settings, app.clock)]


def _route_check(app: App, name: str, check: Callable[[], None]) -> ConnectionCheck:
    try:
        check()
    except HubError as err:
        text = app.redactor.redact(str(err)).removeprefix(f"{name}: ")
        return ConnectionCheck(name, CheckItem("connect", False, text), err.exit_code)
    return ConnectionCheck(name, CheckItem("connect", True), EXIT_OK)


def _notices(connection: Connection) -> Iterator[CheckItem]:
    http = connection.context.http
    if http is not None and (notice := http.notice()) is not None:
        yield CheckItem("credential", True, notice)


def _checks_of(app: App, name: str) -> list[ConnectionCheck]:
    try:
        with app.connect(name) as connection:
            items = [*_notices(connection), *connection.connector.check(connection.context)]
    except HubError as err:
        text = app.redactor.redact(str(err)).removeprefix(f"{name}: ")
        return [ConnectionCheck(name, CheckItem("connect", False, text), err.exit_code)]
    except Exception as err:  # noqa: BLE001 - the plugin boundary: a check is foreign code
        text = f"the plugin failed with {type(err).__name__}"
        return [ConnectionCheck(name, CheckItem("connect", False, text), EXIT_AUTH)]
    return [ConnectionCheck(name, item, EXIT_OK if item.ok else EXIT_AUTH) for item in items]
