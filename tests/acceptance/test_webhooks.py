"""Webhooks over HTTP: what a vendor is told, what is kept, and how ``hub serve`` stores it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from connectors.hubspot.emulator import TOKEN, HubSpotEmulator, create
from hub.api import hooks
from hub.api.server import serving
from hub.app import load
from hub.cli import receiving
from hub.cli.main import run
from hub.core.connector import Delivery
from hub.core.errors import NeedsReauth, StoreError
from hub.emulation.server import serve
from hub.store import dirty
from hub.store import inbox as inbox_of
from hub.store.engine import Store
from hub.store.schema import golden_records, inbox
from hub.sync.inbox import Inbox

HUB = str(Path(sys.executable).with_name("hub"))
PUBLIC = "https://hub.example.com/hooks/crm"
SECRET = "secret-of-an-emulated-app"
PATIENCE = 60.0

HUB_TOML = """
[hub]
data_dir = "./var"

[connections.crm]
connector = "hubspot"

[connections.crm.settings]
base_url = "{url}"
token = "${{env:HOOKS_TOKEN}}"
webhook_url = "{public}"
webhook_secret = "${{env:HOOKS_SECRET}}"

[connections.shop]
connector = "csv"
[connections.shop.settings]
folder = "."
[connections.shop.settings.streams.products]
files = "products.csv"
entity = "product"
key = ["sku"]
columns = {{ sku = "sku", name = "name" }}
"""


@pytest.fixture(scope="module")
def account() -> Iterator[tuple[HubSpotEmulator, str]]:
    """A HubSpot account with one contact, served."""
    emulator = create()
    properties = {"email": "ada@example.com", "firstname": "Ada"}
    emulator.mutate({"op": "create", "object": "contacts", "properties": properties})
    with serve(emulator) as url:
        yield emulator, url


@pytest.fixture(scope="module")
def folder(tmp_path_factory, account) -> Iterator[Path]:
    """A folder with a hub.toml that knows the account."""
    path = tmp_path_factory.mktemp("hooks")
    (path / "products.csv").write_text("sku,name\n1,tea\n")
    (path / "hub.toml").write_text(HUB_TOML.format(url=account[1], public=PUBLIC))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOOKS_TOKEN", TOKEN)
        patch.setenv("HOOKS_SECRET", SECRET)
        yield path


@dataclass
class Door:
    """The hub's URL, the inbox behind it, and the connections that were told as taken."""

    url: str
    inbox: Inbox
    store: Store
    told: list[str] = field(default_factory=list)

    def waiting(self) -> int:
        """How many deliveries were ever accepted."""
        with self.store.read() as connection:
            return connection.execute(select(func.count()).select_from(inbox)).scalar_one()


@pytest.fixture(scope="module")
def served(folder) -> Iterator[Door]:
    """One door for all tests; each sends events of its own."""
    app, told = load(folder / "hub.toml"), list[str]()
    with app.open_hub("test") as hub, app.lanes(["crm"]) as [lane]:
        box = Inbox(hub.store, hub.keys, lane.source, hub.ids)
        with serving(hooks.routes({"crm": box}, ["broken"], told.append), "127.0.0.1", 0) as url:
            yield Door(url, box, hub.store, told)


@pytest.fixture
def door(served: Door) -> Door:
    """That door, with nobody told yet."""
    served.told.clear()
    return served


def signed(told: object, stamp: str = "") -> tuple[bytes, dict[str, str]]:
    """Body and headers of a delivery that HubSpot sends now."""
    body = json.dumps(told)
    stamp = stamp or str(int(datetime.now(UTC).timestamp() * 1_000))
    made = hmac.new(SECRET.encode(), f"POST{PUBLIC}{body}{stamp}".encode(), hashlib.sha256)
    return body.encode(), {
        "X-HubSpot-Signature-v3": base64.b64encode(made.digest()).decode(),
        "X-HubSpot-Request-Timestamp": stamp,
    }


def event(number: int) -> list[dict[str, object]]:
    """One event about the account's contact."""
    return [{"subscriptionType": "contact.creation", "objectId": 1, "eventId": number}]


def test_a_delivery_is_durable_when_it_is_answered(door, account):
    """200 with nothing said, a row in the inbox, and not yet a question to the vendor."""
    body, headers = signed(event(1))
    before = len(account[0].calls)

    answer = httpx.post(f"{door.url}/hooks/crm", content=body, headers=headers)

    assert (answer.status_code, answer.text, door.told) == (200, "", ["crm"])
    assert len(account[0].calls) == before
    assert door.inbox.drain().read == 2


