"""The file of alerts: every event of a case as one line of JSON, each exactly once.

1. What is to be written is looked for in the file: a run that was killed after writing may not have
   come to note it. A line that was cut short by the kill is taken off.
2. What is missing is appended and brought to the disk.

Nobody but the hub shortens or rotates the file while it runs. No line holds a customer's words.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from hub.core.errors import Unavailable
from hub.store.alerts import Alert


@dataclass(frozen=True, slots=True)
class AlertFile:
    """A file that events are appended to.

    Args:
        path: The file; folder and file are made when there is something to write.
    """

    path: Path

    def append(self, found: Sequence[Alert]) -> None:
        """Bring these events into the file, those that it has already left alone.

        Raises:
            Unavailable: If it cannot be written.
        """
        try:
            _append(self.path, {each.event: each.body + b"\n" for each in found})
        except OSError as err:
            raise Unavailable(
                f"loop.alerts {self.path} cannot be written ({err.strerror}). The cases are up to"
                " date; what happened to them is added to the file by the next run that can write"
                " it",
                code="HUB-503",
            ) from err

    def check(self) -> None:
        """Open the file to append to it; nothing is written.

        Raises:
            Unavailable: If that does not work.
        """
        self.append(())


def _append(path: Path, lines: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with path.open("a+b") as file:
        file.seek(0)
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):  # 1
            file.truncate(whole)
        there = {orjson.loads(line)["event"] for line in content[:whole].splitlines()}
        missing = [line for name, line in lines.items() if name not in there]
        file.write(b"".join(missing))  # 2
        file.flush()
        os.fsync(file.fileno())
