"""Reading an emulated account over HTTP, through the sync engine, into a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from connectors.zendesk.connector import ZENDESK
from connectors.zendesk.emulator import ZendeskEmulator, create
from connectors.zendesk.emulator.access import APP
from connectors.zendesk.emulator.account import OWNER_ID
from hub.core.clock import ManualClock
from hub.core.errors import BudgetExhausted, NeedsReauth, StopRun
from hub.core.secrets import Secret
from hub.emulation.world import World
from hub.sync.pull import StreamReport
from hub.testing.scripted import ScriptedServer, scripted

ALL = ("users", "organizations", "tickets", "comments", "survey_responses", "user_consents")
Connect = Callable[..., Any]


@pytest.fixture
def connect(connect_hub: Connect) -> Connect:
    """Connects a hub to an account, with settings as for ``connect_hub``."""
    return lambda emulator, **settings: connect_hub(ZENDESK, emulator, **settings)


@pytest.fixture
def hub(connect: Connect, emulator: ZendeskEmulator) -> Any:
    """A hub connected to an account in which there is nobody but its owner."""
    return connect(emulator)


@pytest.fixture
def full_hub(connect: Connect, clock: ManualClock, world: World) -> Any:
    """A hub connected to an account that holds the simulated world, in pages of 40."""
    return connect(filled(clock, world))


def filled(clock: ManualClock, world: World, **options: Any) -> ZendeskEmulator:
    clock.sleep((world.end - clock.now()).total_seconds() + 3_600)
    emulator = create(clock=clock, **{"export_page": 40, "plan": "unmetered", **options})
    emulator.seed(world)
    return emulator


def add_users(hub: Any, count: int, **values: object) -> list[str]:
    """Ids of new users that an agent enters; the export shows them a minute later."""
    made = []
    for number in range(count):
        properties = {"name": f"P{number}", "email": f"p{number}@example.com", **values}
        made.append(str(hub.mutate("create", "users", properties=properties)["id"]))
    hub.clock.sleep(120)
    return made


def edit(hub: Any, user: str, **values: object) -> None:
    hub.mutate("update", "users", id=user, properties=values)
    hub.clock.sleep(120)


def requests(hub: Any, text: str) -> int:
    return sum(count for call, count in hub.emulator.calls.counts().items() if text in call)


CURSOR = "/api/v2/incremental/users/cursor"


@contextmanager
def played() -> Iterator[ScriptedServer]:
    """An account that is played by hand; it signs in everybody and has no deleted users."""
    with scripted() as server:
        server.then(body={"access_token": "t", "expires_in": 1800}, at="/oauth/tokens")
        gone = {"deleted_users": [], "meta": {"has_more": False}}
        yield server.then(body=gone, at="/api/v2/deleted_users")


def export(cursor: str, *, end: bool) -> dict[str, object]:
    return {"users": [], "after_cursor": cursor, "end_of_stream": end}


# --- what arrives ----------------------------------------------------------------------------


def test_the_first_read_brings_what_the_account_holds(full_hub: Any) -> None:
    """Every live record of every stream, no other, none in quarantine."""
    report = full_hub.sync()

    assert [stream.error for stream in report.streams] == [None] * 7
    assert report.counts.quarantined == 0
    for name in ALL:
        assert set(full_hub.records(name)) == set(full_hub.emulator.live_ids(name)), name


def test_values_arrive_as_the_account_shows_them(full_hub: Any) -> None:
    """Names, addresses and numbers of all users equal the emulator's own books."""
    held = {
        str(entry.id): (entry.body["name"], entry.body.get("email"), entry.body.get("phone"))
        for entry in full_hub.emulator.account.table("users").live()
    }

    full_hub.pull("users")

    read = {
        key: (person.full_name, *(person.emails or [None])[:1], *(person.phones or [None])[:1])
        for key, person in full_hub.records("users").items()
    }
    assert read == held


@pytest.mark.parametrize("listed", [True, False], ids=["beside", "inside"])
def test_metrics_come_with_the_tickets(
    connect: Connect, clock: ManualClock, world: World, listed: bool
) -> None:
    """First reply, reopenings and stations of every ticket, on later pages too, in no call more."""
    hub = connect(filled(clock, world, listed_metrics=listed, export_page=8))
    metrics = hub.emulator.account.metrics

    report = hub.pull("tickets")

    tickets = hub.records("tickets")
    assert report.pages > 1
    assert requests(hub, "/api/v2/") == report.pages
    assert {
        key: (each.reopens, each.assignee_stations, each.replies) for key, each in tickets.items()
    } == {
        key: tuple(metrics[int(key)][name] for name in ("reopens", "assignee_stations", "replies"))
        for key in tickets
    }
    assert any(ticket.first_reply_seconds for ticket in tickets.values())


