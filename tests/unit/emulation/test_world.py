"""The simulated world: reproducible, consistent, and shaped like real customer data."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Protocol

import phonenumbers
import pytest

from hub.emulation.world import DEFAULT_SYSTEMS, SYSTEMS, World
from hub.emulation.world.population import MOST_PEOPLE

BYTES_OF_SEED_5 = "277f02b79215332f5e24e658ac040a592b5eac4ac206f66c1c797e32523b6c4c"
"""SHA-256 over all files of ``World.build(5, people=60)``; renew it when the world is changed."""


class Attached(Protocol):
    """A fact on a record of a person."""

    @property
    def system(self) -> str: ...
    @property
    def local_id(self) -> str: ...
    @property
    def person_id(self) -> str: ...


@pytest.fixture(scope="module")
def world() -> World:
    return World.build(1)


@pytest.fixture(scope="module")
def small() -> World:
    return World.build(5, people=60)


def digest_of(world: World, folder: Path) -> str:
    """SHA-256 over the names and bytes of all files and the truth of a world."""
    paths = [*world.write_files(folder), folder / "truth.json"]
    world.write_truth(paths[-1])
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def test_same_seed_gives_the_same_bytes_on_every_machine(small: World, tmp_path: Path) -> None:
    """Every file and the truth are what they were when this digest was taken."""
    digest = digest_of(small, tmp_path)

    assert digest == BYTES_OF_SEED_5


def test_bytes_do_not_depend_on_the_hash_seed(small: World, tmp_path: Path) -> None:
    """A process that orders its sets and hashes differently writes the same bytes."""
    program = (
        "from pathlib import Path; import sys; from hub.emulation.world import World;"
        "w = World.build(5, people=60); w.write_files(Path(sys.argv[1]));"
        "w.write_truth(Path(sys.argv[1]) / 'truth.json')"
    )
    here, there = tmp_path / "here", tmp_path / "there"
    there.mkdir()

    digest_of(small, here)
    env = os.environ | {"PYTHONHASHSEED": "4711", "TZ": "America/New_York"}
    subprocess.run([sys.executable, "-c", program, str(there)], check=True, env=env)

    assert [p.name for p in sorted(there.iterdir())] == [p.name for p in sorted(here.iterdir())]
    assert all((there / p.name).read_bytes() == p.read_bytes() for p in here.iterdir())


def test_another_seed_gives_another_world() -> None:
    """The seed decides who lives there."""
    names = [[p.given_name for p in World.build(seed, people=60).people] for seed in (1, 2)]

    assert names[0] != names[1]


def test_default_world_is_the_size_of_the_demo(world: World) -> None:
    """1,500 people, fewer than 30,000 source records, about half of them receipt lines."""
    lines = sum(len(order.lines) for order in world.orders)
    others = sum(
        len(facts)
        for facts in (
            *(world.records, world.company_records, world.deals, world.tickets, world.surveys),
            *(world.reviews, world.usage, world.campaign_events, world.loyalty_entries),
            world.consents,
        )
    )

    assert len(world.people) == 1500
    assert 14_000 < lines < 20_000
    assert 25_000 < lines + others < 30_000


def test_one_crm_person_in_six_has_a_duplicate(world: World) -> None:
    """About 17 % of the people in the CRM have a second record there."""
    copies = Counter(record.person_id for record in world.presences("hubspot"))
    doubled = sum(count > 1 for count in copies.values()) / len(copies)

    assert 0.13 < doubled < 0.21


@pytest.mark.parametrize("system", [name for name in SYSTEMS if SYSTEMS[name].unique_email])
def test_systems_with_unique_emails_hold_no_email_twice(system: str) -> None:
    """An emulator that refuses a second contact with the same e-mail accepts the whole seed."""
    records = World.build(3, people=400, systems=(system,)).presences(system)
    emails = [record.email.lower() for record in records if record.email]

    assert len(emails) > 100
    assert len(set(emails)) == len(emails)


def test_household_members_share_contact_points_but_not_name_and_birth(world: World) -> None:
    """Whoever shares an e-mail or phone differs in given name and birth date, or only in age."""
    people = {person.person_id: person for person in world.people}
    homes = [h for h in world.households if h.shares_email or h.shares_phone]
    identities = [{(people[m].given_name, people[m].born) for m in h.members} for h in homes]
    shared = [set.intersection(*(set(people[m].emails) for m in h.members)) for h in homes]

    assert len(homes) > 100
    assert all(len(who) == len(h.members) for who, h in zip(identities, homes, strict=True))
    assert all(bool(mail) for mail, h in zip(shared, homes, strict=True) if h.shares_email)


def test_namesakes_and_twins_live_here(world: World) -> None:
    """Father and son share all names, twins share the birth date: the pairs that fool matchers."""
    people = {person.person_id: person for person in world.people}
    pairs = {
        kind: [tuple(people[m] for m in h.members) for h in world.households if h.kind == kind]
        for kind in ("namesakes", "twins")
    }

    assert len(pairs["namesakes"]) >= 5
    assert len(pairs["twins"]) >= 5
    assert all(a.given_name == b.given_name and a.born < b.born for a, b in pairs["namesakes"])
    assert all(a.given_name != b.given_name and a.born == b.born for a, b in pairs["twins"])


def test_a_quarter_of_receipt_lines_names_no_customer(world: World) -> None:
    """The share of unidentified lines is that of real exports, 25 %."""
    lines = [order.local_id for order in world.orders for _ in order.lines]

    assert 0.22 < lines.count("") / len(lines) < 0.28


def test_returns_reverse_a_line_of_an_earlier_purchase(world: World) -> None:
    """Each return names its receipt, comes later and gives back one of its lines."""
    bought = {order.order_id: order for order in world.orders}
    returns = [order for order in world.orders if order.return_of]
    origins = [bought[back.return_of] for back in returns]

    assert len(returns) > 100
    assert all(o.placed_at < b.placed_at for o, b in zip(origins, returns, strict=True))
    assert all(
        (back.lines[0].sku, -back.lines[0].amount) in {(line.sku, line.amount) for line in o.lines}
        for o, back in zip(origins, returns, strict=True)
    )


def test_every_fact_hangs_on_a_record_of_its_system_and_person() -> None:
    """No fact of any system names a record that is not there or is somebody else's."""
    world = World.build(2, people=300, systems=tuple(SYSTEMS))
    owner = {(record.system, record.local_id): record.person_id for record in world.records}
    facts: list[Attached] = [
        *world.deals,
        *world.tickets,
        *world.surveys,
        *world.reviews,
        *world.usage,
        *world.campaign_events,
        *world.loyalty_entries,
        *world.consents,
        *(order for order in world.orders if order.local_id),
    ]
    strays = [f for f in facts if owner.get((f.system, f.local_id)) != f.person_id]

    assert {fact.system for fact in facts} == set(SYSTEMS)
    assert strays == []


