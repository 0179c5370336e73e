"""What people do without being asked: in the app, and with the newsletters they get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from hub.emulation.world.consent import MARKETING
from hub.emulation.world.dice import chance, dice, moment_between, pick
from hub.emulation.world.directory import Directory
from hub.emulation.world.model import CampaignEvent, ConsentEvent, Presence, TruePerson, UsageEvent

APP_USERS = 0.12
APP_KINDS = {"login": 55, "view": 25, "search": 12, "cart": 8}
CAMPAIGNS = {"summer-sale": 30, "winter-warmers": 200, "new-machines": 300}
"""Newsletters with the day on which they were sent."""

ADDRESSED = 0.55
OPENED, CLICKED, BOUNCED = 0.45, 0.3, 0.03


def all_usage(directory: Directory) -> tuple[UsageEvent, ...]:
    """Every action in the app, in order of time; sessions come weekly to monthly."""
    rng = dice(directory.seed, "usage")
    events: list[UsageEvent] = []
    for person in directory.people:
        for system in directory.of_kind("loyalty"):
            cards = directory.known(system, person.person_id)
            if cards and chance(rng, APP_USERS):
                events.extend(_sessions(directory, rng, person, cards[0]))
    events.sort(key=lambda event: (event.happened_at, event.person_id))
    return tuple(replace(event, event_id=f"A{n:06d}") for n, event in enumerate(events, start=1))


def _sessions(
    directory: Directory, rng: Random, person: TruePerson, card: Presence
) -> Iterator[UsageEvent]:
    """One member's actions from the first to the last active day."""
    at, last = directory.active(person)
    rhythm = pick(rng, {30: 40, 60: 40, 90: 20})
    while (at := at + timedelta(minutes=rng.randrange(60, 60 * 24 * rhythm))) < last:
        kind = pick(rng, APP_KINDS)
        yield UsageEvent(card.system, "", card.local_id, card.person_id, kind, "app", at)


def all_campaign_events(
    directory: Directory, consents: Iterable[ConsentEvent]
) -> tuple[CampaignEvent, ...]:
    """What became of each newsletter, in order of time: only to members who allow it then."""
    rng = dice(directory.seed, "campaigns")
    allowed = _mailing_list(directory, consents)
    events: list[CampaignEvent] = []
    for campaign, day in CAMPAIGNS.items():
        sent = directory.start + timedelta(days=day)
        for card, (since, until) in allowed.items():
            if since <= sent < (until or directory.end) and chance(rng, ADDRESSED):
                events.extend(_letter(rng, card, campaign, sent))
    events.extend(_unsubscribed(allowed))
    events = [event for event in events if event.happened_at < directory.end]
    events.sort(key=lambda event: (event.happened_at, event.local_id, event.kind))
    return tuple(replace(event, event_id=f"N{n:06d}") for n, event in enumerate(events, start=1))


Membership = tuple[datetime, datetime | None]
"""From when to when a member allows newsletters; None = to this day."""


def _mailing_list(
    directory: Directory, consents: Iterable[ConsentEvent]
) -> Mapping[ConsentEvent, Membership]:
    """The loyalty records that allow marketing by e-mail, by their first grant."""
    clubs = directory.of_kind("loyalty")
    first: dict[tuple[str, str], ConsentEvent] = {}
    allowed: dict[ConsentEvent, Membership] = {}
    for event in consents:
        if event.system not in clubs or (event.purpose, event.channel) != (MARKETING, "email"):
            continue
        grant = first.setdefault((event.system, event.local_id), event)
        if event.decision == "grant" and grant is event and event.decided_at:
            allowed[grant] = (event.decided_at, None)
        elif event.decision == "withdraw" and grant in allowed:
            since = allowed[grant][0]
            allowed[grant] = (since, event.decided_at or since)
    return allowed


def _letter(
    rng: Random, card: ConsentEvent, campaign: str, sent: datetime
) -> Iterator[CampaignEvent]:
    """One newsletter: sent, perhaps bounced, opened, clicked."""
    event = CampaignEvent(card.system, "", card.local_id, card.person_id, campaign, "sent", sent)
    yield event
    if chance(rng, BOUNCED):
        yield replace(event, kind="bounced", happened_at=sent + timedelta(seconds=40))
    elif chance(rng, OPENED):
        opened = moment_between(rng, sent, sent + timedelta(days=3))
        yield replace(event, kind="opened", happened_at=opened)
        if chance(rng, CLICKED):
            clicked = opened + timedelta(seconds=rng.randrange(5, 120))
            yield replace(event, kind="clicked", happened_at=clicked)


def _unsubscribed(allowed: Mapping[ConsentEvent, Membership]) -> Iterator[CampaignEvent]:
    """The unsubscribe click behind every dated withdrawal."""
    for card, (since, until) in allowed.items():
        if until and until > since:
            yield CampaignEvent(
                card.system, "", card.local_id, card.person_id, "", "unsubscribed", until
            )