def test_comments_cost_no_call_per_ticket(full_hub: Any) -> None:
    """Every comment is there, with few calls, on its ticket, by whom it was."""
    held = full_hub.emulator.live_ids("comments")
    requesters = {
        str(entry.id): str(entry.body["requester_id"])
        for entry in full_hub.emulator.account.table("tickets").live()
    }

    report = full_hub.pull("comments")

    messages = full_hub.records("comments")
    assert set(messages) == set(held)
    assert requests(full_hub, "/api/v2/") <= 3 * report.pages
    for message in messages.values():
        assert message.party.id == requesters[message.ticket]
        assert message.direction == ("in" if message.author == message.party.id else "out")
    assert {message.direction for message in messages.values()} == {"in", "out"}


@pytest.mark.parametrize(
    ("feedback", "has", "lacks"),
    [
        ("legacy", "satisfaction_ratings", "survey_responses"),
        ("surveys", "survey_responses", "satisfaction_ratings"),
    ],
)
def test_the_account_has_one_kind_of_csat(
    connect: Connect, clock: ManualClock, world: World, feedback: str, has: str, lacks: str
) -> None:
    """Answers come on their scale; the other kind says that it is not on this plan."""
    hub = connect(filled(clock, world, feedback=feedback))

    there, missing = hub.pull(has), hub.pull(lacks)

    answers = hub.records(has)
    assert (there.error, missing.error, missing.counts.read) == (None, None, 0)
    assert set(answers) == set(hub.emulator.live_ids(has))
    assert all(
        answer.scale_min <= answer.score <= answer.scale_max
        for answer in answers.values()
        if answer.score is not None
    )
    assert any(f"{lacks}: not on this plan" in line for line in hub.told)


def test_an_unchanged_account_stores_nothing(full_hub: Any) -> None:
    """A second run, incremental or full, stores no row and deletes none."""
    first = full_hub.sync()

    assert [stream.error for stream in first.streams] == [None] * 7
    for full in (False, True):
        counts = full_hub.sync(full=full).counts
        assert (counts.stored, counts.deleted, counts.events) == (0, 0, 0)


def test_a_second_run_reads_no_more_than_the_overlap(full_hub: Any) -> None:
    """By cursor nothing is read again; by time what lies within the look-back."""
    full_hub.sync()

    again = {stream.stream: stream.counts.read for stream in full_hub.sync().streams}

    assert (again["users"], again["tickets"], again["user_consents"]) == (0, 0, 0)
    assert again["organizations"] + again["comments"] <= 6


def test_the_cursor_is_the_only_state(connect_hub: Connect, emulator: ZendeskEmulator) -> None:
    """However long the hub slept, it asks from the cursor on: no start, no clock."""
    with played() as server:
        for cursor in ("c1", "c2"):
            server.then(body=export(cursor, end=True), at=CURSOR)
        hub = connect_hub(ZENDESK, emulator, base_url=server.url)
        hub.pull("users")
        hub.clock.sleep(86_400)

        hub.pull("users")

    first, later = (str(each) for each in server.requests() if CURSOR in each)
    assert first == f"GET {CURSOR}?start_time=0&include=identities"
    assert later == f"GET {CURSOR}?cursor=c1&include=identities"


# --- what usually goes missing ---------------------------------------------------------------


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


# --- consent ---------------------------------------------------------------------------------

NEWSLETTER = {"field": "newsletter", "decided": "newsletter_at", "purpose": "marketing"}


@pytest.fixture
def newsletter_hub(connect: Connect, emulator: ZendeskEmulator) -> Any:
    """An account whose users have a checkbox for a newsletter, and when they decided."""
    hub = connect(emulator, consents=[NEWSLETTER])
    ctx_fields = [("newsletter", "checkbox"), ("newsletter_at", "date")]
    for key, kind in ctx_fields:
        body = {"user_field": {"key": key, "type": kind, "title": key}}
        hub.ctx.wire.post("/api/v2/user_fields", json=body)
    return hub


