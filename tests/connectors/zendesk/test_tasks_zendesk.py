"""Work and notes handed to agents: once, to nobody but agents, through lost answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.zendesk.connector import ZENDESK
from connectors.zendesk.emulator import ZendeskEmulator
from connectors.zendesk.emulator.access import API_USER
from connectors.zendesk.emulator.account import OWNER_ID
from connectors.zendesk.notes import NOTES
from connectors.zendesk.tasks import TAG, TASKS
from hub.core.connector import Note, RowResult, Task
from hub.core.errors import RetryLater

NOBODY = "999999999999"
DUE = datetime(2026, 11, 9, 17, tzinfo=UTC)
TASK = Task("case-7f3a", "", "Call back", "The parcel came broken.", DUE)

Send = Callable[..., dict[str, RowResult]]


@pytest.fixture
def hub(connect_hub: Callable[..., Any], emulator: ZendeskEmulator) -> Any:
    """A hub connected to an account with its owner, one customer and their ticket."""
    hub = connect_hub(ZENDESK, emulator)
    person = {"name": "Ada", "email": "ada@example.com", "verified": True}
    hub.customer = hub.mutate("create", "users", properties=person)["id"]
    asked = {"requester_id": int(hub.customer), "subject": "Broken", "text": "It came broken."}
    hub.ticket = hub.mutate("create", "tickets", properties=asked)["id"]
    hub.before = len(emulator.effects)
    return hub


@pytest.fixture
def send(hub: Any, released: Callable[..., Any]) -> Send:
    """Writes tasks or notes, and gives the results by key."""

    def written(*items: Task | Note) -> dict[str, RowResult]:
        creator: Any = TASKS if isinstance(items[0], Task) else NOTES
        return {row.trace: row for row in creator.write(hub.ctx, released(*items))}

    return written


@pytest.fixture
def task(hub: Any) -> Task:
    """A task about the customer."""
    return replace(TASK, native_id=hub.customer)


@pytest.fixture
def note(hub: Any) -> Note:
    """A note at the customer's ticket."""
    return Note("card-1", hub.ticket, "Ada. Two orders.\nChatted yesterday.")


def ticket(hub: Any, key: str | None) -> Mapping[str, Any]:
    body: Mapping[str, Any] = hub.emulator.account.record("tickets", int(key or 0)).body
    return body


def done(hub: Any) -> Sequence[tuple[str, str]]:
    return [(e.method, e.object) for e in hub.emulator.effects.since(hub.before)]


# --- tasks -----------------------------------------------------------------------------------


def test_a_task_is_a_ticket_that_only_agents_see(hub: Any, send: Send, task: Task) -> None:
    """Type, due date, key and link; the requester is the hub's own user, the comment internal."""
    result = send(task)[task.key]

    held = ticket(hub, result.reference)
    [comment] = [e for e in hub.emulator.account.table("comments").live()
                 if str(e.body["ticket_id"]) == result.reference]  # fmt: skip
    assert (held["type"], held["due_at"]) == ("task", "2026-11-09T17:00:00Z")
    assert (held["external_id"], held["requester_id"], held["tags"]) == (task.key, OWNER_ID, [TAG])
    assert comment.body["public"] is False
    assert f"/agent/users/{hub.customer}" in comment.body["body"]


def test_nobody_gets_e_mail_of_a_task_or_a_note(
    hub: Any, send: Send, task: Task, note: Note
) -> None:
    """Zendesk's standard triggers are on, and find nothing to tell a customer."""
    send(task)
    send(note)

    assert ("create", "emails") not in done(hub)
    assert done(hub) == [("create", "tickets"), ("create", "comments"), ("create", "comments")]


def test_the_emulator_does_send_e_mail_of_public_words(hub: Any) -> None:
    """The proof of silence means something: a public comment and a customer's ticket are told."""
    wire = hub.ctx.wire
    public = {"comment": {"body": "Hello"}, "requester_id": int(hub.customer)}

    wire.post("/api/v2/tickets", json={"ticket": public})
    wire.put(f"/api/v2/tickets/{hub.ticket}", json={"ticket": {"comment": {"body": "Hello"}}})

    assert done(hub).count(("create", "emails")) == 2


def test_a_task_written_twice_stands_once(hub: Any, send: Send, task: Task) -> None:
    """The second time finds it by its key and changes nothing, hours later too."""
    first = send(task)[task.key]
    hub.clock.sleep(86_400)
    before = len(hub.emulator.effects)

    again = send(task)[task.key]

    assert again == first
    assert len(hub.emulator.effects) == before


def test_a_task_takes_its_new_state(hub: Any, send: Send, task: Task) -> None:
    """Subject, due date and assignee follow; solved when done, open again when not."""
    key = send(task)[task.key].reference

    send(replace(task, subject="Call again", owner=API_USER.upper(), due_at=DUE.replace(day=10)))
    moved = dict(ticket(hub, key))
    send(replace(task, subject="Call again", done=True))
    solved = dict(ticket(hub, key))
    send(replace(task, subject="Call again"))

    assert (moved["subject"], moved["assignee_id"]) == ("Call again", OWNER_ID)
    assert moved["due_at"] == "2026-11-10T17:00:00Z"
    assert [solved["status"], ticket(hub, key)["status"]] == ["solved", "open"]


