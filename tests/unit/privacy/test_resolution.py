"""The seven rules of the consent fold, and the laws that hold for any ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.privacy.resolution import Event, fold

HOME, WORK = b"home", b"work"
NOW = 1_000


def event(number: int = 0, decision: str = "grant", at: int | None = 100, **fields) -> Event:
    plain = Event(
        event_id=f"e{number}",
        rid=1,
        point=HOME,
        purpose="marketing",
        channel="email",
        decision=decision,
        strength="single",
        notice=None,
        evidence=None,
        asserted_at=at,
        observed_at=at or 0,
        valid_until=None,
        origin="source_sync",
    )
    return replace(plain, **fields)


def state(*events: Event, point: bytes | None = HOME, **question) -> str:
    return fold(
        events, purpose="marketing", channel="email", point=point, now=NOW, **question
    ).state


def silence(number: int, version: int, said_by: int = 1, **fields) -> Event:
    """Record ``said_by`` grants no longer, as of that version."""
    fixed = {"origin": "silence", "said_by": said_by, "version": version}
    return event(number, "expire", **{"at": 900, **fixed, **fields})


def granted(number: int, version: int, said_by: int = 1, **fields: Any) -> Event:
    return event(number, said_by=said_by, version=version, **fields)


HUMAN: dict[str, Any] = {"origin": "human_act", "evidence": "form 12"}

CASES = {
    "nothing-said": ([], "unknown"),
    "single-grant": ([event()], "granted"),
    "inferred-grant": ([event(strength="inferred")], "pending"),
    "imported-grant": ([event(strength="imported")], "pending"),
    "echo-of-our-own-write": ([event(origin="echo")], "unknown"),
    "withdrawn": ([event(1), event(2, "withdraw", 200)], "withdrawn"),
    "synced-grant-after-withdrawal": ([event(1, "withdraw", 100), event(2, at=200)], "withdrawn"),
    "human-grant-after-withdrawal": (
        [event(1, "withdraw", 100), event(2, at=200, **HUMAN)],
        "granted",
    ),
    "human-grant-without-evidence": (
        [event(1, "withdraw", 100), event(2, at=200, origin="human_act")],
        "withdrawn",
    ),
    "human-grant-before-withdrawal": (
        [event(1, at=100, **HUMAN), event(2, "withdraw", 200)],
        "withdrawn",
    ),
    "tie-is-restrictive": ([event(1, at=100, **HUMAN), event(2, "withdraw", 100)], "withdrawn"),
    "undated-grant-after-withdrawal": (
        [event(1, "withdraw", 100), event(2, at=None, **HUMAN)],
        "withdrawn",
    ),
    "person-denial-beats-address-grant": (
        [event(1, at=100), event(2, "deny", 50, point=None)],
        "denied",
    ),
    "other-address-is-not-authorised": ([event(1, point=WORK)], "unknown"),
    "other-address-withdrawal-is-its-own": (
        [event(1), event(2, "withdraw", 200, point=WORK)],
        "granted",
    ),
    "person-grant-does-not-cover-an-address": ([event(1, point=None)], "unknown"),
    "expired-by-date": ([event(valid_until=NOW)], "expired"),
    "longer-grant-outlives-shorter": (
        [event(1, valid_until=NOW - 1), event(2, valid_until=NOW + 1)],
        "granted",
    ),
    "restriction-over-all": (
        [event(1), event(2, "restrict", 200, purpose="*", channel="*", point=None)],
        "restricted",
    ),
    "restriction-lifted": (
        [event(1), event(2, "restrict", 200), event(3, "unrestrict", 300)],
        "granted",
    ),
    "lifting-one-address-does-not-lift-the-person": (
        [event(1), event(2, "restrict", 200, point=None), event(3, "unrestrict", 300)],
        "restricted",
    ),
    "lifting-the-person-lifts-every-address": (
        [event(1), event(2, "restrict", 200), event(3, "unrestrict", 300, point=None)],
        "granted",
    ),
    "grant-for-any-purpose-is-none": ([event(1, purpose="*")], "unknown"),
    "refusal-of-every-purpose": ([event(1), event(2, "withdraw", 200, purpose="*")], "withdrawn"),
    "restricted-and-lifted-at-once": (
        [event(1), event(2, "restrict", 200), event(3, "unrestrict", 200)],
        "restricted",
    ),
    "objection": ([event(1), event(2, "object", 200)], "objected"),
    "record-fell-silent": ([granted(1, 1), silence(2, 2)], "expired"),
    "record-fell-silent-before-it-granted": ([granted(1, 3), silence(2, 2)], "granted"),
    "record-granted-again-in-the-version-that-returned": (
        [granted(1, 1), silence(2, 2), granted(3, 2)],
        "granted",
    ),
    "other-record-fell-silent": ([granted(1, 1), silence(2, 2, said_by=7)], "granted"),
    "other-record-of-the-person-still-grants": (
        [granted(1, 1), silence(2, 2), granted(3, 1, said_by=7, rid=2)],
        "granted",
    ),
    "silent-about-another-address": ([granted(1, 1), silence(2, 2, point=WORK)], "granted"),
    "silent-about-the-person": ([granted(1, 1), silence(2, 2, point=None)], "granted"),
    "silent-about-another-channel": ([granted(1, 1), silence(2, 2, channel="sms")], "granted"),
    "silence-ends-no-withdrawal": (
        [event(1, "withdraw", 100, said_by=1, version=1), silence(2, 2)],
        "withdrawn",
    ),
    "silence-dates-nothing": ([granted(1, 1, at=2_000), silence(2, 2, at=5)], "expired"),
    "silence-about-a-grant-of-an-unknown-record": ([event(1), silence(2, 2)], "expired"),
    "silence-on-another-party": ([event(1), silence(2, 2, rid=8)], "granted"),
    "silence-before-a-grant-of-an-unknown-record": (
        [event(1, observed_at=901), silence(2, 2, observed_at=900)],
        "granted",
    ),
    "granted-in-other-terms": (
        [granted(1, 1), granted(2, 2, strength="imported")],
        "pending",
    ),
    "granted-for-a-shorter-time": (
        [granted(1, 1), granted(2, 2, valid_until=NOW - 1)],
        "expired",
    ),
    "two-grants-of-one-version": (
        [granted(1, 1), granted(2, 1, strength="imported")],
        "granted",
    ),
    "the-hub-wrote-there": (
        [granted(1, 1), event(2, "withdraw", 200, origin="echo", said_by=1, version=2)],
        "expired",
    ),
    "the-hub-wrote-into-another-record": (
        [granted(1, 1), event(2, "withdraw", 200, origin="echo", said_by=7, version=2)],
        "granted",
    ),
    "proven-return-that-ended": (
        [event(1, "withdraw", 100), granted(2, 1, at=200, **HUMAN), silence(3, 2)],
        "withdrawn",
    ),
    "proven-return-whose-time-is-over": (
        [event(1, "object", 100), event(2, at=200, valid_until=NOW, **HUMAN)],
        "objected",
    ),
    "expiry-that-a-source-reports": (
        [granted(1, 1), event(2, "expire", 200, said_by=7, version=1)],
        "expired",
    ),
}


@pytest.mark.parametrize(("events", "expected"), CASES.values(), ids=CASES.keys())
def test_the_rules_one_by_one(events, expected):
    """Each rule of the fold, on the smallest ledger that shows it."""
    assert state(*events) == expected


def test_a_grant_under_an_old_notice_is_pending():
    """Rule 6: the purpose asks for a newer notice than the customer saw."""
    assert state(event(notice="privacy-v2"), min_notice_version=3) == "pending"
    assert state(event(notice="privacy-v3"), min_notice_version=3) == "granted"


def test_a_grant_that_does_not_count_waits_for_the_officer():
    """A later grant without proof is named as a conflict, not dropped in silence."""
    answer = fold(
        [event(1, "withdraw", 100), event(2, at=200)],
        purpose="marketing",
        channel="email",
        point=HOME,
        now=NOW,
    )

    assert answer.conflict == "e2"


def test_the_silence_is_what_is_named_as_the_reason() -> None:
    """The officer is shown which record says it no longer, not the grant that once stood."""
    events = [granted(1, 1), silence(2, 2), granted(3, 4, said_by=7), silence(4, 5, said_by=7)]

    answer = fold(events, purpose="marketing", channel="email", point=HOME, now=NOW)

    assert (answer.state, answer.since, answer.because) == ("expired", 900, "e4")


def test_a_conflict_is_over_when_its_record_falls_silent() -> None:
    """Nobody need look at a grant that the system shows no longer."""
    events = [event(1, "withdraw", 100), granted(2, 1, at=200), silence(3, 2)]

    answer = fold(events, purpose="marketing", channel="email", point=HOME, now=NOW)

    assert (answer.state, answer.conflict) == ("withdrawn", None)


DECISIONS = ["grant", "withdraw", "deny", "object", "restrict", "unrestrict", "expire"]
events = st.builds(
    event,
    number=st.integers(0, 10_000),
    decision=st.sampled_from(DECISIONS),
    at=st.none() | st.integers(0, 8),
    point=st.sampled_from([None, HOME, WORK]),
    strength=st.sampled_from(["confirmed", "single", "imported", "unknown"]),
    origin=st.sampled_from(["human_act", "source_sync", "echo"]),
    evidence=st.sampled_from([None, "form"]),
    valid_until=st.none() | st.just(NOW + 1) | st.just(NOW - 1),
    said_by=st.integers(1, 2),
    version=st.none() | st.integers(1, 4),
) | st.builds(
    silence,
    number=st.integers(0, 10_000),
    version=st.integers(1, 5),
    said_by=st.integers(1, 2),
    point=st.sampled_from([None, HOME, WORK]),
)
ledgers = st.lists(events, max_size=8, unique_by=lambda e: e.event_id)


@given(ledgers, st.randoms(use_true_random=False), st.sampled_from([None, HOME, WORK]))
def test_order_and_repetition_do_not_matter(ledger, random, point):
    """The fold is over a set."""
    shuffled = ledger + ledger[: len(ledger) // 2]
    random.shuffle(shuffled)

    assert state(*shuffled, point=point) == state(*ledger, point=point)


@given(ledgers, ledgers, st.sampled_from([None, HOME, WORK]))
def test_a_merge_never_permits_what_neither_side_permitted(mine, theirs, point):
    """permitted(A ∪ B) ⊆ permitted(A) ∪ permitted(B), lifted restrictions apart."""
    theirs = [replace(e, event_id=f"t{e.event_id}") for e in theirs if e.decision != "unrestrict"]
    mine = [e for e in mine if e.decision != "unrestrict"]

    if state(*mine, *theirs, point=point) == "granted":
        assert "granted" in (state(*mine, point=point), state(*theirs, point=point))


@given(ledgers, events)
def test_a_withdrawal_is_never_outvoted_without_proof(ledger, withdrawal):
    """Whatever else a ledger says, after a withdrawal only a proven later human act permits."""
    last = replace(
        withdrawal, event_id="w", decision="withdraw", asserted_at=5, point=HOME, origin="human_act"
    )
    proven = any(
        e.decision == "grant"
        and e.origin == "human_act"
        and e.evidence
        and (e.asserted_at or 0) > 5
        for e in ledger
    )

    if not proven:
        assert state(*ledger, last) != "granted"


@given(ledgers, events, st.sampled_from([None, HOME, WORK]))
def test_a_silence_never_permits_more(ledger, drawn, point):
    """Whatever a ledger says, one more silence ends permissions and brings none."""
    end = replace(drawn, event_id="end", decision="expire", origin="silence", version=3)

    before, after = state(*ledger, point=point), state(*ledger, end, point=point)

    assert after != "granted" or before == "granted"
    assert before not in REFUSED or after == before


@given(ledgers, events, st.sampled_from([None, HOME, WORK]))
def test_a_silence_ends_its_own_records_grants_only(ledger, drawn, point):
    """Without the grants of that record, it changes nothing."""
    end = replace(drawn, event_id="end", decision="expire", origin="silence", said_by=9, version=3)
    known = [replace(each, version=each.version or 1) for each in ledger]

    assert state(*known, end, point=point) == state(*known, point=point)


REFUSED = {"withdrawn", "denied", "objected", "restricted"}