def test_a_ticked_box_grants_and_a_dated_untick_withdraws(newsletter_hub: Any) -> None:
    """Both reach the ledger for that address; a box nobody touched says nothing."""
    hub = newsletter_hub
    [user] = add_users(hub, 1, user_fields={"newsletter": True, "newsletter_at": "2026-01-01"})
    add_users(hub, 1, email="untouched@example.com")
    hub.pull("user_consents")
    hub.emulator.mutate({"op": "consent", "id": user, "field": "newsletter", "value": False})
    change = {"op": "consent", "id": user, "field": "newsletter_at", "value": "2026-01-03"}
    hub.emulator.mutate(change)
    hub.clock.sleep(120)

    hub.pull("user_consents")

    events = hub.ledger()
    assert [event.decision for event in events] == ["grant", "withdraw"]
    assert {event.point for event in events} == {hub.keys.point("email", "p0@example.com")}


def test_a_changed_name_is_no_news_of_consent(newsletter_hub: Any) -> None:
    """The record of permissions holds permissions and points only."""
    hub = newsletter_hub
    [user] = add_users(hub, 1, user_fields={"newsletter": True})
    hub.pull("user_consents")
    edit(hub, user, name="Renamed")

    counts = hub.pull("user_consents").counts

    assert (counts.read, counts.stored) == (1, 0)


# --- trouble ---------------------------------------------------------------------------------


def test_a_token_that_expires_in_mid_pass_is_renewed_once(
    connect: Connect, clock: ManualClock, world: World
) -> None:
    """The second page meets an expired token; nothing is lost."""
    hub = connect(filled(clock, world))
    hub.strike({"kind": "expired_token", "path": "*/cursor", "at": [2], "times": 1})

    report = hub.pull("users")

    assert report.error is None
    assert set(hub.records("users")) == set(hub.emulator.live_ids("users"))
    assert requests(hub, "/oauth/tokens") == 2


def test_a_rotated_refresh_token_is_the_one_used_next(connect: Connect, clock: ManualClock) -> None:
    """Zendesk deletes the old pair at each renewal; three renewals in a row go through."""
    hub = connect(
        create(clock=clock, token_life=timedelta(minutes=30)),
        refresh_token=Secret.of(APP.refresh_token or ""),
    )
    for _ in range(3):
        assert hub.pull("users").error is None
        clock.sleep(3_600)

    assert requests(hub, "/oauth/tokens") == 3


@pytest.mark.parametrize("shape", ["absent", "zero", "seconds", "date"])
def test_a_429_is_waited_out(hub: Any, shape: str) -> None:
    """In every form of Retry-After: two refusals cost two waits and no record."""
    add_users(hub, 3)
    fault = {"kind": "rate_limited", "retry_after": shape, "seconds": 20, "times": 2}
    hub.strike({**fault, "path": "*/cursor"})

    report = hub.pull("users")

    asked = 40 if shape in ("seconds", "date") else 0
    assert report.counts.stored == 4
    assert sum("429" in reason for _, reason in hub.waits.told) == 2
    assert sum(hub.waits.seconds) >= asked - 2


def test_the_edge_says_429_in_its_own_shape(connect_hub: Connect, emulator: Any) -> None:
    """A body without Zendesk's error code is a refusal for haste all the same."""
    edge = {"detail": "Rate limited by Zendesk edge protection", "status": "429"}
    with played() as server:
        server.then(429, edge, at=CURSOR).then(body=export("c", end=True), at=CURSOR)

        hub = connect_hub(ZENDESK, emulator, base_url=server.url)
        report = hub.pull("users")

    assert report.error is None
    assert any("429" in reason for _, reason in hub.waits.told)


def test_a_wait_of_hours_stops_the_run_with_its_checkpoint(
    connect: Connect, clock: ManualClock
) -> None:
    """It is not waited for; the next run goes on where this one stopped."""
    hub = connect(create(clock=clock, export_page=10))
    add_users(hub, 24)
    fault = {"kind": "rate_limited", "retry_after": "seconds", "seconds": 32_400, "at": [2]}
    hub.strike({**fault, "path": "*/cursor"})

    first: StreamReport = hub.pull("users")
    hub.strike()
    clock.sleep(32_400)
    second = hub.pull("users").counts

    assert isinstance(first.error, BudgetExhausted)
    assert (first.status, first.counts.stored) == ("partial", 10)
    assert second.stored == 15


