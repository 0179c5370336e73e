"""Who has left, and who has not."""

from __future__ import annotations

import pytest

from hub.voc.postmortem import departure, post_mortem
from tests.unit.voc.stories import contract, day, story, ticket


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (story("", contract(0, 50, "cancelled")), (day(50), "contract ended")),
        (story("", contract(0, 50, "payment_failed")), (day(50), "contract ended")),
        (story("", contract(0, 50, "paused")), None),
        (story("", contract(0, 50, "cancelled"), contract(60)), None),
        (story("", contract(0, 50, "cancelled"), contract(10)), None),
        (story("", contract(0, 300, "cancelled")), None),
        (story("", contract(0)), None),
        (story("order 0 20"), (day(20), "no order since")),
        (story("order 0 20.1"), None),
        (story("log_in 0"), None),
    ],
    ids=["cancelled", "payment", "paused", "again", "another", "later", "runs", "horizon",
         "within-horizon", "never-bought"],
)  # fmt: skip
def test_who_has_left_by_day_200(events, expected):
    """A contract that ended and no other runs; without contracts, no order for 180 days."""
    assert departure(events, day(200.05)) == expected


def test_a_ticket_that_was_closed_after_they_left_was_open_when_they_did():
    """Tidying up afterwards does not change why they went."""
    closed_later = ticket(10, solved=60, subject="Parcel")
    events = story("", contract(0, 50, "cancelled"), closed_later)

    found = post_mortem(events, day(90))

    assert found is not None
    assert [matter.text for matter in found.matters] == [
        'ticket 1 "Parcel": unresolved after 40 days'
    ]


def test_a_ticket_that_was_solved_before_is_not_named():
    """What was put right is no reason."""
    events = story("", contract(0, 50, "cancelled"), ticket(10, solved=40))

    found = post_mortem(events, day(90))

    assert found is not None
    assert found.matters == ()


def test_what_nobody_answered_is_named_when_no_ticket_was_open():
    """A detractor without an answer, and a payment that failed."""
    events = story("nps3 40; failed 45", contract(0, 50, "cancelled"))

    found = post_mortem(events, day(90))

    assert found is not None
    assert [(matter.text, matter.unresolved) for matter in found.matters] == [
        ("a low NPS score, and nobody has answered", True),
        ("a payment failed", True),
    ]


def test_who_has_not_left_has_no_post_mortem():
    """A running contract is no case."""
    assert post_mortem(story("", contract(0)), day(90)) is None
