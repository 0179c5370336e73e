"""``hub profiles``: customers as the hub knows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from hub.cli.customer import customer
from hub.cli.exports import profiles_export
from hub.cli.layout import counted, fitted
from hub.cli.run import actor
from hub.cli.session import Session, Verbs, pass_session
from hub.core.errors import NotFound
from hub.core.records import one_line

if TYPE_CHECKING:
    from sqlalchemy import Connection


@click.group(cls=Verbs)
def profiles() -> None:
    """Find, show and export customers as the hub knows them."""


@profiles.command()
@click.argument("text")
@pass_session
def find(session: Session, text: str) -> None:
    """Find customers by e-mail, phone, name, card number, golden id or source key."""
    from hub.identity import customers

    app = session.app()
    with app.open_hub(actor()) as hub:
        with hub.store.read() as connection:
            found = customers.find(connection, text, app.settings.hub.region)
            shown = [customers.show(connection, golden_id) for golden_id in found]
        customers.note_read(hub.store, found, how="find", actor=actor(), clock=app.clock)
    if not shown:
        raise NotFound("no customer carries that; names need given and family name")
    rows = [
        {
            "golden_id": c.golden_id,
            "name": customers.name(c.body),
            "records": len(c.body["members"]),
        }
        for c in shown
    ]
    lines = [
        f"{each['golden_id']}  {fitted(str(each['name']), 60)}"
        f"  ({counted(len(c.body['members']), 'record')})"
        for each, c in zip(rows, shown, strict=True)
    ]
    session.show(rows, "\n".join(lines))


@profiles.command()
@click.argument("asked", metavar="ID")
@pass_session
def show(session: Session, asked: str) -> None:
    """Show the golden record of ID: every value, its source, time and rule.

    ID is a golden id, also a former one, or a record: connection/stream/id.
    """
    from hub.identity import customers

    app = session.app()
    with app.open_hub(actor()) as hub:
        with hub.store.read() as connection:
            found = customers.show(connection, _golden_id(connection, asked))
        seen = [found.golden_id]
        customers.note_read(hub.store, seen, how="show", actor=actor(), clock=app.clock)
    head = f"{found.golden_id}  version {found.version}"
    lines = [head, *(f"  record {key}" for key in found.body["members"])]
    for name, said in sorted(found.body["fields"].items()):
        lines.append(f"  {name:<14}{one_line(said['value'])}  [{said['rule']}: {said['source']}]")
    document = {"golden_id": found.golden_id, "version": found.version, **found.body}
    session.show(document, "\n".join(lines))


@profiles.command()
@click.argument("asked", metavar="ID")
@pass_session
def history(session: Session, asked: str) -> None:
    """Show what happened to the customer ID, and what the hub believed of it when.

    ID is a golden id, also a former one, or a record: connection/stream/id.
    """
    from hub.identity import customers

    app = session.app()
    with app.open_hub(actor()) as hub:
        with hub.store.read() as connection:
            golden_id = _golden_id(connection, asked)
            entries = customers.history(connection, golden_id)
        customers.note_read(hub.store, [golden_id], how="history", actor=actor(), clock=app.clock)
    session.show(entries, "\n".join(map(_entry, entries)))


def _golden_id(connection: Connection, asked: str) -> str:
    return customer(connection, asked).golden_id if "/" in asked else asked


def _entry(entry: Mapping[str, Any]) -> str:
    if entry["event"] == "version":
        values = ", ".join(f"{k}: {one_line(v)}" for k, v in sorted(entry["values"].items()))
        return f"{entry['at'][:19]}Z  version {entry['version']}  {values}"
    other = f" ({entry['other_id']})" if entry["other_id"] else ""
    records = ", ".join(entry["records"])
    return f"{entry['at'][:19]}Z  {entry['event']} {entry['golden_id']}{other}: {records}"


profiles.add_command(profiles_export)
