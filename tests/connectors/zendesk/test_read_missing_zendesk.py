"""What usually goes missing when an account is read: plateaus, late commits, what is gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.zendesk.emulator import create
from hub.core.clock import ManualClock
from tests.connectors.zendesk.accounts import Connect, add_users, edit


@pytest.mark.parametrize("stream", ["users", "organizations"])
def test_a_plateau_beyond_the_page_is_read_whole(
    connect: Connect, clock: ManualClock, stream: str
) -> None:
    """More records of one second than a page holds are neither lost nor looped."""
    hub = connect(create(clock=clock, export_page=10))
    for number in range(35):
        hub.mutate("create", stream, properties={"name": f"N{number}"})
    clock.sleep(120)

    report = hub.pull(stream)

    assert report.error is None
    assert set(hub.records(stream)) == set(hub.emulator.live_ids(stream))
    assert report.counts.read == len(hub.records(stream))


def test_a_plateau_at_the_very_edge_is_read_whole(connect: Connect, clock: ManualClock) -> None:
    """A second that is just old enough to be shown, with nothing after it, ends the export."""
    hub = connect(create(clock=clock, export_page=10))
    for number in range(25):
        hub.mutate("create", "organizations", properties={"name": f"N{number}"})
    clock.sleep(60)

    report = hub.pull("organizations")

    assert (report.error, report.counts.stored) == (None, 25)


def test_a_record_that_commits_late_is_read(hub: Any) -> None:
    """A change stamped an hour before the cursor still comes: the order is Zendesk's own."""
    first, second = add_users(hub, 2)
    hub.clock.sleep(7_200)
    edit(hub, second, name="Now")
    hub.pull("users")
    stamp = (hub.clock.now() - timedelta(hours=1)).isoformat()
    change = {"id": first, "properties": {"name": "Late"}, "modified_at": stamp}
    hub.mutate("update", "users", **change)
    hub.clock.sleep(120)

    counts = hub.pull("users").counts

    assert counts.stored == 1
    assert hub.records("users")[first].full_name == "Late"


def test_an_organization_that_commits_late_is_looked_back_for(hub: Any) -> None:
    """An export by time knows only its time; the look-back of ten minutes finds the straggler."""
    made = [
        str(hub.mutate("create", "organizations", properties={"name": name})["id"])
        for name in ("First", "Second")
    ]
    hub.clock.sleep(3_600)
    hub.mutate("update", "organizations", id=made[1], properties={"notes": "now"})
    stamp = (hub.clock.now() - timedelta(minutes=8)).isoformat()
    hub.clock.sleep(120)
    hub.pull("organizations")
    change = {"properties": {"name": "Late"}, "modified_at": stamp}
    hub.mutate("update", "organizations", id=made[0], **change)
    hub.clock.sleep(120)

    hub.pull("organizations")

    assert hub.records("organizations")[made[0]].name == "Late"


def test_deleted_users_go_and_restored_ones_return(hub: Any) -> None:
    """The export names what is gone; what comes back is live again."""
    gone, kept = add_users(hub, 2)
    hub.pull("users")
    hub.mutate("archive", "users", id=gone)
    hub.clock.sleep(120)

    deleted = hub.pull("users").counts.deleted
    without = set(hub.records("users"))
    hub.mutate("restore", "users", id=gone)
    hub.clock.sleep(120)
    hub.pull("users")

    assert deleted == 1
    assert gone not in without
    assert {gone, kept} <= set(hub.records("users"))


def test_a_user_erased_for_good_between_two_runs_goes(hub: Any) -> None:
    """The list of deleted users names whom the export may not show any more."""
    gone, _ = add_users(hub, 2)
    hub.pull("users")
    hub.mutate("archive", "users", id=gone)
    hub.emulator.mutate({"op": "erase", "id": gone})

    counts = hub.pull("users").counts  # within the minute that the export leaves out

    assert counts.deleted == 1
    assert gone not in hub.records("users")


def test_a_deleted_ticket_goes(full_hub: Any) -> None:
    """It comes once more with the status deleted, and takes its facts with it."""
    full_hub.pull("tickets")
    gone = min(full_hub.emulator.live_ids("tickets"))
    full_hub.mutate("archive", "tickets", id=gone)
    full_hub.clock.sleep(120)

    counts = full_hub.pull("tickets").counts

    assert (counts.deleted, counts.quarantined) == (1, 0)
    assert gone not in full_hub.records("tickets")


def test_a_merged_user_leaves_and_the_survivor_stays(hub: Any) -> None:
    """Zendesk shows the loser as inactive, and says nothing of the winner."""
    winner, loser = add_users(hub, 2)
    hub.pull("users")
    hub.mutate("merge", "users", id=winner, other=loser)
    hub.clock.sleep(120)

    counts = hub.pull("users").counts

    assert counts.deleted == 1
    assert winner in hub.records("users")
    assert loser not in hub.records("users")


def test_an_organization_that_is_gone_is_noticed(hub: Any) -> None:
    """The export does not name it; the list of those that are there does."""
    made = [
        str(hub.mutate("create", "organizations", properties={"name": f"O{n}"})["id"])
        for n in range(120)
    ]
    hub.clock.sleep(120)
    hub.pull("organizations")
    hub.mutate("archive", "organizations", id=made[7])

    counts = hub.pull("organizations").counts

    assert counts.deleted == 1
    assert set(hub.records("organizations")) == {*made} - {made[7]}


def test_what_has_just_changed_is_not_taken_for_gone(hub: Any) -> None:
    """A full pass within the minute that the exports leave out deletes nobody."""
    users = add_users(hub, 5)
    made = str(hub.mutate("create", "organizations", properties={"name": "Acme"})["id"])
    hub.clock.sleep(120)
    hub.sync("users", "organizations")
    hub.mutate("update", "users", id=users[0], properties={"name": "Now"})
    hub.mutate("update", "organizations", id=made, properties={"name": "Now"})

    counts = hub.sync("users", "organizations", full=True).counts

    assert counts.deleted == 0
    assert users[0] in hub.records("users")
    assert made in hub.records("organizations")
