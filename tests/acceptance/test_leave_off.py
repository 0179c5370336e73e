"""Ctrl-C: a run leaves off behind the page in hand, and the next one goes on there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PLUGIN = '''
import os
import signal

from pydantic import BaseModel

from hub.core.connector import Connector, FullPass, Page, Stream
from hub.core.hookspecs import hookimpl
from hub.core.maps import maps_to
from hub.core.records import Person

PAGES = 5_000  # more than come in while a signal is on its way


class NoSettings(BaseModel):
    pass


def pages(ctx, state):
    """A page for each customer; on the first run, somebody presses Ctrl-C behind the second."""
    start = state.get("at", 0)
    for number in range(start, PAGES if start == 0 else start + 1):
        yield Page(rows=[{"id": str(number), "name": "Ann"}], next_state={"at": number + 1})
        if number == 1:
            os.kill(os.getpid(), signal.SIGINT)


PEOPLE = Stream(
    "people", Person, maps_to(Person, given_name="name"), key="id", reader=pages, deletes=FullPass()
)


@hookimpl
def hub_connector():
    return Connector(
        name="shop", summary="A shop.", config=NoSettings, streams=(PEOPLE,), check=lambda ctx: ()
    )
'''

Hub = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """Types ``hub …`` where the plugin is installed; a process of its own takes the signal."""
    package = tmp_path / "packages"
    about = package / "hub_shop-1.0.dist-info"
    about.mkdir(parents=True)
    (package / "hub_shop.py").write_text(PLUGIN)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: hub-shop\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[hub.connectors]\nshop = hub_shop\n")
    (tmp_path / "hub.toml").write_text('[connections.shop]\nconnector = "shop"\n')

    def typed(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from hub.cli.main import main; main()", command],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(package)},
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )

    return typed


@pytest.mark.parametrize("command", ["run", pytest.param("sync", marks=pytest.mark.slow)])
def test_ctrl_c_leaves_off_after_the_page_in_hand(hub: Hub, command: str) -> None:
    """Exit code 130 long before the last page; the checkpoint stands where it left off."""
    left = hub(command)
    again = hub("sync")

    assert (left.returncode, again.returncode) == (130, 0)
    assert "stopping after the page in hand" in left.stderr
    assert "interrupted; what was committed stays" in left.stderr
    assert "Traceback" not in left.stderr
    assert "1 read, 1 stored" in again.stdout
