"""Context cards as an origin of notes: whoever takes a new ticket sees what is known already.

A ticket gets a card if

1. its connection is asked for notes, and the ticket was opened after the hub first read there,
   within the last 30 days, and is not solved;
2. its customer was known before, or is known in more than one place;
3. nobody has to decide whether the requester is somebody else: a wrong card would tell one
   customer's story to another;
4. the gate lets it go.

It is written once: what is learnt later stands in the profile, and would bury the ticket in notes.
Beside the card stand the earlier contacts about the same matter, in whatever channel.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import tzinfo
from functools import partial

import orjson
from sqlalchemy import Connection, select

from hub.core.clock import Clock, to_micros
from hub.core.connector import Note, OutField
from hub.core.ids import SourceKey
from hub.core.settings import Settings
from hub.identity.doubt import in_doubt
from hub.journeys import timeline
from hub.journeys.event import Event
from hub.journeys.threads import threads
from hub.push.handover import NOTES, Origin, Wanted
from hub.push.handover_tickets import Asked, asked_of, first_heard, fresh, owners, rids_of, takers
from hub.store import handovers
from hub.store.records import chunks
from hub.store.schema import profiles

CARD = "card"
"""The part that a note is made of."""
IN_DOUBT = "a pair in review says who the customer may be: decide it"
"""Why a ticket has to wait for its card."""
EARLIER = 3
"""Most contacts named beside the card."""


def origin(settings: Settings, clock: Clock) -> Origin[Note]:
    """The cards that new tickets ask for."""
    taking = takers(settings)
    zone = settings.hub.zone

    def due(
        connection: Connection, name: str, about: Collection[str] | None = None
    ) -> Sequence[Wanted[Note]]:
        held = {row.about for row in handovers.not_over(connection, "note", name)}
        rids = rids_of(held) | (fresh(connection, name, clock) if name in taking else set())
        asked = asked_of(connection, rids if about is None else rids & rids_of(about))
        waiting = [each for each in asked if name in taking and each.is_open]
        cards = _cards(connection, waiting, zone)
        return [*_wanted(asked, {each.rid for each in waiting}, cards, held)]

    return Origin(NOTES, (OutField(CARD, "card.text", "service", "long_text"),), due)


def key_of(ticket: SourceKey) -> str:
    """The name of a ticket's card, the same after the database was made anew."""
    return f"card-{hashlib.blake2s(str(ticket).encode(), digest_size=16).hexdigest()}"


def note(key: str, text: str, native_id: str, parts: Collection[str]) -> Note:
    """The card at the ticket.

    Args:
        key: The note's name.
        text: The card.
        native_id: The ticket.
        parts: What the gate lets go; without the card there is no note.
    """
    return Note(key, native_id, text if CARD in parts else "")


def _wanted(
    asked: Iterable[Asked],
    waiting: Collection[int],
    cards: Mapping[int, tuple[str | None, str]],
    held: Collection[str],
) -> Iterable[Wanted[Note]]:
    for each in asked:
        golden_id, text = cards.get(each.rid, (None, ""))
        over = each.rid not in waiting or each.rid not in cards
        if over and each.about not in held:
            continue
        key = key_of(each.key)
        build = partial(note, key, text)
        yield Wanted(
            key, each.about, golden_id, build, on=each.rid, over=over, once=True, nobody=IN_DOUBT
        )


# --- what they say ---------------------------------------------------------------------------


def _cards(
    connection: Connection, asked: Sequence[Asked], zone: tzinfo
) -> dict[int, tuple[str | None, str]]:
    """By ticket, the customer and the card: nobody where in doubt, and nothing of newcomers."""
    parties = {each.party_rid for each in asked if each.party_rid is not None}
    whose = owners(connection, parties)
    heard = first_heard(connection, set(whose.values()))
    doubtful = in_doubt(connection, parties)
    texts = _texts(connection, heard.keys())
    told = timeline.load(connection, texts)
    found: dict[int, tuple[str | None, str]] = {}
    for each in asked:
        golden_id = whose.get(each.party_rid or 0, "")
        if golden_id not in texts or heard[golden_id] >= to_micros(each.ticket.at):
            continue  # 2
        if each.party_rid in doubtful:  # 3
            found[each.rid] = (None, "")
            continue
        before = earlier(told[golden_id], each, zone)
        found[each.rid] = (golden_id, "\n".join([texts[golden_id], *before]))
    return found


def earlier(events: Sequence[Event], asked: Asked, zone: tzinfo) -> list[str]:
    """One line that names the last contacts about the same matter before the ticket, if any."""
    told = [
        f"{each.channel or each.kind} {each.at.astimezone(zone).date().isoformat()}"
        for each in contacts_before(events, asked)[-EARLIER:]
    ]
    return [f"Same matter before: {', '.join(told)}"] if told else []


def contacts_before(events: Sequence[Event], asked: Asked) -> list[Event]:
    """The customer's contacts about the matter of a ticket before they opened it."""
    own = str(asked.key)
    same = next((each for each in threads(events) if own in {e.source for e in each.events}), None)
    return [
        contact
        for contact in (same.contacts if same else ())
        if contact.at <= asked.ticket.at
        and contact.source != own
        and (contact.connection, contact.ref) != (asked.key.connection, asked.key.source_id)
    ]


def _texts(connection: Connection, golden_ids: Collection[str]) -> dict[str, str]:
    """The cards of those customers, as their profiles have them."""
    found: dict[str, str] = {}
    for chunk in chunks(sorted(golden_ids)):
        query = select(profiles.c.golden_id, profiles.c.body)
        for golden_id, body in connection.execute(query.where(profiles.c.golden_id.in_(chunk))):
            text = orjson.loads(body).get("card", {}).get("text", {}).get("value")
            if text:
                found[golden_id] = text
    return found
