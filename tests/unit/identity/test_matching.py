"""Who is linked and who is not: scoring and guards, through a whole resolution."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.errors import ConfigError
from hub.core.ids import Rid, SourceKey
from hub.core.records import Address, Organisation, Person
from hub.identity.comparison import Comparable, comparable
from hub.identity.guards import judge, thresholds
from hub.identity.likeness import near, near_date, near_number
from hub.identity.model import SHIPPED, Frequencies, Model, weights_with

if TYPE_CHECKING:
    from tests.unit.identity.conftest import PersonMaker

LIMITS = thresholds(auto=9.0, review=3.0, records=1_000)


def _form(source_id: str, party: Person | Organisation) -> Comparable:
    return comparable(Rid(1), SourceKey("crm", "contacts", source_id), party, "AU")


def _verdict(
    one: Person | Organisation,
    two: Person | Organisation,
    *,
    sharers: int = 1,
    frequencies: Frequencies | None = None,
) -> tuple[str, str | None]:
    a, b = _form("1", one), _form("2", two)
    values = {("email", v): sharers for v in a.emails} | {("phone", v): sharers for v in a.phones}
    model = Model(frequencies=frequencies or Frequencies())
    judged = judge(model.compare(a, b, values), LIMITS)
    return judged.verdict, judged.guard


ANNA = {"given": "Anna", "family": "Bell", "email": "anna@example.com", "phone": "0412 000 001"}


@pytest.mark.parametrize(
    ("one", "two"),
    [
        pytest.param(ANNA, {"email": "ANNA+x@example.com"}, id="e-mail of an unnamed record"),
        pytest.param(ANNA, {"phone": "+61 412 000 001"}, id="phone of an unnamed record"),
        pytest.param(ANNA, {**ANNA, "given": "Annna", "phone": ""}, id="slip in the first name"),
        pytest.param(ANNA, {**ANNA, "family": "Rowe"}, id="married name"),
        pytest.param(ANNA, {**ANNA, "given": "Bell", "family": "Anna"}, id="swapped names"),
        pytest.param(ANNA, {**ANNA, "given": "A", "phone": ""}, id="initial"),
        pytest.param(
            {"given": "Robert", "family": "Bell", "postcode": "4000", "street": "1 Ann St"},
            {"given": "Bob", "family": "Bell", "postcode": "4000", "street": "1 Ann Street"},
            id="nickname at one address",
        ),
        pytest.param(
            {"given": "Robert", "family": "Bell", "born": "1980-03-04"},
            {"given": "Robert", "family": "Bell", "born": "1980-04-03"},
            id="day and month swapped",
        ),
        pytest.param(
            {"given": "Bell", "family": "Siobhan", "phone": "0412 000 001"},
            {"given": "Siobhn", "family": "Bell", "phone": "0412 000 001"},
            id="swapped names with a slip",
        ),
        pytest.param(
            {"given": "Katrin", "family": "Bell", "card": "L 1", "born": "1980-03-04"},
            {"given": "Rose", "family": "Bell", "card": "L 1", "born": "1980-03-04"},
            id="card and birth date, under another first name",
        ),
        pytest.param({"card": "L 1"}, {"card": "l-1", "given": "Ann"}, id="loyalty card"),
    ],
)
def test_one_person_is_linked(
    person: PersonMaker, one: dict[str, str], two: dict[str, str]
) -> None:
    """What people write of themselves in two systems is seen as one person."""
    assert _verdict(person(**one), person(**two)) == ("auto", None)


@pytest.mark.parametrize(
    ("one", "two", "guard"),
    [
        pytest.param(ANNA, {**ANNA, "given": "Mark"}, "household", id="couple"),
        pytest.param(
            {**ANNA, "given": "Mark"}, {**ANNA, "given": "Mary"}, "household", id="one letter apart"
        ),
        pytest.param(
            {**ANNA, "given": "Paul"}, {**ANNA, "given": "Paula"}, "household", id="one in another"
        ),
        pytest.param(
            {**ANNA, "born": "1950-02-03"},
            {**ANNA, "born": "1980-09-07"},
            "generation",
            id="namesake",
        ),
        pytest.param(
            {"given": "Anna", "family": "Bell"},
            {"given": "Anna", "family": "Bell"},
            "one-weak-key",
            id="nothing but a name",
        ),
    ],
)
def test_two_people_are_not_linked(
    person: PersonMaker, one: dict[str, str], two: dict[str, str], guard: str
) -> None:
    """The false merges to fear most: a shared contact point and surname, or a shared name."""
    verdict, spoke = _verdict(person(**one), person(**two))

    assert verdict != "auto"
    assert spoke == guard


@pytest.mark.parametrize("email", ["sales@example.com", "noreply@example.com"])
def test_role_and_placeholder_mailboxes_identify_nobody(person: PersonMaker, email: str) -> None:
    """Two records under one role address have nothing in common."""
    assert _verdict(person(email=email), person(email=email)) == ("none", None)


@pytest.mark.parametrize("point", [{"email": "x@example.com"}, {"phone": "0412 000 001"}])
def test_a_point_that_several_people_share_does_not_link_an_unnamed_record(
    person: PersonMaker, point: dict[str, str]
) -> None:
    """With two first-name initials on an e-mail or phone, whose is the record without a name?"""
    verdict, _ = _verdict(person(given="Anna", **point), person(**point), sharers=3)

    assert verdict != "auto"


def test_a_family_mailbox_does_not_link_an_unnamed_record(person: PersonMaker) -> None:
    """Even when only one of the family has been seen with it."""
    point = {"email": "bellfamily@example.com"}

    assert _verdict(person(given="Anna", **point), person(**point))[0] == "review"


def test_another_loyalty_card_speaks_against(person: PersonMaker) -> None:
    """A person has one card: two numbers lower the weight, equal ones raise it."""
    model, a = Model(), _form("1", person(given="Anna", card="1"))
    same, other = _form("2", person(card="1")), _form("3", person(card="2"))

    weights = [model.compare(a, b, {})[-1].weight for b in (same, other)]

    assert weights[0] > 0 > weights[1]


def test_a_rare_name_weighs_more_than_a_common_one(person: PersonMaker) -> None:
    """Agreement on Smith says less than agreement on Zywiec."""
    frequencies = Frequencies(10_000, {"john": 400, "zbigniew": 2}, {"smith": 500, "zywiec": 2})
    model = Model(frequencies=frequencies)

    def weight(given: str, family: str) -> float:
        form = _form("1", person(given, family))
        return sum(e.bits for e in model.compare(form, form, {}))

    assert weight("Zbigniew", "Zywiec") > weight("John", "Smith") + 5


def test_a_rare_full_name_identifies_unless_anything_disagrees(person: PersonMaker) -> None:
    """A full name that chance hardly repeats links two records, but not against other evidence."""
    large = Frequencies(10_000, {"anna": 2}, {"zywiec": 2})
    one = {"given": "Anna", "family": "Zywiec", "email": "az@example.com"}

    alone = _verdict(person("Anna", "Zywiec"), person(**one), frequencies=large)
    opposed = _verdict(
        person("Anna", "Zywiec", email="other@example.com"), person(**one), frequencies=large
    )

    assert (alone, opposed) == (("auto", None), ("review", "one-weak-key"))


def test_a_name_that_many_bear_is_no_slip(person: PersonMaker) -> None:
    """Two unlisted names one letter apart are slips until both prove to be names of their own."""
    names = Frequencies(1_000, {"saanvi": 40, "sanvi": 30}, {})
    one, two = person("Saanvi", "Rao"), person("Sanvi", "Rao")

    levels = [
        model.compare(_form("1", one), _form("2", two), {})[1].level
        for model in (Model(), Model(frequencies=names))
    ]

    assert levels == ["near", "different"]


def test_organisations_link_by_domain_despite_their_legal_form() -> None:
    """Acme Pty Ltd and ACME are one account when they have one domain."""
    one = Organisation(name="Acme Trading Pty Ltd", domain="www.acme.example")
    two = Organisation(name="ACME Trading", domain="acme.example")

    assert _verdict(one, two) == ("auto", None)


def test_an_unknown_weight_is_refused() -> None:
    """A misspelt level in hub.toml must not silently keep the shipped weight."""
    with pytest.raises(ConfigError, match="exakt"):
        weights_with({"email": {"exakt": 9.0}})

    assert weights_with({"email": {"exact": 9.0}})["email"]["exact"] == 9.0
    assert weights_with({}) == {name: dict(levels) for name, levels in SHIPPED.items()}


def _some(*values: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=2)


PERSONS = st.builds(
    Person,
    given_name=st.sampled_from([None, "anna", "ann", "bell", "b", "robert", "bob"]),
    family_name=st.sampled_from([None, "bell", "anna", "smith", "smyth"]),
    emails=_some("anna1@example.com", "anna2@example.com", "anna1@example.org"),
    phones=_some("0412000001", "0412000010", "0255501234"),
    birth_date=st.sampled_from([None, date(1980, 3, 4), date(1980, 4, 3), date(2010, 3, 4)]),
    addresses=st.lists(
        st.builds(
            Address,
            line1=st.sampled_from([None, "1 Anna St", "1 Annas St", "9 Oak Rd"]),
            postcode=st.sampled_from([None, "4000", "4001"]),
        ),
        max_size=2,
    ),
)


@given(one=PERSONS, two=PERSONS)
def test_scores_are_symmetric(one: Person, two: Person) -> None:
    """A compared with B scores as B compared with A."""
    a, b = _form("a", one), _form("b", two)

    there, back = (Model().compare(x, y, {}) for x, y in ((a, b), (b, a)))

    assert there == back


@given(a=st.text("abc", max_size=9), b=st.text("abc", max_size=9))
def test_nearness_is_symmetric_and_needs_a_difference_of_two_at_most(a: str, b: str) -> None:
    """A slip is one place in a word: the rest of the word agrees."""
    assert near(a, b) == near(b, a)
    if near(a, b):
        assert abs(len(a) - len(b)) <= 2


@pytest.mark.parametrize(
    ("alike", "a", "b"),
    [
        (near, "halsoley", "halsolye"),
        (near, "dgalsoley", "halsoley"),
        (near_number, "+61412000001", "+61412000002"),
        (near_date, "1980-12-03", "1980-03-12"),
    ],
)
def test_slips_are_recognised(alike: object, a: str, b: str) -> None:
    """Transposed, replaced and inserted characters, and months written first."""
    assert callable(alike)
    assert alike(a, b)
