"""Survivorship and the golden record: rules, provenance, history, determinism."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from hub.core.ids import SourceKey
from hub.core.records import Address, ConsentClaim, Identifier, Organisation, Party, Person
from hub.core.settings import SurvivorshipSection
from hub.identity.golden import Member, compose
from hub.store import dirty
from hub.store.schema import audit_leaves, golden_history, golden_records

if TYPE_CHECKING:
    from tests.unit.identity.conftest import Bench, PersonMaker

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _member(name: str, party: Party | None, hours: int = 0) -> Member:
    key = SourceKey(name, "contacts", "1")
    return Member(key, "person", party, NOON + timedelta(hours=hours))


def _golden(*members: Member, **settings: Any) -> dict[str, Any]:
    body = compose(members, SurvivorshipSection(**settings), "AU")
    document: dict[str, Any] = orjson.loads(body)
    return document


@pytest.mark.parametrize(
    ("rule", "winner"),
    [
        ("most_trusted", "manager"),
        ("most_recent", "chief"),
        ("most_frequent", "clerk"),
        ("longest", "manager"),
    ],
)
def test_each_rule_picks_by_its_own_measure(rule: str, winner: str) -> None:
    """The same four values, four rules, the value that each is named for."""
    members = (
        _member("a", Person(job_title="clerk"), hours=1),
        _member("b", Person(job_title="clerk"), hours=2),
        _member("c", Person(job_title="manager"), hours=3),
        _member("d", Person(job_title="chief"), hours=4),
    )

    said = _golden(*members, fields={"job_title": (rule,)}, source_order=("c", "a"))

    assert said["fields"]["job_title"]["value"] == winner
    assert said["fields"]["job_title"]["rule"] == rule


def test_the_most_complete_address_survives() -> None:
    """A whole address beats a newer postcode."""
    whole = Address(line1="1 Ann St", city="Perth", postcode="6000")
    members = (
        _member("a", Person(addresses=[whole]), hours=1),
        _member("b", Person(addresses=[Address(postcode="6001")]), hours=2),
    )

    address = _golden(*members)["fields"]["address"]

    assert address["value"] == {"line1": "1 Ann St", "city": "Perth", "postcode": "6000"}
    assert address["losers"][0]["value"] == {"postcode": "6001"}


def test_a_consented_value_survives_where_the_rule_asks_for_it() -> None:
    """With consent_bearing, the address that may be used wins over a newer one that may not."""
    grant = ConsentClaim(purpose="marketing", channel="email", decision="grant")
    members = (
        _member("a", Person(emails=["old@example.com"], consents=[grant]), hours=1),
        _member("b", Person(emails=["new@example.com"]), hours=2),
    )

    said = _golden(*members, fields={"email": ("consent_bearing", "most_recent")})

    assert said["fields"]["email"]["value"] == "old@example.com"


def test_rules_break_each_others_ties_in_order() -> None:
    """The rule that left one value is the one that is named."""
    members = (
        _member("a", Person(language="en"), hours=1),
        _member("b", Person(language="de"), hours=2),
    )

    said = _golden(*members, fields={"language": ("most_frequent", "most_recent")})

    assert said["fields"]["language"]["value"] == "de"
    assert said["fields"]["language"]["rule"] == "most_recent"


def test_every_value_says_where_it_comes_from_and_what_it_beat() -> None:
    """Provenance: source record, time, rule, and the losers with theirs."""
    members = (
        _member("crm", Person(emails=["old@example.com"]), hours=1),
        _member("shop", Person(emails=["new@example.com"]), hours=2),
    )

    said = _golden(*members)

    assert said["fields"]["email"] == {
        "value": "new@example.com",
        "source": "shop/contacts/1",
        "at": "2026-03-01T14:00:00+00:00",
        "rule": "most_recent",
        "agreement": 0.5,
        "contested": True,
        "losers": [
            {
                "value": "old@example.com",
                "source": "crm/contacts/1",
                "at": "2026-03-01T13:00:00+00:00",
            }
        ],
    }
    assert [point["value"] for point in said["emails"]] == ["new@example.com", "old@example.com"]


def test_spellings_of_one_value_do_not_compete() -> None:
    """Capitals, accents and phone notations are the same value, shown in its best spelling."""
    members = (
        _member("a", Person(given_name="RENEE", phones=["0412 000 001"]), hours=2),
        _member("b", Person(given_name="Renée", phones=["+61 412 000 001"]), hours=1),
    )

    fields = _golden(*members)["fields"]

    assert (fields["given_name"]["value"], fields["given_name"]["losers"]) == ("Renée", [])
    assert (fields["phone"]["value"], fields["phone"]["rule"]) == ("+61412000001", "only_value")


def test_placeholders_never_survive() -> None:
    """What fills a mandatory form field is no value, however recent."""
    members = (
        _member("a", Person(given_name="Anna", emails=["anna@example.com"]), hours=1),
        _member(
            "b",
            Person(
                given_name="Unknown",
                emails=["noreply@example.com"],
                phones=["0000000000"],
                birth_date=date(1900, 1, 1),
            ),
            hours=2,
        ),
    )

    fields = _golden(*members)["fields"]

    assert fields["given_name"]["value"] == "Anna"
    assert fields["email"]["value"] == "anna@example.com"
    assert not {"phone", "birth_date"} & fields.keys()


def test_a_member_without_values_is_named_but_says_nothing() -> None:
    """A record merged away by its vendor stays a member; its values do not survive."""
    said = _golden(_member("a", Person(given_name="Anna")), _member("b", None))

    assert said["members"] == ["a/contacts/1", "b/contacts/1"]
    assert said["fields"]["given_name"]["losers"] == []


def test_identifiers_are_kept_side_by_side() -> None:
    """Two cards of one customer are both true; spellings of one are one."""
    cards = [Identifier(kind="loyalty", value=value) for value in ("L-1", "l1", "L2")]

    said = _golden(_member("a", Person(identifiers=cards)))

    assert [card["value"] for card in said["identifiers"]] == ["L-1", "L2"]


def test_an_organisation_has_a_name_and_a_domain() -> None:
    """Accounts are golden records too."""
    member = Member(
        SourceKey("crm", "companies", "1"),
        "organisation",
        Organisation(name="Acme Pty Ltd", domain="acme.example"),
        NOON,
    )

    said = _golden(member)

    assert said["entity"] == "organisation"
    assert said["fields"]["name"]["value"] == "Acme Pty Ltd"
    assert said["fields"]["domain"]["value"] == "acme.example"


RULES = st.permutations(
    ["most_trusted", "most_recent", "most_complete", "most_frequent", "longest", "consent_bearing"]
)
PEOPLE = st.builds(
    Person,
    given_name=st.sampled_from([None, "Anna", "ANNA", "Ann"]),
    family_name=st.sampled_from([None, "Bell", "Béll"]),
    emails=st.lists(st.sampled_from(["a1@example.com", "A1@example.com", "b2@example.com"])),
    addresses=st.lists(
        st.builds(Address, city=st.sampled_from([None, "Perth", "PERTH", "Cairns"]))
    ),
)


@given(people=st.lists(PEOPLE, min_size=1, max_size=5), rules=RULES, data=st.data())
def test_the_same_members_give_the_same_bytes(
    people: list[Person], rules: list[str], data: st.DataObject
) -> None:
    """Order of arrival never decides which value survives."""
    members = [
        Member(SourceKey("crm", "contacts", str(n)), "person", p, NOON if n % 2 else None)
        for n, p in enumerate(people)
    ]
    settings = SurvivorshipSection(default=tuple(rules[:3]))  # type: ignore[arg-type]

    shuffled = data.draw(st.permutations(members))

    assert compose(members, settings, "AU") == compose(shuffled, settings, "AU")


def test_a_record_is_written_once_and_marks_the_next_stage(
    bench: Bench, person: PersonMaker
) -> None:
    """Building again what did not change writes, logs and marks nothing."""
    bench.put(a=person("Anna", "Bell"))
    bench.resolve()
    first = bench.build()
    with bench.store.write() as connection:
        marks = dirty.waiting(connection, "metrics", 10)
        dirty.done(connection, "metrics", marks)
        leaves = connection.execute(select(func.count()).select_from(audit_leaves)).scalar()
    bench.put(a=person("Anna", "Bell"))
    bench.resolve()

    again = bench.build()

    assert (first.written, again.looked_at, again.written) == (1, 1, 0)
    assert [mark.key for mark in marks] == [bench.golden_ids()["a"]]
    with bench.store.read() as connection:
        assert dirty.count(connection, "metrics") == 0
        count = select(func.count()).select_from(audit_leaves)
        assert connection.execute(count).scalar() == leaves


def test_history_tells_what_was_believed_when(bench: Bench, person: PersonMaker) -> None:
    """Each version is valid from its writing until the next; the last is open."""
    bench.put(a=person("Anna", "Bell"))
    bench.resolve()
    bench.build()
    bench.clock.sleep(60)
    bench.put(a=person("Anna", "Rowe"))
    bench.resolve()
    bench.build()

    with bench.store.read() as connection:
        rows = connection.execute(select(golden_history).order_by(golden_history.c.version)).all()

    assert [row.version for row in rows] == [1, 2]
    assert rows[0].valid_to == rows[1].valid_from == rows[0].valid_from + 60_000_000
    assert rows[1].valid_to is None


def test_a_merged_id_loses_its_record_and_keeps_its_history(
    bench: Bench, person: PersonMaker
) -> None:
    """One customer, one record: the tombstone's record goes, what was believed of it stays."""
    bench.put(a=person("Anna", "Bell", email="anna@example.com"), b=person("Anna", "Bell"))
    bench.resolve()
    bench.build()
    bench.clock.sleep(1)
    bench.put(b=person("Anna", "Bell", email="anna@example.com"))
    bench.resolve()

    report = bench.build()

    assert (report.written, report.removed) == (1, 1)
    with bench.store.read() as connection:
        standing = connection.execute(select(golden_records.c.golden_id)).scalars().all()
        history = connection.execute(select(golden_history)).all()
    assert standing == [bench.golden_ids()["a"]]
    assert len(history) == 3
    assert sum(row.valid_to is None for row in history) == 1


def test_edited_rules_reach_the_records_that_stand(bench: Bench, person: PersonMaker) -> None:
    """Who changes a rule in hub.toml sees it in every record after the next run, once."""
    bench.put(a=person("Anna", "Bell", card="c1"), b=person("Annabelle", "Bell", card="c1"))
    bench.resolve()
    bench.build()
    longest = SurvivorshipSection(default=("longest",))

    edited = bench.build(longest)
    again = bench.build(longest)

    assert (edited.looked_at, again.looked_at) == (len(set(bench.golden_ids().values())), 0)
    with bench.store.read() as connection:
        (body,) = connection.execute(select(golden_records.c.body)).scalars()
    assert orjson.loads(body)["fields"]["given_name"]["rule"] == "longest"
