"""``hub segments export``: the members who may be addressed, and how many may not, and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.layout import counted
from hub.cli.run import actor
from hub.cli.session import Session, pass_session
from hub.core.clock import to_micros

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.core.settings import Channel
    from hub.exports.audience import Audience, Selection
    from hub.exports.delivery import Content
    from hub.exports.profiles import Form
    from hub.pipeline import Hub

_CHANNELS = ("email", "sms", "phone", "post", "push", "messaging", "web", "in_person")


@click.command()
@click.argument("name", metavar="SEGMENT")
@click.option("--purpose", required=True, help="Why they are addressed: a name from [purposes].")
@click.option("--channel", required=True, type=click.Choice(_CHANNELS))
@click.option("--to", "target", type=click.Path(dir_okay=False, path_type=Path), help="The file.")
@click.option("--brand", default="", help="Brand in whose name; a permission holds for one brand.")
@click.option("--format", "form", type=click.Choice(("csv", "jsonl", "spreadsheet")),
              default="csv", show_default=True)  # fmt: skip
@click.option(
    "--field",
    "traits",
    multiple=True,
    metavar="PATH",
    help="Also this field of the profile, such as value.rfm; may be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Only count: who would be in it, who not, and why.")
@pass_session
def export(
    session: Session,
    name: str,
    purpose: str,
    channel: Channel,
    target: Path | None,
    brand: str,
    form: Form,
    traits: tuple[str, ...],
    dry_run: bool,
) -> None:
    """Write the members of SEGMENT who may be addressed for PURPOSE by CHANNEL, and only those.

    Each row has what the channel needs: an e-mail, a phone number, an address. The audit log
    records the file, and for every person in it that their data left.
    """
    from hub.exports.audience import Selection, Wanted
    from hub.segments.files import read_all

    if target is None and not dry_run:
        raise click.UsageError("say where to: --to FILE, or --dry-run to count only")
    app = session.app()
    settings = app.settings
    found = read_all(app.folder, settings.segments.files).named(name)
    wanted = Wanted(found.id, purpose, channel, brand, traits)
    with app.open_hub(actor()) as hub:
        selection = Selection(wanted, settings.purposes, hub.keys, settings.hub.region)
        sha256 = None if target is None or dry_run else _deliver(hub, selection, target, form)
        if sha256 is None:
            with hub.store.read() as connection:
                for _ in selection.rows(connection, to_micros(hub.clock.now())):
                    pass
    session.show(
        _document(selection.audience, target, sha256),
        "\n".join(_lines(selection.audience, target, sha256)),
    )


def _deliver(hub: Hub, selection: Selection, target: Path, form: Form) -> str:
    """Write the file; its SHA-256."""
    from hub.exports.audience import content, trace
    from hub.exports.delivery import Delivery

    now = to_micros(hub.clock.now())

    def wanted(connection: Connection) -> Content:
        return content(selection, connection, form, now)

    delivery = Delivery(
        "export.audience", form, actor(), target,
        lambda writing: trace(selection.audience, writing, actor(), now),
    )  # fmt: skip
    try:
        return delivery.deliver(hub.store, wanted).sha256
    finally:
        hub.notary.settle()


def _lines(audience: Audience, target: Path | None, sha256: str | None) -> Iterator[str]:
    wanted, count = audience.wanted, len(audience.released)
    yield (
        f"{wanted.segment}: {counted(audience.members, 'member')}, {count:,} may be addressed for"
        f" {wanted.purpose} by {wanted.channel}"
    )
    for reason, number in audience.withheld.most_common():
        yield f"  {number:>7,}  withheld: {reason}"
    for reason, number in audience.without.most_common():
        yield f"  {number:>7,}  without {reason}"
    if sha256 is None:
        yield "nothing was written; write it with: --to FILE, without --dry-run"
    else:
        yield f"{target}: {counted(count, 'row')}, SHA-256 {sha256}; recorded in the audit log"


def _document(audience: Audience, target: Path | None, sha256: str | None) -> dict[str, object]:
    return {
        "segment": audience.wanted.segment,
        "purpose": audience.wanted.purpose,
        "channel": audience.wanted.channel,
        "members": audience.members,
        "rows": len(audience.released),
        "withheld": dict(audience.withheld),
        "without": dict(audience.without),
        "file": None if sha256 is None else str(target),
        "sha256": sha256,
    }
