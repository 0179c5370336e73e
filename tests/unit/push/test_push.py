"""Pushing: only what changed, only what may leave, once, with a way back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from hub.core import boundary
from hub.core.errors import NotFound
from hub.store import schema


def rows(desk, table):
    with desk.store.read() as connection:
        return connection.execute(select(table)).all()


def stop_at(name):
    def die(reached):
        if reached == name:
            raise KeyboardInterrupt

    return die


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


def test_a_withdrawal_between_plan_and_claim_is_obeyed(desk):
    """Planned under consent, withdrawn before the send: the field stays home."""
    desk.profile(1, name="Ada", offer="tea")
    desk.consent(1, "grant", 10)
    plan = desk.pusher.plan(desk.destination)
    assert {d.field for d in plan.diffs} == {"cx_name", "cx_offer"}

    desk.consent(1, "withdraw", 20)
    desk.pusher.approve(plan.plan_id, {desk.destination.key: desk.destination})

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
    """The next run tries it again."""
    desk.profile(1, name="Ada")
    desk.shop.bad = {"1"}
    desk.approve_first()

    desk.shop.bad = set()
    report = desk.pusher.keep_up(desk.destination)

    assert report.counts["written"] == 1


@pytest.mark.parametrize("where", ["outbox claimed", "response received"])
def test_a_kill_around_the_send_has_one_effect(desk, where):
    """Claimed but not sent, or sent but not receipted: read back first, then exactly one effect."""
    desk.profile(1, name="Ada")
    plan = desk.pusher.plan(desk.destination)
    boundary.listen(stop_at(where))
    try:
        with pytest.raises(KeyboardInterrupt):
            desk.pusher.approve(plan.plan_id, {desk.destination.key: desk.destination})
    finally:
        boundary.listen(None)

    desk.pusher.keep_up(desk.destination)

    assert desk.shop.effects == ["1"]
    assert [row.status for row in rows(desk, schema.outbox)] == ["done"]
    assert len(rows(desk, schema.disclosures)) == 1


def test_a_system_that_says_nothing_is_read_back(desk):
    """No result for a record is an unknown outcome: it is settled by what the system holds."""
    desk.profile(1, name="Ada")
    desk.shop.mute = True

    desk.approve_first()

    assert desk.shop.effects == ["1"]


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