def test_a_repeated_delivery_is_answered_alike(door):
    """The vendor cannot tell, and nobody is told a second time."""
    body, headers = signed(event(2))

    answers = [httpx.post(f"{door.url}/hooks/crm", content=body, headers=headers) for _ in "ab"]

    assert [(a.status_code, a.text) for a in answers] == [(200, ""), (200, "")]
    assert door.told == ["crm"]


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/hooks/crm", "POST", 401),
        ("/hooks/crm/app", "POST", 401),
        ("/hooks/crm/other", "POST", 404),
        ("/hooks/unknown", "POST", 404),
        ("/hooks/shop", "POST", 404),
        ("/hooks/broken", "POST", 503),
        ("/hooks/crm", "GET", 405),
    ],
    ids=str,
)
def test_what_is_not_for_us_is_refused(door, path, method, status):
    """Unsigned, unknown, without webhooks, not ready, or no push at all; nothing is kept."""
    before = door.waiting()

    answer = httpx.request(method, door.url + path, content=b"[]" if method == "POST" else None)

    assert (answer.status_code, door.waiting(), door.told) == (status, before, [])
    assert "crm" not in answer.text


def test_a_body_beyond_the_limit_is_refused_while_it_arrives(door):
    """A chunked body names no length; one chunk too many ends it."""
    chunk = b"x" * 65_536
    chunks = (chunk for _ in range(hooks.MOST_BYTES // len(chunk) + 1))

    answer = httpx.post(f"{door.url}/hooks/crm", content=chunks)

    assert answer.status_code == 413


def test_a_database_that_is_out_of_reach_lets_the_vendor_try_again(door, monkeypatch):
    """503, and nobody is told; the answer names no cause."""
    body, headers = signed(event(3))

    def refuse(*_: object) -> bool:
        raise StoreError("the disk is full")

    monkeypatch.setattr(door.inbox, "accept", refuse)
    answer = httpx.post(f"{door.url}/hooks/crm", content=body, headers=headers)

    assert (answer.status_code, answer.text, door.told) == (503, "not now", [])


def test_a_refusal_leaves_one_line_without_a_word_of_the_body(door, caplog):
    """Anyone may call this door; the log names connection and reason, nothing that was sent."""
    with caplog.at_level(logging.INFO, logger="hub"):
        httpx.post(f"{door.url}/hooks/crm", content=b'[{"email": "ada@example.com"}]')

    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("crm: refused a delivery to app: the signature")
    assert "ada" not in line


# --- what is stored, and what is not ------------------------------------------------------------


def pushed(number: int) -> Delivery:
    """The same event as it lies in the inbox."""
    body, headers = signed(event(number))
    return Delivery("POST", PUBLIC, {name.lower(): said for name, said in headers.items()}, body)


def test_only_the_streams_that_are_read_are_asked_for(folder, account):
    """A scope that the admin never granted must not spoil the deliveries of the others."""
    wanted = (folder / "hub.toml").read_text().replace('"./var"', '"./some"')
    wanted = wanted.replace(
        'connector = "hubspot"', 'connector = "hubspot"\nstreams = ["contacts"]'
    )
    (folder / "some.toml").write_text(wanted)
    app, before = load(folder / "some.toml"), len(account[0].calls)

    with app.open_hub("test") as hub, app.lanes(["crm"]) as [lane]:
        box = Inbox(hub.store, hub.keys, lane.source, hub.ids)
        box.accept("app", pushed(20))
        counts = box.drain()

    asked = [call.path for call in account[0].calls.since(before)]
    assert counts.read == 1
    assert asked and not [path for path in asked if "communication-preferences" in path]


@pytest.fixture
def fresh(folder) -> Iterator[Path]:
    """The settings, with a database of the test's own."""
    config = folder / "fresh.toml"
    config.write_text((folder / "hub.toml").read_text().replace('"./var"', '"./fresh"'))
    yield config
    shutil.rmtree(folder / "fresh")


def test_what_was_stored_before_a_crash_is_followed_up_by_the_next_hub_serve(fresh, monkeypatch):
    """The last process stored the record and died; nobody pushes anything more."""
    app = load(fresh)
    with app.open_hub("test") as hub, app.lanes(["crm"]) as [lane]:
        box = Inbox(hub.store, hub.keys, lane.source, hub.ids)
        box.accept("app", pushed(21))
        box.drain()
    told, over = [], threading.Event()
    monkeypatch.setattr(receiving, "tell_others", lambda *_: over.set())

    def wait(seconds: float, reason: str) -> None:
        told.append(reason)

    with app.open_hub("test") as hub:
        turns = {name: threading.Lock() for name in app.settings.connections}
        with receiving.receiving(app, hub, turns, wait) as receiver:
            receiver.look()
            assert over.wait(PATIENCE)
            assert receiver.stop(PATIENCE)
        with hub.store.read() as connection:
            people = connection.execute(select(func.count()).select_from(golden_records)).scalar()

    assert (people, follow_ups_left(fresh)) == (1, 0)
    assert told == ["crm: another run is at its stages"] * len(told)


def follow_ups_left(config: Path) -> int:
    with closing(load(config).open_store()) as store, store.read() as connection:
        return dirty.count(connection, "follow-up")


def test_a_drain_that_breaks_off_follows_up_what_it_stored(fresh, monkeypatch, caplog):
    """The credential is refused at the second delivery; the first one's customer is there."""
    app, over = load(fresh), threading.Event()
    monkeypatch.setattr(receiving, "tell_others", lambda *_: over.set())
    drain = Inbox.drain

    def break_off(box: Inbox) -> None:
        drain(box)
        raise NeedsReauth("crm: the credential is not valid")

    monkeypatch.setattr(Inbox, "drain", break_off)
    with app.open_hub("test") as hub:
        turns = {name: threading.Lock() for name in app.settings.connections}
        with receiving.receiving(app, hub, turns, lambda *_: None) as receiver:
            inbox_of.accept(hub.store, "crm", "app", "22", pushed(22))
            receiver.look()
            assert over.wait(PATIENCE)
            assert receiver.stop(PATIENCE)

    assert "crm: deliveries wait: error HUB-400" in caplog.text
    assert follow_ups_left(fresh) == 0


def test_a_delivery_in_quarantine_is_told_shown_and_replayed(fresh, capsys):
    """By hub status and hub quarantine, like any other bad input; its content stays masked."""
    config = ["--config", str(fresh)]
    app = load(fresh)
    with app.open_hub("test") as hub, app.lanes(["crm"]) as [lane]:
        bad = Delivery("POST", PUBLIC, {"x-kind": "test"}, b'{"email": "ada@example.com"}')
        inbox_of.accept(hub.store, "crm", "app", "e1", bad)
        Inbox(hub.store, hub.keys, lane.source, hub.ids).drain()

    def typed(line: str) -> str:
        run([*line.split(), *config])
        return capsys.readouterr().out

    told, numbers = typed("status"), json.loads(typed("status --json"))
    replayed = typed("quarantine replay")
    [row] = json.loads(typed("quarantine list --json"))["rows"]
    masked = typed(f"quarantine show {row['qid']}")
    revealed = typed(f"quarantine show {row['qid']} --reveal")

    assert "1 delivery in quarantine" in told
    assert numbers["webhooks"][0]["quarantined"] == 1
    assert "crm/webhook:app: 0 replayed, 1 still bad" in replayed
    assert (row["stream"], row["reason"]) == ("webhook:app", "bad-body")
    assert "ada@example.com" not in masked
    assert "ada@example.com" in revealed


# --- the whole of it --------------------------------------------------------------------------


class Serving:
    """A running ``hub serve``; its log is read as it grows."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [HUB, "serve", "--port", "0"], cwd=folder, stderr=subprocess.PIPE, text=True
        )
        self._lines: list[str] = []
        self._news = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def line_with(self, text: str) -> str:
        with self._news:
            assert self._news.wait_for(lambda: self._found(text), PATIENCE), "".join(self._lines)
        return self._found(text)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def _found(self, text: str) -> str:
        return next((line for line in self._lines if text in line), "")

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._news:
                self._lines.append(line)
                self._news.notify_all()


@pytest.fixture
def serving_hub(folder) -> Iterator[Serving]:
    """``hub serve`` on a database of its own, in a process of its own."""
    shutil.rmtree(folder / "var", ignore_errors=True)
    process = Serving(folder)
    yield process
    if process.process.poll() is None:
        process.process.kill()
        process.process.wait()
    assert process.process.stderr is not None
    process.process.stderr.close()


def test_a_push_becomes_a_customer_while_hub_serve_runs(serving_hub, folder, capsys):
    """Over HTTP, through the inbox and every stage; then hub status and hub runs tell of it."""
    said = serving_hub.line_with("serving on")
    url = said.split()[2].rstrip(";")
    body, headers = signed(event(9))

    first = httpx.post(f"{url}/hooks/crm", content=body, headers=headers)
    second = httpx.post(f"{url}/hooks/crm", content=body, headers=headers)
    forged = httpx.post(f"{url}/hooks/crm", content=b"[]")
    serving_hub.line_with("deliveries stored; 1 profiles changed")

    assert "webhooks: /hooks/crm" in said
    assert [each.status_code for each in (first, second, forged)] == [200, 200, 401]
    assert first.elapsed.total_seconds() < 1.0
    assert serving_hub.stop() == 0
    config = ["--config", str(folder / "hub.toml")]
    assert run(["status", "--json", *config]) == run(["runs", *config]) == 0
    told = capsys.readouterr().out
    assert '"taken": 1' in told and '"duplicates": 1' in told and '"refused": 1' in told
    assert "webhooks crm: succeeded" in told
    with closing(Store.open(f"sqlite:///{folder}/var/hub.db")) as store, store.read() as reading:
        people = reading.execute(select(func.count()).select_from(golden_records)).scalar()
    assert people == 1
