"""The file of alerts: every event of a case as one line of JSON, each exactly once.

1. What is not noted as written is looked for in the file: a run that was killed after writing may
   not have come to note it. A line that was cut short by the kill is taken off.
2. What is missing is appended and brought to the disk.
3. Only then it is noted as written.

Nobody but the hub shortens or rotates the file while it runs. No line holds a customer's words.
"""

from __future__ import annotations

import os
from pathlib import Path

import orjson

from hub.core.clock import from_micros
from hub.core.errors import Unavailable
from hub.store import cases
from hub.store.cases import Case
from hub.store.engine import Store


def append(store: Store, path: Path) -> int:
    """Bring the file of alerts up to date; returns how many lines were added.

    Raises:
        Unavailable: If it cannot be written; the events stay due.
    """
    with store.read() as connection:
        due = cases.unheard(connection)
    if not due:
        return 0
    lines = {_id(case, said): _line(case, said) for case, said in due}
    try:
        added = _append(path, lines)
    except OSError as err:
        raise Unavailable(
            f"loop.alerts {path} cannot be written ({err.strerror}). The cases are up to date; what"
            " happened to them is added to the file by the next run that can write it",
            code="HUB-503",
        ) from err
    with store.write() as connection:
        cases.heard(connection, [(case.case_id, int(str(said["number"]))) for case, said in due])
    return added


def _append(path: Path, lines: dict[str, bytes]) -> int:
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
    return len(missing)


def _id(case: Case, said: dict[str, object]) -> str:
    return f"{case.case_id}/{said['number']}"


def _line(case: Case, said: dict[str, object]) -> bytes:
    told = {
        "event": _id(case, said),
        "at": from_micros(int(str(said["at"]))).isoformat(),
        "what": said["kind"],
        "by": said["actor"],
        "case": case.case_id,
        "rule": case.rule,
        "team": case.team,
        "due_at": from_micros(case.due_at).isoformat(),
        **{name: said[name] for name in ("owner", "reason", "to") if said.get(name)},
    }
    return orjson.dumps(told) + b"\n"
