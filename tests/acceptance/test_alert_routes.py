"""Routes of alerts, as they are typed: told in the run, in the status, and tried beforehand."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.cli.main import run
from tests.unit.voc.receivers import Pager, listening

KEY = b"0123456789abcdef0123456789abcdef"
SETTINGS = """
[connections.desk]
connector = "csv"
settings.folder = "files"
settings.streams.customers = {{ files = "customers.csv", entity = "person", key = ["id"], \
columns = {{ full_name = "name" }} }}
[connections.desk.settings.streams.answers]
files = "answers.csv"
entity = "feedback"
key = ["no"]
timezone = "UTC"
constants = {{ instrument = "nps", scale_min = "0", scale_max = "10" }}
columns = {{ at = "at", party = "who", score = "score" }}
[alerts.webhooks.pager]
url = "{pager}"
secret = "${{env:PAGER_SECRET}}"
[alerts.emails.care]
host = "127.0.0.1"
port = {dead}
tls = "none"
from = "hub@example.net"
receivers = ["care@example.net"]
"""

Hub = Callable[[str], tuple[int, str]]


@pytest.fixture
def pager() -> Iterator[Pager]:
    """A receiver over HTTP."""
    with listening(Pager(KEY)) as pager:
        yield pager


@pytest.fixture
def hub(
    tmp_path: Path,
    pager: Pager,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Hub:
    """Types ``hub …`` beside a detractor, a receiver that is up, and a mail server that is not."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAGER_SECRET", "whsec_" + base64.b64encode(KEY).decode())
    (tmp_path / "files").mkdir()
    (tmp_path / "files/customers.csv").write_text("id,name\n1,Ada Byron\n")
    now = datetime.now(UTC).isoformat()
    (tmp_path / "files/answers.csv").write_text(f"no,at,who,score\n1,{now},1,2\n")
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        dead = probe.getsockname()[1]
    (tmp_path / "hub.toml").write_text(SETTINGS.format(pager=pager.url, dead=dead))

    def typed(line: str) -> tuple[int, str]:
        code = run(line.split())
        captured = capsys.readouterr()
        return code, captured.out if captured.out else captured.err

    return typed


def test_a_run_tells_its_routes_and_says_which_is_dead(hub: Hub, pager: Pager) -> None:
    """The run is partial, everything else is done, and the status knows what is on its way."""
    code, out = hub("run --json")
    said = json.loads(out)["alerts"]

    assert (code, said["webhooks.pager"]) == (3, {"sent": 1, "waiting": 0, "error": None})
    assert (said["emails.care"]["sent"], said["emails.care"]["waiting"]) == (0, 1)
    assert "is out of reach" in said["emails.care"]["error"]
    assert [content["type"] for _, content in pager.got] == ["case.opened"]
    status = hub("status")[1]
    assert "alerts emails.care: 1 event on their way\n  alerts.emails.care: the mail" in status
    assert "alerts webhooks" not in status


@pytest.mark.slow
def test_the_routes_are_tried_with_the_credentials(hub: Hub, pager: Pager) -> None:
    """The receiver gets a signed test event; the dead mail server is told."""
    code, out = hub("check --connect")
    one = hub("check --connect alerts.webhooks.pager")

    assert code == 5
    assert "ok   alerts.webhooks.pager: connect" in out
    assert "FAIL alerts.emails.care: connect: the mail server 127.0.0.1:" in out
    assert one[0] == 0
    assert [content["type"] for _, content in pager.got] == ["alert.test", "alert.test"]


@pytest.mark.parametrize(
    ("given", "better", "said"),
    [
        ('tls = "none"', 'tls = "none"\nuser = "hub"', "user and password go together"),
        ('host = "127.0.0.1"', 'host = "mail.example.net"', "mail would travel unencrypted"),
        ('from = "hub@example.net"', 'from = "Hub <h@b.c>"', "not in the right form"),
        ('url = "http://127', 'url = "http://10', "not an address that alerts are sent to"),
        ("PAGER_SECRET", "NO_SUCH_SECRET", "HUB-201"),
    ],
)
def test_a_route_that_cannot_work_is_refused_at_its_place(
    hub: Hub, given: str, better: str, said: str
) -> None:
    """Line, column and what is expected, as for any other setting."""
    file = Path("hub.toml")
    file.write_text(file.read_text().replace(given, better))

    code, out = hub("check")

    assert (code, said in out, "hub.toml:" in out) == (2, True, True), out
