"""``hub segments``: which customers belong together, why, since when, and who may be addressed."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from hub.cli.instants import instant, iso
from hub.cli.layout import counted, moment, table, wrapped
from hub.cli.run import actor
from hub.cli.segment_export import export
from hub.cli.session import Session, Verbs, pass_session
from hub.core.clock import to_micros

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from hub.pipeline import Hub
    from hub.segments.defined import Defined, Segments
    from hub.segments.membership import Spell
    from hub.segments.preview import Preview

_WEEK = 7 * 86_400 * 1_000_000


@click.group(cls=Verbs)
def segments() -> None:
    """Groups of customers: list, explain, try and export them."""


segments.add_command(export)


def _as_of(function: Callable[..., None]) -> Callable[..., None]:
    return click.option("--as-of", "when", metavar="TIME", help="As the hub knew it then.")(
        function
    )


@dataclass(frozen=True, slots=True)
class _Desk:
    """What the commands look at."""

    hub: Hub
    connection: Connection
    segments: Segments
    zone: ZoneInfo

    def micros(self, when: str | None) -> int | None:
        """The instant that ``--as-of`` names."""
        found = instant(when, self.zone)
        return None if found is None else to_micros(found)


@contextmanager
def _desk(session: Session) -> Iterator[_Desk]:
    from hub.segments.files import read_all

    app = session.app()
    found = read_all(app.folder, app.settings.segments.files)
    with app.open_hub(actor()) as hub, hub.store.read() as connection:
        yield _Desk(hub, connection, found, app.settings.hub.zone)


@segments.command("list")
@_as_of
@pass_session
def list_segments(session: Session, when: str | None) -> None:
    """Print every segment with its size, its share of all customers, and the change in 7 days."""
    from hub.segments import membership

    with _desk(session) as desk:
        asked = desk.micros(when)
        now = to_micros(desk.hub.clock.now()) if asked is None else asked
        known = desk.segments
        sizes = membership.sizes(desk.connection, asked)
        before = _before(desk.connection, now - _WEEK)
        whole = membership.everybody(desk.connection, asked)
    rows = [_row(each, sizes, before, whole) for each in known.defined]
    head = ("segment", "title", "members", "share", "in 7 days")
    lines = table(head, [(r["id"], r["title"], r["members"], _percent(r["share"]),
                          _signed(r["change"])) for r in rows])  # fmt: skip
    closing = f"{counted(whole, 'customer')}; what makes one a member: hub segments show SEGMENT"
    session.show({"customers": whole, "segments": rows}, "\n".join([*lines, closing]))


def _before(connection: Connection, then: int) -> Mapping[str, int] | None:
    """The sizes of then; None if the hub did not look yet."""
    from hub.segments import membership

    first = membership.first_look(connection)
    return None if first is None or first > then else membership.sizes(connection, then)


def _row(
    each: Defined, sizes: Mapping[str, int], before: Mapping[str, int] | None, whole: int
) -> dict[str, object]:
    size = sizes.get(each.id, 0)
    return {
        "id": each.id,
        "version": each.segment.version,
        "title": each.segment.title,
        "owner": each.segment.owner,
        "kind": each.segment.kind,
        "exclusive_group": each.segment.exclusive_group,
        "members": size,
        "share": size / whole if whole else None,
        "change": None if before is None else size - before.get(each.id, 0),
    }


def _percent(share: object) -> str:
    return f"{share:.1%}" if isinstance(share, float) else "-"


def _signed(change: object) -> str:
    return f"{change:+d}" if isinstance(change, int) else "-"


@segments.command()
@click.argument("name", metavar="SEGMENT")
@click.option("--members", is_flag=True, help="Also the golden id of every member.")
@_as_of
@pass_session
def show(session: Session, name: str, members: bool, when: str | None) -> None:
    """Print what makes a customer a member of SEGMENT, who answers for it, and how many are."""
    from hub.cli.customer import note_reading
    from hub.segments import membership

    with _desk(session) as desk:
        found, asked = desk.segments.named(name), desk.micros(when)
        group = desk.segments.group(found)
        who = membership.members(desk.connection, found.id, asked)
        whole = membership.everybody(desk.connection, asked)
        if members:
            note_reading(desk.hub, "segment", details={"segment": name, "members": len(who)})
    share = len(who) / whole if whole else None
    document = {
        **found.segment.model_dump(mode="json", exclude_none=True),
        "members": who if members else len(who),
        "share": share,
    }
    size = f"{counted(len(who), 'member')}, {_percent(share)} of {counted(whole, 'customer')}"
    session.show(
        document, "\n".join([*_said(found, group), f"  {size}", *(who if members else ())])
    )


def _said(found: Defined, group: Sequence[str]) -> Iterator[str]:
    said = found.segment
    yield f"{said.id}@{said.version}  {said.title} ({said.kind}); {said.owner} answers for it"
    if said.note:
        yield wrapped(said.note)
    if said.rule:
        yield wrapped(f"rule: {' '.join(said.rule.split())}")
    if said.event:
        about = f" about {said.event.about}" if said.event.about else ""
        by = f" by {said.event.channel}" if said.event.channel else ""
        times = f"{said.event.at_least} times " if said.event.at_least > 1 else ""
        kinds, days = " or ".join(said.event.kinds), said.event.within // 86_400
        yield f"  event: {kinds}{about}{by}, {times}within {counted(days, 'day')}"
    if said.kind == "static":
        yield f"  on a list of {counted(len(found.listed), 'entry', 'entries')}"
    if group:
        names = ", ".join(group)
        yield wrapped(f"of the group {said.exclusive_group} the first that fits: {names}")


@segments.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@pass_session
def preview(session: Session, file: Path) -> None:
    """Print how many customers the segments of FILE would have, with examples; store nothing."""
    from hub.identity import customers
    from hub.segments import membership
    from hub.segments.evaluation import ground
    from hub.segments.files import read
    from hub.segments.preview import preview as previewed

    wanted = read([file])
    with _desk(session) as desk:
        now = to_micros(desk.hub.clock.now())
        on = ground(desk.connection, wanted, now, desk.zone)
        found = previewed(desk.connection, on)
        whole = membership.everybody(desk.connection)
    seen = sorted({example.golden_id for each in found for example in each.examples})
    hub = desk.hub
    customers.note_read(hub.store, seen, how="segment", actor=actor(), clock=hub.clock)
    session.show(
        {"customers": whole, "segments": [_previewed(each, whole) for each in found]},
        "\n".join(line for each in found for line in _preview_lines(each, whole)),
    )


def _previewed(each: Preview, whole: int) -> dict[str, object]:
    return {
        "id": each.defined.id,
        "members": len(each.members),
        "share": len(each.members) / whole if whole else None,
        "known_by_nobody": each.nobodys,
        "examples": [{"golden_id": e.golden_id, "reason": e.reason} for e in each.examples],
    }


def _preview_lines(each: Preview, whole: int) -> Iterator[str]:
    size, share = len(each.members), len(each.members) / whole if whole else None
    yield f"{each.defined.id}  {counted(size, 'member')}, {_percent(share)} of {whole:,}"
    yield from (f"  {example.golden_id}  {example.reason}" for example in each.examples)
    if each.nobodys:
        entries = counted(len(each.nobodys), "entry of the list", "entries of the list")
        yield wrapped(f"nobody is known by {entries}, such as {each.nobodys[0]}")


@segments.command()
@click.argument("asked", metavar="CUSTOMER")
@pass_session
def history(session: Session, asked: str) -> None:
    """Print which segments CUSTOMER was in, and when, over merges and splits.

    CUSTOMER is a golden id, also a former one, an e-mail, or a record: connection/stream/id.
    """
    from hub.cli.customer import customer
    from hub.identity import customers
    from hub.segments import membership

    with _desk(session) as desk:
        golden_id = customer(desk.connection, asked).golden_id
        spells = membership.history(desk.connection, golden_id)
    hub = desk.hub
    customers.note_read(hub.store, [golden_id], how="segments", actor=actor(), clock=hub.clock)
    lines = table(
        ("since", "until", "segment", "version", "as"),
        [(moment(s.since), None if s.until is None else moment(s.until), s.segment, s.version,
          s.golden_id) for s in spells],
    )  # fmt: skip
    closing = f"{counted(len(spells), 'time')} in a segment"
    session.show(
        {"golden_id": golden_id, "spells": [_spell(each) for each in spells]},
        "\n".join([*(lines if spells else []), closing]),
    )


def _spell(spell: Spell) -> dict[str, object]:
    return {
        "segment": spell.segment,
        "version": spell.version,
        "as": spell.golden_id,
        "since": iso(spell.since),
        "until": iso(spell.until),
    }


@segments.command()
@pass_session
def fields(session: Session) -> None:
    """Print the fields that a rule may name, with their types."""
    from hub.profile.shape import SHAPE
    from hub.segments.fields import DERIVED, FIELDS

    meanings = {**SHAPE, **DERIVED}
    rows = [(path, kind, meanings[path]) for path, kind in sorted(FIELDS.items())]
    lines = [f"{path:<30} {kind:<8} {meaning}" for path, kind, meaning in rows]
    lines.append(
        "permission.PURPOSE_CHANNEL     text     State of one permission, such as granted."
    )
    document = {path: {"type": kind, "meaning": meaning} for path, kind, meaning in rows}
    session.show(document, "\n".join(lines))
