"""``hub explain``: more about an error code."""

from __future__ import annotations

import click

from hub.cli.explain_codes import CODES
from hub.cli.session import Session, pass_session
from hub.core.errors import NotFound


@click.command()
@click.argument("code", metavar="HUB-nnn")
@pass_session
def explain(session: Session, code: str) -> None:
    """Say what an error code means and what to do about it."""
    text = CODES.get(code.upper())
    if text is None:
        raise NotFound(f'there is no code "{code}"; codes look like HUB-201')
    session.show({"code": code.upper(), "explanation": text}, f"{code.upper()}: {text}")
