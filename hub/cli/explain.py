"""``hub explain``: more about an error code, or why records are or are not one customer."""

from __future__ import annotations

import re
from typing import Final

import click

from hub.cli.explain_codes import CODES
from hub.cli.run import actor
from hub.cli.session import Session, pass_session
from hub.core.errors import NotFound

_CODE: Final = re.compile(r"hub-\d+", re.IGNORECASE)


@click.command()
@click.argument("subject", metavar="HUB-nnn|ID")
@click.argument("other", metavar="[ID]", required=False)
@pass_session
def explain(session: Session, subject: str, other: str | None) -> None:
    """Say what an error code means, or why records are or are not one customer.

    An ID is a golden id or a source key such as crm/contacts/17. With two of them, the evidence
    between them is shown, linked or not.
    """
    if other is None and _CODE.fullmatch(subject):
        _explain_code(session, subject.upper())
    else:
        _explain_customer(session, subject, other)


def _explain_code(session: Session, code: str) -> None:
    text = CODES.get(code)
    if text is None:
        raise NotFound(f'there is no code "{code}"; codes look like HUB-201')
    session.show({"code": code, "explanation": text}, f"{code}: {text}")


def _explain_customer(session: Session, one: str, two: str | None) -> None:
    from hub.identity import customers, explain  # slow to import, and codes need no database

    app = session.app()
    with app.open_hub(actor()) as hub:
        with hub.store.read() as connection:
            explanation = explain.explain(connection, one, two)
        seen = [golden_id for golden_id in explanation.subjects.values() if golden_id]
        customers.note_read(hub.store, seen, how="explain", actor=actor(), clock=app.clock)
    session.show(explanation.document(), explain.render(explanation))
