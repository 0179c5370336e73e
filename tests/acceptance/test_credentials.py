"""Credentials through the hub's own doors: kept between commands, told of before they end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel

import hub.app
from hub.app import load
from hub.cli.main import run
from hub.core.auth import Auth, Legacy, OAuth, Refresh, StaticToken
from hub.core.clock import SystemClock
from hub.core.connector import CheckItem, Connector, Context
from hub.core.errors import Stopping, StoreError
from hub.core.http import Http
from hub.core.hubtoml import Catalogue
from hub.core.limits import Limits
from hub.core.secrets import Secret
from hub.emulation.faults import Fault, Scenario
from hub.emulation.oauth import App, TokenDesk
from hub.emulation.rest import RestEmulator
from hub.emulation.server import serve
from hub.store import leases
from hub.store.vault import Vault

TOML = """
[connections.acme]
connector = "acme"
settings = { url = "URL", secret = "${env:ACME_SECRET}" }
"""


class AcmeSettings(BaseModel):
    """Where the vendor is, and what opens it."""

    url: str
    secret: Secret


def rotating(config: AcmeSettings) -> Auth:
    return OAuth("/token", Refresh("acme", Secret.of("client-secret"), config.secret))


def ending(config: AcmeSettings) -> Auth:
    return Legacy(StaticToken(config.secret), date(2099, 4, 30), "Create an OAuth client.")


def check(ctx: Context) -> Sequence[CheckItem]:
    return [CheckItem("things", ctx.wire.get("/v1/things").status == 200)]


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[RestEmulator, str]]:
    """A vendor that rotates refresh tokens, and also takes a token made by hand."""
    emulator = RestEmulator("acme", SystemClock(), [])
    emulator.tables["things"] = {}
    app = App("acme", "client-secret", "c4nary-secret")
    emulator.desk = TokenDesk(emulator.clock, app, life=timedelta(hours=1), rotates=True)
    emulator.desk.accept("c4nary-secret")
    monkeypatch.setenv("ACME_SECRET", "c4nary-secret")
    with serve(emulator) as url:
        yield emulator, url


@pytest.fixture
def settle(
    tmp_path: Path, vendor: tuple[RestEmulator, str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[AcmeSettings], Auth]], Path]:
    """Writes a hub.toml with one connection that signs in as given."""

    def write(auth: Callable[[AcmeSettings], Auth]) -> Path:
        acme = Connector(
            name="acme",
            summary="Acme.",
            config=AcmeSettings,
            http=lambda config: Http(config.url, auth(config)),
            streams=(),
            check=check,
        )
        catalogue = Catalogue(["acme"], lambda _: acme)
        monkeypatch.setattr(hub.app, "installed_connectors", lambda: catalogue)
        path = tmp_path / "hub.toml"
        path.write_text(TOML.replace("URL", vendor[1]))
        return path

    return write


def test_a_rotated_token_serves_the_next_command(
    settle: Callable[..., Path], vendor: tuple[RestEmulator, str], tmp_path: Path
) -> None:
    """The refresh token that hub.toml refers to is dead after its first use; the vault's is not."""
    config, (emulator, _) = settle(rotating), vendor

    ended = [run(["check", "--connect", "--config", str(config)]) for _ in range(2)]
    emulator.faults.replace(Scenario(faults=(Fault(kind="expired_token", times=1),)))
    ended.append(run(["check", "--connect", "--config", str(config)]))

    assert ended == [0, 0, 0]
    assert emulator.calls.counts()["POST /token"] == 2
    assert (tmp_path / "var" / "keys" / "vault.key").stat().st_mode & 0o777 == 0o600
    assert b"c4nary" not in (tmp_path / "var" / "hub.db").read_bytes()


def test_a_token_that_could_not_be_saved_outlives_its_connection(
    settle: Callable[..., Path],
    vendor: tuple[RestEmulator, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The next run of the same process uses it and saves it; the vendor is asked for one token."""
    app, (emulator, _), whole = load(settle(rotating)), vendor, Vault.replace

    def refuse(*_: object) -> bytes:
        raise StoreError("the disk is full", code="HUB-512")

    monkeypatch.setattr(Vault, "replace", refuse)
    with app.connect("acme") as opened:
        first = opened.context.wire.get("/v1/things").status
    monkeypatch.setattr(Vault, "replace", whole)
    with app.connect("acme") as opened:
        second = opened.context.wire.get("/v1/things").status
    with load(app.toml.path).connect("acme") as opened:
        third = opened.context.wire.get("/v1/things").status

    assert (first, second, third) == (200, 200, 200)
    assert emulator.calls.counts()["POST /token"] == 1
    lost, last, saved = caplog.messages
    assert lost == last
    assert lost.startswith("acme: THE NEW REFRESH TOKEN COULD NOT BE SAVED")
    assert saved == "acme: the new refresh token is saved now"


def test_a_wait_for_another_processs_renewal_ends_on_request(
    settle: Callable[..., Path], vendor: tuple[RestEmulator, str]
) -> None:
    """Ctrl-C need not wait for a token endpoint at which somebody else hangs."""
    app = load(settle(rotating))
    grant = rotating(AcmeSettings(url=vendor[1], secret=Secret.of("c4nary-secret")))
    told = []

    def wait(seconds: float, reason: str) -> None:
        told.append((seconds, reason))
        raise Stopping("stopped on request")

    with app.open_hub("test") as hub, app.connect("acme", wait) as opened:
        leases.acquire(hub.store, f"tokens:{grant.name}", "elsewhere:1")
        with pytest.raises(Stopping):
            opened.context.wire.get("/v1/things")

    assert told == [(0.0, "acme: another process renews the token")]


def test_a_static_credential_needs_no_vault(settle: Callable[..., Path], tmp_path: Path) -> None:
    """A check of a new hub leaves nothing behind: no key and no database."""
    config = settle(lambda config: StaticToken(config.secret))

    assert run(["check", "--connect", "--config", str(config)]) == 0
    assert not (tmp_path / "var").exists()


def test_a_check_tells_when_a_credential_ends(
    settle: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no failure yet; the line says until when and what to do."""
    config = settle(ending)

    assert run(["check", "--connect", "--config", str(config)]) == 0
    out = capsys.readouterr().out
    assert "ok   acme: credential: this kind of credential stops working on 2099-04-30" in out
    assert "Create an OAuth client." in out


def test_a_run_tells_when_a_credential_ends(
    settle: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    """Once at its start, as a warning."""
    app = load(settle(ending))

    with caplog.at_level(logging.WARNING), app.lanes():
        pass

    told = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(told) == 1
    assert told[0].startswith("acme: this kind of credential stops working on 2099-04-30")


def test_two_hubs_on_one_database_share_their_limits(settle: Callable[..., Path]) -> None:
    """What the vendor told the one, the other heeds; and a third, started when both are gone."""
    config = settle(ending)
    one, other, late = (load(config) for _ in range(3))

    with one.open_hub("test"), other.open_hub("test"):
        one.limiters.of("acme token", Limits()).hold(600, "asked for patience")
        heard = other.limiters.of("acme token", Limits()).ask("/v1/things")
    with late.open_hub("test"):
        heard_late = late.limiters.of("acme token", Limits()).ask("/v1/things")

    assert [heard.reason, heard_late.reason] == ["asked for patience"] * 2
    assert [heard.action, heard_late.action] == ["wait"] * 2