def test_a_task_nobody_took_is_solved_by_the_hubs_user(hub: Any, send: Send, task: Task) -> None:
    """Zendesk solves nothing without an assignee, be the task new or not."""
    taken = send(task)[task.key].reference

    over = send(replace(task, done=True), replace(task, key="case-2", done=True))

    assert [row.ok for row in over.values()] == [True, True]
    assert ticket(hub, taken)["assignee_id"] == OWNER_ID
    assert ticket(hub, over["case-2"].reference)["status"] == "solved"


def test_an_owner_who_is_no_agent_leaves_the_task_to_whoever_takes_it(
    hub: Any, send: Send, task: Task
) -> None:
    """A customer's address is nobody to assign work to."""
    result = send(replace(task, owner="ada@example.com"))[task.key]

    assert result.ok
    assert ticket(hub, result.reference)["assignee_id"] is None


def test_a_closed_ticket_ends_its_task(hub: Any, send: Send, task: Task) -> None:
    """Done is done; anything else is refused with Zendesk's reason, and not tried for ever."""
    key = send(task)[task.key].reference
    hub.mutate("update", "tickets", id=key, properties={"status": "closed"})

    over = send(replace(task, done=True))[task.key]
    moved = send(replace(task, subject="Other"))[task.key]

    assert over.ok
    assert (moved.ok, moved.retryable, moved.error) == (False, False, "RecordInvalid (status)")


def test_one_bad_task_sinks_no_batch(hub: Any, send: Send, task: Task) -> None:
    """Somebody who is not there, and an id that is none, fail alone and make no ticket."""
    stray = replace(task, key="case-x", native_id=NOBODY)
    odd = replace(task, key="case-y", native_id="me")

    results = send(stray, task, odd)

    assert {key: row.ok for key, row in results.items()} == {
        "case-x": False, task.key: True, "case-y": False,
    }  # fmt: skip
    assert done(hub).count(("create", "tickets")) == 1


@pytest.mark.parametrize("times", [1, None], ids=["asked-again", "gone-for-good"])
def test_a_lost_answer_to_a_task_leaves_one_ticket(
    hub: Any, send: Send, task: Task, times: int | None
) -> None:
    """The same request under the same key is the same ticket; ``find`` tells of it."""
    hub.ctx.wire.authenticate()
    hub.strike({"kind": "timeout_after_effect", "method": "POST", "times": times})

    with pytest.raises(RetryLater) if times is None else nullcontext():
        send(task)
    hub.strike()

    assert done(hub).count(("create", "tickets")) == 1
    assert TASKS.find(hub.ctx, [task, replace(task, key="case-0")]).keys() == {task.key}
    assert send(task)[task.key].ok
    assert done(hub).count(("create", "tickets")) == 1


