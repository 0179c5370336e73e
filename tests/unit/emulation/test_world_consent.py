"""Consent in the simulated world: which withdrawals close a channel, and what changes later."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.emulation.world import World
from hub.emulation.world.consent import never_contact
from hub.emulation.world.model import ConsentEvent


@pytest.fixture(scope="module")
def world() -> World:
    return World.build(1, people=700)


def decision(
    kind: str, day: int | None, system: str = "hubspot", evidence: str = ""
) -> ConsentEvent:
    """A decision of the same person about newsletters on that day of May."""
    at = datetime(2026, 5, day, tzinfo=UTC) if day else None
    return ConsentEvent(
        system, "K1", "7", "p-1", "marketing", "email", kind, "a@b.example.com", at, evidence, ""
    )


@pytest.mark.parametrize(
    ("events", "closed"),
    [
        pytest.param([decision("grant", 1, evidence="form")], False, id="granted"),
        pytest.param([decision("deny", 1)], True, id="denied"),
        pytest.param(
            [decision("grant", 1, evidence="form"), decision("withdraw", 2)], True, id="withdrawn"
        ),
        pytest.param(
            [decision("grant", 3, "loyalty"), decision("withdraw", 2)], True, id="import-after"
        ),
        pytest.param(
            [decision("withdraw", 2), decision("grant", 3, "loyalty", "form")],
            False,
            id="human-act-after-in-another-system",
        ),
        pytest.param(
            [decision("withdraw", 3), decision("grant", 3, evidence="form")], True, id="tie"
        ),
        pytest.param(
            [decision("withdraw", None), decision("grant", 9, evidence="form")], True, id="undated"
        ),
    ],
)
def test_a_channel_is_closed_by_the_last_word(events: list[ConsentEvent], closed: bool) -> None:
    """A refusal stands unless a later human act with evidence takes it back, in any order."""
    assert bool(never_contact(events)) is closed
    assert bool(never_contact(reversed(events))) is closed


def test_systems_contradict_each_other(world: World) -> None:
    """Some people are granted in one system and withdrawn in another: a conflict to resolve."""
    forbidden = {(f.person_id, f.purpose, f.channel): f for f in never_contact(world.consents)}
    granted_elsewhere = [
        event
        for event in world.consents
        if event.decision == "grant"
        and (rule := forbidden.get((event.person_id, event.purpose, event.channel)))
        and not any(record.startswith(f"{event.system}/") for record in rule.records)
    ]

    assert len(granted_elsewhere) > 10
    assert any(rule.since is None for rule in forbidden.values())


def test_later_withdrawals_close_what_was_open(world: World) -> None:
    """Each later withdrawal is new: it forbids something that was allowed before."""
    before = {f.person_id for f in never_contact(world.consents) if f.channel == "email"}
    after = {
        f.person_id for f in never_contact(world.after_changes().consents) if f.channel == "email"
    }
    withdrawn = {c.consent.person_id for c in world.changes("withdrawal") if c.consent}

    assert withdrawn
    assert after - before == withdrawn


def test_later_changes_touch_existing_contacts_once(world: World) -> None:
    """Edits, merge and deletion name different records of the CRM; after them those are gone."""
    keys = {(record.system, record.local_id) for record in world.records}
    kinds = ("edited_contact", "merged_contact", "deleted_contact")
    changes = [change for kind in kinds for change in world.changes(kind)]
    touched = [name for c in changes for name in (c.local_id, c.merged_id) if name]
    left = {record.local_id: record for record in world.after_changes().presences("hubspot")}

    assert [change.kind for change in changes] == [kinds[0], kinds[0], kinds[1], kinds[2]]
    assert len(set(touched)) == len(touched)
    assert all(("hubspot", name) in keys for name in touched)
    assert len(left) == len(world.presences("hubspot")) - 2
    assert all(left[c.local_id] == c.presence for c in world.changes("edited_contact"))
