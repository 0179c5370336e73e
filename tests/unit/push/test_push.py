"""Pushing: only what changed, only what may leave, once, with a way back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from hub.core import boundary
from hub.core.connector import OutField
from hub.core.errors import HubError, NotFound, StopRun, Unavailable
from hub.privacy.gate import Gate
from hub.store import leases, ledger, schema


def rows(desk, table):
    with desk.store.read() as connection:
        return connection.execute(select(table)).all()


def stop_at(name):
    def die(reached):
        if reached == name:
            raise KeyboardInterrupt

    return die


def approve_and_die(desk, where):
    """Plan, approve, and be killed at a boundary; returns the plan's id."""
    plan = desk.pusher.plan(desk.destination)
    boundary.listen(stop_at(where))
    try:
        with pytest.raises(KeyboardInterrupt):
            desk.pusher.approve(plan.plan_id, {desk.destination.key: desk.destination})
    finally:
        boundary.listen(None)
    return plan.plan_id


def test_a_first_connection_only_observes(desk):
    """Without an approved plan nothing is written, however often the hub runs."""
    desk.profile(1, name="Ada")

    assert desk.pusher.keep_up(desk.destination) is None
    assert desk.shop.effects == []


def test_a_plan_shows_each_field_and_what_is_withheld(desk):
    """The diff has old and new value; the marketing field is withheld for want of consent."""
    desk.profile(1, name="Ada", nps=9, offer="tea")
    desk.shop.records["1"]["cx_name"] = "Eda"

    plan = desk.pusher.plan(desk.destination)

    assert [(d.field, d.before, d.after) for d in plan.diffs] == [
        ("cx_name", "Eda", "Ada"),
        ("cx_nps", None, 9),
    ]
    assert dict(plan.withheld) == {"marketing: no consent on record": 1}
    assert desk.shop.effects == []


def test_an_approved_plan_is_written_once(desk):
    """Three records in two batches, a disclosure and a leaf each; a second run sends nothing."""
    for rid in (1, 2, 3):
        desk.profile(rid, name=f"Name {rid}", nps=rid)

    report = desk.approve_first()
    again = desk.pusher.keep_up(desk.destination)

    assert (report.counts["written"], report.calls) == (3, 2)
    assert sorted(desk.shop.effects) == ["1", "2", "3"]
    assert len(rows(desk, schema.disclosures)) == 3
    assert again.calls == 0
    assert len(rows(desk, schema.audit_leaves)) == 3


def test_a_batch_is_claimed_at_one_go_and_receipted_at_one_go(desk):
    """However many records there are in it, the outbox is asked to move them twice."""
    for rid in (1, 2, 3):
        desk.profile(rid, name=f"Name {rid}")
    desk.shop.bad = {"2"}
    desk.destination = replace(desk.destination, writer=replace(desk.destination.writer, batch=3))
    moved = []

    def note(_conn, _cursor, statement, parameters, *_):
        if statement.startswith("UPDATE outbox"):
            moved.append(len(parameters))

    event.listen(desk.store.engine, "before_cursor_execute", note)
    desk.approve_first()
    event.remove(desk.store.engine, "before_cursor_execute", note)

    assert moved == [3, 3]
    statuses = {row.rid: row.status for row in rows(desk, schema.outbox)}
    assert statuses == {1: "done", 2: "refused", 3: "done"}


def test_only_the_changed_field_is_sent(desk):
    """A new revision with one new value writes one field."""
    desk.profile(1, name="Ada", nps=9)
    desk.approve_first()

    desk.profile(1, revision=2, name="Ada", nps=3)
    plan = desk.pusher.plan(desk.destination)

    assert [(d.field, d.after) for d in plan.diffs] == [("cx_nps", 3)]


def test_absent_is_not_null(desk):
    """A value that the hub no longer has leaves the system's value alone."""
    desk.profile(1, name="Ada", nps=9)
    desk.approve_first()

    desk.profile(1, revision=2, name="Ada")
    desk.pusher.keep_up(desk.destination)

    assert desk.shop.records["1"]["cx_nps"] == "9"


