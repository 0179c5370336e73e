"""Sealed credentials open for their name only, rotate once, and survive what processes do."""

from __future__ import annotations

import base64
import logging
import secrets
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select, text, update

from hub.core.auth import OAuth, Refresh
from hub.core.clock import ManualClock
from hub.core.errors import ConfigError, NeedsReauth, Stopping, StoreError
from hub.core.http import Http
from hub.core.secrets import Redactor, Secret
from hub.core.tokens import Tokens
from hub.emulation.faults import Fault, Scenario
from hub.emulation.oauth import App, TokenDesk
from hub.emulation.rest import RestEmulator
from hub.emulation.server import serve
from hub.store import leases
from hub.store.engine import Store
from hub.store.keys import private_file
from hub.store.schema import vault as table
from hub.store.vault import KeyRing, SealedTokens, Vault
from hub.testing.client import open_client
from tests.conftest import Databases
from tests.unit.store.renewing_child import AUTH

CHILD = Path(__file__).with_name("renewing_child.py")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
OLD, NEW = b"o" * 32, b"n" * 32
CANARY = b"c4nary-refresh-token"


def pair(n: int) -> Tokens:
    return Tokens(f"access-{n:04}", NOW + timedelta(hours=1), f"refresh-{n:04}")


@pytest.fixture
def vault(store: Store) -> Vault:
    return Vault(store, KeyRing([OLD]))


@pytest.fixture
def tokens(store: Store) -> SealedTokens:
    return SealedTokens(lambda: Vault(store, KeyRing([OLD])))


# --- sealing -------------------------------------------------------------------------------------


def test_a_sealed_value_opens_for_its_name(vault: Vault) -> None:
    """What was put there comes back; another name has nothing."""
    vault.replace("acme", None, CANARY)

    assert (vault.load("acme"), vault.load("other")) == (CANARY, None)


def test_the_database_holds_no_value_in_clear(store: Store, vault: Vault) -> None:
    """A copy of the database alone is no copy of the credentials."""
    vault.replace("acme", None, CANARY)

    with store.read() as connection:
        row = connection.execute(select(table)).one()

    assert CANARY not in row.sealed
    assert CANARY.decode() not in str(row)


def test_the_same_value_is_sealed_differently_each_time(store: Store, vault: Vault) -> None:
    """Equal tokens do not show as equal rows, and no nonce is used twice."""
    vault.replace("a", None, CANARY)
    vault.replace("b", None, CANARY)

    with store.read() as connection:
        a, b = connection.execute(select(table.c.sealed)).scalars()

    assert a != b


@pytest.mark.parametrize("at", [0, 12, -1], ids=["nonce", "text", "tag"])
def test_an_altered_row_does_not_open(store: Store, vault: Vault, at: int) -> None:
    """One flipped bit anywhere is noticed, and what stands there is neither used nor replaced."""
    vault.replace("acme", None, CANARY)
    with store.write() as connection:
        sealed = bytearray(connection.execute(select(table.c.sealed)).scalar_one())
        sealed[at] ^= 1
        connection.execute(update(table).values(sealed=bytes(sealed)))

    for attempt in (lambda: vault.load("acme"), lambda: vault.replace("acme", CANARY, b"new")):
        with pytest.raises(ConfigError, match="authorise the hub again") as caught:
            attempt()
        assert caught.value.code == "HUB-245"


def test_a_row_copied_to_another_name_does_not_open(store: Store, vault: Vault) -> None:
    """Who can write the database cannot make one system's token be sent to another."""
    vault.replace("acme", None, CANARY)
    with store.write() as connection:
        connection.execute(update(table).values(name="attacker"))

    with pytest.raises(ConfigError, match="belongs to another credential"):
        vault.load("attacker")


def test_a_truncated_row_does_not_open(store: Store, vault: Vault) -> None:
    """Less than a tag is no sealed value."""
    vault.replace("acme", None, CANARY)
    with store.write() as connection:
        connection.execute(update(table).values(sealed=b"short"))

    with pytest.raises(ConfigError, match="was changed"):
        vault.load("acme")


