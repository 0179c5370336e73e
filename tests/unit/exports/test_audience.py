"""Audiences: nobody leaves without consent for this purpose, this channel and this address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from hub.core import normalise
from hub.core.clock import ManualClock
from hub.core.errors import ConfigError
from hub.core.settings import DEFAULT_PURPOSES, Channel
from hub.exports.audience import HOLDS, Selection, Wanted
from hub.store import bulk, schema
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.suppression import Suppression
from hub.store.upgrade import upgrade

KEYS = Keys(b"k" * 32)
NOW = 100
REFUSALS = ("withdraw", "deny", "object")
PEOPLE = (1, 2, 3)
EVENT = (
    "event_id", "rid", "point", "purpose", "channel", "brand", "decision", "strength", "evidence",
    "given_by", "asserted_at", "asserted_as", "observed_at", "origin",
)  # fmt: skip
Ledger = Sequence[dict[str, Any]]


def emails(rid: int) -> list[str]:
    return [f"home{rid}@example.org", f"work{rid}@example.org"]


def phone(rid: int) -> str:
    return f"+6143671934{rid}"


def point(address: str) -> bytes:
    return KEYS.point(*normalise.contact_point(address, "AU"))


def said(
    rid: int, decision: str, address: str | None, at: int = 10, **other: Any
) -> dict[str, Any]:
    event = {
        "rid": rid, "point": None if address is None else point(address), "purpose": "marketing",
        "channel": "email", "brand": "", "decision": decision, "strength": "single",
        "evidence": None, "given_by": "self", "asserted_at": at, "asserted_as": "source",
        "observed_at": at, "origin": "source_sync",
    }  # fmt: skip
    return event | other


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Iterator[Store]:
    """Three members with two e-mails, a phone and a record each; the third has a complaint."""
    path = tmp_path_factory.mktemp("audience") / "hub.db"
    store = Store.open(f"sqlite:///{path}", ManualClock(datetime(2026, 1, 1, tzinfo=UTC)))
    upgrade(store)
    with store.write() as connection:
        for rid in PEOPLE:
            who: dict[str, object] = {
                "golden_id": f"g{rid}", "email": emails(rid)[0], "emails": emails(rid),
                "phone": phone(rid), "phones": [phone(rid)], "address": "1 High St",
                "given_name": "Ada", "language": None, "source_records": [f"shop/customers/{rid}"],
            }  # fmt: skip
            flags = {name: {"value": (name, rid) == ("open_complaint", 3)} for name in HOLDS}
            told = {name: {"value": value} for name, value in who.items()}
            rfm = {"value": "5-3-4", "purpose": "analytics"}
            body = orjson.dumps({"who": told, "risk": flags, "value": {"rfm": rfm}})
            columns = ("golden_id", "revision", "body", "digest", "updated_at")
            bulk.insert(connection, schema.profiles, columns, [(f"g{rid}", 1, body, b"", 0)])
            member = ("golden_id", "segment", "since", "version")
            bulk.insert(connection, schema.segment_members, member, [(f"g{rid}", "vip", 0, 1)])
            row = ("rid", "golden_id", "since")
            bulk.insert(connection, schema.cluster_members, row, [(rid, f"g{rid}", 0)])
    yield store
    store.close()


def released(
    store: Store,
    ledger: Ledger = (),
    channel: Channel = "email",
    purpose: str = "marketing",
    erased: Sequence[int] = (),
    brand: str = "",
) -> tuple[dict[str, dict[str, Any]], dict[str, int]]:
    """Who leaves with what, and how many stay for which reason, under a ledger."""
    marks = [(Suppression(KEYS).digest("shop", "customers", str(rid)), "all", "asked", 0)
             for rid in erased]  # fmt: skip
    rows = [(f"e{at}", *(event[name] for name in EVENT[1:])) for at, event in enumerate(ledger)]
    with store.write() as connection:
        for table in (schema.consent_events, schema.suppressions):
            connection.execute(delete(table))
        bulk.insert(connection, schema.consent_events, EVENT, rows)
        bulk.insert(connection, schema.suppressions, ("digest", "scope", "reason", "at"), marks)
    selection = Selection(Wanted("vip", purpose, channel, brand), DEFAULT_PURPOSES, KEYS, "AU")
    with store.read() as connection:
        found = {str(row["golden_id"]): dict(row) for row in selection.rows(connection, NOW)}
    assert selection.audience.members == len(found) + selection.audience.withheld.total()
    return found, dict(selection.audience.withheld)


def event(rid: int, place: int | None, **other: Any) -> dict[str, Any]:
    """Something that a customer said about one of their addresses, or in general."""
    places = [*emails(rid), phone(rid)]
    return said(rid, address=None if place is None else places[place], **other)


EVENTS = st.builds(
    event,
    rid=st.sampled_from((1, 1, 2)),
    decision=st.sampled_from(
        ["grant", "grant", "grant", "grant", "withdraw", "deny", "object", "expire", "restrict"]
    ),
    place=st.sampled_from([0, 0, 1, 2, None]),
    at=st.integers(1, 9),
    purpose=st.sampled_from(["marketing", "marketing", "marketing", "analytics", "*"]),
    channel=st.sampled_from(["email", "email", "sms", "*"]),
    strength=st.sampled_from(["single", "single", "inferred"]),
    evidence=st.sampled_from([None, "form 7"]),
    origin=st.sampled_from(["human_act", "source_sync", "source_sync", "echo"]),
    brand=st.sampled_from(["", "", "", "north"]),
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(EVENTS, min_size=1, max_size=5), st.sampled_from(["email", "sms"]), st.sets(st.just(2))
)
def test_nobody_leaves_without_consent_for_purpose_channel_and_address(
    store, ledger, channel, erased
):
    """Whatever the ledger says, each row rests on a grant of its own that nothing outweighs."""
    found, _ = released(store, ledger, channel, erased=sorted(erased))

    for golden_id, row in found.items():
        rid, address = int(golden_id[1:]), row["email" if channel == "email" else "phone"]
        assert rid not in erased
        about = [
            e for e in ledger
            if e["rid"] == rid and e["origin"] != "echo" and e["purpose"] in ("marketing", "*")
            and e["channel"] in (channel, "*")
        ]  # fmt: skip
        named = [e for e in about if e["point"] in (None, point(address))]
        assert not [e for e in about if e["decision"] == "restrict" and e["brand"] == ""]
        assert any(stands(grant, point(address), named) for grant in about)


def stands(grant: dict[str, Any], address: bytes, named: Ledger) -> bool:
    """Whether a grant is of this very permission, strong enough, and nothing outweighs it."""
    ended = [e["asserted_at"] for e in named if e["decision"] == "expire" and e["brand"] == ""]
    refused = [e["asserted_at"] for e in named if e["decision"] in REFUSALS and e["brand"] == ""]
    by_hand = grant["origin"] == "human_act"
    return (
        grant["decision"] == "grant"
        and (grant["purpose"], grant["point"], grant["brand"]) == ("marketing", address, "")
        and (grant["strength"] == "single" or by_hand)
        and all(at < grant["asserted_at"] for at in [*ended, *refused])
        and (not refused or (by_hand and grant["evidence"] is not None))
    )


def test_a_grant_lets_leave_and_the_rest_is_counted(store):
    """Who agreed, who took it back, and who was never asked."""
    ledger = [
        said(1, "grant", emails(1)[0]),
        said(2, "grant", emails(2)[0]),
        said(2, "withdraw", None, at=20),
    ]

    found, withheld = released(store, ledger)

    assert found == {
        "g1": {
            "golden_id": "g1", "email": emails(1)[0], "given_name": "Ada", "language": None,
        }
    }  # fmt: skip
    assert withheld == {"consent is withdrawn": 1, "held: open complaint": 1}


def test_a_grant_by_another_channel_is_none(store):
    """An address that was given for one channel is not used by another."""
    ledger = [said(1, "grant", emails(1)[0], channel="sms")]

    assert released(store, ledger)[0] == {}


def test_the_address_that_may_be_used_goes(store):
    """The surviving e-mail was refused, the other was agreed to."""
    ledger = [said(1, "deny", emails(1)[0]), said(1, "grant", emails(1)[1])]

    found, _ = released(store, ledger)

    assert {who: row["email"] for who, row in found.items()} == {"g1": emails(1)[1]}


@pytest.mark.parametrize(
    ("channel", "column", "value"),
    [
        ("email", "email", "home1@example.org"), ("sms", "phone", "+61436719341"),
        ("phone", "phone", "+61436719341"), ("messaging", "phone", "+61436719341"),
        ("post", "address", "1 High St"), ("push", "golden_id", "g1"),
    ],
)  # fmt: skip
def test_a_row_has_what_its_channel_needs_and_no_other_address(store, channel, column, value):
    """The grant is for this channel; every other way to reach the customer stays here."""
    named = value if column in ("email", "phone") else None
    ledger = [said(1, "grant", named, channel=channel)]

    found, _ = released(store, ledger, channel)

    reach = {"email", "phone", "address"} - {column}
    assert found["g1"][column] == value
    assert not reach & found["g1"].keys()


def test_the_erased_never_leave(store):
    """The suppression list wins over a grant."""
    found, withheld = released(store, [said(1, "grant", emails(1)[0])], erased=[1])

    assert found == {}
    assert withheld["erased: must not be addressed again"] == 1


def test_a_grant_to_another_brand_is_none(store):
    """Who agreed to mail of one brand did not agree to mail of another."""
    ledger = [said(1, "grant", emails(1)[0], brand="north")]

    assert released(store, ledger)[0] == {}
    assert list(released(store, ledger, brand="north")[0]) == ["g1"]


def test_who_complains_is_not_offered_anything(store):
    """Consent or not: an offer waits until the complaint is settled; what is owed goes out."""
    ledger = [said(3, "grant", emails(3)[0])]

    assert released(store, ledger)[1]["held: open complaint"] == 1
    assert "g3" in released(store, ledger, purpose="service")[0]


def test_a_trait_goes_only_where_its_own_purpose_allows_it(store):
    """Both agreed to mail; the second objected to being measured, so their mail knows no score."""
    ledger = [
        said(1, "grant", emails(1)[0]),
        said(2, "grant", emails(2)[0]),
        said(2, "object", None, purpose="analytics", channel="*"),
    ]
    released(store, ledger)
    wanted = Wanted("vip", "marketing", "email", traits=("value.rfm",))
    selection = Selection(wanted, DEFAULT_PURPOSES, KEYS, "AU")

    with store.read() as connection:
        rows = list(selection.rows(connection, NOW))

    assert [row.get("value.rfm") for row in rows] == ["5-3-4", None]
    assert selection.audience.without == {"value.rfm: the person objected": 1}


@pytest.mark.parametrize(
    ("trait", "message"),
    [("value.rfn", 'did you mean "value.rfm"'), ("who.phones", "a way to reach the customer")],
)
def test_a_trait_is_a_field_and_no_address(trait, message):
    """Consent to one channel never hands out another."""
    with pytest.raises(ConfigError, match=message):
        Selection(
            Wanted("vip", "marketing", "email", traits=(trait,)), DEFAULT_PURPOSES, KEYS, "AU"
        )


def test_legitimate_interest_ends_with_an_objection(store):
    """Each purpose has its own basis: this one needs no grant, and yields to an objection."""
    ledger = [said(2, "object", None, purpose="analytics", channel="*")]

    found, withheld = released(store, ledger, purpose="analytics")

    assert sorted(found) == ["g1"]
    assert withheld == {"the person objected": 1, "held: open complaint": 1}


@pytest.mark.parametrize(
    ("purpose", "channel", "message"),
    [
        ("marketting", "email", 'did you mean "marketing"'),
        ("marketing", "web", "does not cover web, but email, sms"),
    ],
)
def test_a_purpose_must_cover_the_channel(purpose, channel, message):
    """What customers were not told of is refused before anybody is looked at."""
    with pytest.raises(ConfigError, match=message):
        Selection(Wanted("vip", purpose, channel), DEFAULT_PURPOSES, KEYS, "AU")