def test_ids_are_unique_within_a_system(world: World) -> None:
    """No system uses an id of one kind twice."""
    groups = {
        "records": [(r.system, r.local_id) for r in world.records],
        "orders": [(o.system, o.order_id) for o in world.orders],
        "tickets": [(t.system, t.ticket_id) for t in world.tickets],
        "surveys": [(s.system, s.response_id) for s in world.surveys],
        "consents": [(c.system, c.event_id) for c in world.consents],
        "points": [(e.system, e.entry_id) for e in world.loyalty_entries],
        "usage": [(e.system, e.event_id) for e in world.usage],
        "campaigns": [(e.system, e.event_id) for e in world.campaign_events],
    }

    assert {name: len(ids) - len(set(ids)) for name, ids in groups.items()} == dict.fromkeys(
        groups, 0
    )


def test_tickets_tell_a_story_in_order(world: World) -> None:
    """Created, first reply, solved: in this order, and a solved ticket was answered."""
    solved = [t for t in world.tickets if t.status == "solved"]

    assert {t.status for t in world.tickets} == {"open", "pending", "solved"}
    assert any(len(t.agents) > 2 for t in solved)
    assert any(t.reopens for t in solved)
    assert all(
        t.first_reply_at and t.solved_at and t.created_at < t.first_reply_at <= t.solved_at
        for t in solved
    )
    assert all(t.solved_at is None for t in world.tickets if t.status != "solved")


