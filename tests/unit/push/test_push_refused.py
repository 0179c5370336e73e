"""Records that a system refuses for good: left alone until what would be written changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.push import refused


@pytest.fixture
def refusing(desk):
    """A shop that has refused Ada's record for good."""
    desk.profile(1, name="Ada")
    desk.shop.bad = {"1"}
    assert desk.approve_first().counts == {"failed": 1}
    return desk


def standing(desk):
    with desk.store.read() as connection:
        return refused.standing(connection)


@pytest.mark.parametrize("revision", [1, 2], ids=["nothing-new", "new-revision-same-content"])
def test_what_was_refused_for_good_is_left_alone(refusing, revision):
    """No call, nothing planned; plan and status count it with the system's reason."""
    refusing.profile(1, revision=revision, name="Ada")

    report = refusing.pusher.keep_up(refusing.destination)
    plan = refusing.pusher.plan(refusing.destination)

    assert (report.calls, report.counts) == (0, {})
    assert (plan.rows, plan.refused) == (0, {"refused": 1})
    assert standing(refusing) == {"shop/profile": [("refused", 1)]}


def test_other_records_are_written_meanwhile(refusing):
    """One that is refused stands in nobody's way."""
    refusing.profile(2, name="Bob")

    assert refusing.pusher.keep_up(refusing.destination).counts == {"written": 1}


def test_new_content_is_tried(refusing):
    """The name was corrected: written, and no longer counted as refused."""
    refusing.shop.bad = set()
    refusing.profile(1, revision=2, name="Adele")

    report = refusing.pusher.keep_up(refusing.destination)

    assert (report.counts, standing(refusing)) == ({"written": 1}, {})


def test_new_content_that_is_refused_is_counted_once(refusing):
    """The older refusal stands no more."""
    refusing.profile(1, revision=2, name="Adele")

    assert refusing.pusher.keep_up(refusing.destination).counts == {"failed": 1}
    assert standing(refusing) == {"shop/profile": [("refused", 1)]}


def test_what_is_no_longer_wanted_is_no_longer_refused(refusing):
    """The profile lost the value: there is nothing to write."""
    refusing.profile(1, revision=2)

    refusing.pusher.keep_up(refusing.destination)

    assert standing(refusing) == {}


@pytest.mark.parametrize("what", ["release", "mapping"])
def test_a_new_release_or_mapping_is_tried(refusing, what):
    """The connector may spell the same content in another way now."""
    place = refusing.destination
    fields = tuple(replace(field, type="long_text") for field in place.fields)
    changed = {"version": "2"} if what == "release" else {"fields": fields}

    report = refusing.pusher.keep_up(replace(place, **changed))

    assert report.calls == 1


def test_a_refused_record_that_is_deleted_is_not_counted(refusing):
    """It left the customer, and the count with it."""
    with refusing.store.write() as connection:
        connection.exec_driver_sql("DELETE FROM cluster_members WHERE rid = 1")

    assert standing(refusing) == {}
