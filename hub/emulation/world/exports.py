"""The exports of the systems that have no API: which columns, in which dialect, row by row.

Every file is different on purpose, as real exports are: the till writes Windows-1252 with
semicolons, decimal commas and day-first dates; the survey tool writes UTF-16 with tabs; the help
desk writes American dates; local times are those of the shop (UTC+10) where no offset is written.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from hub.emulation.world.contents import Contents
from hub.emulation.world.model import Order, Presence, Ticket

Row = tuple[str, ...]
SHOP_ZONE = timezone(timedelta(hours=10))
DAY_FIRST, MONTH_FIRST = "%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p"
PLAIN, ISO_UTC, ISO_OFFSET = "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S+10:00"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written.

    Attributes:
        encoding: A Python codec that writes its own byte order mark where it has one.
        times: ``strftime`` format of its instants; local unless it ends in ``Z``.
        quoting: A ``csv.QUOTE_…`` constant.
        blank_every: A blank line after so many rows; 0 = none.
        footer: The file ends with a line that says how many rows it has.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    line_end: str = "\n"
    times: str = ISO_UTC
    quoting: int = csv.QUOTE_MINIMAL
    blank_every: int = 0
    footer: bool = False

    def time(self, at: datetime | None) -> str:
        """The instant as this dialect writes it; empty for None."""
        if at is None:
            return ""
        local = at if self.times == ISO_UTC else at.astimezone(SHOP_ZONE)
        return local.strftime(self.times)


TILL = Dialect("cp1252", ";", "\r\n", DAY_FIRST, blank_every=400, footer=True)
TILL_QUOTED = Dialect("cp1252", ";", "\r\n", DAY_FIRST, csv.QUOTE_ALL)
CLUB = Dialect("utf-8-sig")
TABBED = Dialect(delimiter="\t", times=ISO_OFFSET)
PIPED = Dialect(delimiter="|", times=ISO_OFFSET)
PANEL = Dialect("utf-16", "\t", "\r\n", PLAIN)
ANSWERS = Dialect(times=PLAIN)
DESK = Dialect(line_end="\r\n", times=MONTH_FIRST)
REVIEWS = Dialect("utf-8-sig", ",", "\n", DAY_FIRST, csv.QUOTE_ALL)
LETTERS = Dialect(delimiter=";")


@dataclass(frozen=True, slots=True)
class Export:
    """One file of one system.

    Attributes:
        stream: What its rows are.
        keys: Number of leading columns that name a row.
        date_column: Column of the time that every row must have.
        text_column: Column of free text, where a fault does not touch a key.
    """

    file: str
    system: str
    stream: str
    dialect: Dialect
    header: Row
    rows: tuple[Row, ...]
    keys: int
    date_column: int
    text_column: int


def exports(world: Contents) -> Iterator[Export]:
    """Every export of the file-based systems that the world has."""
    for system in world.systems:
        for define in _BY_SYSTEM.get(system, ()):
            yield from define(world, system)


def _money(minor: int) -> str:
    """Minor units with a decimal comma: ``-1234`` is ``-12,34``."""
    whole, cents = divmod(abs(minor), 100)
    return f"{'-' if minor < 0 else ''}{whole},{cents:02d}"


def _day(born: str, form: str) -> str:
    """An ISO date in another form; empty stays empty."""
    return date.fromisoformat(born).strftime(form) if born else ""


def _people(
    world: Contents,
    system: str,
    file: str,
    stream: str,
    dialect: Dialect,
    columns: dict[str, Callable[[Presence], str]],
) -> Export:
    """The people of one system in the columns of its export, times last."""

    def row(record: Presence) -> Row:
        known = tuple(read(record) for read in columns.values())
        return (*known, dialect.time(record.created_at), dialect.time(record.updated_at))

    header = (*columns, "created", "updated")
    rows = tuple(row(record) for record in world.presences(system))
    return Export(file, system, stream, dialect, header, rows, 1, len(columns), 1)


def _pos(world: Contents, system: str) -> Iterator[Export]:
    """Customers and receipt lines of the till."""
    columns: dict[str, Callable[[Presence], str]] = {
        "Customer no": lambda r: r.local_id,
        "First name": lambda r: r.given_name,
        "Last name": lambda r: r.family_name,
        "Phone": lambda r: r.phone,
        "E-mail": lambda r: r.email,
        "Birthday": lambda r: _day(r.born, "%d/%m/%Y"),
        "Street": lambda r: r.street,
        "Suburb": lambda r: r.city,
        "State": lambda r: r.state,
        "Postcode": lambda r: r.postcode,
        "Card no": lambda r: r.loyalty_no,
    }
    yield _people(world, system, "pos_customers.csv", "customers", TILL_QUOTED, columns)
    header = (
        *("Receipt no", "Line", "Sold at", "Store", "SKU", "Description", "Qty"),
        *("Unit price", "Amount", "Currency", "Customer no", "Return of"),
    )
    rows = tuple(row for order in world.of(system, world.orders) for row in _receipt(order))
    yield Export("pos_lines.csv", system, "lines", TILL, header, rows, 2, 2, 5)


def _receipt(order: Order) -> Iterator[Row]:
    """The lines of one receipt."""
    for line in order.lines:
        yield (
            *(order.order_id, str(line.number), TILL.time(order.placed_at), order.store),
            *(line.sku, line.title, str(line.quantity)),
            *(_money(line.unit_price), _money(line.amount), order.currency),
            *(order.local_id, order.return_of),
        )


def _loyalty(world: Contents, system: str) -> Iterator[Export]:
    """Members, points, consents, reviews, app use and newsletters of the loyalty programme."""
    columns: dict[str, Callable[[Presence], str]] = {
        "member_id": lambda r: r.local_id,
        "first_name": lambda r: r.given_name,
        "last_name": lambda r: r.family_name,
        "card_number": lambda r: r.loyalty_no,
        "date_of_birth": lambda r: r.born,
        "email": lambda r: r.email,
        "phone": lambda r: r.phone,
        "street": lambda r: r.street,
        "suburb": lambda r: r.city,
        "state": lambda r: r.state,
        "postcode": lambda r: r.postcode,
        "country": lambda r: r.country,
        "language": lambda r: r.language,
    }
    yield _people(world, system, "loyalty_members.csv", "members", CLUB, columns)
    yield from _club_facts(world, system)


def _club_facts(world: Contents, system: str) -> Iterator[Export]:
    """What members earned, allowed, wrote and did."""
    points = tuple(
        (e.entry_id, e.local_id, TABBED.time(e.posted_at), str(e.points), e.reason)
        for e in world.of(system, world.loyalty_entries)
    )
    header: Row = ("entry", "member", "posted", "points", "reason")
    yield Export("loyalty_points.csv", system, "points", TABBED, header, points, 1, 2, 4)
    decisions = tuple(
        (
            *(e.event_id, e.local_id, PIPED.time(e.decided_at), e.purpose, e.channel),
            *(e.decision, e.point, e.evidence, e.notice),
        )
        for e in world.of(system, world.consents)
    )
    header = ("event", "member", "decided", "purpose", "channel", "decision", "address")
    header += ("evidence", "notice")
    yield Export("consents.csv", system, "consents", PIPED, header, decisions, 1, 2, 7)
    reviews = tuple(
        (r.review_id, r.local_id, REVIEWS.time(r.written_at), r.sku, str(r.rating), r.text)
        for r in world.of(system, world.reviews)
    )
    header = ("Review", "Member", "Date", "SKU", "Stars", "Text")
    yield Export("reviews.csv", system, "reviews", REVIEWS, header, reviews, 1, 2, 5)
    letters = tuple(
        (e.event_id, e.local_id, LETTERS.time(e.happened_at), e.campaign, e.kind)
        for e in world.of(system, world.campaign_events)
    )
    header = ("event", "member", "at", "campaign", "kind")
    yield Export("campaign_events.csv", system, "campaigns", LETTERS, header, letters, 1, 2, 3)
    yield from _app_use(world, system)


def _app_use(world: Contents, system: str) -> Iterator[Export]:
    """Actions in the app, one file per quarter."""
    quarters: defaultdict[str, list[Row]] = defaultdict(list)
    dialect = Dialect()
    for event in world.of(system, world.usage):
        at = event.happened_at
        row = (event.event_id, event.local_id, dialect.time(at), event.kind, event.detail)
        quarters[f"{at.year}q{(at.month + 2) // 3}"].append(row)
    header = ("event_id", "member_id", "happened_at", "kind", "detail")
    for quarter, rows in quarters.items():
        file = f"usage_events-{quarter}.csv"
        yield Export(file, system, "usage", dialect, header, tuple(rows), 1, 2, 4)


def _surveys(world: Contents, system: str) -> Iterator[Export]:
    """Respondents and their answers."""
    columns: dict[str, Callable[[Presence], str]] = {
        "Respondent": lambda r: r.local_id,
        "Given name": lambda r: r.given_name,
        "Surname": lambda r: r.family_name,
        "E-mail": lambda r: r.email,
        "Telephone": lambda r: r.phone,
        "Born": lambda r: r.born,
        "Street": lambda r: r.street,
        "City": lambda r: r.city,
        "Post code": lambda r: r.postcode,
        "Member card": lambda r: r.loyalty_no,
        "Language": lambda r: r.language,
    }
    yield _people(world, system, "survey_contacts.csv", "contacts", PANEL, columns)
    answers = tuple(
        (
            *(s.response_id, s.local_id, ANSWERS.time(s.answered_at), ANSWERS.time(s.asked_at)),
            *(s.instrument, str(s.scale_min), str(s.scale_max), str(s.score)),
            *(s.comment, s.language, s.touchpoint, s.about),
        )
        for s in world.of(system, world.surveys)
    )
    header: Row = ("response", "respondent", "answered_at", "asked_at", "instrument", "scale_min")
    header += ("scale_max", "score", "comment", "language", "touchpoint", "about")
    yield Export("surveys.csv", system, "responses", ANSWERS, header, answers, 1, 2, 8)


def _support(world: Contents, system: str) -> Iterator[Export]:
    """Requesters and tickets of the help desk."""
    columns: dict[str, Callable[[Presence], str]] = {
        "id": lambda r: r.local_id,
        "first": lambda r: r.given_name,
        "last": lambda r: r.family_name,
        "email": lambda r: r.email,
        "phone": lambda r: r.phone,
        "birth_date": lambda r: _day(r.born, "%m/%d/%Y"),
        "street": lambda r: r.street,
        "city": lambda r: r.city,
        "state": lambda r: r.state,
        "zip": lambda r: r.postcode,
        "loyalty_card": lambda r: r.loyalty_no,
    }
    yield _people(world, system, "support_customers.csv", "customers", DESK, columns)
    tickets = tuple(
        (
            *(t.ticket_id, t.local_id, DESK.time(t.created_at), DESK.time(t.first_reply_at)),
            *(DESK.time(t.solved_at), DESK.time(t.updated_at), t.channel, t.topic, t.priority),
            *(t.status, "|".join(t.agents), str(len(t.agents)), _reply_seconds(t)),
            *(str(t.reopens), t.subject, t.messages[0].text),
        )
        for t in world.of(system, world.tickets)
    )
    header: Row = ("ticket", "customer", "created", "first_reply", "solved", "updated", "channel")
    header += ("topic", "priority", "status", "agents", "agent_count", "first_reply_seconds")
    header += ("reopens", "subject", "description")
    yield Export("support_tickets.csv", system, "tickets", DESK, header, tickets, 1, 2, 15)


def _reply_seconds(ticket: Ticket) -> str:
    """Calendar seconds to the first reply; empty while nobody answered."""
    if ticket.first_reply_at is None:
        return ""
    return str(int((ticket.first_reply_at - ticket.created_at).total_seconds()))


_BY_SYSTEM: dict[str, Sequence[Callable[[Contents, str], Iterator[Export]]]] = {
    "pos": (_pos,),
    "loyalty": (_loyalty,),
    "surveys": (_surveys,),
    "support": (_support,),
}
