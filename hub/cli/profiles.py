"""``hub profiles``: customers as the hub knows them."""

from __future__ import annotations

import click

from hub.cli.exports import profiles_export


@click.group()
def profiles() -> None:
    """Find, show and export customers as the hub knows them."""


profiles.add_command(profiles_export)
