"""``hub db``: the database schema."""

from __future__ import annotations

from contextlib import closing

import click

from hub.cli.session import Session, Verbs, pass_session


@click.group(cls=Verbs)
def db() -> None:
    """Look after the database."""


@db.command()
@pass_session
def upgrade(session: Session) -> None:
    """Bring the schema to this version; a killed upgrade leaves the old one whole."""
    from hub.store.upgrade import HEAD
    from hub.store.upgrade import upgrade as migrate

    with closing(session.app().database()) as store:
        before = migrate(store)
    if before == HEAD:
        said = f"the schema is at {HEAD} already"
    else:
        said = f"schema {before or '(empty)'} -> {HEAD}"
    session.show({"before": before or None, "after": HEAD}, said)