# --- keys ----------------------------------------------------------------------------------------


def test_a_row_of_an_unknown_key_says_which(store: Store, vault: Vault) -> None:
    """A new key without the old one below it: the message names the one that is missing."""
    vault.replace("acme", None, CANARY)

    with pytest.raises(ConfigError, match=KeyRing([OLD]).sealing) as caught:
        Vault(store, KeyRing([NEW])).load("acme")

    assert caught.value.code == "HUB-244"


def test_a_new_key_in_front_takes_over_at_the_next_rotation(store: Store, vault: Vault) -> None:
    """The old key still opens; what is sealed from now on needs it no more."""
    vault.replace("acme", None, CANARY)

    Vault(store, KeyRing([NEW, OLD])).replace("acme", CANARY, b"rotated")

    assert Vault(store, KeyRing([NEW])).load("acme") == b"rotated"


def test_the_key_file_is_made_once_and_private(tmp_path: Path) -> None:
    """The second start finds the key of the first."""
    first, second = KeyRing.load(tmp_path, None), KeyRing.load(tmp_path, None)

    assert first.sealing == second.sealing
    assert (tmp_path / "vault.key").stat().st_mode & 0o777 == 0o600


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """With the command that mends it."""
    KeyRing.load(tmp_path, None)
    (tmp_path / "vault.key").chmod(0o644)

    with pytest.raises(ConfigError, match="chmod 600"):
        KeyRing.load(tmp_path, None)


def test_a_key_may_come_from_a_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the environment, several lines; then no file is made."""
    lines = b"\n".join(base64.b64encode(key) for key in (NEW, OLD)).decode()
    monkeypatch.setenv("VAULT_KEY", lines)

    ring = KeyRing.load(tmp_path, Secret.parse("${env:VAULT_KEY}"))

    assert ring.sealing == KeyRing([NEW]).sealing
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", ["", "not base64!", base64.b64encode(b"short").decode()])
def test_what_is_no_key_is_refused(tmp_path: Path, given: str) -> None:
    """Empty, garbled or too short; the message repeats none of it."""
    with pytest.raises(ConfigError, match="openssl rand -base64 32") as caught:
        KeyRing.load(tmp_path, Secret.of(given))

    assert caught.value.code == "HUB-243"


# --- rotation ------------------------------------------------------------------------------------


def test_a_rotation_replaces_what_it_knew(tokens: SealedTokens) -> None:
    """First, second, third; the newest is what a new run finds."""
    first = tokens.rotate("acme", None, pair(1))
    second = tokens.rotate("acme", first, pair(2))

    assert (first, second, tokens.load("acme")) == (pair(1), pair(2), pair(2))


def test_the_slower_of_two_takes_the_winners_tokens(tokens: SealedTokens) -> None:
    """It never overwrites what it has not seen, at the first rotation as at any other."""
    tokens.rotate("acme", None, pair(1))
    assert tokens.rotate("acme", None, pair(9)) == pair(1)

    tokens.rotate("acme", pair(1), pair(2))
    assert tokens.rotate("acme", pair(1), pair(8)) == pair(2)
    assert tokens.load("acme") == pair(2)


def test_a_rotation_is_durable_when_it_returns(database: str) -> None:
    """Another connection, opened afterwards, sees it."""
    mine, theirs = Store.open(database), Store.open(database)
    ring = KeyRing([OLD])

    SealedTokens(lambda: Vault(mine, ring)).rotate("acme", None, pair(1))

    assert SealedTokens(lambda: Vault(theirs, ring)).load("acme") == pair(1)
    mine.close()
    theirs.close()


def test_turns_of_different_credentials_do_not_wait_for_each_other(tokens: SealedTokens) -> None:
    """One vendor's slow token endpoint holds up nobody else."""
    with tokens.turn("acme"), tokens.turn("other"):
        assert tokens.load("acme") is None


# --- a database that refuses ---------------------------------------------------------------------