def test_a_list_that_has_become_empty_is_cleared(desk):
    """Known to be empty is not absent; where nothing ever stood, nothing is sent."""
    desk.profile(1, name=["regular", "vip"])
    desk.profile(2, name=[], nps=9)
    desk.approve_first()
    held = desk.shop.records["1"]["cx_name"]

    desk.profile(1, revision=2, name=[])
    desk.pusher.keep_up(desk.destination)

    assert (held, desk.shop.records["1"]["cx_name"]) == ("regular; vip", "")
    assert "cx_name" not in desk.shop.records["2"]


def test_a_withdrawal_between_plan_and_claim_is_obeyed(desk):
    """Planned under consent, withdrawn before the send: the field stays home."""
    desk.profile(1, name="Ada", offer="tea")
    desk.consent(1, "grant", 10)
    plan = desk.pusher.plan(desk.destination)
    assert {d.field for d in plan.diffs} == {"cx_name", "cx_offer"}

    desk.consent(1, "withdraw", 20)
    desk.pusher.approve(plan.plan_id, {desk.destination.key: desk.destination})

    assert desk.shop.records["1"] == {"name": "own", "cx_name": "Ada"}


def test_a_withdrawal_while_the_system_is_read_is_obeyed(desk):
    """The claim judges in its own transaction, not with what it knew before it read."""
    desk.profile(1, name="Ada", offer="tea")
    desk.consent(1, "grant", 10)
    plan = desk.pusher.plan(desk.destination)

    def read_slowly(ctx, ids, names):
        if not rows(desk, schema.consent_events)[1:]:
            desk.consent(1, "withdraw", 20)
        return desk.shop.read(ctx, ids, names)

    slow = replace(desk.destination, writer=replace(desk.destination.writer, read=read_slowly))
    desk.pusher.approve(plan.plan_id, {slow.key: slow})

    assert desk.shop.records["1"] == {"name": "own", "cx_name": "Ada"}


def test_one_bad_record_never_sinks_the_batch(desk):
    """The refused record fails with the system's reason, the other is written."""
    desk.profile(1, name="Ada")
    desk.profile(2, name="Bob")
    desk.shop.bad = {"1"}

    report = desk.approve_first()

    assert (report.counts["written"], report.counts["failed"]) == (1, 1)
    assert report.errors == {"refused": 1}


def test_a_failed_record_is_not_remembered_as_done(desk):
    """It may pass later: the next run tries it again."""
    desk.profile(1, name="Ada")
    desk.shop.bad, desk.shop.busy = {"1"}, True
    desk.approve_first()

    desk.shop.bad = set()
    report = desk.pusher.keep_up(desk.destination)

    assert report.counts["written"] == 1


@pytest.mark.parametrize("where", ["outbox claimed", "response received"])
def test_a_kill_around_the_send_has_one_effect(desk, where):
    """Claimed but not sent, or sent but not receipted: read back first, then exactly one effect."""
    desk.profile(1, name="Ada")
    approve_and_die(desk, where)

    desk.pusher.keep_up(desk.destination)

    assert desk.shop.effects == ["1"]
    assert [row.status for row in rows(desk, schema.outbox)] == ["done"]
    assert len(rows(desk, schema.disclosures)) == 1


def test_a_system_that_says_nothing_is_read_back(desk):
    """No result for a record is an unknown outcome: what arrived is done, and disclosed."""
    desk.profile(1, name="Ada")
    desk.shop.mute = True

    report = desk.approve_first()

    assert desk.shop.effects == ["1"]
    assert report.counts["written"] == 1
    assert len(rows(desk, schema.disclosures)) == 1
    assert desk.pusher.keep_up(desk.destination).calls == 0


def test_undo_restores_what_stood_there(desk):
    """Old value back, new field cleared; the destination asks again before the next write."""
    desk.profile(1, name="Ada", nps=9)
    desk.shop.records["1"]["cx_name"] = "Eda"
    report = desk.approve_first()

    undone = desk.undo(report.plan_id)

    assert undone.counts == {"restored": 1}
    assert desk.shop.records["1"] == {"name": "own", "cx_name": "Eda", "cx_nps": ""}
    assert desk.pusher.keep_up(desk.destination) is None


