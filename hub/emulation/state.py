"""What an emulator keeps between two of its lives."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path


def keep(state_file: Path | None, snapshot: Callable[[], Mapping[str, object]]) -> None:
    """Writes the snapshot to the file that was named for it, if one was."""
    if state_file is not None:
        state_file.write_text(json.dumps(snapshot()), encoding="utf-8")
