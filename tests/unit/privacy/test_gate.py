"""The gate: what leaves, under which purpose, and that nothing else can make a Released value."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.connector import Change, ConsentChange, OutField
from hub.core.errors import ConfigError
from hub.core.released import Released, ReleaseKey, claim_release_key
from hub.core.settings import DEFAULT_PURPOSES, PurposeSection
from hub.privacy import permissions
from hub.privacy.gate import Gate
from hub.privacy.permissions import Permissions
from hub.privacy.resolution import Event, fold

PURPOSES = {
    **DEFAULT_PURPOSES,
    "tax": PurposeSection(description="Keep invoices.", basis="legal_obligation"),
}
HOME, WORK = b"home", b"work"
GRANT = Event(
    "g", 1, HOME, "marketing", "email", "grant", "single", None, None, 10, 10, None, "source_sync"
)


def judge(purpose: str, *events: Event, points: tuple[bytes, ...] = ()):
    field = OutField("f", "voice.nps", purpose)
    named = {"f": points} if points else {}
    return Gate(PURPOSES).judge("g1", "crm", [field], Permissions(events, PURPOSES, 100), named)


def refusal(purpose: str, decision: str) -> Event:
    return replace(GRANT, event_id="r", decision=decision, purpose=purpose, channel="*", point=None)


@pytest.mark.parametrize(
    ("purpose", "events", "allowed"),
    [
        ("marketing", [], False),
        ("marketing", [GRANT], True),
        ("marketing", [GRANT, refusal("marketing", "withdraw")], False),
        ("analytics", [], True),
        ("analytics", [refusal("analytics", "object")], False),
        ("analytics", [refusal("marketing", "withdraw")], True),
        ("service", [refusal("service", "object")], True),
        ("service", [refusal("*", "restrict")], False),
        ("tax", [refusal("*", "restrict")], True),
    ],
)
def test_each_lawful_basis_has_its_own_rule(purpose, events, allowed):
    """Consent needs a grant, legitimate interest yields to objection, contract to restriction."""
    assert bool(judge(purpose, *events).allowed) is allowed


def test_an_address_is_released_only_under_its_own_grant():
    """The grant names the home address; the work address stays."""
    assert judge("marketing", GRANT, points=(HOME,)).allowed
    assert not judge("marketing", GRANT, points=(WORK,)).allowed


def test_a_list_of_addresses_needs_a_grant_for_each():
    """One refused address in the list keeps the whole list at home."""
    both = [GRANT, replace(GRANT, event_id="w", point=WORK)]

    assert judge("marketing", *both, points=(HOME, WORK)).allowed
    assert not judge("marketing", GRANT, points=(HOME, WORK)).allowed


def test_an_objection_is_not_outweighed_by_a_grant_for_one_address():
    """Legitimate interest ends with the person's objection, whatever they signed up for since."""
    proven = replace(
        GRANT, event_id="p", purpose="analytics", asserted_at=50, origin="human_act", evidence="f"
    )

    assert not judge("analytics", refusal("analytics", "object"), proven).allowed


def test_release_drops_what_was_not_allowed():
    """A change keeps the allowed fields and loses the others, whatever the caller put in."""
    gate = Gate(PURPOSES)
    fields = [OutField("a", "who.name", "service"), OutField("b", "voice.nps", "marketing")]
    decision = gate.judge("g1", "crm", fields, Permissions((), PURPOSES, 100))

    released = gate.release(Change("7", {"a": "Ada", "b": 9, "unmapped": 1}, "t"), decision)

    assert dict(released.value.values) == {"a": "Ada"}
    assert [verdict.field for verdict in decision.withheld] == ["b"]


def test_the_same_question_under_the_same_ledger_is_the_same_decision():
    """A decision id names policy, ledger position and verdicts, so it can be replayed."""
    assert judge("marketing", GRANT).decision_id == judge("marketing", GRANT).decision_id
    assert judge("marketing", GRANT).decision_id != judge("marketing").decision_id


def test_a_mapping_under_an_unknown_purpose_is_refused():
    """The message names the connection, the field and where to mend it."""
    with pytest.raises(ConfigError, match=r"crm: field x .*\[purposes.nope\]"):
        Gate(PURPOSES).admit("crm", [OutField("x", "who.name", "nope")])


def test_nobody_else_can_make_a_released_value():
    """Neither a home-made key nor the asking for one works outside of the gate."""
    with pytest.raises(PermissionError):
        Released("secret", "d", ReleaseKey())
    with pytest.raises(PermissionError):
        claim_release_key("hub.push.send")


def test_a_withdrawal_may_always_leave_and_an_opt_in_never():
    """The system holds the record already; what it learns is that it must stop."""
    gate = Gate({})
    withdrawal = ConsentChange("51", None, "marketing", "email", "withdraw", "t")

    assert gate.withdraw(withdrawal, "event-1").decision == "event-1"
    with pytest.raises(PermissionError, match="never opt-ins"):
        gate.withdraw(replace(withdrawal, decision="grant"), "event-1")


said = st.builds(
    replace,
    st.just(GRANT),
    event_id=st.uuids().map(str),
    point=st.sampled_from([None, HOME, WORK]),
    purpose=st.sampled_from([*PURPOSES, "*"]),
    channel=st.sampled_from(["email", "sms", "*"]),
    decision=st.sampled_from(["grant", "grant", "withdraw", "object", "restrict", "unrestrict"]),
    asserted_at=st.integers(0, 8),
)


@given(
    st.lists(said, max_size=6),
    st.sampled_from(sorted(PURPOSES)),
    st.sampled_from([(), (HOME,), (HOME, WORK)]),
)
def test_every_channel_of_a_purpose_is_heard(ledger, purpose, points):
    """What is said of one channel, of another, or of all at once: no word is overlooked."""
    everything = Permissions(tuple(ledger), PURPOSES, 100)
    channels = [
        [answer.state for answer in everything.answers(purpose, channel, points)]
        for channel in PURPOSES[purpose].channels
    ]
    states = {state for channel in channels for state in channel}
    enough = all if points else any
    permitted = {
        "legal_obligation": True,
        "contract": "restricted" not in states,
        "legitimate_interest": not states & {"restricted", "objected", "withdrawn", "denied"},
        "consent": "restricted" not in states
        and any(enough(state == "granted" for state in channel) for channel in channels),
    }

    allowed = bool(judge(purpose, *ledger, points=points).allowed)

    assert allowed is permitted[PURPOSES[purpose].basis]


def test_channels_of_which_nobody_spoke_are_not_gone_through(monkeypatch):
    """A judgement costs what was said: of e-mail alone, for the person and for one address."""
    asked = []

    def note(events, **question):
        asked.append(question["channel"])
        return fold(events, **question)

    monkeypatch.setattr(permissions, "fold", note)

    judge("service", GRANT)
    judge("marketing", GRANT)

    assert asked == ["email", "email"]