def test_undo_keeps_what_somebody_else_changed_since(desk):
    """A value edited after the push belongs to its editor."""
    desk.profile(1, name="Ada")
    report = desk.approve_first()
    desk.shop.records["1"]["cx_name"] = "Edited"

    undone = desk.undo(report.plan_id)

    assert undone.counts == {"kept": 1}
    assert desk.shop.records["1"]["cx_name"] == "Edited"


def test_a_plan_is_sent_or_undone_only_once(desk):
    """A sent plan cannot be approved again, nor an undone one undone."""
    desk.profile(1, name="Ada")
    report = desk.approve_first()

    with pytest.raises(NotFound, match="is sent"):
        desk.pusher.approve(report.plan_id, {desk.destination.key: desk.destination})
    desk.undo(report.plan_id)
    with pytest.raises(NotFound, match="is undone"):
        desk.undo(report.plan_id)


def test_a_system_that_swallows_a_record_is_not_asked_for_ever(desk):
    """No answer and no effect, three times: failed, and nothing is remembered as written."""
    desk.profile(1, name="Ada")
    desk.shop.write = lambda _ctx, _batch: []
    destination = replace(
        desk.destination, writer=replace(desk.destination.writer, write=desk.shop.write)
    )
    plan = desk.pusher.plan(destination)

    report = desk.pusher.approve(plan.plan_id, {destination.key: destination})

    assert (report.calls, report.counts["failed"]) == (3, 1)
    assert rows(desk, schema.pushed_fields) == rows(desk, schema.disclosures) == []


def test_a_record_that_is_missing_there_is_not_remembered_as_pushed(desk):
    """It is not in the system yet; once it is, it gets its profile."""
    desk.profile(1, name="Ada")
    hidden = desk.shop.records.pop("1")
    report = desk.approve_first()
    assert report.calls == 0

    desk.shop.records["1"] = hidden
    desk.pusher.keep_up(desk.destination)

    assert desk.shop.records["1"]["cx_name"] == "Ada"


def test_what_was_sent_before_a_withdrawal_is_disclosed(desk):
    """Sent, killed, then withdrawn: the field is on the disclosure list and named as overtaken."""
    desk.profile(1, name="Ada", offer="tea")
    desk.consent(1, "grant", 10)
    approve_and_die(desk, "response received")

    desk.consent(1, "withdraw", 20)
    desk.pusher.keep_up(desk.destination)

    [disclosed] = rows(desk, schema.disclosures)
    assert b"cx_offer" in disclosed.fields
    [leaf] = rows(desk, schema.audit_leaves)
    assert b'"overtaken":"cx_offer"' in leaf.body
    assert desk.shop.effects == ["1"]


def test_a_profile_that_moved_on_after_a_kill_is_sent_again(desk):
    """The old value had arrived: it is disclosed as sent, and the new one follows."""
    desk.profile(1, name="Ada")
    approve_and_die(desk, "response received")

    desk.profile(1, revision=2, name="Adele")
    desk.pusher.keep_up(desk.destination)

    assert desk.shop.records["1"]["cx_name"] == "Adele"
    assert desk.shop.effects == ["1", "1"]
    assert len(rows(desk, schema.disclosures)) == 2


def test_an_approved_plan_writes_its_own_fields_only(desk):
    """A value that appeared after the plan was read waits for the next plan."""
    desk.profile(1, name="Ada")
    plan = desk.pusher.plan(desk.destination)

    desk.profile(1, revision=2, name="Ada", nps=9)
    desk.pusher.approve(plan.plan_id, {desk.destination.key: desk.destination})

    assert "cx_nps" not in desk.shop.records["1"]
    assert [d.field for d in desk.pusher.plan(desk.destination).diffs] == ["cx_nps"]


@pytest.mark.parametrize("error", [Unavailable("down"), TypeError("a defect of the writer")])
def test_a_broken_system_does_not_stop_the_run(desk, error):
    """Whatever the writer raises is in the report; the plan is finished when the system is back."""
    desk.profile(1, name="Ada")
    desk.approve_first()
    desk.profile(1, revision=2, name="Adele")
    desk.shop.broken = error

    report = desk.pusher.keep_up(desk.destination)

    assert isinstance(report.stopped, HubError)
    desk.shop.broken = None
    assert desk.pusher.keep_up(desk.destination).counts["written"] == 1
    assert desk.shop.records["1"]["cx_name"] == "Adele"


