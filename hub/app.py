"""The hub, opened: settings, secrets under redaction, and the doors to store and connections."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hub.core.clock import Clock, SystemClock
from hub.core.connector import Connector, Context, Stream, Unsupported, Wait, Writer
from hub.core.errors import ConfigError, NotFound
from hub.core.hubtoml import Catalogue, HubToml, read
from hub.core.ids import IdSource
from hub.core.limiter import Limiters
from hub.core.mistakes import ConfigMistakes, nearest
from hub.core.plugins import guarded, installed, load_connector, offered
from hub.core.positions import Positions
from hub.core.secrets import Redactor
from hub.core.settings import ConnectionSection, Settings
from hub.store.door import Door

if TYPE_CHECKING:
    from hub.core.http import HttpClient
    from hub.pipeline import Hub, Lane
    from hub.store.engine import Store
    from hub.store.vault import Unsaved


@dataclass(frozen=True, slots=True)
class Connection:
    """One system of hub.toml with the connector that speaks to it."""

    section: ConnectionSection
    connector: Connector
    context: Context

    @property
    def name(self) -> str:
        """Its name in hub.toml."""
        return self.context.connection

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams to read: those that hub.toml lists, or all."""
        offered = self.connector.streams_for(self.context.config)
        wanted = self.section.streams
        return tuple(s for s in offered if wanted is None or s.name in wanted)

    @property
    def writers(self) -> tuple[Writer, ...]:
        """What can be written there."""
        return self.connector.writers_for(self.context.config)