def test_scores_stay_on_their_scale_and_carry_comments(world: World) -> None:
    """Each instrument uses its own scale; more than half of the answers say something."""
    scales = {(s.instrument, s.scale_min, s.scale_max) for s in world.surveys}
    commented = sum(bool(s.comment) for s in world.surveys) / len(world.surveys)

    assert scales == {("NPS", 0, 10), ("CSAT", 1, 5), ("CES", 1, 7)}
    assert all(s.scale_min <= s.score <= s.scale_max for s in world.surveys)
    assert 0.5 < commented < 0.75


def test_hard_tickets_make_unhappy_answers(world: World) -> None:
    """Whoever was passed around scores support lower: there is something to find in the data."""
    hard = {t.ticket_id for t in world.tickets if len(t.agents) > 2 or t.reopens}
    asked = [s for s in world.surveys if s.touchpoint == "support" and s.instrument == "CSAT"]
    unhappy = {
        label: [s.score <= 2 for s in asked if (s.about in hard) == label]
        for label in (True, False)
    }
    shares = {label: sum(answers) / len(answers) for label, answers in unhappy.items()}

    assert shares[True] > shares[False] + 0.2


def test_nobody_is_mailed_after_unsubscribing(world: World) -> None:
    """The simulated newsletters respect the dated withdrawals of their own system."""
    unsubscribed = {
        e.local_id: e.happened_at for e in world.campaign_events if e.kind == "unsubscribed"
    }
    late = [
        e
        for e in world.campaign_events
        if e.kind == "sent" and e.happened_at > unsubscribed.get(e.local_id, world.end)
    ]

    assert len(unsubscribed) > 20
    assert late == []


def test_everything_happens_inside_the_period(world: World) -> None:
    """No order, ticket, answer or decision is later than the end of the world."""
    times = [
        *(order.placed_at for order in world.orders),
        *(ticket.updated_at for ticket in world.tickets),
        *(survey.answered_at for survey in world.surveys),
        *(event.decided_at for event in world.consents if event.decided_at),
        *(record.updated_at for record in world.records),
    ]

    assert max(times) <= world.end
    assert min(order.placed_at for order in world.orders).date() >= world.start


def test_another_system_leaves_the_records_of_the_others_alone() -> None:
    """Five systems today and eight tomorrow: what HubSpot holds stays the same."""
    few = World.build(4, people=200)
    many = World.build(4, people=200, systems=tuple(SYSTEMS))

    assert many.presences("hubspot") == few.presences("hubspot")
    assert few.systems == DEFAULT_SYSTEMS
    assert all(many.presences(system) for system in SYSTEMS)


def test_telephones_and_mailboxes_reach_nobody(world: World) -> None:
    """Numbers are valid but set aside for fiction, domains are reserved for documentation."""
    numbers = {number for person in world.people for number in person.phones}
    mails = {
        mail for person in world.people for mail in (*person.emails, person.work_email) if mail
    }
    valid = all(phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in numbers)

    assert valid
    assert all(number[4:8] in ("5550", "7010") for number in numbers)
    assert all(mail.rpartition(".example.")[2] in ("com", "net", "org") for mail in mails)


def test_unknown_system_is_refused_by_name() -> None:
    """A misspelt system is an error that lists what there is."""
    with pytest.raises(ValueError, match="unknown system 'hubspit'; a world can have: hubspot"):
        World.build(1, people=10, systems=("hubspit",))


@pytest.mark.parametrize("people", [0, MOST_PEOPLE + 1])
def test_number_of_people_is_checked(people: int) -> None:
    """More people than telephone numbers for fiction, or nobody at all, is refused."""
    with pytest.raises(ValueError, match=f"1 to {MOST_PEOPLE} people"):
        World.build(1, people=people)


def test_a_world_can_be_a_day_long_with_one_person() -> None:
    """The smallest world is a world."""
    world = World.build(1, people=1, start=date(2026, 2, 28), days=1)

    assert len(world.people) == 1
    assert (world.end.month, world.end.day) == (3, 1)