def test_a_system_that_cannot_be_read_does_not_stop_the_run(desk):
    """Planning fails: the report says so, and other destinations go on."""
    desk.profile(1, name="Ada")
    desk.approve_first()
    desk.profile(1, revision=2, name="Adele")

    def read(_ctx, _ids, _names):
        raise Unavailable("down")

    broken = replace(desk.destination, writer=replace(desk.destination.writer, read=read))

    assert isinstance(desk.pusher.keep_up(broken).stopped, Unavailable)


def test_an_undo_that_the_system_refuses_can_be_repeated(desk):
    """The first attempt fails, the plan stays open, the second one restores."""
    desk.profile(1, name="Ada")
    report = desk.approve_first()
    desk.shop.bad = {"1"}
    assert desk.undo(report.plan_id).counts == {"failed": 1}

    desk.shop.bad = set()
    undone = desk.undo(report.plan_id)

    assert undone.counts == {"restored": 1}
    assert desk.shop.records["1"]["cx_name"] == ""


def test_undo_takes_back_what_arrived_without_a_receipt(desk):
    """Killed after the effect: undo finds it by reading back; what was never sent stays home."""
    for rid in (1, 2, 3):
        desk.profile(rid, name=f"Name {rid}")
    plan_id = approve_and_die(desk, "response received")

    undone = desk.undo(plan_id)

    assert undone.counts == {"restored": 2}
    assert [desk.shop.records[n].get("cx_name") for n in "123"] == ["", "", None]
    assert {row.status for row in rows(desk, schema.outbox)} == {"undone"}


def test_what_an_unfinished_plan_did_is_in_the_report(desk):
    """The run that finishes an earlier plan tells about its records, too."""
    desk.profile(1, name="Ada")
    approve_and_die(desk, "outbox claimed")

    assert desk.pusher.keep_up(desk.destination).counts["written"] == 1


def test_another_brands_permission_is_not_this_ones(desk):
    """The customer agreed to offers of a hub without brands; this destination is a brand's."""
    desk.profile(1, offer="tea")
    desk.consent(1, "grant", 10)

    plan = desk.pusher.plan(replace(desk.destination, brand="acme"))

    assert plan.diffs == ()


def test_a_list_of_addresses_leaves_only_under_grants_for_all(desk):
    """One of two e-mails is permitted: the field with both is withheld."""
    field = OutField("cx_emails", "who.emails", "marketing")
    desk.profile(1, emails=["ada@home.example", "ada@work.example"])
    desk.consent(1, "grant", 10, point=desk.pusher.keys.point("email", "ada@home.example"))

    plan = desk.pusher.plan(replace(desk.destination, fields=(field,)))

    assert plan.diffs == ()


def test_the_lease_outlives_a_long_wait_for_the_vendor(desk, clock, renewals):
    """The shop answers after minutes; meanwhile nobody else can take over."""
    desk.profile(1, name="Ada")

    def slowly(ctx, batch):
        clock.sleep(10 * leases.LEASE_SECONDS)
        renewals()
        with pytest.raises(StopRun):
            leases.acquire(desk.store, "push:shop/profile", holder="elsewhere:1")
        return desk.shop.write(ctx, batch)

    writer = replace(desk.destination.writer, write=slowly)
    desk.destination = replace(desk.destination, writer=writer)

    assert desk.approve_first().counts == {"written": 1}


@pytest.mark.postgres
def test_no_withdrawal_commits_between_gate_and_claim(desk_on_postgres, monkeypatch):
    """From the gate's look at the ledger to the commit of the claim, nobody can append to it."""
    desk = desk_on_postgres
    desk.profile(1, offer="tea")
    desk.consent(1, "grant", 10)
    locked_out = []
    judge = Gate.judge

    def judge_and_withdraw(*args, **kwargs):
        with desk.store.engine.connect() as connection, connection.begin():
            connection.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
            try:
                ledger.may_change(connection)
            except OperationalError:
                locked_out.append(True)
        return judge(*args, **kwargs)

    plan = desk.pusher.plan(desk.destination)
    monkeypatch.setattr(Gate, "judge", judge_and_withdraw)
    desk.pusher.approve(plan.plan_id, {desk.destination.key: desk.destination})

    assert locked_out == [True]
