"""From rows to canonical records, for every entity that files hold."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from hub.core.connector import Row
from hub.core.records import (
    Address,
    ConsentClaim,
    ConsentSignal,
    Feedback,
    Identifier,
    Interaction,
    LoyaltyEntry,
    Order,
    OrderLine,
    PartyRef,
    Person,
    Record,
    Ticket,
)

AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
NOON = "2026-01-02 03:04"
LINE = {"receipt": "536365", "sold": NOON, "sku": "85123A", "qty": "6", "price": "2.55"} | {
    "customer": "17850"
}


def test_a_pos_line_becomes_an_order_line(sales: Any) -> None:
    """Quantity, unit price, amount and customer arrive, typed."""
    record = sales.map(LINE)

    assert record == OrderLine(
        order_ref="536365",
        at=AT,
        currency="GBP",
        party=PartyRef(id="17850"),
        sku="85123A",
        quantity=6,
        unit_price=Decimal("2.55"),
        amount_minor=1530,
    )


@pytest.mark.parametrize(
    ("quantity", "price", "currency", "minor"),
    [
        pytest.param("3", "0.005", "GBP", 2, id="half-to-even-up"),
        pytest.param("1", "0.005", "GBP", 0, id="half-to-even-down"),
        pytest.param("-2", "2.55", "GBP", -510, id="return"),
        pytest.param("1", "120", "JPY", 120, id="yen-has-no-minor-unit"),
        pytest.param("1", "1.2345", "KWD", 1234, id="dinar-has-three-places"),
        pytest.param("80995", "2.08", "GBP", 16_846_960, id="large"),
    ],
)
def test_amounts_are_exact(
    sales: Any, quantity: str, price: str, currency: str, minor: int
) -> None:
    """Amounts are rounded once, in decimal arithmetic, in the currency's own minor unit."""
    sales.stream["constants"] = {"currency": currency}

    record = sales.map({**LINE, "qty": quantity, "price": price})

    assert record.amount_minor == minor


def test_an_amount_column_wins_over_the_product(sales: Any) -> None:
    """What the till charged is what counts, discounts included."""
    sales.stream["columns"] = {**sales.stream["columns"], "amount": "total"}

    record = sales.map({**LINE, "total": "12.00"})

    assert record.amount_minor == 1200


def test_the_currency_may_stand_in_a_column(sales: Any) -> None:
    """Each line is converted by its own currency."""
    sales.stream |= {"constants": {}, "columns": {**sales.stream["columns"], "currency": "cur"}}

    yen = sales.map({**LINE, "cur": "jpy", "price": "100"})

    assert (yen.currency, yen.amount_minor) == ("JPY", 600)


def test_cancelled_receipts_are_marked(sales: Any) -> None:
    """The admin's condition decides, line by line."""
    assert sales.map({**LINE, "receipt": "C536379"}).cancelled
    assert not sales.map(LINE).cancelled


def test_a_line_without_customer_is_a_line(sales: Any) -> None:
    """A quarter of real POS lines know no customer."""
    assert sales.map({**LINE, "customer": "  "}).party is None


def test_id_suffixes_of_spreadsheets_are_dropped(sales: Any) -> None:
    """17850.0 is customer 17850, the same as in the customer list."""
    party = {"column": "customer", "drop_suffix": ".0", "stream": "people"}
    sales.stream["columns"] = {**sales.stream["columns"], "party": party}

    record = sales.map({**LINE, "customer": "17850.0"})

    assert record.party == PartyRef(id="17850", stream="people")


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        pytest.param("sold", "2026-02-30", "bad-date", id="impossible-date"),
        pytest.param("sold", "", "missing-value", id="no-date"),
        pytest.param("receipt", " ", "missing-value", id="no-receipt"),
        pytest.param("qty", "six", "bad-number", id="quantity"),
        pytest.param("qty", "", "missing-value", id="no-quantity-for-the-amount"),
        pytest.param("price", "2,55", "bad-number", id="price"),
        pytest.param("qty", "8" * 18, "bad-number", id="amount-beyond-64-bit"),
    ],
)
def test_bad_cells_name_column_and_reason_but_no_content(
    sales: Any, field: str, text: str, reason: str
) -> None:
    """Quarantine says which column and what was expected; the content stays in the row."""
    error = sales.refusal({**LINE, field: text})

    assert error.reason == reason
    assert str(error).startswith(("sold", "qty", "price", "receipt"))
    assert not text.strip() or text not in str(error)


