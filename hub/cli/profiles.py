"""``hub profiles``: customers as the hub knows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from hub.cli.exports import profiles_export
from hub.cli.run import actor
from hub.cli.session import Session, Verbs, pass_session
from hub.core.errors import NotFound


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
    rows = [{"golden_id": c.golden_id, "name": _name(c.body), **_counts(c.body)} for c in shown]
    lines = [f"{row['golden_id']}  {row['name']}  ({row['records']} records)" for row in rows]
    session.show(rows, "\n".join(lines))


@profiles.command()
@click.argument("golden_id")
@pass_session
def show(session: Session, golden_id: str) -> None:
    """Show the golden record of GOLDEN_ID: every value, its source, time and rule."""
    from hub.identity import customers

    app = session.app()
    with app.open_hub(actor()) as hub:
        with hub.store.read() as connection:
            customer = customers.show(connection, golden_id)
        seen = [customer.golden_id]
        customers.note_read(hub.store, seen, how="show", actor=actor(), clock=app.clock)
    head = f"{customer.golden_id}  version {customer.version}"
    lines = [head, *(f"  record {key}" for key in customer.body["members"])]
    for name, said in sorted(customer.body["fields"].items()):
        lines.append(f"  {name:<14}{_text(said['value'])}  [{said['rule']}: {said['source']}]")
    document = {"golden_id": customer.golden_id, "version": customer.version, **customer.body}
    session.show(document, "\n".join(lines))


@profiles.command()
@click.argument("golden_id")
@pass_session
def history(session: Session, golden_id: str) -> None:
    """Show what happened to GOLDEN_ID, and what the hub believed of it when."""
    from hub.identity import customers

    app = session.app()
    with app.open_hub(actor()) as hub:
        with hub.store.read() as connection:
            entries = customers.history(connection, golden_id)
        customers.note_read(hub.store, [golden_id], how="history", actor=actor(), clock=app.clock)
    session.show(entries, "\n".join(map(_entry, entries)))


def _entry(entry: Mapping[str, Any]) -> str:
    if entry["event"] == "version":
        values = ", ".join(f"{k}: {_text(v)}" for k, v in sorted(entry["values"].items()))
        return f"{entry['at']}  version {entry['version']}  {values}"
    other = f" ({entry['other_id']})" if entry["other_id"] else ""
    records = ", ".join(entry["records"])
    return f"{entry['at']}  {entry['event']} {entry['golden_id']}{other}: {records}"


def _name(body: Mapping[str, Any]) -> str:
    fields = body["fields"]
    chosen = fields.get("full_name") or fields.get("name") or fields.get("email") or {}
    return str(chosen.get("value", "(nameless)"))


def _counts(body: Mapping[str, Any]) -> dict[str, int]:
    return {"records": len(body["members"])}


def _text(value: object) -> str:
    return ", ".join(map(str, value.values())) if isinstance(value, dict) else str(value)


profiles.add_command(profiles_export)