class Refusing(Vault):
    """A vault whose database takes nothing ``times`` times."""

    def __init__(self, store: Store, times: int) -> None:
        super().__init__(store, KeyRing([OLD]))
        self.times = times

    def replace(self, name: str, old: bytes | None, new: bytes) -> bytes:
        self.times -= 1
        if self.times >= 0:
            raise StoreError("the disk is full", code="HUB-512")
        return super().replace(name, old, new)


def test_a_token_that_could_not_be_saved_is_kept_and_saved_at_the_next_turn(store: Store) -> None:
    """By then the vendor has forgotten the old one; another opener of the process finds it too."""
    vault, unsaved = Refusing(store, times=0), dict[str, Any]()
    tokens = SealedTokens(lambda: vault, "crm", unsaved)
    tokens.rotate("acme", None, pair(1))
    durable = SealedTokens(lambda: Vault(store, KeyRing([OLD])))

    vault.times = 2
    used = [tokens.rotate("acme", pair(n - 1), pair(n)) for n in (2, 3)]
    sealed = durable.load("acme")
    found = SealedTokens(lambda: vault, "crm", unsaved).load("acme")

    assert (used, sealed, found) == ([pair(2), pair(3)], pair(1), pair(3))
    assert durable.load("acme") == pair(3)
    assert unsaved == {}


def test_a_token_that_somebody_else_saved_meanwhile_counts(store: Store) -> None:
    """The one in memory never overwrites a newer one that it has not seen."""
    vault = Refusing(store, times=1)
    tokens = SealedTokens(lambda: vault, "crm")
    tokens.rotate("acme", None, pair(1))
    SealedTokens(lambda: Vault(store, KeyRing([OLD]))).rotate("acme", None, pair(9))

    assert tokens.load("acme") == pair(9)


@pytest.mark.parametrize(("times", "told"), [(1, "is saved now"), (2, "COULD NOT BE SAVED")])
def test_the_last_try_is_at_the_end(
    store: Store, caplog: pytest.LogCaptureFixture, times: int, told: str
) -> None:
    """What cannot be saved then is said loudly, with the next step, and without the token."""
    vault = Refusing(store, times)
    tokens = SealedTokens(lambda: vault, "crm")
    with tokens.turn("acme"):
        tokens.rotate("acme", None, pair(1))

    tokens.close()

    first, last = caplog.records
    assert told in last.getMessage()
    assert first.levelno == logging.ERROR
    assert "crm: " in caplog.text and "authorise the hub in that system again" in caplog.text
    assert "-0001" not in caplog.text


def test_a_client_goes_on_with_a_token_that_could_not_be_saved(
    store: Store, vendor: tuple[RestEmulator, str]
) -> None:
    """No request fails, no refresh token is used twice, and the end of the client saves it."""
    emulator, url = vendor
    vault = Refusing(store, times=1)

    with open_client(Http(url, AUTH), store=SealedTokens(lambda: vault)) as client:
        answers = [client.get("/v1/things").status for _ in range(2)]
    with open_client(Http(url, AUTH), store=SealedTokens(lambda: vault)) as client:
        answers.append(client.get("/v1/things").status)

    assert answers == [200, 200, 200]
    assert emulator.calls.counts()["POST /token"] == 1


def test_a_wait_for_another_process_ends_on_request(store: Store, tokens: SealedTokens) -> None:
    """It may be hanging at the vendor's token endpoint."""
    leases.acquire(store, "tokens:acme", "elsewhere:1")

    def leave() -> None:
        raise Stopping("stopped on request")

    waiting = SealedTokens(lambda: Vault(store, KeyRing([OLD])), "crm", leave=leave)

    with pytest.raises(Stopping), waiting.turn("acme"):
        pass


# --- processes -----------------------------------------------------------------------------------


@pytest.fixture
def vendor() -> Iterator[tuple[RestEmulator, str]]:
    """One that rotates: a used refresh token is refused, and the access token with it."""
    emulator = RestEmulator("acme", ManualClock(NOW), [])
    emulator.tables["things"] = {}
    app = App("acme", "secret-0", "refresh-0")
    emulator.desk = TokenDesk(emulator.clock, app, life=timedelta(minutes=30), rotates=True)
    with serve(emulator) as url:
        yield emulator, url