@dataclass(frozen=True, slots=True)
class App:
    """A loaded hub.toml and what every command needs beside it.

    Args:
        toml: The file: settings, positions, connectors.
        redactor: Removes the secrets of this hub from text that leaves it.
        clock: The only source of time.
        ids: The only source of ids.
        limiters: Rate limiters, shared by connections that share a credential.
        door: To the one store that is open while anything here needs it.
        unsaved: Rotated tokens that the database refused to save; they live as long as this.
    """

    toml: HubToml
    redactor: Redactor
    clock: Clock
    ids: IdSource
    limiters: Limiters = field(repr=False)
    door: Door = field(default_factory=Door, repr=False)
    unsaved: Unsaved = field(default_factory=dict, repr=False)

    @property
    def settings(self) -> Settings:
        """The hub's own sections."""
        return self.toml.settings

    @property
    def positions(self) -> Positions:
        """Where each key of hub.toml stands."""
        return self.toml.positions

    @property
    def folder(self) -> Path:
        """The folder that relative paths in hub.toml start from: its own."""
        return self.toml.path.parent.resolve()

    @property
    def data_dir(self) -> Path:
        """The folder for database, keys and reports."""
        return self.settings.hub.data_folder(self.folder)

    @property
    def keys_dir(self) -> Path:
        """The folder for the hub's own keys."""
        return self.data_dir / "keys"

    def database_url(self) -> str:
        """URL of the database, password included: for the engine, never for a message."""
        from sqlalchemy import URL, make_url  # slow to import, and some commands need no database

        store = self.settings.store
        if store.url is None:
            return str(URL.create("sqlite", database=str(self.data_dir / "hub.db")))
        url = make_url(store.url)
        if url.get_backend_name() == "sqlite" and url.database:
            url = url.set(database=str(self.folder / url.database))
        if store.password is not None:
            url = url.set(password=store.password.reveal())
        return url.render_as_string(hide_password=False)

    def database(self) -> Store:
        """The database as it is, without migrating it."""
        from hub.store.engine import Store

        return Store.open(self.database_url(), self.clock)

    def open_store(self) -> Store:
        """The database, brought to the schema of this version.

        Raises:
            StoreError: If it is out of reach, or a newer hub wrote it.
        """
        from hub.store.upgrade import upgrade

        store = self.database()
        upgrade(store)
        return store

    @contextmanager
    def connect(self, name: str, wait: Wait | None = None) -> Iterator[Connection]:
        """The connection called ``name``, its HTTP client open until the block ends.

        Args:
            name: As in ``[connections.NAME]``.
            wait: Waits and tells progress why; by default it just waits.

        Raises:
            NotFound: If hub.toml has no such connection.
            ConfigError: If its plugin is broken or a secret cannot be read.
        """
        section = self.section(name)
        if (unready := self._unready(name)) is not None:
            raise unready
        connector, settings = self.toml.connectors[name], self.toml.connector_settings[name]
        with self.door.ajar(self.open_store) as enter:
            http = self._http(name, wait or self._wait, enter)
            log = logging.getLogger(f"hub.connections.{name}")
            log.addFilter(self.redactor)
            context = Context(
                name, settings, http, self.clock, log, wait or self._wait, section.streams
            )
            try:
                yield Connection(section, connector, context)
            finally:
                if http is not None:
                    http.close()

    def section(self, name: str) -> ConnectionSection:
        """What hub.toml says about the connection ``name``.

        Raises:
            NotFound: If it has none of that name.
        """
        section = self.settings.connections.get(name)
        if section is None:
            guess = nearest(name, self.settings.connections)
            hint = f'; did you mean "{guess}"?' if guess else ""
            raise NotFound(f'no connection "{name}" in {self.toml.path}{hint}', code="HUB-131")
        return section

    @contextmanager
    def open_hub(self, actor: str) -> Iterator[Hub]:
        """The hub, opened: database at this version's schema, keys read, log ready to be signed.

        Raises:
            StoreError: If the database is out of reach, or a newer hub wrote it.
            ConfigError: If a key file is unreadable or readable by others.
        """
        from hub.audit.checkpoint import open_notary  # slow to import: not for `hub check`
        from hub.pipeline import Hub
        from hub.store.budgets import StoreBoard
        from hub.store.keys import Keys

        with self.door.ajar(self.open_store) as enter:
            store, keys = enter(), Keys.load(self.keys_dir)
            notary = open_notary(
                store, self.settings, data_dir=self.data_dir, home=self.folder, actor=actor
            )
            self.limiters.share(StoreBoard(store, keys))
            try:
                yield Hub(self.settings, self.folder, store, keys, notary, self.clock, self.ids)
            finally:
                self.limiters.share(None)

    @property
    def enabled(self) -> list[str]:
        """Names of the connections that take part in a run."""
        return [name for name, section in self.settings.connections.items() if section.enabled]

    def left_out(self) -> dict[str, ConfigError]:
        """Enabled connections that cannot start, and why; a run goes on without them."""
        found = {name: self._unready(name) for name in self.enabled}
        return {name: err for name, err in found.items() if err is not None}

    def _unready(self, name: str) -> ConfigError | None:
        if name in self.toml.broken:
            return ConfigError(f"{name}: {self.toml.broken[name]}", code="HUB-220")
        for path, secret in self.toml.secrets():
            try:
                if path[:2] == ("connections", name):
                    secret.reveal()
            except ConfigError as err:
                return ConfigError(f"{name}: {err}", code=err.code)
        return None

    def require_limits(self, names: Iterable[str]) -> None:
        """Nothing, if what is mapped to these connections keeps within the limits of hub.toml.

        Raises:
            ConfigMistakes: If a cap is exceeded, or something is mapped that never leaves.
        """
        from hub.push.mapping import Limits, mapping, unknown_rules

        limits, toml = Limits(self.settings, self.positions), self.toml
        mistakes = list(unknown_rules(self.settings, self.positions))
        for name in names:
            if name in toml.connectors:
                push = self.settings.connections[name].push
                with guarded(f"{name}: listing what can be written there"):
                    writers = toml.connectors[name].writers_for(toml.connector_settings[name])
                for writer in writers:
                    mistakes += limits.mistakes(name, writer.name, mapping(writer.fields, push))
        if mistakes:
            raise ConfigMistakes(toml.path, mistakes, code="HUB-237")

    @contextmanager
    def lanes(
        self, names: Sequence[str] | None = None, wait: Wait | None = None
    ) -> Iterator[list[Lane]]:
        """The connections named, or the enabled ones that can start, opened to read and write.

        Raises:
            NotFound: If hub.toml has no connection of one of ``names``.
            ConfigError: If a named one, or every one, has a broken plugin or an unreadable secret;
                or if one is given more than it may be.
        """
        from hub.pipeline import Lane
        from hub.push.destination import destinations
        from hub.sync.pull import Source

        left_out = {} if names else self.left_out()
        chosen = names or [name for name in self.enabled if name not in left_out]
        if left_out and not chosen:
            raise next(iter(left_out.values()))
        self.require_limits(chosen)
        region = self.settings.hub.region
        with ExitStack() as stack:
            lanes = []
            for name in chosen:
                opened = stack.enter_context(self.connect(name, wait))
                section, ctx, connector = opened.section, opened.context, opened.connector
                if ctx.http is not None and (notice := ctx.http.notice()) is not None:
                    ctx.log.warning("%s: %s", name, notice)
                brand, sync = section.brand or "", section.mode == "sync"
                source = Source(ctx, connector, opened.streams, region, brand)
                places = destinations(
                    ctx, connector, section.push, sync=sync, region=region, brand=brand
                )
                lanes.append(Lane(source, tuple(places)))
            yield lanes

    def _http(self, name: str, wait: Wait, enter: Callable[[], Store]) -> HttpClient | None:
        """The way to the system, its rotating tokens in the vault; None if it has no wire."""
        declared = self.toml.connectors[name].http
        if isinstance(declared, Unsupported):
            return None
        from hub.core.http import HttpClient  # slow to import, and files need no wire
        from hub.store.vault import KeyRing, SealedTokens, Vault

        def open_vault() -> Vault:
            return Vault(enter(), KeyRing.load(self.keys_dir, self.settings.vault.key))

        def leave() -> None:
            wait(0.0, f"{name}: another process renews the token")

        return HttpClient(
            name,
            declared(self.toml.connector_settings[name]),
            clock=self.clock,
            wait=wait,
            limiters=self.limiters,
            redactor=self.redactor,
            store=SealedTokens(open_vault, name, self.unsaved, leave),
        )

    def _wait(self, seconds: float, reason: str) -> None:
        logging.getLogger("hub.connections").info("waiting %.1f s: %s", seconds, reason)
        self.clock.sleep(seconds)


def installed_connectors() -> Catalogue:
    """The connectors of this environment, loaded one at a time and only when named."""
    found = offered()
    return Catalogue(installed(found), partial(load_connector, found=found))


def load(
    config_path: Path,
    *,
    catalogue: Catalogue | None = None,
    clock: Clock | None = None,
    ids: IdSource | None = None,
) -> App:
    """The hub that ``config_path`` describes; no secret is read and nothing is opened yet.

    Args:
        config_path: A hub.toml.
        catalogue: Connectors to choose from; the installed ones by default.
        clock: Source of time; the machine's by default.
        ids: Source of ids; random ones by default.

    Raises:
        ConfigError: With every mistake of the file.
    """
    toml = read(config_path, catalogue or installed_connectors())
    redactor = Redactor()
    for _, secret in toml.secrets():
        redactor.add(secret)
    clock = clock or SystemClock()
    return App(toml, redactor, clock, ids or IdSource(clock), Limiters(clock))
