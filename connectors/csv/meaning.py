"""What a file is about: which record each line is, and which column is which field.

1. The entity whose usual column names fit best, and its fields.
2. Sales whose columns have unusual names, by what stands in them.
3. Receipts of sales that number none: the lines of one customer at one time.
4. Who the customers are: by number, e-mail, phone or name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.csv.notations import Doubt, Texts, is_date, is_number
from connectors.csv.targets import missing, targets
from connectors.csv.vocabulary import FIELDS, PARTY_BY, TIMES, assigned, plain, score

_MOST_LETTERS = 40  # of a name; longer texts are remarks
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?")

LINE = "order_line"
"""The entity of sales; whole receipts without a number are lines, too."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a file is about.

    Args:
        entity: Which record each line is.
        fields: Field to column.
        pieces: Field to the columns that make it up together.
        people: Fields of the customers that the lines name beside; empty where they do not.
        doubts: What was taken for granted.
    """

    entity: str
    fields: Mapping[str, str]
    pieces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    doubts: Sequence[Doubt] = ()

    @property
    def needed(self) -> list[str]:
        """Fields without which no record can be made, the currency apart."""
        given = {name.split(".")[0] for name in (*self.fields, *self.pieces)}
        wanted = missing(targets(self.entity), given | {"order_ref"} & targets(self.entity).keys())
        if self.entity == LINE and not given & {"amount", "unit_price"}:
            wanted.append("amount")
        return wanted


def understood(texts: Texts) -> Meaning:
    """What the columns of a file mean."""
    entity, fields = _by_name(list(texts))  # 1
    doubts: list[Doubt] = []
    if entity == "order" and "order_ref" not in fields:
        entity, fields = LINE, assigned(LINE, list(texts))
    if entity == LINE or not any(map(is_telling, fields)):
        named = assigned(LINE, list(texts))
        entity, fields = LINE, _by_content(texts, named)  # 2
        doubts = [
            Doubt(f"{fields[name]} is taken for the {_CALLED[name]}, by what stands in it.")
            for name in sorted(fields.keys() - named.keys())
        ]
    if entity == LINE:
        fields = _priced(fields)
    pieces, told = _receipts(texts, entity, fields)  # 3
    people, who = _people(texts, entity, fields)  # 4
    return Meaning(entity, fields, pieces, people, [*doubts, *told, *who])


_CALLED = {"at": "date", "amount": "amount", "party": "customer"}


def is_telling(name: str) -> bool:
    """Whether a field says more of a record than that something happened to somebody."""
    return name not in ("at", "party", "channel")


# --- 1 by name -------------------------------------------------------------------------------


def _by_name(columns: list[str]) -> tuple[str, dict[str, str]]:
    found = {entity: assigned(entity, columns) for entity in FIELDS}

    def fit(entity: str) -> tuple[int, int]:
        needed = missing(targets(entity), {name.split(".")[0] for name in found[entity]})
        return score(entity, found[entity]), -len(needed)

    entity = max(found, key=fit)
    return (entity, found[entity]) if found[entity] else (LINE, {})


# --- 2 by content ----------------------------------------------------------------------------


def _by_content(texts: Texts, fields: dict[str, str]) -> dict[str, str]:
    """The fields of sales, those without a usual name by what stands in their columns."""
    free = [column for column in texts if column not in fields.values()]
    found = dict(fields)
    if "at" not in found:
        found |= _sole("at", [c for c in free if texts[c] and is_date(texts[c])])
    if not found.keys() & {"amount", "unit_price"}:
        found |= _sole("amount", [c for c in free if _is_amount(texts[c])])
    if "party" not in found and found.keys() - fields.keys():
        free = [column for column in free if column not in found.values()]
        found |= _sole("party", [c for c in free if _is_who(texts[c])])
    return found


def _sole(name: str, columns: Sequence[str]) -> dict[str, str]:
    return {name: columns[0]} if len(columns) == 1 else {}


def _is_amount(texts: Sequence[str]) -> bool:
    """Numbers that do not count the lines."""
    counts = len(set(texts)) == len(texts) > 1 and all(text.isdecimal() for text in texts)
    return not counts and is_number(texts) and not is_date(texts)


def _is_who(texts: Sequence[str]) -> bool:
    """Short texts of which some repeat."""
    return (
        1 < len(set(texts)) < len(texts)
        and max(map(len, texts)) <= _MOST_LETTERS
        and not is_number(texts)
        and not is_date(texts)
    )


# --- 3 receipts ------------------------------------------------------------------------------


def _priced(fields: Mapping[str, str]) -> dict[str, str]:
    """A price without a quantity is the amount of the line."""
    found = dict(fields)
    if "amount" not in found and "quantity" not in found and "unit_price" in found:
        found["amount"] = found.pop("unit_price")
    return found


def _receipts(
    texts: Texts, entity: str, fields: Mapping[str, str]
) -> tuple[dict[str, tuple[str, ...]], list[Doubt]]:
    if entity != LINE or "order_ref" in fields or "at" not in fields:
        return {}, []
    at, clock = fields["at"], _clock(texts, fields)
    pieces = {"at": (at, clock)} if clock else {}
    if "party" not in fields:
        told = "no column says who bought: each line is a receipt of its own, of nobody known."
        return {**pieces, "order_ref": tuple(texts)}, [Doubt(told)]
    told = (
        f"no column numbers receipts: the lines of one {fields['party']} with the same"
        f" {f'{at} and {clock}' if clock else at} are one receipt."
    )
    together = tuple(filter(None, (at, clock, fields["party"])))
    return {**pieces, "order_ref": together}, [Doubt(told)]


def _clock(texts: Texts, fields: Mapping[str, str]) -> str:
    """The column with the time of the day beside that of the date; empty if there is none."""
    return next(
        (
            column
            for column, each in texts.items()
            if plain(column) in TIMES
            and column not in fields.values()
            and all(map(_CLOCK.fullmatch, each))
        ),
        "",
    )


# --- 4 customers -----------------------------------------------------------------------------


def _people(
    texts: Texts, entity: str, fields: Mapping[str, str]
) -> tuple[dict[str, str], list[Doubt]]:
    """What the lines tell of the customers they name."""
    column = fields.get("party")
    if column is None or entity == "person":
        return {}, []
    person = assigned("person", [c for c in texts if c not in fields.values()])
    names = {name: c for name, c in person.items() if name in _OF_PEOPLE and texts[c]}
    doubts = []
    if is_name(column, texts[column]):
        names = {**names, "full_name": column} if "full_name" not in names else names
        told = f"customers are told apart by {column} alone: two of one name would be one."
        doubts.append(Doubt(told))
    by = PARTY_BY.get(plain(column), "id")
    if by in _POINTS:
        names[_POINTS[by]] = column
    nameless = by == "loyalty" or any(text.endswith(".0") for text in texts[column][:1])
    return ({} if nameless else names), doubts


_OF_PEOPLE = ("given_name", "family_name", "full_name", "emails", "phones")
_POINTS = {"email": "emails", "phone": "phones"}


def is_name(column: str, texts: Sequence[str]) -> bool:
    """Whether a column that names customers holds names, not numbers or addresses."""
    if plain(column) in PARTY_BY or not texts:
        return False
    return sum(not re.search(r"[\d@]", text) for text in texts) >= 0.9 * len(texts)