def test_a_customer_list_becomes_persons(shelf: Any) -> None:
    """Lists, address parts, identifiers, attributes and permissions arrive."""
    shelf.stream["columns"] = {
        "given_name": "first",
        "emails": ["mail", "mail2"],
        "birth_date": "born",
        "address": {"city": "town", "postcode": "zip"},
        "identifiers": {"loyalty_card": "card"},
        "attributes": {"segment": "seg"},
    }
    shelf.stream["consents"] = [
        {
            "purpose": "marketing",
            "channel": "email",
            "column": "news",
            "values": {"Y": "grant", "N": "deny"},
            "point": "mail",
            "asserted_at": "joined",
        }
    ]
    row = {
        "id": "7", "first": "Ada", "mail": "a@example.org", "mail2": "", "born": "2000-02-29",
        "town": "", "zip": "0800", "card": "K1", "seg": "gold", "news": "y", "joined": NOON,
    }  # fmt: skip

    record = shelf.map(row)

    assert record == Person(
        given_name="Ada",
        emails=["a@example.org"],
        birth_date=datetime(2000, 2, 29).date(),  # noqa: DTZ001
        addresses=[Address(postcode="0800")],
        identifiers=[Identifier(kind="loyalty_card", value="K1")],
        attributes={"segment": "gold"},
        consents=[
            ConsentClaim(
                purpose="marketing",
                channel="email",
                decision="grant",
                point="a@example.org",
                asserted_at=AT,
            )
        ],
    )


def test_an_empty_permission_claims_nothing(shelf: Any) -> None:
    """Not visible is not the same as denied, and an unknown answer is refused."""
    consent = {"purpose": "p", "channel": "email", "column": "news", "values": {"Y": "grant"}}
    shelf.stream["consents"] = [consent]
    row = {"id": "7", "name": "Ada", "mail": ""}

    assert shelf.map({**row, "news": ""}).consents == []
    assert shelf.refusal({**row, "news": "maybe"}).reason == "bad-choice"


CASES: list[Any] = [
    pytest.param(
        "feedback",
        {"at": "t", "score": "s", "party": {"column": "m", "by": "email"}},
        {"instrument": "nps", "scale_min": 0, "scale_max": 10},
        {"t": NOON, "s": "9", "m": "a@example.org"},
        Feedback(
            at=AT,
            instrument="nps",
            score=9.0,
            scale_min=0.0,
            scale_max=10.0,
            party=PartyRef(id="a@example.org", by="email"),
        ),
        id="survey",
    ),
    pytest.param(
        "interaction",
        {"at": "t", "kind": "k", "party": "c", "campaign": "x"},
        {},
        {"t": NOON, "k": "email_open", "c": "7", "x": "spring"},
        Interaction(at=AT, kind="email_open", party=PartyRef(id="7"), campaign="spring"),
        id="campaign-event",
    ),
    pytest.param(
        "ticket",
        {"at": "t", "status": {"column": "s", "values": {"Resolved": "solved"}}, "reopens": "r"},
        {},
        {"t": NOON, "s": "resolved", "r": ""},
        Ticket(at=AT, status="solved"),
        id="ticket",
    ),
    pytest.param(
        "loyalty_entry",
        {"party": "c", "at": "t", "points": "p", "balance": "b"},
        {},
        {"c": "7", "t": NOON, "p": "", "b": "120"},
        LoyaltyEntry(party=PartyRef(id="7"), at=AT, points=0, balance=120),
        id="loyalty",
    ),
    pytest.param(
        "consent_signal",
        {"party": "c", "decision": "d", "channel": "ch", "asserted_at": "t"},
        {"purpose": "marketing"},
        {"c": "7", "d": "Withdraw", "ch": "sms", "t": NOON},
        ConsentSignal(
            party=PartyRef(id="7"),
            claims=[
                ConsentClaim(
                    purpose="marketing", channel="sms", decision="withdraw", asserted_at=AT
                )
            ],
        ),
        id="consent",
    ),
    pytest.param(
        "order",
        {"order_ref": "n", "at": "t", "currency": "cur", "total": "sum"},
        {},
        {"n": "1", "t": NOON, "cur": "AUD", "sum": "1,234.50"},
        Order(order_ref="1", at=AT, currency="AUD", total_minor=123_450),
        id="order",
    ),
]


@pytest.mark.parametrize(("entity", "columns", "constants", "row", "expected"), CASES)
def test_every_kind_of_file_becomes_its_record(
    shelf: Any,
    entity: str,
    columns: dict[str, Any],
    constants: dict[str, Any],
    row: Row,
    expected: Record,
) -> None:
    """Surveys, events, tickets, points, permissions and orders arrive, typed."""
    shelf.stream |= {"entity": entity, "columns": columns, "constants": constants}
    shelf.stream["thousands"] = ","

    assert shelf.map(row) == expected