def test_an_export_keeps_to_its_own_budget(connect: Connect, clock: ManualClock) -> None:
    """Twenty pages a minute: the header is read, so that no request is refused."""
    hub = connect(create(clock=clock, export_page=10))
    for number in range(295):
        hub.mutate("create", "users", properties={"name": f"N{number}"})
    clock.sleep(120)

    report = hub.pull("users")

    assert (report.pages, report.counts.stored) == (30, 296)
    assert 429 not in {call.status for call in hub.emulator.calls.since()}
    assert any("cursor export" in reason for _, reason in hub.waits.told)


def test_a_killed_run_loses_one_page_at_most(connect: Connect, clock: ManualClock) -> None:
    """Killed after its second page is committed: the next run reads the rest and not the first."""
    hub = connect(create(clock=clock, export_page=10))
    add_users(hub, 34)

    def die(report: StreamReport) -> None:
        if report.pages == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hub.pull("users", on_page=die)
    clock.sleep(3_600)  # past the lease of the killed run
    rest = hub.pull("users").counts

    assert set(hub.records("users")) == set(hub.emulator.live_ids("users"))
    assert (rest.read, rest.stored) == (15, 15)


def test_a_field_that_appears_in_mid_pass_costs_nothing(
    connect: Connect, clock: ManualClock, world: World
) -> None:
    """Unknown keys are kept and change no record's meaning."""
    hub = connect(filled(clock, world))
    drift = {"kind": "schema_drift", "object_type": "users", "field": "drifted", "at": [2]}
    hub.strike({**drift, "path": "*/cursor"})

    report = hub.pull("users")

    assert (report.error, report.counts.quarantined) == (None, 0)
    assert set(hub.records("users")) == set(hub.emulator.live_ids("users"))


def test_an_agents_credential_stops_the_exports_only(
    connect: Connect, clock: ManualClock, world: World
) -> None:
    """The message says that an admin is needed; what an agent may see is read."""
    hub = connect(filled(clock, world, role="agent", feedback="legacy"))

    users, ratings = hub.pull("users"), hub.pull("satisfaction_ratings")

    assert isinstance(users.error, StopRun)
    assert "admin" in str(users.error)
    assert ratings.counts.stored > 0


@pytest.mark.parametrize("setting", ["client_secret", "refresh_token"])
def test_a_refused_credential_needs_a_person(
    connect: Connect, emulator: ZendeskEmulator, setting: str
) -> None:
    """It ends in NeedsReauth with the next step, without the secret."""
    hub = connect(emulator, **{setting: Secret.of("zd-wrong-9f8e7d6c")})

    error = hub.pull("users").error

    assert isinstance(error, NeedsReauth)
    assert "hub check --connect" in str(error)
    assert "zd-wrong" not in str(error)


def test_a_legacy_token_reads_and_is_warned_of(
    connect: Connect, emulator: ZendeskEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    """E-mail and token still work; every start names the day on which they will not."""
    legacy = emulator.legacy_settings("http://127.0.0.1")
    kept = {name: legacy[name] for name in ("email", "api_token")}

    hub = connect(emulator, client_id=None, client_secret=None, **kept)
    report = hub.pull("users")

    assert report.error is None
    assert "stops working on 2027-04-30" in (hub.ctx.wire.notice() or "")
    assert kept["api_token"].reveal() not in caplog.text


def test_an_export_that_turns_in_a_circle_is_an_error(connect_hub: Connect, emulator: Any) -> None:
    """A cursor that stays where it is, short of the end, stops the stream: no endless loop."""
    with played() as server:
        server.then(body=export("c", end=False), at=CURSOR)

        error = connect_hub(ZENDESK, emulator, base_url=server.url).pull("users").error

    assert isinstance(error, StopRun)
    assert "leads from a page to itself" in str(error)


def test_hands_and_reopenings_are_counted_as_agents_work(hub: Any) -> None:
    """Three assignees, solved once and opened again: as Zendesk measures it, and as it arrives."""
    requester = int(add_users(hub, 1)[0])
    asked = {"requester_id": requester, "subject": "Invoice twice", "text": "Why?"}
    ticket = str(hub.mutate("create", "tickets", properties=asked)["id"])

    for assignee, status in ((OWNER_ID, "open"), (7, "solved"), (8, "open")):
        hub.clock.sleep(3_600)
        work = {"assignee_id": assignee, "status": status}
        hub.mutate("update", "tickets", id=ticket, properties=work)
    hub.clock.sleep(120)
    hub.pull("tickets")

    found = hub.records("tickets")[ticket]
    assert (found.assignee_stations, found.reopens, found.is_unsolved) == (3, 1, True)
    assert found.solved_at is None