def test_a_key_that_was_used_for_other_content_is_looked_up(
    hub: Any, send: Send, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zendesk refuses it for two hours: whether there is a ticket is to be found out."""
    send(task)
    monkeypatch.setattr("connectors.zendesk.tasks._standing", lambda api, key: None)

    result = send(replace(task, subject="Other"))[task.key]

    assert (result.ok, result.ambiguous) == (False, True)
    assert done(hub).count(("create", "tickets")) == 1


@pytest.mark.slow
def test_the_hubs_own_tickets_are_no_requests(hub: Any, send: Send, task: Task) -> None:
    """They come back in the export, with what agents say there, and are left out."""
    hub.sync("users", "tickets", "comments")
    own = send(task)[task.key].reference
    said = {"ticket_id": int(own), "author_id": OWNER_ID, "text": "Called her."}
    hub.mutate("create", "comments", properties=said)
    hub.clock.sleep(120)

    hub.sync("tickets", "comments")

    assert [*hub.records("tickets")] == [hub.ticket]
    assert {record.ticket for record in hub.records("comments").values()} == {hub.ticket}


# --- notes -----------------------------------------------------------------------------------


def test_a_note_is_an_internal_comment_that_stands_once(hub: Any, send: Send, note: Note) -> None:
    """Its last line names it; written again, also with another text, it is left as it is."""
    first = send(note)[note.key]
    again = send(note, replace(note, body="Another text."))[note.key]

    comment = hub.emulator.account.record("comments", int(first.reference)).body
    assert (comment["public"], comment["body"]) == (False, f"{note.body}\n\n(cxhub:card-1)")
    assert again == first
    assert done(hub) == [("create", "comments")]


def test_a_lost_answer_to_a_note_is_ambiguous_and_found(hub: Any, send: Send, note: Note) -> None:
    """It is not sent again blindly: the comments tell."""
    hub.strike({"kind": "timeout_after_effect", "method": "PUT", "times": 1})

    lost = send(note)[note.key]
    hub.strike()

    assert (lost.ok, lost.ambiguous) == (False, True)
    found = NOTES.find(hub.ctx, [note, Note("card-2", note.native_id, "x"), Note("n", NOBODY, "x")])
    assert found.keys() == {note.key}
    assert send(note)[note.key].reference == found[note.key]
    assert done(hub) == [("create", "comments")]


def test_one_bad_note_sinks_no_batch(hub: Any, send: Send, note: Note) -> None:
    """Tickets that are gone or closed fail alone, with a reason."""
    closed = hub.mutate("create", "tickets", properties={
        "requester_id": int(hub.customer), "subject": "Old", "text": "Old."})["id"]  # fmt: skip
    hub.mutate("update", "tickets", id=closed, properties={"status": "closed"})

    results = send(Note("a", NOBODY, "x"), Note("b", closed, "x"), note, Note("c", "x", "x"))

    assert {key: row.ok for key, row in results.items()} == {
        "a": False, "b": False, note.key: True, "c": False,
    }  # fmt: skip
    assert all(row.error for key, row in results.items() if key != note.key)


@pytest.mark.slow
def test_the_hubs_own_notes_are_no_messages(hub: Any, send: Send, note: Note) -> None:
    """A note comes back in the export of events and is left out; an agent's own is kept."""
    send(note)
    said = {"ticket_id": int(hub.ticket), "author_id": OWNER_ID, "text": "Nice.", "public": False}
    hub.mutate("create", "comments", properties=said)
    hub.clock.sleep(120)

    hub.sync("users", "tickets", "comments")

    assert sorted(str(m.text) for m in hub.records("comments").values()) == [
        "It came broken.", "Nice.",
    ]  # fmt: skip


def test_notes_say_nothing_of_the_first_reply(hub: Any, send: Send, note: Note) -> None:
    """What the hub tells agents is no answer to the customer."""
    send(note)

    metrics = hub.emulator.account.metrics[int(hub.ticket)]
    assert (metrics["replies"], metrics["reply_time_in_minutes"]["calendar"]) == (0, None)


# --- what the emulator refuses ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("ticket_values", "status", "code"),
    [
        ({"subject": "x"}, 422, "RecordInvalid"),
        ({"comment": {"body": " "}}, 422, "RecordInvalid"),
        ({"comment": "text"}, 400, None),
        ({"comment": {"body": "x"}, "type": "chore"}, 422, "RecordInvalid"),
        ({"comment": {"body": "x"}, "status": "closed"}, 422, "RecordInvalid"),
        ({"comment": {"body": "x"}, "status": "solved"}, 422, "RecordInvalid"),
        ({"comment": {"body": "x"}, "requester_id": 5}, 422, "RecordInvalid"),
        ({"comment": {"body": "x"}, "assignee_id": 5}, 422, "RecordInvalid"),
        ({"comment": {"body": "x"}, "subject": 5}, 400, None),
        ({"comment": {"body": "x"}, "type": "task", "due_at": "soon"}, 400, None),
        ({"comment": {"body": "x", "author_id": 5}}, 422, "RecordInvalid"),
    ],
    ids=["no-comment", "blank", "no-object", "type", "closed", "unassigned", "requester",
         "assignee", "no-text", "due", "author"],
)  # fmt: skip
def test_a_wrong_ticket_is_refused(
    wire: Any, ticket_values: Mapping[str, Any], status: int, code: str | None
) -> None:
    """Each with the vendor's status, and without an effect."""
    before = len(wire.emulator.effects)

    answer = wire.post("/tickets", {"ticket": ticket_values})

    assert answer.status_code == status, answer.text
    assert code in (None, answer.json().get("error"))
    assert len(wire.emulator.effects) == before


def test_an_idempotency_key_lives_two_hours(wire: Any) -> None:
    """Within them the same request is the first one, another is refused; then it is a new one."""
    ticket_values = {"ticket": {"comment": {"body": "x", "public": False}}}
    headers = {"Idempotency-Key": "k-1"}

    first = wire.post("/tickets", ticket_values, headers=headers)
    again = wire.post("/tickets", ticket_values, headers=headers)
    other = wire.post("/tickets", {"ticket": {"comment": {"body": "y"}}}, headers=headers)
    wire.emulator.clock.sleep(7_200)
    wire.token = str(wire.grant().json()["access_token"])
    later = wire.post("/tickets", ticket_values, headers=headers)

    said = [a.headers["x-idempotency-lookup"] for a in (first, again, later)]
    assert said == ["miss", "hit", "miss"]
    assert again.json()["ticket"]["id"] == first.json()["ticket"]["id"]
    assert (other.status_code, other.json()["error"]) == (400, "IdempotentRequestError")
    assert later.json()["ticket"]["id"] != first.json()["ticket"]["id"]


def test_a_ticket_takes_thirty_updates_in_ten_minutes(wire: Any) -> None:
    """The thirty-first has to wait, and says how long."""
    made = wire.post("/tickets", {"ticket": {"comment": {"body": "x", "public": False}}}).json()
    path = f"/tickets/{made['ticket']['id']}"

    answers = [wire.put(path, {"ticket": {"subject": f"s{n}"}}) for n in range(31)]

    assert [a.status_code for a in answers] == [200] * 30 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
