"""The report of a bug in the hub: where it happened, without what it happened to."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from importlib.metadata import version
from pathlib import Path

from hub.cli.session import Session


def report(err: BaseException, session: Session) -> str:
    """The message for the admin; writes the frames to a file that only they can read.

    Messages of foreign exceptions may quote a record, so the file holds exception types and
    code lines only, and passes the redactor.
    """
    text = "\n\n".join(_frames(each) for each in _chain(err))
    if session.loaded is not None:
        text = session.loaded.redactor.redact(text)
    path = _write(f"cxhub {version('cxhub')}, Python {platform.python_version()}\n\n{text}\n")
    return (
        f"this is a bug in the hub or in a plugin ({type(err).__name__}). "
        f"What was committed stays. Details for a report, without personal data: {path}"
    )


def _chain(err: BaseException) -> list[BaseException]:
    chain = [err]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    return chain[::-1]


def _frames(err: BaseException) -> str:
    kind = f"{type(err).__module__}.{type(err).__qualname__}"
    return "".join(traceback.format_tb(err.__traceback__)) + kind


def _write(text: str) -> Path:
    handle, name = tempfile.mkstemp(prefix="cxhub-crash-", suffix=".txt")  # mode 600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return Path(name)
