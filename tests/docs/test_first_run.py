"""The tutorial for admins, followed from its first line to its last."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.cli.main import run

TUTORIAL = Path(__file__).parents[2] / "docs/tutorials/first-run.md"
STEP = re.compile(
    r"Save this one as `(?P<new>[^`]+)`:\n\n```\w+\n(?P<content>.*?)```"
    r"|[Aa]dd this (?:line )?to\s`(?P<grown>[^`]+)`:\n\n```\w+\n(?P<added>.*?)```"
    r"|In `(?P<file>[^`]+)`, replace\s`(?P<old>[^`]+)` with `(?P<text>[^`]+)`"
    r"|```console\n(?P<session>.*?)```",
    re.DOTALL,
)
ID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"


@dataclass
class Desk:
    """The folder of somebody who follows the tutorial, and the plan they were shown last."""

    said: Callable[[], str]
    plan: str = ""

    def follow(self, step: re.Match[str]) -> None:
        """Does what the step says."""
        if step["new"]:
            Path(step["new"]).parent.mkdir()
            Path(step["new"]).write_text(step["content"], encoding="utf-8")
        elif step["grown"]:
            with Path(step["grown"]).open("a", encoding="utf-8") as file:
                file.write(step["added"])
        elif step["file"]:
            text = Path(step["file"]).read_text("utf-8")
            assert text.count(step["old"]) == 1
            Path(step["file"]).write_text(text.replace(step["old"], step["text"]), "utf-8")
        else:
            for typed in re.split(r"^\$ ", step["session"], flags=re.MULTILINE)[1:]:
                self.type(*typed.partition("\n")[::2])

    def type(self, command: str, shown: str) -> None:
        """Runs ``command``; each line that the page shows is among those that were printed."""
        hub, *arguments = shlex.split(command.replace("PLAN", self.plan))
        assert hub == "hub"
        run(arguments)
        printed = self.said()
        if found := re.search(f"--approve ({ID})", printed):
            self.plan = found[1]
        lines = [plain(line) for line in printed.splitlines()]
        expected = [line.replace("PLAN", "ID") for line in shown.splitlines()]
        assert [line for line in expected if line not in lines] == [], printed


def plain(line: str) -> str:
    """A printed line without what differs from day to day."""
    return re.sub(r"\d+ (?:s|min) ago", "TIME", re.sub(ID, "ID", line))


def test_the_first_run_goes_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty folder, an empty environment, and nothing that the page does not say."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CXHUB_CONFIG", raising=False)
    desk = Desk(lambda: "".join(capsys.readouterr()))
    steps = list(STEP.finditer(TUTORIAL.read_text("utf-8")))

    for step in steps:
        desk.follow(step)

    assert sum(bool(step["session"]) for step in steps) == 12
    assert (tmp_path / "profiles/customers_profiles.csv").exists()
