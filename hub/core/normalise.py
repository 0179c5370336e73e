"""The comparison form of contact points, names, places and dates.

Every function is total: any text goes in, and what comes out is plain ASCII, or the empty string
where the text says nothing (empty, malformed, or a placeholder such as ``unknown`` or
``noreply@``). Equal forms mean equal values, whichever database or engine compares them.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache
from typing import Final

_CACHE = 1 << 16


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# --- text --------------------------------------------------------------------------------------

_LETTERS: Final = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"}
)
_APOSTROPHES: Final = re.compile("['’‘`´]")
_OTHER: Final = re.compile(r"[^a-z0-9_]+")

NOTHING: Final = _words(
    "unknown none null nil na nan n_a tba tbc tbd test testing anonymous anon guest customer "
    "noname nobody blank empty missing notprovided not_provided notavailable not_available "
    "notapplicable x xx xxx xxxx"
)
"""Words that fill a mandatory field and mean that the value is not known."""


@lru_cache(_CACHE)
def ascii_form(text: str) -> str:
    """``text`` without case, accents and punctuation, words separated by one space.

    Letters without an ASCII base keep their identity as a code, so that names in any script
    compare exactly.

    >>> ascii_form("  Zoë O’Brien-Łukasz ")
    'zoe obrien lukasz'
    >>> ascii_form("王伟")
    '_738b_4f1f'
    """
    if text.isascii():
        lowered = text.lower()
    else:
        spread = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
        lowered = "".join(_letter(c) for c in spread if not unicodedata.combining(c))
    return _OTHER.sub(" ", _APOSTROPHES.sub("", lowered)).strip()


def _letter(character: str) -> str:
    if character.isascii() or not character.isalnum():
        return character
    return f"_{ord(character):x}"


def _known(form: str) -> str:
    """``form``, or the empty string if it is a placeholder."""
    bare = form.replace(" ", "_")
    return "" if bare in NOTHING or bare.replace("_", "") in NOTHING else form


# --- e-mail ------------------------------------------------------------------------------------

_ADDRESS: Final = re.compile(r"[^@\s<>,;:\"()]+@[\w-]+(?:\.[\w-]+)+")
_NOBODY: Final = NOTHING | _words(
    "noreply no-reply no_reply donotreply do-not-reply no noemail no-email no.email email "
    "user example someone postmaster mailer-daemon nomail a abc"
)
_ROLES: Final = _words(
    "accounts accountspayable admin administration billing bookings careers contact enquiries "
    "enquiry feedback finance hello help helpdesk hr info information inquiries invoices it jobs "
    "mail marketing media office orders payments pr privacy purchasing reception sales security "
    "service shop store support team web webmaster"
)
_GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})


@lru_cache(_CACHE)
def email(text: str) -> str:
    """The mailbox behind an e-mail address: lower case, no ``+tag``, Gmail's dots ignored.

    >>> email(" Ada.Lovelace+shop@GoogleMail.com ")
    'adalovelace@gmail.com'
    >>> email("noreply@example.com")
    ''
    """
    folded = unicodedata.normalize("NFKC", text).strip().lower().removeprefix("mailto:")
    if folded.endswith(">"):
        folded = folded[folded.rfind("<") + 1 : -1].strip()
    match = _ADDRESS.fullmatch(folded)
    if match is None:
        return ""
    local, _, domain = folded.rpartition("@")
    local = local.partition("+")[0]
    if domain in _GMAIL:
        local, domain = local.replace(".", ""), "gmail.com"
    if not local or local in _NOBODY:
        return ""
    return "".join(_letter(c) for c in f"{local}@{domain}")


def is_role(mailbox: str) -> bool:
    """Whether a normalised e-mail belongs to a function such as ``sales@``, not to a person.

    >>> is_role("sales@example.com")
    True
    """
    return mailbox.partition("@")[0].translate(_NO_SEPARATORS) in _ROLES


def is_household(mailbox: str) -> bool:
    """Whether a normalised e-mail names a family rather than one person.

    >>> [is_household(m) for m in ("thesmiths7@example.com", "leefamily@example.com")]
    [True, True]
    >>> is_household("theo.lee@example.com")
    False
    """
    return _HOUSEHOLD.search(mailbox.partition("@")[0].translate(_NO_SEPARATORS)) is not None


_HOUSEHOLD: Final = re.compile(r"^the(?!o|a|re|lma)\w{2,}s\d*$|family|household")
"""The Smiths, but not Theo James, Thea, Theresa or Thelma."""
_NO_SEPARATORS: Final = str.maketrans("", "", ".-_")

# --- phone -------------------------------------------------------------------------------------


_PLANS: Final = {
    "AU": ("61", re.compile(r"(?:\+?61|0)([23478]\d{8})")),
    "GB": ("44", re.compile(r"(?:\+?44|0)([127]\d{9})")),
    "US": ("1", re.compile(r"(?:\+?1)?([2-9]\d{9})")),
}
"""Country code and significant number of the plain cases; all others take the library."""
_NOT_DIGITS: Final = re.compile(r"\D+")
_PUNCTUATED: Final = re.compile(r"\+?[\d\s().\-/]+")
_FILLED: Final = re.compile(r"(\d)\1{5}|123456|987654")
_SHORTEST = 7


@lru_cache(_CACHE)
def phone(text: str, region: str = "AU") -> str:
    """The number in E.164, read as dialled in ``region`` (ISO 3166) when it has no ``+``.

    A number of a possible length is kept even if nobody was given it: a mistyped number still
    resembles the right one. Source: ITU-T E.164; lengths as in ``phonenumbers``, which the fast
    path for plain numbers equals.

    >>> phone("(04) 3671-9342"), phone("61 436 719 342"), phone("+44 20 7946 0018")
    ('+61436719342', '+61436719342', '+442079460018')
    >>> phone("0000 000 000")
    ''
    """
    text = unicodedata.normalize("NFKC", text).strip()
    digits = _NOT_DIGITS.sub("", text)
    if len(digits) < _SHORTEST or _FILLED.search(digits):
        return ""
    if region in _PLANS and _PUNCTUATED.fullmatch(text):
        code, plain = _PLANS[region]
        match = plain.fullmatch(f"+{digits}" if text[0] == "+" else digits)
        if match:
            return f"+{code}{match[1]}"
    return _by_library(text, region)


def contact_point(text: str, region: str = "AU") -> tuple[str, str]:
    """Kind (``email`` or ``phone``) and comparison form of an address; empty if unreadable.

    >>> contact_point("Ada@Example.org"), contact_point("0436 719 342")
    (('email', 'ada@example.org'), ('phone', '+61436719342'))
    """
    return ("email", email(text)) if "@" in text else ("phone", phone(text, region))


def _by_library(text: str, region: str) -> str:
    import phonenumbers  # slow to import and needed for few numbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return ""
    if phonenumbers.is_possible_number_with_reason(number) != _POSSIBLE:
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


_POSSIBLE = 0  # phonenumbers.ValidationResult.IS_POSSIBLE

# --- names -------------------------------------------------------------------------------------

_TITLES: Final = _words("mr mrs ms miss mx dr prof professor sir madam rev fr hon mister doctor")
_SUFFIXES: Final = _words("jr sr junior senior ii iii iv phd md esq oam ao am")
_LEGAL: Final = _words(
    "pty ltd limited inc incorporated llc corp corporation co company plc gmbh ag sa bv nv the and"
)
_PARTICLES: Final = _words("van von der den de da di du del della la le bin al el ter")


@lru_cache(_CACHE)
def given_name(text: str) -> str:
    """A given name without titles, middle names kept as further words.

    >>> given_name("Dr. José  María")
    'jose maria'
    """
    words = ascii_form(text).split()
    kept = [w for w in words if w not in _TITLES] or words
    return _known(" ".join(kept))


@lru_cache(_CACHE)
def family_name(text: str) -> str:
    """A family name as one word, without suffixes.

    >>> family_name("van den Berg, Jr."), family_name("O'Brien")
    ('vandenberg', 'obrien')
    """
    words = ascii_form(text).split()
    kept = [w for w in words if w not in _SUFFIXES] or words
    return _known("".join(kept))


@lru_cache(_CACHE)
def full_name(text: str) -> tuple[str, str]:
    """Given and family name behind a name written in one field.

    >>> full_name("Mr John  van Dyk"), full_name("Berg, Anna Maria"), full_name("Cher")
    (('john', 'vandyk'), ('anna maria', 'berg'), ('cher', ''))
    """
    before, comma, after = text.partition(",")
    if comma and ascii_form(after) not in _SUFFIXES:
        return given_name(after), family_name(before)
    words = [w for w in ascii_form(text).split() if w not in _TITLES and w not in _SUFFIXES]
    cut = len(words) - 1
    while cut > 1 and words[cut - 1] in _PARTICLES:
        cut -= 1
    if cut < 1:
        return _known(" ".join(words)), ""
    return _known(" ".join(words[:cut])), _known("".join(words[cut:]))


@lru_cache(_CACHE)
def organisation_name(text: str) -> str:
    """An organisation's name without its legal form.

    >>> organisation_name("The Acme Trading Co. Pty Ltd")
    'acme trading'
    """
    words = ascii_form(text.replace("&", " and ")).split()
    kept = [w for w in words if w not in _LEGAL] or words
    return _known(" ".join(kept))


@lru_cache(_CACHE)
def domain(text: str) -> str:
    """A web domain, without scheme, path and ``www``.

    >>> domain("https://www.Acme.com.au/about")
    'acme.com.au'
    """
    bare = text.strip().lower().rpartition("://")[2].partition("/")[0].removeprefix("www.")
    return bare if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", bare) else ""


# --- places, dates, numbers --------------------------------------------------------------------

_STREETS: Final = {
    long: short
    for short, longs in {
        "st": "street str",
        "rd": "road",
        "ave": "avenue av",
        "pl": "place",
        "dr": "drive drv",
        "ct": "court crt",
        "cr": "crescent cres cresc",
        "ln": "lane",
        "tce": "terrace ter terr",
        "hwy": "highway",
        "pde": "parade",
        "bvd": "boulevard blvd boul",
        "cl": "close",
        "cct": "circuit",
        "gr": "grove gve",
        "sq": "square",
        "way": "wy",
        "esp": "esplanade",
        "pkwy": "parkway",
        "n": "north",
        "s": "south",
        "e": "east",
        "w": "west",
        "unit": "apartment apt flat suite",
        "lvl": "level",
    }.items()
    for long in longs.split()
}
_UNIT_SLASH: Final = re.compile(
    r"^\s*(?:unit|apartment|apt|flat|suite|u)?\s*(\w+)\s*/\s*(\d)", re.I
)


@lru_cache(_CACHE)
def street(text: str) -> str:
    """A street line with the usual abbreviations.

    >>> street("Unit 3/14 Delgado Place"), street("14 Delgado Pl.")
    ('unit 3 14 delgado pl', '14 delgado pl')
    """
    spelled = _UNIT_SLASH.sub(r"unit \1 \2", text)
    words = ascii_form(spelled).split()
    return _known(" ".join(_STREETS.get(w, w) for w in words))


@lru_cache(_CACHE)
def postcode(text: str) -> str:
    """A postal code without spaces; all zeros mean nothing.

    >>> postcode("SW1A 1AA"), postcode("0000")
    ('sw1a1aa', '')
    """
    form = ascii_form(text).replace(" ", "")
    return "" if not form.strip("09") else _known(form)


@lru_cache(_CACHE)
def place(text: str) -> str:
    """A city or suburb, as one word, because spaces get lost.

    >>> place("St. Kilda East")
    'stkildaeast'
    """
    return _known(ascii_form(text)).replace(" ", "")


@lru_cache(_CACHE)
def identifier(text: str) -> str:
    """A card or membership number without separators.

    >>> identifier("LC 540-854-427")
    'lc540854427'
    """
    form = ascii_form(text).replace(" ", "")
    return "" if not form.strip("0") or form in NOTHING else form


_PLACEHOLDER_DAYS: Final = frozenset(
    {date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1), date(1901, 1, 1), date(1970, 1, 1)}
)
_OLDEST = 1895


@lru_cache(_CACHE)
def birth_date(day: date | None) -> str:
    """A date of birth as ISO 8601; dates that forms and spreadsheets fill in mean nothing.

    >>> birth_date(date(1984, 2, 29)), birth_date(date(1900, 1, 1))
    ('1984-02-29', '')
    """
    if day is None or day in _PLACEHOLDER_DAYS or day.year < _OLDEST or day.year > 2100:
        return ""
    return day.isoformat()