def child(database: str, url: str, folder: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, CHILD, database, url, folder, *more],
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, told = process.communicate(timeout=60)
    return process.returncode, told


@pytest.mark.slow
def test_processes_that_share_a_rotating_credential_never_lose_it(
    database: str, vendor: tuple[RestEmulator, str], tmp_path: Path
) -> None:
    """Both start without a token and lose one on the way: one renewal each time, for both."""
    emulator, url = vendor
    fault = Fault(kind="expired_token", path="/v1/*", at=(6,))
    emulator.faults.replace(Scenario(faults=(fault,)))

    both = [child(database, url, tmp_path, "12") for _ in range(2)]

    assert [ended(process) for process in both] == [(0, ""), (0, "")]
    statuses = [call.status for call in emulator.calls.since(0) if call.path == "/token"]
    assert statuses == [200, 200]


def test_a_kill_between_answer_and_commit_needs_a_person_and_says_so(
    sqlite_databases: Databases, vendor: tuple[RestEmulator, str], tmp_path: Path
) -> None:
    """The vendor has rotated, the hub has not: only a new authorisation helps, and then works."""
    emulator, url = vendor
    database = sqlite_databases.migrated()
    assert ended(child(database, url, tmp_path, "1", "dies"))[0] == 9
    store = Store.open(database)
    tokens = SealedTokens(lambda: Vault(store, KeyRing.load(tmp_path, None)))

    with (
        open_client(Http(url, AUTH), store=tokens) as client,
        pytest.raises(NeedsReauth, match="Authorise the hub there again"),
    ):
        client.get("/v1/things")

    app = App("acme", "secret-0", "refresh-again")
    emulator.desk = TokenDesk(emulator.clock, app, life=timedelta(minutes=30), rotates=True)
    anew = Refresh("acme", Secret.of("secret-0"), Secret.of("refresh-again"))
    with open_client(Http(url, OAuth("/token", anew)), store=tokens) as client:
        assert client.get("/v1/things").status == 200
    store.close()


def test_no_token_reaches_a_log_or_an_error(
    store: Store, vendor: tuple[RestEmulator, str], caplog: pytest.LogCaptureFixture
) -> None:
    """Through rotation, a spoilt row and a refused grant; the vault's tokens are redacted too."""
    emulator, url = vendor
    redactor = Redactor()
    tokens = SealedTokens(lambda: Vault(store, KeyRing([OLD])))
    told = []
    with (
        caplog.at_level(logging.DEBUG),
        open_client(Http(url, AUTH), store=tokens, redactor=redactor) as client,
    ):
        client.get("/v1/things")
        held = tokens.load(AUTH.name)
        assert held is not None and held.refresh is not None
        emulator.desk = TokenDesk(emulator.clock, App("acme", "x"), life=None)
        with pytest.raises(NeedsReauth) as refused:
            client.get("/v1/things")
        told.append(str(refused.value))
        with store.write() as connection:
            connection.execute(text("UPDATE vault SET sealed = :sealed"), {"sealed": b"x" * 40})
        with pytest.raises(ConfigError) as spoilt:
            tokens.load(AUTH.name)
        told.append(str(spoilt.value))

    everything = caplog.text + repr(held) + "".join(told)
    secrets = [held.access, held.refresh, "refresh-0", "secret-0"]
    assert not [secret for secret in secrets if secret in everything]
    assert redactor.redact(f"{held.access} {held.refresh}") == "*** ***"


def test_two_threads_that_need_the_first_key_get_the_same_one(tmp_path: Path) -> None:
    """Both find none; each writes a draft of its own, and the first one counts."""
    both = Barrier(2)

    def make() -> bytes:
        both.wait()
        return secrets.token_bytes(32)

    with ThreadPoolExecutor(2) as pool:
        keys = list(pool.map(lambda _: private_file(tmp_path / "vault.key", make), range(2)))

    assert keys[0] == keys[1]
    assert [path.name for path in tmp_path.iterdir()] == ["vault.key"]
