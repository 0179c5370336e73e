"""Ctrl-C: a run leaves off behind the page in hand, and the next one goes on there."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

import hub.app
from hub.cli.main import run
from hub.core.connector import Connector, Context, FullPass, Page, Row, State, Stream
from hub.core.hubtoml import Catalogue
from hub.core.maps import maps_to
from hub.core.records import Person

PAGES = 5_000
"""More than a run brings in while a signal is on its way, and few enough to end without one."""


class NoSettings(BaseModel):
    """The system of this test needs none."""


def pages(ctx: Context, state: State) -> Iterator[Page]:
    """A page for each customer; on the first run, somebody presses Ctrl-C behind the second."""
    start = int(state.get("at", 0))
    for number in range(start, PAGES if start == 0 else start + 1):
        row: Row = {"id": str(number), "name": f"Ann {number}"}
        yield Page(rows=[row], next_state={"at": number + 1})
        if number == 1:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub.toml with one connection, whose customers come a page each."""
    person = maps_to(Person, given_name="name")
    stream = Stream("people", Person, person, key="id", reader=pages, deletes=FullPass())
    shop = Connector(
        name="shop", summary="A shop.", config=NoSettings, streams=(stream,), check=lambda ctx: ()
    )
    monkeypatch.setattr(
        hub.app, "installed_connectors", lambda: Catalogue(["shop"], lambda _: shop)
    )
    path = tmp_path / "hub.toml"
    path.write_text('[connections.shop]\nconnector = "shop"\n')
    return path


@pytest.mark.parametrize("command", ["run", "sync"])
def test_ctrl_c_leaves_off_after_the_page_in_hand(
    config: Path, command: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Exit code 130 long before the last page; the checkpoint stands where it left off."""
    before = signal.getsignal(signal.SIGINT)

    code = run([command, "--config", str(config)])
    told = capfd.readouterr().err
    again = run(["sync", "--config", str(config)])

    assert (code, again) == (130, 0)
    assert "stopping after the page in hand" in told
    assert "interrupted; what was committed stays" in told
    assert "1 read, 1 stored" in capfd.readouterr().out
    assert signal.getsignal(signal.SIGINT) is before
