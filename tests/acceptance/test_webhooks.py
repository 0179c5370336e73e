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
from hub.cli.main import run
from hub.core.errors import StoreError
from hub.emulation.server import serve
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
