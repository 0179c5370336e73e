"""The comparison form: total, stable, and what the field expects of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core import normalise
from hub.core.nicknames import is_listed, names_behind

TEXT_FUNCTIONS: dict[str, Callable[[str], object]] = {
    function.__name__: function
    for function in (
        normalise.ascii_form,
        normalise.email,
        normalise.phone,
        normalise.given_name,
        normalise.family_name,
        normalise.full_name,
        normalise.organisation_name,
        normalise.domain,
        normalise.street,
        normalise.postcode,
        normalise.place,
        normalise.identifier,
    )
}


@pytest.mark.parametrize("name", TEXT_FUNCTIONS)
@given(text=st.text(max_size=40))
def test_any_text_has_an_ascii_form(name: str, text: str) -> None:
    """A vendor field may hold anything; normalising it never fails and never leaves ASCII."""
    form = TEXT_FUNCTIONS[name](text)

    assert "".join(form if isinstance(form, tuple) else (str(form),)).isascii()


@pytest.mark.parametrize(
    "name", ["ascii_form", "email", "phone", "place", "postcode", "identifier"]
)
@given(text=st.text(max_size=40))
def test_a_form_is_its_own_form(name: str, text: str) -> None:
    """Normalising twice changes nothing, so stored forms can be compared with fresh ones."""
    function = TEXT_FUNCTIONS[name]

    once = function(text)

    assert isinstance(once, str)
    assert function(once) in (once, "")


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Ada+news@Example.COM", "ada@example.com"),
        ("a.d.a.l@gmail.com", "adal@gmail.com"),
        ("a.d.a.l@googlemail.com", "adal@gmail.com"),
        ("a.d.a.l@example.com", "a.d.a.l@example.com"),
        ("Ada Lovelace <ada@example.com>", "ada@example.com"),
        ("mailto:ada@example.com", "ada@example.com"),
        ("ａｄａ＠example.com", "ada@example.com"),
        ("NoReply@example.com", ""),
        ("unknown@example.com", ""),
        ("ada@localhost", ""),
        ("ada at example.com", ""),
        ("a@b@example.com", ""),
        ("", ""),
    ],
)
def test_email(text: str, form: str) -> None:
    """Tags always go, dots only where the provider ignores them, placeholders say nothing."""
    assert normalise.email(text) == form


@pytest.mark.parametrize(
    ("text", "region", "form"),
    [
        ("0436 719 342", "AU", "+61436719342"),
        ("(04) 3671-9342", "AU", "+61436719342"),
        ("+61 (0)436 719 342", "AU", "+61436719342"),
        ("61436719342", "AU", "+61436719342"),
        ("0011 44 20 7946 0018", "AU", "+442079460018"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("030 901820", "DE", "+4930901820"),
        ("0436 719 342 ext 5", "AU", "+61436719342"),
        ("12345", "AU", ""),
        ("0400 000 000", "AU", ""),
        ("1300 123 456", "AU", ""),
        ("call me", "AU", ""),
    ],
)
def test_phone(text: str, region: str, form: str) -> None:
    """Spellings of one number are one form; filled-in numbers say nothing."""
    assert normalise.phone(text, region) == form


@given(
    region=st.sampled_from(["AU", "GB", "US"]),
    prefix=st.sampled_from(["", "0", "+61", "61", "+44", "44", "+1", "1"]),
    digits=st.text("0123456789", min_size=7, max_size=11),
)
def test_the_digit_fast_path_equals_the_library(region: str, prefix: str, digits: str) -> None:
    """The fast path for plain numbers gives what the phone library gives."""
    text = prefix + digits
    form = normalise.phone(text, region)

    if form:
        number = phonenumbers.parse(text, region)
        assert form == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Mrs. Zoë", "zoe"),
        ("José María", "jose maria"),
        ("Unknown", ""),
        ("n/a", ""),
        ("-", ""),
        ("Dr", "dr"),
    ],
)
def test_given_name(text: str, form: str) -> None:
    """Titles and accents go, placeholders say nothing, a lone title is left as a name."""
    assert normalise.given_name(text) == form


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ludwig van Beethoven", ("ludwig", "vanbeethoven")),
        ("O'Brien, Mary Jane", ("mary jane", "obrien")),
        ("John Smith, Jr.", ("john", "smith")),
        ("Prof. Ada King", ("ada", "king")),
        ("王 伟", ("_738b", "_4f1f")),
    ],
)
def test_full_name(text: str, names: tuple[str, str]) -> None:
    """A name in one field splits as its bearer would split it."""
    assert normalise.full_name(text) == names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("4 Delgado Place", "4 Delgado Pl."),
        ("14/65 Kimes Drive", "Unit 14, 65 Kimes Dr"),
        ("12 North Terrace", "12 N Tce"),
    ],
)
def test_spellings_of_a_street_are_one_form(one: str, other: str) -> None:
    """Abbreviations and unit notations of one street line compare equal."""
    assert normalise.street(one) == normalise.street(other) != ""


def test_birth_dates_that_forms_fill_in_say_nothing() -> None:
    """The first of January 1900 and 1970 are defaults, not birthdays."""
    assert normalise.birth_date(date(1900, 1, 1)) == normalise.birth_date(date(1970, 1, 1)) == ""
    assert normalise.birth_date(date(1970, 1, 2)) == "1970-01-02"


@pytest.mark.parametrize(
    ("one", "other", "related"),
    [
        ("bill", "william", True),
        ("liz", "beth", True),
        ("chris", "christine", True),
        ("christopher", "christine", False),
        ("mary", "mark", False),
        ("zebedee", "zebedee", True),
    ],
)
def test_nicknames_are_sets(one: str, other: str, related: bool) -> None:
    """Chris may be Christopher or Christine, but these two are not one another."""
    assert bool(names_behind(one) & names_behind(other)) is related


def test_a_slip_is_not_a_listed_name() -> None:
    """Known names and nicknames are told from misspelt ones."""
    assert is_listed("bill") and is_listed("william") and not is_listed("willaim")


def test_a_family_mailbox_is_told_from_a_personal_one() -> None:
    """An address that names the family belongs to several people."""

    families = ["smithfamily@example.com", "the.joneses4@example.com", "household@example.com"]
    people = ["theresas@example.com", "theo.james@example.com", "ann@family.example.com"]

    assert all(map(normalise.is_household, families))
    assert not any(map(normalise.is_household, people))
